# shellcheck shell=bash
# SPDX-License-Identifier: ISC
#
# Two workers at every site, and connections that last while configuration, keys, public address and uplink change.

declare -A flows=()

# start_flow NAME NAMESPACE WORDS...: in the background, what it says into a file
start_flow() {
    local name=$1
    shift
    lab_traffic "$@" > "$LAB_DIR/flow-$name" &
    flows[$name]=$!
}

# ends_with NAME PATTERN
ends_with() {
    wait "${flows[$1]}"
    grep -Eq "^$2\$" "$LAB_DIR/flow-$1" && return
    note "$1: $(tail -1 "$LAB_DIR/flow-$1")"
    return 1
}

# A change that concerns everybody; and one with another pre-shared key, for sessions to come.
publish_change() {
    sed -i "s|^name: .*|name: $1|" "$LAB_ORG_YAML"
    publish
}

publish_keys() {
    lab_admin org rotate-key "$LAB_ORG_YAML" --psk --no-passphrase >> "$LAB_DIR/log/publish" 2>&1 && publish
}

# Its NAT gets another public address: all mappings are new.
change_address() {
    lab_in nat-near ip address flush dev wan0
    lab_in nat-near ip address add 198.51.100.112/24 dev wan0
}

hub_sees() {
    [[ $(lab_value hub peers "[q['contact'] for p in d['peers'] if p['name'] == 'near' for q in p['paths'] if q['selected']][0]") == $1:* ]]
}

lab_of_workers() {
    local version
    # shellcheck source=tests/e2e/carrying.sh
    . "$HERE/carrying.sh"
    sites "workers: 2" "workers: 2" "workers: 2" friendly
    check "status: two workers at two queues" carries near "c['workers'] == 2 and c['queues'] == 2"
    transfers
    start_flow stream lan-near stream 10.3.0.10 7000 20
    start_flow back lan-far stream 10.2.0.10 7000 20
    start_flow six lan-near stream fd00:3::10 7000 20
    start_flow small lan-near flow 10.3.0.10 7000 8
    sleep 1
    check "a configuration is published while packets flow" publish_change other
    eventually 10 "... and in force" is_organization other
    version=$(lab_value near status "d['config_version']")
    check "another pre-shared key is published" publish_keys
    eventually 10 "... and in force" is_newer "$version"
    check "neither cost a datagram" ends_with small 0
    change_address
    eventually 40 "the site has another public address, and the hub knows" hub_sees 198.51.100.112
    lab_in gw-near ip link set wan0 down
    eventually 15 "its first uplink goes down: the second one takes over" hub_sees 198.51.100.62
    check "the connection lasted, every byte as it was sent" ends_with stream 'stream whole'
    check "... the one from far too" ends_with back 'stream whole'
    check "... and that of IPv6" ends_with six 'stream whole'
    nothing_lost
}

is_organization() {
    [ "$(lab_value near status "d['organization']")" = "$1" ]
}

is_newer() {
    [ "$(lab_value near status "d['config_version']")" -gt "$1" ]
}
