#!/usr/bin/env bash
set -e
mkdir --parents /var/lib/prometheus2/data
if [ ! -e /var/lib/prometheus2/data/thanos.shipper.json ]; then
  printf '{"version":1,"uploaded":[]}\n' >/var/lib/prometheus2/data/thanos.shipper.json
fi
