# Copyright (c) 2026 the mlfleet authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The merge: exactly the drift that hosts tell of, and unknown wherever they cannot be relied on."""

from __future__ import annotations

import copy
import json
import pathlib
import typing as t

import jsonschema
import pytest
from ansible_collections.mlfleet.packages.plugins.plugin_utils._fleet_report import (
    _host_result,
    _merge,
    _since,
    _structure,
)
from ansible_collections.mlfleet.packages.plugins.plugin_utils._fleet_report._parts import FleetReport, Row

from testbed import fleet_results
from testbed.fleet_results import result, runtime

SCHEMA = pathlib.Path(__file__).resolve().parents[3] / "docs" / "report-schema.json"
DAY_1, DAY_2 = "2026-11-20T06:00:00Z", "2026-11-21T06:00:00Z"


def merge(results: dict[str, t.Any], before: FleetReport | None = None) -> FleetReport:
    earlier = _since.earlier(json.loads(json.dumps(_structure.plain(before)))) if before else None
    return _merge.merge(results, "Package drift", DAY_2 if before else DAY_1, earlier)


def kinds(row: Row) -> dict[str, str]:
    return {package: cell.kind for package, cell in row.cells.items()}


def only_row(value: t.Any) -> Row:
    (row,) = merge({"sql1": value}).rows
    return row


def test_every_kind_of_drift_has_its_cell() -> None:
    drift = {"a": "missing", "b": "extra", "c": "version", "d": "broken", "e": "tampered"}
    row = only_row(result(runtime("SQL01", **drift)))
    assert (row.host, row.instance, row.home) == ("sql1", "SQL01", fleet_results.home("SQL01"))
    assert (row.status, kinds(row)) == ("drifted", drift)
    assert [step.action for step in row.plan] == ["install", "remove", "upgrade", "reinstall"]
    cell = row.cells["c"]
    assert (cell.have, cell.want, cell.why) == ("1.4.2", "2.1.0", "declared ==2.1.*, installed 1.4.2")


def test_a_refused_plan_is_refused_and_its_neighbour_is_not() -> None:
    refused, clean = merge({"sql1": result(runtime("SQL01", numpy="protected"), runtime("SQL02"))}).rows
    assert (refused.status, kinds(refused)) == ("refused", {"numpy": "protected"})
    assert "protected" in refused.problems[0].detail
    assert (clean.instance, clean.status, clean.cells) == ("SQL02", "clean", {})


def test_what_is_broken_and_has_no_plan_is_no_clean_runtime() -> None:
    row = only_row(result(runtime("SQL01", kept="broken")))
    assert (row.status, kinds(row), row.plan) == ("drifted", {"kept": "broken"}, ())


def test_instances_that_share_a_runtime_have_a_row_each() -> None:
    rows = merge({"sql1": result(runtime("SQL01", "SQL02", a="missing"))}).rows
    assert [(row.instance, row.status) for row in rows] == [("SQL01", "drifted"), ("SQL02", "drifted")]


def test_a_runtime_without_an_instance_has_a_row() -> None:
    row = only_row(result(runtime(place="/srv/environments/report")))
    assert (row.instance, row.home, row.status) == (None, "/srv/environments/report", "clean")


