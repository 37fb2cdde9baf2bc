#!/bin/bash
# SPDX-License-Identifier: ISC
#
# tunnels.sh: our gateway beside the ideal forwarder (forwarder.c), wireguard-go, OpenVPN and the bare wire, in one
# run on one machine: TCP with 1 and 4 streams, a flood of 64-byte UDP packets, ping through an idle tunnel, CPU seconds
# for each Gbit, memory. Peers take turns in each round; the last thing printed is a table in Markdown, and which goals
# were reached.
#
#     sudo tests/bench/tunnels.sh [--rounds N] [--secs S] [--json FILE] [--quick] [PEER...]
#     tests/bench/tunnels.sh --check BUILD     that it works, in a few seconds, with a build that is there
#
# Both ends run here, in two network namespaces with a veth pair between them, so the machine's cores carry both gateways, both
# ends of TCP and the kernel. Installs packages of the groups build, programs, test and bench; builds with --buildtype=release
# into build-bench, and with libsodium as the only provider into build-bench-libsodium (BENCH_BUILD: another place for both).
# At the end, and at Ctrl-C, its namespaces and programs are gone.
set -euo pipefail

root=$(cd "$(dirname "$0")/../.." && pwd)
build=${BENCH_BUILD:-$root/build-bench}

die() {
    echo "tunnels.sh: $*" >&2
    exit 1
}

# build_into FOLDER OPTION...
build_into() {
    local folder=$1 log=$1.log
    shift
    if [ ! -e "$folder/build.ninja" ]; then
        meson setup --buildtype=release -Dtests=enabled -Dprograms=enabled "$@" "$folder" "$root" \
            >"$log" 2>&1 || die "$(tail -20 "$log")"
    fi
    ninja -C "$folder" examples/gateway/autovpn-gateway examples/registry/autovpn-registry \
        examples/admin/autovpn tests/bench/forwarder tests/bench/flood >"$log" 2>&1 ||
        die "$(tail -20 "$log")"
}

[ "$(id -u)" = 0 ] || die "run it as root: namespaces and TUN devices need it"
[ -c /dev/net/tun ] || die "/dev/net/tun is missing"
if [ "${1:-}" = --check ]; then
    [ -d "${2:-}" ] || die "--check needs a build folder"
    build=$(cd "$2" && pwd)
    shift 2
    exec python3 "$root/tests/bench/tunnels/main.py" --build "$build" --quick --check "$@"
fi
"$root/scripts/install-packages.sh" build programs test bench || die "packages were not installed"
build_into "$build"
build_into "$build-libsodium" -Dipsec_mb=disabled -Dopenssl=disabled
exec python3 "$root/tests/bench/tunnels/main.py" --build "$build" \
    --build-libsodium "$build-libsodium" "$@"
