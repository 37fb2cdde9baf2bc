# SPDX-License-Identifier: ISC
"""Links that nobody has to write: [CFG-5] leads to the requirement in the protocol, avpn_node_send to the reference.

A requirement is defined where its id stands in bold at the beginning of a paragraph of protocol.md; anywhere else
its id is a citation. A name of the API is linked where it stands in text, or where inline code is nothing but that name. Both are
references like any other: one that leads nowhere is a warning of Sphinx, and so an error of the build.
"""
import re

from docutils import nodes
from sphinx import addnodes
from sphinx.transforms import SphinxTransform

REQUIREMENT = re.compile(r"\[([A-Z]+-\d+)\]")
API_NAME = re.compile(r"(?<![\w-])(?:(?:struct|enum) )?((?:avpn|AVPN)_\w*[A-Za-z0-9])(?:\.[a-z_]+)?(?:\(\))?(?![\w*])")
EITHER = re.compile(f"{REQUIREMENT.pattern}|{API_NAME.pattern}")
PROTOCOL = "protocol"


class Definitions(SphinxTransform):
    """Ids at the requirements, before Sphinx collects its labels."""

    default_priority = 210

    def apply(self, **kwargs):
        if self.env.docname != PROTOCOL:
            return
        domain = self.env.get_domain("std")
        for strong in self.document.findall(nodes.strong):
            match = REQUIREMENT.fullmatch(strong.astext())
            if match and strong.parent.astext().startswith(match.group(0)):
                name = match.group(1).lower()
                strong["ids"].append(name)
                strong["classes"].append("requirement")
                domain.anonlabels[name] = self.env.docname, name
                domain.labels[name] = self.env.docname, name, match.group(0)


class Links(SphinxTransform):
    default_priority = 220
    LEFT_ALONE = (nodes.literal, nodes.reference, nodes.raw, nodes.comment, nodes.title, nodes.FixedTextElement,
                  addnodes.pending_xref, addnodes.desc_signature)

    def link(self, match, content):
        """What refers to the requirement, or the name, that was found."""
        requirement, name = match.groups()
        domain, kind, target = ("std", "ref", requirement.lower()) if requirement else ("c", "identifier", name)
        xref = addnodes.pending_xref("", refdomain=domain, reftype=kind, reftarget=target, refexplicit=True,
                                     refwarn=True, refdoc=self.env.docname)
        xref += content
        return xref

    def is_left_alone(self, node):
        while node.parent is not None:
            if isinstance(node.parent, self.LEFT_ALONE) or "requirement" in node.parent.get("classes", ()):
                return True
            node = node.parent
        return False

    def link_text(self, text):
        pieces, end = [], 0
        for match in EITHER.finditer(text):
            pieces.append(nodes.Text(text[end:match.start()]))
            kind = nodes.inline if match.group(1) else nodes.literal
            pieces.append(self.link(match, kind(match.group(0), match.group(0), classes=["requirement-link"] if match.group(1) else [])))
            end = match.end()
        text.parent.replace(text, pieces + [nodes.Text(text[end:])])

    def apply(self, **kwargs):
        for text in list(self.document.findall(nodes.Text)):
            if EITHER.search(text) and not self.is_left_alone(text):
                self.link_text(text)
        for literal in list(self.document.findall(nodes.literal)):
            match = EITHER.fullmatch(literal.astext())
            if match and match.group(2) and not isinstance(literal.parent, (nodes.reference, addnodes.pending_xref)):
                literal.replace_self(self.link(match, literal.deepcopy()))


def setup(app):
    for transform in (Definitions, Links):
        app.add_transform(transform)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
