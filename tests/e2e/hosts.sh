#!/bin/bash
# SPDX-License-Identifier: ISC
#
# The example hosts with real sockets and TUN devices: a hub on epoll that joins with a token, a spoke on libuv that gets its
# configuration as a file, and a registry, each in a namespace of its own.
#
#     tests/e2e/hosts.sh [BUILD_DIRECTORY]
#
# Prints TAP. Exit status 0: all passed, 1: not, 77: skipped (no root, no namespaces, or something is not built).
# AVPN_KEEP_LOGS=DIRECTORY keeps what they printed.
set -u
HERE=$(cd "$(dirname "$0")" && pwd)
BUILD=${1:-${AVPN_BUILD_ROOT:-$HERE/../../build}}
LAB_BIN_GATEWAY=$BUILD/examples/gateway/autovpn-gateway
LAB_BIN_REGISTRY=$BUILD/examples/registry/autovpn-registry
LAB_BIN_ADMIN=$BUILD/examples/admin/autovpn
EPOLL=$BUILD/examples/epoll/epoll_site
LIBUV=$BUILD/examples/libuv/libuv_site
LAB_PREFIX=avhosts$$
# shellcheck source=tests/e2e/lab.sh
. "$HERE/lab.sh"
# shellcheck source=tests/e2e/tap.sh
. "$HERE/tap.sh"

skip() {
    echo "1..0 # SKIP $1"
    exit 77
}