def test_a_package_that_drifts_twice_has_one_cell_with_both_reasons() -> None:
    told = runtime("SQL01", a="version")
    told["drift"].insert(0, fleet_results.difference("a", "broken"))
    cell = only_row(result(told)).cells["a"]
    assert (cell.kind, cell.want) == ("version", "2.1.0")
    assert cell.why == "declared ==2.1.*, installed 1.4.2; a 1.0 needs six>=1.12, and six 1.10 is there"


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (None, "not checked: there is no result for this host"),
        ({"unreachable": True, "msg": "sql1: timed out"}, "unreachable: timed out"),
        ({"unreachable": True}, "unreachable"),
        ({"failed": True, "msg": "sql1: it gave no answer"}, "failed: it gave no answer"),
        ({"failed": True, "msg": {"no": "text"}}, "failed"),
        ({"skipped": True, "changed": False}, "not checked: the task was skipped"),
        ({"results": []}, "not checked: the task had nothing to do for this host"),
        ({"results": [{"skipped": True}]}, "not checked: the task had nothing to do for this host"),
        ({"changed": False}, "not understood"),
        ("compliant", "not understood"),
        (["compliant"], "not understood"),
        ({**result(runtime("SQL01")), "format": 2}, "not understood"),
        ({**result(runtime("SQL01")), "format": True}, "not understood"),
        ({**result(runtime("SQL01")), "unreachable": True}, "unreachable"),
        ({**result(runtime("SQL01")), "failed": True, "msg": "boom"}, "failed: boom"),
        ({**result(runtime("SQL01")), "changed": True}, "not understood"),
        ({**result(runtime("SQL01")), "changed": None}, "not understood"),
        ({**result(runtime("SQL01")), "instances": []}, "not understood"),
        ({**result(runtime("SQL01")), "runtimes": []}, "not understood"),
        (result(), "not understood"),
        (result(runtime("SQL01"), runtime("SQL01")), "not understood"),
        (result(runtime("SQL01"), runtime("SQL01", place="D:\\other")), "not understood"),
        (result(runtime(place="/srv/report"), runtime(place="/srv/report")), "not understood"),
    ],
)
def test_what_tells_nothing_is_unknown(value: t.Any, reason: str) -> None:
    report = merge({"sql1": value})
    (row,) = report.rows
    assert (row.status, row.instance, row.cells) == ("unknown", None, {})
    assert row.message is not None
    assert row.message.startswith(reason)
    assert report.hosts[0].message == row.message
    assert not report.totals.clean


@pytest.mark.parametrize(
    "lie",
    [
        {"status": "clean"},
        {"status": "drifted"},
        {"status": "compliant", "plan": runtime("SQL01", a="extra")["plan"]},
        {"status": "compliant", "problems": runtime("SQL01", a="protected")["problems"]},
        {"status": "compliant", "drift": runtime("SQL01", a="extra")["drift"]},
        {"status": "refused"},
        {"status": "changed"},
        {"drift": [{"package": "a", "kind": "gone", "have": None, "want": None, "why": ""}]},
        {"drift": [{"package": "", "kind": "broken", "have": None, "want": None, "why": ""}]},
        {"drift": [{"package": "a" * 501, "kind": "broken", "have": None, "want": None, "why": ""}]},
        {"drift": {"a": "broken"}},
        {"drift": [fleet_results.difference(f"p{number}", "broken") for number in range(5001)]},
        {"plan": ["install a"]},
        {"home": 7},
        {"instances": "SQL01"},
        {"instances": [None]},
    ],
)
def test_a_runtime_that_contradicts_itself_is_unknown(lie: dict[str, t.Any]) -> None:
    value = result(runtime("SQL01"))
    value["runtimes"][0] |= lie
    row = only_row(value)
    assert row.status == "unknown"
    assert str(row.message).startswith("not understood: ")


def test_after_a_real_run_what_was_changed_is_clean_and_what_failed_is_not() -> None:
    changed, failed = runtime("SQL01", a="version") | {"status": "changed"}, runtime("SQL02", a="version")
    value = result(changed, failed | {"status": "failed"}) | {"failed": True, "msg": "pip failed"}
    one, other = merge({"sql1": value}).rows
    assert (one.status, one.cells, len(one.plan)) == ("clean", {}, 1)
    assert (other.status, kinds(other)) == ("failed", {"a": "version"})


def test_what_was_broken_before_a_change_is_not_taken_as_mended() -> None:
    row = only_row(result(runtime("SQL01", a="version", b="broken") | {"status": "changed"}))
    assert (row.status, kinds(row)) == ("drifted", {"b": "broken"})


