#!/bin/sh
# SPDX-License-Identifier: ISC
#
# kernel_esp.sh: the Linux kernel's own ESP as the other end of our tunnel.
#
#     kernel_esp.sh [--verbose] [--required] [--cache DIR] [ESP_PEER]
#
# Boots user-mode Linux with this machine's root read-only and runs kernel_esp_guest.sh in it.
# ESP_PEER is the built program, default build/tests/oracle/esp_peer. The kernel and its modules
# come from Debian's archive into DIR (default: beside ESP_PEER) and are never installed.
#
# Prints one line per case: `ok N - name`, `not ok N - name`, `skip N - name # reason`.
# Exit status: 0 nothing failed; 1 something failed; 77 everything was skipped. With --required
# a skip counts as a failure.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
name="the kernel's ESP as the other end"
limit_seconds=180
verbose=no
required=no
cache=
peer=
# shellcheck source=tests/oracle/uml.sh
. "$here/uml.sh"

usage() {
    sed -n '4,15s/^# \{0,1\}//p' "$0" >&2
    exit 2
}

while [ $# -gt 0 ]; do
    case $1 in
        --verbose) verbose=yes ;;
        --required) required=yes ;;
        --cache) [ $# -ge 2 ] || usage; cache=$2; shift ;;
        -*) usage ;;
        *) [ -z "$peer" ] || usage; peer=$1 ;;
    esac
    shift
done

peer=${peer:-$here/../../build/tests/oracle/esp_peer}
if [ ! -x "$peer" ]; then
    echo "not ok 1 - $peer is built"
    exit 1
fi
peer=$(readlink -f "$peer")
uml_check
peer_status=0
"$peer" check || peer_status=$?
case $peer_status in
    0) ;;
    3) skip_all "this processor or build has no AES for libsodium" ;;
    *) echo "not ok 1 - esp_peer runs on this machine"; exit 1 ;;
esac
uml_begin
uml_fetch "${cache:-$(dirname "$peer")/uml}"
ln -s "$peer" "$work/esp_peer"
uml_run "$here/kernel_esp_guest.sh"
