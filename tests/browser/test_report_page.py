# Copyright (c) 2026 the mlfleet authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""report.html in a real browser: what a person sees, clicks and types."""

from __future__ import annotations

import typing as t

import pytest
from playwright import sync_api

from browser.conftest import Viewer
from testbed import fleet_results
from testbed.fleet_results import result, runtime

pytestmark = pytest.mark.browser

View = t.Callable[..., Viewer]
SMALL = {
    "berlin": result(
        runtime("SQL01", click="version", pyodbc="missing"),
        runtime("SQL02", click="extra", joblib="broken", requests="tampered"),
    ),
    "lisbon": result(runtime("MSSQLSERVER", numpy="protected", click="version")),
    "oslo": result(runtime("MSSQLSERVER")),
    "tokyo": fleet_results.unreachable("tokyo"),
}
PHONE: dict[str, t.Any] = {"viewport": {"width": 375, "height": 720}, "has_touch": True, "is_mobile": True}
# Contrast of two CSS colours as WCAG 2 defines it, behind which the page paints what is drawn.
CONTRAST = """element => {
  const channels = color => color.match(/[\\d.]+/g).map(Number);
  const solid = from => { for (let at = from; at; at = at.parentElement) {
    const color = channels(getComputedStyle(at).backgroundColor);
    if (color.length < 4 || color[3] > 0) return color; } return [255, 255, 255]; };
  const light = color => color.slice(0, 3).map(each => each / 255)
    .map(each => each <= 0.04045 ? each / 12.92 : ((each + 0.055) / 1.055) ** 2.4)
    .reduce((sum, each, index) => sum + each * [0.2126, 0.7152, 0.0722][index], 0);
  const [a, b] = [light(channels(getComputedStyle(element).color)), light(solid(element))].sort((x, y) => y - x);
  return (a + 0.05) / (b + 0.05);
}"""


def test_the_matrix_shows_exactly_the_drift(view: View) -> None:
    viewer = view(SMALL)
    assert viewer.names() == [
        "tokyo",
        "lisbon / MSSQLSERVER",
        "berlin / SQL02",
        "berlin / SQL01",
        "oslo / MSSQLSERVER",
    ]
    assert viewer.cells() == {
        "tokyo": {},
        "lisbon / MSSQLSERVER": {"numpy": "P", "click": "V"},
        "berlin / SQL02": {"click": "E", "joblib": "B", "requests": "T"},
        "berlin / SQL01": {"click": "V", "pyodbc": "M"},
        "oslo / MSSQLSERVER": {},
    }
    assert viewer.text(".row.hatched .said") == "unreachable: no WinRM connection (timed out); check ansible_host"
    heads = viewer.page.locator(".head span").all_inner_texts()
    assert heads == ["click", "joblib", "numpy", "pyodbc", "requests"]


def test_counts_are_on_top(view: View) -> None:
    viewer = view(SMALL)
    figures = viewer.page.locator("#figures div").all_inner_texts()
    counts = [["hosts", "4"], ["instances", "5"], ["differences", "7"], ["packages", "5"]]
    assert [figure.split() for figure in figures] == counts
    chips = viewer.page.locator("#statuses .chip").all_inner_texts()
    assert [chip.split()[1:] for chip in chips] == [
        ["1", "clean"],
        ["2", "drifted"],
        ["1", "refused"],
        ["0", "failed"],
        ["1", "unknown"],
    ]


@pytest.mark.parametrize(
    ("field", "typed", "names"),
    [
        ("host", "BERL", ["berlin / SQL02", "berlin / SQL01"]),
        ("instance", "sql01", ["berlin / SQL01"]),
        ("package", "job", ["tokyo", "berlin / SQL02"]),
        ("package", "click", ["tokyo", "lisbon / MSSQLSERVER", "berlin / SQL02", "berlin / SQL01"]),
        ("host", "<script>", []),
    ],
)
def test_filters(view: View, field: str, typed: str, names: list[str]) -> None:
    viewer = view(SMALL)
    viewer.page.fill(f"#{field}", typed)
    assert viewer.names() == names
    assert viewer.text("#shown").startswith(f"{len(names)} of 5 instances")
    assert viewer.count(".empty") == (not names)
    viewer.page.click("text=Clear filters")
    sync_api.expect(viewer.page.locator(".row")).to_have_count(5)


