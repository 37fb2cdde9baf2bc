# shellcheck shell=bash
# SPDX-License-Identifier: ISC
#
# lab: a small internet of network namespaces on one machine, with the real daemons in it.
#
#                 public segment 198.51.100.0/24 (a bridge in namespace "pub")
#      |            |              |                       |
#   registry r1  registry r2   NAT "nat-A"              NAT "nat-B"     198.51.100.(10 + index)
#   and the administrator, "admin", at 198.51.100.200
#                                  | 172.16.index.0/24     |
#                              gateway "gw-A"           gateway "gw-B"  uplink wan0
#                                  | 10.index.0.0/24       |
#                              host "lan-A"             host "lan-B"    10.index.0.10
#
# With LAB_UNDERLAY6=1 everything outside has IPv6 too, routed and not translated: 2001:db8::X beside 198.51.100.X,
# and 2001:db8:INDEX::2 at the uplink of a gateway.
#
# Sourced, not run. Every name begins with a prefix of its own, so labs do not meet. Set before:
# LAB_BIN_GATEWAY, LAB_BIN_REGISTRY, LAB_BIN_ADMIN; LAB_BY_FILE: sites that get their configuration
# as a file and do not join with a token. Then: lab_begin, lab_public, lab_registry ..., lab_site ...,
# lab_write_org, lab_start_registry ..., lab_invite and lab_join ..., lab_publish, lab_start_gateway ...,
# and lab_end by trap.
#
# What is particular to a site is said before its lab_site, by name: LAB_LAN and LAB_LAN6, the first part of its
# LAN's addresses; LAB_EXPORTS, its subnets; LAB_SITE_MORE, lines of org.yaml; LAB_GATEWAY_MORE, lines of its
# gateway's settings. LAB_ORG_MORE: lines of org.yaml for the organization.

LAB_ORG_NAME=${LAB_ORG_NAME:-lab}
LAB_BY_FILE=${LAB_BY_FILE:-}
LAB_UNDERLAY6=${LAB_UNDERLAY6:-}
LAB_ORG_MORE=''
declare -A LAB_INDEX LAB_PID LAB_KEY LAB_SITE_YAML LAB_REGISTRY_IP LAB_REGISTRY_HOST
declare -A LAB_LAN LAB_LAN6 LAB_EXPORTS LAB_SITE_MORE LAB_GATEWAY_MORE
LAB_PORTS=0
# For lab_value: the first WAN's uplink with IPv4, which is all that the public segment has
LAB_WAN="next(u for u in d['uplinks'] if u['family'] == 'ipv4')"
LAB_TRAFFIC=$(dirname "${BASH_SOURCE[0]}")/traffic.py

lab_die() {
    echo "lab: $*" >&2
    exit 1
}

lab_begin() {
    [ "$(id -u)" = 0 ] || lab_die "namespaces need root"
    local tool
    for tool in ip nft ping python3; do
        command -v "$tool" > /dev/null || lab_die "$tool is missing; see tests/packages.txt"
    done
    [ -c /dev/net/tun ] || lab_die "/dev/net/tun is missing"
    for tool in "$LAB_BIN_GATEWAY" "$LAB_BIN_REGISTRY" "$LAB_BIN_ADMIN"; do
        [ -x "$tool" ] || lab_die "$tool is not built"
    done
    # "ip netns exec" binds a namespace's own hosts file over this one: it has to be there.
    [ -e /etc/hosts ] || printf '127.0.0.1 localhost\n' > /etc/hosts
    LAB_DIR=$(mktemp -d /tmp/avlab.XXXXXX)
    LAB_PREFIX=${LAB_PREFIX:-av$$}
    mkdir "$LAB_DIR/log"
    : > "$LAB_DIR/pids"
    LAB_ORG_YAML=$LAB_DIR/org/org.yaml
    LAB_ORG_ID=$("$LAB_BIN_ADMIN" org init "$LAB_DIR/org" --name "$LAB_ORG_NAME" --no-passphrase) ||
        lab_die "org init failed"
}

