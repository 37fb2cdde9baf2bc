#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""The Python bindings' declarations, made from doc/api.json.

    declare_ctypes.py            write bindings/python/autovpn/_declarations.py, enums.py and constants.py
    declare_ctypes.py --check    fail if one of them is not what doc/api.json says

_declarations.py says it to ctypes: structs and callback types under their C names, constants, and a table of all functions with
their types, the build option they hang on, and the header's own words about each error. enums.py has a public class for each
enum, constants.py the rest of the numbers. Needs nothing but Python.
"""
import argparse
import json
import keyword
import pathlib
import re
import sys
import textwrap

ROOT = pathlib.Path(__file__).resolve().parent.parent
API = ROOT / "doc/api.json"
PACKAGE = ROOT / "bindings/python/autovpn"

SCALARS = {"int8_t": "c_int8", "uint8_t": "c_uint8", "int16_t": "c_int16", "uint16_t": "c_uint16",
           "int32_t": "c_int32", "uint32_t": "c_uint32", "int64_t": "c_int64", "uint64_t": "c_uint64",
           "size_t": "c_size_t", "char": "c_char"}
# Headers whose functions a library may have been built without: -Dregistry=false, -Dauthority=false.
FEATURES = {"registry.h": "registry", "authority.h": "authority", "publisher.h": "authority"}
# Public names that would say too little, or something else, by themselves.
ENUM_NAMES = {"avpn_counter": "NodeCounter"}
LEFT_OUT_ENUMS = {"avpn_error"}  # exceptions stand for it

HEAD = '''# SPDX-License-Identifier: ISC
# Made by scripts/declare_ctypes.py from doc/api.json: do not edit.
'''


class Types:
    """Types of the JSON description as ctypes expressions."""

    def __init__(self, api):
        self.typedefs = {entry["name"]: entry["type"] for entry in api["typedefs"]}
        self.opaque = {f"struct {s['name']}" for s in api["structs"] if not s["fields"]}

    def plain(self, kind):
        """The same without typedefs."""
        while isinstance(kind, str) and kind in self.typedefs:
            kind = self.typedefs[kind]
        return kind

    def expression(self, kind, callback=None):
        """`callback`: the name of the type, where it is one of function pointers."""
        kind = self.plain(kind)
        if kind == "void":
            return "None"
        if isinstance(kind, str):
            return SCALARS[kind] if kind in SCALARS else kind.replace("struct ", "")
        if "array" in kind:
            return f"{self.expression(kind['array'])} * {kind['count']}"
        return self.pointer(self.plain(kind["pointer"]), callback)

    def pointer(self, target, callback):
        if isinstance(target, dict) and "function" in target:
            return callback
        if target == "char":
            return "c_char_p"
        if target in ("void", "uint8_t") or isinstance(target, str) and target in self.opaque:
            return "c_void_p"
        return f"POINTER({self.expression(target)})"

    def annotation(self, kind):
        """What a struct's field is to a reader of Python, for the type checker."""
        kind = self.plain(kind)
        if isinstance(kind, str):
            return "int" if kind in SCALARS else kind.replace("struct ", "")
        if "array" in kind:
            element = self.plain(kind["array"])
            return "_Text" if element == "char" else f"Array[{self.expression(element)}]" \
                if element in SCALARS else f"Array[{element.replace('struct ', '')}]"
        return "Any"


def callback_of(kind):
    """The function type behind a pointer to one, or None."""
    target = kind.get("pointer") if isinstance(kind, dict) else None
    return target["function"] if isinstance(target, dict) and "function" in target else None


def callbacks(api):
    """(name, function type) of each callback in a struct and of each that a function takes."""
    for struct in api["structs"]:
        for field in struct["fields"]:
            if callback_of(field["type"]):
                yield f"{struct['name']}_{field['name']}", callback_of(field["type"])
    for function in api["functions"]:
        for parameter in function["parameters"]:
            if callback_of(parameter["type"]):
                yield f"{function['name']}_{parameter['name']}", callback_of(parameter["type"])


