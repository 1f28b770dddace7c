# Copyright (c) 2026 the mlfleet authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Outcomes of hosts and the record of a rollout."""

from __future__ import annotations

import datetime
import typing as t

import pytest
from ansible_collections.mlfleet.packages.plugins.plugin_utils import _rollout
from ansible_collections.mlfleet.packages.plugins.plugin_utils._rollout import Outcome
from hypothesis import given
from hypothesis import strategies as st

NOW = datetime.datetime(2026, 1, 5, 12, 0, 1, 5, tzinfo=datetime.timezone.utc)


def runtime(status: str, *actions: tuple[str, str | None, str | None], instances: tuple[str, ...] = ()) -> t.Any:
    plan = [{"package": name, "from": before, "to": after} for name, before, after in actions]
    return {"home": r"C:\P", "instances": list(instances), "status": status, "plan": plan}


@pytest.mark.parametrize(
    ("result", "expected"),
    [
        ({"runtimes": [runtime("compliant")]}, Outcome("compliant")),
        (
            {"runtimes": [runtime("changed", ("a", "1", "2"), instances=("X", "Y")), runtime("compliant")]},
            Outcome("changed", "a 1 to 2 (X, Y)"),
        ),
        (
            {
                "runtimes": [
                    runtime("drifted", ("a", None, "2"), ("b", "1", None), instances=("X",)),
                    runtime("drifted", ("a", None, "2"), ("c", "3", "3")),
                ]
            },
            Outcome("drifted", r"a 2 installed (X, C:\P); b 1 removed (X); c 3 laid down again (C:\P)"),
        ),
        (
            {"runtimes": [runtime("drifted", *((name, None, "1") for name in "abcdef"), instances=("X",))]},
            Outcome("drifted", "a 1 installed, b 1 installed, c 1 installed, d 1 installed (X), and 2 more"),
        ),
        ({"msg": "no\nmore", "runtimes": [runtime("drifted"), runtime("refused")]}, Outcome("refused", "no")),
        ({"msg": "no", "runtimes": [runtime("changed"), runtime("failed")]}, Outcome("failed", "no")),
        ({"unreachable": True, "msg": "away", "changed": False}, Outcome("unreachable", "away")),
        ({"msg": "wrong options"}, Outcome("failed", "wrong options")),
        ({"runtimes": []}, Outcome("failed", "the task has not told of any runtime")),
        ({"runtimes": [{"status": "fine"}]}, Outcome("failed", "the task has told nothing that is known of a runtime")),
        ({"runtimes": [3]}, Outcome("failed", "the task has told nothing that is known of a runtime")),
        (None, Outcome("failed", "the task has left no result")),
    ],
)
def test_the_outcome_of_a_host(result: t.Any, expected: Outcome) -> None:
    assert _rollout.outcome(result) == expected


KEYS = ["runtimes", "status", "plan", "instances", "home", "package", "from", "to", "msg", "unreachable"]
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=4),
    max_leaves=12,
)


@given(st.dictionaries(st.sampled_from(KEYS), JSON))
def test_no_result_ends_in_a_traceback(result: dict[str, t.Any]) -> None:
    found = _rollout.outcome(result)
    assert found.status in ("failed", "unreachable")


def test_what_the_hosts_have_left() -> None:
    hostvars: dict[str, dict[str, t.Any]] = {
        "a": {"converge_outcome": {"status": "changed", "detail": "x"}},
        "b": {},
        "c": {"converge_outcome": 3},
    }
    found = _rollout.outcomes(["a", "b", "c"], hostvars)
    assert found["a"] == Outcome("changed", "x")
    assert [found[name].status for name in "bc"] == ["failed", "failed"]


def test_the_record() -> None:
    found = {
        "sql1": Outcome("compliant"),
        "sql22": Outcome("changed", "a 1 to 2 (X)"),
        "sql3": Outcome("failed", "pip"),
        "sql4": Outcome("drifted", "a 1 to 2 (X)"),
        "sql5": Outcome("outside window", "later"),
    }
    record = _rollout.record(found, [["sql22"], ["sql3", "sql5"], ["sql4"]], NOW)
    assert record["time"] == "2026-01-05T12:00:01+00:00"
    assert record["totals"] == {"changed": 1, "compliant": 1, "failed": 1, "not reached": 1, "outside window": 1}
    assert record["remaining"] == ["sql3", "sql4", "sql5"]
    assert record["wrong"] == ["sql3"]
    assert {each["name"]: each["batch"] for each in record["hosts"]} == {
        "sql1": None,
        "sql22": 1,
        "sql3": 2,
        "sql4": 3,
        "sql5": 2,
    }
    assert record["lines"] == [
        "sql1   compliant",
        "sql22  changed         a 1 to 2 (X)",
        "sql3   failed          pip",
        "sql4   not reached     a 1 to 2 (X)",
        "sql5   outside window  later",
    ]


def test_before_anything_was_planned_drifted_hosts_are_not_called_unreached() -> None:
    assert _rollout.record({"sql1": Outcome("drifted")}, [], NOW)["totals"] == {"drifted": 1}
