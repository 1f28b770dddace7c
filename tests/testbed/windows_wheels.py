# Copyright (c) 2026 the mlfleet authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Real wheels for a Windows CPython: pandas and what it needs, downloaded once."""

from __future__ import annotations

import collections.abc as c
import os
import pathlib
import subprocess
import sys

from testbed import package_index
from testbed.wine import cache
from testbed.wine.toolchain import Missing

# The last pandas that each Python can have with the numpy that was built for it.
PANDAS: c.Mapping[str, tuple[str, ...]] = {
    "3.7": ("numpy==1.21.6", "pandas==1.3.5", "python-dateutil==2.8.2", "pytz==2022.7", "six==1.16.0"),
    "3.10": ("numpy==1.22.0", "pandas==1.4.4", "python-dateutil==2.8.2", "pytz==2022.7", "six==1.16.0"),
}
# Without the third number, pip takes 3.7 for 3.7.0, which is too old for this pandas; the Wine hosts have these.
_FULL_VERSION = {"3.7": "3.7.9", "3.10": "3.10.9"}
_ABI = {"3.7": "cp37m", "3.10": "cp310"}


class CannotDownload(Exception):
    """What pip said."""


def download(
    python: str, requirements: c.Iterable[str], folder: pathlib.Path = cache.DEFAULT_FOLDER
) -> pathlib.Path | Missing:
    """A folder with a wheel for each requirement, `name==version`; nobody may write into it."""
    wanted = sorted(requirements)
    kept = folder / f"windows-wheels-{python}-{cache.digest(*wanted)}"
    try:
        return cache.made_once(kept, lambda new: _download(python, wanted, new))
    except CannotDownload as error:
        return Missing(str(error))


def _download(python: str, requirements: list[str], folder: pathlib.Path) -> None:
    # Without --no-deps, pip would look at the markers of the Python that runs it.
    command = [sys.executable, "-m", "pip", "download", "--no-deps", "--only-binary=:all:", f"--dest={folder}"]
    target = ["--platform=win_amd64", "--implementation=cp"]
    target += [f"--python-version={_FULL_VERSION[python]}", f"--abi={_ABI[python]}"]
    done = subprocess.run(
        [*command, *target, *requirements],
        check=False,
        env=package_index.connected(os.environ),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    if done.returncode != 0:
        last_line = done.stdout.strip().rpartition("\n")[2]
        raise CannotDownload(f"The Windows wheels for Python {python} could not be downloaded: {last_line}")
