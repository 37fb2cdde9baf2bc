#!/bin/bash
# SPDX-License-Identifier: ISC
#
# check_lua.sh: an organization in LuaJIT, by the headers and the shared library alone, says what the one in C says.
#
#     check_lua.sh LUAJIT SCRIPT DECLARATIONS LIBRARY
set -u
wanted='0.000 s hub: tunnel with spoke is up
0.000 s spoke: tunnel with hub is up
5.000 s hub: 20 bytes from the other site'
if ! command -v "$1" >/dev/null; then
    echo "1..0 # SKIP $1 is missing"
    exit 0
fi
echo 1..1
if said=$("$@" 2>&1 | sed 's/^ *//; s/  */ /g') && [ "$said" = "$wanted" ]; then
    echo "ok 1 - two sites meet in LuaJIT"
else
    echo "not ok 1 - two sites meet in LuaJIT"
    sed 's/^/# /' <<<"$said"
    exit 1
fi