# Everything goes: daemons, namespaces, files. lab_end DIR PREFIX, so that a lab of another run can end too
lab_end() {
    local dir=$1 prefix=$2 pid name
    [ -n "$dir" ] || return 0
    trap '' INT TERM # a second one must not leave half of it standing
    while read -r pid; do
        kill "$pid" 2> /dev/null
    done < "$dir/pids"
    sleep 0.3
    while read -r pid; do
        kill -9 "$pid" 2> /dev/null
    done < "$dir/pids"
    for name in $(ip netns list 2> /dev/null | awk -v p="$prefix-" 'index($1, p) == 1 {print $1}'); do
        ip netns delete "$name"
        rm -rf "/etc/netns/$name"
    done
    rmdir /etc/netns 2> /dev/null
    rm -rf "$dir"
    return 0
}

lab_ns() {
    ip netns add "$LAB_PREFIX-$1"
    lab_in "$1" ip link set lo up
}

# lab_in NAMESPACE COMMAND...
lab_in() {
    local name=$LAB_PREFIX-$1
    shift
    ip netns exec "$name" "$@"
}

lab_sysctl() {
    lab_in "$1" sysctl -qw "$2"
}

# lab_wire NAMESPACE_A INTERFACE_A NAMESPACE_B INTERFACE_B
lab_wire() {
    ip link add "$2" netns "$LAB_PREFIX-$1" type veth peer name "$4" netns "$LAB_PREFIX-$3"
    lab_in "$1" ip link set "$2" up
    lab_in "$3" ip link set "$4" up
}

lab_public() {
    lab_ns pub
    lab_in pub ip link add br0 type bridge
    lab_in pub ip link set br0 up
    if [ -n "$LAB_UNDERLAY6" ]; then
        lab_in pub ip address add 2001:db8::1/64 dev br0 nodad
        lab_sysctl pub net.ipv6.conf.all.forwarding=1
    fi
    lab_ns admin
    lab_attach admin eth0 198.51.100.200
}

# The names that one namespace resolves. lab_hosts NAMESPACE; more lines from standard input
lab_hosts() {
    local registry file=/etc/netns/$LAB_PREFIX-$1/hosts
    mkdir -p "${file%/*}"
    {
        for registry in "${!LAB_REGISTRY_IP[@]}"; do
            echo "${LAB_REGISTRY_IP[$registry]} ${LAB_REGISTRY_HOST[$registry]}"
            [ -z "$LAB_UNDERLAY6" ] ||
                echo "2001:db8::${LAB_REGISTRY_IP[$registry]##*.} ${LAB_REGISTRY_HOST[$registry]}"
        done
        cat
    } > "$file"
}

# lab_attach NAMESPACE INTERFACE ADDRESS...
lab_attach() {
    local ns=$1 interface=$2 address
    shift 2
    LAB_PORTS=$((LAB_PORTS + 1))
    lab_wire "$ns" "$interface" pub "p$LAB_PORTS"
    lab_in pub ip link set "p$LAB_PORTS" master br0
    for address in "$@"; do
        lab_in "$ns" ip address add "$address/24" dev "$interface"
        [ -z "$LAB_UNDERLAY6" ] ||
            lab_in "$ns" ip address add "2001:db8::${address##*.}/64" dev "$interface" nodad
    done
    [ -z "$LAB_UNDERLAY6" ] || lab_in "$ns" ip -6 route add default via 2001:db8::1
}

# ---- registries ---------------------------------------------------------------------

# lab_registry NAME ADDRESS [HOSTNAME]
lab_registry() {
    local name=$1 listen='"0.0.0.0:9350"'
    [ -z "$LAB_UNDERLAY6" ] || listen+=', "[::]:9350"'
    LAB_REGISTRY_IP[$name]=$2
    LAB_REGISTRY_HOST[$name]=${3:-$2}
    lab_ns "$name"
    # Not its first address: the daemon has to answer from the one that was asked.
    lab_attach "$name" eth0 "198.51.100.22${2##*.}" "$2"
    cat > "$LAB_DIR/$name.yaml" << END
listen: [$listen]
key: $LAB_DIR/$name.key
control: $LAB_DIR/$name.sock
store: $LAB_DIR/$name.db
organizations:
  - {id: $LAB_ORG_ID}
log: debug
END
    LAB_KEY[$name]=$("$LAB_BIN_REGISTRY" --config "$LAB_DIR/$name.yaml" --show-key)
    lab_hosts admin < /dev/null
}

# lab_daemon NAME NAMESPACE COMMAND...
lab_daemon() {
    local name=$1 ns=$LAB_PREFIX-$2
    shift 2
    ip netns exec "$ns" "$@" >> "$LAB_DIR/log/$name" 2>&1 &
    LAB_PID[$name]=$!
    disown # the shell is not to announce how it ended
    echo "${LAB_PID[$name]}" >> "$LAB_DIR/pids"
}

