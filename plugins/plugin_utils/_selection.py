# Copyright (c) 2026 the mlfleet authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This file is private to mlfleet.packages: it may change in any release.
"""Which instances and runtimes of a host a task is about."""

from __future__ import annotations

import collections.abc as c

from ansible_collections.mlfleet.packages.plugins.plugin_utils._errors import HostProblem
from ansible_collections.mlfleet.packages.plugins.plugin_utils._snapshot import Instance, Observation, Runtime, names


def chosen(seen: Observation, wanted: c.Sequence[str]) -> Observation:
    """What was asked for, all without names; SQL Server does not tell upper from lower case in these names."""
    if seen.missing:
        raise HostProblem(f"there is no runtime at {names(seen.missing)}; correct the option runtimes")
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
    return Observation(instances, runtimes, (), seen.wheels)


def home_in_use(instance: Instance) -> str:
    """The home of the runtime that SQL Server starts for an instance."""
    if instance.effective_runtime is not None:
        return instance.effective_runtime
    if len(instance.runtimes) == 1:
        return instance.runtimes[0]
    if not instance.runtimes:
        advice = "leave it out with the option instances, or name a home in the option runtimes"
        raise HostProblem(f"the instance {instance.name} has no Python runtime; {advice}")
    homes = names(instance.runtimes)
    raise HostProblem(
        f"nothing tells which of {homes} the instance {instance.name} uses; name it in the option runtimes"
    )


def broken(runtime: Runtime, instances: c.Iterable[Instance]) -> str:
    """The sentence about a runtime whose snapshot could not be taken."""
    users = [instance.name for instance in instances if runtime.home in instance.runtimes]
    whose = f" of {names(users)}" if users else ""
    advice = "start it by hand on the host and repair it, or leave that instance out with the option instances"
    return f"the runtime {runtime.home}{whose}: {runtime.problem}; {advice}"
