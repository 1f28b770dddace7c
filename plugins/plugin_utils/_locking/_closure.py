# Copyright (c) 2026 the mlfleet authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This file is private to mlfleet.packages: it may change in any release.
"""The proof that a lock is closed: everything that its wheels need is in it, or there already."""

from __future__ import annotations

import collections.abc as c
import dataclasses

from ansible_collections.mlfleet.packages.plugins.plugin_utils import _packages
from ansible_collections.mlfleet.packages.plugins.plugin_utils._candidates import Wheel
from ansible_collections.mlfleet.packages.plugins.plugin_utils._declaration import Entry
from ansible_collections.mlfleet.packages.plugins.plugin_utils._need import Need
from ansible_collections.mlfleet.packages.plugins.plugin_utils._packages import Package, Packages
from ansible_collections.mlfleet.packages.plugins.plugin_utils._target import Target


@dataclasses.dataclass(frozen=True)
class Closed:
    """What was found: gaps, one sentence each, and what nobody can verify."""

    gaps: tuple[str, ...]
    notes: tuple[str, ...]


def prove(
    target: Target,
    entries: c.Iterable[Entry],
    wheels: c.Iterable[Wheel],
    base: Packages,
    unknown: c.Container[str] = (),
) -> Closed:
    """Whether the wheels, laid over the base, need nothing else. Of the `unknown` packages only the name is known."""
    wheels = tuple(wheels)
    locked = {wheel.name: _packages.from_wheel(wheel) for wheel in wheels}
    end = {**base, **locked}
    gaps = [sentence for wheel in wheels for sentence in _unfit(target, wheel)]
    notes = []
    for who, need in _demands(target, entries, locked, end):
        there = end.get(need.name)
        if need.name in unknown:
            continue
        if there is None or not there.meets(need):
            have = f"{need.name} {there.raw} is there" if there else "neither the lock nor the base has it"
            gaps.append(f"{who} needs {need.short}, and {have}")
        elif need.specifier is None:
            notes.append(f"{who} needs {need.short}, which follows no standard and was taken as met")
    gaps += _broken(target, base, end, unknown)
    return Closed(tuple(dict.fromkeys(gaps)), tuple(dict.fromkeys(notes)))


def _unfit(target: Target, wheel: Wheel) -> c.Iterator[str]:
    if target.rank(wheel.tags) is None:
        yield f"{wheel.file_name} does not fit {target.description}"
    if not target.allows(wheel.requires_python):
        yield f"{wheel.file_name} requires Python {wheel.requires_python}"


def _demands(
    target: Target, entries: c.Iterable[Entry], locked: Packages, end: Packages
) -> c.Iterator[tuple[str, Need]]:
    """Every need that somebody has, with who has it: the declaration, the locked wheels, and the extras asked for."""
    asked: list[tuple[str, str]] = [(name, "") for name in locked]
    for entry in entries:
        yield entry.where, Need(entry.name, entry.name, entry.specifier, entry.extras)
        asked += [(entry.name, extra) for extra in entry.extras]
    seen = set()
    while asked:
        name, extra = asked.pop(0)
        package = end.get(name)
        if package is None or (name, extra) in seen:
            continue
        seen.add((name, extra))
        for need in package.needed(target.environment, extra):
            yield _who(package, extra), need
            asked += [(need.name, each) for each in need.extras]


def _who(package: Package, extra: str) -> str:
    return f"{package.title}{f'[{extra}]' if extra else ''} {package.raw}"


def _broken(target: Target, base: Packages, end: Packages, unknown: c.Container[str]) -> list[str]:
    """What the lock would take from a package that stays."""
    before = {breach.key for breach in _packages.breaches(base, target.environment)}
    return [
        f"{breach.sentence()}, because of the lock"
        for breach in _packages.breaches(end, target.environment)
        if breach.package.wheel is None and breach.key not in before and breach.need.name not in unknown
    ]
