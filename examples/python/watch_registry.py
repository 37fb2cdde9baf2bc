#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""Follow a running autovpn-registry: a line for each member that connects, is seen elsewhere or is gone, each claim, each version.

    watch_registry.py                                        # numbers of members
    watch_registry.py --org org.yaml                         # their names, and at first who is connected
    watch_registry.py --json | jq 'select(.event == "member")'

It asks at the registry's control socket (autovpn-registry(8)), so on the same machine and as its user or root. A registry that
restarts is found again, and what was missed meanwhile is told as one line, and with --org by who is connected then. Ends by a signal.
Exit status: 0: ended by a signal, 1: the registry is too old to be followed, 2: bad usage.
"""
import argparse
import json
import signal
import socket
import sys
import time
from typing import Any, Dict, Iterable, List, Optional

from organization import default_tool, fail, read_organization

IDS_AT_ONCE = 200  # a request has 4 KiB
SOCKET = "/run/autovpn/registry.sock"


class Silent(Exception):
    """The registry does not answer now."""


def ask(path: str, command: str, **more: Any) -> Dict[str, Any]:
    """One question, one answer: a line of JSON each."""
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
            connection.settimeout(5)
            connection.connect(path)
            connection.sendall(json.dumps({"command": command, **more}).encode() + b"\n")
            answer: Dict[str, Any] = json.loads(b"".join(iter(lambda: connection.recv(65536), b"")))
    except (OSError, ValueError) as error:
        raise Silent(getattr(error, "strerror", None) or "no answer") from error
    if "error" in answer:
        fail(f"--socket {path}: {command}: {answer['error']}: is that an autovpn-registry of this version?", 1)
    return answer


def version_text(version: int) -> str:
    """As the programs write it: the charter's serial, and the number below it."""
    serial, number = version >> 48, version & (1 << 48) - 1
    return f"{serial}.{number}" if serial else str(number)


class Watcher:
    """What is known of the registry, and how it is told."""

    def __init__(self, path: str, names: Dict[int, str], organization: Optional[str], is_json: bool) -> None:
        self.path, self.names, self.organization, self.is_json = path, names, organization, is_json
        self.run: Optional[int] = None
        self.last = 0
        self.is_silent = False
        self.labels: Dict[str, str] = {}

    def say(self, event: str, words: str, at: Optional[float] = None, **fields: Any) -> None:
        at = time.time() if at is None else at
        if self.is_json:
            print(json.dumps({"time": at, "event": event, **fields}), flush=True)
        else:
            print(time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(at)), words, flush=True)

    def label(self, organization: str) -> str:
        """Its name, as soon as the registry knows one."""
        return self.labels.get(organization, organization[:8])

    def member(self, change: Dict[str, Any]) -> str:
        return self.names.get(change["member"], f"member {change['member']}")

    def begin(self, words: str) -> None:
        """The whole picture: after the start, and when something was missed."""
        start = ask(self.path, "changes")  # before the picture, so that nothing falls between
        status = ask(self.path, "status")
        self.run, self.last = start["run"], start["last"]
        self.say("registry", f"{words}: {status['members']} members, {status['connected']} uplinks connected",
                 state=words, members=status["members"], connected=status["connected"])
        for entry in status["organizations"]:
            self.labels[entry["id"]] = entry.get("name") or entry["id"][:8]
            if entry.get("version"):
                self.tell({"event": "published", "organization": entry["id"], "version": entry["version"]}, "serves")
        self.tell_connected()

    def tell_connected(self) -> None:
        ids = sorted(self.names)
        for place in range(0, len(ids) if self.organization else 0, IDS_AT_ONCE):
            found = ask(self.path, "registrations", organization=self.organization, members=ids[place:place + IDS_AT_ONCE])
            for entry in found["registrations"]:
                if entry["connected"]:
                    self.tell({"event": "member", "organization": self.organization, **entry}, "is connected")

    def tell(self, change: Dict[str, Any], verb: str = "") -> None:
        organization = self.label(change["organization"])
        fields = {name: value for name, value in change.items() if name not in ("event", "time", "number")}
        if change["event"] == "member":
            fields["name"] = self.names.get(change["member"])
            verb = verb or ("connected" if change["connected"] else "is gone")
            words = f"{self.member(change)} {verb}, uplink {change['uplink']}, at {change['contact']}"
        elif change["event"] == "claim":
            words = f"a device claims the place of {self.member(change)}; autovpn org publish signs it in"
        else:
            words = f"{verb or 'published'} version {version_text(change['version'])}"
        self.say(change["event"], f"{organization}: {words}", change.get("time"), **fields)

    def look(self) -> None:
        """Ask once for what is new."""
        if self.run is None:
            self.begin("following")
        while True:
            answer = ask(self.path, "changes", after=self.last)
            if answer["run"] != self.run:
                self.begin("started anew")
                continue
            if answer["missed"]:
                self.begin(f"{answer['missed']} changes were missed")
                continue
            if any(change["event"] == "published" for change in answer["changes"]):  # a first version brings a name
                self.labels.update({entry["id"]: entry.get("name") or entry["id"][:8]
                                    for entry in ask(self.path, "status")["organizations"]})
            for change in answer["changes"]:
                self.tell(change)
            self.last = answer["last"]
            if not answer["changes"]:
                return

    def follow(self, interval: float) -> None:
        while True:
            try:
                self.look()
                self.is_silent = False
            except Silent as error:
                if not self.is_silent:
                    self.say("silent", f"{self.path}: {error}; asking again every {interval:g} s", problem=str(error))
                self.is_silent = True
            time.sleep(interval)


def names_of(sites: Iterable[Dict[str, Any]]) -> Dict[int, str]:
    return {site["id"]: site["name"] for site in sites}


def main(words: Optional[List[str]] = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--socket", default=SOCKET, metavar="PATH", help=f"the registry's control socket ({SOCKET})")
    parser.add_argument("--org", metavar="ORG.YAML", help="names of the members of this organization")
    parser.add_argument("--interval", type=float, default=0.5, metavar="SECONDS", help="between questions (0.5)")
    parser.add_argument("--json", action="store_true", help="an object for each change, one a line")
    parser.add_argument("--autovpn", default=default_tool(), metavar="PATH", help="the program that reads org.yaml (AUTOVPN_TOOL, or autovpn)")
    options = parser.parse_args(words)
    if not 0.05 <= options.interval <= 3600:
        fail(f"--interval {options.interval:g}: 0.05 to 3600 seconds are right")
    answer = read_organization(options.org, options.autovpn) if options.org else {"sites": [], "id": None}
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(0))
    try:
        Watcher(options.socket, names_of(answer["sites"]), answer["id"], options.json).follow(options.interval)
    except (KeyboardInterrupt, BrokenPipeError):
        pass
    return 0


if __name__ == "__main__":
    sys.exit(main())
