# Copyright (c) 2026 the mlfleet authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This file is private to mlfleet.packages: it may change in any release.
"""What became of each host in a rollout, in one line, and the record of the whole."""

from __future__ import annotations

import collections
import collections.abc as c
import dataclasses
import datetime
import typing as t

# Version of the structure of the record, for those who keep records.
FORMAT = 1

COMPLIANT, DRIFTED, CHANGED = "compliant", "drifted", "changed"
REFUSED, FAILED, UNREACHABLE = "refused", "failed", "unreachable"
OUTSIDE_WINDOW, NOT_REACHED = "outside window", "not reached"
DONE = (COMPLIANT, CHANGED)
WRONG = (FAILED, UNREACHABLE, REFUSED)
_KNOWN = (*DONE, DRIFTED, *WRONG, OUTSIDE_WINDOW)
# As many changes as fit on a line; a host may have hundreds.
_SHOWN = 4


@dataclasses.dataclass(frozen=True)
class Outcome:
    """A status from the list above, and what a person wants to know about it."""

    status: str
    detail: str = ""


Outcomes = c.Mapping[str, Outcome]


def outcome(result: t.Any) -> Outcome:
    """The outcome of a task of python_packages, in check mode or not, from its result."""
    if not isinstance(result, dict):
        return Outcome(FAILED, "the task has left no result")
    message = str(result.get("msg", "")).partition("\n")[0]
    if result.get("unreachable"):
        return Outcome(UNREACHABLE, message)
    runtimes = result.get("runtimes")
    if not isinstance(runtimes, list) or not runtimes:
        return Outcome(FAILED, message or "the task has not told of any runtime")
    statuses = {str(each.get("status")) if isinstance(each, dict) else "" for each in runtimes}
    if not statuses <= {COMPLIANT, DRIFTED, CHANGED, REFUSED, FAILED}:
        return Outcome(FAILED, "the task has told nothing that is known of a runtime")
    status = next(each for each in (REFUSED, FAILED, CHANGED, DRIFTED, COMPLIANT) if each in statuses)
    return Outcome(status, message if status in WRONG else _changes(runtimes))


def _changes(runtimes: c.Sequence[dict[str, t.Any]]) -> str:
    """The actions; those that are alike on several runtimes once."""
    where: dict[str, list[str]] = {}
    for runtime in runtimes:
        title = ", ".join(runtime.get("instances") or [str(runtime.get("home", "?"))])
        for action in runtime.get("plan") or []:
            where.setdefault(_step(action), []).append(title)
    more = f", and {len(where) - _SHOWN} more" if len(where) > _SHOWN else ""
    together: dict[str, list[str]] = {}
    for step, titles in list(where.items())[:_SHOWN]:
        together.setdefault(", ".join(titles), []).append(step)
    return "; ".join(f"{', '.join(steps)} ({titles})" for titles, steps in together.items()) + more


def _step(action: c.Mapping[str, t.Any]) -> str:
    package, before, after = action.get("package"), action.get("from"), action.get("to")
    if before is None:
        return f"{package} {after} installed"
    if after is None:
        return f"{package} {before} removed"
    return f"{package} {after} laid down again" if before == after else f"{package} {before} to {after}"


def outcomes(hosts: c.Iterable[str], variables: c.Mapping[str, c.Mapping[str, t.Any]]) -> dict[str, Outcome]:
    """The outcome that each host has left in its variables; one that left none has failed."""
    return {host: _left(variables[host].get("converge_outcome")) for host in hosts}


def _left(value: t.Any) -> Outcome:
    if isinstance(value, c.Mapping) and value.get("status") in _KNOWN:
        return Outcome(str(value["status"]), str(value.get("detail", "")))
    return Outcome(FAILED, "it failed before anything was known of its packages; see its message above")


def record(found: Outcomes, batches: c.Sequence[c.Sequence[str]], now: datetime.datetime) -> dict[str, t.Any]:
    """The record of a rollout so far: what was to be changed and has not been was not reached."""
    numbers = {host: number for number, batch in enumerate(batches, 1) for host in batch}
    final = {
        host: dataclasses.replace(each, status=NOT_REACHED) if each.status == DRIFTED and batches else each
        for host, each in found.items()
    }
    return {
        "format": FORMAT,
        "time": now.isoformat(timespec="seconds"),
        "totals": dict(sorted(collections.Counter(each.status for each in final.values()).items())),
        "batches": [list(batch) for batch in batches],
        "hosts": [
            {"name": host, "status": each.status, "detail": each.detail, "batch": numbers.get(host)}
            for host, each in final.items()
        ],
        "lines": _lines(final),
        "wrong": [host for host, each in final.items() if each.status in WRONG],
        "remaining": [host for host, each in final.items() if each.status not in DONE],
    }


def _lines(final: Outcomes) -> list[str]:
    """One for each host, in columns."""
    names = max(map(len, final), default=0)
    statuses = max((len(each.status) for each in final.values()), default=0)
    return [f"{host:{names}}  {each.status:{statuses}}  {each.detail}".rstrip() for host, each in final.items()]