def test_the_columns_are_those_of_the_filter(view: View) -> None:
    viewer = view(SMALL)
    viewer.page.fill("#package", "click")
    assert viewer.page.locator(".head span").all_inner_texts() == ["click"]
    assert viewer.cells()["berlin / SQL01"] == {"click": "V"}


def test_states_and_kinds_are_filters(view: View) -> None:
    viewer = view(SMALL)
    chip = viewer.page.locator("[data-status=drifted]")
    chip.click()
    assert chip.get_attribute("aria-pressed") == "true"
    assert viewer.names() == ["berlin / SQL02", "berlin / SQL01"]
    chip.click()
    viewer.page.click("[data-kind=extra]")
    # What is unknown may drift in any way.
    assert viewer.names() == ["tokyo", "berlin / SQL02"]
    assert viewer.cells()["berlin / SQL02"] == {"click": "E"}


def test_the_order_can_be_chosen(view: View) -> None:
    viewer = view(SMALL)
    viewer.page.select_option("#order", "host")
    assert viewer.names()[:3] == ["berlin / SQL01", "berlin / SQL02", "lisbon / MSSQLSERVER"]
    viewer.page.select_option("#order", "most")
    assert viewer.names()[0] == "berlin / SQL02"


def test_an_instance_is_shown_with_its_plan_and_its_problems(view: View) -> None:
    viewer = view(SMALL)
    viewer.page.click(".name[title='lisbon / MSSQLSERVER']")
    shown = viewer.text("#detail")
    assert shown.startswith("lisbon / MSSQLSERVER")
    assert fleet_results.home("MSSQLSERVER") in shown
    assert "numpy would go from 1.15.4 to 1.21.6" in shown
    steps = viewer.page.locator("#detail ol li").all_inner_texts()
    assert [" ".join(step.split()[:3]) for step in steps] == ["1. upgrade numpy", "2. upgrade click"]
    assert viewer.page.url.endswith("#lisbon/MSSQLSERVER")
    viewer.page.click("[aria-label='Next instance']")
    assert viewer.text("#detail-heading") == "berlin / SQL02"
    viewer.page.click("[aria-label=Close]")
    assert not viewer.page.is_visible("#detail")


def test_an_address_leads_to_an_instance(view: View) -> None:
    viewer = view(SMALL)
    viewer.page.goto(f"{viewer.url}#berlin/SQL02")
    viewer.page.wait_for_selector("#detail-heading")
    assert viewer.text("#detail-heading") == "berlin / SQL02"


def test_a_cell_leads_to_its_package(view: View) -> None:
    viewer = view(SMALL)
    viewer.page.click(".cell[aria-label^='joblib: broken']")
    assert "needs six>=1.12" in viewer.text("#detail li.found")
    assert viewer.text("#inspector").startswith("berlin / SQL02 joblib broken")


def test_the_matrix_is_usable_with_the_keyboard(view: View) -> None:
    viewer = view(SMALL)
    viewer.page.focus("#order")
    # Past the button that clears the filters and the six kinds of drift.
    viewer.press(*["Tab"] * 8)
    assert viewer.page.evaluate("document.activeElement.id") == "grid"
    assert viewer.page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"
    viewer.press("ArrowDown")
    assert viewer.active() == "lisbon / MSSQLSERVER: refused"
    viewer.press("ArrowRight")
    assert viewer.active() == "click: version, 1.4.2 → 2.1.0"
    viewer.press("ArrowRight")
    assert viewer.active() == "joblib: as declared"
    assert viewer.text("#inspector") == "lisbon / MSSQLSERVER joblib as declared"
    viewer.press("Control+End")
    assert viewer.active() == "requests: as declared"
    viewer.press("Control+Home")
    assert viewer.active().startswith("tokyo: unknown, unreachable")
    viewer.press("ArrowRight")
    assert viewer.active() == "click: unknown"
    viewer.press("ArrowDown", "Enter")
    assert viewer.page.evaluate("document.activeElement.id") == "detail-heading"
    viewer.press("Escape")
    assert viewer.page.evaluate("document.activeElement.id") == "grid"


