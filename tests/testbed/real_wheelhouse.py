# Copyright (c) 2026 the mlfleet authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A wheelhouse of real wheels for Windows, locked and built by the task itself from the real index, once."""

from __future__ import annotations

import os
import pathlib
import subprocess
import sys
import typing as t
from unittest import mock

from ansible_collections.mlfleet.packages.plugins.plugin_utils._locking._pylock_writer import FORMAT

from testbed import ad_hoc, package_index
from testbed.ad_hoc import HostResult
from testbed.wine import cache
from testbed.wine.toolchain import Missing

MODULE = "mlfleet.packages.wheelhouse"
PACKAGES = ("pandas", "scikit-learn", "click", "tqdm")
TARGETS: tuple[dict[str, str], ...] = (
    {"name": "sql2019", "python": "3.7.1", "platform": "win_amd64"},
    {"name": "sql2022", "python": "3.10.2", "platform": "win_amd64"},
    {"name": "sql2017", "python": "3.5.2", "platform": "win_amd64"},
)
# What revoscalepy of SQL Server 2022 wants to find; newer ones call what Wine 8 does not have.
CONSTRAINTS = ("numpy==1.22.0; python_version == '3.10'", "pandas<1.5; python_version == '3.10'")


class _CannotBuild(Exception):
    """What the task said."""


def run(path: pathlib.Path, folder: pathlib.Path, *arguments: str, **options: t.Any) -> HostResult:
    """The task on this machine, with the index that this machine uses."""
    inventory = ad_hoc.write_inventory(folder / "inventory.json", {"builder": {"ansible_connection": "local"}})
    task = {"path": str(path), "packages": list(PACKAGES), "targets": list(TARGETS), "constraints": list(CONSTRAINTS)}
    task |= options
    with mock.patch.dict(os.environ, package_index.connected(os.environ), clear=True):
        return ad_hoc.run(inventory, MODULE, task, *arguments).only()


def index_missing() -> Missing | None:
    """Why there is no index to test with, in the words of pip."""
    command = [sys.executable, "-m", "pip", "index", "versions", "colorama", "--retries=1", "--timeout=20"]
    done = subprocess.run(
        command,
        check=False,
        env=package_index.connected(os.environ),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    if done.returncode == 0:
        return None
    return Missing(f"There is no package index to lock from: {done.stdout.strip().rpartition(chr(10))[2]}")


def built(folder: pathlib.Path) -> pathlib.Path | Missing:
    """The wheelhouse; nobody may write into it. `folder` is for files of the run."""
    if missing := index_missing():
        return missing
    kept = (
        cache.DEFAULT_FOLDER
        # Locks of another format would be made anew by whoever looks at them.
        / f"wheelhouse-{cache.digest(str(FORMAT), *PACKAGES, *CONSTRAINTS, *(str(target) for target in TARGETS))}"
    )

    def make(new: pathlib.Path) -> None:
        done = run(new, folder)
        if done.status != "CHANGED":
            raise _CannotBuild(done.message)

    return cache.made_once(kept, make)
