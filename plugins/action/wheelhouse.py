# Copyright (c) 2026 the mlfleet authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import typing as t

from ansible_collections.mlfleet.packages.plugins.plugin_utils import _checked_action, _wheelhouse_build
from ansible_collections.mlfleet.packages.plugins.plugin_utils._checked_action import CheckedAction


class ActionModule(CheckedAction):
    """See the module of the same name."""

    argument_spec = _wheelhouse_build.ARGUMENT_SPEC

    def perform(self, arguments: dict[str, t.Any], name: str, variables: dict[str, t.Any]) -> dict[str, t.Any]:
        controller = _wheelhouse_build.Controller(
            find=self.find_file,
            place=self.place,
            cache=self.cache,
            check=self._task.check_mode,
            on_event=lambda event: _checked_action.show(name, event),
        )
        return _wheelhouse_build.build(arguments, controller)
