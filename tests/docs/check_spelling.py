#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""Spelling and words: of everything by codespell, of prose by aspell, and the glossary's one word per thing.

    check_spelling.py SOURCE_ROOT

words.txt, beside this file, has the project's own words, one a line; one that nothing uses any more is an error too. Prose is the
Markdown pages, the manual pages and the comments of the public headers, without what is code. The glossary's
last table says which words are not used, and for which ones instead.
"""
import pathlib
import re
import subprocess
import sys

from tap import Tap

HERE = pathlib.Path(__file__).resolve().parent
# Names and abbreviations that codespell takes for slips.
NOT_SLIPS = "ans,ba,keypair,hist,nd,ot,ser,te,ue,parms,inout,sting,rin,fo,wan,mis"


def markdown_prose(text):
    text = re.sub(r"^( *)```.*?^\1```$", "", text, flags=re.M | re.S)
    text = re.sub(r"^(?: {4}|\t).*$", "", text, flags=re.M)
    text = re.sub(r"`[^`]*`|\]\([^)]*\)|https?://\S+|&\w+;|^@\w+ \w+", " ", text, flags=re.M)
    return re.sub(r"'s?\b", "", text)


def header_prose(text):
    comments = "\n".join(re.findall(r"/\*\*?<?(.*?)\*/", text, re.S))
    comments = re.sub(r"^ \*? ?", "", comments, flags=re.M)
    return markdown_prose(comments)


def manual_prose(page):
    result = subprocess.run(["mandoc", "-Tmarkdown", page], capture_output=True, text=True, check=True)
    return re.sub(r"\*\*[^*]*\*\*|\*[^*\n]*\*", " ", markdown_prose(result.stdout.replace("\\", "")))


def prose(root):
    """The text of each page that a person reads, by its name."""
    pages = {page: markdown_prose(page.read_text())
             for page in [root / "README.md", *sorted((root / "doc").rglob("*.md"))]}
    pages |= {page: header_prose(page.read_text()) for page in sorted((root / "include/autovpn").glob("*.h"))}
    pages |= {page: manual_prose(page) for page in sorted((root / "doc/man").iterdir())}
    # Names with digits, capitals or underscores are no words.
    return {str(page.relative_to(root)): re.sub(r"\b\w*(?:[A-Z0-9_]\w*[A-Z0-9_]|\d|_)\w*\b", " ", text)
            for page, text in pages.items()}


def unknown_words(text, own):
    result = subprocess.run(["aspell", "list", "--lang=en", "--encoding=utf-8", "--ignore=1"], input=text,
                            capture_output=True, text=True, check=True)
    return {word for word in result.stdout.split() if word not in own and word.lower() not in own}


def spelling_findings(pages, own):
    for name, text in pages.items():
        for word in sorted(unknown_words(text, own)):
            yield f"{name}: {word}"


def codespell_findings(root):
    listing = subprocess.run(["git", "-c", f"safe.directory={root}", "ls-files", "-z"], cwd=root, capture_output=True, text=True)
    files = [name for name in listing.stdout.split("\0") if re.search(r"\.(c|h|md|py|sh|[1-8]|build|txt)$", name)]
    files = files or ["doc", "examples", "include", "lib", "tests"]
    result = subprocess.run(["codespell", "-L", NOT_SLIPS, *files], cwd=root, capture_output=True, text=True)
    return result.stdout.splitlines()


def glossary_findings(root, pages):
    """Words that the glossary's last table rules out."""
    table = (root / "doc/glossary.md").read_text().partition("## Not these")[2]
    rows = re.findall(r"^\| ([^|-][^|]*?) \| ([^|]*?) \|$", table, re.M)[1:]
    if not rows:
        yield "doc/glossary.md: found no words that are not used"
    for ruled_out, instead in rows:
        for word in ruled_out.split(", "):
            for name, text in pages.items():
                text = text.partition("Not these")[0] if name == "doc/glossary.md" else text
                if re.search(rf"\b{re.escape(word)}s?\b", text, re.I):
                    yield f"{name}: {word}: the word is {instead}"


def main():
    root = pathlib.Path(sys.argv[1]).resolve()
    tap = Tap()
    name = "slips, in the whole tree"
    if tap.needs("codespell", name):
        tap.check(name, codespell_findings(root))
    if not tap.needs("mandoc", "prose"):
        tap.done()
    pages = prose(root)
    tap.check("one word per thing", glossary_findings(root, pages))
    name = "spelling of prose"
    if tap.needs("aspell", name):
        own = set((HERE / "words.txt").read_text().split())
        tap.check(name, spelling_findings(pages, own))
        used = set(re.findall(r"[\w']+", " ".join(pages.values())))
        used |= {word.lower() for word in used}
        tap.check("words.txt has no word that nothing uses", sorted(own - used))
    tap.done()


if __name__ == "__main__":
    main()
