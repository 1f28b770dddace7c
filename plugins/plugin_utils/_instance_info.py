# Copyright (c) 2026 the mlfleet authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This file is private to mlfleet.packages: it may change in any release.
"""The work of instance_info: observe one host, and say what of it was asked for."""

from __future__ import annotations

import typing as t

from ansible_collections.mlfleet.packages.plugins.plugin_utils import _selection
from ansible_collections.mlfleet.packages.plugins.plugin_utils._agent_host import AgentHost
from ansible_collections.mlfleet.packages.plugins.plugin_utils._errors import HostProblem
from ansible_collections.mlfleet.packages.plugins.plugin_utils._snapshot import (
    Observation,
    Snapshot,
    as_result,
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
    chosen = _selection.chosen(seen, arguments["instances"])
    result = _result(chosen)
    broken = [runtime for runtime in chosen.runtimes if runtime.problem]
    if broken:
        result.update(failed=True, msg=_selection.broken(broken[0], chosen.instances))
    return result


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
