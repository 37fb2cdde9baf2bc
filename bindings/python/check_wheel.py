#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""
The package as people get it: built, installed where nothing else is, used, removed.

    check_wheel.py [--keep]

Builds a source archive and a wheel from the tree, and a wheel from the archive in another folder; looks into them; installs each wheel
into an environment of its own, in which nothing of this tree can be found, and there runs the package's own tests.
No network. Prints TAP; without the venv module it is skipped.

A new check is a method of Check with a name that begins with `check_` and a sentence below it; they run in the order of this file.
"""
import base64
import contextlib
import csv
import hashlib
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
import zipfile

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]

WHICH_FILES = """
import autovpn, pathlib, sys
home = pathlib.Path(autovpn.__file__).resolve().parent
assert str(home).startswith(str(pathlib.Path(sys.prefix).resolve())), home
print(autovpn.version())
with open("/proc/self/maps") as maps:
    loaded = {line.split()[-1] for line in maps if "libautovpn" in line or "libsodium" in line}
for path in sorted(loaded):
    print(pathlib.Path(path).relative_to(home))
"""


class Failure(Exception):
    """What is wrong, for a person."""


def run(*command, cwd, environment=None, **others):
    """Output of a command in a bare environment."""
    bare = {"PATH": os.environ["PATH"], "HOME": str(cwd), "LC_ALL": "C.UTF-8", "PIP_DISABLE_PIP_VERSION_CHECK": "1",
            "PIP_NO_INDEX": "1", "PIP_NO_CACHE_DIR": "1", "PIP_ROOT_USER_ACTION": "ignore", **(environment or {})}
    done = subprocess.run([str(word) for word in command], cwd=cwd, env=bare, stdin=subprocess.DEVNULL, text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, **others)
    if done.returncode != 0:
        raise Failure(f"{' '.join(map(str, command))}: exit status {done.returncode}\n{done.stdout}")
    return done.stdout


def expect(is_so, words):
    """An assertion that is never compiled out."""
    if not is_so:
        raise Failure(words)


class Environment:
    """A virtual environment that has pip and nothing else."""

    def __init__(self, folder):
        self.folder = folder
        run(sys.executable, "-m", "venv", folder, cwd=folder.parent)
        self.python = folder / "bin/python"
        self.outside = folder.parent / f"{folder.name}-cwd"
        self.outside.mkdir()

    def run(self, *arguments, **others):
        """Its Python, isolated, in a folder that has nothing in it; so no path of the tree can be met by chance."""
        return run(self.python, *arguments, cwd=self.outside, **others)

    def files(self):
        """All that is installed, but for caches of bytecode."""
        return {path.relative_to(self.folder) for path in self.folder.rglob("*") if "__pycache__" not in path.parts}


class Check:
    """The checks, and what one leaves for the next."""

    def __init__(self, work):
        self.work = work
        self.environments = {}

    def path(self, name):
        """A folder of the work."""
        folder = self.work / name
        folder.mkdir(exist_ok=True, parents=True)
        return folder

    def environment(self, name):
        """An empty environment, made once."""
        if name not in self.environments:
            environment = self.environments[name] = Environment(self.work / f"environment-{name}")
            environment.before = environment.files()
        return self.environments[name]

    def build_wheel(self, source, name):
        """With pip, as people do; in isolation, in which it could download but has nothing to."""
        folder = self.path(name)
        run(self.environment("tree").python, "-m", "pip", "wheel", "--no-deps", "-w", folder, source, cwd=folder,
            environment={"TMPDIR": str(self.path(f"{name}-temporary"))})
        wheels = list(folder.glob("*.whl"))
        expect(len(wheels) == 1, f"one wheel was expected: {wheels}")
        return wheels[0]

    def check_sdist(self):
        """a source archive has what the library and the package are made of, and nothing else"""
        folder = self.path("sdist")
        code = "import sys, autovpn_build; print(autovpn_build.build_sdist(sys.argv[1]))"
        name = run(sys.executable, "-c", code, folder, cwd=HERE, environment={"PYTHONPATH": str(HERE / "backend"),
                                                                              "PYTHONDONTWRITEBYTECODE": "1"}).strip()
        self.sdist = folder / name
        with tarfile.open(self.sdist) as archive:
            names = {member.name.split("/", 1)[1] for member in archive.getmembers()}
        expected = {"PKG-INFO", "pyproject.toml", "README.md", "library/meson.build", "library/meson_options.txt", "library/COPYING"}
        for base, part in [(HERE, "autovpn"), (HERE, "backend"), (HERE, "tests"), (ROOT, "include"), (ROOT, "lib")]:
            prefix = "" if base == HERE else "library/"
            expected |= {prefix + str(path.relative_to(base)) for path in (base / part).rglob("*")
                         if path.is_file() and "__pycache__" not in path.parts and "_lib" not in path.parts}
        expect(names == expected, f"should not be there: {sorted(names - expected)}; missing: {sorted(expected - names)}")

    def check_wheel(self):
        """a wheel from the tree"""
        self.wheel = self.build_wheel(HERE, "from-tree")

    def check_wheel_of_sdist(self):
        """a wheel from the source archive, in another folder, is the same byte for byte"""
        self.wheel_of_sdist = self.build_wheel(self.sdist, "from-archive/of/another-depth")
        expect(self.wheel.name == self.wheel_of_sdist.name, f"{self.wheel.name} and {self.wheel_of_sdist.name}")
        with zipfile.ZipFile(self.wheel) as one, zipfile.ZipFile(self.wheel_of_sdist) as other:
            different = [name for name in set(one.namelist()) | set(other.namelist())
                         if name not in one.namelist() or name not in other.namelist() or one.read(name) != other.read(name)]
        expect(not different, f"not the same: {different}")
        expect(self.wheel.read_bytes() == self.wheel_of_sdist.read_bytes(), "the same files make different archives")

    def check_record(self):
        """RECORD names each file of the wheel with its hash and its size"""
        with zipfile.ZipFile(self.wheel) as wheel:
            expect(wheel.testzip() is None, "damaged")
            own = next(name for name in wheel.namelist() if name.endswith(".dist-info/RECORD"))
            rows = {name: (digest, size) for name, digest, size in csv.reader(wheel.read(own).decode().splitlines())}
            expect(sorted(rows) == sorted(wheel.namelist()), f"names differ: {set(rows) ^ set(wheel.namelist())}")
            expect(rows.pop(own) == ("", ""), "RECORD has no hash of itself")
            for name, (words, size) in rows.items():
                data = wheel.read(name)
                digest = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).decode().rstrip("=")
                expect((words, int(size)) == (f"sha256={digest}", len(data)), f"{name}: {words} {size}")

    def check_metadata(self):
        """version, tag, licences and type information are in the wheel"""
        described = json.loads((ROOT / "doc/api.json").read_text())["version"]
        _, version, *tag = self.wheel.stem.split("-")
        expect(version == described, f"version {version}, and the API's description says {described}")
        with zipfile.ZipFile(self.wheel) as wheel:
            info = f"autovpn-{version}.dist-info"
            words = wheel.read(f"{info}/WHEEL").decode().splitlines()
            expect(f"Tag: {'-'.join(tag)}" in words and "Root-Is-Purelib: false" in words, f"{words}")
            lines = wheel.read(f"{info}/METADATA").decode().splitlines()
            for line in (f"Version: {version}", "Name: autovpn", "License-Expression: ISC", "Requires-Python: >=3.9"):
                expect(line in lines, f"METADATA has no line {line}")
            expect(not any(line.startswith("Requires-Dist") for line in lines), "it depends on another package")
            licences = {line.split(": ")[1] for line in lines if line.startswith("License-File: ")}
            expect(licences == {"COPYING", "libsodium"}, f"licences {licences}")
            for name in licences:
                expect(b"Permission to use" in wheel.read(f"{info}/licenses/{name}"), f"{name} is no licence")
            expect("autovpn/py.typed" in wheel.namelist(), "no py.typed")

    def check_binaries(self):
        """the library is stripped, finds what lies beside it, and knows nothing of where it was built"""
        with zipfile.ZipFile(self.wheel) as wheel:
            path = pathlib.Path(wheel.extract("autovpn/_lib/libautovpn.so.0", self.work))
        sections = run("readelf", "--wide", "--sections", "--dynamic", path, cwd=self.work)
        expect(".symtab" not in sections and ".debug" not in sections, "it is not stripped")
        expect("[$ORIGIN]" in sections, f"its run path should be $ORIGIN:\n{sections}")
        data = path.read_bytes()
        for folder in (ROOT, self.work, pathlib.Path(tempfile.gettempdir())):
            expect(f"{folder}/".encode() not in data, f"it has the path {folder} inside")

    def check_install(self):
        """each wheel installs into an empty environment and brings the library that is loaded, and libsodium"""
        for name, wheel in (("tree", self.wheel), ("archive", self.wheel_of_sdist)):
            environment = self.environment(name)
            environment.run("-m", "pip", "install", wheel)
            environment.run("-m", "pip", "check")
            version, *loaded = environment.run("-I", "-c", WHICH_FILES).splitlines()
            expect(version == wheel.name.split("-")[1], f"the library says it is {version}")
            expect(loaded == ["_lib/libautovpn.so.0", "_lib/libsodium.so.23"], f"loaded: {loaded}")

    def check_tests(self):
        """the package's own tests pass there"""
        environment = self.environment("archive")
        shutil.copytree(HERE / "tests", environment.outside / "tests", ignore=shutil.ignore_patterns("__pycache__"))
        shutil.copy(HERE / "README.md", environment.outside)
        shutil.copy(ROOT / "doc/api.json", environment.outside)
        output = environment.run("-I", "-m", "unittest", "discover", "-s", "tests", timeout=240,
                                 environment={"AUTOVPN_API": str(environment.outside / "api.json")})
        count = re.search(r"^Ran (\d+) tests", output, re.M)
        print(f"# {' '.join(output.split()[-8:])}")
        expect(count and int(count[1]) > 50, f"that is not all of them:\n{output}")

    def check_uninstall(self):
        """uninstalling leaves nothing"""
        for environment in self.environments.values():
            environment.run("-m", "pip", "uninstall", "--yes", "autovpn")
            left = environment.files() - environment.before
            expect(not left, f"left: {sorted(map(str, left))}")


def main():
    """Runs the checks; the first that fails ends it, for those after it stand on it."""
    try:
        import ensurepip  # noqa: F401
        import venv  # noqa: F401
    except ImportError as error:
        print(f"1..0 # SKIP {error.name} is missing (Debian: python3-venv)")
        return 0
    names = [name for name in vars(Check) if name.startswith("check_")]
    print(f"1..{len(names)}", flush=True)
    with contextlib.ExitStack() as stack:
        if "--keep" in sys.argv:
            work = tempfile.mkdtemp(prefix="autovpn-wheel-")
            print(f"# {work}")
        else:
            work = stack.enter_context(tempfile.TemporaryDirectory(prefix="autovpn-wheel-"))
        check = Check(pathlib.Path(work).resolve())
        for number, name in enumerate(names, 1):
            words = getattr(Check, name).__doc__
            try:
                getattr(check, name)()
            except Exception as error:
                words_of_error = str(error) if isinstance(error, Failure) else f"{type(error).__name__}: {error}"
                print(f"not ok {number} - {words}")
                print("\n".join(f"# {line}" for line in words_of_error.splitlines()))
                print(f"Bail out! {name} failed, and the rest stands on it")
                return 1
            print(f"ok {number} - {words}", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
