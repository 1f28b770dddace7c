# Copyright (c) 2026 the mlfleet authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Virtual environments that are made once and used again as long as what they were made from stays the same."""

from __future__ import annotations

import collections.abc as c
import contextlib
import dataclasses
import fcntl
import hashlib
import os
import pathlib
import shutil
import subprocess

from testbed import package_index
from testbed.interpreters import Interpreter

_KEPT = pathlib.Path(__file__).resolve().parents[2] / ".work" / "environments" / "kept"


class CannotInstall(Exception):
    """The environment could not be made; the message ends with what the failing command said."""


@dataclasses.dataclass(frozen=True)
class Recipe:
    """What an environment is made from."""

    interpreter: Interpreter
    requirements: tuple[str, ...] = ()
    """In one go, by the pip that comes with the interpreter or by `pip` below."""
    requirement_files: tuple[pathlib.Path, ...] = ()
    pip: str = ""
    """An exact pip version; empty for the one that comes with the interpreter."""

    def digest(self) -> str:
        parts = [str(self.interpreter.path), self.interpreter.name, self.pip, *self.requirements]
        contents = (path.read_bytes() for path in self.requirement_files)
        return hashlib.sha256(b"\0".join([*(part.encode() for part in parts), *contents])).hexdigest()


def prepare(folder: pathlib.Path, recipe: Recipe) -> pathlib.Path:
    """Makes the environment unless it is there already; its interpreter."""
    stamp = folder / "made-from"
    digest = recipe.digest()
    with _locked(folder):
        if not (stamp.exists() and stamp.read_text() == digest):
            shutil.rmtree(folder, ignore_errors=True)
            _make(folder, recipe)
            stamp.write_text(digest)
    return folder / "bin" / "python"


def fresh(folder: pathlib.Path, recipe: Recipe) -> pathlib.Path:
    """An environment that a test may change: a copy of one that is kept from run to run; its interpreter.

    Call its tools as `python -m ...`: the scripts that came with it start the interpreter of the original.
    """
    kept = _KEPT / recipe.digest()[:20]
    prepare(kept, recipe)
    shutil.copytree(kept, folder, symlinks=True)
    return folder / "bin" / "python"


@contextlib.contextmanager
def _locked(folder: pathlib.Path) -> c.Iterator[None]:
    # Test workers are processes: two of them may ask for the same environment at once.
    folder.parent.mkdir(parents=True, exist_ok=True)
    with open(folder.parent / f".{folder.name}.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _make(folder: pathlib.Path, recipe: Recipe) -> None:
    python = folder / "bin" / "python"
    _run([str(recipe.interpreter.path), "-m", "venv", str(folder)])
    if recipe.pip:
        _run([*_pip_install(python), f"pip=={recipe.pip}"])
    files = [word for path in recipe.requirement_files for word in ("-r", str(path))]
    if files or recipe.requirements:
        _run([*_pip_install(python), *files, *recipe.requirements])


def _pip_install(python: pathlib.Path) -> list[str]:
    return [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]


def _run(command: list[str]) -> None:
    done = subprocess.run(
        command,
        env=package_index.connected(os.environ),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise CannotInstall(f"{' '.join(command)} ended with {done.returncode}: {done.stdout.strip()[-2000:]}")
