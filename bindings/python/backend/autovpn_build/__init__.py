# SPDX-License-Identifier: ISC
"""
The build backend of the Python package (PEP 517, PEP 660): what pip calls.

A wheel is the package of `autovpn/`, the shared library that meson builds, and libsodium, for machines that have neither. A source
archive is the package, this backend and the C sources, under `library/`; a wheel made from it is the same, byte for byte.
The same sources and compiler give the same bytes: names are sorted, times are SOURCE_DATE_EPOCH or the first that
an archive can hold, and no path of the building machine is compiled in.

Settings, `pip wheel --config-settings KEY=VALUE`:

    providers    none (the default), or a list of openssl, ipsec_mb: what encrypts packets beside libsodium. The wheel then needs
                 that library on the machine where it is used, so its tag is linux_ARCH and no longer manylinux.
    sodium       bundled (the default), or system: libsodium is the machine's, and the tag linux_ARCH.
    licence      the file with libsodium's licence, where it is not in the distribution's usual place.
"""
import pathlib
import tempfile
from typing import Dict, List, Mapping, Optional, Union

from . import archive, library, metadata

Settings = Optional[Mapping[str, Union[str, List[str]]]]

HERE = pathlib.Path(__file__).resolve().parents[2]


def source_folder() -> pathlib.Path:
    """Where meson.build of the library is: in a source archive, or in the repository."""
    inside = HERE / "library"
    return inside if inside.is_dir() else HERE.parents[1]


def get_requires_for_build_wheel(config_settings: Settings = None) -> List[str]:
    """Nothing from Python 3.11 on; before, what reads TOML, unless it is there."""
    return metadata.requires()


get_requires_for_build_sdist = get_requires_for_build_wheel
get_requires_for_build_editable = get_requires_for_build_wheel


def prepare_metadata_for_build_wheel(metadata_directory: str, config_settings: Settings = None) -> str:
    """The metadata alone, for which nothing has to be compiled."""
    project = metadata.read(HERE, source_folder())
    folder = pathlib.Path(metadata_directory) / project.info_folder
    folder.mkdir()
    (folder / "METADATA").write_text(project.text, "utf-8")
    return folder.name


prepare_metadata_for_build_editable = prepare_metadata_for_build_wheel


def build_wheel(wheel_directory: str, config_settings: Settings = None,
                metadata_directory: Optional[str] = None) -> str:
    """Compile, collect, pack. Returns the wheel's file name."""
    options = library.Options.read(config_settings or {})
    project = metadata.read(HERE, source_folder())
    with tempfile.TemporaryDirectory(prefix="autovpn-") as folder:
        built = library.build(source_folder(), pathlib.Path(folder), options)
        files = package_files()
        files.update({f"autovpn/_lib/{name}": data for name, data in built.files.items()})
        licences = {**project.licences, **built.licences}
        return archive.write_wheel(pathlib.Path(wheel_directory), project, files, licences, built.platform)


def build_editable(wheel_directory: str, config_settings: Settings = None,
                   metadata_directory: Optional[str] = None) -> str:
    """The package where it lies, with no library inside: AUTOVPN_LIBRARY names one, or the system has it."""
    project = metadata.read(HERE, source_folder())
    files = {"autovpn.pth": f"{HERE}\n".encode()}
    return archive.write_wheel(pathlib.Path(wheel_directory), project, files, project.licences, "any")


def build_sdist(sdist_directory: str, config_settings: Settings = None) -> str:
    """Pack the sources. Returns the archive's file name."""
    project = metadata.read(HERE, source_folder())
    files: Dict[str, bytes] = {"PKG-INFO": project.text.encode()}
    for name in ("pyproject.toml", "README.md"):
        files[name] = (HERE / name).read_bytes()
    for part in ("autovpn", "backend", "tests"):
        files.update(archive.tree(HERE / part, part))
    for name in ("meson.build", "meson_options.txt", "COPYING"):
        files[f"library/{name}"] = (source_folder() / name).read_bytes()
    for part in ("include", "lib"):
        files.update(archive.tree(source_folder() / part, f"library/{part}"))
    return archive.write_sdist(pathlib.Path(sdist_directory), project, files)


def package_files() -> Dict[str, bytes]:
    """The Python package, without a library that an earlier build may have left in it."""
    return {name: data for name, data in archive.tree(HERE / "autovpn", "autovpn").items()
            if not name.startswith("autovpn/_lib/")}
