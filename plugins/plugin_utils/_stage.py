# Copyright (c) 2026 the mlfleet authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This file is private to mlfleet.packages: it may change in any release.
"""The work of stage: bring the wheels that the runtimes of a host are going to need into its store."""

from __future__ import annotations

import collections.abc as c
import dataclasses
import pathlib
import typing as t
import urllib.parse

from ansible_collections.mlfleet.packages.plugins.plugin_utils import (
    _fetch,
    _lock,
    _selection,
    _sources,
    _stage_selection,
    _store,
    _target,
)
from ansible_collections.mlfleet.packages.plugins.plugin_utils._agent_host import AgentHost
from ansible_collections.mlfleet.packages.plugins.plugin_utils._errors import HostProblem
from ansible_collections.mlfleet.packages.plugins.plugin_utils._snapshot import Observation, Runtime, observation
from ansible_collections.mlfleet.packages.plugins.plugin_utils._sources import Find
from ansible_collections.mlfleet.packages.plugins.plugin_utils._stage_selection import Offered, Selection
from ansible_collections.mlfleet.packages.plugins.plugin_utils._store import Staging
from ansible_collections.mlfleet.packages.plugins.plugin_utils._store_plan import Item
from ansible_collections.mlfleet.packages.plugins.plugin_utils._wheel import WheelProblem
from ansible_collections.mlfleet.packages.plugins.plugin_utils._wheelhouse import Wheelhouse

# Version of the structure of the result, for those who keep results.
FORMAT = 1

ARGUMENT_SPEC: dict[str, t.Any] = {
    "instances": {"type": "list", "elements": "str", "default": []},
    "runtimes": {"type": "list", "elements": "str", "default": []},
    "wheelhouse": {"type": "path"},
    "locks": {"type": "list", "elements": "path", "default": []},
    "source": {"type": "str", "choices": ["controller", "url", "share"], "default": "controller"},
    "url": {"type": "str"},
    "share": {"type": "str"},
    "keep_days": {"type": "int", "default": 0},
    "keep_mb": {"type": "int", "default": 0},
    "time_limit": {"type": "int", "default": 300},
}
CONTROLLER = "controller"


@dataclasses.dataclass(frozen=True)
class Controller:
    """What the work needs of the machine it runs on."""

    find: Find
    cache: pathlib.Path
    check: bool


@dataclasses.dataclass(frozen=True)
class _Staged:
    """One runtime, the instances that use it, and the wheels for it."""

    runtime: Runtime
    instances: tuple[str, ...]
    target: str
    selection: Selection


def stage(arguments: dict[str, t.Any], host: AgentHost, controller: Controller) -> dict[str, t.Any]:
    """What is in the store, and what was or would be brought there."""
    _check(arguments)
    folder = _folder(arguments["wheelhouse"], controller.find)
    offered = _offered(arguments["locks"], folder, controller)
    staged = [_staged(runtime, users, offered) for runtime, users in _runtimes(_observed(arguments, host))]
    items = list({item.sha256: item for each in staged for item in each.selection.items}.values())
    staging = _store.look(host, items, arguments["time_limit"], use=not controller.check)
    if arguments["source"] != CONTROLLER:
        staging = staging.whole()
    _check_way(arguments["source"], host, staging, folder)
    if not controller.check:
        _bring(arguments, host, staging, folder)
    removed = _collected(arguments, host, items, staging.items if controller.check else None)
    return _result(staged, staging, items, removed, controller.check)


def _check(arguments: dict[str, t.Any]) -> None:
    if arguments["time_limit"] < 1:
        raise HostProblem(f"the option time_limit is {arguments['time_limit']}; it must be at least 1 second")
    for option in ("keep_days", "keep_mb"):
        if arguments[option] < 0:
            raise HostProblem(f"the option {option} is {arguments[option]}; it must be 0, for no limit, or more")
    if not (arguments["wheelhouse"] or arguments["locks"]):
        raise HostProblem("neither wheelhouse nor locks say which wheels are meant; set one of the two options")
    source = arguments["source"]
    if source != CONTROLLER and not (arguments[source] and arguments["wheelhouse"]):
        advice = f"set {source} to where the hosts find the folder that wheelhouse names on the controller"
        raise HostProblem(f"the source {source} needs the options {source} and wheelhouse; {advice}")
    if source == "url" and (not arguments["url"].startswith(("https://", "http://")) or "@" in arguments["url"]):
        raise HostProblem("the option url is no URL of https or http without a password; correct it")


def _folder(path: str | None, find: Find) -> pathlib.Path | None:
    return pathlib.Path(_sources.found(find, "wheelhouse", path)) if path else None


