# shellcheck shell=bash
# SPDX-License-Identifier: ISC
#
# Path MTU: a spoke behind a link that carries 1280 bytes, whose routers tell nobody; and one behind a link that becomes so
# while traffic flows.
#
#     gw-slim -- 172.16.2.0/24 -- mid-slim == 172.17.2.0/24, the narrow one == nat-slim -- public segment

# A router and a link between a gateway and its NAT: lab_middle SITE
lab_middle() {
    local site=$1 index=${LAB_INDEX[$1]}
    lab_ns "mid-$site"
    lab_in "nat-$site" ip link delete inside
    lab_wire "gw-$site" wan0 "mid-$site" near
    lab_wire "mid-$site" far "nat-$site" inside
    lab_in "gw-$site" ip address add "172.16.$index.2/24" dev wan0
    lab_in "gw-$site" ip route add default via "172.16.$index.1"
    lab_in "mid-$site" ip address add "172.16.$index.1/24" dev near
    lab_in "mid-$site" ip address add "172.17.$index.1/24" dev far
    lab_in "mid-$site" ip route add default via "172.17.$index.2"
    lab_in "nat-$site" ip address add "172.17.$index.2/24" dev inside
    lab_in "nat-$site" ip route add "172.16.$index.0/24" via "172.17.$index.1"
    lab_sysctl "mid-$site" net.ipv4.ip_forward=1
}

build() {
    local site
    begin hub slim wide
    lab_site hub 1 friendly hub ""
    lab_site slim 2 friendly spoke hub
    lab_site wide 3 friendly spoke hub
    lab_middle slim
    lab_middle wide
    for site in hub slim wide; do
        lab_serve "lan-$site" "$site" 7000
    done
    narrow slim
}

# Both ends of the link, without a word to anybody.
narrow() {
    local ns
    for ns in "mid-$1" "nat-$1"; do
        lab_in "$ns" nft add table ip silence
        lab_in "$ns" nft 'add chain ip silence output { type filter hook output priority 0; }'
        lab_in "$ns" nft add rule ip silence output icmp type destination-unreachable drop
    done
    lab_in "mid-$1" ip link set far mtu 1280
    lab_in "nat-$1" ip link set inside mtu 1280
}

mtu() {
    peer "$1" hub mtu_bytes
}

mtu_between() {
    local found
    found=$(mtu "$1")
    [ "${found:-0}" -ge "$2" ] && [ "$found" -le "$3" ] && return
    note "the inner MTU of $1 is '$found', wanted $2 to $3"
    return 1
}

# What a host of the site learns: learned SITE -4|-6 ADDRESS BYTES
learned() {
    lab_in "lan-$1" ping "$2" -n -M "do" -s "$4" -c 3 -i 0.2 -W 1 "$3" 2>&1 | grep -Eo 'mtu ?= ?[0-9]+' | tail -1 | grep -o '[0-9]*$'
}

check_told() {
    local site=$1
    check "$site: a host's packet that is too big is answered with the MTU" equals "$(learned "$site" -4 10.1.0.10 1472)" "$(mtu "$site")"
    # Less than 1280 bytes are no MTU of IPv6.
    check "$site: ... IPv6" equals "$(learned "$site" -6 fd00:1::10 1452)" "$(($(mtu "$site") < 1280 ? 1280 : $(mtu "$site")))"
}

check_transfers() {
    local site=$1 index=${LAB_INDEX[$1]}
    check "$site: 1 MiB by TCP, there and back" answers "lan-$site" tcp 10.1.0.10 7000 "hub 10.$index.0.10" 1048576
    check "$site: ... begun by the other side" answers lan-hub tcp "10.$index.0.10" 7000 "$site 10.1.0.10" 1048576
    check "$site: ... IPv6" answers "lan-$site" tcp fd00:1::10 7000 "hub fd00:$index::10" 1048576
    check "$site: 3000 bytes of UDP without DF" answers "lan-$site" udp 10.1.0.10 7000 "hub 10.$index.0.10" 3000
    check "$site: ... IPv6" answers "lan-$site" udp fd00:1::10 7000 "hub fd00:$index::10" 3000
}

# In the middle of a transfer that takes a while.
check_black_hole() {
    local started=$SECONDS
    (
        sleep 0.7
        narrow wide
    ) &
    check "a path that becomes narrow unnoticed recovers: 64 MiB by TCP" \
        answers lan-wide tcp 10.1.0.10 7000 "hub 10.3.0.10" 67108864
    wait $!
    note "with the black hole in the middle of it: $((SECONDS - started)) s"
    eventually 20 "wide: its inner MTU is smaller then" mtu_between wide 1100 1240
}

lab_of_mtu() {
    build
    lab_raise hub slim wide
    eventually 20 "tunnels are up" tunnels_up hub slim wide
    eventually 15 "wide: the path MTU is found" mtu_between wide 1400 1460
    eventually 15 "slim: the path MTU is found" mtu_between slim 1180 1240
    note "inner MTU: wide $(mtu wide), slim $(mtu slim)"
    check_told wide
    check_told slim
    check_transfers wide
    check_transfers slim
    check_black_hole
    check_transfers wide
}
