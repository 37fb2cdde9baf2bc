# shellcheck shell=bash
# SPDX-License-Identifier: ISC
#
# Routing daemons: a data centre behind two hubs, FRR beside one and BIRD beside the other. The router inside prefers what
# OSPF brings from hub1 to what internal BGP brings from hub2. The hubs have no tunnel with each other.
#
#     lan-branch -- gw-branch ...... gw-hub1 (FRR: OSPF) -- 10.50.0.1 -+
#                          ...... gw-hub2 (BIRD: BGP) --- 10.50.0.2 -+- core 10.50.0.3 -- server 10.60.0.10

FRR=/usr/lib/frr

# lab_frr NAMESPACE DAEMON...: with the configuration in $LAB_DIR/frr-NAMESPACE/frr.conf
lab_frr() {
    local ns=$1 daemon dir=$LAB_DIR/frr-$1
    shift
    chown frr:frr "$dir"
    for daemon in "$@"; do
        lab_daemon "$daemon-$ns" "$ns" "$FRR/$daemon" -u frr -g frr -f /dev/null -i "$dir/$daemon.pid" -z "$dir/zserv.api" \
            --vty_socket "$dir" -P 0 --log stdout
        lab_wait 5 [ -S "$dir/$daemon.vty" ]
    done
    lab_in "$ns" vtysh --config_dir "$dir" --vty_socket "$dir" -b >> "$LAB_DIR/log/vtysh-$ns" 2>&1
}

# lab_bird NAMESPACE: with the configuration in $LAB_DIR/NAMESPACE.bird
lab_bird() {
    lab_daemon "bird-$1" "$1" bird -d -c "$LAB_DIR/$1.bird" -s "$LAB_DIR/$1.birdctl" -P "$LAB_DIR/$1.birdpid"
}

# The router inside the data centre: a bridge towards both hubs, a server behind it.
build_core() {
    lab_ns core
    lab_ns server
    lab_in core ip link add br0 type bridge
    lab_in core ip link set br0 up
    lab_wire gw-hub1 dc0 core port1
    lab_wire gw-hub2 dc0 core port2
    lab_in core ip link set port1 master br0
    lab_in core ip link set port2 master br0
    lab_wire core srv0 server eth0
    lab_in gw-hub1 ip address add 10.50.0.1/24 dev dc0
    lab_in gw-hub2 ip address add 10.50.0.2/24 dev dc0
    lab_in gw-hub2 ip address add fd00:50::2/64 dev dc0 nodad
    lab_in core ip address add 10.50.0.3/24 dev br0
    lab_in core ip address add fd00:50::3/64 dev br0 nodad
    lab_in core ip address add 10.60.0.1/24 dev srv0
    lab_in core ip address add 10.61.0.1/24 dev srv0
    lab_in core ip address add fd00:60::1/64 dev srv0 nodad
    lab_in server ip address add 10.60.0.10/24 dev eth0
    lab_in server ip address add fd00:60::10/64 dev eth0 nodad
    lab_in server ip route add default via 10.60.0.1
    lab_in server ip route add default via fd00:60::1
    lab_sysctl core net.ipv4.ip_forward=1
    lab_sysctl core net.ipv6.conf.all.forwarding=1
}

# The examples for administrators, with the addresses of this laboratory.
configure_daemons() {
    local examples=$HERE/../../examples/gateway/routing
    mkdir "$LAB_DIR/frr-gw-hub1" "$LAB_DIR/frr-core"
    chmod 711 "$LAB_DIR"
    sed -e 's/lan0/dc0/; s/192\.0\.2\./10.50.0./' "$examples/frr.conf" > "$LAB_DIR/frr-gw-hub1/frr.conf"
    sed -e 's/192\.0\.2\.1;/10.50.0.2;/; s/192\.0\.2\.3/10.50.0.3/; s/2001:db8::1/fd00:50::2/; s/2001:db8::3/fd00:50::3/' \
        "$examples/bird.conf" > "$LAB_DIR/gw-hub2.bird"
    cat > "$LAB_DIR/frr-core/frr.conf" << END
interface br0
 ip ospf hello-interval 1
 ip ospf dead-interval 4
exit
interface srv0
 ip ospf passive
exit
router ospf
 ospf router-id 10.50.0.3
 network 10.50.0.0/24 area 0
 network 10.60.0.0/24 area 0
 network 10.61.0.0/24 area 0
 timers throttle spf 50 100 1000
exit
router bgp 64512
 bgp router-id 10.50.0.3
 no bgp ebgp-requires-policy
 timers bgp 1 4
 neighbor 10.50.0.2 remote-as 64512
 neighbor 10.50.0.2 passive
 neighbor fd00:50::2 remote-as 64512
 neighbor fd00:50::2 passive
 address-family ipv4 unicast
  network 10.60.0.0/24
  network 10.61.0.0/24
 exit-address-family
 address-family ipv6 unicast
  neighbor fd00:50::2 activate
  network fd00:60::/64
 exit-address-family
exit
end
END
}

