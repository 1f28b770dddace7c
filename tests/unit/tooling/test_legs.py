# Copyright (c) 2026 the mlfleet authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A leg that showed nothing is never shown as passed."""

from __future__ import annotations

import pathlib

import pytest

from tooling import legs
from tooling.legs import Counts, Outcome

REPORT = """<?xml version="1.0"?><testsuites><testsuite>
<testcase name="a"/><testcase name="b"/>
<testcase name="c"><failure message="no"/></testcase>
<testcase name="d"><error message="no"/></testcase>
<testcase name="e"><skipped message="no CPython 3.6"/></testcase>
<testcase name="f"><skipped message="no CPython 3.6"/></testcase>
</testsuite></testsuites>"""


def test_counts_of_a_report(tmp_path: pathlib.Path) -> None:
    (tmp_path / "report.xml").write_text(REPORT)
    assert legs.read_counts(tmp_path / "report.xml") == Counts(2, 2, 2, ("no CPython 3.6",))


@pytest.mark.parametrize(
    ("exit_code", "counts", "state", "remark"),
    [
        (0, Counts(passed=3), "passed", ""),
        (0, Counts(passed=3, skipped=1, skip_reasons=("no CPython 3.6",)), "passed", "skipped: no CPython 3.6"),
        (0, Counts(skipped=1, skip_reasons=("no Wine",)), "not run", "no Wine"),
        (5, Counts(), "not run", "there are no tests for it"),
        (1, Counts(passed=3, failed=1), "failed", "pytest ended with 1"),
        (2, Counts(), "failed", "pytest ended with 2"),
        (-11, Counts(passed=3), "failed", "pytest ended with -11"),
    ],
)
def test_judgement(exit_code: int, counts: Counts, state: str, remark: str) -> None:
    outcome = legs.judge("unit", exit_code, counts, 1.0)
    assert (outcome.state, outcome.remark) == (state, remark)


def test_outcomes_are_read_back_as_they_were(tmp_path: pathlib.Path) -> None:
    stored = [Outcome("lint", "passed", seconds=2.0), Outcome("unit", "failed", "x", 1.0, Counts(1, 2, 3, ("y",)))]
    for outcome in stored:
        legs.store(tmp_path, outcome)
    assert legs.load(tmp_path) == {"lint": stored[0], "unit": stored[1]}


def test_a_leg_without_a_result_has_failed() -> None:
    (outcome,) = legs.complete(["lint"], {})
    assert outcome.state == "failed"


def test_closing_table() -> None:
    outcomes = [
        Outcome("lint", "passed", seconds=12.3),
        Outcome("unit", "failed", "pytest ended with 1", 4.0, Counts(10, 1, 0)),
        Outcome("wine", "not run", "no Wine"),
    ]
    assert legs.closing_table(outcomes).splitlines() == [
        "leg   state    time  tests                           remark",
        "lint  PASSED   12 s",
        "unit  FAILED   4 s   10 passed, 1 failed, 0 skipped  pytest ended with 1",
        "wine  NOT RUN  0 s                                   no Wine",
        "",
        "10 passed, 1 failed; legs failed: unit; NOT RUN: wine",
    ]
