# Copyright (c) 2026 the mlfleet authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This file is private to mlfleet.packages: it may change in any release.
"""The plan for one runtime: from what it has, what it can have, and, where that is not enough, what others offer."""

from __future__ import annotations

import collections.abc as c
import dataclasses
import typing as t

from ansible_collections.mlfleet.packages.plugins.plugin_utils import (
    _declaration,
    _flaws,
    _packages,
    _plan,
    _protection,
    _sources,
    _target,
)
from ansible_collections.mlfleet.packages.plugins.plugin_utils._candidates import Wheel
from ansible_collections.mlfleet.packages.plugins.plugin_utils._declaration import Declaration, Entry
from ansible_collections.mlfleet.packages.plugins.plugin_utils._errors import HostProblem
from ansible_collections.mlfleet.packages.plugins.plugin_utils._packages import Packages
from ansible_collections.mlfleet.packages.plugins.plugin_utils._plan_parts import (
    NO_WHEEL,
    UNSATISFIABLE,
    Plan,
    Problem,
    Situation,
)
from ansible_collections.mlfleet.packages.plugins.plugin_utils._report import Planned
from ansible_collections.mlfleet.packages.plugins.plugin_utils._snapshot import Observation, Runtime
from ansible_collections.mlfleet.packages.plugins.plugin_utils._sources import Gathered, House, Lacking, Sources
from packaging.specifiers import SpecifierSet


class Asked(t.Protocol):
    """Who is asked for what neither a wheelhouse nor a lock provides: the index of the controller, or a host's pip."""

    @property
    def description(self) -> str: ...

    @property
    def note(self) -> str: ...

    def wheels(self, situation: Situation, again: c.Collection[str]) -> House | None: ...


MakeAsked = c.Callable[[Runtime], Asked]


class Planner:
    """Makes the plan for each runtime of one host. A wheel behind a URL is fetched when the first one lacks it."""

    def __init__(self, declared: Declaration, sources: Sources, asked: MakeAsked | None, seen: Observation) -> None:
        self._declared = declared
        self._sources = sources
        self._asked = asked
        self._on_host = _sources.on_host(seen.wheels, declared)

    def plan(self, runtime: Runtime, users: tuple[str, ...]) -> Planned:
        """The plan for one runtime."""
        snapshot = runtime.snapshot
        if snapshot is None or snapshot.readiness is None:
            raise HostProblem(
                f"the agent did not tell what the runtime {runtime.home} is ready for; run the task again with -vvv"
            )
        installed = _packages.installed(snapshot)
        target = _target.target(snapshot.interpreter)
        baseline = snapshot.readiness.baseline
        flaws = _flaws.flaws(installed, target.environment)
        meant = self._declared.meant(users, target.environment)
        lacking = _lacking(meant, installed)
        candidates, pins = self._sources.candidates(self._single(meant, lacking), target, lacking)
        situation = Situation(
            declaration=self._declared,
            instances=users,
            installed=installed,
            target=target,
            candidates=candidates,
            protection=_protection.protection(
                installed if baseline is None else baseline, self._declared.allow_protected
            ),
            pins=pins,
            readiness=snapshot.readiness,
            breaches=flaws.breaches,
        )
        notes = tuple(
            f"{package.title} {package.raw} needs {need.text}, which follows no standard and was taken as met"
            for package, need in flaws.unverifiable
        )
        plan = _plan.plan(situation)
        if self._asked is not None and _lacks_wheels(plan, self._declared):
            asked = self._asked(runtime)
            situation, plan = _with_asked(asked, situation, candidates.single, plan)
            notes += (asked.note,) if asked.note else ()
        return Planned(runtime, users, installed, plan, situation.candidates, notes)

    def _single(self, meant: c.Sequence[Entry], lacking: Lacking) -> tuple[Wheel, ...]:
        """The wheels that entries name, of those entries alone that are meant for the runtime."""
        there = (self._on_host[entry.where] for entry in meant if entry.where in self._on_host)
        behind = (entry for entry in meant if entry.source is not None and entry.source.kind == _declaration.URL)
        fetched = self._sources.fetched(entry for entry in behind if lacking(entry.name, entry.specifier))
        return (*self._sources.named(meant), *there, *fetched)


def _lacking(meant: c.Iterable[Entry], installed: Packages) -> Lacking:
    """Whether the wheel of a declared or locked release can be of use: otherwise nobody needs to have it."""
    again = {entry.name for entry in meant if entry.state == _declaration.REINSTALLED}

    def lacking(name: str, specifier: SpecifierSet) -> bool:
        there = installed.get(name)
        return there is None or not there.satisfies(specifier) or there.damage is not None or name in again

    return lacking


def _lacks_wheels(plan: Plan, declared: Declaration) -> bool:
    """Whether there is anything that an index could be asked for."""
    wanting = any(problem.kind in (UNSATISFIABLE, NO_WHEEL) for problem in plan.problems)
    return wanting or any(entry.state == _declaration.LATEST for entry in declared.entries)


def _with_asked(asked: Asked, situation: Situation, single: tuple[Wheel, ...], plan: Plan) -> tuple[Situation, Plan]:
    """The same situation with what there is to be had, and the plan that comes of it."""
    again = _without_wheel(plan)
    while True:
        try:
            house = asked.wheels(situation, again)
        except HostProblem as problem:
            return situation, dataclasses.replace(plan, problems=(Problem(UNSATISFIABLE, None, str(problem)),))
        found = dataclasses.replace(situation, candidates=Gathered(asked.description, house, single))
        plan = _plan.plan(found)
        # What is damaged is only told once nothing else is lacking.
        if _without_wheel(plan) <= again:
            return found, plan
        again |= _without_wheel(plan)


def _without_wheel(plan: Plan) -> frozenset[str]:
    return frozenset(problem.package for problem in plan.problems if problem.kind == NO_WHEEL and problem.package)
