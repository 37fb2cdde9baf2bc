# SPDX-License-Identifier: ISC
"""Markdown from records: the machine, a table of medians, and which goals were reached.

A record is what measure.everything gives, with "peer" and "round"; one with "error" counts for nothing but is shown. A ratio
is the median of the ratios inside each round: what a busier minute does to both sides of it does not count.
"""
import datetime
import os
import pathlib
import platform
import statistics

MIB = 1024 * 1024

# Title, the path of a value in a record, its unit in that of the record, digits behind the point.
COLUMNS = (
    ("TCP, 1 stream, Gbit/s", ("tcp1", "gbit_per_s"), 1, 2),
    ("4 streams", ("tcp4", "gbit_per_s"), 1, 2),
    ("CPU s/Gbit, machine", ("tcp1", "machine_cpu_per_gbit"), 1, 3),
    ("gateways", ("tcp1", "gateways_cpu_per_gbit"), 1, 3),
    ("64-byte UDP, 1000/s", ("flood", "received_per_s"), 1000, 0),
    ("ping p50, us", ("ping", "p50_us"), 1, 0),
    ("p99", ("ping", "p99_us"), 1, 0),
    ("memory of both, MiB", ("memory_bytes",), MIB, 1),
)

# What is to be reached: a title, our peer, its value, the other peer or None, and the limit of value or ratio.
AT_LEAST, AT_MOST = "at least", "at most"
TCP1, FLOOD = ("tcp1", "gbit_per_s"), ("flood", "received_per_s")
GOALS = (
    ("one TCP stream, against the ideal forwarder", "libautovpn", TCP1, "ideal", AT_LEAST, 0.9),
    ("... both with libsodium as the only provider", "libautovpn-libsodium", TCP1,
     "ideal-libsodium", AT_LEAST, 0.9),
    ("one TCP stream, against wireguard-go", "libautovpn", TCP1, "wireguard-go", AT_LEAST, 13),
    ("one TCP stream, against OpenVPN", "libautovpn", TCP1, "openvpn", AT_LEAST, 8),
    ("CPU of the machine for a Gbit, against the ideal forwarder", "libautovpn",
     ("tcp1", "machine_cpu_per_gbit"), "ideal", AT_MOST, 1.1),
    ("CPU of the gateways for a Gbit, against the ideal forwarder", "libautovpn",
     ("tcp1", "gateways_cpu_per_gbit"), "ideal", AT_MOST, 1.1),
    ("64-byte UDP, against the ideal forwarder", "libautovpn", FLOOD, "ideal", AT_LEAST, 0.9),
    ("two workers, one TCP stream, against the ideal forwarder's two threads", "libautovpn-2-workers",
     TCP1, "ideal-2-threads", AT_LEAST, 1.0),
    ("memory of both ends, MiB", "libautovpn", ("memory_bytes",), None, AT_MOST, 16),
)


def machine():
    """What the figures belong to."""
    models = [line.split(":", 1)[1].strip() for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines()
              if line.startswith("model name")]
    release = platform.freedesktop_os_release().get("PRETTY_NAME", "")
    return {"host": platform.node(), "cpu": models[0] if models else platform.machine(),
            "cores": os.cpu_count(), "kernel": platform.release(), "system": release,
            "date": datetime.datetime.now().strftime("%Y-%m-%d %H:%M"),
            "load": round(os.getloadavg()[0], 1)}


def value(record, path):
    for key in path:
        record = record.get(key) if isinstance(record, dict) else None
    return record


def values(records, peer, path):
    """By round."""
    found = {r["round"]: value(r, path) for r in records if r["peer"] == peer}
    return {number: figure for number, figure in found.items() if figure is not None}


def spread(figures, digits):
    """median (min..max)"""
    if not figures:
        return "-"
    if len(figures) == 1:
        return f"{figures[0]:.{digits}f}"
    return (f"{statistics.median(figures):.{digits}f} "
            f"({min(figures):.{digits}f}..{max(figures):.{digits}f})")


def table(records, peers):
    lines = ["| peer | " + " | ".join(title for title, *_ in COLUMNS) + " |",
             "| --- |" + " --- |" * len(COLUMNS)]
    for peer in peers:
        cells = [spread([figure / unit for figure in values(records, peer, path).values()], digits)
                 for _, path, unit, digits in COLUMNS]
        lines.append(f"| {peer} | " + " | ".join(cells) + " |")
    return lines


def ratios(records, ours, path, theirs):
    mine, other = values(records, ours, path), values(records, theirs, path)
    return [mine[number] / other[number] for number in mine if other.get(number)]


def goal_line(title, figures, relation, limit, digits=2):
    if not figures:
        return f"| {title} | {relation} {limit} | - | not measured |"
    median = statistics.median(figures)
    is_reached = median >= limit if relation == AT_LEAST else median <= limit
    return (f"| {title} | {relation} {limit} | {spread(figures, digits)} | "
            f"{'reached' if is_reached else 'not reached'} |")


def added_ping(records, peer):
    """By round, what the tunnel adds to the median round trip."""
    path = ("ping", "p50_us")
    through, wire = values(records, peer, path), values(records, "raw", path)
    return {number: through[number] - wire[number] for number in through if number in wire}


def ping_line(records):
    title, limit = "ping p50 that the tunnel adds, us", "that of the ideal forwarder"
    mine, other = added_ping(records, "libautovpn"), added_ping(records, "ideal")
    if not mine or not other:
        return f"| {title} | {AT_MOST} {limit} | - | not measured |"
    bound = statistics.median(other.values())
    is_reached = statistics.median(mine.values()) <= bound
    return (f"| {title} | {AT_MOST} {limit}, {bound:.0f} | {spread(list(mine.values()), 0)} | "
            f"{'reached' if is_reached else 'not reached'} |")


def goals(records):
    lines = ["| goal | limit | here | |", "| --- | --- | --- | --- |"]
    for title, ours, path, theirs, relation, limit in GOALS:
        if theirs is None:
            unit = MIB if path == ("memory_bytes",) else 1
            figures = [figure / unit for figure in values(records, ours, path).values()]
        else:
            figures = ratios(records, ours, path, theirs)
        lines.append(goal_line(title, figures, relation, limit))
    return lines + [ping_line(records)]


def markdown(where, options, records, peers, versions):
    what = ", ".join(f"{name} {version}" for name, version in versions.items() if version)
    lines = [f"{where['host']}: {where['cpu']}, {where['cores']} cores, Linux {where['kernel']}, "
             f"{where['system']}, {where['date']}, load {where['load']} at the start.",
             f"{options['rounds']} rounds, {options['seconds']} s of TCP each, medians (min..max). {what}", ""]
    lines += table(records, peers) + [""] + goals(records)
    lines += [f"error: {r['peer']}, round {r['round']}: {r['error']}" for r in records if "error" in r]
    return "\n".join(lines)
