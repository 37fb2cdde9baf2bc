# shellcheck shell=bash
# SPDX-License-Identifier: ISC
#
# An organization of one site: nothing to connect, and nothing in the way of what the site does without it.

lab_of_alone() {
    begin solo
    lab_site solo 1 friendly hub ""
    lab_ns inet
    lab_attach inet eth0 198.51.100.100
    lab_in nat-solo ip route add 10.1.0.0/24 via 172.16.1.2
    lab_raise solo
    eventually 10 "its configuration is in force" is_ready
    check "it has no peers" equals "$(lab_value solo peers "len(d['peers'])")" 0
    check "its own subnet stays with its kernel's routes" not grep -q avpn0 <(lab_in gw-solo ip route show table 9350)
    check "explain: it stays here" explained solo here 10.1.0.10 10.1.0.11
    check "explain: nobody exports other addresses" explained solo no-route 10.1.0.10 10.2.0.10
    check "its LAN reaches its gateway" pings lan-solo 10.1.0.1
    check "... and the internet" pings lan-solo 198.51.100.100
}

is_ready() {
    [ "$(lab_value solo status "any(r['state'] == 'registered' for u in d['uplinks'] for r in u['registries'])")" = True ]
}
