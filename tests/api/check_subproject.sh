#!/bin/bash
# SPDX-License-Identifier: ISC
#
# check_subproject.sh: a project outside the tree that takes the library as a meson subproject, shared and static; and a program that
# takes it from an installation with nothing but the static library. Both are examples/minimal: two sites that meet.
#
#     check_subproject.sh SOURCE_ROOT CC
#
# Prints TAP. The subproject has include, lib and the meson files, and neither programs nor tests.
set -uo pipefail

source=$1
cc=$2
status=0
number=0
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 1' INT TERM

# try NAME COMMAND...
try() {
    local name=$1

    shift
    number=$((number + 1))
    if "$@" >"$work/out" 2>&1; then
        echo "ok $number - $name"
    else
        echo "not ok $number - $name"
        tail -n 30 "$work/out" | sed 's/^/# /'
        status=1
    fi
}

make_consumer() {
    mkdir -p "$work/consumer/subprojects/autovpn"
    cp "$source/examples/minimal/two_sites.c" "$work/consumer/main.c"
    cp -r "$source"/{include,lib,meson.build,meson_options.txt} "$work/consumer/subprojects/autovpn"
    cat >"$work/consumer/subprojects/autovpn.wrap" <<'END'
[wrap-file]
directory = autovpn

[provide]
dependency_names = autovpn
END
    cat >"$work/consumer/meson.build" <<'END'
project('consumer', 'c', meson_version: '>=1.0.0')
executable('consumer', 'main.c', dependencies: dependency('autovpn', version: '>=0.1.0'))
END
}

build() {
    CC=$cc meson setup --buildtype=plain --wrap-mode=forcefallback --prefix=/usr "-Ddefault_library=$1" "$work/$1" \
        "$work/consumer" && ninja -C "$work/$1"
}

# Two sites meet and a packet goes from one to the other: meets PROGRAM
meets() {
    local output

    output=$("$1") && echo "$output" && grep -q 'hub: 20 bytes from the other site' <<<"$output"
}

# needs_library PROGRAM: it is linked to the shared one
needs_library() {
    objdump -p "$1" | grep -q 'NEEDED *libautovpn\.so'
}

is_self_contained() {
    [ -x "$1" ] && ! needs_library "$1"
}

make_consumer
for kind in shared static; do
    try "a subproject, $kind" build $kind
    try "... runs" meets "$work/$kind/consumer"
done
try "the shared one is needed by the first" needs_library "$work/shared/consumer"
try "and by the second it is not" is_self_contained "$work/static/consumer"

holds_library_alone() {
    local others

    others=$(find "$work/root" -type f ! -name '*.h' ! -name libautovpn.a ! -name autovpn.pc)
    echo "$others"
    [ -z "$others" ] && [ "$(find "$work/root" -name libautovpn.a | wc -l)" = 1 ]
}

try "the static one is installed" meson install -C "$work/static" --no-rebuild --destdir "$work/root"
try "... and nothing beside it" holds_library_alone
PKG_CONFIG_PATH=$(dirname "$(find "$work/root" -name autovpn.pc)")
export PKG_CONFIG_PATH
flags=$(pkg-config --define-variable=prefix="$work/root/usr" --static --cflags --libs autovpn)
# shellcheck disable=SC2086
try "a program links it by pkg-config --static" \
    "$cc" -std=c11 "$source/examples/minimal/two_sites.c" -o "$work/linked" $flags
try "... runs" meets "$work/linked"
try "... without the shared one" is_self_contained "$work/linked"
echo "1..$number"
exit $status
