# Copyright (c) 2026 the mlfleet authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This file is private to mlfleet.packages: it may change in any release.
"""The report as Markdown, for a merge request, a ticket or a chat."""

from __future__ import annotations

import collections.abc as c
import re

from ansible_collections.mlfleet.packages.plugins.plugin_utils._fleet_report._parts import (
    CLEAN,
    STATUSES,
    Finding,
    FleetReport,
    Row,
    Since,
)

# What a person would read, and what the places where Markdown is shown accept.
MOST_ROWS = 200
MOST_FINDINGS = 50


def markdown(report: FleetReport) -> str:
    """Counts, what is new, and the instances that are not clean, the worst first."""
    totals = report.totals
    counts = [f"{totals.instances_by_status[status]:,}" for status in STATUSES]
    lines = [
        f"# {_escaped(report.title)}",
        "",
        f"{report.generated}. {totals.sentence()}.",
        "",
        *_table(("", *STATUSES), [("instances", *counts)]),
        "",
    ]
    if report.since:
        lines += _since(report.since)
    bad = sorted((row for row in report.rows if row.status != CLEAN), key=lambda row: -STATUSES.index(row.status))
    for row in bad[:MOST_ROWS]:
        lines += _section(row)
    if len(bad) > MOST_ROWS:
        lines += [f"{len(bad) - MOST_ROWS:,} more instances are in report.html and report.json.", ""]
    return "\n".join(lines)


def _since(since: Since) -> c.Iterator[str]:
    yield from (f"## Since {_escaped(since.generated)}", "")
    for word, findings in (("appeared", since.appeared), ("fixed", since.fixed)):
        yield from (f"{len(findings):,} {word}", "")
        yield from (f"- {_finding(each)}" for each in findings[:MOST_FINDINGS])
        if len(findings) > MOST_FINDINGS:
            yield f"- and {len(findings) - MOST_FINDINGS:,} more"
        yield from [""] * bool(findings)


def _finding(finding: Finding) -> str:
    what = f"{finding.package} ({finding.kind})" if finding.package is not None else finding.kind
    return _escaped(f"{_place(finding)}: {what}")


def _section(row: Row) -> c.Iterator[str]:
    yield from (f"## {_escaped(_place(row))}: {row.status}", "")
    if row.message:
        yield from (_escaped(row.message), "")
    for problem in row.problems:
        yield f"- **{_escaped(problem.kind)}** {_escaped(problem.detail)}"
    yield from [""] * bool(row.problems)
    if row.cells:
        cells = (
            (name, cell.kind, cell.have or "none", cell.want or "none", cell.why) for name, cell in row.cells.items()
        )
        yield from (*_table(("package", "drift", "have", "want", "why"), cells), "")


def _place(place: Row | Finding) -> str:
    what = place.instance or place.home
    return f"{place.host} / {what}" if what else place.host


def _table(head: c.Sequence[str], rows: c.Iterable[c.Sequence[str]]) -> c.Iterator[str]:
    yield f"| {' | '.join(head)} |"
    yield f"|{' --- |' * len(head)}"
    for row in rows:
        yield f"| {' | '.join(map(_escaped, row))} |"


def _escaped(text: str) -> str:
    """Text that Markdown shows as it is. The texts have no line breaks, so that nothing else can begin in them."""
    # https://spec.commonmark.org/0.31.2/#backslash-escapes, and the bare links of https://github.github.com/gfm/
    return re.sub(r"([\\`*_{}\[\]<>#|~&$]|:(?=//))", r"\\\1", text)
