# Copyright (c) 2026 the mlfleet authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs all benchmarks and writes docs/benchmarks.md."""

from __future__ import annotations

import datetime
import pathlib
import platform

from bench import controller, environments, fleet, locking, noop, snapshot, staging, thirty_wheels

PAGE = pathlib.Path(__file__).resolve().parents[2] / "docs" / "benchmarks.md"
# In the order of the page.
SECTIONS = (
    snapshot.section,
    noop.section,
    thirty_wheels.section,
    controller.section,
    fleet.section,
    staging.section,
    locking.section,
)

HEAD = """<!--
Copyright (c) 2026 the mlfleet authors
GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
SPDX-License-Identifier: GPL-3.0-or-later
-->

# Benchmarks

Written by `make bench`; run it to repeat them. The first run downloads the distributions, so it needs a package index.

Only ratios are given: they say something about the program, where seconds say something about the machine. Each round
gives the ratio of a command to the one that it is compared with; shown is the median of all rounds, and in brackets
where the middle half of them lies.

Measured on {date} with CPython {python} on {system}, {machine}.
"""


def page() -> str:
    head = HEAD.format(
        date=datetime.datetime.now(tz=datetime.timezone.utc).date(),
        python=environments.small().interpreter.name,
        system=platform.system(),
        machine=platform.machine(),
    )
    return "\n".join([head, *(section() for section in SECTIONS)])


if __name__ == "__main__":
    whole = page()
    PAGE.write_text(whole)
    print(whole)