lab_start_registry() {
    lab_daemon "$1" "$1" "$LAB_BIN_REGISTRY" --config "$LAB_DIR/$1.yaml"
}

# lab_stop NAME [SIGNAL]
lab_stop() {
    local i
    kill "-${2:-TERM}" "${LAB_PID[$1]}" 2> /dev/null
    for ((i = 0; i < 50; i++)); do
        kill -0 "${LAB_PID[$1]}" 2> /dev/null || return 0
        sleep 0.05
    done
    kill -9 "${LAB_PID[$1]}" 2> /dev/null
    return 0
}

# ---- NATs ------------------------------------------------------------------------------

# The rules of one NAT. lab_nat NAMESPACE KIND INSIDE OUTSIDE SECOND_OUTSIDE
#   friendly   endpoint-independent mapping, address and port filtering: most home routers
#   random     another port for each destination
#   addresses  another public address for each registry
#   cone       endpoint-independent filtering: strangers get in
#   forward    as random, but UDP 51625 is forwarded by the administrator
#   blocked    no UDP
lab_nat() {
    local ns=$1 kind=$2 inside=$3 outside=$4 second=$5 post='' pre='' forward=''
    case $kind in
    friendly) post="oifname wan0 masquerade" ;;
    random) post="oifname wan0 masquerade fully-random" ;;
    addresses)
        post="oifname wan0 snat to ip daddr map { 198.51.100.2 : $outside, 198.51.100.3 : $second }
        oifname wan0 snat to $outside"
        ;;
    cone)
        post="oifname wan0 snat to $outside"
        pre="iifname wan0 ip protocol udp dnat to $inside"
        ;;
    forward)
        post="oifname wan0 masquerade fully-random"
        pre="iifname wan0 udp dport 51625 dnat to $inside:51625"
        ;;
    blocked)
        post="oifname wan0 masquerade"
        forward="ip protocol udp drop"
        ;;
    *) lab_die "no such NAT: $kind" ;;
    esac
    # Its own input is dropped, as on any router: an accepted stray would take a port from the
    # hosts inside.
    lab_in "$ns" nft -f - << END
flush ruleset
table ip nat {
    chain pre {
        type nat hook prerouting priority dstnat
        $pre
    }
    chain post {
        type nat hook postrouting priority srcnat
        $post
    }
}
table ip filter {
    chain in {
        type filter hook input priority filter
        iifname wan0 ip protocol udp drop
    }
    chain forward {
        type filter hook forward priority filter
        $forward
    }
}
END
}

# A NAT in front of one uplink: lab_nat_box NAT_NS GATEWAY_NS INTERFACE KIND INDEX
lab_nat_box() {
    local nat=$1 gw=$2 interface=$3 kind=$4 index=$5
    lab_ns "$nat"
    lab_attach "$nat" wan0 "198.51.100.$((10 + index))" "198.51.100.$((110 + index))"
    lab_wire "$nat" inside "$gw" "$interface"
    lab_in "$nat" ip address add "172.16.$index.1/24" dev inside
    lab_in "$gw" ip address add "172.16.$index.2/24" dev "$interface"
    lab_sysctl "$nat" net.ipv4.ip_forward=1
    lab_nat "$nat" "$kind" "172.16.$index.2" "198.51.100.$((10 + index))" \
        "198.51.100.$((110 + index))"
    [ -z "$LAB_UNDERLAY6" ] || lab_router6 "$nat" "$gw" "$interface" "$index"
}

# lab_router6 NAT_NS GATEWAY_NS INTERFACE INDEX
lab_router6() {
    local nat=$1 gw=$2 interface=$3 index=$4
    lab_sysctl "$nat" net.ipv6.conf.all.forwarding=1
    lab_in "$nat" ip address add "2001:db8:$index::1/64" dev inside nodad
    lab_in "$gw" ip address add "2001:db8:$index::2/64" dev "$interface" nodad
    lab_in "$gw" ip -6 route add default via "2001:db8:$index::1" dev "$interface" metric "$((1000 + index))"
    lab_in pub ip -6 route add "2001:db8:$index::/64" via "2001:db8::$((10 + index))"
}

# ---- sites --------------------------------------------------------------------------------

