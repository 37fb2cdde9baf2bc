#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""The public API as JSON, for tools that make or check bindings: doc/api.json.

    describe_api.py            write doc/api.json from include/autovpn
    describe_api.py --check    fail if it is not what the headers say
    describe_api.py --print    to standard output

Read by a plain C parser (python3-pycparser) after the C preprocessor (gcc, or $CC), headers unedited.

    constants   macros with a value: name, value (a number or a text), doc, header
    enums       name, values (name, value, doc), doc, header
    typedefs    name, type, doc, header
    structs     name, fields (name, type, doc) - none: opaque -, is_growable: it begins with its size, doc, header
    functions   name, result, parameters (name, type), doc, header

A type is a text ("uint32_t", "char", "void", "avpn_time", "struct avpn_node") or one of
{"pointer": type, "const": true or false}, {"array": type, "count": n} and
{"function": {"result": type, "parameters": [...]}}, which is always behind a pointer. Names of
parameters and fields tell more by the library's rules: X_out is written to, X_bytes and count are sizes.
"""
import argparse
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile

from pycparser import c_ast, c_parser

ROOT = pathlib.Path(__file__).resolve().parent.parent
INCLUDE = ROOT / "include"
OUTPUT = ROOT / "doc/api.json"

# What the headers take from the C library, and nothing of the system beyond it.
STAND_INS = {
    "stdint.h": """
typedef signed char int8_t; typedef short int16_t; typedef int int32_t; typedef long long int64_t;
typedef unsigned char uint8_t; typedef unsigned short uint16_t; typedef unsigned int uint32_t;
typedef unsigned long long uint64_t;
#define INT64_MAX 9223372036854775807
#define UINT32_MAX 4294967295
""",
    "stddef.h": "typedef unsigned long size_t;\n#define NULL 0\n",
}
OPERATORS = {"+": lambda a, b: a + b, "-": lambda a, b: a - b, "*": lambda a, b: a * b,
             "<<": lambda a, b: a << b, "|": lambda a, b: a | b}


def preprocess(text, *options):
    with tempfile.TemporaryDirectory() as folder:
        for name, content in STAND_INS.items():
            (pathlib.Path(folder) / name).write_text(content)
        command = [os.environ.get("CC", "cc"), "-E", "-nostdinc", "-I", folder, "-I", INCLUDE,
                   *options, "-xc", "-"]
        result = subprocess.run(command, input=text, text=True, capture_output=True)
    if result.returncode != 0:
        sys.exit(f"describe_api.py: the preprocessor refuses the headers:\n{result.stderr}")
    return result.stdout


class Comments:
    """The documentation comments of one header, by the line they are about."""

    LEADING = re.compile(r"/\*\*(?!<)(.*?)\*/", re.S)
    TRAILING = re.compile(r"/\*\*<(.*?)\*/", re.S)

    def __init__(self, text):
        self.lines = text.split("\n")
        self.before, self.beside = {}, {}  # {line: doc}
        for pattern, found, at in ((self.LEADING, self.before, re.Match.end),
                                   (self.TRAILING, self.beside, re.Match.start)):
            for match in pattern.finditer(text):
                found[text.count("\n", 0, at(match)) + 1] = self.plain(match.group(1))

    @staticmethod
    def plain(text):
        """Lines without their margin, paragraphs without their line breaks; Doxygen's grouping commands gone."""
        lines = [re.sub(r"^\s*\*? ?", "", line).rstrip() for line in text.strip().split("\n")]
        lines = [line for line in lines if not re.match(r"@[{}]|@(name|file|defgroup|ingroup|addtogroup)\b", line)]
        return "\n".join(lines).strip()

    def of(self, first, last):
        """What stands behind a declaration, or else before it, or before the ones right above it."""
        for line in range(first, last + 1):
            if line in self.beside:
                return self.beside[line]
        line = first - 1
        while line > 0 and self.lines[line - 1].strip():
            if line in self.before:
                return self.before[line]
            line -= 1
        return ""


