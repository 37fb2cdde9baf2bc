#!/bin/sh
# SPDX-License-Identifier: ISC
#
# kernel_plane_guest.sh: the first process of the guest that kernel_plane.sh boots.
#
#     namespace a           root namespace            namespace n            namespace b
#     kernel_esp            bridge, registry          NAT, stateless         autovpn-gateway, then kernel_esp
#     192.0.2.11 ---------- 192.0.2.1 --------------- 192.0.2.12, .22 ------ 10.0.0.2
#     inside: 10.1.0.1                                                       inside: 10.2.0.1
#
# To roam, b leaves the NAT by another address; what comes to the one before still arrives, as in networks that are kind: so that
# not one packet may be lost. Traffic is pings both ways, each of which crosses both data planes twice.
#
# $1 is the directory uml.sh prepared.
set -u

work=$1
# shellcheck source=tests/oracle/uml_guest.sh
. "$work/uml_guest.sh"

interval=0.02
log=/run/out

in_ns() {
    ns=$1
    shift
    ip netns exec "$ns" "$@"
}

# wire NAMESPACE_A INTERFACE_A NAMESPACE_B INTERFACE_B
wire() {
    ip link add "$2" netns "$1" type veth peer name "$4" netns "$3"
    ip -n "$1" link set "$2" up
    ip -n "$3" link set "$4" up
}

# Packets of b leave as from $1, at the priority $2: the lowest number decides.
leave_as() {
    in_ns n tc filter add dev out egress protocol ip prio "$2" u32 match ip src 10.0.0.2/32 \
        action nat egress 10.0.0.2/32 "$1"
}

make_nat() {
    wire n out w p2
    wire b wan0 n inside
    ip -n n address add 192.0.2.12/24 dev out
    ip -n n address add 192.0.2.22/24 dev out
    ip -n n address add 10.0.0.1/24 dev inside
    ip -n b address add 10.0.0.2/24 dev wan0
    ip -n b route add default via 10.0.0.1
    in_ns n sysctl -qw net.ipv4.ip_forward=1
    in_ns n tc qdisc add dev out clsact
    for address in 192.0.2.12 192.0.2.22; do
        in_ns n tc filter add dev out ingress protocol ip prio "${address##*.}" u32 match ip dst \
            "$address/32" action nat ingress "$address/32" 10.0.0.2
    done
    leave_as 192.0.2.12 30
}

make_network() {
    ip link set lo up
    for ns in w a n b; do
        ip netns add "$ns"
        ip -n "$ns" link set lo up
    done
    ip -n w link add br0 type bridge
    ip -n w link set br0 up
    ip -n w address add 192.0.2.1/24 dev br0
    wire a wan0 w p1
    ip -n a address add 192.0.2.11/24 dev wan0
    make_nat
    ip -n w link set p1 master br0
    ip -n w link set p2 master br0
    ip -n a address add 10.1.0.1/32 dev lo
    ip -n a route add 10.2.0.0/16 via 192.0.2.1 src 10.1.0.1
    ip -n b address add 10.2.0.1/32 dev lo
}

# ---- programs ---------------------------------------------------------------------------------

start() {
    ns=$1
    shift
    ip netns exec "$ns" "$@" >>"$log/$(basename "$1").$ns" 2>&1 &
    started=$!
}

# Wait until a command succeeds, 20 s at the longest.
await() {
    until_s=$(($(cut -d. -f1 /proc/uptime) + 20))
    while ! "$@" >/dev/null 2>&1; do
        [ "$(cut -d. -f1 /proc/uptime)" -lt "$until_s" ] || return 1
        sleep 0.1
    done
}

stop() {
    kill "$1" 2>/dev/null
    wait "$1" 2>/dev/null
}

write_settings() {
    org=$(cat "$work/organization")
    mkdir /run/gateway
    cp "$work/a.key" "$work/b.key" "$work/registry.key" "$work/bundle" /run/
    cp "$work/b.key" /run/gateway/key
    cat >/run/registry.yaml <<END
listen: ["192.0.2.1:9350"]
key: /run/registry.key
control: /run/registry.sock
store: /run/registry.db
organizations: [{id: $org, bundle: /run/bundle}]
END
    cat >/run/gateway.yaml <<END
organization: $org
bundle: /run/bundle
state_directory: /run/gateway
control: /run/gateway.sock
uplinks: [{interface: wan0}]
END
}

start_kernel() {
    start "$1" "$work/kernel_esp" "$org" "$2" /run/bundle "$3:40000"
}

# ---- what there is to see -----------------------------------------------------------------------

answers() {
    in_ns "$1" ping -q -n -c 1 -W 1 -I "$2" "$3"
}

# The SPI under which packets of a namespace leave now.
leaves_under() {
    ip -n "$1" xfrm policy list dir out | sed -n 's/.*spi \(0x[0-9a-f]*\).*/\1/p' | head -1
}

is_another() {
    spi=$(leaves_under "$1")
    [ -n "$spi" ] && [ "$spi" != "$2" ]
}

goes_to() {
    ip -n a xfrm policy list dir out | grep -q "tmpl src 192.0.2.11 dst $1"
}

remember() {
    for ns in a b; do
        in_ns "$ns" cat /proc/net/xfrm_stat >"/run/before.$ns"
    done
}

