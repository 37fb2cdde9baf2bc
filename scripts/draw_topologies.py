#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""Draw the pictures of doc/routing.md.

    draw_topologies.py            write doc/pictures/*.svg
    draw_topologies.py --check    say which files are not what this draws, and fail if one is not

Each picture is a short description at the end of this file: boxes (nodes, hosts, networks), tunnels between nodes, and
ways, which are the arrows of packets. Only the standard library is used, and the same description always gives
the same bytes. Every picture has a white ground of its own, so that it can be read on a dark page too.
"""
import html
import math
import pathlib
import sys

FOLDER = pathlib.Path(__file__).resolve().parent.parent / "doc" / "pictures"
INK, MUTED, TUNNEL = "#1f2328", "#59636e", "#9aa4af"
ORANGE, TEAL, VIOLET, RED = "#c2410c", "#0f766e", "#6d28d9", "#b91c1c"
# Kind of box: fill, line, radius of its corners.
KINDS = {
    "hub": ("#dbe9ff", "#2457a6", 6),
    "spoke": ("#e3f4e6", "#2f6f3e", 6),
    "host": ("#ffffff", "#59636e", 2),
    "net": ("#fff4d6", "#8a6d1a", 24),
    "step": ("#f3f4f6", "#59636e", 2),
    "packet": ("#ffffff", "#c2410c", 2),
    "back": ("#ffffff", "#0f766e", 2),
}
# What the legend calls a kind of box or line, in this order.
LEGEND = [("hub", "hub"), ("spoke", "spoke"), ("tunnel", "tunnel"), ("down", "tunnel that is down"),
          ("way", "way of packets"), ("standby", "standby: next in order")]


def number(value):
    """A coordinate as text: at most one decimal, never -0."""
    text = f"{value:.1f}".rstrip("0").rstrip(".")
    return "0" if text in ("-0", "") else text


def text_at(x, y, text, size=13, colour=INK, anchor="middle", weight="normal"):
    bold = f' font-weight="{weight}"' if weight != "normal" else ""
    return (f'<text x="{number(x)}" y="{number(y)}" font-size="{size}" fill="{colour}" '
            f'text-anchor="{anchor}"{bold}>{html.escape(text)}</text>')


class Box:
    """
    A labelled box; (x, y) is its middle. The first line is a title, but in packets, where a line that
    begins with * is one that was changed.
    """

    def __init__(self, kind, x, y, *lines, width=None, name=None):
        self.kind, self.x, self.y, self.lines = kind, x, y, lines
        self.name = name or lines[0]
        self.width = width or max(110, 20 + max(len(line) * 7.2 for line in lines))
        self.height = 18 + 17 * len(lines)

    def draw(self):
        fill, line, radius = KINDS[self.kind]
        left, top = self.x - self.width / 2, self.y - self.height / 2
        parts = [f'<rect x="{number(left)}" y="{number(top)}" width="{number(self.width)}" '
                 f'height="{number(self.height)}" rx="{radius}" fill="{fill}" stroke="{line}" '
                 f'stroke-width="1.5"/>']
        for i, words in enumerate(self.lines):
            is_title = i == 0 and self.kind not in ("packet", "back")
            is_changed = words.startswith("*")
            colour = line if is_changed else INK if is_title else MUTED
            parts.append(text_at(self.x, top + 22 + 17 * i, words.lstrip("*"), 14 if is_title else 12, colour,
                                 weight="bold" if is_title or is_changed else "normal"))
        return parts


class Tunnel:
    """A tunnel between two boxes. is_down: dotted, with a cross in its middle."""
    style = "tunnel"

    def __init__(self, a, b, is_down=False):
        self.a, self.b, self.is_down = a, b, is_down
        self.style = "down" if is_down else "tunnel"

    def draw(self, boxes):
        a, b = boxes[self.a], boxes[self.b]
        parts = [tunnel_line(a.x, a.y, b.x, b.y, self.is_down)]
        if self.is_down:
            parts += cross((a.x + b.x) / 2, (a.y + b.y) / 2)
        return parts


def tunnel_line(x1, y1, x2, y2, is_down):
    dots = ' stroke-dasharray="2 5"' if is_down else ""
    return (f'<line x1="{number(x1)}" y1="{number(y1)}" x2="{number(x2)}" y2="{number(y2)}" '
            f'stroke="{TUNNEL}" stroke-width="5" stroke-linecap="round"{dots}/>')


def cross(x, y, reach=8):
    return [f'<path d="M{number(x - reach)} {number(y - reach)}L{number(x + reach)} {number(y + reach)}'
            f'M{number(x - reach)} {number(y + reach)}L{number(x + reach)} {number(y - reach)}" '
            f'stroke="{RED}" stroke-width="3" fill="none"/>']


class Way:
    """
    The arrow of packets through boxes, `aside` pixels to the right of the straight line (seen in its
    direction), so that two ways and a tunnel between the same boxes stay apart.
    """

    def __init__(self, *stops, colour=ORANGE, aside=9, is_standby=False):
        self.stops, self.colour, self.aside = stops, colour, aside
        self.style = "standby" if is_standby else "way"

    def draw(self, boxes):
        stops = [boxes[stop] for stop in self.stops]
        parts = []
        for a, b in zip(stops, stops[1:]):
            length = math.hypot(b.x - a.x, b.y - a.y)
            ox, oy = -(b.y - a.y) / length * self.aside, (b.x - a.x) / length * self.aside
            start = clip(a, b, ox, oy)
            end = clip(b, a, ox, oy)
            parts.append(arrow(start, end, self.colour, self.style == "standby"))
        return parts


def clip(box, other, ox, oy):
    """Where the line between two middles, moved by (ox, oy), leaves the box."""
    x, y = box.x + ox, box.y + oy
    dx, dy = other.x - box.x, other.y - box.y
    reach = []
    if dx:
        reach.append((math.copysign(box.width / 2 + 3, dx) - ox) / dx)
    if dy:
        reach.append((math.copysign(box.height / 2 + 3, dy) - oy) / dy)
    scale = min(value for value in reach if value >= 0)
    return x + dx * scale, y + dy * scale


def arrow(start, end, colour, is_dashed=False, width=2.5):
    (x1, y1), (x2, y2) = start, end
    length = math.hypot(x2 - x1, y2 - y1)
    ux, uy = (x2 - x1) / length, (y2 - y1) / length
    bx, by = x2 - ux * 10, y2 - uy * 10
    dashes = ' stroke-dasharray="7 5"' if is_dashed else ""
    return (f'<line x1="{number(x1)}" y1="{number(y1)}" x2="{number(bx)}" y2="{number(by)}" '
            f'stroke="{colour}" stroke-width="{width}"{dashes}/>'
            f'<path d="M{number(x2)} {number(y2)}L{number(bx - uy * 5)} {number(by + ux * 5)}'
            f'L{number(bx + uy * 5)} {number(by - ux * 5)}Z" fill="{colour}"/>')


class Arrow:
    """An arrow from point to point, for charts."""
    style = None

    def __init__(self, x1, y1, x2, y2, colour=MUTED, is_dashed=False):
        self.ends, self.colour, self.is_dashed = ((x1, y1), (x2, y2)), colour, is_dashed

    def draw(self, _):
        return [arrow(*self.ends, self.colour, self.is_dashed, width=2)]


class Line:
    """A plain line; for axes and for the link between a node and what stands beside it."""
    style = None

    def __init__(self, x1, y1, x2, y2, colour=MUTED, width=1.5, dashes=None):
        self.ends, self.colour, self.width, self.dashes = (x1, y1, x2, y2), colour, width, dashes

    def draw(self, _):
        x1, y1, x2, y2 = (number(value) for value in self.ends)
        dashes = f' stroke-dasharray="{self.dashes}"' if self.dashes else ""
        return [f'<line x1="{x1}" y1="{y1}" x2="{x2}" y2="{y2}" stroke="{self.colour}" '
                f'stroke-width="{number(self.width)}"{dashes}/>']


class Cross:
    style = None

    def __init__(self, x, y):
        self.x, self.y = x, y

    def draw(self, _):
        return cross(self.x, self.y)


class Note:
    """A caption; several lines are several strings."""

    def __init__(self, x, y, *lines, colour=INK, anchor="middle", size=13):
        self.x, self.y, self.lines, self.colour, self.anchor, self.size = x, y, lines, colour, anchor, size

    def draw(self):
        return [text_at(self.x, self.y + (self.size + 4) * i, line, self.size, self.colour, self.anchor)
                for i, line in enumerate(self.lines)]


def legend(kinds, height):
    """One line at the foot of the picture: what is in it, and what it means."""
    parts, x, y = [], 20, height - 16
    for kind, words in LEGEND:
        if kind not in kinds:
            continue
        if kind in KINDS:
            fill, line, radius = KINDS[kind]
            parts.append(f'<rect x="{x}" y="{y - 11}" width="24" height="14" rx="{min(radius, 4)}" '
                         f'fill="{fill}" stroke="{line}" stroke-width="1.5"/>')
        elif kind in ("tunnel", "down"):
            parts.append(tunnel_line(x + 2, y - 4, x + 22, y - 4, kind == "down"))
        else:
            parts.append(arrow((x, y - 4), (x + 26, y - 4), MUTED, kind == "standby"))
        parts.append(text_at(x + 33, y, words, 12, MUTED, "start"))
        x += 33 + round(len(words) * 6.6) + 22
    return parts


class Picture:
    def __init__(self, name, title, width, height, *things):
        self.name, self.title, self.width, self.height, self.things = name, title, width, height, things

    def draw(self):
        boxes = {thing.name: thing for thing in self.things if isinstance(thing, Box)}
        lines = [thing for thing in self.things if not isinstance(thing, (Box, Note))]
        kinds = {line.style for line in lines} | {box.kind for box in boxes.values()}
        parts = []
        for kind in (Tunnel, Line, (Way, Arrow, Cross)):
            for thing in lines:
                if isinstance(thing, kind):
                    parts += thing.draw(boxes)
        for box in boxes.values():
            parts += box.draw()
        for thing in self.things:
            if isinstance(thing, Note):
                parts += thing.draw()
        if kinds & {kind for kind, _ in LEGEND[2:]}:
            parts += legend(kinds, self.height)
        return "\n".join([
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {self.width} {self.height}" '
            f'width="{self.width}" height="{self.height}" role="img" '
            'font-family="Helvetica, Arial, \'DejaVu Sans\', sans-serif">',
            "<!-- SPDX-License-Identifier: ISC; drawn by scripts/draw_topologies.py -->",
            f"<title>{html.escape(self.title)}</title>",
            f'<rect width="{self.width}" height="{self.height}" rx="8" fill="#ffffff"/>',
            *parts, "</svg>"]) + "\n"


# ---- the organization of the examples --------------------------------------------------------------

def north(x, y):
    return Box("hub", x, y, "north", "10.1.0.0/16")


def south(x, y):
    return Box("hub", x, y, "south", "10.2.0.0/16")


def west(x, y):
    return Box("hub", x, y, "west", "10.3.0.0/16")


def berlin(x, y):
    return Box("spoke", x, y, "berlin", "10.11.0.0/24")


def paris(x, y):
    return Box("spoke", x, y, "paris", "10.12.0.0/24")


def rome(x, y):
    return Box("spoke", x, y, "rome", "10.13.0.0/24")


def internet(x, y):
    return Box("net", x, y, "internet", width=120)


# ---- the pictures ----------------------------------------------------------------------------------

PICTURES = [
    Picture(
        "one-site", "One site: a hub without peers", 720, 150,
        north(360, 60),
        Note(360, 112, "No peer, so no tunnel and no route into one.", "The node is registered and ready for the second site."),
    ),
    Picture(
        "hub-and-spoke", "Hub and spoke: one hub, three spokes", 720, 290,
        north(360, 60), berlin(130, 200), paris(360, 200), rome(590, 200),
        Tunnel("north", "berlin"), Tunnel("north", "paris"), Tunnel("north", "rome"),
        Way("berlin", "north", "paris"),
        Note(210, 108, "berlin to paris:", "the hub forwards", anchor="end", colour=ORANGE),
    ),
    Picture(
        "preferred-hubs", "A spoke with two hubs in order of preference", 720, 290,
        north(180, 60), south(540, 60), berlin(360, 200),
        Tunnel("north", "south"), Tunnel("north", "berlin"), Tunnel("south", "berlin"),
        Way("berlin", "north"), Way("berlin", "south", is_standby=True),
        Note(222, 158, "first in hubs: carries", anchor="end", colour=ORANGE),
        Note(500, 158, "second: stands by", anchor="start", colour=ORANGE),
    ),
    Picture(
        "mesh", "Full mesh: every site is a hub", 720, 310,
        north(150, 70), south(570, 70), west(360, 220),
        Tunnel("north", "south"), Tunnel("north", "west"), Tunnel("south", "west"),
        Way("north", "south"), Way("west", "south", colour=TEAL), Way("north", "west", colour=VIOLET),
        Note(360, 50, "every pair has a tunnel and uses it"),
    ),
    Picture(
        "shared-hub", "Two spokes that share their first hub", 720, 290,
        north(180, 60), south(540, 60), berlin(180, 200), paris(540, 200),
        Tunnel("north", "south"), Tunnel("north", "berlin"), Tunnel("south", "berlin"),
        Tunnel("north", "paris"), Tunnel("south", "paris"),
        Way("berlin", "north", "paris"), Way("berlin", "south", "paris", is_standby=True, aside=-9),
        Note(110, 135, "1st: north", anchor="end", colour=ORANGE),
        Note(612, 135, "2nd: south", anchor="start", colour=ORANGE),
    ),
    Picture(
        "two-hubs", "Two spokes without a hub in common: over two hubs", 720, 290,
        north(180, 60), south(540, 60), berlin(180, 200), paris(540, 200),
        Tunnel("north", "south"), Tunnel("north", "berlin"), Tunnel("south", "paris"),
        Way("berlin", "north", "south", "paris"),
        Note(360, 100, "two hubs, never more", colour=ORANGE),
        Note(360, 205, "berlin and paris have no hub in common"),
    ),
    Picture(
        "one-way-round", "Two spokes share a hub that only one of them prefers", 720, 290,
        north(180, 60), south(540, 60), berlin(180, 200), paris(540, 200),
        Tunnel("north", "south"), Tunnel("north", "berlin"), Tunnel("south", "berlin"), Tunnel("south", "paris"),
        Way("berlin", "north", "south", "paris"),
        Way("paris", "south", "berlin", colour=TEAL),
        Note(106, 135, "berlin to paris", anchor="end", colour=ORANGE),
        Note(330, 195, "paris to berlin", anchor="middle", colour=TEAL),
    ),
    Picture(
        "no-hub-tunnels", "Hub tunnels off", 720, 290,
        north(180, 60), south(540, 60), berlin(90, 200), paris(270, 200), rome(540, 200),
        Tunnel("north", "berlin"), Tunnel("north", "paris"), Tunnel("south", "rome"),
        Way("berlin", "north", "paris"),
        Cross(360, 60), Note(360, 40, "no tunnel between hubs", colour=RED),
        Note(405, 150, "berlin, paris: each other and north", "rome: south, nobody else"),
    ),
    Picture(
        "data-centre", "The same subnet at two hubs", 720, 400,
        Box("net", 360, 55, "10.100.0.0/16", "data centre, at both hubs", width=220),
        Box("hub", 180, 170, "north", "exports 10.100.0.0/16"), Box("hub", 540, 170, "south", "exports 10.100.0.0/16"),
        berlin(180, 310), paris(540, 310),
        Line(180, 148, 300, 55, width=2), Line(540, 148, 420, 55, width=2),
        Tunnel("north", "berlin"), Tunnel("south", "berlin"), Tunnel("north", "paris"), Tunnel("south", "paris"),
        Tunnel("north", "south"),
        Way("berlin", "north"), Way("berlin", "south", is_standby=True),
        Way("paris", "south", colour=TEAL, aside=-9), Way("paris", "north", colour=TEAL, is_standby=True),
        Note(112, 232, "prefers north,", "then south", anchor="end", colour=ORANGE),
        Note(608, 232, "prefers south,", "then north", anchor="start", colour=TEAL),
    ),
    Picture(
        "split-tunnel", "Split tunnel: only the organization's subnets enter the tunnel", 720, 260,
        north(560, 60), berlin(330, 60), internet(330, 175), Box("host", 110, 60, "host", "10.11.0.5"),
        Tunnel("north", "berlin"), Line(110, 60, 330, 60),
        Way("berlin", "north"), Way("berlin", "internet", colour=TEAL, aside=0),
        Note(445, 40, "10.1.0.0/16", colour=ORANGE),
        Note(345, 125, "everything else", colour=TEAL, anchor="start"),
    ),
    Picture(
        "full-tunnel", "Full tunnel: exit hubs take the default route, in order", 720, 380,
        north(180, 160), south(540, 160), berlin(360, 300), internet(360, 50),
        Tunnel("north", "south"), Tunnel("north", "berlin"), Tunnel("south", "berlin"),
        Way("berlin", "north"), Way("north", "internet"),
        Way("berlin", "south", is_standby=True), Way("south", "internet", is_standby=True),
        Note(210, 80, "NAT at north", anchor="end", colour=ORANGE),
        Note(510, 80, "NAT at south", anchor="start", colour=ORANGE),
        Note(210, 250, "0.0.0.0/0 and ::/0", anchor="end", colour=ORANGE),
        Note(510, 250, "when north is gone", anchor="start", colour=ORANGE),
    ),
    Picture(
        "exit-hub-mesh", "An exit hub in a mesh", 720, 300,
        north(360, 60), south(150, 200), west(570, 200), internet(610, 60),
        Tunnel("north", "south"), Tunnel("north", "west"), Tunnel("south", "west"),
        Way("south", "north"), Way("north", "internet"), Way("south", "west", colour=TEAL),
        Note(200, 120, "default route", anchor="end", colour=ORANGE),
        Note(360, 240, "10.3.0.0/16, directly", colour=TEAL),
    ),
    Picture(
        "breakout", "Breakout: some of the default route leaves locally", 720, 260,
        north(560, 60), berlin(330, 60), internet(560, 175), Box("host", 110, 60, "host", "10.11.0.5"),
        Tunnel("north", "berlin"), Line(110, 60, 330, 60),
        Way("berlin", "north"), Way("north", "internet", aside=0), Way("berlin", "internet", colour=TEAL, aside=0),
        Note(445, 40, "default route", colour=ORANGE),
        Note(410, 135, "udp 3478-3481", "breaks out", colour=TEAL, anchor="end"),
    ),
]

# The same two sites for what happens to one packet: a host, its gateway, the other gateway, a host there.
def hosts(y, first="10.11.0.5", second="10.12.0.7", left=300, right=560):
    return [Box("host", 80, y, "host", first, name="host 1"), Box("host", 780, y, "host", second, name="host 2"),
            Line(80, y, left, y), Line(right, y, 780, y)]


PICTURES += [
    Picture(
        "withdrawn", "A hub that lost its way to the data centre no longer offers the subnet", 720, 400,
        Box("net", 360, 55, "10.100.0.0/16", "data centre", width=220),
        Box("hub", 180, 170, "north", "does not offer it now"), Box("hub", 540, 170, "south", "exports 10.100.0.0/16"),
        berlin(360, 310),
        Line(180, 170, 300, 55, width=2, dashes="4 4"), Line(540, 170, 420, 55, width=2), Cross(238, 114),
        Tunnel("north", "south"), Tunnel("north", "berlin"), Tunnel("south", "berlin"),
        Way("berlin", "south"), Way("north", "south", colour=TEAL),
        Note(505, 262, "to south at once,", "though north is alive", anchor="start", colour=ORANGE),
        Note(360, 215, "so does north itself", colour=TEAL),
    ),
    Picture(
        "failover", "What happens when a hub falls silent", 760, 290,
        Line(40, 110, 730, 110, width=2),
        *[Line(x, 104, x, 116, width=2) for x in (70, 230, 390, 550)],
        Note(70, 136, "0 s"), Note(230, 136, "1 s"), Note(390, 136, "2 s"), Note(550, 136, "3 s"),
        *[Line(x, 88, x, 110, colour=ORANGE, width=3)
          for x in (230, 278, *range(326, 535, 16))],
        Line(70, 88, 70, 110, colour=TEAL, width=3),
        Note(70, 60, "last probe", "that is answered", colour=TEAL),
        Note(230, 60, "the next one", "is not", colour=ORANGE),
        Note(420, 60, "two more 300 ms apart,", "then every 100 ms", colour=ORANGE),
        Note(560, 60, "dead: the next hop", "takes over", anchor="start", colour=RED),
        Line(70, 170, 550, 170, colour=INK, width=6), Note(310, 192, "packets still go to the silent hub"),
        Line(550, 170, 730, 170, colour=ORANGE, width=6), Note(640, 192, "to the next hop", colour=ORANGE),
        Note(380, 236, "When the hub is back it stands by for 10 s, longer if it keeps going down, and then takes over again.",
             "Where there is no other hop it carries at once.", colour=MUTED),
    ),
    Picture(
        "translation", "Two sites with the same subnet: one packet there and its answer back", 860, 330,
        *hosts(60, "192.168.1.10", "192.168.1.20", 270, 590),
        Box("spoke", 270, 60, "berlin", "exports 10.11.0.0/24"), Box("hub", 430, 60, "north", "unchanged"),
        Box("spoke", 590, 60, "paris", "exports 10.12.0.0/24"),
        Tunnel("berlin", "north"), Tunnel("north", "paris"),
        Box("packet", 190, 155, "from 192.168.1.10", "to 10.12.0.20", width=150, name="1"),
        Box("packet", 430, 155, "*from 10.11.0.10", "to 10.12.0.20", width=150, name="2"),
        Box("packet", 670, 155, "from 10.11.0.10", "*to 192.168.1.20", width=150, name="3"),
        Box("back", 670, 255, "from 192.168.1.20", "to 10.11.0.10", width=150, name="4"),
        Box("back", 430, 255, "*from 10.12.0.20", "to 10.11.0.10", width=150, name="5"),
        Box("back", 190, 255, "from 10.12.0.20", "*to 192.168.1.10", width=150, name="6"),
        Way("1", "2", aside=0), Way("2", "3", aside=0),
        Way("4", "5", aside=0, colour=TEAL), Way("5", "6", aside=0, colour=TEAL),
        Note(60, 159, "there", colour=ORANGE), Note(60, 259, "back", colour=TEAL),
    ),
    Picture(
        "mtu", "A link that carries less than 1500 bytes", 860, 330,
        *hosts(60, "10.11.0.5", "10.1.0.7"),
        Box("spoke", 300, 60, "berlin", "10.11.0.0/24"), Box("hub", 560, 60, "north", "10.1.0.0/16"),
        Tunnel("berlin", "north"), Note(430, 40, "a link of 1280 bytes", colour=RED),
        Note(20, 130, "size found", anchor="start", colour=MUTED), Note(430, 120, "1472: no answer ...", colour=VIOLET),
        Note(430, 138, "... 1251: answered", colour=VIOLET),
        Note(20, 184, "TCP", anchor="start", colour=MUTED),
        Arrow(110, 180, 240, 180, ORANGE), Note(175, 172, "SYN, MSS 1460", colour=ORANGE, size=12),
        Arrow(360, 180, 740, 180, ORANGE), Note(550, 172, "SYN, MSS 1174", colour=ORANGE, size=12),
        Note(20, 244, "others", anchor="start", colour=MUTED),
        Arrow(110, 232, 240, 232, ORANGE), Note(175, 224, "1500 bytes, DF", colour=ORANGE, size=12),
        Arrow(240, 252, 110, 252, TEAL), Note(175, 270, "ICMP: too big, 1214", colour=TEAL, size=12),
        Arrow(360, 242, 740, 242, ORANGE), Note(550, 234, "1214 bytes", colour=ORANGE, size=12),
    ),
    Picture(
        "firewall", "Where the rules are tried", 860, 230,
        *hosts(110),
        Box("spoke", 260, 110, "berlin", "10.11.0.0/24"), Box("hub", 430, 110, "north", "forwards"),
        Box("spoke", 600, 110, "paris", "10.12.0.0/24"),
        Tunnel("berlin", "north"), Tunnel("north", "paris"),
        Way("host 1", "berlin", aside=12), Way("berlin", "north", aside=12), Way("north", "paris", aside=12),
        Way("paris", "host 2", aside=12),
        Note(260, 45, "judged: enters the VPN", "denied: ICMP to the host", colour=ORANGE),
        Note(430, 166, "not judged", colour=MUTED),
        Note(600, 45, "judged again: leaves the VPN", "denied: dropped", colour=ORANGE),
    ),
]


# One row of the picture of rules: what is asked, for whom, and where it leads.
def rule(y, priority, table, meaning, leads, colour=MUTED, x=330):
    return [Note(118, y + 5, priority, anchor="end", colour=MUTED), Box("step", x, y, table, meaning, width=400),
            Arrow(x + 200, y, x + 260, y, colour), Note(x + 272, y + 5, leads, anchor="start", colour=colour)]


PICTURES += [
    Picture(
        "rules", "The gateway's kernel rules in order of priority", 820, 560,
        Note(330, 24, "a packet without the mark", colour=ORANGE), Arrow(330, 30, 330, 44, ORANGE),
        *rule(72, "priority", "own table, without default routes", "subnets of other sites that can be reached",
              "avpn0", ORANGE),
        *rule(140, "+ 1", "main table, without default routes", "attached networks, and other ways that are known",
              "LAN", TEAL),
        *rule(208, "+ 2", "guard table, without default routes", "subnets of other sites that cannot be reached now",
              "dropped", RED),
        *rule(276, "+ 3", "with the mark: go on behind + 4", "the gateway's own datagrams", "main table", VIOLET),
        *rule(344, "+ 4", "breakouts: main table", "what leaves locally in spite of a full tunnel", "uplink", TEAL),
        *rule(412, "+ 5", "own table", "the default route, through an exit hub", "avpn0", ORANGE),
        *rule(480, "+ 6", "guard table", "the default route while no exit hub is alive", "dropped", RED),
        *[Arrow(330, y, 330, y + 12, ORANGE) for y in (100, 168, 236, 304, 372, 440)],
        Note(118, 540, "32766", anchor="end", colour=MUTED),
        Note(130, 540, "main table, with its default route: the machine's own, for split tunnels", anchor="start", colour=MUTED),
        Arrow(330, 508, 330, 524, ORANGE),
    ),
    Picture(
        "daemon", "A hub between the organization and OSPF or BGP", 860, 320,
        Box("spoke", 90, 70, "berlin", "10.11.0.0/24"), Box("hub", 330, 70, "north", "gateway, FRR or BIRD"),
        Box("host", 580, 70, "router", "OSPF or BGP", width=120), Box("net", 780, 70, "10.1.0.0/16", width=130),
        Tunnel("berlin", "north"), Line(330, 70, 580, 70), Line(580, 70, 780, 70),
        Box("step", 330, 160, "own table", "10.11.0.0/24 dev avpn0", width=220),
        Arrow(450, 160, 690, 160, ORANGE), Note(570, 150, "redistributed to the routers", colour=ORANGE),
        Note(700, 165, "while it can be reached", anchor="start", colour=ORANGE, size=12),
        Box("step", 330, 240, "watched table", "10.1.0.0/16 via the router", width=220),
        Arrow(690, 240, 450, 240, TEAL), Note(570, 230, "learned from the routers", colour=TEAL),
        Arrow(210, 240, 110, 240, TEAL), Note(100, 236, "offered while", "it is there", anchor="end", colour=TEAL, size=12),
    ),
]


def main():
    is_check = sys.argv[1:] == ["--check"]
    if sys.argv[1:] and not is_check:
        sys.exit(__doc__)
    bad = []
    for picture in PICTURES:
        file = FOLDER / f"{picture.name}.svg"
        drawn = picture.draw()
        if not is_check:
            file.write_text(drawn)
        elif not file.exists() or file.read_text() != drawn:
            bad.append(f"doc/pictures/{file.name}: not what scripts/draw_topologies.py draws")
    known = {f"{picture.name}.svg" for picture in PICTURES}
    bad += [f"doc/pictures/{file.name}: no picture of scripts/draw_topologies.py"
            for file in sorted(FOLDER.iterdir()) if file.name not in known]
    print("\n".join(bad) or f"{len(PICTURES)} pictures {'are as drawn' if is_check else 'drawn'}")
    sys.exit(1 if bad else 0)


if __name__ == "__main__":
    main()
