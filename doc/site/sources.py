# SPDX-License-Identifier: ISC
"""What pages link to outside of doc/: files are copied under source/ and the link follows them.

    relink(page, root, stage)             the text of a page of doc/ for the site
    copy_readme_parts(root, stage)        README.md's chapters that are pages of the site
"""
import posixpath
import re
import shutil
import sys

LINK = re.compile(r"(\]\()([^)#\s]+)(#[^)\s]*)?(\))")
# What code blocks are coloured as; the protocol names its worked examples in the same place.
LANGUAGES = {"c", "console", "ini", "json", "meson", "python", "sh", "text", "yaml"}
# Chapters of README.md that the site includes, and the page's title.
CHAPTERS = {"Limits": "limits.md"}


def copy(root, stage, path):
    target = stage / "source" / path
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy(root / path, target)


def relink(page, root, stage, depth=None):
    """`depth`: folders between the top of the site and the page, if that is not as in doc/."""
    here = page.parent.relative_to(root)
    depth = len(here.parts) - 1 if depth is None else depth

    def replace(match):
        before, target, anchor, after = match.groups()
        path = posixpath.normpath(posixpath.join(here.as_posix(), target))
        if "://" in target or here.parts[0] == "doc" and path.startswith("doc/") and not path.startswith("doc/man/"):
            return match.group(0)
        if path.startswith("doc/man/"):
            return f"{before}{'../' * depth}man/{posixpath.basename(path)}.rst{after}"
        if path.startswith("doc/"):
            return f"{before}{path.removeprefix('doc/')}{anchor or ''}{after}"
        if not (root / path).is_file():
            sys.exit(f"{page}: the site cannot show {target}: link to a file")
        copy(root, stage, path)
        return f"{before}{'../' * depth}source/{path}{after}"

    text = LINK.sub(replace, page.read_text())
    return re.sub(r"^```(\S+)$", lambda fence: f"```{fence.group(1) if fence.group(1) in LANGUAGES else 'text'}", text,
                  flags=re.M)


def chapter(text, title):
    """A chapter of a Markdown page, one level up."""
    match = re.search(rf"^## {re.escape(title)}\n(.*?)(?=^## |\Z)", text, re.M | re.S)
    if match is None:
        sys.exit(f"README.md has no chapter {title}")
    return f"# {title}\n" + re.sub(r"^##(#+) ", r"#\1 ", match.group(1), flags=re.M)


def copy_readme_parts(root, stage):
    text = (root / "README.md").read_text()
    for title, name in CHAPTERS.items():
        part = chapter(text, title)
        (stage / name).write_text(re.sub(r"\]\(doc/", "](", part))
