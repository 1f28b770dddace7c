# Copyright (c) 2026 the mlfleet authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Environments of real distributions to measure in: downloaded once from the package index, kept below .work/."""

from __future__ import annotations

import dataclasses
import pathlib
import subprocess

from testbed import interpreters, virtual_environments
from testbed.interpreters import Interpreter
from testbed.virtual_environments import Recipe

BENCH = pathlib.Path(__file__).resolve().parent
KEPT = BENCH.parents[1] / ".work" / "environments"
LISTS = (BENCH / "distributions-150.txt", BENCH / "distributions-400.txt")


@dataclasses.dataclass(frozen=True)
class Environment:
    """An environment full of distributions."""

    python: pathlib.Path
    interpreter: Interpreter
    distributions: int


def small() -> Environment:
    """150 distributions."""
    return _environment("bench-150", LISTS[:1])


def large() -> Environment:
    """400 distributions."""
    return _environment("bench-400", LISTS)


def _environment(name: str, lists: tuple[pathlib.Path, ...]) -> Environment:
    interpreter = interpreters.find_first([(3, 11), (3, 12), (3, 13)])
    if interpreter is None:
        raise SystemExit("the benchmarks need CPython 3.11, 3.12 or 3.13 with venv, none found")
    # Their dependencies are in the lists, or of no interest: nothing in there is ever imported.
    recipe = Recipe(interpreter, requirements=("--no-deps", "--only-binary=:all:"), requirement_files=lists)
    try:
        python = virtual_environments.prepare(KEPT / name, recipe)
    except virtual_environments.CannotInstall as error:
        raise SystemExit(f"the real distributions to measure with cannot be had: {error}") from error
    return Environment(python, interpreter, _count(python))


def _count(python: pathlib.Path) -> int:
    code = "import importlib.metadata as m; print(len(list(m.distributions())))"
    return int(subprocess.check_output([str(python), "-I", "-c", code]))
