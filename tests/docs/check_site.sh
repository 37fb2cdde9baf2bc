#!/bin/bash
# SPDX-License-Identifier: ISC
#
# check_site.sh: the site builds without a warning, and a browser needs nothing but its files.
#
#     check_site.sh SOURCE_ROOT
#
# Prints TAP. Links to other hosts are links; what a page loads by itself has to be one of its files.
set -uo pipefail

root=$1
site=$(mktemp -d)
trap 'rm -rf "$site"' EXIT

for tool in doxygen mandoc sphinx-build; do
    if ! command -v "$tool" >/dev/null; then
        echo "1..0 # SKIP $tool is not installed: scripts/install-packages.sh docs"
        exit 0
    fi
done

status=0
say() {
    local number=$1 name=$2 findings=$3

    if [ -z "$findings" ]; then
        echo "ok $number - $name"
    else
        echo "not ok $number - $name"
        sed 's/^/# /' <<<"$findings" | head -50
        status=1
    fi
}

echo "1..4"
output=$("$root/scripts/build-site.sh" "$site/out" 2>&1) && output=
say 1 "it builds without a warning" "$output"
say 2 "no page loads anything from elsewhere" \
    "$(grep -rnoE '<(script|img|link|iframe)[^>]*(src|href)="(https?:)?//[^"]*"' --include='*.html' "$site/out" |
        grep -v 'rel="canonical"')"
say 3 "no style loads anything from elsewhere" "$(grep -rnoE 'url\(["'\'']?(https?:)?/[^)]*|@import[^;]*https?:[^;]*' --include='*.css' "$site/out")"
missing=
for word in avpn_node_send hub_tunnels Limits; do
    grep -qi "$word" "$site/out/searchindex.js" || missing+="the search does not know $word"$'\n'
done
say 4 "the search knows the reference, the manual pages and the chapters" "$missing"
exit $status
