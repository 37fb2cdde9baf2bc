# SPDX-License-Identifier: ISC
"""One line per check, as TAP, and what was found under those that fail."""
import shutil
import sys


class Tap:
    """
    check("name", findings) is ok if there are none. needs("doxygen") is true if the program is there; else the
    check is skipped, and says so.
    """

    def __init__(self):
        self.count = self.failed = 0

    def _line(self, is_ok, text):
        self.count += 1
        print(f"{'ok' if is_ok else 'not ok'} {self.count} - {text}", flush=True)

    def check(self, name, findings):
        findings = list(findings)
        self._line(not findings, name)
        self.failed += bool(findings)
        for finding in findings:
            for line in str(finding).splitlines():
                print(f"# {line}")

    def skip(self, name, reason):
        self._line(True, f"{name} # SKIP {reason}")

    def needs(self, program, name):
        if shutil.which(program):
            return True
        self.skip(name, f"{program} is not installed: scripts/install-packages.sh docs")
        return False

    def done(self):
        print(f"1..{self.count}")
        sys.exit(1 if self.failed or not self.count else 0)
