# Copyright (c) 2026 the mlfleet authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This file is private to mlfleet.packages: it may change in any release.
"""The work of python_packages: declare, observe, plan, and, unless it is only a check, apply and verify."""

from __future__ import annotations

import dataclasses
import os
import pathlib
import time
import typing as t

from ansible_collections.mlfleet.packages.plugins.plugin_utils import (
    _converge,
    _declaration,
    _report,
    _requirements_file,
    _selection,
    _sources,
)
from ansible_collections.mlfleet.packages.plugins.plugin_utils._agent_host import AgentHost
from ansible_collections.mlfleet.packages.plugins.plugin_utils._declaration import Declaration
from ansible_collections.mlfleet.packages.plugins.plugin_utils._errors import HostProblem
from ansible_collections.mlfleet.packages.plugins.plugin_utils._host_pip import FetchProblem, HostPip
from ansible_collections.mlfleet.packages.plugins.plugin_utils._planning import Asked, MakeAsked, Planner
from ansible_collections.mlfleet.packages.plugins.plugin_utils._report import Planned
from ansible_collections.mlfleet.packages.plugins.plugin_utils._snapshot import Observation, Runtime, observation
from ansible_collections.mlfleet.packages.plugins.plugin_utils._sources import Find, Sources

ARGUMENT_SPEC: dict[str, t.Any] = {
    "instances": {"type": "list", "elements": "str", "default": []},
    "runtimes": {"type": "list", "elements": "str", "default": [], "aliases": ["runtime"]},
    "packages": {"type": "list", "elements": "raw", "default": []},
    "from_inventory": {"type": "bool", "default": False},
    "requirements": {"type": "list", "elements": "path", "default": []},
    "lock": {"type": "path"},
    "wheelhouse": {"type": "path"},
    "index": {"type": "bool", "default": True},
    "index_url": {"type": "str"},
    "source": {"type": "str", "choices": ["controller", "host"], "default": "controller"},
    "mode": {"type": "str", "choices": ["present", "exact"], "default": "present"},
    "allow_protected": {"type": "list", "elements": "str", "default": []},
    "verify_imports": {"type": "list", "elements": "str", "default": ["auto"]},
    "verify_files": {"type": "str", "choices": ["none", "size", "hash"], "default": "size"},
    "time_limit": {"type": "int", "default": 300},
    "change_time_limit": {"type": "int", "default": 3600},
}
ALL = "all"
# Made when Ansible loads the action, before it forks a worker for each host.
RUN = f"{os.getpid()}-{time.time_ns()}"
FROM_HOST = "host"


@dataclasses.dataclass(frozen=True)
class Controller:
    """What the work needs of the machine it runs on."""

    find: Find
    cache: pathlib.Path
    check: bool
    diff: bool


def converge(arguments: dict[str, t.Any], host: AgentHost, controller: Controller) -> dict[str, t.Any]:
    """The state of the packages of a host: as it is, as it would be, and, unless it is a check, as it has become."""
    _check(arguments)
    declared = _declared(arguments, controller.find)
    sources = _sources.sources(declared, arguments["wheelhouse"], arguments["lock"], controller.find, controller.cache)
    seen = _observed(arguments, declared, sources, host)
    planner = Planner(declared, sources, _asked(arguments, declared, host, controller), seen)
    planned = _compared([planner.plan(runtime, users) for runtime, users in _runtimes(seen, declared)])
    if not controller.check and not any(each.plan.problems for each in planned):
        if arguments["source"] == FROM_HOST:
            planned = _fetched(planned, host, arguments["change_time_limit"])
        planned = _carried_out(planned, declared, host, arguments["change_time_limit"])
    return _report.result(planned, controller.diff)


def _asked(
    arguments: dict[str, t.Any], declared: Declaration, host: AgentHost, controller: Controller
) -> MakeAsked | None:
    """Whom to ask, where the task leaves it to the collection where the wheels come from."""
    if arguments["source"] == FROM_HOST:
        return lambda runtime: HostPip(host, runtime, arguments["time_limit"])
    if arguments["wheelhouse"] or arguments["lock"] or not arguments["index"]:
        return None

    def make(_runtime: Runtime) -> Asked:
        try:
            # Not above: most tasks find nothing lacking, and need not load what locks.
            from ansible_collections.mlfleet.packages.plugins.plugin_utils._index import Index
        except ImportError as error:
            advice = "install the requirements.txt of this collection next to ansible-core, or set wheelhouse"
            raise HostProblem(f"the controller cannot ask a package index ({error}); {advice}") from None
        return Index(arguments["index_url"], declared, controller.find, controller.cache, RUN)

    return make


def _check(arguments: dict[str, t.Any]) -> None:
    for option in ("time_limit", "change_time_limit"):
        if arguments[option] < 1:
            raise HostProblem(f"the option {option} is {arguments[option]}; it must be at least 1 second")
    if not (arguments["instances"] or arguments["runtimes"]):
        raise HostProblem("neither instances nor runtimes say what the task is about; set one of the two options")
    if not (arguments["packages"] or arguments["requirements"] or arguments["lock"]):
        advice = "set one of the three options"
        if arguments["from_inventory"]:
            advice = "set a layer such as mlfleet_layer_fleet, or mlfleet_requirements or mlfleet_lock, for this host"
        raise HostProblem(f"none of packages, requirements and lock declares anything; {advice}")
    if arguments["source"] == FROM_HOST:
        _check_source(arguments)


