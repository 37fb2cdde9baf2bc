# shellcheck shell=bash
# SPDX-License-Identifier: ISC
#
# A data centre that two hubs export, and a spoke that prefers one of them. Who answers tells which hub carried it.

SHARED=10.90.0.10

build() {
    local hub
    begin hub1 hub2 branch
    LAB_EXPORTS[hub1]='10.1.0.0/24, "fd00:1::/64", 10.90.0.0/24'
    LAB_EXPORTS[hub2]='10.2.0.0/24, "fd00:2::/64", 10.90.0.0/24'
    lab_site hub1 1 friendly hub ""
    lab_site hub2 2 friendly hub ""
    lab_site branch 3 friendly spoke "hub1, hub2"
    for hub in hub1 hub2; do
        lab_in "gw-$hub" ip address add 10.90.0.1/24 dev lan0
        lab_in "lan-$hub" ip address add 10.90.0.10/24 dev eth0
        lab_serve "lan-$hub" "$hub" 7000
    done
}

carried_by() {
    answers lan-branch tcp $SHARED 7000 "$1 10.3.0.10"
}

# Outer packets only: what is inside of a tunnel has no way around.
shut_off() {
    lab_in "nat-$1" nft add rule ip filter forward drop
}

let_in() {
    lab_in "nat-$1" nft flush chain ip filter forward
}

# How long nobody answers while COMMAND... happens, and then traffic is at hub2: check_gap NAME COMMAND...
check_gap() {
    local name=$1 gap
    shift
    gap=$(lab_pause lan-branch $SHARED 0.02 9 "$@")
    note "$name: nobody answered for $gap ms"
    check "$name: traffic is at the other hub within 10 s" [ "$gap" -lt 9000 ]
    check "$name: it is the other hub that carries it" carried_by hub2
}

# With hub1 back, hub2 goes on for the hold.
check_failback() {
    local up back
    let_in hub1
    eventually 20 "the tunnel with hub1 comes back" lab_tunnel_is_up branch hub1
    up=$(lab_now_ms)
    check "explain: it is held" equals "$(why)" "held used"
    eventually 4 "hub2 carries on" carried_by hub2
    lab_wait 40 carried_by hub1 > /dev/null
    back=$(($(lab_now_ms) - up))
    note "failback: $back ms after the tunnel came back"
    check "then hub1 takes over again" carried_by hub1
    check "after no less than the hold" [ "$back" -ge 8500 ]
}

# The states of hub1 and hub2 as next hops of the shared subnet, at one moment.
why() {
    explanation branch "' '.join(h['state'] for h in sorted(d['route']['hops'], key=lambda h: h['name']))" 10.3.0.10 $SHARED
}

# Both hubs are gone: nothing leaves, neither into a tunnel nor in the clear.
check_both_gone() {
    lab_in nat-branch nft add table ip watch
    lab_in nat-branch nft 'add chain ip watch forward { type filter hook forward priority -10; }'
    lab_in nat-branch nft add rule ip watch forward ip daddr 10.90.0.0/24 counter
    lab_stop hub2 KILL
    eventually 15 "without any hub the route is on standby" route_is branch 10.90.0.0/24 "standby -"
    check "the sender is told" says lan-branch '[Uu]nreachable' ping -n -c 3 -i 0.3 -W 1 $SHARED
    check "nothing leaves in the clear" in_the_clear 0
    check "explain: there is a route and no tunnel" explained branch no-tunnel 10.3.0.10 $SHARED
}

in_the_clear() {
    equals "$(lab_in nat-branch nft list chain ip watch forward | awk '/counter/ {for (i = 1; i < NF; i++) if ($i == "packets") print $(i + 1)}')" "$1"
}

check_events() {
    local told
    told=$(lab_control branch events "', '.join(('active ' if e['state'] else 'standby ') + e['peer'] for e in d['events'] if e['prefix'] == '10.90.0.0/24' and e['event'].startswith('route'))")
    note "events of the shared subnet: $told"
    check "events tell who carried it, and that nobody did" grep -Eq 'active hub1.*active hub2.*active hub1.*active hub2.*standby' <<< "$told"
}

lab_of_failover() {
    build
    lab_raise hub1 hub2 branch
    eventually 20 "the spoke has tunnels with both hubs" tunnels_up branch hub1 hub2
    eventually 5 "the first hub carries the shared subnet" carried_by hub1
    check_gap "hub1 behind a firewall" shut_off hub1
    check_failback
    check_gap "hub1 killed" lab_stop hub1 KILL
    check_both_gone
    check_events
}
