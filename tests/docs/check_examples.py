#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""Every example that is printed somewhere works as far as that can be told without running it.

    check_examples.py SOURCE_ROOT CC [AUTOVPN AUTOVPN_GATEWAY AUTOVPN_REGISTRY]

The examples at the top of headers are compiled, each inside of its frame: frames/NAME.c declares what the example takes for
granted and has the line EXAMPLE where it goes. C blocks of pages and manual pages are whole programs and compiled as they are. sh blocks are read by a
shell. A YAML block begins with the name of the file it is (# org.yaml), and the program that reads such files has to
accept it; those of routing.md are the business of tests/api/check_routing.py.
"""
import pathlib
import re
import subprocess
import sys
import tempfile
import textwrap

from tap import Tap

HERE = pathlib.Path(__file__).resolve().parent
ID = "7DFoL95WGReVL/eKeore/9D+vDct0mhxkWxGxjA4G0U="


def header_example(header):
    """The indented lines of the essay at the top, or nothing."""
    essay = re.search(r"^/\*\*\n(.*?)^ \*/", header.read_text(), re.M | re.S).group(1)
    blocks = re.findall(r"((?:^ \*     .*\n|^ \*\n)+)", essay, re.M)
    code = "\n".join(block for block in blocks if re.search(r";$", block, re.M))
    return textwrap.dedent(re.sub(r"^ \*", "", code, flags=re.M)).strip("\n")


def compile_c(cc, root, text, *options):
    result = subprocess.run([cc, "-std=c11", "-Wall", "-Wextra", "-Werror", *options, "-fsyntax-only", "-I",
                             root / "include", "-x", "c", "-"], input=text, capture_output=True, text=True)
    return result.stderr.splitlines() if result.returncode != 0 else []


def check_headers(tap, cc, root):
    for header in sorted((root / "include/autovpn").glob("*.h")):
        example, frame = header_example(header), HERE / "frames" / f"{header.stem}.c"
        name = f"the example of {header.name}"
        if example and not frame.exists():
            tap.check(name, [f"tests/docs/frames/{header.stem}.c is missing"])
        elif example:
            tap.check(name, compile_c(cc, root, frame.read_text().replace("EXAMPLE\n", example + "\n")))


def blocks(page, language):
    """Each fenced block of a page with its first line's number."""
    text = page.read_text()
    return [(text.count("\n", 0, match.start()) + 2, textwrap.dedent(match.group(2)))
            for match in re.finditer(rf"^( *)```{language}\n(.*?)^\1```$", text, re.M | re.S)]


def manual_programs(page):
    return [text.replace("\\e", "\\").replace("\\-", "-")
            for text in re.findall(r"^\.Bd -literal\n(#include.*?)^\.Ed$", page.read_text(), re.M | re.S)]


def shell_findings(text):
    result = subprocess.run(["sh", "-n"], input=text, capture_output=True, text=True)
    return result.stderr.splitlines()


def yaml_findings(text, programs, folder):
    name = re.match(r"# (\w+\.yaml)\n", text)
    if name is None:
        return ["it does not begin with the name of its file: # org.yaml"]
    file = folder / name.group(1)
    extra = {"org.yaml": "", "gateway.yaml": f"organization: {ID!r}\nstate_directory: {folder}\n",
             "registry.yaml": f"key: {folder}/key\nstore: {folder}/registry.db\n"}
    file.write_text(text + extra[file.name])
    command = {"org.yaml": [programs[0], "org", "check", file], "gateway.yaml": [programs[1], "--check", "--config", file],
               "registry.yaml": [programs[2], "--check", "--config", file]}[file.name]
    result = subprocess.run(command, capture_output=True, text=True, timeout=60)
    return (result.stdout + result.stderr).splitlines() if result.returncode != 0 else []


def check_pages(tap, cc, root, programs):
    pages = [root / "README.md", *sorted((root / "doc").rglob("*.md"))]
    for page in pages:
        name = page.relative_to(root)
        for line, text in blocks(page, "c"):
            tap.check(f"{name}:{line}: C", compile_c(cc, root, text, "-Wno-missing-field-initializers"))
        for line, text in blocks(page, "sh"):
            tap.check(f"{name}:{line}: shell", shell_findings(text))
        for line, text in blocks(page, "yaml") if page.name != "routing.md" else []:
            if not programs:
                tap.skip(f"{name}:{line}: YAML", "the programs are not built")
                continue
            with tempfile.TemporaryDirectory() as folder:
                tap.check(f"{name}:{line}: YAML", yaml_findings(text, programs, pathlib.Path(folder)))


def main():
    root, cc, programs = pathlib.Path(sys.argv[1]).resolve(), sys.argv[2], sys.argv[3:]
    tap = Tap()
    check_headers(tap, cc, root)
    check_pages(tap, cc, root, programs)
    for page in sorted((root / "doc/man").iterdir()):
        for text in manual_programs(page):
            tap.check(f"{page.name}: C", compile_c(cc, root, text))
    tap.done()


if __name__ == "__main__":
    main()
