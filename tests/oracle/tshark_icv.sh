#!/bin/sh
# SPDX-License-Identifier: ISC
#
# tshark_icv.sh: other people's decoders read what we seal.
#
#     tshark_icv.sh [--verbose] [--required] [ESP_PCAP]
#
# ESP_PCAP is the built program, default build/tests/oracle/esp_pcap. Wireshark's dissector decrypts
# our AES-GCM packets from a capture file and must find the inner packets we wrote. tshark 4.0 knows
# no extended sequence numbers, whose high half is part of what the ICV covers, so it calls every
# one of our ICVs bad; that is expected and checked too. The ICVs themselves are verified by OpenSSL
# through python3-cryptography, which covers ChaCha20-Poly1305 as well.
#
# Prints one line per case: `ok N - name`, `not ok N - name`, `skip N - name # reason`.
# Exit status: 0 nothing failed; 1 something failed; 77 everything was skipped. With --required
# a skip counts as a failure.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
secret=000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1fa0a1a2a3
wrong_secret=100102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1fa0a1a2a3
packets=40
verbose=no
required=no
pcap=
work=
count=0
passed=0
failed=0
skipped=0

result() {
    count=$((count + 1))
    case $1 in
        ok) passed=$((passed + 1)) ;;
        skip) skipped=$((skipped + 1)) ;;
        *) failed=$((failed + 1)) ;;
    esac
    echo "$1 $count - $2"
}

# judge NAME ACTUAL_FILE EXPECTED_FILE
judge() {
    if cmp -s "$2" "$3"; then
        result ok "$1"
    else
        result "not ok" "$1"
        [ "$verbose" = no ] || diff "$2" "$3" >&2 || true
    fi
}

clean_up() {
    status=$?
    trap - EXIT INT PIPE TERM HUP
    [ -z "$work" ] || rm -rf "$work"
    exit "$status"
}

# decode FILE SECRET: one line per packet. The dissector repeats a field for the outer and the
# inner header; the last value is the inner one.
decode() {
    timeout 60 tshark -r "$1" -d udp.port==40001,udpencap -o esp.enable_encryption_decode:TRUE \
        -o esp.enable_authentication_check:TRUE \
        -o "uat:esp_sa:\"IPv4\",\"*\",\"*\",\"0x00001001\",\"AES-GCM with 16 octet ICV [RFC4106]\",\"0x$2\",\"NULL\",\"\"" \
        -T fields -E separator=' ' -E occurrence=l -e esp.spi -e esp.sequence -e esp.icv_good \
        -e ip.src -e ip.dst -e ipv6.src -e ipv6.dst -e icmp.seq -e icmpv6.echo.sequence_number \
        -e data.len 2>>"$work/tshark.log"
}

# The same lines from what esp_pcap says it writes. ICV "0": bad to a reader without ESN.
expect() {
    sequence=$1
    number=0
    while [ "$number" -lt "$packets" ]; do
        sequence=$(((sequence + 1) % 0x100000000))
        length=$((number * 101 % 1301))
        [ "$length" -gt 0 ] || length=
        if [ $((number % 2)) = 0 ]; then
            echo "0x00001001 $sequence 0 10.2.0.1 10.1.0.1   $number  $length"
        else
            echo "0x00001001 $sequence 0 192.0.2.2 192.0.2.1" \
                "2001:db8:2::1 2001:db8:1::1  $number $length"
        fi
        number=$((number + 1))
    done
}

# tshark_case NAME LAST_NUMBER
tshark_case() {
    if ! "$pcap" gcm "$secret" "$2" "$packets" >"$work/gcm.pcap"; then
        result "not ok" "gcm, $1: packets are sealed"
        return
    fi
    expect "$2" >"$work/expected"
    decode "$work/gcm.pcap" "$secret" >"$work/decoded" || true
    judge "gcm, $1: tshark finds every inner packet (and, without ESN, a bad ICV)" \
        "$work/decoded" "$work/expected"
}

wrong_key_case() {
    decode "$work/gcm.pcap" "$wrong_secret" >"$work/decoded" || true
    if grep -q '10\.2\.0\.1\|2001:db8:2::1' "$work/decoded"; then
        result "not ok" "gcm: tshark finds nothing with a wrong key"
    else
        result ok "gcm: tshark finds nothing with a wrong key"
    fi
}

# openssl_case SUITE NAME LAST_NUMBER
openssl_case() {
    if "$pcap" "$1" "$secret" "$3" "$packets" >"$work/x.pcap" &&
        /usr/bin/python3 "$here/esp_verify.py" "$work/x.pcap" "$1" "$secret" "$3" "$packets" \
            >>"$work/verify.log" 2>&1; then
        result ok "$1, $2: OpenSSL verifies every ICV and finds every inner packet"
    else
        result "not ok" "$1, $2: OpenSSL verifies every ICV and finds every inner packet"
        [ "$verbose" = no ] || cat "$work/verify.log" >&2
    fi
}

while [ $# -gt 0 ]; do
    case $1 in
        --verbose) verbose=yes ;;
        --required) required=yes ;;
        -*) sed -n '6s/^# \{0,1\}//p' "$0" >&2; exit 2 ;;
        *) pcap=$1 ;;
    esac
    shift
done
pcap=${pcap:-$here/../../build/tests/oracle/esp_pcap}
if [ ! -x "$pcap" ]; then
    echo "not ok 1 - $pcap is built"
    exit 1
fi
trap clean_up EXIT
trap 'exit 130' INT
trap 'exit 141' PIPE
trap 'exit 143' TERM HUP
work=$(mktemp -d)

gcm_status=0
"$pcap" gcm "$secret" 0 1 >/dev/null 2>&1 || gcm_status=$?
if [ "$gcm_status" = 3 ]; then
    result skip "gcm: every case # this processor or build has no AES for libsodium"
elif ! command -v tshark >/dev/null; then
    result skip "gcm: tshark finds every inner packet # no program tshark on this machine"
else
    tshark_case "plain start" 0
    tshark_case "2^32 crossed" $((0xffffffef))
    wrong_key_case
fi
if /usr/bin/python3 -c 'import cryptography' 2>/dev/null; then
    for suite in gcm chacha; do
        [ $suite = chacha ] || [ "$gcm_status" != 3 ] || continue
        openssl_case $suite "plain start" 0
        openssl_case $suite "2^32 crossed" $((0xffffffef))
    done
else
    result skip "OpenSSL verifies every ICV # no python3-cryptography on this machine"
fi
echo "1..$count"
[ "$verbose" = no ] || cat "$work/tshark.log" >&2 2>/dev/null || true
[ "$failed" = 0 ] || exit 1
[ "$skipped" = 0 ] || [ "$required" = no ] || exit 1
[ "$passed" -gt 0 ] || exit 77
