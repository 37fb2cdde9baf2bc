#!/bin/bash
# SPDX-License-Identifier: ISC
#
# The scripts of examples/python as people run them: from a virtual environment into which the wheel was installed, away from this
# tree, against the programs and each other.
#
#     tests/e2e/scripts.sh [BUILD_DIRECTORY]
#
#     r1: autovpn-registry   r2: registry.py   near and far: gateway.py behind NATs   hub: autovpn-gateway behind a NAT
#
# AVPN_WHEEL names a wheel to install; without it one is built. Prints TAP. Root, for namespaces. A script that is not run here makes it fail.
# Exit status 0: all passed, 1: not, 77: something that is needed is missing.
set -u
HERE=$(cd "$(dirname "$0")" && pwd)
ROOT=$(cd "$HERE/../.." && pwd)
BUILD=${1:-${AVPN_BUILD_ROOT:-$ROOT/build}}
LAB_BIN_GATEWAY=$BUILD/examples/gateway/autovpn-gateway
LAB_BIN_REGISTRY=$BUILD/examples/registry/autovpn-registry
LAB_BIN_ADMIN=$BUILD/examples/admin/autovpn
LAB_PREFIX=avpy$$
LAB_BY_FILE=hub
# shellcheck source=tests/e2e/lab.sh
. "$HERE/lab.sh"
# shellcheck source=tests/e2e/tap.sh
. "$HERE/tap.sh"
unset AUTOVPN_LIBRARY PYTHONPATH
export AUTOVPN_TOOL=$LAB_BIN_ADMIN PYTHONDONTWRITEBYTECODE=1

skip_all() {
    echo "1..0 # SKIP $1"
    exit 77
}

[ "$(id -u)" = 0 ] || skip_all "namespaces need root"
[ -c /dev/net/tun ] || skip_all "/dev/net/tun is missing"
for tool in ip nft ping python3; do
    command -v "$tool" > /dev/null || skip_all "$tool is missing (tests/packages.txt, group lab)"
done
python3 -c "import venv, ensurepip" 2> /dev/null || skip_all "python3-venv is missing"
[ -x "$LAB_BIN_GATEWAY" ] || skip_all "the programs are not built"

# script NAME ARGUMENTS...: run one of them as it is installed; that it was run is noted
script() {
    local name=$1
    shift
    echo "$name" >> "$LAB_DIR/ran"
    timeout 60 "$LAB_DIR/venv/bin/python" "$LAB_DIR/python/$name" "$@"
}

# start NAME NAMESPACE SCRIPT ARGUMENTS...
start() {
    local name=$1 ns=$2 script=$3
    shift 3
    echo "$script" >> "$LAB_DIR/ran"
    lab_daemon "$name" "$ns" "$LAB_DIR/venv/bin/python" -u "$LAB_DIR/python/$script" "$@"
}

eventually() {
    local seconds=$1 name=$2
    shift 2
    check "$name" lab_wait "$seconds" "$@"
}

# told NAME WORDS: does the log of a daemon have a line with these?
told() {
    grep -Eq -- "$2" "$LAB_DIR/log/$1"
}

# A Python expression of d, the JSON in $LAB_DIR/out
says() {
    python3 -c "import json, sys; d = json.load(open('$LAB_DIR/out')); sys.exit(not ($1))" && return
    note "not so: $1"
    head -c 2000 "$LAB_DIR/out" | sed 's/^/# /'
    return 1
}

# exits STATUS COMMAND...: output in $LAB_DIR/out, complaints in $LAB_DIR/err
exits() {
    local wanted=$1 status
    shift
    "$@" > "$LAB_DIR/out" 2> "$LAB_DIR/err" < /dev/null
    status=$?
    [ $status = "$wanted" ] && return
    note "exit status $status, not $wanted: $*"
    sed 's/^/# /' "$LAB_DIR/err" | tail -5
    return 1
}

complains() {
    grep -Eq -- "$1" "$LAB_DIR/err" && return
    sed 's/^/# /' "$LAB_DIR/err"
    return 1
}

# ---- the wheel ----------------------------------------------------------------------------------

