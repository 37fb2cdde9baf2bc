# SPDX-License-Identifier: ISC
"""What gateway.py and registry.py both need: a key in a file, events as lines, an end by a signal."""
import asyncio
import dataclasses
import enum
import json
import os
import pathlib
import signal
import sys
import time
from typing import Any, Callable, NoReturn, Optional, Tuple

import autovpn
from autovpn import Event, KeyPair


def fail(words: str, status: int = 2) -> NoReturn:
    """End the program: 2 what was asked cannot be, 1 it did not work."""
    print(f"{pathlib.Path(sys.argv[0]).name}: {words}", file=sys.stderr)
    sys.exit(status)


def key_pair(path: pathlib.Path) -> KeyPair:
    """The key pair of which a file holds the secret half as base64; made, if there is no such file."""
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        try:
            with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="ascii") as file:
                file.write(KeyPair.generate().secret.text() + "\n")
        except FileExistsError:
            pass
        return KeyPair(path.read_text(encoding="ascii").strip())
    except OSError as error:
        fail(f"key {path}: {error.strerror}")
    except (autovpn.Error, ValueError) as error:
        fail(f"key {path}: {error}; it should hold a secret key as one line of base64")


def read_file(path: pathlib.Path, what: str) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        fail(f"{what} {path}: {error.strerror}")


def address_of(text: str) -> Tuple[str, int]:
    """ADDRESS:PORT as asyncio wants it, for argparse; a name would be resolved later than anybody expects."""
    contact = autovpn.Contact.parse(text)
    return str(contact.host), contact.port


def plain(value: Any) -> Any:
    """A value of the library as JSON has it: enums by their name, contacts and prefixes as text."""
    if isinstance(value, enum.Enum):
        return value.name.lower()
    return value if value is None or isinstance(value, (bool, int, float)) else str(value)


def printer(is_json: bool, more: Optional[Callable[[Event], "dict[str, Any]"]] = None) -> Callable[[Event], None]:
    """A function that prints an event as a line; `more` adds to what the event says."""

    def show(event: Event) -> None:
        fields = {field.name: plain(getattr(event, field.name)) for field in dataclasses.fields(event)
                  if field.name not in ("kind", "at", "lost")}
        fields.update(more(event) if more else {})
        if is_json:
            line = json.dumps({"time": round(time.time(), 3), "event": event.name, **fields})
        else:
            words = [f"{name}={value}" for name, value in fields.items()]
            line = " ".join([time.strftime("%H:%M:%S"), f"{event.name:<13}", *words])
        print(line, flush=True)
        if event.lost:
            print(f"{event.lost} events before this one were lost", file=sys.stderr)

    return show


def on_signal(end: Callable[[], None]) -> None:
    """SIGINT and SIGTERM end the program in peace."""
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, end)
