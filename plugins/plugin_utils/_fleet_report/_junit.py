# Copyright (c) 2026 the mlfleet authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This file is private to mlfleet.packages: it may change in any release.
"""The report as JUnit XML, which continuous integration shows as tests: one for each instance."""

from __future__ import annotations

import xml.etree.ElementTree as ET

from ansible_collections.mlfleet.packages.plugins.plugin_utils._fleet_report._parts import (
    CLEAN,
    DRIFTED,
    REFUSED,
    FleetReport,
    Row,
)

_FAILURES = (DRIFTED, REFUSED)


def junit(report: FleetReport) -> bytes:
    """Drift is a failure; what went wrong or is not known is an error."""
    statuses = [row.status for row in report.rows]
    failures = sum(status in _FAILURES for status in statuses)
    counts = {
        "tests": str(len(statuses)),
        "failures": str(failures),
        "errors": str(len(statuses) - failures - statuses.count(CLEAN)),
        "skipped": "0",
        "time": "0",
    }
    suites = ET.Element("testsuites", {"name": report.title, **counts})
    # Without its zone: that is how the schema of JUnit has it.
    timestamp = report.generated.removesuffix("Z")
    suite = ET.SubElement(suites, "testsuite", {"name": report.title, "timestamp": timestamp, **counts})
    for row in report.rows:
        _case(suite, row)
    return b'<?xml version="1.0" encoding="utf-8"?>\n' + ET.tostring(suites, encoding="unicode").encode()


def _case(suite: ET.Element, row: Row) -> None:
    case = ET.SubElement(suite, "testcase", classname=row.host, name=row.instance or row.home or row.host, time="0")
    if row.status == CLEAN:
        return
    outcome = ET.SubElement(case, "failure" if row.status in _FAILURES else "error", type=row.status)
    outcome.set("message", row.message or _summary(row))
    lines = [f"{problem.kind}: {problem.detail}" for problem in row.problems]
    lines += [
        f"{name}: {cell.kind}, have {cell.have or 'nothing'}, want {cell.want or 'nothing'} ({cell.why})"
        for name, cell in row.cells.items()
    ]
    outcome.text = "\n".join(lines)


def _summary(row: Row) -> str:
    packages = ", ".join(f"{name} ({cell.kind})" for name, cell in row.cells.items())
    return f"{row.status}: {packages or row.problems[0].kind}"
