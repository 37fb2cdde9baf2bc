#!/bin/bash
# SPDX-License-Identifier: ISC
#
# fuzz.sh: build every libFuzzer target with clang, address and undefined behaviour sanitizers,
# and run each for a while. Targets that need nothing but what is instrumented (libsodium is not) then run what
# was collected under the memory sanitizer, and a few seconds more.
#
#     tests/fuzz.sh [SECONDS_PER_TARGET]      (default 60)
#     tests/fuzz.sh --memory                  only the memory sanitizer
#
# Corpora grow in build-fuzz/corpus/TARGET. Exit status 0: nothing was found.
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
build=$root/build-fuzz
memory=$root/build-fuzz-memory
memory_targets="fuzz_inner fuzz_offload"
failed=0

# run FOLDER TARGET LABEL SECONDS: what it found is in FOLDER/TARGET.log.
run() {
    local corpus=$build/corpus/$2

    mkdir -p "$corpus"
    if (cd "$1" && "tests/fuzz/$2" -max_total_time="$4" -print_final_stats=1 -verbosity=0 \
        "$corpus" >"$2.log" 2>&1); then
        printf 'ok     %-22s %s runs in %s s\n' "$3" \
            "$(sed -n 's/^stat::number_of_executed_units: *//p' "$1/$2.log")" "$4"
    else
        printf 'not ok %-22s see %s\n' "$3" "$1/$2.log"
        failed=1
    fi
}

configure() {
    [ -e "$1/build.ninja" ] ||
        CC=clang meson setup -Dfuzz=true -Dprograms=disabled -Dbench=false \
            -Db_sanitize="$2" -Db_lundef=false "$1" "$root" >/dev/null
}

"$root/scripts/install-packages.sh" build test fuzz
if [ "${1:-}" != --memory ]; then
    configure "$build" address,undefined
    ninja -C "$build" >/dev/null
    for target in "$build"/tests/fuzz/fuzz_*; do
        if [ ! -f "$target" ] || [ ! -x "$target" ]; then continue; fi
        run "$build" "$(basename "$target")" "$(basename "$target")" "${1:-60}"
    done
fi
configure "$memory" memory
for name in $memory_targets; do
    ninja -C "$memory" "tests/fuzz/$name" >/dev/null
    run "$memory" "$name" "$name (memory)" 5
done
exit $failed
