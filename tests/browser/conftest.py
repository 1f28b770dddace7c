# Copyright (c) 2026 the mlfleet authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A real browser that looks at a report, and complains of whatever the page does besides."""

from __future__ import annotations

import collections.abc as c
import contextlib
import pathlib
import typing as t

import pytest
from ansible_collections.mlfleet.packages.plugins.plugin_utils._fleet_report import _files, _merge, _since, _structure
from ansible_collections.mlfleet.packages.plugins.plugin_utils._fleet_report._parts import FleetReport

from testbed import chromium


class Viewer:
    """One report in one window. What it logs or asks of a network is a failure of the test."""

    def __init__(self, browser: t.Any, folder: pathlib.Path, report: FleetReport, **options: t.Any) -> None:
        _files.write(report, folder)
        self.report = report
        self.url = (folder / "report.html").as_uri()
        self.complaints: list[str] = []
        self.page = browser.new_page(**{"viewport": {"width": 1280, "height": 860}, **options})
        self.page.on("console", lambda message: self.complaints.append(f"console: {message.text}"))
        self.page.on("pageerror", lambda error: self.complaints.append(f"error: {error}"))
        self.page.on("request", self._requested)
        self.page.goto(self.url)

    def _requested(self, request: t.Any) -> None:
        if request.url.partition("#")[0] != self.url:
            self.complaints.append(f"request: {request.url}")

    def count(self, selector: str) -> int:
        return int(self.page.locator(selector).count())

    def text(self, selector: str) -> str:
        return str(self.page.inner_text(selector))

    def press(self, *keys: str) -> None:
        for key in keys:
            self.page.keyboard.press(key)

    def names(self) -> list[str]:
        """The instances that are drawn, from top to bottom."""
        found = self.page.locator(".row").evaluate_all(
            "rows => rows.sort((a, b) => parseInt(a.style.top) - parseInt(b.style.top))"
            ".map(row => row.querySelector('.name').title)"
        )
        return [str(name) for name in found]

    def cells(self) -> dict[str, dict[str, str]]:
        """Instance to package and letter, of what is drawn."""
        found = self.page.locator(".row").evaluate_all(
            "rows => rows.map(row => [row.querySelector('.name').title, [...row.querySelectorAll('.cell.drift')].map("
            "cell => [cell.getAttribute('aria-label').split(':')[0], cell.querySelector('.mark').textContent])])"
        )
        return {name: dict(cells) for name, cells in found}

    def active(self) -> str:
        """What a screen reader says where the cursor of the matrix stands."""
        return str(
            self.page.evaluate(
                "() => document.getElementById(document.getElementById('grid').getAttribute('aria-activedescendant'))"
                ".getAttribute('aria-label')"
            )
        )


def merge(results: dict[str, t.Any], before: dict[str, t.Any] | None = None) -> FleetReport:
    earlier = None
    if before is not None:
        earlier = _since.earlier(_structure.plain(_merge.merge(before, "", "2026-11-20T06:00:00Z")))
    return _merge.merge(results, "Package drift", "2026-11-21T06:00:12Z", earlier)


@pytest.fixture(scope="session")
def browser() -> c.Iterator[t.Any]:
    program = chromium.find()
    if program is None:
        pytest.skip("needs chromium")
    with chromium.started(program) as started:
        yield started


@pytest.fixture
def view(browser: t.Any, tmp_path: pathlib.Path) -> c.Iterator[t.Callable[..., Viewer]]:
    """Opens reports; at the end, none of them may have complained."""
    with contextlib.ExitStack() as opened:
        viewers: list[Viewer] = []

        def show(results: dict[str, t.Any], before: dict[str, t.Any] | None = None, **options: t.Any) -> Viewer:
            viewer = Viewer(browser, tmp_path / str(len(viewers)), merge(results, before), **options)
            opened.callback(viewer.page.close)
            viewers.append(viewer)
            return viewer

        yield show
        assert [complaint for viewer in viewers for complaint in viewer.complaints] == []
