# shellcheck shell=bash
# SPDX-License-Identifier: ISC
#
# Two sites with the same LAN, known to each other by other addresses, and a host with an address of its own; then the
# firewall, which sees those addresses.
#
#     192.168.1.0/24 = 10.2.0.0/24 (x) ---- hub ---- (y) 10.3.0.0/24 = 192.168.1.0/24
#     fdaa::/64 = fd00:2::/64                                fd00:3::/64 = fdaa::/64
#                         10.1.0.10 is known as 10.1.0.99

build() {
    local site
    begin hub x y
    LAB_SITE_MORE[hub]='    translate: [{local: 10.1.0.10, exported: 10.1.0.99}]'
    for site in x y; do
        LAB_LAN[$site]=192.168.1
        LAB_LAN6[$site]=fdaa
    done
    LAB_EXPORTS[x]='{subnet: 10.2.0.0/24, local: 192.168.1.0/24}, {subnet: "fd00:2::/64", local: "fdaa::/64"}'
    LAB_EXPORTS[y]='{subnet: 10.3.0.0/24, local: 192.168.1.0/24}, {subnet: "fd00:3::/64", local: "fdaa::/64"}'
    LAB_ORG_MORE='firewall:
  - {name: no-web, action: deny, protocol: tcp, to: y, ports: 8080-8081}
  - {name: no-way-back, action: deny, protocol: tcp, from: y, to: x, ports: 9090}
  - {name: counted, action: allow, protocol: udp, to: y, ports: 7000}'
    # What the kernel of y's gateway says of itself is to come from an address that the VPN knows.
    LAB_GATEWAY_MORE[y]='tun: {address: 192.168.1.1}'
    lab_site hub 1 friendly hub ""
    lab_site x 2 friendly spoke hub
    lab_site y 3 friendly spoke hub
    for site in hub x y; do
        lab_serve "lan-$site" "$site" 7000
    done
    lab_daemon web-y lan-y python3 "$LAB_TRAFFIC" serve y 8080
    lab_daemon web-x lan-x python3 "$LAB_TRAFFIC" serve x 8080
    lab_daemon back-x lan-x python3 "$LAB_TRAFFIC" serve x 9090
}

check_subnets() {
    eventually 5 "ping between sites with the same LAN" pings lan-x 10.3.0.10
    eventually 5 "... IPv6" pings lan-x fd00:3::10
    check "TCP: 1 MiB, and y sees x by its exported address" answers lan-x tcp 10.3.0.10 7000 "y 10.2.0.10" 1048576
    check "... the other way" answers lan-y tcp 10.2.0.10 7000 "x 10.3.0.10" 100000
    check "... IPv6" answers lan-x tcp fd00:3::10 7000 "y fd00:2::10" 1048576
    check "UDP" answers lan-x udp 10.3.0.10 7000 "y 10.2.0.10"
    check "... in fragments" answers lan-x udp 10.3.0.10 7000 "y 10.2.0.10" 3000
    check "... IPv6" answers lan-x udp fd00:3::10 7000 "y fd00:2::10"
    check "... in fragments" answers lan-x udp fd00:3::10 7000 "y fd00:2::10" 3000
    check "the LANs' own addresses lead nowhere else" not pings lan-hub 192.168.1.10
}

# A host takes an error only if the packet inside is the one it sent.
check_errors() {
    check "port unreachable reaches the sender" lab_traffic lan-x refused 10.3.0.10 7999
    check "... the other way" lab_traffic lan-y refused 10.2.0.10 7999
    check "... IPv6" lab_traffic lan-x refused fd00:3::10 7999
    check "time exceeded in the other site's LAN does, too" \
        says lan-x ' 3  10\.3\.0\.1 ' traceroute -n -q 1 -w 2 -m 5 10.3.0.10
}

check_host() {
    check "a single host is reached by its exported address" answers lan-x tcp 10.1.0.99 7000 "hub 10.2.0.10"
    check "... and seen by it" answers lan-hub tcp 10.2.0.10 7000 "x 10.1.0.99"
    check "... its ICMP errors too" lab_traffic lan-x refused 10.1.0.99 7999
    check "its own address leads nowhere" not pings lan-x 10.1.0.10
    check "explain: with the addresses of the VPN" translated x '10.2.0.10 10.3.0.10' 192.168.1.10 10.3.0.10
}

translated() {
    local site=$1 wanted=$2
    shift 2
    equals "$(explanation "$site" "d['source'] + ' ' + d['destination']" "$@")" "$wanted"
}

# A rule that names a site is one rule for each of its subnets: counted SITE RULE sent|received LEAST
counted() {
    local packets
    packets=$(lab_value "$1" rules "sum(r['$3_packets'] for r in d['rules'] if r['name'] == '$2')")
    [ "${packets:-0}" -ge "$4" ] && return
    note "rule $2 at $1: $3 '$packets', wanted $4 or more"
    return 1
}

denied() {
    ! answers "$@" > /dev/null
}

check_firewall() {
    check "a denied port is told to the sender" \
        says lan-x 'Errno (113|13)\]|EHOSTUNREACH|No route to host' python3 "$LAB_TRAFFIC" tcp 10.3.0.10 8080
    check "... IPv6" denied lan-x tcp fd00:3::10 8080 "y fd00:2::10"
    check "... counted where it would have left" counted x no-web sent 2
    check "... and nothing of it arrived" not counted y no-web received 1
    check "the same port at another site is open" answers lan-y tcp 10.2.0.10 8080 "x 10.3.0.10"
    check "a rule about one direction denies that one" denied lan-y tcp 10.2.0.10 9090 "x 10.3.0.10"
    check "... and is open to others" answers lan-hub tcp 10.2.0.10 9090 "x 10.1.0.99"
    check "a rule that allows is counted at the sender" counted x counted sent 3
    check "... and at the receiver" counted y counted received 3
    check "explain: denied" explained x denied 192.168.1.10 10.3.0.10 tcp 8080
    check "explain: allowed" explained x "tunnel hub" 192.168.1.10 10.3.0.10 tcp 7000
}

lab_of_translation() {
    build
    lab_raise hub x y
    eventually 20 "tunnels are up" tunnels_up hub x y
    check_subnets
    check_errors
    check_host
    check_firewall
}
