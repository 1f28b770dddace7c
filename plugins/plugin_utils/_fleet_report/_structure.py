# Copyright (c) 2026 the mlfleet authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This file is private to mlfleet.packages: it may change in any release.
"""The report as plain data, which docs/report-schema.json describes."""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.mlfleet.packages.plugins.plugin_utils._fleet_report._parts import FleetReport, Row, Since, Step
from ansible_collections.mlfleet.packages.plugins.plugin_utils._fleet_report._since import FORMAT


def plain(report: FleetReport) -> dict[str, t.Any]:
    """Dictionaries, lists, texts and numbers."""
    return {
        "format": FORMAT,
        "generated": report.generated,
        "title": report.title,
        "totals": dataclasses.asdict(report.totals),
        "hosts": [dataclasses.asdict(host) for host in report.hosts],
        "instances": [_row(row) for row in report.rows],
        "packages": list(report.packages),
        "since": _since(report.since) if report.since else None,
    }


def _row(row: Row) -> dict[str, t.Any]:
    # Not asdict for the whole: it copies each text, and there may be a million of them.
    return {
        "host": row.host,
        "instance": row.instance,
        "home": row.home,
        "status": row.status,
        "message": row.message,
        "cells": {package: vars(cell).copy() for package, cell in row.cells.items()},
        "plan": [_step(step) for step in row.plan],
        "problems": [vars(problem).copy() for problem in row.problems],
    }


def _step(step: Step) -> dict[str, t.Any]:
    """As in the result of the task, where the words are `from` and `to`."""
    return {
        "action": step.action,
        "package": step.package,
        "from": step.before,
        "to": step.after,
        "reason": step.reason,
        "wheel": step.wheel,
    }


def _since(since: Since) -> dict[str, t.Any]:
    return {
        "generated": since.generated,
        "appeared": [vars(each).copy() for each in since.appeared],
        "fixed": [vars(each).copy() for each in since.fixed],
    }