def _offered(locks: c.Iterable[str], folder: pathlib.Path | None, controller: Controller) -> Offered:
    """The locks that the task names, or else those that lie in the wheelhouse; without any, all that it holds."""
    named = [pathlib.Path(_sources.found(controller.find, "locks", path)) for path in locks]
    try:
        house = Wheelhouse(folder) if folder else None
    except WheelProblem as problem:
        raise HostProblem(str(problem)) from None
    paths = named or ([folder] if folder else [])
    return Offered(house, tuple(lock for path in paths for lock in _lock.files(path)), _fetch.fetcher(controller.cache))


def _observed(arguments: dict[str, t.Any], host: AgentHost) -> Observation:
    request = {
        "places": arguments["runtimes"],
        "instances": arguments["instances"],
        "detail": "interpreter",
        # Less than the whole, so that one hung runtime is named by the agent before the call is given up.
        "seconds": max(1, arguments["time_limit"] * 3 // 4),
    }
    seen = observation(host.ask("observe", request, arguments["time_limit"]))
    return _selection.chosen(seen, arguments["instances"])


def _runtimes(seen: Observation) -> list[tuple[Runtime, tuple[str, ...]]]:
    """The runtimes that the instances use, and those that the task names."""
    users: dict[str, list[str]] = {runtime.home: [] for runtime in seen.runtimes if runtime.named}
    for instance in seen.instances:
        users.setdefault(_selection.home_in_use(instance), []).append(instance.name)
    found = [(runtime, tuple(users[runtime.home])) for runtime in seen.runtimes if runtime.home in users]
    if not found:
        raise HostProblem("it has no SQL Server instance with a Python runtime; name a home in the option runtimes")
    for runtime, _names in found:
        if runtime.problem or runtime.snapshot is None:
            raise HostProblem(_selection.broken(runtime, seen.instances))
    return found


def _staged(runtime: Runtime, users: tuple[str, ...], offered: Offered) -> _Staged:
    if runtime.snapshot is None:
        raise HostProblem(f"the agent did not tell what the runtime {runtime.home} is; run the task again with -vvv")
    target = _target.target(runtime.snapshot.interpreter)
    return _Staged(runtime, users, target.description, offered.selection(target))


def _check_way(source: str, host: AgentHost, staging: Staging, folder: pathlib.Path | None) -> None:
    """Refuses what cannot be brought as it is meant: before anything is sent, so in check mode too."""
    if source == CONTROLLER or folder is None:
        _stage_selection.check_content(staging.items)
        _store.check_space_to_send(host, staging)
        return
    for item in staging.items:
        _below(folder, item)
    _store.check_space_to_pull(staging)


def _bring(arguments: dict[str, t.Any], host: AgentHost, staging: Staging, folder: pathlib.Path | None) -> None:
    source = arguments["source"]
    if source == CONTROLLER or folder is None:
        _store.send(host, staging, arguments["time_limit"])
        return

    def place(item: Item) -> str:
        parts = _below(folder, item).parts
        if source == "url":
            return "/".join([arguments["url"].rstrip("/"), *map(urllib.parse.quote, parts)])
        return host.join(arguments["share"], *parts)

    _store.pull(host, staging, place, arguments["time_limit"])


def _below(folder: pathlib.Path, item: Item) -> pathlib.Path:
    """Where a wheel lies in the wheelhouse, which is where the hosts look for it in its copy."""
    try:
        return pathlib.Path(item.path).relative_to(folder)
    except ValueError:
        advice = "put it there, or use the source controller"
        raise HostProblem(f"{item.path} is not in the wheelhouse {folder}; {advice}") from None


def _collected(
    arguments: dict[str, t.Any], host: AgentHost, items: c.Iterable[Item], coming: c.Iterable[Item] | None
) -> tuple[_store.Removed, ...]:
    limits = _store.Limits(arguments["keep_days"], arguments["keep_mb"])
    if limits == _store.Limits(0, 0):
        return ()
    return _store.collect(host, items, limits, arguments["time_limit"], coming)


def _result(
    staged: c.Sequence[_Staged],
    staging: Staging,
    items: c.Sequence[Item],
    removed: c.Sequence[_store.Removed],
    check: bool,
) -> dict[str, t.Any]:
    brought = "would send" if check else "sent"
    return {
        "format": FORMAT,
        "changed": bool(staging.parts or removed),
        "store": staging.held.store,
        "sent_bytes": staging.bytes,
        "wheels": [
            {
                "file_name": item.file_name,
                "sha256": item.sha256,
                "size": item.size,
                "status": brought if item.sha256 in staging.lacking else "there",
            }
            for item in items
        ],
        "runtimes": [_runtime(each) for each in staged],
        "collected": [dataclasses.asdict(each) for each in removed],
    }


def _runtime(staged: _Staged) -> dict[str, t.Any]:
    return {
        "home": staged.runtime.home,
        "instances": list(staged.instances),
        "target": staged.target,
        "locks": [str(path) for path in staged.selection.locks],
        "wheels": [item.file_name for item in staged.selection.items],
    }
