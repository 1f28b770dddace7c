# Copyright (c) 2026 the mlfleet authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runtimes that a test may change, and what others than the agent say of their state."""

from __future__ import annotations

import collections.abc as c
import dataclasses
import functools
import hashlib
import importlib.metadata
import json
import os
import pathlib
import subprocess
import sys

from packaging.utils import canonicalize_name

from testbed import package_index, site_packages, virtual_environments
from testbed.interpreters import Interpreter
from testbed.virtual_environments import Recipe
from testbed.wheels import Wheel
from testbed.wine import cache

_NOTHING_BROKEN = "No broken requirements found."


@dataclasses.dataclass(frozen=True)
class ChangeableRuntime:
    """A virtual environment of a test's own."""

    prefix: pathlib.Path
    interpreter: Interpreter
    """What it was made from."""

    @property
    def python(self) -> pathlib.Path:
        return self.prefix / "bin" / "python"

    @property
    def site_packages(self) -> pathlib.Path:
        major, minor = self.interpreter.minor
        return self.prefix / "lib" / f"python{major}.{minor}" / "site-packages"

    def lay(self, wheel: Wheel, installer: str = "pip") -> pathlib.Path:
        """Puts a distribution there as if pip, or another installer, had; its record."""
        return site_packages.install(self.site_packages, wheel, installer=installer)

    def lay_many(self, wheels: c.Iterable[Wheel]) -> None:
        for wheel in wheels:
            self.lay(wheel)

    def installed(self) -> dict[str, str]:
        """Normalised name to version, as importlib.metadata of this process reads the folder."""
        # It remembers the listing of a folder by its time, and two changes can share one.
        importlib.metadata.MetadataPathFinder().invalidate_caches()
        found = importlib.metadata.distributions(path=[str(self.site_packages)])
        return {canonicalize_name(each.metadata["Name"]): each.version for each in found}

    def pip_check(self) -> list[str]:
        """What `pip check` complains of, by the newest pip that this Python can run, whatever pip is installed."""
        # A wheel of pip can be run as it is: https://pip.pypa.io/en/stable/installation/#standalone-zip-application
        pip = _newest_pip(self.interpreter.minor) / "pip"
        done = _run([str(self.python), "-I", str(pip), "check", "--disable-pip-version-check"])
        lines = done.stdout.splitlines()
        if done.returncode == 0 and lines == [_NOTHING_BROKEN]:
            return []
        if done.returncode != 1 or not lines:
            raise RuntimeError(f"pip check ended with {done.returncode}: {done.stdout}{done.stderr}")
        return lines

    def tree(self) -> dict[str, str]:
        """What lies in the folders that pip writes to: path below the prefix to sha256, or to what it is instead."""
        folders = (self.site_packages, self.prefix / "bin")
        paths = sorted(path for folder in folders for path in folder.rglob("*"))
        return {path.relative_to(self.prefix).as_posix(): _content(path) for path in paths}

    def adopt(self) -> None:
        """As after the first change by the collection: from now on, what is there now is the baseline."""
        state = self.prefix / ".mlfleet"
        state.mkdir()
        (state / "baseline.json").write_text(json.dumps(sorted(self.installed())))

    def damage(self, path: str) -> None:
        """Changes a file of site-packages, size and all."""
        with open(self.site_packages / path, "ab") as stream:
            stream.write(b"# damaged\n")


def fresh(prefix: pathlib.Path, recipe: Recipe) -> ChangeableRuntime:
    """A runtime in a new folder, with the pip of the recipe."""
    virtual_environments.fresh(prefix, recipe)
    return ChangeableRuntime(prefix, recipe.interpreter)


def _content(path: pathlib.Path) -> str:
    if path.is_symlink():
        return f"link to {os.readlink(path)}"
    return "folder" if path.is_dir() else hashlib.sha256(path.read_bytes()).hexdigest()


@functools.cache
def _newest_pip(minor: tuple[int, int]) -> pathlib.Path:
    """The wheel, downloaded once."""
    version = ".".join(map(str, minor))
    folder = cache.made_once(cache.DEFAULT_FOLDER / f"newest-pip-{version}", lambda new: _download_pip(version, new))
    (wheel,) = folder.glob("pip-*.whl")
    return wheel


def _download_pip(version: str, folder: pathlib.Path) -> None:
    words = ["--no-deps", "--only-binary=:all:", f"--python-version={version}", f"--dest={folder}", "pip"]
    done = _run([sys.executable, "-m", "pip", "download", *words], package_index.connected(os.environ))
    if done.returncode != 0:
        raise virtual_environments.CannotInstall(f"pip for {version} could not be downloaded: {done.stderr[-2000:]}")


def _run(command: list[str], environment: c.Mapping[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
