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
limit_seconds=180
verbose=no
required=no
cache=
peer=
work=
guest_pid=

skip_all() {
    echo "skip 1 - the kernel's ESP as the other end # $1"
    [ "$required" = no ] || exit 1
    exit 77
}

clean_up() {
    status=$?
    trap - EXIT INT PIPE TERM HUP
    # `timeout` passes the signal on and kills what is left 5 s later; the guest, which sits in a
    # session of its own, ends its helpers itself.
    if [ -n "$guest_pid" ]; then
        kill -TERM "$guest_pid" 2>/dev/null || true
        wait "$guest_pid" || true
    fi
    [ -z "$work" ] || rm -rf "$work"
    exit "$status"
}

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

# ---- what has to be there -------------------------------------------------

peer=${peer:-$here/../../build/tests/oracle/esp_peer}
if [ ! -x "$peer" ]; then
    echo "not ok 1 - $peer is built"
    exit 1
fi
peer=$(readlink -f "$peer")
cache=${cache:-$(dirname "$peer")/uml}
[ "$(id -u)" = 0 ] || skip_all "needs root"
[ "$(uname -m)" = x86_64 ] || skip_all "user-mode Linux exists for x86-64 only"
for tool in ip timeout dpkg-deb apt-get; do
    command -v "$tool" >/dev/null || skip_all "no program $tool on this machine"
done
peer_status=0
"$peer" check || peer_status=$?
case $peer_status in
    0) ;;
    3) skip_all "this processor or build has no AES for libsodium" ;;
    *) echo "not ok 1 - esp_peer runs on this machine"; exit 1 ;;
esac

trap clean_up EXIT
trap 'exit 130' INT
trap 'exit 141' PIPE
trap 'exit 143' TERM HUP
work=$(mktemp -d)
case $work in
    *[!A-Za-z0-9/._-]*) skip_all "the kernel command line cannot carry the path $work" ;;
esac

download() {
    (cd "$work/debs" && timeout 120 apt-get -q -o APT::Sandbox::User=root download \
        user-mode-linux kmod) >>"$work/apt.log" 2>&1
}

# Unpacked aside and moved into place whole, so that an interrupted run leaves no half cache.
fetch() {
    [ ! -x "$cache/usr/bin/linux.uml" ] || return 0
    mkdir "$work/debs"
    download || { timeout 120 apt-get -q update >>"$work/apt.log" 2>&1 && download; } || return 1
    rm -rf "$cache.new" "$cache"
    mkdir -p "$cache.new"
    for deb in "$work"/debs/*.deb; do
        dpkg-deb -x "$deb" "$cache.new" || return 1
    done
    mv "$cache.new" "$cache"
}

if ! fetch; then
    [ "$verbose" = no ] || cat "$work/apt.log" >&2
    skip_all "apt-get cannot download user-mode-linux and kmod"
fi

# ---- the guest ---------------------------------------------------------------

# Everything the guest needs is named in one directory, for its init gets no arguments.
mkdir -p "$work/modules/lib/modules" "$work/out"
ln -s "$cache"/usr/lib/uml/modules/* "$work/modules/lib/modules/"
ln -s "$cache/bin/kmod" "$work/modprobe"
ln -s "$peer" "$work/esp_peer"
ln -s "$here/kernel_esp_guest.sh" "$work/guest.sh"
cat >"$work/init" <<END
#!/bin/sh
PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
export PATH
exec /bin/sh $work/guest.sh $work
END
chmod +x "$work/init"

timeout -k 5 "$limit_seconds" "$cache/usr/bin/linux.uml" mem=256M rootfstype=hostfs rootflags=/ \
    ro "init=$work/init" con=null con0=null,fd:1 quiet "uml_dir=$work" umid=guest \
    </dev/null >"$work/console" 2>&1 &
guest_pid=$!
guest_status=0
wait "$guest_pid" || guest_status=$?
guest_pid=
[ "$verbose" = no ] || tr -d '\r' <"$work/console" >&2

if [ ! -s "$work/out/results" ]; then
    [ -e "$work/out/started" ] || skip_all "user-mode Linux does not start here (see --verbose)"
    echo "not ok 1 - the guest runs the cases (status $guest_status, see --verbose)"
    exit 1
fi
cat "$work/out/results"
if ! grep -q '^1\.\.' "$work/out/results"; then
    echo "not ok - the guest finishes (status $guest_status, see --verbose)"
    exit 1
fi
! grep -q '^not ok' "$work/out/results" || exit 1
if grep -q '^skip' "$work/out/results"; then
    [ "$required" = no ] || exit 1
    grep -q '^ok' "$work/out/results" || exit 77
fi
