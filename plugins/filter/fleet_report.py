# Copyright (c) 2026 the mlfleet authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import collections.abc as c
import datetime
import typing as t

from ansible.errors import AnsibleFilterError
from ansible.utils.unsafe_proxy import wrap_var
from ansible_collections.mlfleet.packages.plugins.plugin_utils._fleet_report import _merge, _since, _structure
from ansible_collections.mlfleet.packages.plugins.plugin_utils._fleet_report._since import NotAReport


def fleet_report(results: t.Any, title: str = "Package drift", previous: t.Any = None) -> dict[str, t.Any]:
    """One report from the results of many hosts."""
    if not isinstance(results, c.Mapping):
        raise AnsibleFilterError("fleet_report wants a dictionary of host names and results; build one with dict()")
    generated = datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
    try:
        before = _since.earlier(previous) if previous else None
    except NotAReport as reason:
        raise AnsibleFilterError(f"fleet_report: previous is no earlier report: {reason}; leave it out") from None
    # What hosts have said must never be taken for a template; before 2.19, only this says so.
    return t.cast("dict[str, t.Any]", wrap_var(_structure.plain(_merge.merge(results, title, generated, before))))


class FilterModule:
    """See fleet_report.yml."""

    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        return {"fleet_report": fleet_report}
