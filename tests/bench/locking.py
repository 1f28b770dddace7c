# Copyright (c) 2026 the mlfleet authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Locks for a Windows Python: by uv and by this collection's other resolver, against pip's resolver."""

from __future__ import annotations

import functools
import json
import os
import pathlib
import shutil
import sys
import tempfile
import typing as t

from ansible_collections.mlfleet.packages.plugins.plugin_utils._locking import _indexes

from bench import environments, interleaved, lock_once
from bench.interleaved import Comparison, Contender
from testbed import package_index

ROUNDS = 7
PIP = "`pip install --dry-run --report`"
UV, RESOLVER = "the module's lock, by uv", "the module's lock, by unearth and resolvelib (as for Python 3.5)"
# What pip leaves out, because it looks at the markers of the machine that it runs on.
ONLY_ON_WINDOWS = {"colorama"}

HEAD = f"""## What it costs to lock

{len(lock_once.REQUIREMENTS)} requirements for Python {lock_once.PYTHON} on Windows
(`tests/bench/lock_once.py`), from the real index. All look for wheels only, and download none where the index gives the
metadata by itself. pip goes by the markers of the machine that it runs on, so that its answer lacks
{" and ".join(sorted(ONLY_ON_WINDOWS))}, which the others have. Median of {ROUNDS} rounds in which the commands take
turns.

"""


def contenders(folder: pathlib.Path, index: str, warm: bool) -> list[Contender]:
    """With what each of them has learned before, or without it."""
    caches = {name: folder / name for name in ("pip", "uv", "resolver")}

    def prepare(name: str) -> None:
        if not warm:
            shutil.rmtree(caches[name], ignore_errors=True)

    pip: tuple[str, ...] = (
        sys.executable,
        "-m",
        "pip",
        "install",
        "--dry-run",
        "--quiet",
        "--report=-",
        "--disable-pip-version-check",
    )
    pip += ("--ignore-installed", "--only-binary=:all:", "--platform=win_amd64", "--implementation=cp")
    pip += (f"--python-version={lock_once.PYTHON}", "--abi=cp310", "--target", str(folder / "nowhere"))
    pip += (f"--index-url={index}", f"--cache-dir={caches['pip']}", *lock_once.REQUIREMENTS)
    ours = (sys.executable, str(pathlib.Path(lock_once.__file__)))
    return [
        Contender(PIP, pip, prepare=functools.partial(prepare, "pip"), check=_check_pip),
        *(
            Contender(
                title,
                (*ours, name, str(caches[name]), index),
                prepare=functools.partial(prepare, name),
                check=functools.partial(_check_ours, title),
            )
            for title, name in ((UV, "uv"), (RESOLVER, "resolver"))
        ),
    ]


def _check_pip(output: bytes) -> None:
    found = {each["metadata"]["name"].lower() for each in json.loads(output)["install"]}
    if ONLY_ON_WINDOWS & found:
        raise SystemExit(f"{PIP} has learned of markers, and the page says that it has not")
    _check(PIP, found, ONLY_ON_WINDOWS)


def _check_ours(name: str, output: bytes) -> None:
    _check(name, set(json.loads(output)), set())


def _check(name: str, locked: set[str], lacking: set[str]) -> None:
    """Answers that are no answers would be quicker."""
    wanted = {*lock_once.REQUIREMENTS, "numpy", "scipy", *ONLY_ON_WINDOWS} - lacking
    if missing := wanted - locked:
        raise SystemExit(f"{name} did not lock {', '.join(sorted(missing))}")


def table(title: str, comparisons: list[Comparison]) -> str:
    head = [f"### {title}", "", f"| command | times {PIP} | middle half |", "| --- | ---: | --- |"]
    return "\n".join([*head, *(one.row() for one in comparisons), ""])


def section() -> str:
    """The part of the benchmark page."""
    unset: dict[str, t.Any] = {"index_url": None, "extra_index_urls": [], "find_links": []}
    environment = package_index.connected(os.environ)
    index = _indexes.indexes({**unset, "no_index": False, "ca_bundle": None}, environment).urls[-1]
    kept = environments.KEPT.parent
    with tempfile.TemporaryDirectory(prefix="locking-", dir=kept) as name:
        found = [
            table(title, interleaved.compare(contenders(pathlib.Path(name), index, warm), PIP, ROUNDS, warm_up=1))
            for title, warm in (("for the first time", False), ("with a filled cache", True))
        ]
    return HEAD + "\n".join(found)