def test_a_package_in_the_head_is_a_filter(view: View) -> None:
    viewer = view(SMALL)
    viewer.page.focus("#grid")
    viewer.press("ArrowUp", "ArrowRight", "ArrowRight")
    assert viewer.active() == "joblib: 1 instance"
    viewer.press("Enter")
    assert viewer.page.input_value("#package") == "joblib"
    assert viewer.names() == ["tokyo", "berlin / SQL02"]


def test_every_control_can_be_reached_and_named(view: View) -> None:
    viewer = view(SMALL)
    unnamed = viewer.page.locator("button, input, select, [role=grid]").evaluate_all(
        "all => all.filter(each => !(each.ariaLabel || each.labels?.length || each.textContent.trim()))"
        ".map(each => each.outerHTML)"
    )
    assert unnamed == []
    rows = viewer.page.get_attribute("#grid", "aria-rowcount")
    assert (rows, viewer.page.get_attribute("#grid", "aria-colcount")) == ("6", "6")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_everything_can_be_read(view: View, scheme: str) -> None:
    viewer = view(fleet_results.fleet(40), fleet_results.fleet(40, seed=9), color_scheme=scheme)
    viewer.page.click(".name")
    texts = (
        ".mark, .sign, .chip, .muted, .name .host, .name .instance, .said span, .why, .head span, h1, h2, h3, .quiet"
    )
    contrasts = viewer.page.locator(texts).evaluate_all(
        f"all => all.map(each => [({CONTRAST})(each), each.className + ' ' + each.textContent.slice(0, 30)])"
    )
    assert len(contrasts) > 100
    assert [each for each in contrasts if each[0] < 4.5] == []


def test_light_and_dark(view: View) -> None:
    background = "getComputedStyle(document.body).backgroundColor"
    viewer = view(SMALL, color_scheme="dark")
    dark = viewer.page.evaluate(background)
    assert viewer.page.get_attribute("#theme", "aria-pressed") == "true"
    viewer.page.click("#theme")
    light = viewer.page.evaluate(background)
    assert light != dark
    viewer.page.reload()
    # What was chosen wins over what the system says.
    assert viewer.page.evaluate(background) == light
    other = view(SMALL, color_scheme="light")
    assert other.page.evaluate(background) == light


@pytest.mark.parametrize("width", [320, 375, 768])
def test_a_phone_needs_no_sideways_scrolling(view: View, width: int) -> None:
    fleet = fleet_results.fleet(60, packages=40) | {
        "a-host-with-a-very-long-name.and.a.very.long.domain.example.com": None
    }
    viewer = view(fleet, fleet_results.fleet(60, seed=9), **{**PHONE, "viewport": {"width": width, "height": 720}})
    viewer.page.click(".name >> nth=8")
    assert viewer.page.evaluate("document.documentElement.scrollWidth") <= width
    # The matrix itself may be scrolled, and leaves room for its cells.
    name, grid = (viewer.page.locator(each).first.bounding_box() for each in (".name", "#grid"))
    assert name["width"] < grid["width"] / 2
    heights = viewer.page.locator("button.chip, #filters input, #filters select").evaluate_all(
        "all => all.map(each => each.offsetHeight)"
    )
    assert min(heights) >= 28


def test_what_is_new_leads_to_its_instance(view: View) -> None:
    before = {"berlin": result(runtime("SQL01", pyodbc="missing", joblib="extra"), runtime("SQL02"))}
    viewer = view({"berlin": result(runtime("SQL01", pyodbc="missing"), runtime("SQL02", click="extra"))}, before)
    assert viewer.text("#since-heading") == "Since the last report 2026-11-20 06:00 UTC"
    assert viewer.page.locator("#since summary").all_inner_texts() == ["1 appeared", "1 fixed"]
    assert viewer.text("#fixed li").endswith("berlin / SQL01: joblib, extra")
    viewer.page.click("#appeared li button")
    assert viewer.text("#detail-heading") == "berlin / SQL02"
    assert viewer.text("#detail li.found").split()[1:3] == ["click", "extra"]


