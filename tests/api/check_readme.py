# SPDX-License-Identifier: ISC
"""The program printed in README.md is examples/minimal/two_sites.c, and under 150 lines."""
import pathlib
import sys

root = pathlib.Path(sys.argv[1])
program = (root / "examples/minimal/two_sites.c").read_text()
if "```c\n" + program + "```" not in (root / "README.md").read_text():
    sys.exit("README.md: its C block is not examples/minimal/two_sites.c: paste that file again")
if program.count("\n") >= 150:
    sys.exit(f"examples/minimal/two_sites.c: {program.count(chr(10))} lines, fewer than 150 are promised")
