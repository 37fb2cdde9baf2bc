# shellcheck shell=bash
# SPDX-License-Identifier: ISC
#
# Two hubs; spokes that share them, and spokes that do not; a data centre that both hubs export. Then the hubs without
# a tunnel between them.
#
#              gw-hub1 ---------- gw-hub2         10.90.0.0/24 behind each
#             /       \          /       \
#           gw-a      gw-c ------       gw-b

HUB_A=10.1.0.1
HUB_B=10.2.0.1

build() {
    local hub
    begin hub1 hub2 a b c
    LAB_EXPORTS[hub1]='10.1.0.0/24, "fd00:1::/64", 10.90.0.0/24'
    LAB_EXPORTS[hub2]='10.2.0.0/24, "fd00:2::/64", 10.90.0.0/24'
    lab_site hub1 1 friendly hub ""
    lab_site hub2 2 friendly hub ""
    lab_site a 3 friendly spoke hub1
    lab_site b 4 friendly spoke hub2
    lab_site c 5 friendly spoke "hub1, hub2"
    for hub in hub1 hub2; do
        lab_in "gw-$hub" ip address add 10.90.0.1/24 dev lan0
        lab_in "lan-$hub" ip address add 10.90.0.10/24 dev eth0
        lab_serve "lan-$hub" "$hub" 7000
    done
    lab_serve lan-b b 7000
    lab_serve lan-c c 7000
}

check_reach() {
    eventually 5 "spoke to spoke through the hub they share" pings lan-a 10.5.0.10
    eventually 5 "spoke to spoke over two hubs" pings lan-a 10.4.0.10
    check "... IPv6" pings lan-a fd00:4::10
    check "... 1 MiB by TCP, from a to b" answers lan-a tcp 10.4.0.10 7000 "b 10.3.0.10" 1048576
    check "... IPv6" answers lan-a tcp fd00:4::10 7000 "b fd00:3::10" 100000
    check "... UDP" answers lan-a udp 10.4.0.10 7000 "b 10.3.0.10"
}

# The hop limit tells who carries a packet. The host's own gateway is the first hop.
check_hops() {
    check "a's hub answers a packet whose hop limit is used up" \
        says lan-a "From $HUB_A .*[Tt]ime to live exceeded" ping -n -c 1 -W 2 -t 2 10.4.0.10
    check "b's hub is the next one" says lan-a "From $HUB_B .*[Tt]ime to live exceeded" ping -n -c 1 -W 2 -t 3 10.4.0.10
    check "... IPv6" says lan-a 'From fd00:1::1 .*Hop limit' ping -6 -n -c 1 -W 2 -t 2 fd00:4::10
    check "traceroute over two hubs names both" traces lan-a 10.4.0.10 "10.3.0.1 $HUB_A $HUB_B"
    check "... IPv6" traces lan-a fd00:4::10 "fd00:3::1 fd00:1::1 fd00:2::1"
    check "traceroute through one hub names one" traces lan-a 10.5.0.10 "10.3.0.1 $HUB_A"
}

# Those HOPS in this order, one more gateway at most, then the destination: traces NAMESPACE DESTINATION "HOPS"
traces() {
    local found
    found=$(lab_in "$1" traceroute -n -q 1 -w 2 -m 8 "$2" | awk 'NR > 1 {print $2}' | tr '\n' ' ')
    [[ $found =~ ^$3\ ([^ ]+ )?$2\ $ ]] && return
    note "the hops are: $found"
    return 1
}

check_data_centre() {
    eventually 5 "a shared subnet: c reaches it at its first hub" answers lan-c tcp 10.90.0.10 7000 "hub1 10.5.0.10"
    check "b at the only one it has" answers lan-b tcp 10.90.0.10 7000 "hub2 10.4.0.10"
    check "c's routes name both" route_is c 10.90.0.0/24 "active hub1"
    check "c says which one gives way" conflict_is_told c
    check "explain: c to the shared subnet" explained c "tunnel hub1" 10.5.0.10 10.90.0.10 tcp 7000
    check "explain: a to b" explained a "tunnel hub1" 10.3.0.10 10.4.0.10
    check "explain: what is b's own stays here" explained b here 10.4.0.10 10.4.0.11
    check "explain: an address that nobody exports" explained b no-route 10.4.0.10 10.99.0.1
}

conflict_is_told() {
    lab_ask "$1" routes | sed -n '/NOT USED/,$p' | grep '10.90.0.0/24' | grep hub1 | grep -q hub2 && return
    lab_ask "$1" routes | sed 's/^/# /'
    return 1
}

has_no_peer() {
    [ -z "$(lab_tunnel "$1" "$2")" ]
}

check_without_hub_tunnels() {
    LAB_ORG_MORE='hub_tunnels: false'
    lab_write_org
    check "hub tunnels off: published" publish
    eventually 10 "... the hubs have no tunnel" has_no_peer hub1 hub2
    check "... and a is told that b cannot be reached" \
        says lan-a 'From 10\.[13]\.0\.1 .*[Uu]nreachable' ping -n -c 3 -i 0.3 -W 1 10.4.0.10
    check "... nor does anything arrive there" not pings lan-a 10.4.0.10
    eventually 5 "... c reaches a through hub1" pings lan-c 10.3.0.10
    eventually 5 "... and b through hub2" pings lan-c 10.4.0.10
    check "... c hears from b, over the hub they share" answers lan-b tcp 10.5.0.10 7000 "c 10.4.0.10" 100000
    check "... and each hub by its own tunnel" answers lan-c tcp 10.2.0.10 7000 "hub2 10.5.0.10"
    LAB_ORG_MORE=''
    lab_write_org
    check "hub tunnels on again: published" publish
    eventually 15 "... a reaches b over two hubs" pings lan-a 10.4.0.10
}

lab_of_topologies() {
    build
    lab_raise hub1 hub2 a b c
    eventually 20 "a hub has tunnels with every hub and spoke of its own" tunnels_up hub1 hub2 a c
    check "but not with a spoke of another hub" has_no_peer hub1 b
    eventually 20 "a spoke of two hubs has both" tunnels_up c hub1 hub2
    eventually 20 "a spoke of one has that" tunnels_up b hub2
    check_reach
    check_hops
    check_data_centre
    check_without_hub_tunnels
}
