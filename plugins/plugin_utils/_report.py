# Copyright (c) 2026 the mlfleet authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This file is private to mlfleet.packages: it may change in any release.
"""The result of a task: one structure, the same in check mode and after a real run."""

from __future__ import annotations

import collections.abc as c
import dataclasses
import typing as t

from ansible_collections.mlfleet.packages.plugins.plugin_utils._candidates import Candidates
from ansible_collections.mlfleet.packages.plugins.plugin_utils._converge import CHANGED, DAMAGED, Outcome
from ansible_collections.mlfleet.packages.plugins.plugin_utils._packages import Packages
from ansible_collections.mlfleet.packages.plugins.plugin_utils._plan_parts import Action, Drift, Plan, Problem
from ansible_collections.mlfleet.packages.plugins.plugin_utils._snapshot import Runtime

# Version of the structure of the result, for those who keep results.
FORMAT = 1


@dataclasses.dataclass(frozen=True)
class Planned:
    """One runtime, the instances that use it, and what is planned for it."""

    runtime: Runtime
    instances: tuple[str, ...]
    before: Packages
    plan: Plan
    candidates: Candidates
    notes: tuple[str, ...] = ()
    outcome: Outcome | None = None

    @property
    def status(self) -> str:
        if self.plan.problems:
            return "refused"
        if not self.plan.actions:
            return "compliant"
        if self.outcome is None:
            return "drifted"
        return "changed" if self.outcome.outcome == CHANGED else "failed"

    @property
    def title(self) -> str:
        """For a message: the home, and who uses it."""
        return f"{self.runtime.home} ({', '.join(self.instances)})" if self.instances else self.runtime.home


def result(planned: c.Sequence[Planned], diff: bool) -> dict[str, t.Any]:
    """What the task returns; failed if something is refused or went wrong, with a message that names all of it."""
    refused = any(each.plan.problems for each in planned)
    answer: dict[str, t.Any] = {
        "format": FORMAT,
        # What is refused changes nothing, on no runtime of the host.
        "changed": not refused and any(_changes(each) for each in planned),
        "runtimes": [_runtime(each) for each in planned],
        "instances": [
            {"name": name, "runtime": each.runtime.home, "status": each.status}
            for each in planned
            for name in each.instances
        ],
    }
    if diff:
        answer["diff"] = [_diff(each) for each in planned if each.plan.actions]
    message = _message(planned)
    if message:
        answer.update(failed=True, msg=message)
    return answer


def _changes(planned: Planned) -> bool:
    """Whether the runtime is another one afterwards; what was put back is not."""
    if planned.outcome is None:
        return bool(planned.plan.actions)
    return planned.outcome.outcome in (CHANGED, DAMAGED)


def _message(planned: c.Sequence[Planned]) -> str:
    refused = [f"the runtime {each.title}: {problem.detail}" for each in planned for problem in each.plan.problems]
    if refused:
        return f"{'; '.join(refused)}; nothing was changed"
    failed = (each for each in planned if each.outcome is not None and each.outcome.outcome != CHANGED)
    return "; ".join(each.outcome.sentence(each.title) for each in failed if each.outcome)


def _runtime(planned: Planned) -> dict[str, t.Any]:
    answer = {
        "home": planned.runtime.home,
        "instances": list(planned.instances),
        "status": planned.status,
        "changed": not planned.plan.problems and _changes(planned),
        "plan": [_action(action) for action in planned.plan.actions],
        "drift": [_drift(drift) for drift in planned.plan.drift],
        "problems": [_problem(problem) for problem in planned.plan.problems],
        "notes": list(planned.notes),
    }
    if planned.outcome is not None and planned.outcome.pip:
        answer["pip"] = planned.outcome.pip
    return answer


def _action(action: Action) -> dict[str, t.Any]:
    after = action.after
    return {
        "action": action.kind,
        "package": action.package,
        "from": action.before.raw if action.before else None,
        "to": after.raw if after else None,
        "reason": action.reason,
        "wheel": after.wheel.file_name if after and after.wheel else None,
    }


def _drift(drift: Drift) -> dict[str, t.Any]:
    return dataclasses.asdict(drift)


def _problem(problem: Problem) -> dict[str, t.Any]:
    return dataclasses.asdict(problem)


def _diff(planned: Planned) -> dict[str, str]:
    after = planned.plan.end
    names = [action.package for action in planned.plan.actions]
    return {
        "before_header": f"{planned.title}, installed",
        "after_header": f"{planned.title}, planned",
        "before": _listed({name: planned.before[name] for name in names if name in planned.before}),
        "after": _listed({name: after[name] for name in names if name in after}),
    }


def _listed(packages: Packages) -> str:
    return "".join(f"{name}=={package.raw}\n" for name, package in sorted(packages.items()))
