#!/bin/sh
# SPDX-License-Identifier: ISC
#
# kernel_esp_guest.sh: the first process of the guest that kernel_esp.sh boots.
#
#     root namespace: esp_peer, 192.0.2.2 ---- veth ---- namespace k: the kernel's ESP, 192.0.2.1
#     inside: 10.2.0.1, 2001:db8:2::1                    inside: 10.1.0.1, 2001:db8:1::1
#
# $1 is the directory uml.sh prepared.
set -u

work=$1
pings=20 # per kind of IP
burst=40 # BURST and FORGERIES of esp_peer.c
forgeries=4
# shellcheck source=tests/oracle/uml_guest.sh
. "$work/uml_guest.sh"

# Key and salt as both ends want them, one after the other.
secret_to_kernel=000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1fa0a1a2a3
secret_to_us=404142434445464748494a4b4c4d4e4f505152535455565758595a5b5c5d5e5fb0b1b2b3

in_k() {
    ip netns exec k "$@"
}

make_network() {
    ip link set lo up
    ip netns add k
    ip link add u type veth peer name k netns k
    ip address add 192.0.2.2/24 dev u
    ip link set u up
    ip -n k link set lo up
    ip -n k address add 192.0.2.1/24 dev k
    ip -n k address add 10.1.0.1/32 dev lo
    ip -n k link set k up
    ip -n k route add 10.2.0.1/32 dev k src 10.1.0.1
    in_k sh -c 'echo "0 0" >/proc/sys/net/ipv4/ping_group_range'
    families=1
    if [ -e /proc/net/if_inet6 ] && ip -n k -6 address add 2001:db8:1::1/128 dev lo nodad &&
        ip -n k -6 route add 2001:db8:2::1/128 dev k src 2001:db8:1::1; then
        families=2
    fi
}

# policy OUR_INNER KERNEL_INNER
policy() {
    ip -n k xfrm policy add src "$2" dst "$1" dir out tmpl src 192.0.2.1 dst 192.0.2.2 \
        proto esp reqid 1 mode tunnel &&
        ip -n k xfrm policy add src "$1" dst "$2" dir in tmpl src 192.0.2.2 dst 192.0.2.1 \
            proto esp reqid 1 mode tunnel
}

# states ALGORITHM LAST_HIGH LAST_LOW. af-unspec: IPv4 and IPv6 inside the same SA.
states() {
    ip -n k xfrm state flush
    ip -n k xfrm state add src 192.0.2.2 dst 192.0.2.1 proto esp spi 0x2001 reqid 1 mode tunnel \
        replay-window 64 flag esn flag af-unspec replay-seq "$3" replay-seq-hi "$2" \
        aead "$1" "0x$secret_to_kernel" 128 encap espinudp 4500 4500 0.0.0.0 &&
        ip -n k xfrm state add src 192.0.2.1 dst 192.0.2.2 proto esp spi 0x1001 reqid 1 \
            mode tunnel replay-window 64 flag esn flag af-unspec replay-oseq "$3" \
            replay-oseq-hi "$2" aead "$1" "0x$secret_to_us" 128 encap espinudp 4500 4500 0.0.0.0
}

# The kernel's error counters as `name=value`, of which only those that differ are of interest.
counters() {
    # shellcheck disable=SC2016 # awk's fields, not the shell's
    in_k awk '{ print $1 "=" $2 }' /proc/net/xfrm_stat
}

# counted NAME: how far a counter moved during the last talk
counted() {
    awk -F= -v name="$1" '$1 == name { value[NR != FNR] = $2 } END { print value[1] - value[0] }' \
        /run/before /run/after
}

# What moved beside the two counters that must.
counted_else() {
    diff /run/before /run/after | sed -n 's/^> //p' | grep -v 'XfrmInState\(Seq\|Proto\)Error' |
        tr '\n' ' '
}

reported() {
    sed -n "s/^$1=//p" /run/report
}