def in_order(structs):
    """Structs, those first that others contain."""
    by_name, done = {f"struct {s['name']}": s for s in structs}, []

    def visit(struct):
        for field in struct["fields"]:
            kind = field["type"]
            kind = kind["array"] if isinstance(kind, dict) and "array" in kind else kind
            if isinstance(kind, str) and kind in by_name:
                visit(by_name[kind])
        if struct not in done:
            done.append(struct)

    for struct in structs:
        visit(struct)
    return done


def error_texts(doc):
    """{"AVPN_ERROR_LIMIT": what the comment says of it}."""
    text = re.sub(r"\s+", " ", doc)
    found = re.findall(r"(AVPN_ERROR_\w+): (.*?)(?=(?:[.;,:] )?(?:\w+ )?AVPN_ERROR_|\. [A-Z]|\.$|$)", text)
    return {name: said.rstrip(" .;,") for name, said in found if said.strip(" .;,")}


def wrapped(prefix, items, suffix):
    """One call or table row, folded between its items."""
    text = f"{prefix}{', '.join(items)}{suffix}"
    if len(text) <= 100:
        return text
    inner = textwrap.fill(", ".join(items), 100, initial_indent="    " + " " * (len(prefix) - len(prefix.lstrip())),
                          subsequent_indent="    " + " " * (len(prefix) - len(prefix.lstrip())),
                          break_long_words=False, break_on_hyphens=False)
    return f"{prefix}\n{inner}{suffix}"


def declarations(api):
    types = Types(api)
    structs = [s for s in in_order(api["structs"]) if s["fields"]]
    out = [HEAD + '"""The C API as ctypes sees it: types and tables only, nothing is called here."""',
           "from __future__ import annotations", "",
           "from ctypes import (", "    CFUNCTYPE, POINTER, Array, Structure, c_char, c_char_p, c_int32, c_int64, c_size_t,",
           "    c_uint8, c_uint16, c_uint32, c_uint64, c_void_p)", "from typing import Any, Dict, Tuple", "",
           "_Text = bytes", "", f"VERSION = {json.dumps(api['version'])}", "", "# ---- constants", ""]
    out += [f"{c['name']} = {c['value']!r}" for c in api["constants"]]
    for enum in api["enums"]:
        out += ["", f"# enum {enum['name']}"]
        out += [f"{v['name']} = {v['value']}" for v in enum["values"]]
    out += ["", "", "# ---- structs"]
    for struct in structs:
        out += ["", "", f"class {struct['name']}(Structure):"]
        out += [f"    {f['name']}: {types.annotation(f['type'])}" for f in struct["fields"]
                if not keyword.iskeyword(f["name"])]
    out += ["", "", "# ---- callbacks", ""]
    for name, function in callbacks(api):
        items = [types.expression(function["result"])]
        items += [types.expression(p["type"]) for p in function["parameters"]]
        out.append(wrapped(f"{name} = CFUNCTYPE(", items, ")"))
    out += ["", "# ---- fields", ""]
    for struct in structs:
        items = [f'("{f["name"]}", {types.expression(f["type"], struct["name"] + "_" + f["name"])})'
                 for f in struct["fields"]]
        out += [f"{struct['name']}._fields_ = ["] + [f"    {item}," for item in items] + ["]"]
    names = ", ".join(s["name"] for s in structs)
    out += ["", textwrap.fill(names, 96, initial_indent="STRUCTS = (", subsequent_indent="    ") + ")"]
    out += ["", "# ---- functions: result, parameters, the build option they hang on", "",
            "FUNCTIONS: Dict[str, Tuple[Any, Tuple[Any, ...], str]] = {"]
    for f in api["functions"]:
        items = [types.expression(p["type"], f"{f['name']}_{p['name']}") for p in f["parameters"]]
        comma = "," if len(items) == 1 else ""
        row = wrapped(f'    "{f["name"]}": ({types.expression(f["result"])}, (', items,
                      f'{comma}), "{FEATURES.get(f["header"], "")}"),')
        out.append(row)
    out += ["}", "", "# What the headers say of errors, function by function.", "",
            "ERRORS: Dict[str, Dict[int, str]] = {"]
    for f in api["functions"]:
        said = error_texts(f["doc"])
        if said:
            out.append(f'    "{f["name"]}": {{')
            out += [f"        {name}: {json.dumps(text, ensure_ascii=False)}," for name, text in said.items()]
            out.append("    },")
    out += ["}", "", "ERROR_NAMES: Dict[int, str] = {"]
    errors = next(e for e in api["enums"] if e["name"] == "avpn_error")
    out += [f'    {v["name"]}: "{v["name"]}",' for v in errors["values"]]
    out += ["}", "", "# What each error means where the function's own comment does not say.", "",
            "ERROR_TEXTS: Dict[int, str] = {"]
    out += [f'    {v["name"]}: {json.dumps(v["doc"], ensure_ascii=False)},' for v in errors["values"] if v["doc"]]
    return "\n".join(out + ["}"]) + "\n"