start_daemons() {
    lab_frr gw-hub1 zebra ospfd
    lab_frr core zebra ospfd bgpd
    lab_bird gw-hub2
}

# Where the router inside sends a subnet: core_sends SUBNET GATEWAY [-6]; an empty gateway: nowhere
core_sends() {
    local via
    via=$(lab_in core ip ${3:-} route show "$1" | awk '{for (i = 1; i < NF; i++) if ($i == "via") print $(i + 1)}')
    equals "$via" "$2"
}

# ---- out: what the gateways have reaches the router inside -------------------------------------

check_out() {
    eventually 15 "OSPF brings the branch's subnet behind hub1" core_sends 10.3.0.0/24 10.50.0.1
    eventually 15 "BGP brings its IPv6 subnet behind hub2" core_sends_six fd00:3::/64
    check "the hub's own subnet is not among them" not core_sends 10.1.0.0/24 10.50.0.1
    eventually 10 "a host of the branch reaches the server" answers lan-branch tcp 10.60.0.10 7000 "server 10.3.0.10" 1048576
    check "... IPv6" answers lan-branch tcp fd00:60::10 7000 "server fd00:3::10" 100000
    check "... and the other way" answers server tcp 10.3.0.10 7000 "branch 10.60.0.10"
}

core_sends_six() {
    lab_in core ip -6 route show "$1" | grep -q 'via .* dev br0 proto bgp'
}

# One tunnel dies; the spoke has the other one, and so has the data centre.
check_move() {
    lab_in nat-hub1 nft add rule ip filter forward ip protocol udp drop
    eventually 10 "with its tunnel the subnet leaves hub1's table" not kernel_has hub1 10.3.0.0/24 93
    eventually 10 "... and the router inside moves to hub2" core_sends 10.3.0.0/24 10.50.0.2
    eventually 5 "... traffic too" answers lan-branch udp 10.60.0.10 7000 "server 10.3.0.10"
    check "... and the other way" answers server tcp 10.3.0.10 7000 "branch 10.60.0.10" 100000
    check "it stays in the guard table, where it ends" guard_has 10.3.0.0/24
    lab_in nat-hub1 nft flush chain ip filter forward
    eventually 40 "with the tunnel it comes back, and the router inside moves back" core_sends 10.3.0.0/24 10.50.0.1
}

guard_has() {
    lab_in gw-hub1 ip route show table 94 | grep -q "^unreachable $1 proto 97 "
}

# ---- in: what the router inside has is offered to the sites --------------------------------------

# 10.61.0.0/24 is learned, but no export of the record.
check_in() {
    check "what the record does not allow is told: FRR" not_allowed hub1 10.61.0.0/24
    check "... BIRD" not_allowed hub2 10.61.0.0/24
    check "... and offered to nobody" not kernel_has branch 10.61.0.0/24
    lab_in core ip link set srv0 down
    eventually 10 "a subnet that OSPF takes back is not offered any more" route_is branch 10.60.0.0/24 "withdrawn -"
    eventually 10 "... nor is that of BGP" route_is branch fd00:60::/64 "withdrawn -"
    check "... nothing else is taken back" route_is branch 10.1.0.0/24 "active hub1"
    lab_in core ip link set srv0 up
    lab_in core ip -6 address replace fd00:60::1/64 dev srv0 nodad
    eventually 10 "when it is back it is offered again" route_is branch 10.60.0.0/24 "active hub1"
    eventually 10 "... BGP's, too" route_is branch fd00:60::/64 "active hub2"
    eventually 5 "... and reached" answers lan-branch udp 10.60.0.10 7000 "server 10.3.0.10"
}

