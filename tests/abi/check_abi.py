#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""Compare the library's binary interface with the one that was published: tests/abi/libautovpn.abi.

    check_abi.py SOURCE_ROOT COMPILER            fail on an incompatible change that is not declared; print additions
    check_abi.py SOURCE_ROOT COMPILER --renew    write the baseline anew

What is compared is what the headers say, compiled with a body of nothing for every function and linked with the library's version
script. So neither providers nor build options nor the code matter, and the compiler checks elsewhere that the code is what the headers
say. The baseline is of 64-bit x86; on others, and without abidiff (Debian: abigail-tools), the check is skipped.

A change that breaks programs on purpose is declared in tests/abi/declared.abignore (its head says how) and, once the
version that has it is published, the baseline is renewed and the declarations go.
"""
import pathlib
import platform
import re
import shutil
import subprocess
import sys
import tempfile

ADDED, INCOMPATIBLE = 4, 8  # bits of abidiff's exit status
BITS_OF_FAILURE = 3


def functions(include):
    """Every function of the headers, with a body that does nothing."""
    for header in sorted(include.glob("autovpn/*.h")):
        text = re.sub(r"/\*.*?\*/", "", header.read_text(), flags=re.S)
        for declaration in re.findall(r"^AVPN_API\b([^;]*);", text, flags=re.M | re.S):
            yield " ".join(declaration.split()) + " { __builtin_trap(); }"


def build(root, compiler, folder):
    """A library that is all interface."""
    source = folder / "interface.c"
    library = folder / "libautovpn.so.0"
    source.write_text("#define AVPN_BUILDING\n#include <autovpn/autovpn.h>\n" + "\n".join(functions(root / "include")))
    subprocess.run([*compiler.split(), "-shared", "-fPIC", "-O0", "-gdwarf-4", "-fno-eliminate-unused-debug-types", "-w",
                    "-I", root / "include", "-Wl,-soname,libautovpn.so.0",
                    f"-Wl,--version-script,{root / 'lib/autovpn.map'}", "-o", library, source], check=True)
    return library


def renew(root, library, baseline):
    subprocess.run(["abidw", "--load-all-types", "--no-show-locs", "--no-corpus-path",
                    "--no-comp-dir-path", "--short-locs", "--out-file", baseline, library], check=True)
    print(f"{baseline.relative_to(root)} is written")


def growing(include, folder):
    """What is no break: structs that begin with `size` grow at their end (doc/decisions/0017-growing-structs.md)."""
    text = "".join(header.read_text() for header in sorted(include.glob("autovpn/*.h")))
    names = re.findall(r"^struct (avpn_\w+) {\n    uint32_t size;", text, flags=re.M)
    allowed = folder / "growing.abignore"
    allowed.write_text(f"[suppress_type]\n  type_kind = struct\n  name_regexp = ^({'|'.join(names)})$\n"
                       "  has_data_member_inserted_at = end\n")
    return allowed


def compare(root, library, baseline):
    result = subprocess.run(["abidiff", "--non-reachable-types", "--no-show-locs",
                             "--suppressions", growing(root / "include", library.parent),
                             "--suppressions", baseline.with_name("declared.abignore"), baseline, library],
                            text=True, capture_output=True)
    print(result.stdout + result.stderr, end="")
    if result.returncode & BITS_OF_FAILURE:
        sys.exit(f"check_abi.py: abidiff failed, status {result.returncode}")
    if result.returncode & INCOMPATIBLE or (result.returncode & ADDED and is_changed(result.stdout)):
        sys.exit("check_abi.py: this breaks programs compiled for an earlier version. If that is meant, declare it: "
                 "tests/abi/declared.abignore says how")
    print("ok: additions only" if result.returncode & ADDED else "ok: as published")


def is_changed(report):
    """Does a report tell more than additions? abidiff leaves the judgement of changed types to who reads it."""
    counts = re.findall(r"(\d+) (Removed|Changed)|(\d+) (removed|changed)", report)
    counts += [(count, "", "", "") for count in re.findall(r"changes summary: (\d+) removed", report)]
    return any(int(first or second) > 0 for first, _, second, _ in counts)


def main():
    root, compiler = pathlib.Path(sys.argv[1]).resolve(), sys.argv[2]
    baseline = root / "tests/abi/libautovpn.abi"
    if shutil.which("abidiff") is None:
        print("skipped: abidiff is not there (Debian: abigail-tools)")
        sys.exit(77)
    if platform.machine() != "x86_64" or sys.maxsize < 2**32:
        print(f"skipped: the baseline is of x86_64, this is {platform.machine()}")
        sys.exit(77)
    with tempfile.TemporaryDirectory() as folder:
        library = build(root, compiler, pathlib.Path(folder))
        renew(root, library, baseline) if "--renew" in sys.argv else compare(root, library, baseline)


if __name__ == "__main__":
    main()
