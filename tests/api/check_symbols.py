#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""Fail when the library takes from the system, or gives to programs, what it should not.

    check_symbols.py static LIBAUTOVPN.A
    check_symbols.py shared LIBAUTOVPN.SO INCLUDE_DIRECTORY [ABSENT_HEADER...]

static: every symbol an object needs is defined by another object or on the list below, so there
can be no socket, clock, file, thread or stdio; malloc and its kin only in base/memory.c; no
object has writable data. shared: exactly the AVPN_API functions of the headers are exported, but those
of headers whose part this build leaves out.
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


def declared_functions(include, absent):
    names = set()
    for header in sorted(pathlib.Path(include).glob("autovpn/*.h")):
        if header.name in absent:
            continue
        text = re.sub(r"/\*.*?\*/", "", header.read_text(), flags=re.S)
        for declaration in re.findall(r"^AVPN_API\b([^;]*);", text, flags=re.M | re.S):
            names.add(re.search(r"(\w+)\s*\(", declaration).group(1))
    return names


def check_shared(library, include, absent):
    exported = set()
    for line in nm("--portability", "--dynamic", "--defined-only", library).splitlines():
        name = line.split()[0].split("@")[0]
        if name != "AUTOVPN_0":
            exported.add(name)
    declared = declared_functions(include, absent)
    bad = [f"{name} is exported and does not begin with avpn_" for name in sorted(exported)
           if not name.startswith("avpn_")]
    bad += [f"{name} is declared and not exported" for name in sorted(declared - exported)]
    bad += [f"{name} is exported and in no header" for name in sorted(exported - declared)]
    if not declared:
        bad.append("found no AVPN_API function")
    return bad, f"{len(declared)} functions declared and exported"


def main():
    bad, good = check_static(sys.argv[2]) if sys.argv[1] == "static" else check_shared(*sys.argv[2:4], sys.argv[4:])
    print("\n".join(bad) or good)
    sys.exit(1 if bad else 0)


if __name__ == "__main__":
    main()