def test_several_results_of_a_host_are_one_row_for_each_instance() -> None:
    first, second = result(runtime("SQL01", a="missing")), result(runtime("SQL01", b="extra"), runtime("SQL02"))
    rows = merge({"sql1": {"results": [first, {"skipped": True}, second]}}).rows
    assert [(row.instance, row.status, kinds(row)) for row in rows] == [
        ("SQL01", "drifted", {"a": "missing", "b": "extra"}),
        ("SQL02", "clean", {}),
    ]
    assert [step.package for step in rows[0].plan] == ["a", "b"]


def test_several_results_of_an_instance_are_as_bad_as_the_worst() -> None:
    results = [result(runtime("SQL01")), result(runtime("SQL01", numpy="protected")), result(runtime("SQL01"))]
    assert only_row({"results": results}).status == "refused"


def test_one_useless_result_among_several_leaves_the_host_unknown() -> None:
    report = merge({"sql1": {"results": [result(runtime("SQL01")), {"failed": True, "msg": "no answer"}]}})
    assert [(row.instance, row.status) for row in report.rows] == [("SQL01", "clean"), (None, "unknown")]
    assert (report.hosts[0].status, report.hosts[0].message) == ("unknown", "failed: no answer")


def test_counts() -> None:
    report = merge(
        {
            "sql1": result(runtime("SQL01"), runtime("SQL02", a="missing", b="missing")),
            "sql2": result(runtime("SQL01", b="extra", c="protected")),
            "sql3": None,
        }
    )
    totals = report.totals
    assert (totals.hosts, totals.instances, totals.packages, totals.cells) == (3, 4, 3, 4)
    assert totals.hosts_by_status == {"clean": 0, "drifted": 1, "refused": 1, "failed": 0, "unknown": 1}
    assert totals.instances_by_status == {"clean": 1, "drifted": 1, "refused": 1, "failed": 0, "unknown": 1}
    assert {kind: count for kind, count in totals.cells_by_kind.items() if count} == {
        "missing": 2,
        "extra": 1,
        "protected": 1,
    }
    assert totals.sentence() == "3 hosts, 4 instances: 1 clean, 1 drifted, 1 refused, 0 failed, 1 unknown"


def test_a_fleet_is_clean_only_if_all_of_it_is_known_to_be() -> None:
    clean = {"sql1": result(runtime("SQL01"))}
    assert merge(clean).totals.clean
    assert not merge({**clean, "sql2": None}).totals.clean
    assert not merge({}).totals.clean


def test_what_is_as_declared_takes_no_room() -> None:
    rows = merge(fleet_results.fleet(200)).rows
    clean = [row for row in rows if row.status == "clean"]
    assert len(clean) > 50
    assert all(not row.cells and not row.plan for row in clean)


def test_secrets_do_not_reach_the_report() -> None:
    value = result(runtime("SQL01", a="version"))
    secret = "from https://user:hunter2@wheels.example.com/simple"
    value["runtimes"][0]["drift"][0]["why"] = value["runtimes"][0]["plan"][0]["reason"] = secret
    failed = {"failed": True, "msg": secret}
    text = json.dumps(_structure.plain(merge({"sql1": value, "sql2": failed})))
    assert "hunter2" not in text
    assert text.count("https://***@wheels.example.com/simple") == 4


def test_what_is_no_text_is_replaced() -> None:
    row = only_row({"failed": True, "msg": "a\x00b\ud800c\u202ed\uffffe\nf\u2028g"})
    assert row.message == "failed: a\ufffdb\ufffdc\ufffdd\ufffde f g"


@pytest.mark.parametrize("before_the_login", range(_host_result.LONGEST_TEXT - 30, _host_result.LONGEST_TEXT))
def test_a_cut_through_a_login_shows_nothing_of_it(before_the_login: int) -> None:
    told = "x" * before_the_login + "https://user:hunter2@wheels.example.com/simple"
    row = only_row({"failed": True, "msg": told})
    assert row.message is not None
    assert "us" not in row.message.removeprefix("failed: ")


