# Copyright (c) 2026 the mlfleet authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This file is private to mlfleet.packages: it may change in any release.
"""The report as one HTML file that needs nothing else: no server, no network, no other file."""

from __future__ import annotations

import base64
import collections.abc as c
import hashlib
import html
import json
import pathlib
import string
import typing as t

from ansible_collections.mlfleet.packages.plugins.plugin_utils._fleet_report._parts import (
    Finding,
    FleetReport,
    Row,
)

_PARTS = pathlib.Path(__file__).parent


def page(report: FleetReport) -> str:
    """The page. Whatever a host says is in it as data only, and put on the screen as text only."""
    style, script = _part("page.css"), _part("page.js")
    return string.Template(_part("page.html")).substitute(
        title=html.escape(report.title),
        sentence=html.escape(report.totals.sentence()),
        generated=html.escape(report.generated),
        style=style,
        style_hash=_source_hash(style),
        script=script,
        script_hash=_source_hash(script),
        data=_embedded(packed(report)),
    )


def packed(report: FleetReport) -> dict[str, t.Any]:
    """The data of the page. Each text is in it once: a fleet drifts in the same few ways, thousands of times."""
    texts = _Texts()
    since = report.since
    return {
        "title": report.title,
        "generated": report.generated,
        "rows": [_row(row, texts) for row in report.rows],
        "since": since
        and {
            "generated": since.generated,
            "appeared": [_finding(each, texts) for each in since.appeared],
            "fixed": [_finding(each, texts) for each in since.fixed],
        },
        # Last, because only now all are known.
        "texts": texts.all,
    }


class _Texts:
    """Texts by number; number 0 stands for none."""

    def __init__(self) -> None:
        self._numbers: dict[str | None, int] = {None: 0}

    def __call__(self, *texts: str | None) -> list[int]:
        return [self._numbers.setdefault(text, len(self._numbers)) for text in texts]

    @property
    def all(self) -> list[str | None]:
        return list(self._numbers)


def _row(row: Row, texts: _Texts) -> list[t.Any]:
    cells = (texts(name, cell.kind, cell.have, cell.want, cell.why) for name, cell in row.cells.items())
    plan = (texts(each.action, each.package, each.before, each.after, each.reason, each.wheel) for each in row.plan)
    problems = (texts(each.kind, each.package, each.detail) for each in row.problems)
    lists = [_flat(cells), _flat(plan), _flat(problems)]
    while lists and not lists[-1]:
        lists.pop()
    return [*texts(row.host, row.instance, row.home, row.status, row.message), *lists]


def _flat(lists: c.Iterable[list[int]]) -> list[int]:
    return [number for each in lists for number in each]


def _finding(each: Finding, texts: _Texts) -> list[int]:
    return texts(each.host, each.instance, each.home, each.package, each.kind)


def _embedded(data: t.Any) -> str:
    """JSON that an HTML parser cannot take for anything else: https://html.spec.whatwg.org/#restrictions-for-contents-of-script-elements"""
    text = json.dumps(data, ensure_ascii=True, separators=(",", ":"))
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def _part(name: str) -> str:
    return (_PARTS / name).read_text(encoding="utf-8")


def _source_hash(text: str) -> str:
    """What the Content-Security-Policy allows: https://www.w3.org/TR/CSP3/#grammardef-hash-source"""
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"
