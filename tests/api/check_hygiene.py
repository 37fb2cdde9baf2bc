#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""Fail on a machine's absolute path in the tree, or on a source file without its SPDX line.

    check_hygiene.py SOURCE_ROOT

Looks at what git tracks, or would track; without git, at everything but build folders.
"""
import pathlib
import re
import subprocess
import sys

# Spelled so that this file does not find itself.
PATHS = re.compile(r"(?<![\w.])/(?:wor" + r"k|tmp/bui" + r"ld|home/\w+|roo" + r"t)(?:/|-)[\w.]")
SOURCES = {".c", ".h", ".py", ".sh"}
SPDX = "SPDX-License-Identifier: ISC"


def tracked(root):
    listing = subprocess.run(["git", "-c", f"safe.directory={root}", "-C", str(root), "ls-files",
                              "-z", "--cached", "--others", "--exclude-standard"],
                             capture_output=True, text=True)
    if listing.returncode == 0:
        return [root / name for name in sorted(set(listing.stdout.split("\0"))) if name]
    return [f for f in sorted(root.rglob("*"))
            if not any(part.startswith(("build", ".git", "__")) for part in f.relative_to(root).parts)]


def main():
    root = pathlib.Path(sys.argv[1]).resolve()
    files = [f for f in tracked(root) if f.is_file()]
    bad = []
    for file in files:
        name = file.relative_to(root)
        try:
            lines = file.read_text().splitlines()
        except UnicodeDecodeError:
            continue
        for number, line in enumerate(lines, 1):
            if PATHS.search(line):
                bad.append(f"{name}:{number}: a path of one machine: {line.strip()[:80]}")
            if line != line.rstrip():
                bad.append(f"{name}:{number}: blanks at the end of the line")
        is_source = file.suffix in SOURCES or (lines and lines[0].startswith("#!"))
        if is_source and not any(SPDX in line for line in lines[:2]):
            bad.append(f"{name}: no SPDX line")
    if not files:
        bad.append("found no file to check")
    print("\n".join(bad) or f"{len(files)} files are clean")
    sys.exit(1 if bad else 0)


if __name__ == "__main__":
    main()
