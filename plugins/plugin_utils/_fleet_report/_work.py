# Copyright (c) 2026 the mlfleet authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This file is private to mlfleet.packages: it may change in any release.
"""The work of fleet_report: merge, compare with the last report, write, and say in short what is in it."""

from __future__ import annotations

import collections.abc as c
import datetime
import pathlib
import typing as t

from ansible_collections.mlfleet.packages.plugins.plugin_utils._fleet_report import _files, _merge
from ansible_collections.mlfleet.packages.plugins.plugin_utils._fleet_report._parts import CLEAN, UNKNOWN, FleetReport
from ansible_collections.mlfleet.packages.plugins.plugin_utils._fleet_report._since import Earlier, NotAReport

ARGUMENT_SPEC: dict[str, t.Any] = {
    "folder": {"type": "path", "required": True},
    "title": {"type": "str", "default": "Package drift"},
    "previous": {"type": "path"},
    "variable": {"type": "str", "default": "drift_report_result"},
}
# Longer lists are for the report; what keeps statistics of runs may cut them off, or choke on them.
MOST_NAMES = 20


def report(
    results: c.Mapping[str, t.Any], arguments: c.Mapping[str, t.Any], warn: c.Callable[[str], None]
) -> dict[str, t.Any]:
    """What the task returns: a summary, and where the report lies."""
    folder = pathlib.Path(arguments["folder"]).absolute()
    before = _before(pathlib.Path(arguments["previous"] or folder / _files.JSON), warn)
    generated = datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
    merged = _merge.merge(results, arguments["title"], generated, before)
    return {"format": 1, "changed": False, **summary(merged), "files": _files.write(merged, folder)}


def summary(merged: FleetReport) -> dict[str, t.Any]:
    """A few numbers and names, however large the fleet."""
    totals = merged.totals
    names = [host.name for host in merged.hosts if host.status not in (CLEAN, UNKNOWN)]
    unknown = [host.name for host in merged.hosts if host.status == UNKNOWN]
    return {
        "clean": totals.clean,
        "sentence": totals.sentence(),
        "hosts": totals.hosts,
        "instances": dict(totals.instances_by_status),
        "drift": dict(totals.cells_by_kind),
        "drifted_hosts": names[:MOST_NAMES],
        "unknown_hosts": unknown[:MOST_NAMES],
        "names_left_out": max(0, len(names) - MOST_NAMES) + max(0, len(unknown) - MOST_NAMES),
        "appeared": len(merged.since.appeared) if merged.since else None,
        "fixed": len(merged.since.fixed) if merged.since else None,
    }


def _before(path: pathlib.Path, warn: c.Callable[[str], None]) -> Earlier | None:
    """A last report that cannot be read must not stand in the way of the next one."""
    try:
        return _files.read_earlier(path)
    except NotAReport as reason:
        warn(f"{path} is no earlier report: {reason}; this report is compared with nothing")
        return None
