# SPDX-License-Identifier: ISC
"""The declarations against the C compiler's view of the headers, and against the JSON description.

The compiler is asked by a program made here: sizes of all structs, offset and size of each of their fields, values of all constants
and enumerators. What ctypes says must be the same, number by number.
"""
import ctypes
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

from autovpn import _declarations as d
from autovpn._native import lib

ROOT = pathlib.Path(__file__).resolve().parents[3]
if not (ROOT / "doc/api.json").exists():
    raise unittest.SkipTest("the headers are not here: an installed package")
API = json.loads((ROOT / "doc/api.json").read_text())
COMPILER = os.environ.get("CC", "cc").split()

SIGNED = {"int32_t", "int64_t", "avpn_time", "avpn_span"}
BYTES = {"uint8_t": 1, "uint16_t": 2, "uint32_t": 4, "int32_t": 4, "uint64_t": 8, "int64_t": 8, "avpn_time": 8,
         "avpn_span": 8, "size_t": ctypes.sizeof(ctypes.c_size_t)}


def structs():
    return [s for s in API["structs"] if s["fields"]]


def numbers():
    """Names of constants and enumerators that are numbers."""
    names = [c["name"] for c in API["constants"] if isinstance(c["value"], int)]
    return names + [v["name"] for e in API["enums"] for v in e["values"]]


def program():
    lines = ["#include <autovpn/autovpn.h>", "#include <stdio.h>", "int main(void) {"]
    for s in structs():
        name = f"struct {s['name']}"
        lines.append(f'printf("{s["name"]} %zu\\n", sizeof({name}));')
        for f in s["fields"]:
            lines.append(f'printf("{s["name"]}.{f["name"]} %zu %zu\\n", offsetof({name}, {f["name"]}), '
                         f'sizeof((({name} *)0)->{f["name"]}));')
    lines += [f'printf("{name} %lld\\n", (long long)({name}));' for name in numbers()]
    return "\n".join(lines + ["return 0; }"])


def ask_compiler():
    """{name: numbers} as the compiler has them."""
    with tempfile.TemporaryDirectory() as folder:
        source, binary = pathlib.Path(folder) / "layout.c", pathlib.Path(folder) / "layout"
        source.write_text(program())
        subprocess.run([*COMPILER, "-I", ROOT / "include", source, "-o", binary], check=True)
        text = subprocess.run([binary], check=True, capture_output=True, text=True).stdout
    return {name: tuple(map(int, rest)) for name, *rest in map(str.split, text.splitlines())}


def ask_ctypes():
    found = {}
    for s in structs():
        kind = getattr(d, s["name"])
        found[s["name"]] = (ctypes.sizeof(kind),)
        for f in s["fields"]:
            field = getattr(kind, f["name"])
            found[f"{s['name']}.{f['name']}"] = (field.offset, field.size)
    for name in numbers():
        found[name] = (getattr(d, name),)
    return found


class Layout(unittest.TestCase):
    maxDiff = None

    @unittest.skipUnless(shutil.which(COMPILER[0]), "no C compiler to ask")
    def test_all_structs_and_numbers_are_as_the_compiler_has_them(self):
        compiler, ours = ask_compiler(), ask_ctypes()
        self.assertEqual(len(structs()), len(d.STRUCTS))
        self.assertEqual(compiler, ours)

    def test_declarations_are_what_the_description_says(self):
        result = subprocess.run([sys.executable, ROOT / "scripts/declare_ctypes.py", "--check"], capture_output=True,
                                text=True)
        self.assertEqual(result.returncode, 0, result.stderr)

    def test_prototypes_pass_what_the_description_says(self):
        for function in API["functions"]:
            result, parameters, _ = d.FUNCTIONS[function["name"]]
            with self.subTest(function=function["name"]):
                self.assertEqual(len(parameters), len(function["parameters"]))
                for ours, theirs in zip(parameters, function["parameters"]):
                    self.assert_passes(ours, theirs["type"])
                if function["result"] == "void":
                    self.assertIsNone(result)
                else:
                    self.assert_passes(result, function["result"])

    def assert_passes(self, ours, theirs):
        if isinstance(theirs, dict):
            self.assertEqual(ctypes.sizeof(ours), ctypes.sizeof(ctypes.c_void_p))
            self.assertTrue(issubclass(ours, (ctypes._Pointer, ctypes.c_void_p, ctypes.c_char_p)) or
                            issubclass(ours, ctypes._CFuncPtr), ours)
        else:
            self.assertEqual(ctypes.sizeof(ours), BYTES[theirs], (ours, theirs))
            self.assertEqual(ours(-1).value < 0, theirs in SIGNED, (ours, theirs))

    def test_the_library_has_every_function_unless_a_part_is_left_out(self):
        missing = {name for name in d.FUNCTIONS if not isinstance(getattr(lib, name), ctypes._CFuncPtr)}
        self.assertEqual({name for name in missing if not d.FUNCTIONS[name][2]}, set())


if __name__ == "__main__":
    unittest.main()
