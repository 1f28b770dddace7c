# Copyright (c) 2026 the mlfleet authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The forms of a report: HTML, Markdown, JUnit; and how they are written."""

from __future__ import annotations

import html.parser
import json
import pathlib
import re
import stat
import typing as t
import xml.etree.ElementTree as ET

import pytest
from ansible_collections.mlfleet.packages.plugins.filter import fleet_report
from ansible_collections.mlfleet.packages.plugins.plugin_utils._errors import HostProblem
from ansible_collections.mlfleet.packages.plugins.plugin_utils._fleet_report import (
    _files,
    _junit,
    _markdown,
    _merge,
    _page,
    _since,
    _work,
)
from ansible_collections.mlfleet.packages.plugins.plugin_utils._fleet_report._parts import FleetReport

from testbed import fleet_results
from testbed.fleet_results import result, runtime

HOSTILE = "</script><script>alert(1)</script>&amp;\"'`|*_[x](y)\u2028<!--"


def merge(results: dict[str, t.Any], title: str = "Package drift") -> FleetReport:
    return _merge.merge(results, title, "2026-11-21T06:00:00Z")


def hostile() -> FleetReport:
    """Everything that a host, an inventory or a wheel can name, named by somebody who means harm."""
    told = runtime(HOSTILE, place=HOSTILE, **{HOSTILE: "protected"})
    for each in (*told["drift"], *told["plan"], *told["problems"]):
        each.update({key: HOSTILE for key in each if key != "kind"})
    return merge({HOSTILE: result(told), f"{HOSTILE}2": {"failed": True, "msg": HOSTILE}}, title=HOSTILE)


