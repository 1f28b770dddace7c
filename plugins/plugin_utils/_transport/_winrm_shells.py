# Copyright (c) 2026 the mlfleet authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This file is private to mlfleet.packages: it may change in any release.
"""Shells beside the one that Ansible's winrm connection has opened, each with an HTTP connection of its own.

The answer to a request must be there before the next one can follow on the same connection, so that a transfer
is as fast as the round trips are short. Only public attributes of pywinrm are used.
"""

from __future__ import annotations

import collections.abc as c
import concurrent.futures
import contextlib
import copy
import typing as t

from ansible.utils.display import Display
from ansible_collections.mlfleet.packages.plugins.plugin_utils._transport._carrier import shown

UTF_8 = 65001

display = Display()


class ShellBeside:
    """As much of the interface of Ansible's connection as it takes to run commands in a shell of its own."""

    def __init__(self, protocol: t.Any) -> None:
        self.protocol = _once_more(protocol)
        self.shell_id: str | None = None

    def _connect(self) -> None:
        if self.shell_id is None:
            self.shell_id = self.protocol.open_shell(codepage=UTF_8)

    def reset(self) -> None:
        """Another logon, as message encryption ends with the connection that it began with.

        The next command opens a new shell: where the quota leaves no other, the old one must be closed before.
        """
        self.protocol = _once_more(self.protocol)
        self.shell_id = None

    def close(self) -> None:
        """Closes the shell, and the connection with it."""
        shell_id, self.shell_id = self.shell_id, None
        if shell_id is not None:
            self.protocol.close_shell(shell_id)


def _once_more(protocol: t.Any) -> t.Any:
    """The same login options; the session and its encryption are made anew with the first message."""
    made = copy.copy(protocol)
    made.transport = copy.copy(protocol.transport)
    made.transport.session = None
    return made


@contextlib.contextmanager
def opened(protocol: t.Any, count: int) -> c.Iterator[list[ShellBeside]]:
    """As many shells as the service lets this user have, up to count; perhaps none."""
    with contextlib.ExitStack() as stack:
        # Each logon takes some round trips.
        with concurrent.futures.ThreadPoolExecutor(max(1, count)) as pool:
            tried = list(pool.map(lambda _number: _open(protocol), range(count)))
        shells = [shell for shell in tried if shell is not None]
        for shell in shells:
            stack.callback(_close, shell)
        yield shells


def _open(protocol: t.Any) -> ShellBeside | None:
    shell = ShellBeside(protocol)
    try:
        shell._connect()
    except Exception as error:  # a quota above all; whatever it is, one connection is there and will do
        display.vv(f"one shell fewer than wished for: {shown(str(error))}")
        return None
    return shell


def _close(shell: ShellBeside) -> None:
    try:
        shell.close()
    except Exception as error:  # a lost connection, of which whoever used it has told already
        display.vv(f"a shell was not closed, the service will do so in time: {shown(str(error))}")
