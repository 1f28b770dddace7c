# Copyright (c) 2026 the mlfleet authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This file is private to mlfleet.packages: it may change in any release.
"""What is to be locked, for which target, and what comes of it."""

from __future__ import annotations

import collections.abc as c
import dataclasses
import pathlib

from ansible_collections.mlfleet.packages.plugins.plugin_utils._candidates import Wheel
from ansible_collections.mlfleet.packages.plugins.plugin_utils._declaration import LATEST, Entry
from ansible_collections.mlfleet.packages.plugins.plugin_utils._errors import HostProblem
from ansible_collections.mlfleet.packages.plugins.plugin_utils._locking._indexes import Indexes
from ansible_collections.mlfleet.packages.plugins.plugin_utils._packages import Package, Packages
from ansible_collections.mlfleet.packages.plugins.plugin_utils._protection import Protection
from ansible_collections.mlfleet.packages.plugins.plugin_utils._target import Target
from packaging.specifiers import SpecifierSet
from packaging.utils import InvalidName, canonicalize_name
from packaging.version import Version

# Name and version become a part of file names, which end at 255 characters.
_LENGTH_LIMIT = 150


class Unresolvable(HostProblem):
    """There is no set of wheels that does what is wanted."""


@dataclasses.dataclass(frozen=True)
class LockedWheel:
    """One wheel of a lock. Its URL holds no user and no password."""

    name: str
    version: Version
    file_name: str
    sha256: str
    url: str | None = None
    path: pathlib.Path | None = None
    """Where it lies on the controller, if it does not come from a URL."""
    size: int | None = None


@dataclasses.dataclass(frozen=True)
class Goal:
    """One target, and what its runtimes have already."""

    name: str
    target: Target
    base: Packages
    notes: tuple[str, ...] = ()

    @property
    def description(self) -> str:
        return f"{self.name} ({self.target.description})"


def base_of(packages: c.Iterable[Package]) -> tuple[dict[str, Package], tuple[str, ...]]:
    """What of a runtime's packages locks can count with, and the names of the others, which follow no standard.

    Of two records of one name, the interpreter finds the first.
    """
    base: dict[str, Package] = {}
    odd = []
    for package in packages:
        if _is_name(package.title) and len(package.title) + len(str(package.version)) <= _LENGTH_LIMIT:
            base.setdefault(package.name, package)
        else:
            odd.append(package.title)
    return base, tuple(odd)


def _is_name(text: str) -> bool:
    """A host may report anything, and names become a part of paths and a line of files."""
    try:
        canonicalize_name(text, validate=True)
    except InvalidName:
        return False
    return True


@dataclasses.dataclass(frozen=True)
class Request:
    """What the locks shall hold, and where it may come from."""

    entries: tuple[Entry, ...]
    constraints: tuple[Entry, ...]
    own: c.Mapping[str, Wheel]
    """The single wheels that entries name, by the place of the entry."""
    allow_protected: frozenset[str]
    indexes: Indexes
    cache: pathlib.Path
    upgrade: bool = False


@dataclasses.dataclass(frozen=True)
class Limit:
    """The versions that a package must have if it is there at all, and who says so."""

    name: str
    specifier: SpecifierSet
    where: str


@dataclasses.dataclass(frozen=True)
class Question:
    """One request for one target."""

    goal: Goal
    request: Request
    entries: tuple[Entry, ...]
    """Those that apply to the target."""
    earlier: c.Mapping[str, Version]
    """What the last lock holds: preferred, unless everything shall be upgraded."""
    heard: bool = True
    """Whether what the base needs limits the choice."""

    @property
    def held(self) -> tuple[str, ...]:
        """The packages of the base that must keep their version."""
        rules = Protection(frozenset(), self.request.allow_protected)
        return tuple(sorted(name for name in self.goal.base if rules.reason(name)))

    @property
    def latest(self) -> frozenset[str]:
        """The packages that shall be as new as can be."""
        return frozenset(entry.name for entry in self.entries if entry.state == LATEST)

    def own(self) -> dict[str, Wheel]:
        """The one wheel of each package of which an entry names one."""
        return {entry.name: self.request.own[entry.where] for entry in self.entries if entry.where in self.request.own}

    def limits(self) -> tuple[Limit, ...]:
        """Constraints, what is held, and what the packages of the base need of each other."""
        environment = self.goal.target.environment
        found = [
            Limit(entry.name, entry.specifier, entry.where)
            for entry in self.request.constraints
            if entry.applies(environment)
        ]
        held = ((name, self.goal.base[name]) for name in self.held)
        found += [
            Limit(name, SpecifierSet(f"=={package.version}"), f"{name} is protected")
            for name, package in held
            if package.version is not None
        ]
        return (*found, *(self._needs_of_the_base() if self.heard else ()))

    def _needs_of_the_base(self) -> c.Iterator[Limit]:
        base = self.goal.base
        for package in base.values():
            for need in package.needed(self.goal.target.environment):
                there = base.get(need.name)
                # What is broken already limits nothing.
                if there is not None and need.specifier and there.meets(need):
                    yield Limit(need.name, need.specifier, f"{package.title} {package.raw} is installed")
