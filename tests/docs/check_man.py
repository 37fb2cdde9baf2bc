#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""Manual pages: clean, their references lead somewhere, and they and the programs know the same options and settings.

    check_man.py SOURCE_ROOT [AUTOVPN AUTOVPN_GATEWAY AUTOVPN_REGISTRY]

Options are those of --help, of each command too; settings are the names that the sources accept in YAML files.
Without the programs the options are not compared.
"""
import pathlib
import re
import subprocess
import sys

from tap import Tap

COMMANDS = ("org init", "org check", "org publish", "org rotate-key", "org revoke", "org log", "invite",
            "status", "peers", "routes", "rules", "explain")
# In every program, and said once: not in pages.
UNIVERSAL = {"help", "version"}
SETTINGS = {"autovpn-gateway.yaml.5": ("examples/gateway", "setup*.c"),
            "autovpn-registry.yaml.5": ("examples/registry", "setup.c"),
            "autovpn-org.yaml.5": ("examples/admin", "*.c")}


def lint(page):
    result = subprocess.run(["mandoc", "-Tlint", "-W", "warning", page], capture_output=True, text=True)
    return [line for line in result.stdout.splitlines()]


def references(page, pages, foreign):
    for name, section in re.findall(r"^\.Xr (\S+) (\d)", page.read_text(), re.M):
        if f"{name}.{section}" not in pages and (name, section) not in foreign:
            yield f"{page.name}: {name}({section}) is not there"


def options_of_page(page):
    """From lines like ".Op Fl -qr | Fl -no-qr" or ".Nm autovpn Cm x Fl -psk | -signer"."""
    lines = [line for line in page.read_text().splitlines() if re.search(r"\bFl -", line)]
    return {option for line in lines for option in re.findall(r"(?<=\s)-([a-z][a-z-]+)", line)}


def options_of_program(program, commands):
    found = set()
    for command in commands:
        result = subprocess.run([program, *command.split(), "--help"], capture_output=True, text=True)
        if result.returncode != 0:
            yield f"{command} --help ended with {result.returncode}"
        own = re.sub(r"autovpn-\w+ --\w+", "", result.stdout)
        found |= set(re.findall(r"--([a-z][a-z-]+)", own))
    yield from found


def compare_options(page, program, commands):
    there, said = set(options_of_program(program, commands)) - UNIVERSAL, options_of_page(page) - UNIVERSAL
    for option in sorted(there - said):
        yield f"{page.name} does not have --{option}"
    # A page may speak of another program's options.
    others = set(re.findall(r"--([a-z][a-z-]+)", "\n".join(re.findall(r"^\.Ql .*", page.read_text(), re.M))))
    for option in sorted(said - there - others):
        yield f"--{option} of {page.name} does not exist"


def settings_of_sources(folder, pattern):
    """The fields that the readers of a YAML file expect; all others they refuse."""
    text = "".join(file.read_text() for file in sorted(folder.glob(pattern)))
    calls = re.findall(r"settings_expect\(([^;]*?)NULL\)", text)
    return {name for call in calls for name in re.findall(r"\"([a-z_]+)\"", call)}


def compare_settings(page, folder, pattern):
    there = settings_of_sources(folder, pattern)
    said = set()
    for line in re.findall(r"^\.(?:It )?Cm (.*)", page.read_text(), re.M):
        said |= set(re.findall(r"[a-z][a-z_]*", line))
    said |= there & set(re.findall(r"[{ ]([a-z_]+): [A-Z]", page.read_text()))  # .Li {subnet: SUBNET}
    if not there:
        yield f"found no setting in {folder.name}/{pattern}"
    for name in sorted(there - said):
        yield f"{page.name} does not have {name}"
    for name in sorted(said - there):
        yield f"{name} of {page.name} is not accepted"


def main():
    root = pathlib.Path(sys.argv[1]).resolve()
    pages = {page.name: page for page in sorted((root / "doc/man").iterdir())}
    tap = Tap()
    name = "pages without a warning of mandoc"
    if tap.needs("mandoc", name):
        tap.check(name, [finding for page in pages.values() for finding in lint(page)])
    tap.check("pages that others refer to", [finding for page in pages.values()
                                            for finding in references(page, pages, {("ip", "8")})])
    installed = "".join(file.read_text() for file in root.rglob("meson.build")
                        if "build" not in file.relative_to(root).parts[0])
    tap.check("pages are installed", [f"{name} is not" for name in pages if f"man/{name}'" not in installed])
    if len(sys.argv) > 4:
        for page, program, commands in (("autovpn.1", sys.argv[2], ("", *COMMANDS)), ("autovpn-gateway.8", sys.argv[3], ("",)),
                                        ("autovpn-registry.8", sys.argv[4], ("",))):
            tap.check(f"{page}: options", compare_options(pages[page], program, commands))
    else:
        tap.skip("options", "the programs are not built")
    for page, (folder, pattern) in SETTINGS.items():
        tap.check(f"{page}: settings", compare_settings(pages[page], root / folder, pattern))
    tap.done()


if __name__ == "__main__":
    main()
