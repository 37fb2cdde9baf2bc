#!/bin/bash
# SPDX-License-Identifier: ISC
#
# install-packages.sh: what the given groups of tests/packages.txt still lack on this machine.
#
#     scripts/install-packages.sh build programs lab
#
# Does nothing, and needs no root, when nothing is missing.
set -euo pipefail

list=$(cd "$(dirname "$0")/.." && pwd)/tests/packages.txt

wanted() {
    local groups=" $* " in_group=no line

    while read -r line; do
        case $line in
            '# group: '*) [[ $groups == *" ${line#\# group: } "* ]] && in_group=yes || in_group=no ;;
            '#'* | '') ;;
            *) [ "$in_group" = no ] || echo "$line" ;;
        esac
    done <"$list"
}

is_installed() {
    [ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null)" = installed ]
}

missing=()
for package in $(wanted "$@"); do
    is_installed "$package" || missing+=("$package")
done
[ ${#missing[@]} -gt 0 ] || exit 0

if [ "$(id -u)" -ne 0 ]; then
    echo "install-packages.sh: not root; missing: ${missing[*]}" >&2
    exit 1
fi
# Routing daemons are for the laboratories' namespaces: none is to run on this machine because of us.
policy=/usr/sbin/policy-rc.d
if [ ! -e $policy ]; then
    printf '#!/bin/sh\nexit 101\n' >$policy
    chmod 755 $policy
    trap 'rm -f $policy' EXIT
fi
export DEBIAN_FRONTEND=noninteractive
apt-get -q update
apt-get -q install -y --no-install-recommends "${missing[@]}"
for service in frr bird; do
    [[ " ${missing[*]} " != *" $service"* ]] || systemctl --no-reload disable "$service" >/dev/null 2>&1 || true
done
