# Copyright (c) 2026 the mlfleet authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This file is private to mlfleet.packages: it may change in any release.
"""A host that resolves for itself: its own pip says what it would take, and downloads what the plan takes of that."""

from __future__ import annotations

import collections.abc as c
import dataclasses
import typing as t

from ansible_collections.mlfleet.packages.plugins.plugin_utils import _pip_question, _wheel
from ansible_collections.mlfleet.packages.plugins.plugin_utils._agent_host import AgentHost
from ansible_collections.mlfleet.packages.plugins.plugin_utils._candidates import Listed, Wheel
from ansible_collections.mlfleet.packages.plugins.plugin_utils._errors import HostProblem
from ansible_collections.mlfleet.packages.plugins.plugin_utils._plan_parts import Action, Plan, Situation
from ansible_collections.mlfleet.packages.plugins.plugin_utils._snapshot import HostWheel, Runtime, checked
from ansible_collections.mlfleet.packages.plugins.plugin_utils._wheel import WheelProblem

INDEX = "the package index of the host"


class FetchProblem(Exception):
    """Why the wheels of a plan could not be had, and what to do."""

    def __init__(self, detail: str, advice: str | None, pip: str | None = None) -> None:
        super().__init__(detail)
        self.detail = detail
        self.advice = advice
        self.pip = pip


@dataclasses.dataclass(frozen=True)
class _Found:
    """One wheel that pip would take, as its report describes it."""

    name: str
    version: str
    file_name: str
    sha256: str
    requires: tuple[str, ...]
    requires_python: str
    extras: tuple[str, ...]


@dataclasses.dataclass(frozen=True)
class _Resolved:
    found: tuple[_Found, ...]
    problem: str | None


@dataclasses.dataclass(frozen=True)
class _Fetched:
    wheels: tuple[HostWheel, ...]
    problem: str | None
    advice: str | None
    pip: str | None


@dataclasses.dataclass(frozen=True)
class HostPip:
    """The pip of one runtime."""

    host: AgentHost
    runtime: Runtime
    seconds: int

    @property
    def description(self) -> str:
        return INDEX

    @property
    def note(self) -> str:
        snapshot = self.runtime.snapshot
        version = snapshot.pip_version if snapshot else None
        return f"what is new here was chosen by the host's own pip {version}, from the index that it is set up for"

    def wheels(self, situation: Situation, again: c.Collection[str]) -> Listed | None:
        """What pip would take for what is lacking; it is not asked where it cannot help."""
        question = _pip_question.question(situation, again)
        if question is None:
            return None
        answer = checked(_Resolved, self._ask("pip_resolve", dataclasses.asdict(question)))
        if answer.problem is not None:
            raise HostProblem(answer.problem)
        return Listed(tuple(map(_described, answer.found)))

    def fetched(self, plan: Plan) -> Plan:
        """The same plan with wheels that lie in the store of the host."""
        unfetched = [wheel for wheel in plan.wheels if wheel.unfetched]
        if not unfetched:
            return plan
        listed = [{"file_name": wheel.file_name, "sha256": wheel.sha256} for wheel in unfetched]
        answer = checked(_Fetched, self._ask("pip_fetch", {"store": self.host.store or "", "wheels": listed}))
        if answer.problem is not None:
            raise FetchProblem(answer.problem, answer.advice, answer.pip)
        by_name = {each.file_name: each for each in answer.wheels}
        there = {wheel.file_name: _in_store(wheel, by_name.get(wheel.file_name)) for wheel in unfetched}
        return dataclasses.replace(plan, actions=tuple(_with(action, there) for action in plan.actions))

    def _ask(self, operation: str, arguments: dict[str, t.Any]) -> t.Any:
        request = {
            "home": self.runtime.home,
            "interpreter": self.runtime.interpreter,
            "operation": operation,
            "arguments": arguments,
            # Less than the whole, so that the agent can say what took so long.
            "seconds": max(1, self.seconds * 3 // 4),
        }
        return self.host.ask("in_runtime", request, self.seconds)


def _described(found: _Found) -> Wheel:
    fields = [
        ("Name", found.name),
        ("Version", found.version),
        ("Requires-Python", found.requires_python),
        *(("Requires-Dist", each) for each in found.requires),
        *(("Provides-Extra", each) for each in found.extras),
    ]
    metadata = "".join(f"{name}: {' '.join(value.split())}\n" for name, value in fields if value)
    try:
        wheel = _wheel.described(found.file_name, metadata, f"{found.file_name} in {INDEX}")
    except WheelProblem as problem:
        raise HostProblem(str(problem)) from None
    return dataclasses.replace(wheel, sha256=found.sha256, unfetched=True)


def _in_store(planned: Wheel, there: HostWheel | None) -> Wheel:
    """The wheel as it is. If it needs something else than the index told, the plan was made from a lie."""
    if there is None:
        raise FetchProblem(f"the agent told nothing of {planned.file_name}", "run the task again with -vvv")
    try:
        wheel = _wheel.from_host(there)
    except WheelProblem as problem:
        raise FetchProblem(str(problem), None) from None
    if wheel.sha256 != planned.sha256 or _says(wheel) != _says(planned):
        detail = f"{planned.file_name} says something else of itself than {INDEX} told of it"
        raise FetchProblem(detail, "ask those who run that index")
    return wheel


def _says(wheel: Wheel) -> tuple[object, ...]:
    return wheel.title, wheel.raw_version, wheel.requires, wheel.requires_python


def _with(action: Action, there: c.Mapping[str, Wheel]) -> Action:
    package = action.after
    if package is None or package.wheel is None or package.wheel.file_name not in there:
        return action
    return dataclasses.replace(action, after=dataclasses.replace(package, wheel=there[package.wheel.file_name]))
