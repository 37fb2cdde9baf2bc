#!/bin/sh
# SPDX-License-Identifier: ISC
#
# kernel_plane.sh: the Linux kernel's ESP as the data plane of our control plane (examples/kernel_esp).
#
#     kernel_plane.sh [--verbose] [--required] [--cache DIR] [BUILD]
#
# Boots user-mode Linux with this machine's root read-only and runs kernel_plane_guest.sh in it, with the programs of BUILD
# (default: build). The kernel and its modules come from Debian's archive into DIR (default: where kernel_esp.sh has
# them) and are never installed.
#
# Prints one line per case: `ok N - name`, `not ok N - name`, `skip N - name # reason`.
# Exit status: 0 nothing failed; 1 something failed; 77 everything was skipped. With --required
# a skip counts as a failure.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
name="the kernel's ESP as our data plane"
limit_seconds=300
verbose=no
required=no
cache=
build=
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
        *) [ -z "$build" ] || usage; build=$1 ;;
    esac
    shift
done

build=$(readlink -f "${build:-$here/../../build}")
for program in kernel_esp/kernel_esp gateway/autovpn-gateway registry/autovpn-registry admin/autovpn; do
    if [ ! -x "$build/examples/$program" ]; then
        echo "not ok 1 - $build/examples/$program is built"
        exit 1
    fi
done
uml_check tc ping
uml_begin
uml_fetch "${cache:-$build/tests/oracle/uml}"
for program in kernel_esp/kernel_esp gateway/autovpn-gateway registry/autovpn-registry admin/autovpn; do
    ln -s "$build/examples/$program" "$work/${program##*/}"
done

# What an administrator makes is made here: the guest is slow.
make_organization() {
    org=$("$work/autovpn" org init "$work/org" --name plane --no-passphrase) || return 1
    echo "$org" >"$work/organization"
    cat >"$work/org/org.yaml" <<END
name: plane
suites: [$1]
registries: [{host: 192.0.2.1, port: 9350, key: $("$work/kernel_esp" --show-key "$work/registry.key")}]
sites:
  a: {key: $("$work/kernel_esp" --show-key "$work/a.key"), role: hub, exports: [10.1.0.0/16]}
  b: {key: $("$work/kernel_esp" --show-key "$work/b.key"), role: spoke, hubs: [a], exports: [10.2.0.0/16]}
END
    "$work/autovpn" org publish "$work/org/org.yaml" --no-passphrase --only-file --out "$work/bundle"
}

if ! make_organization AES-256-GCM >"$work/made" 2>&1; then
    cat "$work/made"
    echo "not ok 1 - there is an organization"
    exit 1
fi
uml_run "$here/kernel_plane_guest.sh"
