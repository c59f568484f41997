#!/usr/bin/env bash
set -e
value() { awk -v key="$1" '$1 == key { print $3 }' "$CREDENTIALS_DIRECTORY/s3-credentials"; }
json() { value "$1" | sed 's/[\\"]/\\&/g; s/.*/"&"/'; }
key=$(value aws_access_key_id)

# as a command of its own: where it fails, so does this script
layout=$(garage layout show)
if grep --quiet 'Current cluster layout version: 0' <<<"$layout"; then
  garage layout assign --zone here --capacity 100G "$(garage node id --quiet | cut --delimiter=@ --fields=1)"
  garage layout apply --version 1
fi
# by way of its standard input, for everybody on the machine may read the arguments of a command
garage key info "$key" >/dev/null 2>&1 ||
  printf '{ "accessKeyId": %s, "secretAccessKey": %s }' "$(json aws_access_key_id)" "$(json aws_secret_access_key)" |
    garage json-api ImportKey - >/dev/null
garage bucket info thanos >/dev/null 2>&1 || garage bucket create thanos
garage bucket allow --read --write --owner thanos --key "$key"