def test_a_long_story_is_cut() -> None:
    message = str(only_row({"failed": True, "msg": "x" * 1_000_000}).message)
    assert len(message) < 5_000
    assert message.endswith("…")


# What is different from the last report.


def told(findings: t.Iterable[t.Any]) -> list[tuple[str, str | None, str | None, str]]:
    return [(each.host, each.instance, each.package, each.kind) for each in findings]


def test_since_the_last_report() -> None:
    before = merge(
        {
            "sql1": result(runtime("SQL01", a="missing", b="version"), runtime("SQL02")),
            "sql2": fleet_results.unreachable("sql2"),
            "sql3": result(runtime("SQL01", a="missing")),
        }
    )
    now = merge(
        {
            "sql1": result(runtime("SQL01", b="tampered"), runtime("SQL02", c="extra")),
            "sql2": result(runtime("SQL01")),
            "sql3": fleet_results.unreachable("sql3"),
        },
        before,
    )
    assert now.since is not None
    assert now.since.generated == DAY_1
    assert told(now.since.appeared) == [("sql1", "SQL02", "c", "extra"), ("sql3", None, None, "unknown")]
    # b drifts in another way now, and of sql3 nobody knows.
    assert told(now.since.fixed) == [("sql1", "SQL01", "a", "missing"), ("sql2", None, None, "unknown")]


def test_what_a_refused_plan_does_not_mention_is_not_fixed() -> None:
    before = merge({"sql1": result(runtime("SQL01", a="missing"))})
    now = merge({"sql1": result(runtime("SQL01", numpy="protected"))}, before)
    assert now.since is not None
    assert told(now.since.appeared) == [
        ("sql1", "SQL01", None, "refused"),
        ("sql1", "SQL01", "numpy", "protected"),
    ]
    assert now.since.fixed == ()


def test_hosts_and_instances_that_are_no_longer_looked_at_are_not_fixed() -> None:
    before = merge({"sql1": result(runtime("SQL01", a="missing"), runtime("SQL02")), "sql2": None})
    now = merge({"sql1": result(runtime("SQL02"))}, before)
    assert now.since is not None
    assert (now.since.appeared, now.since.fixed) == ((), ())


@pytest.mark.parametrize(
    "broken",
    [
        {"format": 2},
        {"instances": None},
        {"instances": [None]},
        {"instances": [{"host": "a"}]},
        {"generated": 7},
        {"instances": [{"host": "a", "instance": 1, "home": None, "status": "clean", "cells": {}}]},
        {"instances": [{"host": "a", "instance": None, "home": None, "status": "fine", "cells": {}}]},
        {"instances": [{"host": "a", "instance": None, "home": None, "status": "clean", "cells": {"b": {"kind": []}}}]},
    ],
)
def test_what_is_no_earlier_report_is_said_to_be_none(broken: dict[str, t.Any]) -> None:
    with pytest.raises(_since.NotAReport):
        _since.earlier(_structure.plain(merge({})) | broken)
    with pytest.raises(_since.NotAReport):
        _since.earlier([broken])


# The structure.


def test_the_structure_is_the_documented_one() -> None:
    schema = json.loads(SCHEMA.read_text())
    jsonschema.Draft202012Validator.check_schema(schema)
    before = merge(fleet_results.fleet(120, seed=1))
    report = _structure.plain(merge(fleet_results.fleet(120, seed=2), before))
    assert report["since"]["appeared"]
    assert report["since"]["fixed"]
    assert {row["status"] for row in report["instances"]} == {"clean", "drifted", "refused", "unknown"}
    validator = jsonschema.Draft202012Validator(schema)
    assert list(validator.iter_errors(json.loads(json.dumps(report)))) == []
    for name in report:
        assert list(validator.iter_errors({key: value for key, value in report.items() if key != name}))
    wrong = copy.deepcopy(report)
    wrong["instances"][0]["status"] = "fine"
    assert list(validator.iter_errors(wrong))
