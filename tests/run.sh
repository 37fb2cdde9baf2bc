#!/bin/bash
# SPDX-License-Identifier: ISC
#
# run.sh: every test, from a fresh Debian 12 machine (as root) to one line of totals.
#
#     tests/run.sh [--quick] [--werror]
#
# First a plain build. Then two lanes: in front the meson tests, the other kernels and the laboratories of namespaces with the
# real programs, which mostly wait; behind them, at the lowest priority, what needs the processor more than the clock: builds with the
# address, undefined behaviour and thread sanitizers and their tests, tshark, the fuzz targets of inner packets under the
# memory sanitizer. --quick leaves out all but the plain build and its tests. --werror makes compiler
# warnings errors.
#
# Builds go to build*/ in the tree, what each phase printed to build/log/.
# The last line is "N passed, N failed, N skipped"; each failure has a line before it.
set -uo pipefail

root=$(cd "$(dirname "$0")/.." && pwd)
build=$root/build
sanitized=$root/build-sanitize
threaded=$root/build-thread
log=$build/log
is_quick=no
werror=false
passed=0
failed=0
skipped=0
failures=()

while [ $# -gt 0 ]; do
    case $1 in
        --quick) is_quick=yes ;;
        --werror) werror=true ;;
        *) sed -n '4,15s/^# \{0,1\}//p' "$0" >&2; exit 2 ;;
    esac
    shift
done

# Count what count_results.py says.
add_counts() {
    local counts line

    counts=$(python3 "$root/tests/count_results.py" "$@") || counts="0 1 0
count_results.py $*"
    read -r p f s <<<"$counts"
    passed=$((passed + p))
    failed=$((failed + f))
    skipped=$((skipped + s))
    while read -r line; do
        failures+=("$line")
    done < <(tail -n +2 <<<"$counts")
    printf '    %d passed, %d failed, %d skipped in this phase\n' "$p" "$f" "$s"
}

