# shellcheck shell=bash
# SPDX-License-Identifier: ISC
#
# tap: lines of ok and not ok, and their count. Sourced, not run.

tests=0
failures=0

# check NAME COMMAND...
check() {
    local name=$1
    shift
    tests=$((tests + 1))
    if "$@"; then
        echo "ok $tests - $name"
    else
        failures=$((failures + 1))
        echo "not ok $tests - $name"
    fi
}

note() {
    echo "# $*"
}

equals() {
    [ "$1" = "$2" ] && return 0
    note "got '$1', wanted '$2'"
    return 1
}

not() {
    ! "$@"
}
