# Copyright (c) 2026 the mlfleet authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The filters of the role converge and the playbook rollout. Each is documented in the YAML file of its name."""

from __future__ import annotations

import collections.abc as c
import dataclasses
import datetime
import functools
import typing as t

from ansible.errors import AnsibleFilterError
from ansible_collections.mlfleet.packages.plugins.plugin_utils import _batches, _maintenance_window, _rollout
from ansible_collections.mlfleet.packages.plugins.plugin_utils._errors import HostProblem

P = t.ParamSpec("P")
R = t.TypeVar("R")
HostVars = c.Mapping[str, c.Mapping[str, t.Any]]


def _told(function: c.Callable[P, R]) -> c.Callable[P, R]:
    """Mistakes of the user end the task with their sentence, instead of a traceback."""

    @functools.wraps(function)
    def wrapper(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return function(*args, **kwargs)
        except HostProblem as problem:
            raise AnsibleFilterError(str(problem)) from None

    return wrapper


def _batched(hosts: c.Sequence[str], hostvars: HostVars, sizes: c.Sequence[t.Any]) -> list[list[str]]:
    peers = {host: _batches.peer_groups(hostvars[host].get("mlfleet_peer_group", [])) for host in hosts}
    return _batches.batches(hosts, peers, sizes)


def _closed_window(value: t.Any) -> str:
    return _maintenance_window.closed(_maintenance_window.windows(value), _now())


def _host_outcome(result: t.Any) -> dict[str, str]:
    return dataclasses.asdict(_rollout.outcome(result))


def _rollout_record(
    hosts: c.Sequence[str], hostvars: HostVars, batches: c.Sequence[c.Sequence[str]] = ()
) -> dict[str, t.Any]:
    return _rollout.record(_rollout.outcomes(hosts, hostvars), batches, _now())


def _now() -> datetime.datetime:
    return datetime.datetime.now(tz=datetime.timezone.utc)


class FilterModule:
    """What Ansible asks a file of filters for."""

    def filters(self) -> dict[str, c.Callable[..., t.Any]]:
        """Name to function."""
        return {
            "batches": _told(_batched),
            "closed_window": _told(_closed_window),
            "host_outcome": _host_outcome,
            "rollout_record": _rollout_record,
        }
