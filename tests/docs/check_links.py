#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""No dead link in any Markdown page of the tree: files are there, and so are the headings that anchors name.

    check_links.py SOURCE_ROOT

Anchors are made of headings as forges do it: small letters, no punctuation, dashes for blanks. Paths and programs of the
tree that pages name as code are looked for as well.
"""
import pathlib
import re
import sys

from tap import Tap

LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")
# `examples/minimal/two_sites.c`, `tests/run.sh`: a path from the top of the tree.
PATH = re.compile(r"`((?:bindings|doc|examples|include|lib|scripts|tests)/[\w./-]+)`")


def without_code(text):
    return re.sub(r"^( *)```.*?^\1```$", "", text, flags=re.M | re.S)


def anchors(page):
    found = set()
    for heading in re.findall(r"^#+ (.*)$", without_code(page.read_text()), re.M):
        words = re.sub(r"[`*]|\[([^\]]*)\]\([^)]*\)", r"\1", heading).strip().lower()
        anchor = re.sub(r"[^\w\- ]", "", words).replace(" ", "-")
        name, count = anchor, 0
        while name in found:
            count += 1
            name = f"{anchor}-{count}"
        found.add(name)
    return found


def findings(page, root):
    text = without_code(page.read_text())
    name = page.relative_to(root)
    for target in LINK.findall(re.sub(r"`[^`\n]*`", "", text)):
        if re.match(r"[a-z]+:", target):
            continue
        path, _, anchor = target.partition("#")
        file = page if not path else page.parent / path
        if not file.exists():
            yield f"{name}: {target}: there is no such file"
        elif anchor and file.suffix == ".md" and anchor not in anchors(file):
            yield f"{name}: {target}: there is no such heading"
    for path in PATH.findall(text):
        if not (root / path).exists():
            yield f"{name}: {path} is not in the tree"


def main():
    root = pathlib.Path(sys.argv[1]).resolve()
    tap = Tap()
    pages = [page for page in sorted(root.rglob("*.md"))
             if not any(part.startswith(("build", ".", "node_modules", "site")) for part in page.relative_to(root).parts)]
    for page in pages:
        tap.check(str(page.relative_to(root)), findings(page, root))
    tap.done()


if __name__ == "__main__":
    main()
