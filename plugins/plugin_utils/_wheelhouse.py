# Copyright (c) 2026 the mlfleet authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This file is private to mlfleet.packages: it may change in any release.
"""A folder of the controller with the wheels that a task may choose from."""

from __future__ import annotations

import collections.abc as c
import os
import pathlib
import typing as t

from ansible_collections.mlfleet.packages.plugins.plugin_utils import _wheel
from ansible_collections.mlfleet.packages.plugins.plugin_utils._candidates import Offer, Rejected, Wheel
from ansible_collections.mlfleet.packages.plugins.plugin_utils._wheel import WheelProblem
from packaging.utils import InvalidSdistFilename, canonicalize_name, parse_sdist_filename


class Wheelhouse:
    """A folder of wheels with all that is below it. Files are read when somebody asks for their package."""

    def __init__(self, folder: pathlib.Path) -> None:
        self._folder = folder
        self._paths = _paths(folder)
        self._offers: dict[str, Offer] = {}

    @property
    def description(self) -> str:
        return f"the wheelhouse {self._folder}"

    def named(self, name: str) -> Offer:
        """What there is of a package, by its normalised name."""
        if name not in self._offers:
            self._offers[name] = self._read(name)
        return self._offers[name]

    @property
    def names(self) -> tuple[str, ...]:
        """The packages that there is something of."""
        return tuple(sorted(self._paths))

    def files(self, file_name: str) -> tuple[pathlib.Path, ...]:
        """The files of exactly this name; several folders below may hold one each."""
        return tuple(path for path in self._paths.get(_package(file_name) or "", ()) if path.name == file_name)

    def _read(self, name: str) -> Offer:
        wheels: list[Wheel] = []
        rejected = []
        for path in self._paths.get(name, ()):
            try:
                wheels.append(_read(path))
            except WheelProblem as problem:
                rejected.append(Rejected(path.name, str(problem)))
        return Offer(_newest_first(wheels), tuple(rejected))


def _paths(folder: pathlib.Path) -> dict[str, list[pathlib.Path]]:
    """All files that look like a package, by its normalised name."""
    found: dict[str, list[pathlib.Path]] = {}
    for path in _files_below(folder):
        package = _package(path.name)
        if package:
            found.setdefault(package, []).append(path)
    if not any(path.suffix == ".whl" for paths in found.values() for path in paths):
        raise WheelProblem(
            f"the option wheelhouse names {folder}, which holds no wheel; name a folder with the .whl files"
        )
    return found


def _newest_first(wheels: c.Iterable[Wheel]) -> tuple[Wheel, ...]:
    return tuple(sorted(wheels, key=lambda wheel: wheel.version, reverse=True))


def _read(path: pathlib.Path) -> Wheel:
    if path.suffix != ".whl":
        raise WheelProblem(f"{path} is no wheel; build one from it first")
    return _wheel.read(path)


def _package(file_name: str) -> str | None:
    """The package that a wheel or a source archive is of, as far as its name tells; None for other files."""
    if file_name.endswith(".whl"):
        # Also where the rest of the name is wrong: whoever asks for the package learns why it is not taken.
        return canonicalize_name(file_name.partition("-")[0])
    try:
        return parse_sdist_filename(file_name)[0]
    except InvalidSdistFilename:
        return None


def _files_below(folder: pathlib.Path) -> c.Iterator[pathlib.Path]:
    def refuse(error: OSError) -> t.NoReturn:
        raise WheelProblem(
            f"the option wheelhouse names {folder}, of which {error.filename} cannot be listed ({error.strerror}); "
            "name a folder that can be read"
        )

    for parent, folders, files in os.walk(folder, onerror=refuse):
        folders.sort()
        yield from (pathlib.Path(parent, file) for file in sorted(files))
