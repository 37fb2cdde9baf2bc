# shellcheck shell=bash
# SPDX-License-Identifier: ISC
#
# carrying: what the laboratories of offload/ share. Sourced, not run.
#
#     lan-near -- gw-near ==== gw-hub ==== gw-far -- lan-far

# A hub and two spokes; lines of their settings: sites HUB NEAR FAR [SECOND_NAT_OF_NEAR]
sites() {
    local site
    begin hub near far
    LAB_GATEWAY_MORE=([hub]=$1 [near]=$2 [far]=$3)
    lab_site hub 1 friendly hub ""
    lab_site near 2 friendly spoke hub "${4:-}"
    lab_site far 3 friendly spoke hub
    for site in near far; do
        lab_serve "lan-$site" "$site" 7000
    done
    lab_raise hub near far
    eventually 20 "both sites have their tunnels" tunnels_up hub near far
    eventually 10 "... and reach each other" pings lan-near 10.3.0.10
    eventually 10 "... by IPv6" pings lan-near fd00:3::10
}

# What `autovpn status` says of carrying: carrying SITE 'PYTHON EXPRESSION OVER c'
carrying() {
    lab_value "$1" status "[$2 for c in [d['carrying']]][0]"
}

carries() {
    equals "$(carrying "$1" "$2")" True
}

# traffic NAMESPACE WANTED WORDS...: what traffic.py says last
traffic() {
    local ns=$1 wanted=$2 output
    shift 2
    # shellcheck disable=SC2068
    output=$(lab_traffic "$ns" $@ | tail -1)
    # shellcheck disable=SC2053
    [[ $output == $wanted ]] && return
    note "traffic.py $*: $output"
    return 1
}

# The same bytes, whichever way they are carried; both ends compare digests. transfers [STEP_OF_SIZES]
transfers() {
    check "TCP to far and back" traffic lan-near "far 10.2.0.10" tcp 10.3.0.10 7000 8000000
    check "TCP from far and back" traffic lan-far "near 10.3.0.10" tcp 10.2.0.10 7000 8000000
    check "IPv6 to far and back" traffic lan-near "far fd00:2::10" tcp fd00:3::10 7000 8000000
    check "datagrams of all sizes keep their borders" traffic lan-near "all sizes*" sizes 10.3.0.10 7000 "${1:-}"
    check "a datagram of many fragments" traffic lan-near "far 10.2.0.10" udp 10.3.0.10 7000 30000
    check "... of IPv6" traffic lan-near "far fd00:2::10" udp fd00:3::10 7000 30000
}

# Nothing was refused by the engine or the kernel on the way.
nothing_lost() {
    local site
    for site in hub near far; do
        check "$site: no header lied, the interface took all, the engine kept up" \
            carries "$site" "c['malformed'] + c['unwritten'] + c['punts_lost'] == 0"
    done
}
