#!/usr/bin/env bash
set -e
# the file of this name, unless it is there; a file that is there is whole
make() { [ -e "$1" ] || { cat >"$1.new" && mv "$1.new" "$1"; }; }
# keys of the form that Garage wants
printf '[default]\naws_access_key_id = GK%s\naws_secret_access_key = %s\n' "$(openssl rand -hex 12)" "$(openssl rand -hex 32)" |
  make /var/lib/signalbox/secrets/s3-credentials
openssl rand -hex 32 | make /var/lib/signalbox/secrets/garage-rpc-secret
