# Copyright (c) 2026 the mlfleet authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This file is private to mlfleet.packages: it may change in any release.
"""Compares a report with an earlier one: what appeared, and what was fixed."""

from __future__ import annotations

import collections.abc as c
import dataclasses
import typing as t

from ansible_collections.mlfleet.packages.plugins.plugin_utils._fleet_report._host_result import clean_text
from ansible_collections.mlfleet.packages.plugins.plugin_utils._fleet_report._parts import (
    CLEAN,
    DRIFTED,
    KINDS,
    STATUSES,
    Finding,
    Row,
    Since,
)

FORMAT = 1
"""Version of the structure of a report."""


class NotAReport(Exception):
    """Why what should be an earlier report is none."""


@dataclasses.dataclass(frozen=True)
class Earlier:
    """What an earlier report found."""

    generated: str
    findings: tuple[Finding, ...]


def earlier(report: t.Any) -> Earlier:
    """What the structure of an earlier report says; it comes from a file, so that it may be anything."""
    try:
        if report["format"] != FORMAT:
            raise NotAReport(f"its format is {clean_text(str(report['format']), 50)}, and not {FORMAT}")
        told = [finding for row in report["instances"] for finding in _told(row)]
        return Earlier(_name(report["generated"]), tuple(told))
    except (KeyError, TypeError, AttributeError):
        raise NotAReport("it is not built like one") from None


def since(before: Earlier, rows: c.Sequence[Row]) -> Since:
    """What is different now. Only where packages were compared, and not refused, can something count as fixed."""
    now = [finding for row in rows for finding in _found(row)]
    then, there = {_key(each) for each in before.findings}, {_key(each) for each in now}
    compared = {(row.host, row.instance or row.home) for row in rows if row.status in (CLEAN, DRIFTED)}
    silent = {row.host for row in rows if row.home is None}
    answering = {(row.host, None) for row in rows if row.host not in silent}
    gone = (each for each in before.findings if _key(each) not in there)
    return Since(
        generated=before.generated,
        appeared=tuple(each for each in now if _key(each) not in then),
        fixed=tuple(each for each in gone if (each.host, each.instance or each.home) in compared | answering),
    )


def _key(finding: Finding) -> tuple[str | None, ...]:
    """Equal in two reports if it is the same. A package that drifts in another way now is neither new nor fixed."""
    what = f"package {finding.package}" if finding.package is not None else finding.kind
    return finding.host, finding.instance or finding.home, what


def _found(row: Row) -> c.Iterator[Finding]:
    kinds = {package: cell.kind for package, cell in row.cells.items()}
    return _findings(row.host, row.instance, row.home, row.status, kinds)


def _told(row: t.Any) -> c.Iterator[Finding]:
    kinds = {_name(package): _one_of(cell["kind"], KINDS) for package, cell in row["cells"].items()}
    instance, home = (None if row[key] is None else _name(row[key]) for key in ("instance", "home"))
    return _findings(_name(row["host"]), instance, home, _one_of(row["status"], STATUSES), kinds)


def _findings(
    host: str, instance: str | None, home: str | None, status: str, kinds: c.Mapping[str, str]
) -> c.Iterator[Finding]:
    if status not in (CLEAN, DRIFTED):
        yield Finding(host, instance, home, None, status)
    for package, kind in kinds.items():
        yield Finding(host, instance, home, package, kind)


def _name(value: t.Any) -> str:
    if not isinstance(value, str):
        raise TypeError
    return clean_text(value)


def _one_of(value: t.Any, known: c.Sequence[str]) -> str:
    if not isinstance(value, str) or value not in known:
        raise TypeError
    return value
