# SPDX-License-Identifier: ISC
"""Sphinx's settings; build.py gathers the pages."""
import logging
import os
import pathlib
import re

root = pathlib.Path(os.environ["AUTOVPN_SOURCE_ROOT"])
project = "libautovpn"
author = "the libautovpn authors"
copyright = "the libautovpn authors, ISC licence"
release = version = re.search(r"version: '([^']*)'", (root / "meson.build").read_text()).group(1)

extensions = ["myst_parser", "breathe", "crosslinks"]
exclude_patterns = ["api/xml", "source"]
source_suffix = {".md": "markdown", ".rst": "restructuredtext"}

myst_heading_anchors = 4
myst_enable_extensions = ["colon_fence"]

breathe_projects = {"libautovpn": "api/xml"}
breathe_default_project = "libautovpn"
breathe_domain_by_extension = {"h": "c"}
breathe_show_include = False
breathe_show_define_initializer = False
c_id_attributes = ["AVPN_API"]
primary_domain = "c"
# Types of the C library: there is no page about them here.
nitpick_ignore = [("c:identifier", name) for name in (
    "int8_t", "int32_t", "int64_t", "uint8_t", "uint16_t", "uint32_t", "uint64_t", "size_t",
    "INT64_MAX", "UINT32_MAX", "NULL")]

html_theme = "furo"
html_title = "libautovpn"
html_static_path = ["static"]
html_css_files = ["site.css"]
html_copy_source = False
html_show_sphinx = False
pygments_style = "tango"
pygments_dark_style = "monokai"


def setup(app):
    """
    A struct and a function may have one name in C (avpn_node_status); Sphinx' C domain knows one namespace only and warns.
    Both are shown all the same; a link leads to the function, which stands beside the struct. All other warnings pass.
    """
    logging.getLogger("sphinx.sphinx.domains.c").addFilter(
        lambda record: not str(record.msg).startswith("\nDuplicate C declaration") and
        not str(record.msg).startswith("Duplicate C declaration"))