# lab_site NAME INDEX NAT ROLE "HUBS" [SECOND_NAT]
lab_site() {
    local name=$1 index=$2 nat=$3 role=$4 hubs=$5 second=${6:-} port='' manual='' key=''
    local lan=${LAB_LAN[$1]:-10.$2.0} lan6=${LAB_LAN6[$1]:-fd00:$2} exports="10.$2.0.0/24, \"fd00:$2::/64\""
    LAB_INDEX[$name]=$index
    lab_ns "gw-$name"
    lab_ns "lan-$name"
    lab_nat_box "nat-$name" "gw-$name" wan0 "$nat" "$index"
    lab_in "gw-$name" ip route add default via "172.16.$index.1" dev wan0
    lab_wire "gw-$name" lan0 "lan-$name" eth0
    lab_in "gw-$name" ip address add "$lan.1/24" dev lan0
    lab_in "lan-$name" ip address add "$lan.10/24" dev eth0
    lab_in "lan-$name" ip route add default via "$lan.1"
    lab_in "gw-$name" ip address add "$lan6::1/64" dev lan0 nodad
    lab_in "lan-$name" ip address add "$lan6::10/64" dev eth0 nodad
    lab_in "lan-$name" ip route add default via "$lan6::1"
    lab_sysctl "gw-$name" net.ipv4.ip_forward=1
    lab_sysctl "gw-$name" net.ipv6.conf.all.forwarding=1
    lab_hosts "gw-$name" < /dev/null
    [ "$nat" = forward ] && port=', port: 51625'
    {
        if lab_is_by_file "$name"; then
            echo "organization: $LAB_ORG_ID"
            echo "bundle: $LAB_DIR/bundle"
        fi
        echo "state_directory: $LAB_DIR/state-$name"
        echo "control: $LAB_DIR/$name.sock"
        echo "undo_after_s: 10"
        echo "uplinks:"
        echo "  - {interface: wan0$port}"
        if [ -n "$second" ]; then
            lab_nat_box "nat2-$name" "gw-$name" wan1 "$second" "$((index + 50))"
            lab_in "gw-$name" ip route add default via "172.16.$((index + 50)).1" dev wan1 metric 200
            echo "  - {interface: wan1}"
        fi
        echo "${LAB_GATEWAY_MORE[$name]:-}"
    } > "$LAB_DIR/$name.yaml"
    lab_is_by_file "$name" && key="
    key: $("$LAB_BIN_GATEWAY" --config "$LAB_DIR/$name.yaml" --show-key)"
    [ "$nat" = forward ] && manual="
    uplinks: [{manual: \"198.51.100.$((10 + index)):51625\"}]"
    LAB_SITE_YAML[$name]="
  $name:$key
    role: $role
    hubs: [$hubs]
    exports: [${LAB_EXPORTS[$name]:-$exports}]$manual
${LAB_SITE_MORE[$name]:-}"
}

lab_is_by_file() {
    [[ " $LAB_BY_FILE " == *" $1 "* ]]
}

# ---- the administrator -----------------------------------------------------------------------

# org.yaml as a person writes it, sites that join without a key. Later changes: sed -i ... "$LAB_ORG_YAML"
lab_write_org() {
    local name
    {
        echo "name: $LAB_ORG_NAME"
        echo "registries:"
        for name in "${!LAB_REGISTRY_IP[@]}"; do
            echo "  - {host: ${LAB_REGISTRY_HOST[$name]}, port: 9350, key: ${LAB_KEY[$name]}}"
        done | sort
        echo "sites:"
        for name in "${!LAB_SITE_YAML[@]}"; do
            echo "${LAB_SITE_YAML[$name]}"
        done
        echo "$LAB_ORG_MORE"
    } > "$LAB_ORG_YAML"
}

# The administrator's tool, where the registries can be reached.
lab_admin() {
    lab_in admin "$LAB_BIN_ADMIN" "$@"
}

# lab_publish [OPTION...]: to the registries, and into the file for those who get one
lab_publish() {
    lab_admin org publish "$LAB_ORG_YAML" --no-passphrase --out "$LAB_DIR/bundle" "$@"
}

# lab_invite SITE [OPTION...]: the token
lab_invite() {
    local site=$1
    shift
    lab_admin invite "$LAB_ORG_YAML" "$site" --no-passphrase "$@" 2>> "$LAB_DIR/log/invite"
}

# lab_join SITE TOKEN: by standard input, as a person should
lab_join() {
    lab_in "gw-$1" "$LAB_BIN_GATEWAY" --config "$LAB_DIR/$1.yaml" --join - <<< "$2"
}

lab_start_gateway() {
    lab_daemon "$1" "gw-$1" "$LAB_BIN_GATEWAY" --config "$LAB_DIR/$1.yaml"
}

# Registries, the configuration and the gateways of sites that get it as a file: lab_raise SITE...
lab_raise() {
    local name
    lab_write_org
    for name in "${!LAB_REGISTRY_IP[@]}"; do
        lab_start_registry "$name"
    done
    lab_wait 5 lab_publish > "$LAB_DIR/log/publish" 2>&1 || lab_die "$(tail -3 "$LAB_DIR/log/publish")"
    for name in "$@"; do
        lab_start_gateway "$name"
    done
}

# lab_ask NAME COMMAND [--json]
lab_ask() {
    local name=$1
    shift
    "$LAB_BIN_ADMIN" "$@" --socket "$LAB_DIR/$name.sock"
}

# One value of an answer: lab_value NAME "COMMAND" 'PYTHON EXPRESSION OVER d'; empty when there is none
lab_value() {
    # shellcheck disable=SC2086
    lab_ask "$1" $2 --json 2> /dev/null | python3 -c "
import json, sys
try:
    d = json.load(sys.stdin)
    v = $3
    print('' if v is None else v)
except Exception:
    print('')"
}

# What the CLI does not show, as lab_value: lab_control NAME COMMAND 'PYTHON EXPRESSION OVER d'
lab_control() {
    python3 -c "
import json, socket
s = socket.socket(socket.AF_UNIX)
s.connect('$LAB_DIR/$1.sock')
s.sendall(b'{\"command\": \"$2\"}\n')
d = json.load(s.makefile())
print($3)" 2> /dev/null
}

lab_tunnel() {
    lab_ask "$1" peers 2> /dev/null | awk -v name="$2" '$1 == name { print $3 }'
}

lab_tunnel_is_up() {
    case $(lab_tunnel "$1" "$2") in
    up | rekeying) return 0 ;;
    esac
    return 1
}

# lab_ping FROM_SITE TO_SITE: one packet from host to host
lab_ping() {
    lab_in "lan-$1" ping -q -n -c 1 -W 1 "10.${LAB_INDEX[$2]}.0.10" > /dev/null 2>&1
}

lab_ping6() {
    lab_in "lan-$1" ping -6 -q -n -c 1 -W 1 "fd00:${LAB_INDEX[$2]}::10" > /dev/null 2>&1
}

# A host that answers at PORT and says its NAME: lab_serve NAMESPACE NAME PORT
lab_serve() {
    lab_daemon "serve-$1" "$1" python3 "$LAB_TRAFFIC" serve "$2" "$3"
}

# lab_traffic NAMESPACE tcp|udp|refused ADDRESS PORT [BYTES]: who answered, and whom it saw; see traffic.py
lab_traffic() {
    local ns=$1
    shift
    lab_in "$ns" timeout 50 python3 "$LAB_TRAFFIC" "$@" 2>&1
}

# lab_wait SECONDS COMMAND...: until the command is true
lab_wait() {
    local until=$(($(date +%s%N) / 1000000 + $1 * 1000))
    shift
    while ! "$@"; do
        [ $(($(date +%s%N) / 1000000)) -lt $until ] || return 1
        sleep 0.1
    done
}

lab_now_ms() {
    echo $(($(date +%s%N) / 1000000))
}

# The longest pause in a stream of pings, in milliseconds, while COMMAND... runs, also one that lasts to the end;
# 999999: hardly any came.
# lab_pause NAMESPACE ADDRESS INTERVAL SECONDS COMMAND...
lab_pause() {
    local ns=$1 address=$2 interval=$3 seconds=$4 log=$LAB_DIR/ping-$1 pid
    shift 4
    lab_in "$ns" ping -n -D -i "$interval" -w "$seconds" "$address" > "$log" 2>&1 &
    pid=$!
    sleep 1
    "$@"
    wait $pid
    awk -F'[][]' -v end="$(date +%s.%N)" '/bytes from/ {if (last && $2 - last > most) most = $2 - last; last = $2; n++}
        END {if (end - last > most + 1) most = end - last; if (n < 10) print 999999; else printf "%d\n", most * 1000}' "$log"
}
