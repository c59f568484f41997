#!/usr/bin/env bash
set -e
/nix/store/envsubst-1.4.3/bin/envsubst -o "/tmp/alert-manager-substituted.yaml" \
                                         -i "/nix/store/checked-config"

ln --symbolic --force "$CREDENTIALS_DIRECTORY/webhook-url" webhook-url
printf '%s\n' http://127.0.0.1:8870/canary/alert >canary-url
