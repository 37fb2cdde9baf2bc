# shellcheck shell=bash
# SPDX-License-Identifier: ISC
#
# Full tunnel through exit hubs. A host on the internet says from which address packets come: that of the NAT of the site
# they left by, 198.51.100.(10 + index) or 2001:db8::(10 + index).

INET=198.51.100.100
OTHER=198.51.100.101
INET6=2001:db8::100

# The way back to the LANs whose packets leave by this NAT; IPv6 is translated, too: leaves_by SITE LAN_INDEX...
leaves_by() {
    local site=$1 index own=${LAB_INDEX[$1]}
    shift
    for index in "$@"; do
        lab_in "nat-$site" ip route add "10.$index.0.0/24" via "172.16.$own.2"
        lab_in "nat-$site" ip -6 route add "fd00:$index::/64" via "2001:db8:$own::2"
    done
    lab_in "nat-$site" nft -f - << END
table ip6 nat {
    chain post {
        type nat hook postrouting priority srcnat
        oifname wan0 ip6 saddr fd00::/16 snat to 2001:db8::$((10 + own))
    }
}
END
}

build() {
    LAB_UNDERLAY6=1
    begin exit1 exit2 full mesh
    LAB_ORG_MORE="breakout:
  - {to: $OTHER/32, sites: [full]}
  - {protocol: [tcp, udp], ports: 7001}"
    lab_site exit1 1 friendly hub ""
    lab_site exit2 2 friendly hub ""
    lab_site full 3 friendly spoke "{name: exit1, default_route: true}, {name: exit2, default_route: true}"
    lab_site mesh 4 friendly hub "{name: exit2, default_route: true}"
    leaves_by exit1 1 3
    leaves_by exit2 2 3 4
    leaves_by full 3
    leaves_by mesh 4
    lab_ns inet
    lab_attach inet eth0 $INET $OTHER
    lab_serve inet inet 7000
    lab_daemon serve2-inet inet python3 "$LAB_TRAFFIC" serve inet 7001
    lab_serve lan-exit1 exit1 7000
}

check_exits() {
    eventually 5 "the internet is reached by the first exit hub" answers lan-full tcp $INET 7000 "inet 198.51.100.11"
    check "... by UDP" answers lan-full udp $INET 7000 "inet 198.51.100.11"
    check "... by IPv6" answers lan-full tcp $INET6 7000 "inet 2001:db8::11" 100000
    check "a hub of the mesh leaves by the exit hub it names" answers lan-mesh tcp $INET 7000 "inet 198.51.100.12"
    check "an exit hub leaves by its own connection" answers lan-exit1 tcp $INET 7000 "inet 198.51.100.11"
    check "other sites are reached as ever" answers lan-full tcp 10.1.0.10 7000 "exit1 10.3.0.10"
    check "explain: it leaves by the exit hub" explained full "tunnel exit1" 10.3.0.10 $INET tcp 7000
}

check_breakouts() {
    check "a prefix that breaks out leaves by the site's own connection" \
        answers lan-full tcp $OTHER 7000 "inet 198.51.100.13"
    check "... by UDP" answers lan-full udp $OTHER 7000 "inet 198.51.100.13"
    check "... which is one site's alone" answers lan-mesh tcp $OTHER 7000 "inet 198.51.100.12"
    check "a port that breaks out, by TCP" answers lan-full tcp $INET 7001 "inet 198.51.100.13" 100000
    check "... by UDP" answers lan-full udp $INET 7001 "inet 198.51.100.13"
    check "... by IPv6" answers lan-full udp $INET6 7001 "inet 2001:db8::13"
    check "... which is every site's" answers lan-mesh udp $INET 7001 "inet 198.51.100.14"
    check "explain: the prefix" explained full breakout 10.3.0.10 $OTHER
    check "explain: the port" explained full breakout 10.3.0.10 $INET udp 7001
}

# The gateway's own packets, with a default route into the tunnel all the while.
check_outer() {
    check "the registries see the gateway at its own NAT" seen_from full 198.51.100.13
    check "none of its packets went into its tunnel" equals "$(own_packets_inside)" 0
    check "both tunnels are up" tunnels_up full exit1 exit2
}

watch_outer() {
    lab_in gw-full nft -f - << END
table inet watch {
    chain output {
        type filter hook output priority 0
        oifname avpn0 meta mark 0x9350 counter
        oifname avpn0 udp dport 9350 counter
    }
}
END
}

own_packets_inside() {
    lab_in gw-full nft list chain inet watch output |
        awk '/counter/ {for (i = 1; i < NF; i++) if ($i == "packets") n += $(i + 1)} END {print n + 0}'
}

seen_from() {
    local seen
    seen=$(lab_value "$1" status "' '.join(r['observed'].rsplit(':', 1)[0] for r in d['uplinks'][0]['registries'])")
    [ "$seen" = "$2 $2" ] && return
    [[ $seen == *2001:db8:3::2* && $seen != *2001:db8:1:* ]] && return
    note "seen at $seen"
    return 1
}

check_order() {
    lab_stop exit1 KILL
    eventually 10 "without the first exit hub the second one takes over" answers lan-full udp $INET 7000 "inet 198.51.100.12"
    check "... by TCP" answers lan-full tcp $INET 7000 "inet 198.51.100.12" 100000
    eventually 5 "... by IPv6" answers lan-full udp $INET6 7000 "inet 2001:db8::12"
    lab_stop exit2 KILL
    eventually 10 "without any the default route is on standby" route_is full 0.0.0.0/0 "standby -"
    check "nothing leaves by the site's own connection then" not answers lan-full udp $INET 7000 "inet 198.51.100.13"
    check "but for what breaks out" answers lan-full udp $INET 7001 "inet 198.51.100.13"
    check "the gateway itself goes on" seen_from full 198.51.100.13
}

lab_of_exits() {
    build
    watch_outer
    lab_raise exit1 exit2 full mesh
    eventually 20 "the spoke has tunnels with both exit hubs" tunnels_up full exit1 exit2
    eventually 20 "the mesh is up" tunnels_up mesh exit1 exit2
    check_exits
    check_breakouts
    check_outer
    check_order
}