# Which of the kernel's error counters have moved since.
errors() {
    in_ns "$1" cat /proc/net/xfrm_stat | diff "/run/before.$1" - |
        sed -n 's/^> \([A-Za-z]*\).*/\1 /p' | tr -d '\n'
}

counted() {
    # shellcheck disable=SC2016 # awk's fields, not the shell's
    in_ns "$1" awk -v name="$2" '$1 == name { print $2 }' /proc/net/xfrm_stat
}

# talk SECONDS: pings both ways in the background, until end_talk; heard says what was lost, and came twice
talk() {
    number=$(echo "$1 $interval" | awk '{ print int($1 / $2) }')
    in_ns a ping -q -n -i "$interval" -c "$number" -W 2 -I 10.1.0.1 10.2.0.1 >/run/ping.a 2>&1 &
    talker_a=$!
    in_ns b ping -q -n -i "$interval" -c "$number" -W 2 -I 10.2.0.1 10.1.0.1 >/run/ping.b 2>&1 &
    talker_b=$!
}

end_talk() {
    wait "$talker_a" "$talker_b"
}

heard() {
    sed -n 's/^\([0-9]*\) packets transmitted, \([0-9]*\) received\(.*duplicates\)\{0,1\}.*/\1 \2\3/p' \
        /run/ping.a /run/ping.b | awk '{ lost += $1 - $2; n++; twice += NF > 2 }
            END { print (n == 2 ? "" : "no answer, ") lost + 0 " lost, " twice + 0 " twice" }'
}

# ---- cases ----------------------------------------------------------------------------------------

rekey_cases() {
    talk 5
    sleep 0.5
    first=$(leaves_under a)
    kill -HUP "$plane_a"
    await is_another a "$first"
    judge "$1: on demand the kernel gets new keys" $? 0
    second=$(leaves_under a)
    kill -HUP "$plane_a"
    await is_another a "$second"
    judge "$1: and again, while those before still open" $? 0
    end_talk
    judge "$1: not a packet is lost by it" "$(heard)" "0 lost, 0 twice"
}

roam_cases() {
    talk 4
    sleep 0.5
    leave_as 192.0.2.22 20
    await goes_to 192.0.2.22
    judge "$1: the kernel's packets follow a peer that moves" $? 0
    end_talk
    judge "$1: not a packet is lost by it either" "$(heard)" "0 lost, 0 twice"
    in_ns n tc filter del dev out egress prio 20
}

# Behind b is no 10.9.0.0/16: a hub that forwarded it would be lying.
source_cases() {
    ip -n b address add 10.9.0.1/32 dev lo
    before=$(counted a XfrmInNoPols)
    in_ns b ping -q -n -c 3 -i 0.1 -W 1 -I 10.9.0.1 10.1.0.1 >/dev/null 2>&1
    judge "$1: what a peer may not send the kernel does not take" \
        "$(($(counted a XfrmInNoPols) - before))" 3
    ip -n b address del 10.9.0.1/32 dev lo
}

end_cases() {
    stop "$plane_b"
    before=$(counted a XfrmOutPolBlock)
    sleep 4
    in_ns a ping -q -n -c 2 -i 0.1 -W 1 -I 10.1.0.1 10.2.0.1 >/dev/null 2>&1
    judge "$1: to a peer that is gone nothing leaves" "$(($(counted a XfrmOutPolBlock) - before))" 2
    stop "$plane_a"
    judge "$1: at the end the kernel has forgotten everything" \
        "$(ip -n a xfrm state | wc -l) $(ip -n a xfrm policy | wc -l)" "0 0"
}

# ours SUITE ALGORITHM: the other end is the engine with packets of its own
ours() {
    name="the kernel and the engine, $1"
    start_kernel a /run/a.key 192.0.2.11
    plane_a=$started
    start b "$work/autovpn-gateway" --config /run/gateway.yaml
    plane_b=$started
    await answers a 10.1.0.1 10.2.0.1
    judge "$name: packets pass" $? 0
    remember
    judge "$name: under this suite, with numbers of 64 bits" \
        "$(ip -n a xfrm state | grep -cF "$2") $(ip -n a xfrm state | grep -c 'flag.*esn')" "2 2"
    rekey_cases "$name"
    roam_cases "$name"
    judge "$name: the kernel counts no error" "$(errors a)" ""
    end_cases "$name"
}

kernels() {
    name="the kernel at both ends"
    start_kernel a /run/a.key 192.0.2.11
    plane_a=$started
    ip -n b route add 10.1.0.0/16 via 10.0.0.1 src 10.2.0.1
    start_kernel b /run/b.key 10.0.0.2
    plane_b=$started
    await answers a 10.1.0.1 10.2.0.1
    judge "$name: packets pass" $? 0
    remember
    rekey_cases "$name"
    roam_cases "$name"
    source_cases "$name"
    judge "$name: the kernels count no other error" "$(errors a)$(errors b)" "XfrmInNoPols "
    end_cases "$name"
}

mount_all
mount -t tmpfs tmpfs /dev
mkdir /dev/net
mknod /dev/null c 1 3
mknod /dev/zero c 1 5
mknod /dev/urandom c 1 9
mknod /dev/random c 1 8
mknod /dev/net/tun c 10 200
load_modules bridge tun sch_ingress cls_u32 act_nat >/run/out/modules
make_network >/run/out/network 2>&1
write_settings
start w "$work/autovpn-registry" --config /run/registry.yaml
ours AES-256-GCM 'rfc4106(gcm(aes))'
kernels
power_off