class Parsed(html.parser.HTMLParser):
    """The elements of a page, and the text in each script."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[str] = []
        self.scripts: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append(tag)
        self.attributes += attrs
        self.scripts += [""] * (tag == "script")

    def handle_data(self, data: str) -> None:
        if self.elements and self.elements[-1] == "script" and self.scripts:
            self.scripts[-1] += data


def test_nothing_that_is_said_becomes_markup() -> None:
    page, harmless = Parsed(_page.page(hostile())), Parsed(_page.page(merge({})))
    assert page.elements == harmless.elements
    assert page.scripts[1].strip() == harmless.scripts[1].strip()
    data = json.loads(page.scripts[0])
    shown = HOSTILE.replace("\u2028", " ")
    assert data["title"] == shown
    assert shown in data["texts"]


def test_the_embedded_data_is_ascii_without_markup() -> None:
    embedded = Parsed(_page.page(hostile())).scripts[0]
    assert embedded.isascii()
    assert not re.search(r"[<>&]", embedded)


def test_the_page_needs_nothing_from_anywhere() -> None:
    page = Parsed(_page.page(merge(fleet_results.fleet(20))))
    loading = [value for name, value in page.attributes if name in ("src", "href", "srcset", "action") and value]
    assert [each for each in loading if not each.startswith(("#", "data:,"))] == []
    (policy,) = [value for name, value in page.attributes if name == "content" and value and "default-src" in value]
    assert policy.startswith("default-src 'none'")
    assert "unsafe" not in policy


def test_the_same_texts_are_in_the_page_once() -> None:
    small, large = (_page.page(merge(fleet_results.fleet(hosts))) for hosts in (100, 1000))
    rows = len(merge(fleet_results.fleet(1000)).rows) - len(merge(fleet_results.fleet(100)).rows)
    # A row is a few numbers and the name of its host.
    assert (len(large) - len(small)) / rows < 150


def test_a_page_unpacks_to_what_was_packed() -> None:
    report = merge(fleet_results.fleet(40))
    data = _page.packed(report)
    texts = data["texts"]
    for packed, row in zip(data["rows"], report.rows, strict=True):
        assert [texts[each] for each in packed[:5]] == [row.host, row.instance, row.home, row.status, row.message]
        cells = [texts[each] for each in (packed[5] if len(packed) > 5 else [])]
        assert cells[0::5] == list(row.cells)
        assert cells[1::5] == [cell.kind for cell in row.cells.values()]


def test_junit_has_a_test_for_each_instance() -> None:
    report = merge(
        {
            "sql1": result(runtime("SQL01"), runtime("SQL02", a="missing")),
            "sql2": result(runtime("SQL01", numpy="protected")),
            "sql3": None,
        }
    )
    suites = ET.fromstring(_junit.junit(report))
    (suite,) = suites
    cases = {(case.get("classname"), case.get("name")): [each.tag for each in case] for case in suite}
    assert cases == {
        ("sql1", "SQL01"): [],
        ("sql1", "SQL02"): ["failure"],
        ("sql2", "SQL01"): ["failure"],
        ("sql3", "sql3"): ["error"],
    }
    assert [suite.get(name) for name in ("tests", "failures", "errors")] == ["4", "2", "1"]
    failure = suite.find("testcase[@name='SQL02']/failure")
    assert failure is not None
    assert failure.get("message") == "drifted: a (missing)"
    assert failure.text == "a: missing, have nothing, want 2.1.0 (declared ==2.1.*, not installed)"


def test_junit_holds_what_nobody_expects() -> None:
    suites = ET.fromstring(_junit.junit(hostile()))
    assert suites.get("name") == HOSTILE.replace("\u2028", " ")


def test_markdown_names_what_is_not_clean_the_worst_first() -> None:
    report = merge({"sql1": result(runtime("SQL01", a="missing")), "sql2": None, "sql3": result(runtime("SQL01"))})
    text = _markdown.markdown(report)
    assert re.findall("^#+ .*", text, re.MULTILINE) == [
        "# Package drift",
        "## sql2: unknown",
        "## sql1 / SQL01: drifted",
    ]
    assert "| a | missing | none | 2.1.0 | declared ==2.1.\\*, not installed |" in text


def test_markdown_shows_what_is_said_as_it_is() -> None:
    text = _markdown.markdown(hostile())
    assert re.sub(r"\\.", "", text).count("<") == 0
    assert {line.replace("\\|", "").count("|") for line in text.splitlines() if line.startswith("|")} == {6, 7}


def test_markdown_of_a_large_fleet_can_be_read() -> None:
    text = _markdown.markdown(merge(fleet_results.fleet(2000)))
    assert text.count("\n## ") == _markdown.MOST_ROWS
    assert re.search(r"^[\d,]+ more instances are in report.html", text, re.MULTILINE)


# Writing.


def report(folder: pathlib.Path, results: dict[str, t.Any], **options: t.Any) -> tuple[dict[str, t.Any], list[str]]:
    warnings: list[str] = []
    arguments = {"folder": str(folder), "title": "Package drift", "previous": None, **options}
    return _work.report(results, arguments, warnings.append), warnings


def test_all_forms_are_written_and_nothing_else(tmp_path: pathlib.Path) -> None:
    told, warnings = report(tmp_path / "new" / "folder", {"sql1": result(runtime("SQL01", a="missing")), "sql2": None})
    assert sorted(path.name for path in (tmp_path / "new" / "folder").iterdir()) == sorted(_files.FORMS)
    assert told["files"]["html"] == str(tmp_path / "new" / "folder" / "report.html")
    assert (told["clean"], told["changed"], warnings) == (False, False, [])
    assert (told["drifted_hosts"], told["unknown_hosts"], told["names_left_out"]) == (["sql1"], ["sql2"], 0)
    assert (told["appeared"], told["fixed"]) == (None, None)


def test_the_report_that_is_replaced_is_what_the_new_one_is_compared_with(tmp_path: pathlib.Path) -> None:
    report(tmp_path, {"sql1": result(runtime("SQL01", a="missing"))})
    told, _warnings = report(tmp_path, {"sql1": result(runtime("SQL01", b="extra", c="extra"))})
    assert (told["appeared"], told["fixed"]) == (2, 1)


def test_another_report_can_be_named(tmp_path: pathlib.Path) -> None:
    first, _warnings = report(tmp_path / "monday", {"sql1": result(runtime("SQL01", a="missing"))})
    told, _warnings = report(tmp_path, {"sql1": result(runtime("SQL01"))}, previous=first["files"]["json"])
    assert (told["appeared"], told["fixed"]) == (0, 1)


@pytest.mark.parametrize("content", ["", "{", "[]", '{"format": 9}', "[" * 100_000])
def test_a_last_report_that_is_none_is_a_warning(tmp_path: pathlib.Path, content: str) -> None:
    (tmp_path / "report.json").write_text(content)
    told, warnings = report(tmp_path, {"sql1": result(runtime("SQL01"))})
    assert told["fixed"] is None
    (warning,) = warnings
    assert warning.startswith(f"{tmp_path / 'report.json'} is no earlier report: ")
    assert json.loads((tmp_path / "report.json").read_text())["format"] == 1


def test_long_lists_of_names_are_cut(tmp_path: pathlib.Path) -> None:
    told, _warnings = report(tmp_path, {f"sql{number}": None for number in range(50)})
    assert (len(told["unknown_hosts"]), told["names_left_out"]) == (20, 30)


def test_a_folder_that_cannot_be_written_is_named(tmp_path: pathlib.Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(HostProblem, match=r"cannot be written to the folder .*file/reports .*name another folder"):
        report(tmp_path / "file" / "reports", {})


def test_others_may_read_the_report(tmp_path: pathlib.Path) -> None:
    (tmp_path / "ordinary").write_text("")
    report(tmp_path, {})
    ordinary = stat.S_IMODE((tmp_path / "ordinary").stat().st_mode)
    assert {stat.S_IMODE((tmp_path / name).stat().st_mode) for name in _files.FORMS} == {ordinary}


# The filter.


def test_the_filter_gives_the_structure() -> None:
    merged = fleet_report.FilterModule().filters()["fleet_report"]
    first = merged({"sql1": result(runtime("SQL01", a="missing"))}, title="Mine")
    assert (first["title"], first["instances"][0]["cells"]["a"]["kind"]) == ("Mine", "missing")
    second = merged({"sql1": result(runtime("SQL01"))}, previous=json.loads(json.dumps(first)))
    assert [each["package"] for each in second["since"]["fixed"]] == ["a"]


@pytest.mark.parametrize(("results", "previous"), [(["sql1"], None), ({}, {"format": 9})])
def test_the_filter_says_what_it_wants(results: t.Any, previous: t.Any) -> None:
    with pytest.raises(Exception, match=r"fleet_report.*(build one with dict|leave it out)"):
        fleet_report.fleet_report(results, previous=previous)


def test_an_earlier_report_of_the_same_time_is_read(tmp_path: pathlib.Path) -> None:
    assert _files.read_earlier(tmp_path / "none") is None
    with pytest.raises(_since.NotAReport, match="cannot be read"):
        _files.read_earlier(tmp_path)
