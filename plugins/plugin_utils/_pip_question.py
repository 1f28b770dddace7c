# Copyright (c) 2026 the mlfleet authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This file is private to mlfleet.packages: it may change in any release.
"""What a host's pip is asked, so that its choice is one that a plan can take: no files, no network.

pip is asked only for what is lacking. What is installed and satisfies is walked through here, and never named, so that
pip leaves it alone; and what a plan would refuse is ruled out by constraints.
"""

from __future__ import annotations

import collections.abc as c
import dataclasses

from ansible_collections.mlfleet.packages.plugins.plugin_utils import _packages
from ansible_collections.mlfleet.packages.plugins.plugin_utils._declaration import ABSENT, LATEST, Entry
from ansible_collections.mlfleet.packages.plugins.plugin_utils._need import Need
from ansible_collections.mlfleet.packages.plugins.plugin_utils._packages import Package
from ansible_collections.mlfleet.packages.plugins.plugin_utils._plan_parts import Situation
from packaging.specifiers import SpecifierSet
from packaging.version import Version


@dataclasses.dataclass(frozen=True)
class PipQuestion:
    """Lines of requirements, as pip reads them. None of them holds anything but names, extras and versions."""

    requirements: tuple[str, ...]
    newest: bool
    """Whether what is installed is to be passed over if there is something newer."""
    again: tuple[str, ...]
    """Installed releases of which the wheels are wanted."""
    constraints: tuple[str, ...]
    wishes: tuple[str, ...]
    """Constraints that are given up where there is no solution with them: the plan will tell what that breaks."""


def question(situation: Situation, again: c.Collection[str]) -> PipQuestion | None:
    """What to ask for one runtime; None where pip could not help. again: what is to be laid down again."""
    meant = situation.declaration.meant(situation.instances, situation.target.environment)
    wanted = [entry for entry in meant if entry.state != ABSENT]
    declared = [each for each in situation.declaration.constraints if each.applies(situation.target.environment)]
    walk = _Walk(situation, _limits((*wanted, *declared)))
    for entry in wanted:
        walk.entry(entry)
    releases = ((name, situation.installed[name].version) for name in sorted(again))
    pinned = tuple(_line(name, (), _exactly(version)) for name, version in releases if version is not None)
    if not walk.lines and not pinned:
        return None
    return PipQuestion(
        requirements=tuple(walk.lines),
        newest=any(entry.state == LATEST for entry in wanted),
        again=pinned,
        constraints=(*walk.unnamed((*wanted, *declared)), *_absences(meant)),
        wishes=tuple(_wishes(situation, frozenset(walk.lines.values()))),
    )


class _Walk:
    """From what is wanted through what is installed, to what is lacking: line -> name of the package."""

    def __init__(self, situation: Situation, limits: c.Mapping[str, SpecifierSet]) -> None:
        self.lines: dict[str, str] = {}
        self._limits = limits
        self._situation = situation
        self._seen: set[tuple[str, str]] = set()

    def entry(self, entry: Entry) -> None:
        there = self._situation.installed.get(entry.name)
        own = self._own_wheel(entry)
        if entry.state != LATEST and there is not None and self._fits(there, entry.specifier):
            self._needs(there, entry.extras)
        elif own is not None:
            # The host's pip can neither see it nor needs to: only what it needs is lacking.
            self._needs(own, entry.extras)
        else:
            self._add(entry.name, entry.extras, entry.specifier)

    def unnamed(self, entries: c.Iterable[Entry]) -> c.Iterator[str]:
        """What is declared of packages that are not named, but that pip might come to."""
        for each in entries:
            if each.specifier and _line(each.name, each.extras, each.specifier) not in self.lines:
                yield _line(each.name, (), each.specifier)

    def _own_wheel(self, entry: Entry) -> Package | None:
        if entry.source is None:
            return None
        offered = self._situation.candidates.named(entry.name).wheels
        found = [wheel for wheel in offered if wheel.file_name == entry.source.file_name]
        return _packages.from_wheel(found[0]) if found else None

    def _needs(self, package: Package, extras: c.Iterable[str]) -> None:
        for extra in ("", *extras):
            if (package.name, extra) not in self._seen:
                self._seen.add((package.name, extra))
                for need in package.needed(self._situation.target.environment, extra):
                    self._need(need)

    def _need(self, need: Need) -> None:
        there = self._situation.installed.get(need.name)
        if there is not None and there.meets(need) and self._fits(there, SpecifierSet()):
            self._needs(there, need.extras)
        else:
            self._add(need.name, need.extras, need.specifier or SpecifierSet())

    def _fits(self, package: Package, specifier: SpecifierSet) -> bool:
        return package.satisfies(specifier) and package.satisfies(self._limits.get(package.name, SpecifierSet()))

    def _add(self, name: str, extras: c.Iterable[str], specifier: SpecifierSet) -> None:
        self.lines[_line(name, extras, specifier)] = name


def _limits(entries: c.Iterable[Entry]) -> dict[str, SpecifierSet]:
    """What is declared of the versions of packages."""
    limits: dict[str, SpecifierSet] = {}
    for each in entries:
        limits[each.name] = limits.get(each.name, SpecifierSet()) & each.specifier
    return limits


def _absences(meant: c.Iterable[Entry]) -> c.Iterator[str]:
    """Single versions that must not be there: only these can be put into a constraint."""
    for entry in meant:
        clauses = list(entry.specifier)
        if entry.state == ABSENT and len(clauses) == 1 and clauses[0].operator == "==":
            yield f"{entry.name}!={clauses[0].version}"


def _wishes(situation: Situation, changing: frozenset[str]) -> c.Iterator[str]:
    """Protected packages stay as they are, and what others need of installed packages stays met."""
    lines = set()
    for name, package in situation.installed.items():
        if name in changing:
            continue
        if package.version is not None and situation.protection.reason(name) is not None:
            lines.add(_line(name, (), _exactly(package.version)))
        for need in package.needed(situation.target.environment):
            other = situation.installed.get(need.name)
            # With a pre-release in a constraint, pip takes those of the package for good ones.
            if other is not None and other.meets(need) and need.specifier and not need.specifier.prereleases:
                lines.add(_line(need.name, (), need.specifier))
    yield from sorted(lines)


def _exactly(version: Version) -> SpecifierSet:
    return SpecifierSet(f"=={version}")


def _line(name: str, extras: c.Iterable[str], specifier: SpecifierSet) -> str:
    added = ",".join(sorted(extras))
    return f"{name}{f'[{added}]' if added else ''}{specifier}"
