# Sourced by the scripts beside it: `nix`, and how to evaluate this flake without building or downloading anything.
#
#   NIXPKGS    folder of an unpacked nixpkgs; it takes the place of the flake's input
#   SOPS_NIX   optional: folder of an unpacked sops-nix, likewise; without it Nix looks into its store
#   NIX_ROOT   optional: an unpacked root of Debian 13 that holds nix-bin; without it `nix` comes from PATH (2.18 or newer)
# shellcheck shell=bash disable=SC2154 # $root is the sourcing script's

nix_configuration='experimental-features = nix-command flakes
build-users-group =
sandbox = false
substitute = false
flake-registry =
allow-import-from-derivation = false
warn-dirty = false
fsync-metadata = false'

# A program of NIX_ROOT, by its own loader: this machine's libraries may be older.
of_nix_root() {
    local program=$1
    shift
    "$NIX_ROOT/lib64/ld-linux-x86-64.so.2" --library-path "$NIX_ROOT/usr/lib/x86_64-linux-gnu:$NIX_ROOT/lib/x86_64-linux-gnu" \
        --argv0 "$program" "$NIX_ROOT/usr/bin/$program" "$@"
}

have_nix() {
    [[ -n ${NIX_ROOT:-} ]] || type -P nix >/dev/null
}

nix() {
    local -x NIX_CONFIG=$nix_configuration NIX_SSL_CERT_FILE=${NIX_SSL_CERT_FILE:-/etc/ssl/certs/ca-certificates.crt}
    if [[ -n ${NIX_ROOT:-} ]]; then of_nix_root nix "$@"; else command nix "$@"; fi
}

# What the hashes in hashes.json are of: a line for each, its name and the sum of the files that say what is downloaded.
downloads() {
    local module tool
    for module in $(cd "$root/stack/go" && grep --files-with-matches '^tool ' -- */go.mod); do
        tool=$(dirname "$module")
        printf '%s %s\n' "$tool" "$(cat "$root/stack/go/$tool/go.mod" "$root/stack/go/$tool/go.sum" | sha256sum | cut -d' ' -f1)"
    done
    printf '%s %s\n' pnpm "$(sha256sum <"$root/crates/dashboard/web/pnpm-lock.yaml" | cut -d' ' -f1)"
}

# Puts a nixpkgs and sops-nix into the store once, so that they are not copied at each evaluation.
inputs=()
prepare_inputs() {
    local path
    path=$(nix store add --name source --mode nar "$NIXPKGS")
    inputs=(--override-input nixpkgs "path:$path")
    if [[ -n ${SOPS_NIX:-} ]]; then
        path=$(nix store add --name source --mode nar "$SOPS_NIX")
        inputs+=(--override-input sops-nix "path:$path")
    fi
}

# nix SUBCOMMAND… on the copy of the tree that $flake names.
evaluate() {
    nix "$@" --offline --no-write-lock-file "${inputs[@]}" 2> >(grep --invert-match --extended-regexp "^(•|  →|    ')|not writing modified lock file" >&2 || true)
}
