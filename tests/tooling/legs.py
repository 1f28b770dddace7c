# Copyright (c) 2026 the mlfleet authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What became of each leg of a test run, and the closing table. A leg that could not run is never shown as passed."""

from __future__ import annotations

import collections.abc as c
import dataclasses
import json
import pathlib
import typing as t
import xml.etree.ElementTree as ET

ALL = (
    "lint",
    "types",
    "agent_floor",
    "unit",
    "agent",
    "sanity",
    "end_to_end_2.16",
    "end_to_end_2.19",
    "end_to_end_latest",
    "wine",
    "ssh",
    "browser",
    "build",
    "docs",
    "demo",
)

# Where run.py tells noxfile.py to leave the outcomes.
RESULTS_VARIABLE = "MLFLEET_TEST_RESULTS"

State = t.Literal["passed", "failed", "not run"]


@dataclasses.dataclass(frozen=True)
class Counts:
    """The tests of one pytest run."""

    passed: int = 0
    failed: int = 0
    skipped: int = 0
    skip_reasons: tuple[str, ...] = ()


@dataclasses.dataclass(frozen=True)
class Outcome:
    """What became of one leg."""

    leg: str
    state: State
    remark: str = ""
    seconds: float = 0.0
    counts: Counts | None = None


def read_counts(report: pathlib.Path) -> Counts:
    """Reads the JUnit file that pytest writes."""
    cases = list(ET.parse(report).getroot().iter("testcase"))
    failed = [case for case in cases if case.find("failure") is not None or case.find("error") is not None]
    skips = [skip for case in cases if (skip := case.find("skipped")) is not None]
    reasons = dict.fromkeys(skip.get("message", "") for skip in skips)
    return Counts(
        passed=len(cases) - len(failed) - len(skips),
        failed=len(failed),
        skipped=len(skips),
        skip_reasons=tuple(reasons),
    )


def judge(leg: str, exit_code: int, counts: Counts, seconds: float) -> Outcome:
    """The outcome of a pytest run: one in which every test was skipped has shown nothing."""
    no_tests_collected = 5
    if exit_code not in (0, no_tests_collected):
        return Outcome(leg, "failed", f"pytest ended with {exit_code}", seconds, counts)
    if counts.passed == 0:
        return Outcome(leg, "not run", "; ".join(counts.skip_reasons) or "there are no tests for it", seconds, counts)
    remark = f"skipped: {'; '.join(counts.skip_reasons)}" if counts.skipped else ""
    return Outcome(leg, "passed", remark, seconds, counts)


def store(folder: pathlib.Path, outcome: Outcome) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{outcome.leg}.json").write_text(json.dumps(dataclasses.asdict(outcome)))


def load(folder: pathlib.Path) -> dict[str, Outcome]:
    return {outcome.leg: outcome for outcome in map(_load_one, sorted(folder.glob("*.json")))}


def _load_one(path: pathlib.Path) -> Outcome:
    fields = json.loads(path.read_text())
    counts = fields.pop("counts")
    if counts is not None:
        counts["skip_reasons"] = tuple(counts["skip_reasons"])
    return Outcome(**fields, counts=Counts(**counts) if counts is not None else None)


def complete(asked: c.Sequence[str], outcomes: c.Mapping[str, Outcome]) -> list[Outcome]:
    """One outcome for each leg that was asked for; a leg that left none behind has failed."""
    return [outcomes.get(leg) or Outcome(leg, "failed", "ended without a result") for leg in asked]


def closing_table(outcomes: c.Sequence[Outcome]) -> str:
    rows = [("leg", "state", "time", "tests", "remark"), *map(_row, outcomes)]
    widths = [max(len(row[column]) for row in rows) for column in range(4)]
    lines = [
        "  ".join([*(cell.ljust(width) for cell, width in zip(row[:4], widths, strict=True)), row[4]]).rstrip()
        for row in rows
    ]
    return "\n".join([*lines, "", totals(outcomes)])


def _row(outcome: Outcome) -> tuple[str, str, str, str, str]:
    counts = outcome.counts
    tests = f"{counts.passed} passed, {counts.failed} failed, {counts.skipped} skipped" if counts else ""
    return (outcome.leg, outcome.state.upper(), f"{outcome.seconds:.0f} s", tests, outcome.remark)


def totals(outcomes: c.Sequence[Outcome]) -> str:
    """The last line of a run: the tests of all pytest runs together, and the legs that left a gap."""
    counted = [outcome.counts for outcome in outcomes if outcome.counts]
    line = f"{sum(x.passed for x in counted)} passed, {sum(x.failed for x in counted)} failed"
    failed = [outcome.leg for outcome in outcomes if outcome.state == "failed"]
    missing = [outcome.leg for outcome in outcomes if outcome.state == "not run"]
    notes = [f"legs failed: {', '.join(failed)}"] * bool(failed) + [f"NOT RUN: {', '.join(missing)}"] * bool(missing)
    return "; ".join([line, *notes])
