# Copyright (c) 2026 the mlfleet authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This file is private to mlfleet.packages: it may change in any release.
"""Which way the agent reaches a host: by the connection that Ansible uses, and mlfleet_transport."""

from __future__ import annotations

import collections.abc as c
import typing as t

from ansible_collections.mlfleet.packages.plugins.plugin_utils._errors import HostProblem

# All of them at once, although a host needs one: Ansible imports this before it forks a worker for each host.
from ansible_collections.mlfleet.packages.plugins.plugin_utils._transport import _winrm_direct
from ansible_collections.mlfleet.packages.plugins.plugin_utils._transport._carrier import Carrier
from ansible_collections.mlfleet.packages.plugins.plugin_utils._transport._posix import Posix
from ansible_collections.mlfleet.packages.plugins.plugin_utils._transport._powershell import PowerShell

VARIABLE = "mlfleet_transport"
ENVELOPE = "mlfleet_winrm_envelope_kb"
CHOICES = ("auto", "direct", "powershell")


def is_windows(connection: t.Any) -> bool:
    """Whether the host's shell is PowerShell, by Ansible's own word."""
    return bool(getattr(connection._shell, "_IS_WINDOWS", False))


def choose(
    connection: t.Any, execute: c.Callable[..., dict[str, t.Any]], wish: str, envelope_kb: int | None = None
) -> Carrier:
    """The carrier for this connection; a wish that cannot be met is refused."""
    if wish not in CHOICES:
        raise HostProblem(f"{VARIABLE} is {wish!r}; it must be one of {', '.join(CHOICES)}")
    name = connection.transport.rpartition(".")[2]
    if not is_windows(connection):
        return _posix(execute, wish, name)
    if connection.become is not None:
        raise HostProblem("become does not work here on Windows; log on as the account that may change the runtimes")
    if name == "winrm" and wish != "powershell":
        return _winrm_direct.WinrmDirect(connection, envelope_kb)
    if wish == "direct":
        raise HostProblem(f"{VARIABLE} is 'direct', which needs the connection winrm, not {name}; set it to auto")
    return PowerShell(connection)


def _posix(execute: c.Callable[..., dict[str, t.Any]], wish: str, name: str) -> Carrier:
    if wish != "auto":
        raise HostProblem(f"{VARIABLE} is {wish!r}, but the connection {name} leads to no Windows; set it to auto")
    return Posix(execute)
