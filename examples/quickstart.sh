#!/bin/bash
# SPDX-License-Identifier: ISC
#
# A whole Auto VPN on one machine: two registries on a "public" segment, a hub and two spokes, each
# behind a NAT of its own, LANs behind them, all in network namespaces. The sites are invited, join with
# tokens and are signed in; then a subnet is changed while traffic flows, and no packet is lost.
# Nothing outside the namespaces is touched, and at the end everything is gone.
#
#     sudo examples/quickstart.sh            install packages, build, show, clean up
#     sudo examples/quickstart.sh --keep     ... but leave it standing
#     sudo examples/quickstart.sh --clean    remove what --keep left
#
# BUILD=DIRECTORY: where to build (default: build-quickstart). SKIP_INSTALL=1: packages are there.
set -u
ROOT=$(cd "$(dirname "$0")/.." && pwd)
BUILD=${BUILD:-$ROOT/build-quickstart}
KEPT=/tmp/autovpn-quickstart.kept
LAB_BIN_GATEWAY=$BUILD/examples/gateway/autovpn-gateway
LAB_BIN_REGISTRY=$BUILD/examples/registry/autovpn-registry
LAB_BIN_ADMIN=$BUILD/examples/admin/autovpn
LAB_ORG_NAME=quickstart
# shellcheck source=tests/e2e/lab.sh
. "$ROOT/tests/e2e/lab.sh"

keep=0
is_standing=0

usage() {
    sed -n '4,14s/^# \{0,1\}//p' "$0"
}

step() {
    printf '\n==> %s\n' "$*"
}

clean_kept() {
    local dir prefix
    [ -e "$KEPT" ] || lab_die "nothing was kept"
    read -r dir prefix < "$KEPT"
    lab_end "$dir" "$prefix"
    rm -f "$KEPT"
    echo "removed"
}

finish() {
    [ $is_standing = 1 ] && return
    step "cleaning up"
    lab_end "${LAB_DIR:-}" "${LAB_PREFIX:-}"
}

install_and_build() {
    if [ -z "${SKIP_INSTALL:-}" ] && [ -x "$ROOT/scripts/install-packages.sh" ]; then
        step "installing packages"
        "$ROOT/scripts/install-packages.sh" build programs test lab || lab_die "packages were not installed"
    fi
    step "building into $BUILD"
    if [ ! -e "$BUILD/build.ninja" ]; then
        meson setup --buildtype=release -Dtests=disabled -Dprograms=enabled "$BUILD" "$ROOT" \
            > /tmp/autovpn-quickstart.log || lab_die "see /tmp/autovpn-quickstart.log"
    fi
    ninja -C "$BUILD" examples/gateway/autovpn-gateway examples/registry/autovpn-registry \
        examples/admin/autovpn | tail -1
    [ -x "$LAB_BIN_GATEWAY" ] || lab_die "the build failed"
}

make_lab() {
    step "making namespaces: 2 registries, 3 sites, 3 NATs, 3 LANs; autovpn org init"
    lab_begin
    lab_public
    lab_registry r1 198.51.100.2
    lab_registry r2 198.51.100.3
    lab_site hub 1 friendly hub ""
    lab_site spoke1 2 friendly spoke hub
    lab_site spoke2 3 friendly spoke hub
    lab_write_org
    echo "hub     LAN 10.1.0.0/24, NAT 198.51.100.11"
    echo "spoke1  LAN 10.2.0.0/24, NAT 198.51.100.12"
    echo "spoke2  LAN 10.3.0.0/24, NAT 198.51.100.13"
    step "the organization: org.yaml"
    cat "$LAB_ORG_YAML"
    step "starting the registries; they know the organization's id and nothing else"
    lab_start_registry r1
    lab_start_registry r2
}

# From no more than org.yaml to members: a token, a claim, a signature.
join_sites() {
    local site token
    for site in hub spoke1 spoke2; do
        step "autovpn invite org.yaml $site; on its device: autovpn-gateway --join TOKEN"
        token=$(lab_invite "$site")
        [ -n "$token" ] || lab_die "no token: $(tail -3 "$LAB_DIR/log/invite")"
        fold -w 100 <<< "$token"
        lab_join "$site" "$token" || lab_die "$site did not join"
    done
}

# Every 50 ms, which tunnels are up, until all are.
watch_tunnels() {
    local start=$1 spoke left="spoke1 spoke2" still
    while [ -n "$left" ]; do
        [ $(($(lab_now_ms) - start)) -lt 30000 ] || lab_die "tunnels are not up after 30 s: $left"
        still=''
        for spoke in $left; do
            if lab_tunnel_is_up "$spoke" hub; then
                printf '%6d ms  %s: tunnel with hub is up (%s s after its daemon began)\n' \
                    "$(($(lab_now_ms) - start))" "$spoke" \
                    "$(lab_value "$spoke" status "d['first_tunnel_after_s']")"
            else
                still="$still$spoke "
            fi
        done
        left=${still% }
        sleep 0.05
    done
}

start_daemons() {
    local site start
    step "starting the gateways; they wait to be signed in"
    for site in hub spoke1 spoke2; do
        lab_start_gateway "$site"
    done
    step "autovpn org publish org.yaml"
    start=$(lab_now_ms)
    lab_publish || lab_die "publishing failed"
    watch_tunnels "$start"
}

