#!/usr/bin/env bash
set -e
value() { while read -r key _ value; do [ "$key" != "$1" ] || printf '%s' "$value"; done <"$CREDENTIALS_DIRECTORY/s3-credentials"; }
value aws_access_key_id >"$RUNTIME_DIRECTORY/user"
value aws_secret_access_key >"$RUNTIME_DIRECTORY/password"
