# Copyright (c) 2026 the mlfleet authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The programs that make and run Wine hosts, as found on this machine."""

from __future__ import annotations

import dataclasses
import os
import pathlib
import shutil

# Debian keeps the 64-bit loader out of PATH.
_DEBIAN_FOLDER = "/usr/lib/wine"

_WANTED = {
    "wine": ("wine64", "wine"),
    "wineserver": ("wineserver", "wineserver64"),
    "compiler": ("x86_64-w64-mingw32-gcc",),
    "dlltool": ("x86_64-w64-mingw32-dlltool",),
    "windres": ("x86_64-w64-mingw32-windres",),
}


@dataclasses.dataclass(frozen=True)
class Missing:
    """A part of the Wine test bed is not to be had on this machine."""

    reason: str
    """One sentence."""


@dataclasses.dataclass(frozen=True)
class Toolchain:
    """Wine and the cross compiler."""

    wine: pathlib.Path
    wineserver: pathlib.Path
    compiler: pathlib.Path
    dlltool: pathlib.Path
    windres: pathlib.Path


def find(search_path: str | None = None) -> Toolchain | Missing:
    """All of them from PATH and Debian's folder (or the given search path), or what is missing."""
    if search_path is None:
        search_path = os.pathsep.join([os.environ.get("PATH", os.defpath), _DEBIAN_FOLDER])
    found = {part: _first(names, search_path) for part, names in _WANTED.items()}
    absent = [" or ".join(_WANTED[part]) for part, path in found.items() if path is None]
    if absent:
        return Missing(f"Wine hosts need {', '.join(absent)}, which this machine does not have.")
    return Toolchain(**{part: path for part, path in found.items() if path is not None})


def _first(names: tuple[str, ...], search_path: str) -> pathlib.Path | None:
    paths = (shutil.which(name, path=search_path) for name in names)
    return next((pathlib.Path(path) for path in paths if path), None)