def test_the_first_report_says_that_it_is_the_first(view: View) -> None:
    viewer = view(SMALL)
    assert "the first report" in viewer.text("header")
    assert not viewer.page.is_visible("#since")


def test_a_fleet_without_drift_and_one_without_hosts(view: View) -> None:
    clean = view({"oslo": result(runtime("SQL01"))})
    assert clean.text(".row .said") == "as declared"
    clean.page.click(".name")
    assert "everything is as declared" in clean.text("#detail")
    empty = view({})
    assert empty.text(".empty") == "No instance matches these filters."


def test_what_hosts_say_is_text(view: View) -> None:
    hostile = "</script><img src=x onerror=alert(1)>&amp;\u2028'\"%s"
    told = runtime(hostile, place=hostile, **{hostile: "protected"})
    for each in (*told["drift"], *told["plan"], *told["problems"]):
        each.update({key: hostile for key in each if key != "kind"})
    fleet = {hostile: result(told), f"{hostile}2": {"failed": True, "msg": hostile}}
    viewer = view(fleet, {f"{hostile}2": result(told)})
    viewer.page.click(".row:has(.cell) .name")
    shown = hostile.replace("\u2028", " ")
    assert shown in viewer.text("#detail")
    assert viewer.count("img") == 0
    viewer.page.fill("#package", shown)
    assert len(viewer.names()) == 2
    assert viewer.page.evaluate("location.hash").startswith("#%3C")


def test_ten_thousand_instances_cost_no_more_elements_than_a_hundred(view: View) -> None:
    count = "document.querySelectorAll('#grid *').length"
    small, large = view(fleet_results.fleet(75, packages=60)), view(fleet_results.fleet(7700, packages=60))
    assert len(large.report.rows) > 10_000
    assert large.page.evaluate(count) < 2 * small.page.evaluate(count)
    last = len(large.report.rows)
    for key in ("PageDown", "End", "Control+End", "PageUp", "Home"):
        large.page.focus("#grid")
        large.press(key)
        assert large.page.evaluate(count) < 2 * small.page.evaluate(count)
    large.press("Control+End")
    assert large.page.locator(f".row[aria-rowindex='{last + 1}']").count() == 1
    large.page.mouse.move(600, 700)
    large.page.mouse.wheel(0, -50_000)
    sync_api.expect(large.page.locator(f".row[aria-rowindex='{last + 1}']")).to_have_count(0)
    assert 10 < large.count(".row") < 60


def test_hundreds_of_packages_cost_no_more_elements_than_dozens(view: View) -> None:
    few, many = (view(fleet_results.fleet(300, packages=packages)) for packages in (50, 400))
    assert len(many.report.packages) > 5 * len(few.report.packages)
    assert many.count("#grid *") < 1.5 * few.count("#grid *")
    many.page.focus("#grid")
    many.press("ArrowUp", "End")
    assert many.active().startswith(many.report.packages[-1])
    assert many.count("#grid *") < 1.5 * few.count("#grid *")


def test_ten_thousand_instances_can_be_filtered_while_typing(view: View) -> None:
    """Each key is answered by as little work as in a small report: one pass over the data, one screen of elements."""
    observed = """() => { window.added = 0; new MutationObserver(all => all.forEach(each => {
      window.added += each.addedNodes.length; })).observe(document.getElementById('canvas'), {childList: true}); }"""
    added = []
    for hosts in (75, 7700):
        viewer = view(fleet_results.fleet(hosts, packages=60))
        viewer.page.evaluate(observed)
        viewer.page.focus("#host")
        viewer.page.keyboard.type("oslo")
        assert all(name.startswith("sql-oslo") for name in viewer.names())
        added.append(viewer.page.evaluate("window.added"))
    assert added[1] < 3 * added[0]
