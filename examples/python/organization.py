# SPDX-License-Identifier: ISC
"""Reads an org.yaml: `autovpn org show FILE --json` does it, which knows all that such a file may say and complains with line and field."""
import json
import os
import pathlib
import subprocess
import sys
from typing import Any, Dict, NoReturn


def fail(words: str, status: int = 2) -> NoReturn:
    print(f"{pathlib.Path(sys.argv[0]).name}: {words}", file=sys.stderr)
    sys.exit(status)


def read_organization(path: str, tool: str) -> Dict[str, Any]:
    """The object that autovpn(1) describes; the program ends if there is none."""
    try:
        done = subprocess.run([tool, "org", "show", path, "--json"], stdout=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True)
        answer: Dict[str, Any] = json.loads(done.stdout)
    except OSError as error:
        fail(f"--autovpn {tool}: {error.strerror}")
    except ValueError:
        fail(f"--autovpn {tool}: it gave no JSON for {path}: is it older than this script?")
    if answer.get("ok"):
        return answer
    for finding in answer.get("findings", []):
        if finding["severity"] == "error":
            words = [f"{finding['file']}:{finding['line'] or 1}", finding["field"], finding["value"], finding["message"]]
            print(": ".join(word for word in words if word), file=sys.stderr)
    fail(f"{path}: is not valid")


def default_tool() -> str:
    """AUTOVPN_TOOL, or what the shell would find."""
    return os.environ.get("AUTOVPN_TOOL", "autovpn")
