# SPDX-License-Identifier: ISC
"""Wheels and source archives from names and bytes; the same ones give the same file."""
import base64
import gzip
import hashlib
import io
import os
import pathlib
import tarfile
import time
import zipfile
from typing import Dict, Mapping

from .metadata import Project

FIRST_ZIP_TIME = 315532800  # 1980-01-01, before which a zip file knows no time


def tree(folder: pathlib.Path, name: str) -> Dict[str, bytes]:
    """All files under a folder, by their name under `name`; what Python and builds leave behind is not among them."""
    files = {}
    for path in sorted(folder.rglob("*")):
        parts = path.relative_to(folder).parts
        is_left_over = any(p == "__pycache__" or p.startswith((".", "build")) for p in parts) or path.suffix == ".pyc"
        if path.is_file() and not is_left_over:
            files["/".join((name, *parts))] = path.read_bytes()
    return files


def moment() -> int:
    """Of every file in an archive, seconds since 1970."""
    return max(int(os.environ.get("SOURCE_DATE_EPOCH", FIRST_ZIP_TIME)), FIRST_ZIP_TIME)


def write_wheel(folder: pathlib.Path, project: Project, files: Mapping[str, bytes],
                licences: Mapping[str, bytes], platform: str) -> str:
    """Returns the file's name. `platform`: "any", or a platform tag: the wheel then has a library in it."""
    tag = f"py3-none-{platform}"
    info = project.info_folder
    text = project.text
    for licence in sorted(set(licences) - set(project.licences)):
        text = text.replace("License-File: ", f"License-File: {licence}\nLicense-File: ", 1)
    contents = dict(files)
    contents[f"{info}/METADATA"] = text.encode()
    contents[f"{info}/WHEEL"] = (f"Wheel-Version: 1.0\nGenerator: autovpn_build {project.version}\n"
                                 f"Root-Is-Purelib: {str(platform == 'any').lower()}\nTag: {tag}\n").encode()
    contents.update({f"{info}/licenses/{licence}": data for licence, data in licences.items()})
    contents[f"{info}/RECORD"] = record(contents, f"{info}/RECORD")
    name = f"{project.name}-{project.version}-{tag}.whl"
    (folder / name).write_bytes(packed(contents, f"{info}/"))
    return name


def record(contents: Mapping[str, bytes], own_name: str) -> bytes:
    """A line for each file: name, SHA-256, size."""
    lines = [f"{name},sha256={digest(data)},{len(data)}" for name, data in sorted(contents.items())]
    return ("\n".join(lines + [f"{own_name},,"]) + "\n").encode()


def digest(data: bytes) -> str:
    """As RECORD spells it."""
    return base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()


def packed(contents: Mapping[str, bytes], last: str) -> bytes:
    """A zip file; names that begin with `last` come at its end, where they can be read without the rest."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as wheel:
        for name in sorted(contents, key=lambda name: (name.startswith(last), name)):
            entry = zipfile.ZipInfo(name, time.gmtime(moment())[:6])
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.create_system = 3
            entry.external_attr = (0o100755 if ".so" in name else 0o100644) << 16
            wheel.writestr(entry, contents[name])
    return stream.getvalue()


def write_sdist(folder: pathlib.Path, project: Project, files: Mapping[str, bytes]) -> str:
    """Returns the file's name."""
    base = f"{project.name}-{project.version}"
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for name, data in sorted(files.items()):
            entry = tarfile.TarInfo(f"{base}/{name}")
            entry.size, entry.mtime, entry.mode = len(data), moment(), 0o644
            archive.addfile(entry, io.BytesIO(data))
    (folder / f"{base}.tar.gz").write_bytes(gzip.compress(stream.getvalue(), mtime=0))
    return f"{base}.tar.gz"