def enum_class(enum):
    name = ENUM_NAMES.get(enum["name"]) or "".join(p.title() for p in enum["name"].split("_")[1:])
    values = [v for v in enum["values"] if not v["name"].endswith("_COUNTERS")]
    shared = values[0]["name"].rsplit("_", 1)[0] + "_"
    while not all(v["name"].startswith(shared) for v in values):
        shared = shared.rstrip("_").rsplit("_", 1)[0] + "_"
    about = re.sub(r"\s+", " ", enum["doc"]).strip() or f"enum {enum['name']} of autovpn/{enum['header']}."
    lines = ["", "", f"class {name}(OpenEnum):"]
    lines += textwrap.fill(f'"""{about}"""', 100, initial_indent="    ", subsequent_indent="    ").split("\n")
    lines.append("")
    for value in values:
        if value["doc"] and value["doc"] != enum["doc"]:
            lines += textwrap.wrap(re.sub(r"\s+", " ", value["doc"]), 100, initial_indent="    #: ",
                                   subsequent_indent="    #: ")
        lines.append(f"    {value['name'][len(shared):]} = {value['value']}")
    return name, lines


def enums(api):
    classes = [enum_class(e) for e in api["enums"] if e["name"] not in LEFT_OUT_ENUMS]
    out = [HEAD + '"""The enums of the library, under the names of their values without the prefix.',
           "", "A value that this version of the bindings does not know, from a newer library, is kept: it is a member named UNKNOWN_n.",
           '"""', "from ._open_enum import OpenEnum", "", "__all__ = ["]
    out += [f'    "{name}",' for name in sorted(name for name, _ in classes)] + ["]"]
    for _, lines in classes:
        out += lines
    return "\n".join(out) + "\n"


def constants(api):
    out = [HEAD + '"""The numbers of the library, under their names without the prefix: limits, sizes, flags, units of time."""',
           "from typing import Final", "", "__all__ = ["]
    out += [f'    "{c["name"][5:]}",' for c in sorted(api["constants"], key=lambda c: c["name"])] + ["]", ""]
    for constant in api["constants"]:
        if constant["doc"]:
            out += textwrap.wrap(re.sub(r"\s+", " ", constant["doc"]), 100, initial_indent="#: ",
                                 subsequent_indent="#: ")
        out.append(f"{constant['name'][5:]}: Final = {constant['value']!r}")
    return "\n".join(out) + "\n"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--check", action="store_true", help="compare with what is there")
    options = parser.parse_args()
    api = json.loads(API.read_text())
    for name, make in (("_declarations.py", declarations), ("enums.py", enums), ("constants.py", constants)):
        path, text = PACKAGE / name, make(api)
        if options.check:
            if not path.exists() or path.read_text() != text:
                sys.exit(f"{path.relative_to(ROOT)} is not what doc/api.json says: run scripts/declare_ctypes.py")
            print(f"{path.relative_to(ROOT)} is what doc/api.json says")
        else:
            path.write_text(text)


if __name__ == "__main__":
    main()
