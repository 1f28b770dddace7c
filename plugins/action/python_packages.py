# Copyright (c) 2026 the mlfleet authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import collections.abc as c
import typing as t

from ansible_collections.mlfleet.packages.plugins.plugin_utils import _from_inventory, _python_packages
from ansible_collections.mlfleet.packages.plugins.plugin_utils._agent_action import AgentAction
from ansible_collections.mlfleet.packages.plugins.plugin_utils._agent_host import AgentHost


class ActionModule(AgentAction):
    """See the module of the same name."""

    _supports_diff = True
    argument_spec = _python_packages.ARGUMENT_SPEC

    def options(self, variables: dict[str, t.Any]) -> c.Mapping[str, t.Any]:
        return _from_inventory.options(self.argument_spec, self._task.args, variables, self._templar.template)

    def work(self, arguments: dict[str, t.Any], host: AgentHost) -> dict[str, t.Any]:
        controller = _python_packages.Controller(
            find=self.find_file, cache=self.cache / "wheels", check=self._task.check_mode, diff=self._task.diff
        )
        return _python_packages.converge(arguments, host, controller)
