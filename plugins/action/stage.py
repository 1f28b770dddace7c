# Copyright (c) 2026 the mlfleet authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import typing as t

from ansible_collections.mlfleet.packages.plugins.plugin_utils import _stage
from ansible_collections.mlfleet.packages.plugins.plugin_utils._agent_action import AgentAction
from ansible_collections.mlfleet.packages.plugins.plugin_utils._agent_host import AgentHost


class ActionModule(AgentAction):
    """See the module of the same name."""

    argument_spec = _stage.ARGUMENT_SPEC

    def work(self, arguments: dict[str, t.Any], host: AgentHost) -> dict[str, t.Any]:
        controller = _stage.Controller(find=self.find_file, cache=self.cache / "wheels", check=self._task.check_mode)
        return _stage.stage(arguments, host, controller)
