# Copyright (c) 2026 the mlfleet authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This file is private to mlfleet.packages: it may change in any release.
"""The base of the actions that ask the agent on a host."""

from __future__ import annotations

import typing as t

from ansible_collections.mlfleet.packages.plugins.plugin_utils import _checked_action
from ansible_collections.mlfleet.packages.plugins.plugin_utils._agent_host import STREAMS, AgentHost
from ansible_collections.mlfleet.packages.plugins.plugin_utils._agent_program import program_line
from ansible_collections.mlfleet.packages.plugins.plugin_utils._checked_action import CheckedAction
from ansible_collections.mlfleet.packages.plugins.plugin_utils._errors import HostProblem
from ansible_collections.mlfleet.packages.plugins.plugin_utils._transport import _choice

# Ansible loads an action before it forks a worker for each host: what is worked out here, all of them inherit.
program_line()


class AgentAction(CheckedAction):
    """An action that asks the agent on one host. Subclasses give `argument_spec` and `work`."""

    def work(self, arguments: dict[str, t.Any], host: AgentHost) -> dict[str, t.Any]:
        """The result of the task, from checked arguments. A HostProblem becomes its failure."""
        raise NotImplementedError

    def perform(self, arguments: dict[str, t.Any], name: str, variables: dict[str, t.Any]) -> dict[str, t.Any]:
        """The result of the task."""
        return self.work(arguments, self._host(name, variables))

    def _host(self, name: str, variables: dict[str, t.Any]) -> AgentHost:
        wish = str(self._variable(variables, _choice.VARIABLE) or "auto")
        interpreter = self._variable(variables, "mlfleet_interpreter")
        store = self._variable(variables, "mlfleet_store")
        envelope_kb = self._number(variables, _choice.ENVELOPE)
        return AgentHost(
            carrier=_choice.choose(self._connection, self._low_level_execute_command, wish, envelope_kb),
            windows=_choice.is_windows(self._connection),
            interpreter=str(interpreter) if interpreter else None,
            on_event=lambda event: _checked_action.show(name, event),
            store=str(store) if store else None,
            streams=self._number(variables, "mlfleet_streams") or STREAMS,
        )

    def _number(self, variables: dict[str, t.Any], name: str) -> int | None:
        value = self._variable(variables, name)
        if value is None or (str(value).isdecimal() and int(value) > 0):
            return None if value is None else int(value)
        raise HostProblem(f"the variable {name} is {value!r}; it must be a number greater than 0")

    def _variable(self, variables: dict[str, t.Any], name: str) -> t.Any:
        return self._templar.template(variables[name]) if name in variables else None
