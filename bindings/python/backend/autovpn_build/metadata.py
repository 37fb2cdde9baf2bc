# SPDX-License-Identifier: ISC
"""What the package says about itself: pyproject.toml, and the version of the library, as core metadata 2.4."""
import importlib.util
import pathlib
import re
import sys
from typing import Any, Dict, List, NamedTuple


class Project(NamedTuple):
    """Name, version, METADATA, and the licence files by name."""
    name: str
    version: str
    requires_python: str
    text: str
    licences: Dict[str, bytes]

    @property
    def info_folder(self) -> str:
        """As the folder in a wheel is called."""
        return f"{self.name}-{self.version}.dist-info"


def requires() -> List[str]:
    """What has to be installed to read pyproject.toml."""
    has_reader = sys.version_info >= (3, 11) or importlib.util.find_spec("tomli") is not None
    return [] if has_reader else ["tomli >= 1.1"]


def read(package: pathlib.Path, source: pathlib.Path) -> Project:
    """`package`: where pyproject.toml is; `source`: where the library's meson.build is."""
    table = load_toml(package / "pyproject.toml")["project"]
    version = library_version(source / "meson.build")
    licences = {"COPYING": (source / "COPYING").read_bytes()}
    readme = (package / table["readme"]).read_text("utf-8")
    return Project(table["name"], version, table["requires-python"], core_metadata(table, version, licences, readme), licences)


def load_toml(path: pathlib.Path) -> Dict[str, Any]:
    """A TOML file, by the standard library where it can."""
    if sys.version_info >= (3, 11):
        import tomllib
    else:
        import tomli as tomllib  # type: ignore[import]  # the same module, from before it was the standard library's
    with path.open("rb") as file:
        table: Dict[str, Any] = tomllib.load(file)
    return table


def library_version(path: pathlib.Path) -> str:
    """The version in project() of a meson.build; it is written nowhere else."""
    found = re.search(r"^project\([^)]*?\bversion:\s*'(\d+(?:\.\d+)*)'", path.read_text("utf-8"), re.M)
    if not found:
        raise SystemExit(f"{path}: project() should have a version like '1.2.3'")
    return found[1]


def core_metadata(table: Dict[str, Any], version: str, licences: Dict[str, bytes], readme: str) -> str:
    """The METADATA of a wheel, which is PKG-INFO in a source archive."""
    lines = ["Metadata-Version: 2.4", f"Name: {table['name']}", f"Version: {version}",
             f"Summary: {table['description']}", f"Author: {', '.join(a['name'] for a in table['authors'])}",
             f"License-Expression: {table['license']}"]
    lines += [f"License-File: {name}" for name in sorted(licences)]
    lines += [f"Keywords: {','.join(table['keywords'])}"]
    lines += [f"Classifier: {words}" for words in table["classifiers"]]
    lines += [f"Requires-Python: {table['requires-python']}"]
    lines += [f"Requires-Dist: {words}" for words in table["dependencies"]]
    lines += ["Description-Content-Type: text/markdown; charset=UTF-8", "", readme]
    return "\n".join(lines)
