#!/bin/bash
# SPDX-License-Identifier: ISC
#
# portability.sh: the library and its tests on other machines than this one.
#
#     tests/portability.sh [--keep] [TARGET...]     all targets, unless told which
#     tests/portability.sh --quick                  one of them, lower layers and vectors only: for every commit
#     tests/portability.sh --list | --help
#
# Each target is cross-built and its unit tests, vectors, allocation tests, threads and simulated scenarios are run,
# under qemu where this machine cannot. Traces of the scenarios have to be the same on all targets, bit
# for bit. Needs Debian 12 on x86-64, and root where packages are missing. Libraries of the other
# machines stay in build-portability/ in the tree, so a second run is quicker; builds are removed, unless
# --keep. Logs: build-portability/log/. The last line is "N passed, N failed, N skipped".
set -uo pipefail

root=$(cd "$(dirname "$0")/.." && pwd)
work=$root/build-portability
log=$work/log
passed=0
failed=0
skipped=0
failures=()
is_quick=no
is_kept=no
targets=()

. "$root/tests/portability/targets.sh"
. "$root/tests/portability/debian.sh"
. "$root/tests/portability/sources.sh"
. "$root/tests/portability/cross.sh"

usage() {
    sed -n '4,15s/^# \{0,1\}//p' "$0"
}

list() {
    local target

    for target in $all_targets; do
        describe "$target"
        printf '%-8s %s\n' "$target" "$about"
    done
}

