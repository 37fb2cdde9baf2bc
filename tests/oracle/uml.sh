# shellcheck shell=sh
# SPDX-License-Identifier: ISC
#
# uml.sh: boots user-mode Linux with this machine's root read-only, and a script of ours as its first process. Sourced.
#
# The kernel and its modules come from Debian's archive into a cache directory and are never installed. Before: `name`, what is tested;
# `verbose` and `required`, yes or no; `limit_seconds`. Then uml_check TOOL..., uml_begin, uml_fetch CACHE, links into $work for
# what the guest needs, and uml_run GUEST_SCRIPT, which prints the guest's results and sets the exit status:
# 0 nothing failed; 1 something failed; 77 everything was skipped. With `required` a skip counts as a failure.

work=
guest_pid=

skip_all() {
    # shellcheck disable=SC2154 # the caller's
    echo "skip 1 - $name # $1"
    [ "$required" = no ] || exit 1
    exit 77
}

uml_clean_up() {
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

# What has to be there.
# shellcheck disable=SC2120 # what the test needs beside
uml_check() {
    [ "$(id -u)" = 0 ] || skip_all "needs root"
    [ "$(uname -m)" = x86_64 ] || skip_all "user-mode Linux exists for x86-64 only"
    for tool in ip timeout dpkg-deb apt-get "$@"; do
        command -v "$tool" >/dev/null || skip_all "no program $tool on this machine"
    done
}

uml_begin() {
    trap uml_clean_up EXIT
    trap 'exit 130' INT
    trap 'exit 141' PIPE
    trap 'exit 143' TERM HUP
    work=$(mktemp -d)
    case $work in
        *[!A-Za-z0-9/._-]*) skip_all "the kernel command line cannot carry the path $work" ;;
    esac
    mkdir "$work/out"
}

uml_download() {
    (cd "$work/debs" && timeout 120 apt-get -q -o APT::Sandbox::User=root download \
        user-mode-linux kmod) >>"$work/apt.log" 2>&1
}

# Unpacked aside and moved into place whole, so that an interrupted run leaves no half cache.
uml_unpack() {
    [ ! -x "$cache/usr/bin/linux.uml" ] || return 0
    mkdir "$work/debs"
    uml_download || { timeout 120 apt-get -q update >>"$work/apt.log" 2>&1 && uml_download; } ||
        return 1
    rm -rf "$cache.new" "$cache"
    mkdir -p "$cache.new"
    for deb in "$work"/debs/*.deb; do
        dpkg-deb -x "$deb" "$cache.new" || return 1
    done
    mv "$cache.new" "$cache"
}

uml_fetch() {
    cache=$1
    if ! uml_unpack; then
        [ "$verbose" = no ] || cat "$work/apt.log" >&2
        skip_all "apt-get cannot download user-mode-linux and kmod"
    fi
    mkdir -p "$work/modules/lib/modules"
    ln -s "$cache"/usr/lib/uml/modules/* "$work/modules/lib/modules/"
    ln -s "$cache/bin/kmod" "$work/modprobe"
}

# Everything the guest needs is named in one directory, for its init gets no arguments.
uml_run() {
    ln -s "$1" "$work/guest.sh"
    ln -s "$(dirname "$1")/uml_guest.sh" "$work/uml_guest.sh"
    cat >"$work/init" <<END
#!/bin/sh
PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
export PATH
exec /bin/sh $work/guest.sh $work
END
    chmod +x "$work/init"
    timeout -k 5 "$limit_seconds" "$cache/usr/bin/linux.uml" mem=256M rootfstype=hostfs \
        rootflags=/ ro "init=$work/init" con=null con0=null,fd:1 quiet "uml_dir=$work" umid=guest \
        </dev/null >"$work/console" 2>&1 &
    guest_pid=$!
    guest_status=0
    wait "$guest_pid" || guest_status=$?
    guest_pid=
    [ "$verbose" = no ] || tr -d '\r' <"$work/console" >&2
    uml_judge
}

uml_judge() {
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
}
