#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""The API reference is whole: Doxygen has nothing to complain of, and it and the headers know the same names.

    check_api.py SOURCE_ROOT

What is public is read from the headers a second time, plainly, so that a name that Doxygen does not see is noticed as well:
each function, struct, enum, constant and macro has to be documented and to stand in just one group.
"""
import pathlib
import re
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as tree

from tap import Tap

# Guards, and what only the compiler reads.
NOT_API = re.compile(r"AUTOVPN_\w+_H$|AVPN_API$")


def public_names(headers):
    names = set()
    for header in headers:
        text = re.sub(r"/\*.*?\*/", "", header.read_text(), flags=re.S)
        names |= set(re.findall(r"^#define (\w+)", text, re.M))
        names |= set(re.findall(r"^typedef \w+ (\w+);", text, re.M))
        names |= set(re.findall(r"^AVPN_API [^;(]*?(\w+)\(", text, re.M))
        names |= {f"struct {name}" for name in re.findall(r"^struct (\w+) \{", text, re.M)}
        for enum, body in re.findall(r"^enum (\w+) \{(.*?)\}", text, re.M | re.S):
            names |= {f"enum {enum}"} | set(re.findall(r"^\s*(?:[^,]*, )?(AVPN_\w+)", body, re.M))
    return {name for name in names if not NOT_API.match(name)}


def is_described(element):
    return any("".join(element.find(part).itertext()).strip() for part in ("briefdescription", "detaileddescription"))


def documented(xml):
    """Name -> groups it stands in, and findings about what has no words of its own."""
    places, findings = {}, []
    for file in sorted(xml.glob("group__*.xml")):
        group = tree.parse(file).getroot().find("compounddef")
        title = group.findtext("compoundname")
        for inner in group.findall("innerclass"):
            places.setdefault(f"struct {inner.text}", []).append(title)
        for member in group.iter("memberdef"):
            kind, name = member.get("kind"), member.findtext("name")
            places.setdefault(f"enum {name}" if kind == "enum" else name, []).append(title)
            for value in member.findall("enumvalue"):
                places.setdefault(value.findtext("name"), []).append(title)
                if not is_described(value):
                    findings.append(f"{value.findtext('name')} has no description")
            if not is_described(member):
                findings.append(f"{name} has no description")
    for file in sorted(xml.glob("structavpn__*.xml")):
        struct = tree.parse(file).getroot().find("compounddef")
        for field in struct.iter("memberdef"):
            if not is_described(field):
                findings.append(f"struct {struct.findtext('compoundname')}: {field.findtext('name')} has no description")
    return places, findings


def opaque_findings(headers):
    """A struct of which only the name is public is introduced once, with a sentence."""
    known, introduced = set(), set()
    for header in headers:
        text = header.read_text()
        declared = set(re.findall(r"^struct (\w+);", text, re.M))
        introduced |= set(re.findall(r"\*/\nstruct (\w+);", text))
        introduced |= set(re.findall(r"^struct (\w+) \{", text, re.M))
        known |= declared
    return [f"struct {name} is not described where it is declared" for name in sorted(known - introduced)]


def main():
    root = pathlib.Path(sys.argv[1]).resolve()
    headers = sorted((root / "include/autovpn").glob("*.h"))
    tap = Tap()
    tap.check("structs without public fields are introduced", opaque_findings(headers))
    if not tap.needs("doxygen", "the headers without a warning of Doxygen"):
        tap.done()
    with tempfile.TemporaryDirectory() as folder:
        config = (root / "doc/site/Doxyfile.in").read_text()
        for name, value in (("SOURCE_ROOT", root), ("OUTPUT", folder), ("VERSION", "0")):
            config = config.replace(f"@{name}@", str(value))
        result = subprocess.run(["doxygen", "-"], input=config, capture_output=True, text=True)
        warnings = [line.replace(f"{root}/", "") for line in result.stderr.splitlines()]
        tap.check("the headers without a warning of Doxygen",
                  warnings or ([] if result.returncode == 0 else [f"doxygen ended with {result.returncode}"]))
        places, findings = documented(pathlib.Path(folder) / "xml")
    names = public_names(headers)
    tap.check("every name has a description", findings)
    tap.check("every name stands in a group", [f"{name} does not" for name in sorted(names - set(places))])
    tap.check("no name stands in two groups",
              [f"{name}: {', '.join(where)}" for name, where in sorted(places.items()) if len(where) > 1])
    tap.check("the reference has no other names",
              [name for name in sorted(set(places) - names) if not NOT_API.match(name)])
    tap.done()


if __name__ == "__main__":
    main()
