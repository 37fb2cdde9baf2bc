#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""List the requirements of doc/protocol.md without code or without a test.

    check_requirements.py SOURCE_ROOT [--verbose]

A requirement is defined where its id stands in bold at the start of a paragraph or list item,
**[REG-7]**. It has code when a file in lib/ or include/ cites the id, and a test when one in tests/ does. Ranges
count for each of their members: [REG-1] to [REG-5], [REG-1]..[REG-5]. Programs' own requirements
may have their code in examples/. A citation of an id that is not defined is an error too.
"""
import pathlib
import re
import sys

DEFINITION = re.compile(r"^\s*(?:[-*]\s+)?\*\*\[([A-Z]+-\d+)\]\*\*", re.M)
CITATION = re.compile(r"\[([A-Z]+)-(\d+)\](?:(?:\s*(?:to|\.\.|-|–)\s*)\[\1-(\d+)\])?")
SUFFIXES = {".c", ".h", ".py", ".sh"}


def citations(*folders):
    found = {}
    for folder in folders:
        for file in sorted(folder.rglob("*")):
            if file.suffix not in SUFFIXES or file.name == "check_requirements.py":
                continue
            # A comment's line break may fall inside a range.
            text = re.sub(r"\n\s*(\*|#|//)?\s*", " ", file.read_text(errors="replace"))
            for family, first, last in CITATION.findall(text):
                for number in range(int(first), int(last or first) + 1):
                    found.setdefault(f"{family}-{number}", set()).add(file)
    return found


def order(name):
    family, number = name.split("-")
    return family, int(number)


def main():
    root = pathlib.Path(sys.argv[1])
    defined = DEFINITION.findall((root / "doc/protocol.md").read_text())
    families = {name.split("-")[0] for name in defined}
    code = citations(root / "lib", root / "include", root / "examples")
    tests = citations(root / "tests")
    bad = [f"{name}: defined twice" for name in sorted(set(defined)) if defined.count(name) > 1]
    for name in sorted(set(defined), key=order):
        lacks = [what for what, where in (("code", code), ("test", tests)) if name not in where]
        if lacks:
            bad.append(f"{name}: no {' and no '.join(lacks)}")
    for name in sorted((set(code) | set(tests)) - set(defined), key=order):
        if name.split("-")[0] in families:
            files = sorted(str(f.relative_to(root)) for f in code.get(name, set()) | tests.get(name, set()))
            bad.append(f"{name}: cited in {', '.join(files)} but not defined")
    if not defined:
        bad.append("doc/protocol.md defines no requirement")
    print("\n".join(bad) or f"all {len(defined)} requirements have code and a test")
    sys.exit(1 if bad else 0)


if __name__ == "__main__":
    main()
