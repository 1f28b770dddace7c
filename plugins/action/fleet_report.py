# Copyright (c) 2026 the mlfleet authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import typing as t

from ansible_collections.mlfleet.packages.plugins.plugin_utils._checked_action import CheckedAction, display
from ansible_collections.mlfleet.packages.plugins.plugin_utils._fleet_report import _work


class ActionModule(CheckedAction):
    """See the module of the same name. It talks to no host."""

    _requires_connection = False
    argument_spec = _work.ARGUMENT_SPEC

    def perform(self, arguments: dict[str, t.Any], name: str, variables: dict[str, t.Any]) -> dict[str, t.Any]:
        # Raw: what hosts have said is data, and is never looked at as a template.
        raw, variable = variables["hostvars"].raw_get, arguments["variable"]
        results = {host: raw(host).get(variable) for host in variables["ansible_play_hosts_all"]}
        return _work.report(results, arguments, display.warning)