not_allowed() {
    lab_ask "$1" routes | sed -n '/LEARNED/,$p' | grep -q "^$2 " && return
    lab_ask "$1" routes | sed 's/^/# /'
    return 1
}

# One hub's daemon takes the subnet back, the other still has it.
check_one_side() {
    lab_stop ospfd-gw-hub1
    lab_stop zebra-gw-hub1
    eventually 10 "a hub whose daemon has lost the subnet does not offer it; the other one does" \
        route_is branch 10.60.0.0/24 "active hub2"
    eventually 5 "... and carries it" answers lan-branch udp 10.60.0.10 7000 "server 10.3.0.10"
}

# ---- leftovers --------------------------------------------------------------------------------------

# What carries the gateway's protocol number, rules too, without metrics: own SITE TABLE...
own() {
    local site=$1 table family
    shift
    for family in -4 -6; do
        for table in "$@"; do
            lab_in "gw-$site" ip $family route show table "$table" proto 97 2> /dev/null | sed 's/ metric [0-9]*//'
        done
        lab_in "gw-$site" ip $family rule | grep -E 'proto (97|0x61)|0x9350'
    done
}

foreign_stays() {
    lab_in gw-branch ip route show table 9350 proto static | grep -q 10.77.0.0/24 &&
        lab_in gw-branch ip -6 route show table 9351 proto static | grep -q fd77::/64 &&
        lab_in gw-branch ip rule | grep -q '^9000:.*lookup 9350'
}

check_leftovers() {
    local before
    # Of somebody else, in the gateway's tables.
    lab_in gw-branch ip route add unreachable 10.77.0.0/24 proto static table 9350
    lab_in gw-branch ip -6 route add unreachable fd77::/64 proto static table 9351
    lab_in gw-branch ip rule add priority 9000 from 10.77.0.0/24 lookup 9350
    before=$(own branch 9350 9351 | sort)
    lab_stop branch KILL
    check "a gateway that is killed leaves rules" [ -n "$(own branch 9350 9351)" ]
    lab_start_gateway branch
    eventually 20 "the next one has its tunnels" tunnels_up branch hub2
    check "... each rule once" equals "$(lab_in gw-branch ip rule | sort | uniq -d)" ""
    eventually 10 "... and the routes as before, none twice" equals_now "$before"
    check "what others have in these tables stays" foreign_stays
    lab_stop branch KILL
    lab_start_gateway branch
    lab_wait 10 lab_ask branch status > /dev/null 2>&1
    lab_stop branch
    check "one that ends leaves nothing, of an earlier run neither" equals "$(own branch 9350 9351)" ""
    check "... and what others have there stays" foreign_stays
}

equals_now() {
    equals "$(own branch 9350 9351 | sort)" "$1"
}

check_gone() {
    eventually 20 "without the branch its subnet is gone inside" core_sends 10.3.0.0/24 ""
    eventually 10 "... IPv6 too" not core_sends_six fd00:3::/64
}

lab_of_routing() {
    local tool
    for tool in "$FRR/zebra" "$FRR/ospfd" "$FRR/bgpd" "$(command -v bird)" "$(command -v vtysh)"; do
        [ -x "$tool" ] || lab_die "FRR or BIRD is missing; see tests/packages.txt"
    done
    begin hub1 hub2 branch
    LAB_GATEWAY_MORE[hub1]='routing: {table: 93}
learn: {table: 254}'
    LAB_GATEWAY_MORE[hub2]='learn: {table: 254}'
    LAB_EXPORTS[hub1]='10.1.0.0/24, 10.60.0.0/24'
    LAB_EXPORTS[hub2]='10.2.0.0/24, 10.60.0.0/24, "fd00:60::/64"'
    LAB_ORG_MORE='hub_tunnels: false'
    lab_site hub1 1 friendly hub ""
    lab_site hub2 2 friendly hub ""
    lab_site branch 3 friendly spoke "hub1, hub2"
    build_core
    lab_serve server server 7000
    lab_serve lan-branch branch 7000
    configure_daemons
    lab_raise hub1 hub2 branch
    start_daemons
    eventually 20 "the branch has tunnels with both hubs" tunnels_up branch hub1 hub2
    check_out
    check_in
    check_move
    check_one_side
    check_leftovers
    check_gone
}
