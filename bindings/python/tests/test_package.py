# SPDX-License-Identifier: ISC
"""The package as its users' tools see it: documented, typed, of the Python versions it promises."""
import ast
import dataclasses
import enum
import importlib
import inspect
import os
import pathlib
import pkgutil
import subprocess
import sys
import unittest

import autovpn

PACKAGE = pathlib.Path(autovpn.__file__).resolve().parent
OLDEST = (3, 9)
# Names of the standard library that are younger than OLDEST, which a checker of syntax alone does not see.
YOUNGER = {"ExceptionGroup", "BaseExceptionGroup", "TaskGroup", "TypeAlias", "ParamSpec", "StrEnum", "Self", "pairwise",
           "zip_strict", "aiter", "anext", "bit_count", "add_note", "timeout_at"}


def modules():
    """All public modules, and the package itself."""
    yield autovpn
    for found in pkgutil.iter_modules([str(PACKAGE)]):
        if not found.name.startswith("_"):
            yield importlib.import_module(f"autovpn.{found.name}")


def own_members(kind):
    """(name, member) of what a class says itself and shows to its users."""
    for name, member in vars(kind).items():
        if not name.startswith("_") and (callable(member) or isinstance(member, (property, classmethod, staticmethod))):
            yield name, member


def undocumented():
    for module in modules():
        if not (module.__doc__ or "").strip():
            yield module.__name__
        for name in getattr(module, "__all__", ()):
            value = getattr(module, name)
            if not (inspect.isclass(value) or inspect.isfunction(value)):
                continue
            if not (value.__doc__ or "").strip() or dataclasses.is_dataclass(value) and \
                    value.__doc__.startswith(value.__name__ + "("):
                yield f"{module.__name__}.{name}"
            if inspect.isclass(value) and not issubclass(value, enum.Enum):
                for member_name, member in own_members(value):
                    if inspect.isclass(member):
                        continue
                    function = member.fget if isinstance(member, property) else getattr(member, "__func__", member)
                    if not (getattr(function, "__doc__", None) or "").strip():
                        yield f"{module.__name__}.{name}.{member_name}"


def fields_without_comment():
    """Fields of public dataclasses that no "#:" comment right above, nor one behind, explains."""
    for path in sorted(PACKAGE.glob("*.py")):
        if path.name.startswith("_"):
            continue
        lines = path.read_text().splitlines()
        for kind in ast.walk(ast.parse("\n".join(lines))):
            if not isinstance(kind, ast.ClassDef) or kind.name.startswith("_") or \
                    not any("dataclass" in ast.dump(d) for d in kind.decorator_list):
                continue
            for node in kind.body:
                if isinstance(node, ast.AnnAssign) and not node.target.id.startswith("_"):
                    if not lines[node.lineno - 2].strip().startswith("#:") and "#:" not in lines[node.lineno - 1]:
                        yield f"{path.name}: {kind.name}.{node.target.id}"


class Package(unittest.TestCase):
    maxDiff = None

    def test_every_public_name_has_a_docstring(self):
        self.assertEqual(sorted(undocumented()), [])

    def test_every_field_says_what_it_is(self):
        self.assertEqual(list(fields_without_comment()), [])

    def test_every_module_says_what_is_public(self):
        for module in modules():
            with self.subTest(module.__name__):
                self.assertEqual(sorted(set(module.__all__)), sorted(module.__all__))
                for name in module.__all__:
                    getattr(module, name)

    def test_the_top_has_what_the_modules_have(self):
        apart = {"autovpn.aio", "autovpn.constants"}  # used under their own names
        for module in modules():
            if module.__name__ in apart | {"autovpn"}:
                continue
            for name in module.__all__:
                if not name.endswith("Like"):
                    self.assertIs(getattr(autovpn, name, None), getattr(module, name), f"{module.__name__}.{name}")

    def test_the_oldest_python_promised_can_read_it(self):
        for path in sorted(PACKAGE.glob("*.py")):
            tree = ast.parse(path.read_text(), str(path), feature_version=OLDEST)
            names = {n.attr for n in ast.walk(tree) if isinstance(n, ast.Attribute)}
            names |= {n.id for n in ast.walk(tree) if isinstance(n, ast.Name)}
            names |= {a.name for n in ast.walk(tree) if isinstance(n, (ast.Import, ast.ImportFrom)) for a in n.names}
            self.assertEqual(names & YOUNGER, set(), path.name)
            arguments = {k.arg for n in ast.walk(tree) if isinstance(n, ast.Call) and "dataclass" in ast.dump(n.func)
                         for k in n.keywords}
            self.assertEqual(arguments & {"slots", "kw_only"}, set(), path.name)  # 3.10
            self.assert_no_bar_types(path, tree)

    def assert_no_bar_types(self, path, tree):
        """`int | None` is read by any Python, and refused by 3.9 when it is evaluated."""
        for node in ast.walk(tree):
            annotations = []
            if isinstance(node, ast.AnnAssign):
                annotations = [node.annotation]
            elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
                annotations = [node.returns] + [a.annotation for a in node.args.args + node.args.kwonlyargs]
            for annotation in filter(None, annotations):
                self.assertNotIn("BitOr", ast.dump(annotation), f"{path.name}:{node.lineno}")

    def test_it_is_typed(self):
        self.assertTrue((PACKAGE / "py.typed").exists())

    def test_importing_it_takes_nothing_but_the_standard_library_and_says_nothing(self):
        program = ("import sys; before = set(sys.modules); import autovpn, autovpn.aio; "
                   "new = {n.split('.')[0] for n in set(sys.modules) - before}; "
                   "known = getattr(sys, 'stdlib_module_names', new) ; print(sorted(new - set(known) - {'autovpn'}))")
        result = subprocess.run([sys.executable, "-X", "dev", "-W", "error", "-c", program], capture_output=True, text=True,
                                env={**os.environ, "PYTHONPATH": str(PACKAGE.parent)})
        self.assertEqual((result.stdout, result.stderr), ("[]\n", ""))


if __name__ == "__main__":
    unittest.main()