finish() {
    if [ -n "${AVPN_KEEP_LOGS:-}" ] && [ -n "${LAB_DIR:-}" ]; then
        mkdir -p "$AVPN_KEEP_LOGS" && cp "$LAB_DIR"/log/* "$LAB_ORG_YAML" "$AVPN_KEEP_LOGS"
    fi
    lab_end "${LAB_DIR:-}" "$LAB_PREFIX"
}

# eventually SECONDS NAME COMMAND...
eventually() {
    local seconds=$1 name=$2
    shift 2
    lab_wait "$seconds" "$@" > /dev/null 2>&1
    check "$name" "$@"
}

# site NAME INDEX ROLE HUBS: a namespace on the public segment, its LAN an address of its own
site() {
    lab_ns "$1"
    lab_attach "$1" eth0 "198.51.100.3$2"
    lab_in "$1" ip address add "10.$2.0.1/32" dev lo
    lab_in "$1" ip address add "fd00:$2::1/128" dev lo
    LAB_SITE_YAML[$1]="  $1: {role: $3, hubs: [$4], exports: [10.$2.0.0/24, \"fd00:$2::/64\"]${5:+, key: $5}}"
}

start_epoll() {
    lab_daemon epoll epoll "$EPOLL" --tun avpn0 --uplink 198.51.100.31:40001 "$LAB_DIR/state-epoll" "$@"
}

start_libuv() {
    lab_daemon libuv libuv "$LIBUV" "$LAB_DIR/state-libuv" avpn0 0 "$@"
}

# ping_from NAMESPACE INDEX TO_INDEX
ping_from() {
    lab_in "$1" ping -n -q -c 3 -i 0.2 -W 1 -I "10.$2.0.1" "10.$3.0.1" > /dev/null
}

ping6_from() {
    lab_in "$1" ping -n -q -c 3 -i 0.2 -W 1 -I "fd00:$2::1" "fd00:$3::1" > /dev/null
}

has_line() {
    grep -q "$2" "$LAB_DIR/log/$1"
}

has_route() {
    lab_in "$1" ip route show "$2" dev avpn0 metric 9350 2> /dev/null | grep -q .
}

has_device() {
    lab_in "$1" ip link show avpn0 > /dev/null 2>&1
}

# datagrams NAMESPACE: received by its sockets so far
datagrams() {
    lab_in "$1" awk '$1 == "Udp:" { count = $2 } END { print count }' /proc/net/snmp
}

went_through_udp() {
    local before
    before=$(datagrams libuv)
    ping_from libuv 2 1 || return 1
    [ $(($(datagrams libuv) - before)) -ge 3 ]
}

# A large packet both ways: whole inside, in pieces that fit outside.
ping_large() {
    lab_in epoll ping -n -q -c 3 -i 0.2 -W 1 -s 4000 -I 10.1.0.1 10.2.0.1 > /dev/null
}

ended_well() {
    local i
    kill -TERM "${LAB_PID[$1]}"
    for ((i = 0; i < 50; i++)); do
        kill -0 "${LAB_PID[$1]}" 2> /dev/null || return 0
        sleep 0.05
    done
    return 1
}

# says WORD COMMAND...: fails, and its complaint has the word
says() {
    local word=$1 output
    shift
    output=$("$@" 2>&1) && return 1
    [[ $output == *"$word"* ]] || { note "it says: $output"; return 1; }
}

no_namespaces_left() {
    ! ip netns list | grep -q "^$LAB_PREFIX-"
}

[ "$(id -u)" = 0 ] || skip "not root"
for program in "$EPOLL" "$LIBUV" "$LAB_BIN_REGISTRY" "$LAB_BIN_ADMIN"; do
    [ -x "$program" ] || skip "$program is not built (libuv1-dev?)"
done
[ -c /dev/net/tun ] || skip "no /dev/net/tun"
trap finish EXIT
trap 'exit 1' INT TERM

lab_begin
lab_public
lab_registry r1 198.51.100.2
site epoll 1 hub ''
# The spoke's key goes into the file as a person would put it there: it is what the program prints.
mkdir "$LAB_DIR/state-libuv"
lab_ns keys
key=$(lab_in keys timeout 2 stdbuf -oL "$LIBUV" "$LAB_DIR/state-libuv" avpn0 0 "$LAB_ORG_ID" | sed -n 's/^key //p')
site libuv 2 spoke epoll "$key"
lab_write_org
lab_start_registry r1

check "--help of epoll_site" grep -q 'CONTACT' <("$EPOLL" --help)
check "--help of libuv_site" grep -q 'CONFIGURATION' <("$LIBUV" --help)
check "epoll_site names a wrong uplink" says "--uplink 1.2.3.4:" lab_in keys "$EPOLL" --uplink 1.2.3.4: "$LAB_DIR/x" "$LAB_ORG_ID"
check "libuv_site names a wrong port" says "PORT '70000'" lab_in keys "$LIBUV" "$LAB_DIR/x" avpn0 70000 "$LAB_ORG_ID"
check "epoll_site names what is no token" says "'nonsense'" lab_in keys "$EPOLL" "$LAB_DIR/x" nonsense
check "libuv_site names what is no configuration" says "$LAB_ORG_YAML: AVPN_ERROR_FORMAT" \
    lab_in keys "$LIBUV" "$LAB_DIR/x" avpn0 0 "$LAB_ORG_ID" "$LAB_ORG_YAML"

token=$(lab_invite epoll) || lab_die "$(tail -3 "$LAB_DIR/log/invite")"
start_epoll "$token"
eventually 10 "the hub on epoll claims its place" has_line epoll '^join: state 2'
publish() {
    lab_publish > "$LAB_DIR/log/publish" 2>&1
}
check "the organization is published" publish
start_libuv "$LAB_ORG_ID" "$LAB_DIR/bundle"
eventually 10 "the hub has a tunnel" has_line epoll '^tunnel: state 1, peer 2'
eventually 5 "the spoke has a tunnel" has_line libuv '^tunnel: state 1, peer 1'
eventually 5 "the spoke's kernel has the hub's subnet" has_route libuv 10.1.0.0/24
eventually 5 "the hub's kernel has the spoke's subnet" has_route epoll 10.2.0.0/24
check "ping from epoll to libuv" ping_from epoll 1 2
check "ping from libuv to epoll" ping_from libuv 2 1
check "ping over IPv6 from epoll to libuv" ping6_from epoll 1 2
check "ping over IPv6 from libuv to epoll" ping6_from libuv 2 1
check "what is larger than the path" ping_large
check "it went through UDP" went_through_udp

lab_stop r1
check "pings go on without the registry" ping_from libuv 2 1
lab_start_registry r1

kill -KILL "${LAB_PID[epoll]}"
eventually 5 "killed, the hub leaves no device behind" not has_device epoll
check "nor a route" not has_route epoll 10.2.0.0/24
start_epoll "$LAB_ORG_ID"
eventually 20 "the hub comes back with what it has stored" ping_from libuv 2 1
check "and the other way round" ping_from epoll 1 2
check "epoll_site ends on SIGTERM" ended_well epoll
check "libuv_site ends on SIGTERM" ended_well libuv
check "libuv_site leaves no device behind" not has_device libuv
finish
trap - EXIT
check "nothing is left" no_namespaces_left

echo "1..$tests"
[ $failures = 0 ]
