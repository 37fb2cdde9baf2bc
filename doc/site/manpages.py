# SPDX-License-Identifier: ISC
"""Manual pages as pages of the site: mandoc's HTML, section by section, so that the site's own headings and search know them.

    manpages.write(man_folder, target)     a page each, and an index
"""
import html
import re
import subprocess
import sys

SECTION = re.compile(r'<h1 class="Sh"[^>]*>(.*?)</h1>(.*?)</section>', re.S)
CROSS_REFERENCE = re.compile(r'<a class="Xr" href="([^"]*)\.html">(.*?)</a>')
PLACES = {"1": "Programs", "8": "Programs", "3": "Library", "7": "Library", "5": "Files"}


def render(page, names):
    """The title line and the sections, each a title and HTML."""
    result = subprocess.run(["mandoc", "-Thtml", "-O", "fragment,man=%N.%S.html", "-W", "warning", page],
                            capture_output=True, text=True)
    if result.returncode != 0:
        sys.exit(result.stderr or result.stdout)
    body = CROSS_REFERENCE.sub(
        lambda match: match.group(0) if match.group(1) in names else match.group(2), result.stdout)
    # Ids within a page are mandoc's; those of sections would be the site's twice.
    sections = [(text_of(title), rest) for title, rest in SECTION.findall(body)]
    if len(sections) != result.stdout.count('class="Sh" id='):
        sys.exit(f"{page}: sections were lost on the way to the site")
    return sections


def text_of(markup):
    return html.unescape(" ".join(re.sub(r"<[^>]*>", "", markup).split()))


def heading(text, line):
    return f"{text}\n{line * len(text)}\n"


def as_page(title, sections):
    parts = [".. role:: raw-html(raw)\n   :format: html\n", heading(title, "=")]
    for name, body in sections:
        text = name if name.isupper() is False else name.capitalize()
        indented = "".join(f"   {line}\n" for line in body.splitlines())
        parts.append(f"{heading(text, '-')}\n.. raw:: html\n\n   <div class=\"manual-text\">\n{indented}   </div>\n")
    return "\n".join(parts[1:])


def write(folder, target):
    pages = sorted(folder.glob("*.[1-9]"))
    names = {page.name for page in pages}
    listed = {}
    target.mkdir()
    for page in pages:
        sections = render(page, names)
        title, section = page.name.rsplit(".", 1)
        summary = text_of(re.search(r'<span class="Nd">(.*?)</span>', sections[0][1], re.S).group(1))
        (target / f"{page.name}.rst").write_text(as_page(f"{title}({section})", sections))
        listed.setdefault(PLACES[section], []).append((page.name, summary))
    lines = [heading("Manual pages", "=")]
    for place, entries in sorted(listed.items(), reverse=True):
        lines += [heading(place, "-")]
        lines += [f":doc:`{name.rsplit('.', 1)[0]}({name.rsplit('.', 1)[1]}) <{name}>`\n    {summary}\n"
                  for name, summary in entries]
    lines += [".. toctree::\n   :hidden:\n"] + [f"   {name}" for entries in listed.values() for name, _ in entries]
    (target / "index.rst").write_text("\n".join(lines) + "\n")
