#!/bin/bash
# SPDX-License-Identifier: ISC
#
# check_install.sh: a program outside the tree builds against what `meson install` installs.
#
#     check_install.sh BUILD_DIRECTORY PREFIX CC
#
# Prints TAP. Uses pkg-config and nothing else to find the library.
set -uo pipefail

build=$1
prefix=$2
cc=$3
status=0
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# try NUMBER NAME COMMAND...
try() {
    local number=$1 name=$2

    shift 2
    if "$@" >"$work/out" 2>&1; then
        echo "ok $number - $name"
    else
        echo "not ok $number - $name"
        sed 's/^/# /' "$work/out"
        status=1
    fi
}

cat >"$work/program.c" <<'END'
#include <autovpn/autovpn.h>
#include <stdio.h>
#include <string.h>

int main(void)
{
    struct avpn_contact contact;
    struct avpn_key_pair pair;
    char text[AVPN_CONTACT_TEXT];

    if (avpn_contact_parse("[2001:DB8::1]:40000", &contact) != AVPN_OK ||
        avpn_contact_format(&contact, text, sizeof text) != AVPN_OK ||
        strcmp(text, "[2001:db8::1]:40000") != 0 || avpn_key_pair_generate(&pair) != AVPN_OK) {
        return 1;
    }
    puts(avpn_version());
    return 0;
}
END

echo "1..7"
try 1 "meson install" meson install -C "$build" --no-rebuild --destdir "$work/root"

pc=$(find "$work/root" -name autovpn.pc)
library=$(dirname "$(dirname "${pc:-none/none}")")
export PKG_CONFIG_PATH=${pc%/*} PKG_CONFIG_SYSROOT_DIR=
query() {
    # The prefix as seen from here; PKG_CONFIG_SYSROOT_DIR would move libsodium's paths as well.
    pkg-config --define-variable=prefix="$work/root$prefix" "$@" autovpn
}

try 2 "pkg-config knows it" query --exists --print-errors
version=$(query --modversion)

# shellcheck disable=SC2046
try 3 "a program links the shared library" \
    "$cc" -std=c11 -Wall -Wextra -Werror "$work/program.c" -o "$work/shared" $(query --cflags --libs)
needs_soname() {
    LD_LIBRARY_PATH=$library ldd "$work/shared" | grep -F "libautovpn.so.0 => $library/"
}
try 4 "it needs libautovpn.so.0" needs_soname
runs_shared() {
    [ "$(LD_LIBRARY_PATH=$library "$work/shared")" = "$version" ]
}
try 5 "it runs and the library's version is the package's" runs_shared

# What the static library needs, the package says; the library itself by its file, for -l would take the shared one.
libraries=$(query --static --libs)
# shellcheck disable=SC2046,SC2086
try 6 "a program links the static library" \
    "$cc" -std=c11 "$work/program.c" -o "$work/static" $(query --cflags) \
    ${libraries//-lautovpn/$library/libautovpn.a}
runs_static() {
    [ "$("$work/static")" = "$version" ]
}
try 7 "it runs without the shared library" runs_static
exit $status
