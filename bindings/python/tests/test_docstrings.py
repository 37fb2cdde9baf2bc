# SPDX-License-Identifier: ISC
"""Examples in docstrings do what they show; everything public has a docstring."""
import doctest
import importlib
import inspect
import pkgutil
import unittest

import autovpn


def modules():
    return [importlib.import_module(f"autovpn.{info.name}") for info in pkgutil.iter_modules(autovpn.__path__)]


class Examples(unittest.TestCase):
    def test_they_do_what_they_show(self):
        tried = 0
        for module in modules():
            # An example may use what the package exports, as its reader would.
            result = doctest.testmod(module, extraglobs={name: getattr(autovpn, name) for name in autovpn.__all__})
            self.assertEqual(result.failed, 0, module.__name__)
            tried += result.attempted
        self.assertGreater(tried, 10)


class Words(unittest.TestCase):
    def test_every_public_name_has_a_docstring(self):
        silent = []
        for module in modules():
            for name in getattr(module, "__all__", ()):
                thing = getattr(module, name)
                if inspect.isclass(thing) or inspect.isfunction(thing):
                    silent += [f"{module.__name__}.{words}" for words in self.without(name, thing)]
        self.assertEqual(sorted(set(silent)), [])

    def without(self, name, thing):
        if not inspect.getdoc(thing):
            yield name
        if inspect.isclass(thing):
            for inner, value in vars(thing).items():
                function = value.fget if isinstance(value, property) else getattr(value, "__func__", value)
                if not inner.startswith("_") and inspect.isfunction(function) and not function.__doc__:
                    yield f"{name}.{inner}"

    def test_what_is_exported_is_there_and_sorted(self):
        for name in autovpn.__all__:
            self.assertTrue(hasattr(autovpn, name), name)
        self.assertEqual(len(autovpn.__all__), len(set(autovpn.__all__)))


if __name__ == "__main__":
    unittest.main()
