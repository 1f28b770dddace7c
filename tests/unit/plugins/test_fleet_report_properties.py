# Copyright (c) 2026 the mlfleet authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whatever a host answers, the report is made, and the host is not clean unless it said so without contradiction."""

from __future__ import annotations

import copy
import json
import typing as t
import xml.etree.ElementTree as ET

import pytest
from ansible_collections.mlfleet.packages.plugins.plugin_utils._fleet_report import _files, _merge, _since, _structure
from hypothesis import given
from hypothesis import strategies as st

from testbed import fleet_results
from testbed.fleet_results import result, runtime

WORDS = (
    *("format", "changed", "failed", "unreachable", "skipped", "msg", "results", "instances", "runtimes", "home"),
    *("status", "plan", "drift", "problems", "package", "kind", "have", "want", "why", "detail", "name", "runtime"),
    *("compliant", "drifted", "refused", "clean", "missing", "SQL01", ""),
)
TEXTS = st.one_of(st.sampled_from(WORDS), st.text(st.characters(codec=None), max_size=12))
LEAVES = st.one_of(st.none(), st.booleans(), st.integers(-1, 2), st.floats(), TEXTS)
JSON = st.recursive(
    LEAVES,
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(TEXTS, inner, max_size=5)),
    max_leaves=25,
)
DRIFT = st.dictionaries(
    st.sampled_from(("a", "b", "c", "numpy")),
    st.sampled_from(("missing", "version", "extra", "broken", "tampered", "protected")),
    max_size=3,
)
HONEST = st.lists(DRIFT, min_size=1, max_size=3).map(
    lambda drifts: result(*(runtime(f"SQL0{number}", **drift) for number, drift in enumerate(drifts)))
)


def places(value: t.Any, path: tuple[t.Any, ...] = ()) -> list[tuple[t.Any, ...]]:
    """The paths of everything in a structure."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(found for key, each in inner for found in places(each, (*path, key)))]


@st.composite
def almost_honest(draw: st.DrawFn) -> tuple[t.Any, t.Any]:
    """A good result, and the same with one thing in it replaced or gone."""
    good = draw(HONEST)
    bad = copy.deepcopy(good)
    *way, last = draw(st.sampled_from(places(good)[1:]))
    holder = bad
    for key in way:
        holder = holder[key]
    if draw(st.booleans()):
        holder[last] = draw(JSON)
    else:
        del holder[last]
    return good, bad


def report_on(value: t.Any) -> dict[str, t.Any]:
    """The report on one host, after all its forms were made."""
    report = _merge.merge({"sql1": value}, "title", "2026-11-21T06:00:00Z")
    forms = {name: form(report) for name, form in _files.FORMS.items()}
    ET.fromstring(forms["report.xml"])
    plain: dict[str, t.Any] = json.loads(forms[_files.JSON])
    # It can be compared with later.
    _since.earlier(plain)
    assert plain == _structure.plain(report)
    return plain


@given(JSON)
def test_anything_at_all_is_never_clean(value: t.Any) -> None:
    plain = report_on(value)
    assert [host["status"] for host in plain["hosts"]] == ["unknown"]
    # Several, where it looks like the results of a loop.
    assert {row["status"] for row in plain["instances"]} == {"unknown"}


@given(almost_honest())
def test_one_wrong_thing_never_turns_drift_into_clean(pair: tuple[t.Any, t.Any]) -> None:
    good, bad = pair
    before = {row["instance"]: row for row in report_on(good)["instances"]}
    for row in report_on(bad)["instances"]:
        told = before.get(row["instance"])
        if row["status"] == "clean" and told is not None:
            assert told["status"] == "clean"
            assert not told["cells"]


@given(st.dictionaries(st.text(st.characters(codec=None), min_size=1, max_size=8), st.none() | HONEST, max_size=4))
def test_every_host_is_in_the_report(results: dict[str, t.Any]) -> None:
    report = _merge.merge(results, "title", "2026-11-21T06:00:00Z")
    assert len(report.hosts) == len(results)
    assert {row.host for row in report.rows} == {host.name for host in report.hosts}
    assert report.totals.instances == sum(report.totals.instances_by_status.values())
    assert report.totals.cells == sum(len(row.cells) for row in report.rows)


@given(HONEST)
def test_an_honest_host_is_told_of_as_it_is(value: t.Any) -> None:
    rows = report_on(value)["instances"]
    told = {name: each["drift"] for each in value["runtimes"] for name in each["instances"]}
    assert {row["instance"]: set(row["cells"]) for row in rows} == {
        name: {each["package"] for each in drift} for name, drift in told.items()
    }


@given(JSON)
def test_any_file_is_an_earlier_report_or_none(value: t.Any) -> None:
    with pytest.raises(_since.NotAReport):
        _since.earlier(value)


@given(st.dictionaries(st.sampled_from(("sql1", "sql2")), st.none() | HONEST), st.none() | HONEST)
def test_nothing_is_both_new_and_fixed(before: dict[str, t.Any], now: t.Any) -> None:
    earlier = _since.earlier(_structure.plain(_merge.merge(before, "title", "2026-11-20T06:00:00Z")))
    since = _merge.merge({"sql1": now}, "title", "2026-11-21T06:00:00Z", earlier).since
    assert since is not None
    assert not set(since.appeared) & set(since.fixed)
    assert all(finding.host == "sql1" for finding in (*since.appeared, *since.fixed))


def test_the_same_fleet_again_is_no_news() -> None:
    fleet = fleet_results.fleet(60)
    earlier = _since.earlier(_structure.plain(_merge.merge(fleet, "title", "2026-11-20T06:00:00Z")))
    since = _merge.merge(fleet, "title", "2026-11-21T06:00:00Z", earlier).since
    assert since is not None
    assert (since.appeared, since.fixed) == ((), ())
