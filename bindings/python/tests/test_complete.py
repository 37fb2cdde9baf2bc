# SPDX-License-Identifier: ISC
"""Every function of the library can be reached from Python: each name of doc/api.json is used by a module as lib.NAME,
or as a name that is put together."""
import ast
import json
import os
import pathlib
import re
import unittest

import autovpn

PACKAGE = pathlib.Path(autovpn.__file__).resolve().parent
API = pathlib.Path(os.environ.get("AUTOVPN_API") or pathlib.Path(__file__).resolve().parents[3] / "doc/api.json")

# Reached otherwise, and why.
OTHERWISE = {
    "avpn_error_name": "errors.py has the names from the same description",
}


# The words that stand in names which are put together, as in f"avpn_{word}_parse".
WORDS = "address|contact|prefix|node|registry|publisher"


def used():
    """Patterns of the functions that any module but the declarations uses: lib.NAME, an f"avpn_{word}_verb", and the engines'
    _function("verb")."""
    found = set()
    for path in PACKAGE.glob("*.py"):
        if path.name == "_declarations.py":
            continue
        for part in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(part, ast.Attribute) and part.attr.startswith("avpn_") and getattr(part.value, "id", "") in ("lib", "_lib"):
                found.add(part.attr)
            elif isinstance(part, ast.JoinedStr) and getattr(part.values[0], "value", "") == "avpn_":
                found.add("".join(re.escape(value.value) if isinstance(value, ast.Constant) else f"({WORDS})"
                                  for value in part.values))
            elif isinstance(part, ast.Call) and getattr(part.func, "attr", "") == "_function":
                found.add(f"avpn_({WORDS})_{part.args[0].value}")
    return found


@unittest.skipUnless(API.exists(), "doc/api.json is not here")
class Complete(unittest.TestCase):
    def setUp(self):
        self.functions = {function["name"] for function in json.loads(API.read_text("utf-8"))["functions"]}

    def test_no_function_is_left_out(self):
        patterns = re.compile("|".join(used() | set(OTHERWISE)))
        self.assertEqual(sorted(name for name in self.functions if not patterns.fullmatch(name)), [])

    def test_nothing_is_used_that_is_not_there(self):
        self.assertEqual([pattern for pattern in used() | set(OTHERWISE)
                          if not any(re.fullmatch(pattern, name) for name in self.functions)], [])


if __name__ == "__main__":
    unittest.main()
