#!/bin/bash
# SPDX-License-Identifier: ISC
#
# sizes.sh: how small the library gets, with which parts.
#
#     scripts/sizes.sh [MESON_OPTION...]       a table for doc/embedding.md, of small builds (minsize, without assertions)
#     scripts/sizes.sh --check [SOURCE_ROOT]   only the node alone: fails from 200 KiB on
#
# For another processor: CROSS=arm-linux-gnueabihf- scripts/sizes.sh --cross-file FILE
#
# Bytes of the stripped shared library, and of its code and constants. The layers are those of the node alone, before linking.
set -euo pipefail

root=$(cd "$(dirname "$0")/.." && pwd)
limit=204800 # bytes of the node alone on x86-64
node_alone=(-Dregistry=false -Dauthority=false -Dipsec_mb=disabled -Dopenssl=disabled)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 1' INT TERM

# build NAME MESON_OPTION...
build() {
    local name=$1

    shift
    meson setup -Dbuildtype=minsize -Db_ndebug=true -Dtests=disabled -Dprograms=disabled "$@" "$work/$name" "$root" \
        >"$work/log" && ninja -C "$work/$name" >>"$work/log" || { cat "$work/log" >&2; exit 1; }
    "${CROSS:-}strip" -o "$work/$name.so" "$work/$name"/lib/libautovpn.so.*.*.*[0-9]
}

# section NAME SECTION...: bytes of these
section() {
    local file=$work/$1.so

    shift
    "${CROSS:-}size" -A "$file" | awk -v wanted=" $* " 'index(wanted, " " $1 " ") { sum += $2 } END { print sum + 0 }'
}

# row NAME TEXT MESON_OPTION...
row() {
    local name=$1 text=$2

    shift 2
    build "$name" "$@"
    printf '| %-43s | %9d | %9d | %9d |\n' "$text" "$(stat -c %s "$work/$name.so")" "$(section "$name" .text)" \
        "$(section "$name" .rodata .data.rel.ro)"
}

layers() {
    local objects=$work/node/lib/libautovpn.so.*.p

    # shellcheck disable=SC2086
    "${CROSS:-}size" $objects/*.o | awk 'NR > 1 {
        sub(/.*\//, "", $6); sub(/_.*/, "", $6); sum[$6] += $1
    } END { for (layer in sum) printf "| `lib/%s` | %d |\n", layer, sum[layer] }' | sort -t '|' -k 3 -n -r
}

if [ "${1:-}" = --check ]; then
    root=${2:-$root}
    build node "${node_alone[@]}"
    bytes=$(stat -c %s "$work/node.so")
    echo "the node alone: $bytes bytes, limit $limit"
    [ "$bytes" -lt $limit ]
    exit
fi

printf '| %-43s | %9s | %9s | %9s |\n| --- | --: | --: | --: |\n' "parts" "bytes" "code" "constants"
row node "the node alone" "${node_alone[@]}" "$@"
row lto "the same, -Db_lto=true" "${node_alone[@]}" -Db_lto=true "$@"
row registry "node and registry" "${node_alone[@]}" -Dregistry=true "$@"
row authority "node and authority" "${node_alone[@]}" -Dauthority=true "$@"
row all "everything" "${node_alone[@]}" -Dregistry=true -Dauthority=true "$@"
if [ -z "${CROSS:-}" ]; then
    row default "everything, as built by default (-O2)" -Dbuildtype=debugoptimized -Db_ndebug=false "$@"
fi
printf '\n| layer | bytes |\n| --- | --: |\n'
layers