# phase NAME LIMIT_SECONDS COMMAND...: run it with its output in a file; says how long it took.
phase() {
    local name=$1 limit=$2 started=$SECONDS status file

    shift 2
    file=$log/${name// /-}.txt
    timeout --kill-after=10 "$limit" "$@" >"$file" 2>&1 </dev/null
    status=$?
    [ $status -ne 124 ] || echo "portability.sh: stopped after $limit seconds" >>"$file"
    printf '%-28s %4ds  %s\n' "$name" $((SECONDS - started)) \
        "$([ $status = 0 ] && echo done || echo "exit status $status")"
    return $status
}

fail() {
    failed=$((failed + 1))
    failures+=("$1")
}

# must NAME LIMIT COMMAND...: a phase without which the rest of the target makes no sense.
must() {
    phase "$@" && return 0
    fail "$1 (see build-portability/log/${1// /-}.txt)"
    tail -n 30 "$log/${1// /-}.txt"
    return 1
}

# A function of tests/portability/ for `timeout`, which runs programs: bash -c "$step" - FUNCTION ARGUMENTS...
# shellcheck disable=SC2016
step='for part in targets debian sources cross; do . "$root/tests/portability/$part.sh"; done
    describe "$target" && "$@"'

add_counts() {
    local counts p f s line

    counts=$(python3 "$root/tests/count_results.py" "$1") || counts="0 1 0
count_results.py $1"
    read -r p f s <<<"$counts"
    passed=$((passed + p))
    failed=$((failed + f))
    skipped=$((skipped + s))
    while read -r line; do
        failures+=("$target: $line")
    done < <(tail -n +2 <<<"$counts")
    printf '    %d passed, %d failed, %d skipped on %s\n' "$p" "$f" "$s" "$target"
}

# run_tests BUILD LIMIT SUITE...: only the suites there are, meson refuses one without tests. It builds what is missing.
run_tests() {
    local build=$1 limit=$2 suite suites=() list

    shift 2
    for suite in "$@"; do
        list=$(meson test -C "$build" --list --suite "$suite" 2>/dev/null)
        [[ $list != *" / "* ]] || suites+=(--suite "$suite")
    done
    rm -f "$build/meson-logs/testlog.json"
    phase "$target tests" "$limit" meson test -C "$build" --print-errorlogs \
        --timeout-multiplier "$([ -z "$emulator" ] && echo 2 || echo 10)" "${suites[@]}" ||
        grep -vE '^(ok [0-9]|[ 0-9]+/[0-9]+ .* OK |>>>|ninja:|$)' "$log/$target-tests.txt" | head -60
    if [ -e "$build/meson-logs/testlog.json" ]; then
        add_counts "$build/meson-logs/testlog.json"
    else
        fail "$target tests (see build-portability/log/$target-tests.txt)"
    fi
}

test_target() {
    local target=$1 build=$work/$1/build

    [ $is_quick = no ] || build=$work/$1/build-quick

    describe "$target"
    export target
    rm -rf "$build"
    mkdir -p "$work/$target"
    [ "$kind" = native ] || must "$target libraries" 900 bash -c "$step" - sysroot || return
    must "$target configure" 120 bash -c "$step" - configure "$build" "$is_quick" || return
    if [ $is_quick = yes ]; then
        # shellcheck disable=SC2086
        run_tests "$build" 900 $quick_suites
    else
        must "$target build" 1200 ninja -C "$build" || return
        [ "$programs" = no ] || programs_start "$build"
        run_tests "$build" 2400 unit vectors sim alloc stress
        traces_of "$build" >"$work/$target/traces.txt"
    fi
    [ $is_kept = yes ] || rm -rf "$build"
}

# Every program of the build says what its options are.
programs_start() {
    local build=$1 program

    for program in gateway/autovpn-gateway registry/autovpn-registry admin/autovpn; do
        if wrapped "$build/examples/$program" --help >"$log/$target-${program##*/}.txt" 2>&1; then
            passed=$((passed + 1))
        else
            fail "$target: $program --help"
        fi
    done
}

# The traces that a build's scenarios printed, one a line: what was played, and the hash of every datagram.
traces_of() {
    python3 - "$1/meson-logs/testlog.json" <<'END'
import json, sys
for line in open(sys.argv[1], encoding="utf-8"):
    test = json.loads(line)
    if test["name"].endswith("sim/scenarios"):
        print("\n".join(text for text in test["stdout"].splitlines() if text.startswith("# trace ")))
END
}

# All targets of this run beside the first.
compare_traces() {
    local first='' target

    for target in "${targets[@]}"; do
        [ -s "$work/$target/traces.txt" ] || continue
        if [ -z "$first" ]; then
            first=$target
        elif diff "$work/$first/traces.txt" "$work/$target/traces.txt" >"$log/$target-traces.txt"; then
            passed=$((passed + 1))
        else
            fail "$target: other traces than $first (see build-portability/log/$target-traces.txt)"
        fi
    done
}

finish() {
    local failure

    for failure in "${failures[@]+"${failures[@]}"}"; do
        echo "FAILED $failure"
    done
    echo "$passed passed, $failed failed, $skipped skipped"
    [ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
    exit
}

while [ $# -gt 0 ]; do
    case $1 in
        --help) usage; exit ;;
        --list) list; exit ;;
        --quick) is_quick=yes; targets=("$quick_target") ;;
        --keep) is_kept=yes ;;
        *)
            describe "$1" || { usage >&2; exit 2; }
            targets+=("$1") ;;
    esac
    shift
done
# shellcheck disable=SC2206
[ ${#targets[@]} -gt 0 ] || targets=($all_targets)

if [ "$(dpkg --print-architecture)" != amd64 ]; then
    echo "skip - cross compilers for other machines are asked for on amd64 alone"
    echo "0 passed, 0 failed, 1 skipped"
    exit 77
fi
export root work AVPN_SIM_SAME_SUITE=yes
mkdir -p "$log"
if [ $is_quick = yes ]; then groups="build portability-quick"; else groups="build programs test portability"; fi
# shellcheck disable=SC2086
must packages 900 "$root/scripts/install-packages.sh" $groups || finish
for target in "${targets[@]}"; do
    rm -f "$work/$target/traces.txt"
    test_target "$target"
done
[ $is_quick = yes ] || compare_traces
finish