install_wheel() {
    local wheel=${AVPN_WHEEL:-}
    {
        python3 -m venv "$LAB_DIR/venv" || return
        if [ -z "$wheel" ]; then
            "$LAB_DIR/venv/bin/pip" wheel -q --no-index --no-deps --no-build-isolation -w "$LAB_DIR/wheel" "$ROOT/bindings/python" || return
            wheel=$(echo "$LAB_DIR"/wheel/*.whl)
        fi
        "$LAB_DIR/venv/bin/pip" install -q --no-index --no-deps "$wheel" || return
    } > "$LAB_DIR/log/wheel" 2>&1
    cp -r "$ROOT/examples/python" "$LAB_DIR/python"
}

comes_from_wheel() {
    [[ $("$LAB_DIR/venv/bin/python" -c "import autovpn; print(autovpn.__file__)") == "$LAB_DIR"/venv/* ]]
}

check_wheel() {
    check "the wheel installs into an empty environment" install_wheel
    [ $failures = 0 ] || { sed 's/^/# /' "$LAB_DIR/log/wheel" | tail; return 1; }
    check "... from which the package comes" comes_from_wheel
}

# ---- simulate.py ----------------------------------------------------------------------------------

picture_is_right() {
    python3 - "$LAB_DIR/tunnels.svg" "$LAB_DIR/out" << 'END'
import json, sys, xml.etree.ElementTree as tree
svg = "{http://www.w3.org/2000/svg}"
picture, answer = tree.parse(sys.argv[1]).getroot(), json.load(open(sys.argv[2]))
drawn = {path.find(svg + "title").text.split(":")[0] for path in picture.iter(svg + "path") if path.find(svg + "title") is not None}
wanted = {" - ".join(tunnel["sites"]) for tunnel in answer["tunnels"]}
words = {text.text for text in picture.iter(svg + "text")}
assert picture.tag == svg + "svg" and drawn == wanted and set(answer["sites"]) <= words, (drawn, wanted)
# 3 hubs among themselves, and 8 spokes with two hubs each
assert len(wanted) == 3 + 16 and all(tunnel["up"] and tunnel["rtt_ms"] > 1 for tunnel in answer["tunnels"]), answer
END
}

simulate_in_folder() {
    (cd "$LAB_DIR" && script simulate.py "$@")
}

check_simulation() {
    check "simulate.py: everybody reaches everybody" exits 0 simulate_in_folder --json
    check "... over one or two hubs" says "all(h in ([0] if a == b else [0, 1, 2]) for a, r in enumerate(d['hops']) for b, h in enumerate(r) if a != b)"
    check "... and the picture shows the tunnels that are up" picture_is_right
    mv "$LAB_DIR/tunnels.svg" "$LAB_DIR/first.svg"
    check "... the table is for people" exits 0 simulate_in_folder
    check "... of 11 sites" grep -q "19 of 19 tunnels are up" "$LAB_DIR/out"
    check "... and the same seed gives the same picture" cmp "$LAB_DIR/tunnels.svg" "$LAB_DIR/first.svg"
    check "... another number of sites" exits 0 simulate_in_folder --hubs 1 --spokes 2 --seed 9 --json --output one.svg
    check "... has that many" says "len(d['tunnels']) == 2 and d['hops'][1][2] == 1"
    check "... bad usage is told" exits 2 simulate_in_folder --hubs 0
    check "... with option and value" complains "hubs: '0': 1 to 60"
}

# ---- a laboratory -----------------------------------------------------------------------------------

build_lab() {
    lab_public
    lab_registry r1 198.51.100.2
    lab_registry r2 198.51.100.3
    LAB_KEY[r2]=$(script registry.py --state "$LAB_DIR/r2" --show-key)
    LAB_SITE_MORE[near]="    key: $(script gateway.py --state "$LAB_DIR/near" --show-key)"
    lab_site hub 1 friendly hub ""
    lab_site near 2 friendly spoke hub
    lab_site far 3 friendly spoke hub
    lab_write_org
    lab_start_registry r1
    start r2 r2 registry.py --state "$LAB_DIR/r2" --organization "$LAB_ORG_ID" --listen 198.51.100.3:9350 --json
    lab_wait 5 test -S "$LAB_DIR/r1.sock"
    start watch admin watch_registry.py --socket "$LAB_DIR/r1.sock" --org "$LAB_ORG_YAML" --json
    start lines admin watch_registry.py --socket "$LAB_DIR/r1.sock"
    lab_wait 10 told watch '"event": "registry"'
    lab_wait 10 told lines 'following'
    lab_wait 10 lab_publish > "$LAB_DIR/log/publish" 2>&1
}

both_ways() {
    lab_ping "$1" "$2" && lab_ping "$2" "$1"
}

both_ways6() {
    lab_ping6 "$1" "$2" && lab_ping6 "$2" "$1"
}

registered_twice() {
    [ "$(lab_value hub status "sum(r['state'] == 'registered' for u in d['uplinks'] if u['family'] == 'ipv4' for r in u['registries'])")" = 2 ]
}

publishes() {
    lab_publish > "$LAB_DIR/log/publish" 2>&1 || { sed 's/^/# /' "$LAB_DIR/log/publish" | tail -5; return 1; }
}

machine_is_reached() {
    lab_in lan-near ping -q -c 1 -W 2 10.3.0.1 > "$LAB_DIR/log/ping"
}

claimed() {
    told r2 '"event": "claim".*"peer": '
}

check_gateways() {
    eventually 10 "registry.py takes what autovpn org publish sends" told r2 '"event": "published".*"organization": "lab", "version"'
    lab_start_gateway hub
    start near gw-near gateway.py --state "$LAB_DIR/near" --bundle "$LAB_DIR/bundle" --json
    eventually 20 "autovpn-gateway registers with autovpn-registry and registry.py" registered_twice
    eventually 20 "gateway.py has a tunnel with autovpn-gateway, both behind NATs" told near '"event": "tunnel".*"is_up": true'
    eventually 10 "... pings pass both ways" both_ways near hub
    eventually 10 "... of IPv6 too" both_ways6 near hub
    lab_invite far > "$LAB_DIR/token"
    start far gw-far gateway.py --state "$LAB_DIR/far" --token "@$LAB_DIR/token" --json
    eventually 20 "gateway.py joins with a token: registry.py holds its claim" claimed
    check "... that a publish signs in" publishes
    eventually 20 "... two of gateway.py reach each other through the hub" both_ways near far
    check "... and the machine itself is reached" machine_is_reached
}

# What the watcher printed, as Python: `lines` is a list of objects
watched() {
    python3 -c "
import json, sys
lines = [json.loads(line) for line in open('$LAB_DIR/log/watch')]
sys.exit(not ($1))"
}

far_is() {
    watched "[line['connected'] for line in lines if line['event'] == 'member' and line['name'] == 'far'][-1:] == [$1]"
}

check_watcher() {
    check "watch_registry.py told of the version" watched "any(line['event'] == 'published' for line in lines)"
    check "... of the claim" watched "any(line['event'] == 'claim' and line['member'] > 0 for line in lines)"
    eventually 10 "... that far is connected, by its name" far_is True
    check "... from where it is seen" watched "any(line['event'] == 'member' and line['name'] == 'far' and line['contact'].startswith('198.51.100.13:') for line in lines)"
    lab_stop far
    eventually 10 "... that it is gone" far_is False
    check "... in words too" told lines 'lab: member [0-9]+ is gone, uplink 0, at 198.51.100.13:'
    start far gw-far gateway.py --state "$LAB_DIR/far" --json
    eventually 20 "... and there again" far_is True
    eventually 20 "... for the gateway kept what it had" both_ways near far
    lab_stop r1
    eventually 5 "a registry that is silent is told" watched "lines[-1]['event'] == 'silent'"
    lab_start_registry r1
    eventually 10 "... and that it started anew" watched "any(line['event'] == 'registry' and line['state'] == 'started anew' for line in lines)"
    eventually 60 "... and who comes back" watched "[line['name'] for line in lines[[place for place, line in enumerate(lines) if line['event'] == 'silent'][-1]:] if line['event'] == 'member' and line['connected']].count('near') >= 1"
    check "another socket is no registry" exits 1 script watch_registry.py --socket "$LAB_DIR/hub.sock"
    check "... which is said" complains "changes: .*autovpn-registry"
    check "an interval of nothing is refused" exits 2 script watch_registry.py --interval 0
}

no_route_left() {
    [ -z "$(lab_in gw-near ip route show 10.3.0.0/24)" ] && not lab_in gw-near ip link show avpn0 2> /dev/null
}

check_ends() {
    check "no daemon had a problem of its own" not grep -l Traceback "$LAB_DIR"/log/r2 "$LAB_DIR"/log/near "$LAB_DIR"/log/far "$LAB_DIR"/log/watch "$LAB_DIR"/log/lines
    lab_stop near
    check "a gateway that ends takes its device and routes along" no_route_left
    check "a new site needs a token or a bundle" exits 2 script gateway.py --state "$LAB_DIR/nobody"
    check "... which is said" complains "give a --token or a --bundle"
    check "a token that is mistyped is told" exits 2 script gateway.py --state "$LAB_DIR/nobody" --token ABC
    check "... as such" complains "--token: "
    echo nonsense > "$LAB_DIR/nobody/key"
    check "a key that is none names its file" exits 2 script registry.py --state "$LAB_DIR/nobody" --show-key
    check "... in words" complains "key $LAB_DIR/nobody/key: .*base64"
}

# ---- what_if.py ---------------------------------------------------------------------------------------

check_what_if() {
    sed '/^sites:/a\  extra: {role: spoke, hubs: [hub], exports: [10.9.0.0/24]}' "$LAB_ORG_YAML" > "$LAB_DIR/org/planned.yaml"
    check "what_if.py: the same file changes nothing" exits 0 script what_if.py "$LAB_ORG_YAML" "$LAB_ORG_YAML"
    check "... a planned one does" exits 1 script what_if.py "$LAB_ORG_YAML" "$LAB_DIR/org/planned.yaml" --json
    check "... the new site gets its tunnel and routes" says "d['sites']['extra'] == {'state': 'new', 'tunnels_begin': ['hub'], 'routes_begin': {p: ['hub'] for p in ('10.1.0.0/24', '10.2.0.0/24', '10.3.0.0/24', 'fd00:1::/64', 'fd00:2::/64', 'fd00:3::/64')}}"
    check "... the hub a tunnel, the others a route" says "d['sites']['hub'] == {'state': 'stays', 'tunnels_begin': ['extra'], 'routes_begin': {'10.9.0.0/24': ['extra']}} and d['sites']['near'] == {'state': 'stays', 'routes_begin': {'10.9.0.0/24': ['hub']}}"
    check "... the other way round it is gone" exits 1 script what_if.py "$LAB_DIR/org/planned.yaml" "$LAB_ORG_YAML"
    check "... in words" grep -qx "  - route 10.9.0.0/24 by hub" "$LAB_DIR/out"
    sed -i 's/10.9.0.0/10.9.0.1/' "$LAB_DIR/org/planned.yaml"
    check "... a file that is not valid" exits 2 script what_if.py "$LAB_ORG_YAML" "$LAB_DIR/org/planned.yaml"
    check "... is told with line, field and value" complains 'planned.yaml:[0-9]+: sites.extra.exports\[0\]: 10.9.0.1/24: '
}

# ---- all of them ------------------------------------------------------------------------------------------

all_were_run() {
    local path name missing=0
    for path in "$ROOT"/examples/python/*.py; do
        name=${path##*/}
        grep -q '^if __name__ == "__main__":' "$path" || continue
        grep -qx "$name" "$LAB_DIR/ran" && continue
        note "$name was not run"
        missing=1
    done
    return $missing
}

all_have_help() {
    local path
    for path in "$ROOT"/examples/python/*.py; do
        grep -q '^if __name__ == "__main__":' "$path" || continue
        "$LAB_DIR/venv/bin/python" "$LAB_DIR/python/${path##*/}" --help | grep -q "usage: ${path##*/}" || return 1
    done
}

types_are_right() {
    (cd "$ROOT/examples/python" && MYPYPATH=$ROOT/bindings/python mypy --strict --python-version 3.9 --cache-dir "$LAB_DIR/mypy" ./*.py) \
        > "$LAB_DIR/out" && return
    sed 's/^/# /' "$LAB_DIR/out"
    return 1
}

check_types() {
    if command -v mypy > /dev/null; then
        check "mypy --strict has nothing to say" types_are_right
    else
        tests=$((tests + 1))
        echo "ok $tests - mypy --strict has nothing to say # SKIP mypy is missing (tests/packages.txt, group test)"
    fi
}

main() {
    trap 'lab_end "${LAB_DIR:-}" "$LAB_PREFIX"' EXIT
    trap 'exit 1' INT TERM
    lab_begin
    : > "$LAB_DIR/ran"
    check_wheel || return
    check_simulation
    build_lab
    check_what_if
    check_gateways
    check_watcher
    check_ends
    check_types
    check "every script has --help" all_have_help
    check "every script of examples/python was run" all_were_run
    if [ $failures != 0 ]; then
        tail -n 12 "$LAB_DIR"/log/{r2,near,far,watch,publish} | sed 's/^/# /'
    fi
}

main
echo "1..$tests"
[ $failures = 0 ]