# Wait, but not for ever, until the file $2 contains the line $1.
await() {
    for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
        ! grep -qsx "$1" "$2" || return 0
        sleep 0.1
    done
    return 1
}

# talk SUITE LAST_NUMBER: leaves /run/report, /run/before, /run/after, and answered_v4, answered_v6
talk() {
    counters >/run/before
    timeout 40 "$work/esp_peer" talk "$1" "$secret_to_kernel" "$secret_to_us" "$2" \
        $((pings * families)) "$families" >/run/report &
    talker=$!
    await ready=1 /run/report
    answered_v4=$(in_k "$work/esp_peer" ping 10.2.0.1 "$pings")
    answered_v6=
    [ "$families" = 1 ] || answered_v6=$(in_k "$work/esp_peer" ping 2001:db8:2::1 "$pings")
    wait "$talker"
    counters >/run/after
}

# cases SUITE ALGORITHM START_NAME LAST_NUMBER LAST_HIGH LAST_LOW
cases() {
    name="$1, $3"
    if ! states "$2" "$5" "$6"; then
        result "not ok" "$name: the kernel takes the SA pair"
        return
    fi
    talk "$1" "$4"
    judge "$name: the kernel's IPv4 pings through us are answered" "$answered_v4" "$pings"
    if [ "$families" = 2 ]; then
        judge "$name: the kernel's IPv6 pings through us are answered" "$answered_v6" "$pings"
    else
        result skip "$name: the kernel's IPv6 pings # the guest has no IPv6"
    fi
    judge "$name: our requests in reverse order are answered and opened" \
        "$(reported reversed)" "$burst"
    # Answers, burst, 2 single requests, and of us also the forgeries.
    sent=$((pings * families + burst + 2))
    judge "$name: both ends have counted on alike" "$(reported sent) $(reported received)" \
        "$(printf '%x %x' $(($4 + sent + forgeries)) $(($4 + sent)))"
    judge "$name: we use the IV of the packet, not its number" \
        "$([ "$(reported foreign_iv)" -gt 0 ] 2>/dev/null && echo yes)" yes
    judge "$name: packets replayed to the kernel count as XfrmInStateSeqError" \
        "$(counted XfrmInStateSeqError)" "$burst"
    judge "$name: packets forged to the kernel count as XfrmInStateProtoError" \
        "$(counted XfrmInStateProtoError)" "$forgeries"
    judge "$name: the kernel counts no other error" "$(counted_else)" ""
    judge "$name: the kernel still answers after that" "$(reported alive)" 1
    judge "$name: we refuse forged kernel packets and leave them as they were" \
        "$(reported forgeries_refused)" "$forgeries"
    judge "$name: their original is still opened" "$(reported genuine_opened)" 1
    judge "$name: we refuse replayed kernel packets" "$(reported replays_refused)" 2
}

# Starts 17 and, behind the pings, 17 numbers short of a multiple of 2^32.
suite() {
    cases "$1" "$2" "plain start" 0 0 0
    cases "$1" "$2" "2^32 crossed one by one" $((0xffffffef)) 0 0xffffffef
    low=$((0xffffffef - pings * families))
    cases "$1" "$2" "2^33 crossed in reverse order" $((0x100000000 + low)) 1 "$(printf 0x%x $low)"
}

mount_all
load_modules
make_network
policy 10.2.0.1 10.1.0.1
[ "$families" = 1 ] || policy 2001:db8:2::1 2001:db8:1::1
if "$work/esp_peer" check; then
    result ok "esp_peer runs in the guest with both suites"
    in_k "$work/esp_peer" hold 4500 >/run/held &
    await held=1 /run/held
    suite gcm 'rfc4106(gcm(aes))'
    suite chacha 'rfc7539esp(chacha20,poly1305)'
else
    # A build with AddressSanitizer, say: the guest's address space is too small for its map.
    result skip "both suites # esp_peer runs on this machine but not in the guest"
fi
power_off
