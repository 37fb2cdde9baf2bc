# SPDX-License-Identifier: ISC
"""The picture of an organization's tunnels that simulate.py writes: an SVG for light and dark pages, made of text alone.

Hubs stand on an inner ring. Around it are the spokes, each before its first hub, whose tunnel is drawn straight; that of another hub is
thin and bends around. Hubs among themselves are the thick lines in the middle. A tunnel that is down is dotted and red.
"""
import html
import math
from typing import List, NamedTuple, Sequence, Tuple

Point = Tuple[float, float]
WIDTH, HEIGHT = 122.0, 54.0

STYLE = """
  .ground { fill: #ffffff } .ink { fill: #1f2328 } .muted { fill: #59636e }
  .hub { fill: #dbe9ff; stroke: #2457a6 } .spoke { fill: #e3f4e6; stroke: #2f6f3e } .ring { stroke: #d8dee4 }
  .backbone { stroke: #2457a6; stroke-width: 4 } .first { stroke: #2f6f3e; stroke-width: 2.5 }
  .other { stroke: #9aa4af; stroke-width: 1.3 } .down { stroke: #b91c1c; stroke-width: 2; stroke-dasharray: 2 6 }
  .friendly { fill: #0f766e } .unfriendly { fill: #c2410c } .none { fill: #59636e }
  text { font-family: ui-sans-serif, "DejaVu Sans", Verdana, sans-serif; text-anchor: middle }
  .backbone, .first, .other, .down { fill: none; stroke-linecap: round }
  @media (prefers-color-scheme: dark) {
    .ground { fill: #0d1117 } .ink { fill: #e6edf3 } .muted { fill: #9198a1 }
    .hub { fill: #12294d; stroke: #6ea8fe } .spoke { fill: #12301b; stroke: #56b870 } .ring { stroke: #262c36 }
    .backbone { stroke: #6ea8fe } .first { stroke: #56b870 } .other { stroke: #6e7681 } .down { stroke: #ff7b72 }
    .friendly { fill: #4fd1c5 } .unfriendly { fill: #fb923c } .none { fill: #9198a1 }
  }
"""
NATS = {"none": "public address", "friendly": "friendly NAT", "unfriendly": "unfriendly NAT"}


class Site(NamedTuple):
    """A box."""

    name: str
    subnet: str
    is_hub: bool
    nat: str
    #: Numbers of its hubs, from 1, the preferred one first.
    hubs: Sequence[int]


class Tunnel(NamedTuple):
    """A line between two places of the list of sites."""

    a: int
    b: int
    rtt_ms: float
    is_up: bool


def on_ring(radius: float, turn: float) -> Point:
    """A point of a ring around the origin; turns begin at the top and go clockwise."""
    return radius * math.sin(turn * math.tau), -radius * math.cos(turn * math.tau)


def layout(sites: Sequence[Site]) -> List[Point]:
    """Middles of the boxes. Every hub has a sector of the circle as wide as it has spokes."""
    hubs = [place for place, site in enumerate(sites) if site.is_hub]
    owned = {hub: [place for place, site in enumerate(sites) if not site.is_hub and site.hubs[0] == hub + 1] for hub in hubs}
    seats = sum(max(len(spokes), 1) for spokes in owned.values())
    inner = max(150.0, len(hubs) * (WIDTH + 26) / math.tau) if len(hubs) > 1 else 0.0
    outer = max(inner + 165, seats * (WIDTH + 22) / math.tau, 250)
    points = [(0.0, 0.0)] * len(sites)
    taken = 0
    for hub in hubs:
        spokes = owned[hub]
        for seat, place in enumerate(spokes):
            points[place] = on_ring(outer, (taken + seat) / seats)
        middle = (taken + (max(len(spokes), 1) - 1) / 2) / seats
        points[hub] = on_ring(inner, middle)
        taken += max(len(spokes), 1)
    return points


