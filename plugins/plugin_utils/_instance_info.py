# Copyright (c) 2026 the mlfleet authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This file is private to mlfleet.packages: it may change in any release.
"""The work of instance_info: observe one host, and say what of it was asked for."""

from __future__ import annotations

import typing as t

from ansible_collections.mlfleet.packages.plugins.plugin_utils._agent_host import AgentHost
from ansible_collections.mlfleet.packages.plugins.plugin_utils._errors import HostProblem
from ansible_collections.mlfleet.packages.plugins.plugin_utils._snapshot import (
    Instance,
    Observation,
    Runtime,
    Snapshot,
    as_result,
    names,
    observation,
)

# Version of the structure of the result, for those who keep results.
FORMAT = 1

ARGUMENT_SPEC: dict[str, t.Any] = {
    "instances": {"type": "list", "elements": "str", "default": []},
    "runtimes": {"type": "list", "elements": "str", "default": []},
    "packages": {"type": "bool", "default": False},
    "time_limit": {"type": "int", "default": 300},
}


def gather(arguments: dict[str, t.Any], host: AgentHost) -> dict[str, t.Any]:
    """The facts of the instances and runtimes of a host."""
    if arguments["time_limit"] < 1:
        raise HostProblem(f"the option time_limit is {arguments['time_limit']}; it must be at least 1 second")
    request = {
        "places": arguments["runtimes"],
        "instances": arguments["instances"],
        "detail": "all" if arguments["packages"] else "interpreter",
        # Less than the whole, so that one hung runtime is named by the agent before the call is given up.
        "seconds": max(1, arguments["time_limit"] * 3 // 4),
    }
    seen = observation(host.ask("observe", request, arguments["time_limit"]))
    if seen.missing:
        raise HostProblem(f"there is no runtime at {names(seen.missing)}; correct the option runtimes")
    chosen = _chosen(seen, arguments["instances"])
    result = _result(chosen)
    broken = [runtime for runtime in chosen.runtimes if runtime.problem]
    if broken:
        result.update(failed=True, msg=_broken(broken[0], chosen.instances))
    return result


def _chosen(seen: Observation, wanted: list[str]) -> Observation:
    """What was asked for; SQL Server does not tell upper from lower case in the names of instances."""
    if not wanted:
        return seen
    by_name = {instance.name.upper(): instance for instance in seen.instances}
    unknown = [name for name in wanted if name.upper() not in by_name]
    if unknown:
        have = names(sorted(instance.name for instance in seen.instances))
        raise HostProblem(f"there is no instance {names(unknown)}; the host has {have}: correct the option instances")
    instances = tuple(by_name[name] for name in dict.fromkeys(each.upper() for each in wanted))
    homes = {home for instance in instances for home in instance.runtimes}
    runtimes = tuple(each for each in seen.runtimes if each.home in homes or each.named)
    return Observation(instances, runtimes, ())


def _result(chosen: Observation) -> dict[str, t.Any]:
    runtimes = []
    for runtime in chosen.runtimes:
        entry = as_result(runtime)
        entry["instances"] = [each.name for each in chosen.instances if runtime.home in each.runtimes]
        if runtime.snapshot is not None:
            _add_packages(entry["snapshot"], runtime.snapshot)
        runtimes.append(entry)
    return {"changed": False, "format": FORMAT, "instances": as_result(chosen.instances), "runtimes": runtimes}


def _add_packages(entry: dict[str, t.Any], snapshot: Snapshot) -> None:
    """The pip version, and the folder of each distribution by its path."""
    if snapshot.folders is None or snapshot.distributions is None:
        return
    entry["pip_version"] = snapshot.pip_version
    for listed, distribution in zip(entry["distributions"], snapshot.distributions, strict=True):
        listed["location"] = snapshot.folders[distribution.location]


def _broken(runtime: Runtime, instances: tuple[Instance, ...]) -> str:
    users = [instance.name for instance in instances if runtime.home in instance.runtimes]
    whose = f" of {names(users)}" if users else ""
    advice = "start it by hand on the host and repair it, or leave that instance out with the option instances"
    return f"the runtime {runtime.home}{whose}: {runtime.problem}; {advice}"
