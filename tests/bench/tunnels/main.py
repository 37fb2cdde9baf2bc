# SPDX-License-Identifier: ISC
"""Measure tunnels beside each other; tests/bench/tunnels.sh builds what this needs, and says what it takes."""
import argparse
import json
import pathlib
import shutil
import signal
import sys
import tempfile

import measure
import peers
import report
from stage import Stage, StageError


class Programs:
    """What was built, and where."""

    def __init__(self, build, build_libsodium):
        self.build = build
        self.build_libsodium = build_libsodium
        self.forwarder = build / "tests/bench/forwarder"
        self.flood = build / "tests/bench/flood"


def parse(arguments):
    parser = argparse.ArgumentParser(prog="tunnels.sh", description="Tunnels beside each other in one run.")
    parser.add_argument("--build", type=pathlib.Path, required=True, help=argparse.SUPPRESS)
    parser.add_argument("--build-libsodium", type=pathlib.Path, help=argparse.SUPPRESS)
    parser.add_argument("--rounds", type=int, default=5, metavar="N", help="1 to 50, by default 5")
    parser.add_argument("--secs", type=int, default=3, metavar="S", help="of each TCP stream, by default 3")
    parser.add_argument("--json", type=pathlib.Path, metavar="FILE", help="every record, for programs")
    parser.add_argument("--quick", action="store_true", help="one round of one second")
    parser.add_argument("--check", action="store_true",
                        help="only what is ours: exit status 1 when anything was not measured")
    parser.add_argument("peers", nargs="*", metavar="PEER", help=f"of {', '.join(peers.PEERS)}")
    options = parser.parse_args(arguments)
    if options.quick:
        options.rounds, options.secs = 1, 1
    unknown = [name for name in options.peers if name not in peers.PEERS]
    if unknown or not 1 <= options.rounds <= 50 or not 1 <= options.secs <= 60:
        parser.error(f"no such peer: {' '.join(unknown)}" if unknown else "out of range")
    if not options.peers:
        options.peers = list(peers.CHECKED if options.check else peers.PEERS)
    return options


def one(name, number, folder, programs, options):
    """A record: figures, or an error. Nobody else's failure ends the run."""
    record = {"peer": name, "round": number}
    try:
        with Stage(folder / f"{number}-{name}") as stage:
            address = peers.PEERS[name](stage, programs)
            stage.await_answer(address)
            record.update(measure.everything(stage, programs.flood, address, options.secs, options.quick))
    except (StageError, OSError, ValueError, KeyError, measure.subprocess.SubprocessError) as error:
        record["error"] = f"{type(error).__name__}: {error}"[:800]
    return record


def run(options, folder):
    """Peers alternate inside of each round, forwards and backwards, so that a drift of the machine meets all alike."""
    where = report.machine()
    programs = Programs(options.build, options.build_libsodium)
    records = []
    for number in range(options.rounds):
        for name in options.peers if number % 2 == 0 else reversed(options.peers):
            record = one(name, number, folder, programs, options)
            records.append(record)
            print(json.dumps(record), file=sys.stderr, flush=True)
    settings = {"rounds": options.rounds, "seconds": options.secs}
    versions = {name: peers.version(name) for name in options.peers}
    if options.json:
        options.json.write_text(json.dumps({"machine": where, "options": settings, "versions": versions,
                                            "records": records}, indent=1) + "\n")
    print(report.markdown(where, settings, records, options.peers, versions))
    return records


def main():
    options = parse(sys.argv[1:])
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *_: sys.exit(1))  # an exception: stages are left in order
    folder = pathlib.Path(tempfile.mkdtemp(prefix="avbench."))
    try:
        records = run(options, folder)
    except KeyboardInterrupt:
        return 130
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return 1 if options.check and any("error" in record for record in records) else 0


if __name__ == "__main__":
    sys.exit(main())