def box(site: Site, at: Point) -> str:
    x, y = at
    left, top = x - WIDTH / 2, y - HEIGHT / 2
    kind = "hub" if site.is_hub else "spoke"
    return (f'<g><rect class="{kind}" x="{left:.1f}" y="{top:.1f}" width="{WIDTH:.0f}" height="{HEIGHT:.0f}" rx="9" stroke-width="1.6"/>'
            f'<text class="ink" x="{x:.1f}" y="{y - 8:.1f}" font-size="14" font-weight="bold">{html.escape(site.name)}</text>'
            f'<text class="muted" x="{x:.1f}" y="{y + 7:.1f}" font-size="11">{html.escape(site.subnet)}</text>'
            f'<text class="{site.nat}" x="{x:.1f}" y="{y + 20:.1f}" font-size="10">{NATS[site.nat]}</text></g>')


def kind_of(tunnel: Tunnel, sites: Sequence[Site]) -> str:
    """The class of its line."""
    a, b = sites[tunnel.a], sites[tunnel.b]
    if not tunnel.is_up:
        return "down"
    if a.is_hub and b.is_hub:
        return "backbone"
    spoke, hub = (b, tunnel.a) if a.is_hub else (a, tunnel.b)
    return "first" if spoke.hubs and spoke.hubs[0] == hub + 1 else "other"


def line(tunnel: Tunnel, sites: Sequence[Site], points: Sequence[Point]) -> str:
    """Second choices bend outwards, so that they pass beside the first ones."""
    (x1, y1), (x2, y2) = points[tunnel.a], points[tunnel.b]
    kind = kind_of(tunnel, sites)
    path = f"M{x1:.1f} {y1:.1f}L{x2:.1f} {y2:.1f}"
    if kind == "other":
        mx, my = (x1 + x2) / 2, (y1 + y2) / 2
        path = f"M{x1:.1f} {y1:.1f}Q{mx * 1.22:.1f} {my * 1.22:.1f} {x2:.1f} {y2:.1f}"
    words = f"{sites[tunnel.a].name} - {sites[tunnel.b].name}: " + (f"{tunnel.rtt_ms:.1f} ms" if tunnel.is_up else "down")
    return f'<path class="{kind}" d="{path}"><title>{html.escape(words)}</title></path>'


def legend(y: float, kinds: Sequence[str]) -> str:
    """What the lines mean, of those that are there."""
    words = {"backbone": "between hubs", "first": "first hub", "other": "standby hub", "down": "down"}
    shown = [kind for kind in words if kind in kinds]
    parts, x = [], -len(shown) * 70.0 + 5
    for kind in shown:
        parts.append(f'<path class="{kind}" d="M{x:.1f} {y:.1f}h30"/>'
                     f'<text class="muted" x="{x + 40:.1f}" y="{y + 4:.1f}" font-size="12" style="text-anchor: start">{words[kind]}</text>')
        x += 145
    return "".join(parts)


def draw(sites: Sequence[Site], tunnels: Sequence[Tunnel]) -> str:
    """The whole picture."""
    points = layout(sites)
    order = {"other": 0, "first": 1, "backbone": 2, "down": 3}
    lines = sorted(tunnels, key=lambda tunnel: order[kind_of(tunnel, sites)])
    reach_x = max(abs(x) for x, _ in points) + WIDTH / 2 + 26
    top = min(y for _, y in points) - HEIGHT / 2 - 66
    bottom = max(y for _, y in points) + HEIGHT / 2 + 62
    reach_x = max(reach_x, 290)
    hubs = sum(site.is_hub for site in sites)
    title = f"{hubs} hubs, {len(sites) - hubs} spokes, {sum(t.is_up for t in tunnels)} tunnels"
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="{-reach_x:.0f} {top:.0f} {2 * reach_x:.0f} {bottom - top:.0f}" '
        f'width="{2 * reach_x:.0f}" height="{bottom - top:.0f}" role="img">',
        f"<title>{title}</title><style>{STYLE}</style>",
        f'<rect class="ground" x="{-reach_x:.0f}" y="{top:.0f}" width="{2 * reach_x:.0f}" height="{bottom - top:.0f}" rx="14"/>',
        f'<text class="ink" x="0" y="{top + 36:.1f}" font-size="17" font-weight="bold">{title}</text>',
        *(line(tunnel, sites, points) for tunnel in lines),
        *(box(site, at) for site, at in zip(sites, points)),
        legend(bottom - 26, [kind_of(tunnel, sites) for tunnel in lines]),
        "</svg>",
    ]
    return "\n".join(parts) + "\n"
