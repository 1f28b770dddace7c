# Copyright (c) 2026 the mlfleet authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This file is private to mlfleet.packages: it may change in any release.
"""Linux over ssh or on the controller itself: sh runs the command line, with become where the task asks for it."""

from __future__ import annotations

import collections.abc as c
import typing as t

from ansible.errors import AnsibleConnectionFailure
from ansible_collections.mlfleet.packages.plugins.plugin_utils._errors import HostProblem, HostUnreachable
from ansible_collections.mlfleet.packages.plugins.plugin_utils._transport._carrier import Carrier, Command, Ended, shown

# What coreutils' timeout answers when it had to end the program, gently or by force.
ENDED_BY_TIMEOUT = (124, 137)


class Posix(Carrier):
    """Runs command lines of sh. `execute` is the action's _low_level_execute_command, which knows become."""

    # It wants all of the input at once.
    input_limit = 16 * 1024 * 1024

    def __init__(self, execute: c.Callable[..., dict[str, t.Any]]) -> None:
        self._execute = execute

    def run(self, command: Command, on_output: c.Callable[[bytes], None]) -> Ended:
        """Runs the command; its output comes all at once, when it has ended."""
        try:
            result = self._execute(command.line, in_data=b"".join(command.stdin))
        except AnsibleConnectionFailure as failure:
            advice = "check the connection variables of the host and that it is up"
            raise HostUnreachable(f"no connection ({shown(str(failure))}); {advice}") from None
        if result["rc"] in ENDED_BY_TIMEOUT:
            advice = "its command was ended; look at what keeps the host busy, or raise the option time_limit"
            raise HostProblem(f"it did not answer within {command.seconds} seconds; {advice}")
        on_output(result["stdout"].encode("utf-8", "surrogateescape") + b"\n")
        return Ended(result["rc"], shown(result["stderr"]))
