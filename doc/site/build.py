# SPDX-License-Identifier: ISC
"""Build the site: gather what it shows in one folder, as Sphinx wants it, and let Sphinx make pages of it.

    build.py SOURCE_ROOT OUT

What the tree has is shown as it is: doc/*.md, the manual pages (manpages.py), the headers (reference.py), parts of README.md
and whole examples. Pages that exist for the site alone lie beside this file, in pages/. Links that
leave doc/ are made to point at copies (sources.py). Everything happens in a temporary folder; only OUT is written.
"""
import pathlib
import shutil
import subprocess
import sys
import tempfile

import manpages
import python_api
import reference
import sources
import theme

HERE = pathlib.Path(__file__).resolve().parent


def gather(root, stage):
    shutil.copytree(HERE / "pages", stage, dirs_exist_ok=True)
    for name in ("conf.py", "extensions", "static"):
        (shutil.copytree if (HERE / name).is_dir() else shutil.copy)(HERE / name, stage / name)
    shutil.copytree(root / "doc/pictures", stage / "pictures")
    pages = sorted((root / "doc").glob("*.md")) + sorted((root / "doc/decisions").glob("*.md"))
    for page in pages:
        target = stage / page.relative_to(root / "doc")
        target.parent.mkdir(exist_ok=True)
        target.write_text(sources.relink(page, root, stage))
    sources.copy_readme_parts(root, stage)
    sources.copy(root, stage, "examples/minimal/two_sites.c")
    (stage / "python.md").write_text(sources.relink(root / "bindings/python/README.md", root, stage, depth=0))
    python_api.write(root / "bindings/python/autovpn", stage / "python.md")
    manpages.write(root / "doc/man", stage / "man")
    reference.write(root, stage / "api")


def main():
    root, out = (pathlib.Path(argument).resolve() for argument in sys.argv[1:3])
    with tempfile.TemporaryDirectory() as folder:
        stage = pathlib.Path(folder) / "stage"
        stage.mkdir()
        gather(root, stage)
        shutil.rmtree(out, ignore_errors=True)
        result = subprocess.run(
            ["sphinx-build", "-b", "html", "-W", "-n", "--keep-going", "-q", "-j", "2",
             "-d", f"{folder}/doctrees", stage, out],
            env={"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8", "PYTHONPATH": str(stage / "extensions"),
                 "AUTOVPN_SOURCE_ROOT": str(root)})
    if result.returncode == 0:
        theme.complete(out)
        print(out / "index.html")
    sys.exit(result.returncode)


if __name__ == "__main__":
    main()
