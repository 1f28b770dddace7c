# Copyright (c) 2026 the mlfleet authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The one place where the benchmarks learn how the agent is run."""

from __future__ import annotations

import pathlib

from ansible_collections.mlfleet.packages.plugins.module_utils._agent.bootstrap import ARGUMENTS
from ansible_collections.mlfleet.packages.plugins.plugin_utils._protocol import Request

from testbed import agent_calls

REQUIREMENTS, ALL = "requirements", "all"


def agent_snapshot_command(interpreter: pathlib.Path, detail: str = REQUIREMENTS) -> tuple[tuple[str, ...], bytes]:
    """The command line and the standard input of the agent's snapshot of this interpreter's runtime."""
    return (str(interpreter), *ARGUMENTS), Request("snapshot", {"detail": detail}).stdin()


def distributions_seen(interpreter: pathlib.Path, detail: str) -> int:
    """How many distributions that snapshot holds: a refusal would be quicker than the work."""
    return len(agent_calls.ask(interpreter, "snapshot", detail=detail)["distributions"])
