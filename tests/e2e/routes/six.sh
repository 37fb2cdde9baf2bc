# shellcheck shell=bash
# SPDX-License-Identifier: ISC
#
# IPv6 outside: a site that has nothing else, and one that has both.

build() {
    local site
    LAB_UNDERLAY6=1
    begin hub six dual
    lab_site hub 1 friendly hub ""
    lab_site six 2 friendly spoke hub
    lab_site dual 3 friendly spoke hub
    lab_in gw-six ip -4 address flush dev wan0
    for site in hub six dual; do
        lab_serve "lan-$site" "$site" 7000
    done
}

# Where the path of a tunnel ends: contact SITE DESTINATION
contact() {
    explanation "$1" "d['path']['contact']" "10.${LAB_INDEX[$1]}.0.10" "$2"
}

goes_by() {
    local found
    found=$(contact "$1" 10.1.0.10)
    [[ $found == "$2"* ]] && return
    note "the path ends at '$found'"
    return 1
}

drop_six() {
    lab_in nat-dual nft -f - << END
table ip6 filter {
    chain forward {
        type filter hook forward priority filter
        drop
    }
}
END
}

lab_of_six() {
    local gap
    build
    lab_raise hub six dual
    eventually 20 "a site without IPv4 outside has its tunnel" tunnels_up six hub
    eventually 10 "... by IPv6" goes_by six '[2001:db8:1::2]'
    eventually 5 "... and carries IPv4" answers lan-six tcp 10.1.0.10 7000 "hub 10.2.0.10" 1048576
    check "... and IPv6" answers lan-six tcp fd00:1::10 7000 "hub fd00:2::10" 1048576
    eventually 20 "a site with both has its tunnel" tunnels_up dual hub
    eventually 15 "... by IPv6" goes_by dual '[2001:db8:1::2]'
    eventually 5 "one with both to one without IPv4" answers lan-dual tcp 10.2.0.10 7000 "six 10.3.0.10" 100000
    check "... IPv6 inside" answers lan-dual tcp fd00:2::10 7000 "six fd00:3::10" 100000
    gap=$(lab_pause lan-dual 10.1.0.10 0.02 12 drop_six)
    note "IPv6 dropped on the way: nobody answered for $gap ms"
    check "where IPv6 is dropped, IPv4 takes over within 10 s" [ "$gap" -lt 10000 ]
    check "... the path says so" goes_by dual '198.51.100.11'
    check "... both families inside" answers lan-dual tcp fd00:1::10 7000 "hub fd00:3::10" 100000
    lab_in nat-dual nft delete table ip6 filter
    eventually 40 "where IPv6 works again, it is preferred again" goes_by dual '[2001:db8:1::2]'
}