def _check_source(arguments: dict[str, t.Any]) -> None:
    """The settings of the host say where it looks, so that nothing else can."""
    contrary = [option for option in ("wheelhouse", "lock", "index_url") if arguments[option]]
    contrary += [] if arguments["index"] else ["index: false"]
    if contrary:
        said = f"source: host lets the host's own pip look where its settings say, and {contrary[0]} says otherwise"
        # An option that comes from a group can only be taken back where the inventory has it.
        empty = f", or set mlfleet_{contrary[0]} to an empty text for this host" if arguments["from_inventory"] else ""
        raise HostProblem(f"{said}; remove one of the two options{empty}")


def _declared(arguments: dict[str, t.Any], find: Find) -> Declaration:
    lines: list[_declaration.Line] = []
    wrong: list[str] = []
    for path in arguments["requirements"]:
        found, mistakes = _requirements_file.read(pathlib.Path(_sources.found(find, "requirements", path)))
        lines += found
        wrong += mistakes
    return _declaration.declaration(arguments, lines, wrong)


def _observed(arguments: dict[str, t.Any], declared: Declaration, sources: Sources, host: AgentHost) -> Observation:
    """One call for everything that a plan is made from."""
    wanted = arguments["instances"]
    instances = [ALL] if [each.lower() for each in wanted] == [ALL] else wanted
    request = {
        "places": arguments["runtimes"],
        "instances": instances,
        # Less than the whole, so that one hung runtime is named by the agent before the call is given up.
        "seconds": max(1, arguments["time_limit"] * 3 // 4),
        "names": sorted({*(entry.name for entry in declared.entries), *sources.locked_names()}),
        "files": arguments["verify_files"],
        "wheels": [entry.source.place for entry in declared.sources(_declaration.HOST) if entry.source],
    }
    seen = observation(host.ask("survey", request, arguments["time_limit"]))
    if not instances:
        return dataclasses.replace(_selection.chosen(seen, []), instances=())
    return _selection.chosen(seen, [] if instances == [ALL] else instances)


def _runtimes(seen: Observation, declared: Declaration) -> list[tuple[Runtime, tuple[str, ...]]]:
    """The runtimes in question, each once, with the instances that use it."""
    users: dict[str, list[str]] = {runtime.home: [] for runtime in seen.runtimes if runtime.named}
    for instance in seen.instances:
        users.setdefault(_selection.home_in_use(instance), []).append(instance.name)
    _check_instances(seen, declared)
    by_home = {runtime.home: runtime for runtime in seen.runtimes}
    found = [(by_home[home], tuple(names)) for home, names in users.items() if home in by_home]
    if not found:
        raise HostProblem("it has no SQL Server instance with a Python runtime; name a home in the option runtimes")
    for runtime, _names in found:
        if runtime.problem or runtime.snapshot is None:
            raise HostProblem(_selection.broken(runtime, seen.instances))
    return found


def _check_instances(seen: Observation, declared: Declaration) -> None:
    """An entry for an instance that the task is not about would never be heard of."""
    known = {instance.name.upper() for instance in seen.instances}
    for entry in declared.entries:
        unknown = sorted(entry.instances - known)
        if unknown:
            advice = "correct it there, or add the instance to the option instances"
            raise HostProblem(f"{entry.where} is for the instance {unknown[0]}, which the task is not about; {advice}")


def _compared(planned: list[Planned]) -> list[Planned]:
    """The same with what forbids the plans of the host together."""
    found = _converge.clashes((each.runtime.home, each.plan, each.candidates) for each in planned)

    def whole(each: Planned) -> Planned:
        clash = found.get(each.runtime.home)
        problems = (*each.plan.problems, *([clash] if clash else []))
        return dataclasses.replace(each, plan=dataclasses.replace(each.plan, problems=problems))

    return list(map(whole, planned))


def _fetched(planned: list[Planned], host: AgentHost, seconds: int) -> list[Planned]:
    """The same plans with wheels that the host has; if one cannot be had, no runtime is changed."""
    found = []
    for each in planned:
        try:
            found.append(dataclasses.replace(each, plan=HostPip(host, each.runtime, seconds).fetched(each.plan)))
        except FetchProblem as problem:
            untouched = _converge.Outcome(_converge.UNTOUCHED, "fetch", problem.detail, problem.advice, problem.pip)
            skipped = _converge.Outcome(_converge.SKIPPED)
            ends = ((other, untouched if other is each else skipped) for other in planned)
            return [dataclasses.replace(other, outcome=end) if other.plan.actions else other for other, end in ends]
    return found


def _carried_out(planned: list[Planned], declared: Declaration, host: AgentHost, seconds: int) -> list[Planned]:
    changing = [each for each in planned if each.plan.actions and each.outcome is None]
    if not changing:
        return planned
    changes = [
        _converge.Change(
            runtime=each.runtime,
            plan=each.plan,
            candidates=each.candidates,
            before={name: package.raw for name, package in each.before.items()},
            imports=declared.imports,
        )
        for each in changing
    ]
    outcomes = dict(
        zip([each.runtime.home for each in changing], _converge.converge(host, changes, seconds), strict=True)
    )
    return [dataclasses.replace(each, outcome=outcomes.get(each.runtime.home)) for each in planned]
