#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""Count test cases: of a meson testlog.json, or (--tap) of lines of ok / not ok / skip.

    count_results.py build/meson-logs/testlog.json
    count_results.py --tap --status 1 --name e2e output.txt

Prints "PASSED FAILED SKIPPED" and then one line for each failure. A TAP program counts by its
cases; one that failed without naming a case, or any other program, counts as one.
"""
import argparse
import json
import re

LINE = re.compile(r"^(ok|not ok|skip)\b[ \d]*(?:- )?(.*)$")
SKIPPED = re.compile(r"^# skipped (\d+):")


def count_lines(text):
    passed, skipped, failures = 0, 0, []
    for line in text.splitlines():
        note = SKIPPED.match(line)
        match = LINE.match(line)
        if note:
            skipped += int(note.group(1))
        elif match and (match.group(1) == "skip" or re.search(r"# *skip", match.group(2), re.I)):
            skipped += 1
        elif match and match.group(1) == "ok":
            passed += 1
        elif match:
            failures.append(match.group(2))
    return passed, skipped, failures


def count_program(name, text, is_good, is_skipped, reason):
    passed, skipped, failures = count_lines(text)
    failures = [f"{name}: {failure}" for failure in failures]
    if not is_good and not failures:
        failures.append(f"{name}: {reason}")
    elif is_skipped and passed + skipped == 0:
        skipped = 1
    elif is_good and passed + skipped == 0:
        passed = 1
    return passed, skipped, failures


def count_meson_log(path):
    passed, skipped, failures = 0, 0, []
    with open(path, encoding="utf-8", errors="replace") as log:
        for line in log:
            test = json.loads(line)
            name = test["name"].split(" / ", 1)[-1]
            result = test["result"]
            counts = count_program(name, test.get("stdout", ""), result in ("OK", "SKIP"),
                                   result == "SKIP", result.lower())
            passed += counts[0]
            skipped += counts[1]
            failures += counts[2]
    return passed, skipped, failures


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("path")
    parser.add_argument("--tap", action="store_true")
    parser.add_argument("--status", type=int, default=0)
    parser.add_argument("--name", default="")
    options = parser.parse_args()
    if options.tap:
        with open(options.path, encoding="utf-8", errors="replace") as output:
            counts = count_program(options.name, output.read(), options.status in (0, 77),
                                   options.status == 77, f"exit status {options.status}")
    else:
        counts = count_meson_log(options.path)
    print(counts[0], len(counts[2]), counts[1])
    for failure in counts[2]:
        print(failure)


main()
