#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""The bindings under mypy --strict, for the oldest Python they promise, and as a program that uses them sees them.

Prints TAP; without mypy (Debian: the package mypy) it is skipped. Nothing is written beside the sources.
"""
import pathlib
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
OLDEST = "3.9"

# What must be accepted, and - behind "!" - what must be refused, each line by itself in a function of its own.
USES = [
    "node.receive_datagram(b'', ('192.0.2.1', 5), 0)",
    "node.set_uplink(0, 0, local='192.0.2.1:5')",
    "wait: int = (node.deadline or 0) + 1",
    "peers: typing.List[autovpn.PeerStatus] = node.peers()",
    "state: autovpn.TunnelState = node.peer(1).tunnel",
    "ups = [event.is_up for event in node.events() if isinstance(event, autovpn.TunnelEvent)]",
    "key: autovpn.Key = autovpn.KeyPair.generate().public",
    "autovpn.Host(event=lambda event: print(event.at), store={})",
    "with autovpn.Config('x') as config: problems: typing.List[autovpn.Problem] = config.check()",
    "data: bytes = node.datagrams_to_send()[0].data",
    "! node.deadline + 1",
    "! node.handle_timer(1.5)",
    "! node.receive_datagram('text', ('192.0.2.1', 5), 0)",
    "! node.peer(1).tunel",
    "! node.next_event().at",
    "! autovpn.Node(b'', b'', 0)",
    "! autovpn.Host(event=1)",
    "! autovpn.Member(id='1', name='x', key=None, role=autovpn.Role.HUB)",
    "! autovpn.Rool",
]


def mypy():
    """How it is called here, or None."""
    for command in (["mypy"], ["/usr/bin/python3", "-m", "mypy"], [sys.executable, "-m", "mypy"]):
        try:
            if subprocess.run([*command, "--version"], capture_output=True).returncode == 0:
                return command
        except OSError:
            continue
    return None


def check(command, cache, *what):
    options = ["--strict", "--python-version", OLDEST, "--cache-dir", cache, "--no-error-summary", "--show-traceback"]
    return subprocess.run([*command, *options, *what], capture_output=True, text=True, cwd=HERE,
                          env={"MYPYPATH": str(HERE), "PATH": "/usr/bin:/bin"})


def check_package(command, cache):
    """the package"""
    return check(command, cache, "-p", "autovpn").stdout


def check_uses(command, cache):
    """programs that use it: right ones pass, wrong ones are refused"""
    lines = ["import typing", "import autovpn"]
    refused = set()
    for place, use in enumerate(USES):
        lines += [f"def use_{place}(node: autovpn.Node) -> None:", f"    {use.lstrip('! ')}"]
        if use.startswith("!"):
            refused.add(len(lines))
    source = pathlib.Path(cache) / "uses.py"
    source.write_text("\n".join(lines) + "\n")
    said = check(command, cache, str(source)).stdout
    found = {int(line.split(":")[1]) for line in said.splitlines() if ": error:" in line}
    wrong = [f"refused: {lines[n - 1].strip()}" for n in sorted(found - refused)]
    wrong += [f"accepted: {lines[n - 1].strip()}" for n in sorted(refused - found)]
    return "\n".join(wrong + ([said] if found - refused else []))


def main():
    command = mypy()
    if command is None:
        print("1..0 # SKIP mypy is not here (scripts/install-packages.sh test)")
        return 0
    checks, failures = (check_package, check_uses), 0
    print(f"1..{len(checks)}")
    with tempfile.TemporaryDirectory() as cache:
        for number, each in enumerate(checks, 1):
            said = each(command, cache)
            failures += bool(said)
            print(f"{'not ok' if said else 'ok'} {number} - mypy --strict: {each.__doc__}")
            print("".join(f"# {line}\n" for line in said.splitlines()), end="")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
