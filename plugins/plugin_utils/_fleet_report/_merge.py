# Copyright (c) 2026 the mlfleet authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This file is private to mlfleet.packages: it may change in any release.
"""Merges what is known of each host into one report: a pure function."""

from __future__ import annotations

import collections.abc as c
import itertools
import operator
import typing as t

from ansible_collections.mlfleet.packages.plugins.plugin_utils._fleet_report import _host_result, _since
from ansible_collections.mlfleet.packages.plugins.plugin_utils._fleet_report._parts import (
    FleetReport,
    Host,
    Row,
    worst,
)
from ansible_collections.mlfleet.packages.plugins.plugin_utils._fleet_report._since import Earlier


def merge(results: c.Mapping[str, t.Any], title: str, generated: str, before: Earlier | None = None) -> FleetReport:
    """The report on these hosts: for each the result of python_packages, or None if there is none."""
    found = {name: _rows(_host_result.clean_text(name), result) for name, result in results.items()}
    rows = tuple(itertools.chain.from_iterable(found.values()))
    return FleetReport(
        generated=generated,
        title=_host_result.clean_text(title),
        hosts=tuple(_host(each) for each in found.values()),
        rows=rows,
        since=_since.since(before, rows) if before else None,
    )


def _rows(host: str, result: t.Any) -> list[Row]:
    """Each instance once, also where several tasks or a loop looked at it."""
    place = operator.attrgetter("instance", "home", "message")
    by_place: dict[t.Any, list[Row]] = {}
    for row in _host_result.rows(host, result):
        by_place.setdefault(place(row), []).append(row)
    return [rows[0] if len(rows) == 1 else _together(rows) for rows in by_place.values()]


def _together(rows: c.Sequence[Row]) -> Row:
    first = rows[0]
    return Row(
        host=first.host,
        instance=first.instance,
        home=first.home,
        status=worst(row.status for row in rows),
        message=first.message,
        cells=_host_result.united(cell for row in rows for cell in row.cells.items()),
        plan=tuple(dict.fromkeys(step for row in rows for step in row.plan)),
        problems=tuple(dict.fromkeys(problem for row in rows for problem in row.problems)),
    )


def _host(rows: c.Sequence[Row]) -> Host:
    messages = [row.message for row in rows if row.message]
    return Host(rows[0].host, worst(row.status for row in rows), "; ".join(messages) or None)
