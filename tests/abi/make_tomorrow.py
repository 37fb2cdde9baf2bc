#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""Headers as a later version may have them: every struct that grows has one field more.

    make_tomorrow.py OUTPUT_DIRECTORY HEADER ...

Writes each header, with `uint32_t tomorrow[2]` at the end of every struct that begins with its size, and growable.h, which
lists these structs. Fails when one of them stands inside of another struct: it could then not grow (doc/decisions/0017).
"""
import pathlib
import re
import sys

STRUCT = re.compile(r"^struct (\w+) {\n(.*?)^};", re.M | re.S)
COMMENT = re.compile(r"/\*.*?\*/", re.S)


def structs(text):
    """{name: body without comments}"""
    return {name: COMMENT.sub("", body) for name, body in STRUCT.findall(text)}


def main():
    output, headers = pathlib.Path(sys.argv[1]), [pathlib.Path(name) for name in sys.argv[2:]]
    found = {name: body for header in headers for name, body in structs(header.read_text()).items()}
    growable = sorted(name for name, body in found.items() if re.match(r"\s*uint32_t size;", body))
    nested = [f"struct {name} has a struct {inner} inside, which grows" for name, body in found.items()
              for inner in growable if re.search(rf"struct {inner} \w", body)]
    if nested or not growable:
        sys.exit("\n".join(nested) or "no header has a struct that grows")
    for header in headers:
        text = STRUCT.sub(lambda match: match.group(0)[:-2] + "    uint32_t tomorrow[2];\n};"
                          if match.group(1) in growable else match.group(0), header.read_text())
        (output / header.name).write_text(text)
    (output / "growable.h").write_text(
        "#define GROWABLE(X) \\\n" + " \\\n".join(f"    X({name})" for name in growable) + "\n")


if __name__ == "__main__":
    main()
