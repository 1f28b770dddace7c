# Copyright (c) 2026 the mlfleet authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This file is private to mlfleet.packages: it may change in any release.
"""What could be installed, as a plan sees it: no files, no network."""

from __future__ import annotations

import dataclasses
import typing as t

from packaging.tags import Tag
from packaging.version import Version


@dataclasses.dataclass(frozen=True)
class Wheel:
    """One wheel file, on the controller or on the host."""

    name: str
    version: Version
    file_name: str
    tags: frozenset[Tag]
    build: tuple[()] | tuple[int, str]
    requires: tuple[str, ...]
    """Requires-Dist as it is written, also where it is older than the standards."""
    requires_python: str
    extras: frozenset[str]
    size: int
    unpacked: int
    modules: tuple[str, ...]
    """What can be imported to see that it works."""
    path: str
    title: str
    """Name and version as METADATA spells them, which is how the host will record them."""
    raw_version: str
    on_host: bool = False
    unfetched: bool = False
    """Whether so far only an index that the host can reach has it; size and modules are not known then."""
    sha256: str | None = None
    """Where it is known without reading the file."""
    allowed: frozenset[str] = frozenset()
    """The sha256 that the user demands, any of them; empty where any will do."""
    licence: str = ""
    """As METADATA says it, in whichever of the ways that there have been."""


@dataclasses.dataclass(frozen=True)
class Rejected:
    """A file that has the name of a package and cannot be installed."""

    file_name: str
    reason: str


@dataclasses.dataclass(frozen=True)
class Offer:
    """The wheels of one package, newest version first, and the files that are none."""

    wheels: tuple[Wheel, ...] = ()
    rejected: tuple[Rejected, ...] = ()

    @property
    def reasons(self) -> tuple[str, ...]:
        """Why files were rejected, one sentence each."""
        return tuple(each.reason for each in self.rejected)


@dataclasses.dataclass(frozen=True)
class Listed:
    """Wheels that somebody has chosen already."""

    wheels: tuple[Wheel, ...]

    def named(self, name: str) -> Offer:
        found = (wheel for wheel in self.wheels if wheel.name == name)
        return Offer(tuple(sorted(found, key=lambda wheel: wheel.version, reverse=True)))


class Candidates(t.Protocol):
    """Everything that could be installed."""

    @property
    def description(self) -> str: ...

    def named(self, name: str) -> Offer: ...

    def digest(self, wheel: Wheel) -> str: ...
