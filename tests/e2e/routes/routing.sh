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
    sed -e 's/192\.0\.2\.1/10.50.0.2/; s/192\.0\.2\.3/10.50.0.3/; s/2001:db8::1/fd00:50::2/; s/2001:db8::/fd00:50::/' \
        "$examples/bird.conf" > "$LAB_DIR/gw-hub2.bird"
    lab_in gw-hub2 ip rule add priority 9300 lookup 100
    lab_in gw-hub2 ip -6 rule add priority 9300 lookup 100
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

lab_of_routing() {
    local tool
    for tool in "$FRR/zebra" "$FRR/ospfd" "$FRR/bgpd" "$(command -v bird)" "$(command -v vtysh)"; do
        [ -x "$tool" ] || lab_die "FRR or BIRD is missing; see tests/packages.txt"
    done
    begin hub1 hub2 branch
    LAB_GATEWAY_MORE[hub1]='routing: {table: 93}
learn: {table: 254}'
    LAB_GATEWAY_MORE[hub2]='learn: {table: 100}'
    LAB_EXPORTS[hub1]='10.1.0.0/24, 10.60.0.0/24'
    LAB_EXPORTS[hub2]='10.2.0.0/24, 10.60.0.0/24, "fd00:60::/64"'
    LAB_ORG_MORE='hub_tunnels: false'
    lab_site hub1 1 friendly hub ""
    lab_site hub2 2 friendly hub ""
    lab_site branch 3 friendly spoke "hub1, hub2"
    build_core
    configure_daemons
    lab_raise hub1 hub2 branch
    start_daemons
    check_daemons
}

[ -n "${TRY:-}" ] && lab_of_routing() {
    begin hub1 hub2 branch
    lab_site hub1 1 friendly hub ""
    lab_site hub2 2 friendly hub ""
    lab_site branch 3 friendly spoke "hub1, hub2"
    build_core
    configure_daemons
    lab_raise hub1 hub2 branch
    start_daemons
    lab_wait 15 tunnels_up branch hub1 hub2
    lab_in gw-hub1 ip route add 10.3.0.0/24 dev avpn0 proto 0x61 table 93
    eventually 15 a core_sends 10.3.0.0/24 10.50.0.1
    lab_in gw-hub1 ip route del 10.3.0.0/24 dev avpn0 proto 0x61 table 93
    eventually 15 b core_sends 10.3.0.0/24 10.50.0.2
    eventually 15 c core_sends fd00:3::/64 fd00:50::2 -6
    sleep ${HOLD:-0}
    lab_stop branch
    lab_in core ip route
    lab_in core ip -6 route
    lab_in gw-hub1 ip route
    lab_in gw-hub2 ip route show table 100
    lab_in gw-hub2 ip -6 route show table 100
    lab_in gw-hub2 ip route show table 9350
    lab_in gw-hub2 birdc -s "$LAB_DIR/gw-hub2.birdctl" show route all
    lab_in gw-hub2 birdc -s "$LAB_DIR/gw-hub2.birdctl" show proto all inside4
}
