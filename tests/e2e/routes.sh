#!/bin/bash
# SPDX-License-Identifier: ISC
#
# The real daemons in namespaces: one laboratory for each file in routes/, all at the same time.
#
#     tests/e2e/routes.sh [BUILD_DIRECTORY [LABORATORY...]]
#
# AVPN_LABORATORIES=FOLDER takes those of another folder beside this file, which offload.sh does.
# Prints TAP. Exit status 0: all passed, 1: not, 77: skipped (no root or no namespaces here).
# AVPN_KEEP_LOGS=DIRECTORY keeps the daemons' logs, a folder for each laboratory.
set -u
HERE=$(cd "$(dirname "$0")" && pwd)
BUILD=${1:-${AVPN_BUILD_ROOT:-$HERE/../../build}}
shift
FOLDER=${AVPN_LABORATORIES:-routes}
LAB_BIN_GATEWAY=$BUILD/examples/gateway/autovpn-gateway
LAB_BIN_REGISTRY=$BUILD/examples/registry/autovpn-registry
LAB_BIN_ADMIN=$BUILD/examples/admin/autovpn
# shellcheck source=tests/e2e/lab.sh
. "$HERE/lab.sh"
# shellcheck source=tests/e2e/tap.sh
. "$HERE/tap.sh"

declare -A running=()
total=0
bad=0

# ---- what the laboratories share ----------------------------------------------------------------

# Two registries, and sites that get their configuration as a file: begin SITE...
begin() {
    LAB_BY_FILE=$*
    lab_begin
    lab_public
    lab_registry r1 198.51.100.2 registry1.lab
    lab_registry r2 198.51.100.3 registry2.lab
}

finish() {
    if [ -n "${AVPN_KEEP_LOGS:-}" ] && [ -n "${LAB_DIR:-}" ]; then
        mkdir -p "$AVPN_KEEP_LOGS/$1"
        cp "$LAB_DIR"/log/* "$LAB_DIR"/*.yaml "$LAB_ORG_YAML" "$AVPN_KEEP_LOGS/$1/"
    fi
    lab_end "${LAB_DIR:-}" "${LAB_PREFIX:-}"
}

# Wait for it, then say whether it is so: eventually SECONDS NAME COMMAND...
eventually() {
    local seconds=$1 name=$2
    shift 2
    lab_wait "$seconds" "$@" > /dev/null && set -- true
    check "$name" "$@"
}

tunnels_up() {
    local from=$1 to
    shift
    for to in "$@"; do
        lab_tunnel_is_up "$from" "$to" || return 1
    done
}

# answers NAMESPACE tcp|udp ADDRESS PORT "NAME SOURCE" [BYTES]
answers() {
    equals "$(lab_traffic "$1" "$2" "$3" "$4" ${6:-} | tail -1)" "$5"
}

publish() {
    lab_publish >> "$LAB_DIR/log/publish" 2>&1
}

# pings NAMESPACE ADDRESS
pings() {
    lab_in "$1" ping -q -n -c 1 -W 1 "$2" > /dev/null 2>&1
}

# explanation SITE 'PYTHON EXPRESSION OVER d' SOURCE DESTINATION [PROTOCOL [PORT]]
explanation() {
    local site=$1 expression=$2
    shift 2
    lab_value "$site" "explain $*" "$expression"
}

# The gateway's word on a flow, "VERDICT NEXT_HOP": explained SITE "WORDS" SOURCE DESTINATION [PROTOCOL [PORT]]
explained() {
    local site=$1 wanted=$2 found
    shift 2
    found=$(explanation "$site" "d['verdict'] + (' ' + d['next_hop']['name'] if d['verdict'] == 'tunnel' else '')" "$@")
    equals "$found" "$wanted"
}

# A field of what is known of one peer: peer SITE PEER FIELD
peer() {
    lab_value "$1" peers "[p['$3'] for p in d['peers'] if p['name'] == '$2'][0]"
}

# A route of a site, "STATE VIA": route_is SITE PREFIX "WORDS"
route_is() {
    equals "$(lab_value "$1" routes "[r['state'] + ' ' + (r['via'] or '-') for r in d['routes'] if r['prefix'] == '$2'][0]")" "$3"
}

kernel_has() {
    [ -n "$(lab_in "gw-$1" ip route show table "${3:-9350}" "$2" 2> /dev/null)" ]
}

# What `ping` or `traceroute` says: says NAMESPACE PATTERN COMMAND...
says() {
    local ns=$1 pattern=$2 output
    shift 2
    output=$(lab_in "$ns" "$@" 2>&1)
    grep -Eq -- "$pattern" <<< "$output" && return
    note "$* in $ns: $output"
    return 1
}

# ---- running them -------------------------------------------------------------------------------

# In a shell of its own: laboratory NAME NUMBER
laboratory() {
    LAB_PREFIX=avr$$x$2
    LAB_ORG_NAME=$1
    trap 'finish '"$1" EXIT
    trap 'exit 1' INT TERM
    # shellcheck source=/dev/null
    . "$HERE/$FOLDER/$1.sh"
    "lab_of_$1"
    echo "# $failures of $tests failed, $SECONDS s"
    [ $failures = 0 ]
}

# Also when interrupted: what each has found so far is told all the same.
stop_all() {
    local name
    trap '' INT TERM
    kill "${running[@]}" 2> /dev/null
    wait
    for name in "${!running[@]}"; do
        report "$name" interrupted
    done
    rm -rf "$OUTPUT"
}

# The lines of one laboratory, numbered on: report NAME STATUS
report() {
    local name=$1 line
    [ "$2" = 0 ] || grep -q '^# .* failed, ' "$OUTPUT/$name" || echo "not ok 0 - ended early: $2" >> "$OUTPUT/$name"
    while IFS= read -r line; do
        case $line in
        ok\ * | not\ ok\ *)
            total=$((total + 1))
            [[ $line = ok* ]] || bad=$((bad + 1))
            echo "${line%%[0-9]*}$total - $name: ${line#* - }"
            ;;
        *) echo "# $name: ${line#\# }" ;;
        esac
    done < "$OUTPUT/$name"
}

if [ "$(id -u)" != 0 ] || ! unshare -n true 2> /dev/null || [ ! -c /dev/net/tun ]; then
    echo "1..0 # SKIP needs root, network namespaces and /dev/net/tun"
    exit 77
fi
names=${*:-$(cd "$HERE/$FOLDER" && ls ./*.sh | sed 's|^\./||; s|\.sh$||')}
OUTPUT=$(mktemp -d /tmp/avroutes.XXXXXX)
trap stop_all EXIT
trap 'exit 1' INT TERM
number=0
for name in $names; do
    number=$((number + 1))
    laboratory "$name" $number > "$OUTPUT/$name" 2>&1 < /dev/null &
    running[$name]=$!
done
for name in $names; do
    wait "${running[$name]}"
    status=$?
    unset "running[$name]"
    report "$name" $status
done
echo "1..$total"
note "$bad of $total failed, $SECONDS s"
[ $bad = 0 ]
