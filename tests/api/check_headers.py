#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""Compile each public header alone, as C11 and as C++17; check that it would be installed.

    check_headers.py SOURCE_ROOT CC CXX

Prints TAP. A missing C++ compiler skips its half.
"""
import pathlib
import shutil
import subprocess
import sys

STRICT = ["-Wall", "-Wextra", "-pedantic", "-Werror", "-fsyntax-only"]


def compiles(command, include, name):
    text = f"#include <autovpn/{name}>\n#include <autovpn/{name}>\n"
    result = subprocess.run([*command, *STRICT, f"-I{include}", "-"], input=text, text=True,
                            capture_output=True)
    for line in result.stderr.splitlines():
        print("#", line)
    return result.returncode == 0


def main():
    root, cc, cxx = pathlib.Path(sys.argv[1]), sys.argv[2], sys.argv[3]
    include = root / "include"
    headers = sorted(header.name for header in (include / "autovpn").glob("*.h"))
    installed = (include / "meson.build").read_text()
    umbrella = (include / "autovpn/autovpn.h").read_text()
    results = []
    for name in headers:
        results.append((f"{name} alone is C11", compiles([cc, "-std=c11", "-xc"], include, name)))
        title = f"{name} alone is C++17"
        if shutil.which(cxx):
            results.append((title, compiles([cxx, "-std=c++17", "-xc++"], include, name)))
        else:
            results.append((f"{title} # SKIP no {cxx}", True))
        results.append((f"{name} is installed", f"autovpn/{name}'" in installed))
        if name != "autovpn.h":
            results.append((f"{name} is in autovpn.h", f"<autovpn/{name}>" in umbrella))
    print(f"1..{len(results)}")
    for number, (title, is_good) in enumerate(results, 1):
        print("ok" if is_good else "not ok", number, "-", title)
    sys.exit(0 if results and all(is_good for _, is_good in results) else 1)


if __name__ == "__main__":
    main()
