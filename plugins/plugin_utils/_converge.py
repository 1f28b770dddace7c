# Copyright (c) 2026 the mlfleet authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This file is private to mlfleet.packages: it may change in any release.
"""Carries plans out: one call to the host with all wheels, one outcome for each runtime."""

from __future__ import annotations

import collections.abc as c
import dataclasses
import typing as t

from ansible_collections.mlfleet.packages.plugins.plugin_utils import _store
from ansible_collections.mlfleet.packages.plugins.plugin_utils._agent_host import AgentHost
from ansible_collections.mlfleet.packages.plugins.plugin_utils._candidates import Candidates, Wheel
from ansible_collections.mlfleet.packages.plugins.plugin_utils._errors import HostProblem
from ansible_collections.mlfleet.packages.plugins.plugin_utils._plan_parts import REMOVE, Plan, Problem
from ansible_collections.mlfleet.packages.plugins.plugin_utils._snapshot import Runtime, Snapshot, checked
from ansible_collections.mlfleet.packages.plugins.plugin_utils._store_plan import Item

CHANGED, UNTOUCHED, RESTORED, DAMAGED, SKIPPED = "changed", "untouched", "restored", "damaged", "skipped"
# Up to here, sending the wheels with the change costs no more requests than asking what the store has of them.
SENT_WITH_THE_CHANGE = 2_000_000


@dataclasses.dataclass(frozen=True)
class Change:
    """A plan for one runtime that is to be carried out."""

    runtime: Runtime
    plan: Plan
    candidates: Candidates
    before: c.Mapping[str, str]
    imports: tuple[str, ...] | None


@dataclasses.dataclass(frozen=True)
class Outcome:
    """What became of a change."""

    outcome: str
    kind: str | None = None
    detail: str | None = None
    advice: str | None = None
    pip: str | None = None
    snapshot: Snapshot | None = None

    def sentence(self, home: str) -> str:
        """What went wrong, what state the runtime is in now, and what to do."""
        state = {
            UNTOUCHED: "nothing was changed",
            RESTORED: "what was there before was put back",
            DAMAGED: "it could not be put back as it was",
            SKIPPED: "it was not touched, because a change before it failed",
        }[self.outcome]
        why = f"{self.detail}; " if self.detail else ""
        return f"the runtime {home}: {why}{state}{'; ' + self.advice if self.advice else ''}"


@dataclasses.dataclass(frozen=True)
class _Answer:
    changes: tuple[Outcome, ...]


def converge(host: AgentHost, changes: c.Sequence[Change], seconds: int) -> tuple[Outcome, ...]:
    """Makes all changes of one host, one runtime after the other, until one fails."""
    wheels = _distinct(changes)
    staged = _staged(host, wheels, seconds)
    arguments = {
        # Less than the whole, so that there is time to put back what was there.
        "seconds": max(1, seconds * 3 // 4),
        "wheels": [_listed(wheel, candidates, staged) for wheel, candidates in wheels],
        "changes": [_request(change) for change in changes],
    }
    travelling = (wheel for wheel, _candidates in wheels if not wheel.on_host and wheel.file_name not in staged)
    sent = (block for wheel in travelling for block in _store.blocks(wheel.path, 0, wheel.size))
    answer = checked(_Answer, host.ask("apply", arguments, seconds, sent))
    if len(answer.changes) != len(changes) or any(each.outcome not in _OUTCOMES for each in answer.changes):
        raise HostProblem(
            "the agent's answer does not tell what became of each change; look at the host before you go on"
        )
    return answer.changes


_OUTCOMES = (CHANGED, UNTOUCHED, RESTORED, DAMAGED, SKIPPED)


def clashes(plans: c.Iterable[tuple[str, Plan, Candidates]]) -> dict[str, Problem]:
    """What forbids the plans of one host together, by home: to the host, two files of one name are one."""
    first: dict[str, tuple[str, Wheel, Candidates]] = {}
    found: dict[str, Problem] = {}
    for home, plan, candidates in plans:
        for wheel in plan.wheels:
            other_home, other, others = first.setdefault(wheel.file_name, (home, wheel, candidates))
            elsewhere = (wheel.path, wheel.on_host) != (other.path, other.on_host)
            if elsewhere and candidates.digest(wheel) != others.digest(other):
                both = f"{other_home} (sha256 {others.digest(other)}) and {home} (sha256 {candidates.digest(wheel)})"
                advice = "give both the same one, or change each of the two in a task of its own"
                detail = f"{wheel.file_name} is not the same file for {both}; {advice}"
                found |= {each: Problem("hash", wheel.name, detail) for each in (other_home, home)}
    return found


def _distinct(changes: c.Iterable[Change]) -> list[tuple[Wheel, Candidates]]:
    """Each wheel once, also where several runtimes get it."""
    found = {wheel.file_name: (wheel, change.candidates) for change in changes for wheel in change.plan.wheels}
    return list(found.values())


def _staged(host: AgentHost, wheels: c.Sequence[tuple[Wheel, Candidates]], seconds: int) -> c.Mapping[str, str]:
    """The paths on the host of the wheels that went through its store: none if they are small."""
    items = [
        Item(wheel.file_name, candidates.digest(wheel), wheel.size, wheel.path)
        for wheel, candidates in wheels
        if not wheel.on_host
    ]
    if sum(item.size for item in items) <= SENT_WITH_THE_CHANGE:
        return {}
    staging = _store.look(host, items, seconds, use=True)
    _store.send(host, staging, seconds)
    return {item.file_name: host.join(staging.held.store, item.sha256, item.file_name) for item in items}


def _listed(wheel: Wheel, candidates: Candidates, staged: c.Mapping[str, str]) -> dict[str, t.Any]:
    return {
        "file_name": wheel.file_name,
        "sha256": candidates.digest(wheel),
        "size": wheel.size,
        "path": wheel.path if wheel.on_host else staged.get(wheel.file_name),
    }


def _request(change: Change) -> dict[str, t.Any]:
    wheels = change.plan.wheels
    modules = dict.fromkeys(module for wheel in wheels for module in wheel.modules)
    return {
        "home": change.runtime.home,
        "interpreter": change.runtime.interpreter,
        "before": sorted(change.before.items()),
        "after": sorted((name, package.raw) for name, package in change.plan.end.items()),
        "remove": [action.package for action in change.plan.actions if action.kind == REMOVE],
        "install": [wheel.file_name for wheel in wheels],
        "imports": list(modules if change.imports is None else change.imports),
    }
