# Copyright (c) 2026 the mlfleet authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This file is private to mlfleet.packages: it may change in any release.
"""Which hosts are changed together: a canary first, then growing batches, and never two peers at once."""

from __future__ import annotations

import collections.abc as c
import re
import typing as t

from ansible_collections.mlfleet.packages.plugins.plugin_utils._errors import HostProblem

Peers = c.Mapping[str, frozenset[str]]
"""Host to the names of the groups whose members stand in for each other; a host may be missing."""

_PERCENT = re.compile(r"(\d+)%\Z")


def batches(hosts: c.Sequence[str], peers: Peers, sizes: c.Sequence[t.Any]) -> list[list[str]]:
    """All hosts, each once and as far as possible in their order. The last size holds for all further batches."""
    limits = [_limit(size, len(hosts)) for size in sizes]
    if not limits:
        raise HostProblem("there is no size of a batch; give at least one, such as [1, '10%', '100%']")
    found: list[list[str]] = []
    waiting = list(dict.fromkeys(hosts))
    while waiting:
        batch = _batch(waiting, peers, limits[min(len(found), len(limits) - 1)])
        taken = set(batch)
        waiting = [host for host in waiting if host not in taken]
        found.append(batch)
    return found


def _batch(waiting: c.Sequence[str], peers: Peers, limit: int) -> list[str]:
    """The first hosts of those that wait; who has a peer among them waits longer."""
    batch: list[str] = []
    taken: set[str] = set()
    for host in waiting:
        groups = peers.get(host, frozenset())
        if len(batch) < limit and taken.isdisjoint(groups):
            batch.append(host)
            taken |= groups
    return batch


def peer_groups(value: t.Any) -> frozenset[str]:
    """What the variable mlfleet_peer_group of a host says: one name, or a list for a host with several groups."""
    names = [value] if isinstance(value, str) else value
    if not isinstance(names, list) or not all(isinstance(name, str) and name for name in names):
        raise HostProblem(f"mlfleet_peer_group is {value!r}; it must be a name or a list of names")
    return frozenset(names)


def _limit(size: t.Any, total: int) -> int:
    """As `serial` of a play counts: a part of a host is none, but a batch has one host at least."""
    text = str(size).strip()
    percent = _PERCENT.match(text)
    if percent and int(percent[1]) > 0:
        return max(1, total * int(percent[1]) // 100)
    if text.isdecimal() and int(text) > 0 and not isinstance(size, bool):
        return int(text)
    raise HostProblem(f"{size!r} is no size of a batch; write a number of hosts from 1 on, or a share such as '10%'")
