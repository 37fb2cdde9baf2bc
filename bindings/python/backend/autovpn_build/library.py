# SPDX-License-Identifier: ISC
"""
The shared library of a wheel: built by meson, stripped, with libsodium beside it.

Beside and not inside: a distribution's libsodium.a is not made to be part of a shared library, its libsodium.so is there on every machine
that can build at all. The library finds it by a run path of $ORIGIN; a process that has a libsodium of this soname already keeps
that one, which is compatible.

The platform tag is computed from the files (PEP 600): manylinux_X_Y where they need nothing but each other and the
C library, and X.Y is the newest version of a symbol of glibc that any of them needs; linux_ARCH where they need more, or where
the C library is another.
"""
import os
import pathlib
import re
import shutil
import struct
import subprocess
import sys
import sysconfig
from typing import Dict, List, Mapping, NamedTuple, Optional, Set, Union

PROVIDERS = ("openssl", "ipsec_mb")
SONAME = "libautovpn.so.0"
# What any Linux with glibc has, by PEP 600.
EVERYWHERE = re.compile(r"(lib(c|m|dl|rt|pthread)\.so\.6|lib(dl|rt|pthread)\.so\.[0-9]|libgcc_s\.so\.1|ld-linux[-\w]*\.so\.\d)$")
LICENCES = ("share/doc/libsodium*/copyright", "share/licenses/libsodium*/LICENSE*", "share/doc/libsodium*/LICENSE*")


class Options(NamedTuple):
    """The settings of a build, checked."""
    providers: Set[str]
    is_bundled: bool
    licence: Optional[pathlib.Path]

    @classmethod
    def read(cls, settings: Mapping[str, Union[str, List[str]]]) -> "Options":
        """From what pip was told; a setting that is not known ends the build."""
        unknown = set(settings) - {"providers", "sodium", "licence"}
        if unknown:
            raise SystemExit(f"unknown settings: {', '.join(sorted(unknown))}; known: providers, sodium, licence")
        providers = words_of(settings.get("providers", "none")) - {"none"}
        sodium = words_of(settings.get("sodium", "bundled"))
        licence = settings.get("licence")
        if not providers <= set(PROVIDERS):
            raise SystemExit(f"providers={','.join(sorted(providers))}: should be none, or of {', '.join(PROVIDERS)}")
        if sodium not in ({"bundled"}, {"system"}):
            raise SystemExit(f"sodium={','.join(sorted(sodium))}: should be bundled or system")
        return cls(providers, sodium == {"bundled"}, pathlib.Path(str(licence)) if licence else None)


def words_of(value: Union[str, List[str]]) -> Set[str]:
    """A setting given as "a,b", or several times."""
    text = ",".join(value) if isinstance(value, list) else value
    return {word for word in re.split(r"[,\s]+", text) if word}


class Built(NamedTuple):
    """Shared objects and licences by file name, and the platform tag that fits them."""
    files: Dict[str, bytes]
    licences: Dict[str, bytes]
    platform: str


def build(source: pathlib.Path, work: pathlib.Path, options: Options) -> Built:
    """Compile `source` in the empty folder `work`."""
    if not sys.platform.startswith("linux"):
        raise SystemExit("a wheel with the library inside is made on Linux; elsewhere install the library, "
                         "then this package with pip install --editable")
    compiled = compile_library(source, work, options)
    paths = [compiled]
    licences: Dict[str, bytes] = {}
    if options.is_bundled:
        sodium = needed_path(compiled, "libsodium.so")
        licences["libsodium"] = (options.licence or find_licence(sodium)).read_bytes()
        paths.append(sodium)
    files = {SONAME if path is compiled else soname(path): path.read_bytes() for path in paths}
    return Built(files, licences, platform_tag(paths, set(files)))


def compile_library(source: pathlib.Path, work: pathlib.Path, options: Options) -> pathlib.Path:
    """The stripped shared library."""
    folder = work / "build"
    environment = build_environment(source, folder, options)
    features = [f"-D{name}={'enabled' if name in options.providers else 'disabled'}" for name in PROVIDERS]
    run(["meson", "setup", "--buildtype=release", "-Doptimization=2", "-Dtests=disabled", "-Dprograms=disabled", "-Dbench=false",
         *features, str(folder), str(source)], environment)
    run(["meson", "compile", "-C", str(folder), "autovpn:shared_library"], environment)
    stripped = work / SONAME
    shutil.copyfile(folder / "lib" / SONAME, stripped)
    run(["strip", "--strip-unneeded", str(stripped)], environment)
    return stripped