class Reader:
    """Collects what the headers declare from the parser's tree."""

    def __init__(self, headers):
        self.comments = {header.name: Comments(header.read_text()) for header in headers}
        self.values = {}  # of enumerators, for array sizes
        self.api = {"enums": [], "typedefs": [], "structs": [], "functions": []}
        self.seen = {}  # {struct: its entry}

    def place(self, node):
        header = pathlib.Path(node.coord.file).name
        return header, node.coord.line

    def doc(self, node, last=None):
        header, line = self.place(node)
        comments = self.comments[header]
        if last is None:
            last = line
            while not re.search(r"[;,{]", re.sub(r"/\*.*", "", comments.lines[last - 1])):
                if last == len(comments.lines) or "}" in comments.lines[last - 1]:
                    break
                last += 1
        return comments.of(line, last)

    def number(self, node):
        if isinstance(node, c_ast.Constant):
            return int(re.sub(r"[uUlL]+$", "", node.value), 0)
        if isinstance(node, c_ast.ID):
            return self.values[node.name]
        if isinstance(node, c_ast.UnaryOp) and node.op == "-":
            return -self.number(node.expr)
        if isinstance(node, c_ast.BinaryOp):
            return OPERATORS[node.op](self.number(node.left), self.number(node.right))
        if isinstance(node, c_ast.Cast):
            return self.number(node.expr)
        raise ValueError(f"not a constant this program knows: {node}")

    def type(self, node):
        if isinstance(node, c_ast.TypeDecl):
            return self.type(node.type)
        if isinstance(node, c_ast.IdentifierType):
            return " ".join(node.names)
        if isinstance(node, c_ast.Struct):
            self.struct(node)
            return f"struct {node.name}"
        if isinstance(node, c_ast.PtrDecl):
            target = node.type
            if isinstance(target, c_ast.FuncDecl):
                return {"pointer": self.function(target), "const": False}
            return {"pointer": self.type(target), "const": "const" in target.quals}
        if isinstance(node, c_ast.ArrayDecl):
            return {"array": self.type(node.type), "count": self.number(node.dim)}
        raise ValueError(f"a type this program does not know: {node}")

    def function(self, node):
        parameters = []
        for parameter in node.args.params if node.args else []:
            kind = self.parameter_type(parameter.type)
            if kind != "void":
                parameters.append({"name": parameter.name, "type": kind})
        return {"function": {"result": self.type(node.type), "parameters": parameters}}

    def parameter_type(self, node):
        """An array parameter is a pointer; its size is kept for those who want it."""
        if isinstance(node, c_ast.ArrayDecl):
            return {"pointer": self.type(node.type), "const": "const" in node.type.quals,
                    "count": self.number(node.dim)}
        return self.type(node)

    def struct(self, node):
        entry = self.seen.get(node.name)
        if entry is None:
            entry = {"name": node.name, "fields": [], "is_growable": False, "doc": "",
                     "header": self.place(node)[0]}
            self.seen[node.name] = entry
            self.api["structs"].append(entry)
        if node.decls is None:
            return
        header, line = self.place(node)
        entry.update(doc=self.comments[header].of(line, line), header=header)
        entry["fields"] = [{"name": field.name, "type": self.type(field.type), "doc": self.doc(field)}
                           for field in node.decls]
        first = entry["fields"][0]
        entry["is_growable"] = first["name"] == "size" and first["type"] == "uint32_t"

    def enum(self, node):
        values, following = [], 0
        for item in node.values.enumerators:
            value = self.number(item.value) if item.value else following
            self.values[item.name] = value
            following = value + 1
            values.append({"name": item.name, "value": value, "doc": self.doc(item)})
        header, line = self.place(node)
        self.api["enums"].append({"name": node.name, "values": values, "header": header,
                                  "doc": self.comments[header].of(line, line)})

    def declaration(self, node):
        if self.place(node)[0] not in self.comments:
            return
        if isinstance(node, c_ast.Typedef):
            self.api["typedefs"].append({"name": node.name, "type": self.type(node.type),
                                         "doc": self.doc(node), "header": self.place(node)[0]})
        elif isinstance(node.type, c_ast.FuncDecl):
            function = self.function(node.type)["function"]
            self.api["functions"].append({"name": node.name, **function, "doc": self.doc(node),
                                          "header": self.place(node)[0]})
        elif isinstance(node.type, c_ast.Struct):
            self.struct(node.type)
        elif isinstance(node.type, c_ast.Enum):
            self.enum(node.type)


def read_constants(reader, headers):
    """Macros that stand for a number or a text, expanded by the preprocessor itself."""
    found = []
    for header in headers:
        for match in re.finditer(r"^#define (AVPN_\w+)[ \t]+(?=\S)", header.read_text(), re.M):
            if match.group(1) != "AVPN_API":
                found.append((header, match.group(1)))
    text = "#include <autovpn/autovpn.h>\n" + "".join(f"@ {name}\n" for _, name in found)
    expanded = re.findall(r"^@ (.*)$", preprocess(text, "-P"), re.M)
    constants = []
    for (header, name), value in zip(found, expanded):
        lines = header.read_text().split("\n")
        line = next(i for i, l in enumerate(lines, 1) if re.match(rf"#define {name}\b", l))
        if value.startswith('"'):
            number = json.loads(value)
        else:
            tree = c_parser.CParser().parse(
                f"typedef long long int64_t; typedef int64_t avpn_span; long x = {value};")
            number = reader.number(tree.ext[-1].init)
        constants.append({"name": name, "value": number, "header": header.name,
                          "doc": reader.comments[header.name].of(line, line)})
    return constants


def describe():
    headers = sorted((INCLUDE / "autovpn").glob("*.h"))
    reader = Reader(headers)
    tree = c_parser.CParser().parse(preprocess("#include <autovpn/autovpn.h>\n"))
    for node in tree.ext:
        reader.declaration(node)
    version = re.search(r"version: '([^']+)'", (ROOT / "meson.build").read_text()).group(1)
    return {"library": "autovpn", "version": version, "constants": read_constants(reader, headers),
            **reader.api}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--check", action="store_true", help="compare with doc/api.json")
    parser.add_argument("--print", action="store_true", help="to standard output")
    options = parser.parse_args()
    text = json.dumps(describe(), indent=1, ensure_ascii=False) + "\n"
    if options.print:
        sys.stdout.write(text)
    elif options.check:
        if not OUTPUT.exists() or OUTPUT.read_text() != text:
            sys.exit("doc/api.json is not what the headers say: run scripts/describe_api.py")
        print("doc/api.json is what the headers say")
    else:
        OUTPUT.write_text(text)


if __name__ == "__main__":
    main()
