#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""Fail when the library takes from the system, or gives to programs, what it should not.

    check_symbols.py static LIBAUTOVPN.A
    check_symbols.py shared LIBAUTOVPN.SO INCLUDE_DIRECTORY VERSION_SCRIPT [PART_LEFT_OUT ...]

static: every symbol an object needs is defined by another object or on the list below, so there
can be no socket, clock, file, thread or stdio; malloc and its kin only in base/memory.c; no
object has writable data. shared: exactly the AVPN_API functions of the headers are exported, each under the one version of
the version script that lists it; those of a part that was left out of the build (registry, authority) are absent.
"""
import pathlib
import re
import subprocess
import sys

C_LIBRARY = re.compile(
    r"^_?_?(mem(cmp|cpy|move|set|chr)|str(len|cmp|ncmp|ncpy|chr|rchr|nlen))(_chk)?$"
    r"|^__stack_chk_fail$|^__assert_fail$|^_GLOBAL_OFFSET_TABLE_$|^__chk_fail$"
    r"|^__(asan|ubsan|lsan|sanitizer|gcov|llvm)_|^__cpu_(model|indicator_init)$")
SODIUM = re.compile(r"^(crypto_|sodium_|randombytes_)")
# Each provider of packet encryption has a library of its own.
PROVIDERS = {"crypto_aead_ipsec_mb.c.o": re.compile(r"^(alloc|free|init)_mb_mgr(_auto)?$"),
             "crypto_aead_openssl.c.o": re.compile(r"^(EVP_|OPENSSL_info$)")}
# The headers whose functions are absent when a part is left out: -Dregistry=false, -Dauthority=false.
PARTS = {"registry": ["registry.h"], "authority": ["authority.h", "publisher.h"]}
ALLOCATOR = {"malloc", "realloc", "free"}
# What is the same for the whole process and never changes once known (doc/decisions/0014-aead-providers.md).
WRITABLE = {"crypto_aead.c.o": {"testing", "verdicts"}, "crypto_aead_ipsec_mb.c.o": {"code"}}


def nm(*arguments):
    return subprocess.run(["nm", *arguments], check=True, capture_output=True, text=True).stdout


def read_objects(archive):
    """{object: (needed symbols, defined symbols, writable symbols)}"""
    objects, current = {}, None
    for line in nm("--format=sysv", archive).splitlines():
        heading = re.match(r".*\[(.+\.o)\]:$", line)
        if heading:
            current = objects.setdefault(heading.group(1), (set(), set(), set()))
        columns = [column.strip() for column in line.split("|")]
        if len(columns) != 7 or columns[0] == "Name":
            continue
        name, kind, section = columns[0], columns[2], columns[6]
        current[0 if kind in "Uw" else 1].add(name)
        # .data.rel.ro is constant once the loader has filled in its pointers.
        if kind in "dDbBC" and not section.startswith(".data.rel.ro"):
            current[2].add(name)
    return objects


def check_static(archive):
    objects = read_objects(archive)
    own = set().union(*(defined for _, defined, _ in objects.values()))
    bad = []
    for name, (needed, _, writable) in sorted(objects.items()):
        for symbol in sorted(needed - own):
            is_fine = (C_LIBRARY.match(symbol)
                       or (SODIUM.match(symbol) and name.startswith("crypto_"))
                       or (name in PROVIDERS and PROVIDERS[name].match(symbol))
                       or (symbol in ALLOCATOR and name.startswith("base_memory.c")))
            if not is_fine:
                bad.append(f"{name}: must not use {symbol}")
        bad += [f"{name}: {symbol} is writable global state"
                for symbol in sorted(writable - WRITABLE.get(name, set()))]
    if len(objects) < 5:
        bad.append(f"only {len(objects)} objects in {archive}: nothing was checked")
    return bad, f"{len(objects)} objects use nothing they should not"


def declared_functions(include, left_out=()):
    """Those of the headers but the ones of parts left out."""
    names = set()
    skipped = {header for part in left_out for header in PARTS[part]}
    for header in sorted(pathlib.Path(include).glob("autovpn/*.h")):
        if header.name in skipped:
            continue
        text = re.sub(r"/\*.*?\*/", "", header.read_text(), flags=re.S)
        for declaration in re.findall(r"^AVPN_API\b([^;]*);", text, flags=re.M | re.S):
            names.add(re.search(r"(\w+)\s*\(", declaration).group(1))
    return names


def read_script(script):
    """[(version, function)] of a version script."""
    text = re.sub(r"/\*.*?\*/", "", pathlib.Path(script).read_text(), flags=re.S)
    return [(version, name) for version, body in re.findall(r"(\w[\w.]*)\s*{(.*?)}", text, flags=re.S)
            for name in re.findall(r"([\w*]+);", body.split("local:")[0])]


def read_exports(library):
    """{function: version}; the versions themselves are absolute symbols."""
    exports = {}
    for line in nm("--portability", "--dynamic", "--defined-only", library).splitlines():
        symbol, kind = line.split()[:2]
        if kind != "A":
            name, _, version = symbol.partition("@")
            exports[name] = version.lstrip("@")
    return exports


def check_script(listed, declared):
    names = [name for _, name in listed]
    bad = [f"{name} is listed more than once" for name in sorted(set(names)) if names.count(name) > 1]
    bad += [f"{name} is declared and not listed" for name in sorted(declared - set(names))]
    bad += [f"{name} is listed and in no header" for name in sorted(set(names) - declared)]
    return bad


def check_shared(library, include, script, *left_out):
    listed, exports = read_script(script), read_exports(library)
    declared, exported = declared_functions(include, left_out), set(exports)
    versions = {name: version for version, name in listed}
    bad = check_script(listed, declared_functions(include))
    bad += [f"{name} is declared and not exported" for name in sorted(declared - exported)]
    bad += [f"{name} is exported and in no header" for name in sorted(exported - declared)]
    bad += [f"{name} is exported as of {exports[name] or 'no version'}, and listed as of {versions[name]}"
            for name in sorted(exported & set(versions)) if exports[name] != versions[name]]
    if not declared:
        bad.append("found no AVPN_API function")
    return bad, f"{len(declared)} functions declared and exported, of {len(set(versions.values()))} version(s)"


def main():
    bad, good = check_static(sys.argv[2]) if sys.argv[1] == "static" else check_shared(*sys.argv[2:])
    print("\n".join(bad) or good)
    sys.exit(1 if bad else 0)


if __name__ == "__main__":
    main()
