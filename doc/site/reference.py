# SPDX-License-Identifier: ISC
"""The API reference: Doxygen reads the headers, and each of its groups becomes a page.

    reference.write(root, folder)      folder/xml for the extension breathe, a page per group, an index

A page begins with the essay at the top of its header. ORDER is that of a person who looks something up; a group that is
missing from it is an error, as is one too many.
"""
import pathlib
import re
import subprocess
import sys
import textwrap
import xml.etree.ElementTree as tree

ORDER = {
    "Start here": ("values", "batch", "host", "event", "version"),
    "Engines": ("node", "worker", "registry"),
    "An organization": ("config", "authority", "publisher", "join"),
    "Parts that work alone": ("nat", "route", "sa", "aead", "noise", "offload"),
}
NAME = re.compile(r"(?<![\w`])((?:avpn|AVPN)_\w*[A-Za-z0-9])(?![\w*`])")


def run_doxygen(root, output):
    """The XML of all headers. Doxygen's findings, if there are any, end the program."""
    template = pathlib.Path(__file__).resolve().parent / "Doxyfile.in"
    version = re.search(r"version: '([^']*)'", (root / "meson.build").read_text()).group(1)
    names = {"VERSION": version, "SOURCE_ROOT": str(root), "OUTPUT": str(output)}
    output.mkdir(parents=True, exist_ok=True)
    config = output / "Doxyfile"
    config.write_text(re.sub(r"@(\w+)@", lambda match: names[match.group(1)], template.read_text()))
    result = subprocess.run(["doxygen", config], capture_output=True, text=True)
    if result.returncode != 0 or result.stderr:
        sys.exit(result.stderr or result.stdout or "doxygen failed")
    return output / "xml"


def groups(root):
    """Each group's title and header, by its name."""
    found = {}
    for header in sorted((root / "include/autovpn").glob("*.h")):
        match = re.search(r"@defgroup (\w+) (.*)", header.read_text())
        if match:
            found[match.group(1)] = (match.group(2), header)
    return found


def comment(text):
    """The lines of a comment without its frame."""
    return re.sub(r"^ \* ?", "", text, flags=re.M)


def essay(header_text):
    """What a header says of itself, as Markdown: its examples are C, and names of the API are code."""
    match = re.search(r"^/\*\*\n(.*?)^ \*/", header_text, re.M | re.S)
    text = re.sub(r"^@.*\n", "", comment(match.group(1)), flags=re.M)
    text = re.sub(r"^\w+: (\w)", lambda first: first.group(1).upper(), text)
    # Behind an empty line; else it goes on with an item of a list.
    blocks = re.split(r"(^\n(?:^ {4}.*\n|^\n(?= {4}))+)", text, flags=re.M)
    for place, block in enumerate(blocks):
        if block.lstrip("\n").startswith("    "):
            language = "c" if re.search(r";$", block, re.M) else "text"
            blocks[place] = f"\n```{language}\n{textwrap.dedent(block).strip()}\n```\n"
        else:
            blocks[place] = NAME.sub(r"`\1`", block)
    return "".join(blocks)


def opaque(header_text):
    """Structs of which only the name is public, with what the header says of them."""
    return re.findall(r"^/\*\* ([^/]*?) \*/\nstruct (\w+);$", header_text, re.M)


def page(name, title, header):
    text = header.read_text()
    lines = [f"({header.stem}_8h_source)=", f"# {title}", "", f"`#include <autovpn/{header.name}>`", "", essay(text),
             "## Reference", "", "```{eval-rst}"]
    for words, struct in opaque(text):
        lines += [f".. c:struct:: {struct}", "", "   " + " ".join(comment(words).split()), ""]
    return "\n".join(lines + [f".. doxygengroup:: {name}", "   :content-only:", "   :members:", "```", ""])


def index(found, main_header):
    lines = ["# API reference", "", essay(main_header.read_text())]
    for caption, names in ORDER.items():
        lines += [f"## {caption}", "", "```{toctree}", ":maxdepth: 1", ""]
        lines += [name for name in names if name in found] + ["```", ""]
    return "\n".join(lines)


def write(root, folder):
    run_doxygen(root, folder)
    found = groups(root)
    listed = [name for names in ORDER.values() for name in names]
    if sorted(listed) != sorted(found):
        sys.exit(f"doc/site/reference.py: ORDER and the headers' groups differ: {sorted(set(listed) ^ set(found))}")
    for name, (title, header) in found.items():
        (folder / f"{name}.md").write_text(page(name, title, header))
    (folder / "index.md").write_text(index(found, root / "include/autovpn/autovpn.h"))
