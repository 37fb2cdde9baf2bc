#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""Fail on an include in lib/ that climbs the layers, or on a library for cryptography outside lib/crypto.

    check_layers.py SOURCE_ROOT

A folder of lib/ is a layer. It may include from itself, from the layers left of it, public
headers as <autovpn/x.h>, and the few headers of the C library that need no system.
"""
import pathlib
import re
import sys

# Layers at the same height do not see each other.
HEIGHT = {"base": 0, "wire": 1, "crypto": 2, "inner": 3, "route": 4, "topo": 5, "forward": 6, "link": 7,
          "node": 8, "registry": 8, "authority": 8}
C_HEADERS = {"assert.h", "limits.h", "stdalign.h", "stdatomic.h", "stdbool.h", "stddef.h", "stdint.h",
             "string.h"}
ALLOCATOR = "base/memory.c"
# The one file each of these libraries is included by.
PROVIDERS = {"crypto/aead_ipsec_mb.c": r"intel-ipsec-mb\.h$", "crypto/aead_openssl.c": r"openssl/"}
INCLUDE = re.compile(r'^\s*#\s*include\s*(["<])([^">]+)[">]')


def is_allowed(path, quote, name):
    """None when `path` (below lib/) may include `name`, else the reason."""
    layer = path.parts[0]
    target = name.split("/")[0]
    if quote == '"':
        if target not in HEIGHT:
            return "quoted includes are written \"layer/file.h\""
        if target != layer and HEIGHT[target] >= HEIGHT[layer]:
            return f"{layer} lies below or beside {target}"
        return None
    if name.startswith("autovpn/") or name in C_HEADERS:
        return None
    if name == "stdlib.h" and path.as_posix() == ALLOCATOR:
        return None
    if name.startswith("sodium"):
        return None if layer == "crypto" else "only lib/crypto includes libsodium"
    if path.as_posix() in PROVIDERS:
        return None if re.match(PROVIDERS[path.as_posix()], name) else "not this provider's"
    if layer in ("crypto", "route") and name in ("immintrin.h", "cpuid.h"):
        return None
    return "not a header the library may use"


def main():
    lib = pathlib.Path(sys.argv[1]) / "lib"
    files = [f for f in sorted(lib.rglob("*.[ch]"))]
    bad = []
    for file in files:
        path = file.relative_to(lib)
        if path.parts[0] not in HEIGHT:
            bad.append(f"lib/{path}: not in a layer's folder")
            continue
        for number, line in enumerate(file.read_text().splitlines(), 1):
            match = INCLUDE.match(line)
            reason = match and is_allowed(path, *match.groups())
            if reason:
                bad.append(f"lib/{path}:{number}: {match.group(2)}: {reason}")
    if not files:
        bad.append("found no file to check")
    print("\n".join(bad) or f"{len(files)} files, no include climbs")
    sys.exit(1 if bad else 0)


if __name__ == "__main__":
    main()