ping_between() {
    step "ping, LAN of $1 to LAN of $2"
    lab_wait 5 lab_ping "$1" "$2"
    lab_in "lan-$1" ping -n -c 5 -i 0.2 -w 5 "10.${LAB_INDEX[$2]}.0.10" | tail -2 ||
        lab_die "no answer"
}

iperf_between() {
    local result
    step "iperf3, LAN of $1 to LAN of $2, 3 s"
    lab_in "lan-$2" timeout 15 iperf3 -s -1 > /dev/null 2>&1 &
    sleep 0.5
    result=$(lab_in "lan-$1" timeout 12 iperf3 -c "10.${LAB_INDEX[$2]}.0.10" -t 3 -f m 2>&1)
    grep -E 'sender|receiver|error' <<< "$result" || lab_die "iperf3: $result"
}

spoke1_has_route() {
    lab_ask spoke1 routes | grep "^$1 "
}

# A host in spoke2's new subnet, behind its LAN's host.
add_subnet() {
    lab_in lan-spoke2 ip address add 10.3.1.10/32 dev lo
    lab_in gw-spoke2 ip route add 10.3.1.0/24 via 10.3.0.10
    sed -i 's|10.3.0.0/24,|10.3.0.0/24, 10.3.1.0/24,|' "$LAB_ORG_YAML"
}

# Traffic from spoke1 to hub all the while; a change at spoke2 is none of its business.
change_while_traffic_flows() {
    local start after lost ping=$LAB_DIR/ping.log udp=$LAB_DIR/udp.log
    step "200 pings a second and 20 Mbit/s of UDP from spoke1 to hub; meanwhile spoke2 gets a subnet: org publish"
    add_subnet
    lab_in lan-hub timeout 20 iperf3 -s -1 > /dev/null 2>&1 &
    sleep 0.5
    lab_in lan-spoke1 timeout 20 iperf3 -u -b 20M -l 1200 -t 6 --json -c 10.1.0.10 > "$udp" 2>&1 &
    lab_in lan-spoke1 ping -n -q -i 0.005 -c 1200 -W 2 10.1.0.10 > "$ping" 2>&1 &
    sleep 1.5
    lab_publish || lab_die "publishing failed"
    start=$(lab_now_ms)
    lab_wait 5 spoke1_has_route 10.3.1.0/24 || lab_die "the route did not come"
    after=$(($(lab_now_ms) - start))
    echo "$after ms after the publish ended the route was at spoke1"
    [ $after -lt 1000 ] || lab_die "that took too long"
    lab_in lan-spoke1 ping -n -c 2 -i 0.2 -W 2 10.3.1.10 | grep 'bytes from' || lab_die "nobody answers in the new subnet"
    wait
    grep 'packets transmitted' "$ping"
    lost=$(awk '/packets transmitted/ {print $1 - $4}' "$ping")
    [ "$lost" = 0 ] || lab_die "${lost:-all} pings were lost"
    lost=$(jq -r '.end.sum | "\(.packets) \(.lost_packets)"' "$udp") || lab_die "iperf3: $(cat "$udp")"
    echo "UDP: ${lost% *} packets sent, ${lost#* } lost"
    [ "${lost#* }" = 0 ] || lab_die "UDP packets were lost"
}

show() {
    local site
    for site in hub spoke1; do
        step "autovpn status, at $site"
        lab_ask "$site" status
        step "autovpn peers, at $site"
        lab_ask "$site" peers
        step "autovpn routes, at $site"
        lab_ask "$site" routes
    done
    step "why a packet of spoke1 goes where it goes"
    lab_ask spoke1 explain 10.2.0.10 10.3.0.10 tcp 443
    step "the kernel's table 9350 at spoke1"
    lab_in gw-spoke1 ip route show table 9350
}

tell_how_to_look() {
    echo "$LAB_DIR $LAB_PREFIX" > "$KEPT"
    is_standing=1
    step "left standing. To look around:"
    cat << END
  $LAB_BIN_ADMIN peers --socket $LAB_DIR/spoke1.sock
  ip netns list
  ip netns exec $LAB_PREFIX-lan-spoke1 ping 10.3.0.10
  ip netns exec $LAB_PREFIX-pub tcpdump -ni br0 udp
  less $LAB_DIR/log/spoke1
  cat $LAB_DIR/org/org.yaml $LAB_DIR/spoke1.yaml
To remove it:
  $0 --clean
END
}

case ${1:-} in
--help | -h)
    usage
    exit 0
    ;;
--clean)
    clean_kept
    exit 0
    ;;
--keep) keep=1 ;;
'') ;;
*)
    usage >&2
    exit 2
    ;;
esac
[ "$(id -u)" = 0 ] || lab_die "run it as root: namespaces and packages need it"
[ ! -e "$KEPT" ] || lab_die "an earlier one is still standing: $0 --clean"
install_and_build
trap finish EXIT
trap 'exit 1' INT TERM
make_lab
join_sites
start_daemons
ping_between spoke1 hub
ping_between spoke1 spoke2
iperf_between spoke1 hub
iperf_between spoke1 spoke2
change_while_traffic_flows
show
[ $keep = 0 ] || tell_how_to_look
