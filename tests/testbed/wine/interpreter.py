# Copyright (c) 2026 the mlfleet authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A Windows CPython home, put together from what package registries and this machine have.

The wheels of panda3d for Windows carry the Python Software Foundation's own DLL and extension modules, for programs
that ship with their interpreter. The standard library is the one of a CPython of the same X.Y on this machine, since
its Python files are the same on every system. Only python.exe is made here.
"""

from __future__ import annotations

import dataclasses
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import zipfile

from testbed import interpreters, package_index
from testbed.wine import cache
from testbed.wine.toolchain import Missing, Toolchain

_SOURCE = pathlib.Path(__file__).with_name("python.c")
_MANIFEST = pathlib.Path(__file__).with_name("python.exe.manifest")
# What the standard library of a Unix has more, what is not for use, and what a home must have of its own.
_NOT_COPIED = ("site-packages", "dist-packages", "lib-dynload", "config-*", "_sysconfigdata*", "test", "tests")
# Wine and Windows 10 have the first themselves; the others need the Tcl library, which no wheel has.
_NOT_UNPACKED = ("api-ms-win-", "tcl", "tk", "_tkinter")
_BESIDE_PYTHON = ("vcruntime", "python")


@dataclasses.dataclass(frozen=True)
class Release:
    """Where one X.Y comes from."""

    version: str
    panda3d: str
    abi: str
    sha256: str

    @property
    def tag(self) -> str:
        return self.version.replace(".", "")

    @property
    def minor(self) -> tuple[int, int]:
        major, minor = self.version.split(".")
        return int(major), int(minor)

    @property
    def requirement(self) -> str:
        return f"panda3d=={self.panda3d} --hash=sha256:{self.sha256}\n"


RELEASES = {
    release.version: release
    for release in (
        # 3.5.10, 3.7.9 and 3.10.9.
        Release("3.5", "1.10.16", "cp35m", "fd11f0b8e4a606a6ed557ce3c9e82d3c164ade1a7117d05935e513bc27763fea"),
        Release("3.7", "1.10.16", "cp37m", "a04d91d02e7d0140be4c5b73ad4cd063dc5e97b584447d11b2bf92c5172e010b"),
        Release("3.10", "1.10.13", "cp310", "7d8a28b10167990d55ac696275b08b21b06fb35e7f5f64d482c9b76410373e96"),
    )
}


class CannotFetch(Exception):
    """The wheel could not be had; the message ends with what pip said."""


def prepare(version: str, toolchain: Toolchain, folder: pathlib.Path) -> pathlib.Path | Missing:
    """A finished home below the cache folder, made now unless it is there; nobody may write into it."""
    release = RELEASES[version]
    library = find_standard_library(release)
    if isinstance(library, Missing):
        return library
    own_files = (path.read_bytes() for path in (_SOURCE, _MANIFEST, pathlib.Path(__file__)))
    recipe = cache.digest(repr(release), str(library), *own_files)
    try:
        return cache.made_once(
            folder / f"python-{version}-{recipe}", lambda home: build(release, library, toolchain, home)
        )
    except CannotFetch as error:
        return Missing(str(error))


def find_standard_library(release: Release) -> pathlib.Path | Missing:
    """Of a CPython of this X.Y on this machine, as its own makers ship it."""
    for interpreter in reversed(interpreters.find()):
        if interpreter.minor == release.minor:
            library = _standard_library(interpreter.path)
            # Debian changes the standard library of its own Python, and takes this folder out.
            if any(library.glob("ensurepip/_bundled/pip-*.whl")):
                return library
    return Missing(f"A Windows Python {release.version} needs the standard library of a CPython {release.version}.")


def _standard_library(python: pathlib.Path) -> pathlib.Path:
    code = "import os, sys; sys.stdout.write(os.path.dirname(os.__file__))"
    return pathlib.Path(subprocess.run([python, "-I", "-c", code], check=True, capture_output=True, text=True).stdout)


def build(release: Release, library: pathlib.Path, toolchain: Toolchain, home: pathlib.Path) -> None:
    """Fills an empty folder."""
    with tempfile.TemporaryDirectory(prefix="mlfleet-") as scratch:
        wheel = _download(release, pathlib.Path(scratch))
        _unpack(wheel, home)
        _compile(release, toolchain, pathlib.Path(scratch), home)
    shutil.copytree(library, home / "Lib", ignore=shutil.ignore_patterns(*_NOT_COPIED))
    (home / "Lib" / "site-packages").mkdir()


def _download(release: Release, folder: pathlib.Path) -> pathlib.Path:
    requirements = folder / "requirements.txt"
    requirements.write_text(release.requirement)
    command = [sys.executable, "-m", "pip", "download", "--no-deps", "--require-hashes", "--only-binary=:all:"]
    command += [
        "--platform=win_amd64",
        "--implementation=cp",
        f"--python-version={release.tag}",
        f"--abi={release.abi}",
    ]
    done = subprocess.run(
        [*command, f"--dest={folder}", f"--requirement={requirements}"],
        check=False,
        env=package_index.connected(os.environ),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    if done.returncode != 0:
        last_line = done.stdout.strip().rpartition("\n")[2]
        raise CannotFetch(f"The Windows Python {release.version} inside panda3d could not be fetched: {last_line}")
    return next(folder.glob("*.whl"))


def _unpack(wheel: pathlib.Path, home: pathlib.Path) -> None:
    (home / "DLLs").mkdir()
    with zipfile.ZipFile(wheel) as archive:
        for member in archive.namelist():
            folder, _rest, name = member.rpartition("/")
            if folder == "deploy_libs" and not name.startswith(_NOT_UNPACKED):
                beside_python = name.lower().startswith(_BESIDE_PYTHON)
                target = home / name if beside_python else home / "DLLs" / name
                target.write_bytes(archive.read(member))


def _compile(release: Release, toolchain: Toolchain, scratch: pathlib.Path, home: pathlib.Path) -> None:
    exports, imports = scratch / "python.def", scratch / "libpython.a"
    exports.write_text(f"LIBRARY python{release.tag}.dll\nEXPORTS\nPy_Main\n")
    subprocess.run([toolchain.dlltool, "-d", exports, "-l", imports], check=True)
    resources, resource_object = scratch / "python.rc", scratch / "resources.o"
    # Resource 1 of type 24, RT_MANIFEST.
    resources.write_text(f'1 24 "{_MANIFEST}"\n')
    subprocess.run([toolchain.windres, resources, resource_object], check=True)
    inputs, target = (_SOURCE, resource_object, imports), home / "python.exe"
    subprocess.run([toolchain.compiler, "-O2", "-s", "-municode", *inputs, "-o", target], check=True)
