# Copyright (c) 2026 the mlfleet authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This file is private to mlfleet.packages: it may change in any release.
"""What a drift report of a fleet consists of."""

from __future__ import annotations

import collections
import collections.abc as c
import dataclasses
import functools

KINDS = ("protected", "version", "missing", "tampered", "extra", "broken")
"""The kinds of drift; where a package drifts in several ways, the first of them names its cell."""
CLEAN, DRIFTED, REFUSED, FAILED, UNKNOWN = "clean", "drifted", "refused", "failed", "unknown"
STATUSES = (CLEAN, DRIFTED, REFUSED, FAILED, UNKNOWN)
"""From best to worst: a host is as bad as the worst of its instances."""


@dataclasses.dataclass(frozen=True)
class Cell:
    """How one package of one instance drifts."""

    kind: str
    have: str | None
    want: str | None
    why: str


@dataclasses.dataclass(frozen=True)
class Step:
    """One action of a plan."""

    action: str
    package: str
    before: str | None
    after: str | None
    reason: str
    wheel: str | None


@dataclasses.dataclass(frozen=True)
class Problem:
    """What forbids a plan; one sentence."""

    kind: str
    package: str | None
    detail: str


@dataclasses.dataclass(frozen=True)
class Row:
    """One instance, or a runtime that no instance uses, or a host of which nothing is known."""

    host: str
    instance: str | None
    home: str | None
    status: str
    message: str | None = None
    cells: c.Mapping[str, Cell] = dataclasses.field(default_factory=dict)
    """Package to its drift. What is as declared has no cell."""
    plan: tuple[Step, ...] = ()
    problems: tuple[Problem, ...] = ()


@dataclasses.dataclass(frozen=True)
class Host:
    """A host, and why nothing is known of it if that is so."""

    name: str
    status: str
    message: str | None


@dataclasses.dataclass(frozen=True)
class Finding:
    """One thing that is not as declared: a package, or without one the state of the instance or host."""

    host: str
    instance: str | None
    home: str | None
    package: str | None
    kind: str


@dataclasses.dataclass(frozen=True)
class Since:
    """What is different from an earlier report."""

    generated: str
    appeared: tuple[Finding, ...]
    fixed: tuple[Finding, ...]


@dataclasses.dataclass(frozen=True)
class Totals:
    """The counts on top of the report."""

    hosts: int
    instances: int
    packages: int
    cells: int
    hosts_by_status: c.Mapping[str, int]
    instances_by_status: c.Mapping[str, int]
    cells_by_kind: c.Mapping[str, int]

    @property
    def clean(self) -> bool:
        """Whether everything is known to be as declared. Of a fleet without hosts nothing is known."""
        return self.hosts > 0 and self.hosts_by_status[CLEAN] == self.hosts

    def sentence(self) -> str:
        """The whole report in one line."""
        states = (f"{self.instances_by_status[status]} {status}" for status in STATUSES)
        return f"{_count(self.hosts, 'host')}, {_count(self.instances, 'instance')}: {', '.join(states)}"


@dataclasses.dataclass(frozen=True)
class FleetReport:
    """The state of a fleet at one time."""

    generated: str
    title: str
    hosts: tuple[Host, ...]
    rows: tuple[Row, ...]
    since: Since | None = None

    @functools.cached_property
    def packages(self) -> tuple[str, ...]:
        """Those that drift anywhere."""
        return tuple(sorted({package for row in self.rows for package in row.cells}))

    @functools.cached_property
    def totals(self) -> Totals:
        kinds = collections.Counter(cell.kind for row in self.rows for cell in row.cells.values())
        return Totals(
            hosts=len(self.hosts),
            instances=len(self.rows),
            packages=len(self.packages),
            cells=kinds.total(),
            hosts_by_status=_by_status(host.status for host in self.hosts),
            instances_by_status=_by_status(row.status for row in self.rows),
            cells_by_kind={kind: kinds[kind] for kind in KINDS},
        )


def worst(statuses: c.Iterable[str]) -> str:
    """The worst of several statuses."""
    return max(statuses, key=STATUSES.index)


def _by_status(statuses: c.Iterable[str]) -> dict[str, int]:
    counted = collections.Counter(statuses)
    return {status: counted[status] for status in STATUSES}


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