def build_environment(source: pathlib.Path, folder: pathlib.Path, options: Options) -> Dict[str, str]:
    """The caller's, with flags that keep its paths out of the library, and without what hides the machine's Python from meson."""
    environment = {name: value for name, value in os.environ.items()
                   if name not in ("PYTHONPATH", "PYTHONNOUSERSITE", "PYTHONHOME")}
    # meson names sources by their way from the build folder, and assertions hold that name.
    prefix = os.path.relpath(source.resolve(), folder.resolve())
    flags = f"-ffile-prefix-map={prefix}/= -ffile-prefix-map={folder.resolve()}=."
    environment["CFLAGS"] = f"{os.environ.get('CFLAGS', '')} {flags}".strip()
    if options.is_bundled:
        environment["LDFLAGS"] = f"{os.environ.get('LDFLAGS', '')} -Wl,-rpath,$ORIGIN".strip()
    return environment


def run(command: List[str], environment: Mapping[str, str]) -> str:
    """What a tool prints; one that is missing or fails ends the build with a sentence."""
    if not shutil.which(command[0], path=environment.get("PATH")):
        raise SystemExit(f"{command[0]} is needed to build the library and was not found "
                         "(on Debian: scripts/install-packages.sh build)")
    done = subprocess.run(command, env={**environment, "LC_ALL": "C"}, stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if done.returncode != 0:
        raise SystemExit(f"{' '.join(command)} failed:\n{done.stdout}")
    return done.stdout


def needed_path(library: pathlib.Path, beginning: str) -> pathlib.Path:
    """The file that the loader of this machine would take for what a library needs."""
    text = run(["ldd", str(library)], os.environ)
    found = re.search(rf"^\s*{re.escape(beginning)}[\w.]* => (/\S+)", text, re.M)
    if not found:
        raise SystemExit(f"{library.name} should need a {beginning}, as a shared library:\n{text}")
    return pathlib.Path(found[1]).resolve()


def find_licence(library: pathlib.Path) -> pathlib.Path:
    """The licence of libsodium as its package installed it: under the folder that has lib, or the system's."""
    roots = [parent.parent for parent in library.parents if parent.name.startswith("lib")] + [pathlib.Path("/usr")]
    for root in roots:
        for pattern in LICENCES:
            for path in sorted(root.glob(pattern)):
                return path
    raise SystemExit("libsodium goes into the wheel and its licence has to go with it, but was not found: name the file, "
                     "--config-settings licence=FILE, or leave libsodium out, --config-settings sodium=system")


def dynamic_section(path: pathlib.Path) -> str:
    """What readelf says of needed libraries, soname and versions."""
    return run(["readelf", "--wide", "--dynamic", "--version-info", str(path)], os.environ)


def soname(path: pathlib.Path) -> str:
    """The name by which others need this library."""
    found = re.search(r"\(SONAME\).*\[(.+)\]", dynamic_section(path))
    return found[1] if found else path.name


def platform_tag(paths: List[pathlib.Path], own: Set[str]) -> str:
    """See above; `own`: the names of what lies in the wheel itself."""
    sections = [dynamic_section(path) for path in paths]
    needed = {name for text in sections for name in re.findall(r"\(NEEDED\).*\[(.+)\]", text)} - own
    versions = {(int(major), int(minor)) for text in sections
                for major, minor in re.findall(r"\bName: GLIBC_(\d+)\.(\d+)", text)}
    has_private = any("GLIBC_PRIVATE" in text for text in sections)
    if versions and not has_private and all(EVERYWHERE.match(name) for name in needed):
        major, minor = max(versions)
        return f"manylinux_{major}_{minor}_{machine()}"
    return f"linux_{machine()}"


def machine() -> str:
    """As platform tags call it; a 32-bit Python on a 64-bit kernel builds for 32 bits."""
    name = re.sub(r"[-.]", "_", sysconfig.get_platform().split("-", 1)[1])
    if struct.calcsize("P") == 4:
        name = {"x86_64": "i686", "aarch64": "armv7l"}.get(name, name)
    return name
