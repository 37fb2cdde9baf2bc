# SPDX-License-Identifier: ISC
"""The examples of README.md do what they show, and its table names every module."""
import doctest
import importlib.util
import pathlib
import pkgutil
import re
import unittest

import autovpn

README = pathlib.Path(__file__).resolve().parents[1] / "README.md"


class Readme(unittest.TestCase):
    def test_its_examples(self):
        has_cryptography = importlib.util.find_spec("cryptography") is not None
        blocks = [block.split("```")[0] for block in README.read_text("utf-8").split("```python\n")[1:]]
        text = "".join(block for block in blocks if has_cryptography or "cryptography" not in block)
        said = []
        runner = doctest.DocTestRunner(verbose=False)
        runner.run(doctest.DocTestParser().get_doctest(text, {}, README.name, str(README), 0), out=said.append)
        self.assertEqual(said, [], "".join(said))
        self.assertGreater(runner.tries, 10)

    def test_its_table(self):
        table = {name for line in README.read_text("utf-8").split("## Modules")[1].splitlines() if line.startswith("| `")
                 for name in re.findall(r"`(\w+)`", line.split("|")[1])}
        modules = {info.name for info in pkgutil.iter_modules(autovpn.__path__) if not info.name.startswith("_")}
        self.assertEqual(table, modules)


if __name__ == "__main__":
    unittest.main()
