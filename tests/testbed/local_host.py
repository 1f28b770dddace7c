# Copyright (c) 2026 the mlfleet authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""This machine as a host, without Ansible in between: for tests that change a runtime many times."""

from __future__ import annotations

import collections.abc as c
import pathlib
import subprocess
import typing as t

from ansible_collections.mlfleet.packages.plugins.plugin_utils import _python_packages
from ansible_collections.mlfleet.packages.plugins.plugin_utils._agent_host import AgentHost
from ansible_collections.mlfleet.packages.plugins.plugin_utils._transport._carrier import Carrier, Command, Ended

DEFAULTS = {name: spec.get("default") for name, spec in _python_packages.ARGUMENT_SPEC.items()}


class Shell(Carrier):
    """A carrier that runs command lines of sh on this machine."""

    def run(self, command: Command, on_output: c.Callable[[bytes], None]) -> Ended:
        stdin = b"".join(command.stdin)
        ended = subprocess.run(["sh", "-c", command.line], input=stdin, capture_output=True, check=False)
        on_output(ended.stdout)
        return Ended(ended.returncode, ended.stderr.decode())


def converge(python: pathlib.Path, cache: pathlib.Path, check: bool = False, **options: t.Any) -> dict[str, t.Any]:
    """The result of python_packages for the runtime of this interpreter."""
    host = AgentHost(Shell(), windows=False, interpreter=str(python), on_event=lambda event: None)
    controller = _python_packages.Controller(find=str, cache=cache, check=check, diff=False)
    return _python_packages.converge({**DEFAULTS, "runtimes": [str(python)], **options}, host, controller)