# phase NAME LIMIT_SECONDS COMMAND...: run it with its output in a file; says how long it took.
phase() {
    local name=$1 limit=$2 started=$SECONDS status file

    shift 2
    file=$log/${name// /-}.txt
    timeout --kill-after=10 "$limit" "$@" >"$file" 2>&1 </dev/null
    status=$?
    [ $status -ne 124 ] || echo "run.sh: stopped after $limit seconds" >>"$file"
    printf '%-28s %4ds  %s\n' "$name" $((SECONDS - started)) \
        "$(case $status in 0) echo done ;; 77) echo skipped ;; *) echo "exit status $status" ;; esac)"
    return $status
}

# must NAME LIMIT COMMAND...: a phase without which the rest makes no sense counts as one test.
must() {
    phase "$@" && return 0
    failed=$((failed + 1))
    failures+=("$1 (see build/log/${1// /-}.txt)")
    tail -n 30 "$log/${1// /-}.txt"
    return 1
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

configure() {
    local folder=$1 reconfigure=

    shift
    [ ! -e "$folder/build.ninja" ] || reconfigure=--reconfigure
    meson setup $reconfigure "$@" "$folder" "$root"
}

# meson_tests NAME FOLDER LIMIT OPTIONS...
meson_tests() {
    local name=$1 folder=$2 limit=$3

    shift 3
    rm -f "$folder/meson-logs/testlog.json"
    phase "$name" "$limit" meson test -C "$folder" --no-rebuild --print-errorlogs "$@" ||
        grep -vE '^(ok [0-9]|[ 0-9]+/[0-9]+ .* OK |>>>|ninja:|$)' "$log/${name// /-}.txt" | head -100
    if [ -e "$folder/meson-logs/testlog.json" ]; then
        add_counts "$folder/meson-logs/testlog.json"
    else
        failed=$((failed + 1))
        failures+=("$name (see build/log/${name// /-}.txt)")
    fi
}

# script_tests NAME LIMIT SCRIPT ARGUMENTS...: prints ok / not ok / skip lines.
script_tests() {
    local name=$1 limit=$2 status

    shift 2
    [ -e "$1" ] || return 0
    phase "$name" "$limit" "$@"
    status=$?
    [ $status -eq 0 ] || [ $status -eq 77 ] || tail -n 40 "$log/$name.txt"
    add_counts --tap --status $status --name "$name" "$log/$name.txt"
}

# The lane behind. A file says when a build that the front waits for is there, or will not come.
behind() {
    if must "configure sanitized" 120 bash -c 'configure "$@"' - "$sanitized" \
        -Db_sanitize=address,undefined -Db_lundef=false -Doptimization=1 -Dbench=false -Dopenssl=enabled \
        -Dc_args=-fno-sanitize-recover=all &&
        must "build sanitized" 1500 ninja -C "$sanitized"; then
        echo yes >"$log/sanitized.ready"
    else
        echo no >"$log/sanitized.ready"
    fi
    if must "configure thread" 120 bash -c 'configure "$@"' - "$threaded" -Db_sanitize=thread \
        -Db_lundef=false -Dbench=false &&
        must "build thread" 900 ninja -C "$threaded" tests/stress/test_stress tests/stress/test_threads \
            examples/gateway/autovpn-gateway examples/registry/autovpn-registry examples/admin/autovpn; then
        echo yes >"$log/threaded.ready"
        TSAN_OPTIONS=halt_on_error=1 meson_tests "stress" "$threaded" 400 --suite stress
    else
        echo no >"$log/threaded.ready"
    fi
    [ "$(cat "$log/sanitized.ready")" = no ] || sanitized_tests
    script_tests "tshark" 200 "$root/tests/oracle/tshark_icv.sh" "$build/tests/oracle/esp_pcap"
    must "memory" 900 "$root/tests/fuzz.sh" --memory && passed=$((passed + 1))
}

sanitized_tests() {
    local suite list suites=()

    for suite in unit vectors sim alloc; do
        # meson refuses a suite without tests.
        list=$(meson test -C "$sanitized" --list --suite "$suite" 2>/dev/null)
        [[ $list != *" / "* ]] || suites+=(--suite "$suite")
    done
    UBSAN_OPTIONS=print_stacktrace=1 \
        meson_tests "tests sanitized" "$sanitized" 1500 --timeout-multiplier 10 "${suites[@]}"
}

# Its totals come through a file, for it runs in a process of its own.
start_behind() {
    rm -f "$log/behind.totals" "$log"/*.ready
    (
        passed=0 failed=0 skipped=0 failures=()
        behind
        printf '%s\n' "$passed $failed $skipped" "${failures[@]+"${failures[@]}"}" >"$log/behind.totals"
    ) > >(sed -u 's/^/  behind: /') 2>&1 &
    behind_pid=$!
    renice -n 19 "$behind_pid" >/dev/null
    trap 'pkill -P "$behind_pid"; kill "$behind_pid" 2>/dev/null; exit 1' INT TERM
}

# is_ready NAME: wait until the lane behind has built it; false when it could not.
is_ready() {
    while [ ! -e "$log/$1.ready" ] && kill -0 "$behind_pid" 2>/dev/null; do
        sleep 1
    done
    [ "$(cat "$log/$1.ready" 2>/dev/null)" = yes ]
}

finish_behind() {
    local p f s line lines=()

    wait "$behind_pid"
    if ! { read -r p f s && mapfile -t lines; } <"$log/behind.totals" 2>/dev/null; then
        p=0 f=1 s=0 lines=("the lane behind the laboratories ended early")
    fi
    passed=$((passed + p))
    failed=$((failed + f))
    skipped=$((skipped + s))
    for line in "${lines[@]+"${lines[@]}"}"; do
        failures+=("$line")
    done
}

groups="build programs test docs"
[ "$(dpkg --print-architecture)" != amd64 ] || groups="$groups providers" # no others have them
[ $is_quick = yes ] || groups="$groups lab oracle fuzz bench"
mkdir -p "$log"
export -f configure
export root

# shellcheck disable=SC2086
must "packages" 900 "$root/scripts/install-packages.sh" $groups || finish
must "configure" 120 bash -c 'configure "$@"' - "$build" -Dwerror=$werror -Dopenssl=enabled || finish
must "build" 900 ninja -C "$build" || finish

if [ $is_quick = yes ]; then
    meson_tests "tests" "$build" 900
    finish
fi

start_behind
meson_tests "tests" "$build" 900
script_tests "hosts" 180 "$root/tests/e2e/hosts.sh" "$build"
script_tests "scripts" 300 "$root/tests/e2e/scripts.sh" "$build"
script_tests "kernel-esp" 400 "$root/tests/oracle/kernel_esp.sh" "$build/tests/oracle/esp_peer"
script_tests "kernel-plane" 400 "$root/tests/oracle/kernel_plane.sh" "$build"
script_tests "laboratory" 900 "$root/tests/e2e/run.sh" "$build"
script_tests "routes" 600 "$root/tests/e2e/routes.sh" "$build"
script_tests "offload" 300 "$root/tests/e2e/offload.sh" "$build"
if is_ready sanitized; then
    script_tests "laboratory-sanitized" 900 "$root/tests/e2e/run.sh" "$sanitized"
    script_tests "offload-sanitized" 300 "$root/tests/e2e/offload.sh" "$sanitized"
fi
if is_ready threaded; then
    TSAN_OPTIONS=halt_on_error=1 script_tests "offload-thread" 300 "$root/tests/e2e/offload.sh" "$threaded" workers
fi
finish_behind
must "tunnels" 120 "$root/tests/bench/tunnels.sh" --check "$build" && passed=$((passed + 1))
finish
