# SPDX-License-Identifier: ISC
"""Make the theme whole, so that the site works from its files alone.

Debian's furo takes normalize.css from a path of a web server, and its script is a module that imports another,
which browsers refuse for files. Here the style comes along, and the two scripts become one.
"""
import pathlib

NORMALIZE = pathlib.Path("/usr/share/javascript/normalize.css/normalize.css")
SERVERS = "@import url(/javascript/normalize.css/normalize.css);"
IMPORT = 'import Gumshoe from "./gumshoe-patched.js";\n'


def replace(text, old, new, file):
    if old not in text:
        raise SystemExit(f"{file}: {old.strip()!r} is not there: this furo is another one, see doc/site/theme.py")
    return text.replace(old, new)


def complete(out):
    """`out`: the built site."""
    style, scripts = out / "_static/styles/furo.css", out / "_static/scripts"
    style.write_text(replace(style.read_text(), SERVERS, '@import url("normalize.css");', style))
    (style.parent / "normalize.css").write_text(NORMALIZE.read_text())
    furo, gumshoe = scripts / "furo.js", scripts / "gumshoe-patched.js"
    furo.write_text(gumshoe.read_text() + replace(furo.read_text(), IMPORT, "", furo))
    gumshoe.unlink()
