# Copyright (c) 2026 the mlfleet authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The CPython interpreters of this machine: real executables, neither shims nor virtual environments."""

from __future__ import annotations

import collections.abc as c
import dataclasses
import functools
import json
import os
import pathlib
import re
import subprocess

OLDEST = (3, 6)

# Runs on every Python 3, with `site`: without it, a virtual environment looks like the interpreter it was made from.
# A shim answers with the path of the executable it stands for.
_PROBE = """
import json, platform, sys
try:
    import ensurepip, venv
except ImportError:
    ensurepip = None
print(json.dumps({
    "path": sys.executable,
    "version": sys.version_info[:3],
    "implementation": platform.python_implementation(),
    "virtual": sys.prefix != sys.base_prefix,
    "has_venv": ensurepip is not None,
}))
"""


@dataclasses.dataclass(frozen=True, order=True)
class Interpreter:
    """One CPython of this machine."""

    version: tuple[int, int, int]
    path: pathlib.Path
    has_venv: bool
    """Whether `-m venv` works; Debian splits it off into a package of its own."""

    @property
    def minor(self) -> tuple[int, int]:
        return self.version[:2]

    @property
    def name(self) -> str:
        """The full version as people write it, such as 3.7.16."""
        return ".".join(map(str, self.version))


def find() -> tuple[Interpreter, ...]:
    """All CPythons from 3.6 on, oldest first, looked for once in a process."""
    return _find(os.environ.get("PATH", os.defpath), os.environ.get("PYENV_ROOT", ""))


def find_one_per_minor() -> tuple[Interpreter, ...]:
    """The newest of each 3.x, oldest 3.x first."""
    return tuple({interpreter.minor: interpreter for interpreter in find()}.values())


def find_first(minors: c.Iterable[tuple[int, int]]) -> Interpreter | None:
    """The first of the wished 3.x, in the order of the wish, that can make virtual environments."""
    usable = {interpreter.minor: interpreter for interpreter in find() if interpreter.has_venv}
    return next((usable[minor] for minor in minors if minor in usable), None)


@functools.cache
def _find(search_path: str, pyenv_root: str) -> tuple[Interpreter, ...]:
    candidates = [*_pyenv_candidates(pyenv_root), *_path_candidates(search_path)]
    answers = (probe(candidate) for candidate in dict.fromkeys(candidates))
    return tuple(sorted({found.path: found for found in answers if found is not None}.values()))


def _pyenv_candidates(pyenv_root: str) -> list[pathlib.Path]:
    root = pathlib.Path(pyenv_root) if pyenv_root else pathlib.Path.home() / ".pyenv"
    return sorted(root.glob("versions/3.*/bin/python"))


def _path_candidates(search_path: str) -> list[pathlib.Path]:
    folders = [pathlib.Path(folder) for folder in search_path.split(os.pathsep) if folder]
    executable = re.compile(r"python3(\.\d+)?")
    return sorted(
        entry
        for folder in folders
        if folder.is_dir()
        for entry in folder.glob("python3*")
        if executable.fullmatch(entry.name)
    )


def probe(executable: pathlib.Path) -> Interpreter | None:
    """What an executable is; None for what does not start, is no CPython, too old, or a virtual environment."""
    try:
        answer = subprocess.run(
            [str(executable), "-I", "-c", _PROBE],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=True,
            timeout=60,
        )
        facts = json.loads(answer.stdout)
    except (OSError, subprocess.SubprocessError, ValueError):
        return None
    version = tuple(facts["version"])
    if facts["implementation"] != "CPython" or facts["virtual"] or version < OLDEST:
        return None
    return Interpreter(version=version, path=pathlib.Path(facts["path"]).resolve(), has_venv=facts["has_venv"])
