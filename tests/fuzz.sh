#!/bin/bash
# SPDX-License-Identifier: ISC
#
# fuzz.sh: build every libFuzzer target with clang, address and undefined behaviour sanitizers,
# and run each for a while.
#
#     tests/fuzz.sh [SECONDS_PER_TARGET]      (default 60)
#
# Corpora grow in build-fuzz/corpus/TARGET. Exit status 0: nothing was found.
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
build=$root/build-fuzz
seconds=${1:-60}
failed=0

"$root/scripts/install-packages.sh" build test fuzz
[ -e "$build/build.ninja" ] ||
    CC=clang meson setup -Dfuzz=true -Dprograms=disabled -Dbench=false \
        -Db_sanitize=address,undefined -Db_lundef=false "$build" "$root" >/dev/null
ninja -C "$build" >/dev/null
for target in "$build"/tests/fuzz/fuzz_*; do
    [ -f "$target" ] && [ -x "$target" ] || continue
    name=$(basename "$target")
    mkdir -p "$build/corpus/$name"
    if (cd "$build" && "$target" -max_total_time="$seconds" -print_final_stats=1 -verbosity=0 \
        "corpus/$name" >"$name.log" 2>&1); then
        printf 'ok     %-14s %s runs in %s s\n' "$name" \
            "$(sed -n 's/^stat::number_of_executed_units: *//p' "$build/$name.log")" "$seconds"
    else
        printf 'not ok %-14s see %s\n' "$name" "$build/$name.log"
        failed=1
    fi
done
exit $failed
