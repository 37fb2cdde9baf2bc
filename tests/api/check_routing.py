#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""doc/routing.md: its examples are accepted by the programs, its pictures are there and all of them are shown.

    check_routing.py SOURCE_ROOT [AUTOVPN AUTOVPN_GATEWAY]

A YAML block is an org.yaml, to which the first one is put in front where it leaves out name and registries, or, where it has
neither sites nor registries, a gateway.yaml, to which an organization is added. Without the programs only the pictures are checked.
"""
import pathlib
import re
import subprocess
import sys
import tempfile


def picture_findings(root, page):
    shown = set(re.findall(r"\]\((pictures/[^)]*)\)", page))
    there = {f"pictures/{file.name}" for file in (root / "doc/pictures").iterdir()}
    return ([f"{name}: shown, but not there" for name in sorted(shown - there)]
            + [f"{name}: there, but not shown" for name in sorted(there - shown)])


def yaml_blocks(page):
    """Each block with the line it begins at."""
    return [(page.count("\n", 0, match.start()) + 2, match.group(1))
            for match in re.finditer(r"^```yaml\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)]


def finding(command, line):
    """What a program says about a file it should accept, or nothing."""
    result = subprocess.run(command, capture_output=True, text=True, timeout=60)
    if result.returncode == 0:
        return []
    return [f"the example at line {line} is refused: {result.stdout}{result.stderr}"]


def example_findings(blocks, autovpn, gateway):
    found = []
    common = next(text for _, text in blocks if "registries:" in text)
    key = re.search(r'key: ("[^"]*")', common).group(1)  # looks like an organization's id
    for line, text in blocks:
        is_org = re.search(r"^(sites|registries):", text, re.MULTILINE)
        with tempfile.TemporaryDirectory() as folder:
            file = pathlib.Path(folder) / ("org.yaml" if is_org else "gateway.yaml")
            if text == common:
                text += "sites:\n  north: {role: hub}\n"
            elif is_org and "registries:" not in text:
                text = common + text
            elif not is_org:
                text += f"organization: {key}\nstate_directory: {folder}\n"
            file.write_text(text)
            command = [autovpn, "org", "check", file] if is_org else [gateway, "--check", "--config", file]
            found += finding(command, line)
    return found


def main():
    root = pathlib.Path(sys.argv[1])
    page = (root / "doc/routing.md").read_text()
    blocks = yaml_blocks(page)
    found = picture_findings(root, page)
    if not blocks:
        found.append("found no example to check")
    elif len(sys.argv) > 3:
        found += example_findings(blocks, sys.argv[2], sys.argv[3])
    print("\n".join(f"doc/routing.md: {line}" for line in found) or f"{len(blocks)} examples")
    sys.exit(1 if found else 0)


if __name__ == "__main__":
    main()
