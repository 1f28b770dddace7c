# Copyright (c) 2026 the mlfleet authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The agent's snapshot against its floor and against what else lists an environment; writes docs/benchmarks.md."""

from __future__ import annotations

import datetime
import pathlib
import platform

from bench import agent_command, environments, interleaved
from bench.environments import Environment
from bench.interleaved import Comparison, Contender

PAGE = pathlib.Path(__file__).resolve().parents[2] / "docs" / "benchmarks.md"
ROUNDS = 21
FLOOR = "`python -I -S -c pass`"

METADATA_LOOP = """
import importlib.metadata
for found in importlib.metadata.distributions():
    print(found.metadata["Name"], found.version, found.requires)
"""

HEAD = """<!--
Copyright (c) 2026 the mlfleet authors
GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
SPDX-License-Identifier: GPL-3.0-or-later
-->

# Benchmarks

Written by `make bench`; run it to repeat them. The first run downloads the distributions, so it needs a package index.

Only ratios are given: they say something about the program, where seconds say something about the machine. The
commands of a table run in turn, {rounds} rounds after two for warming up, each as a process of its own, timed from its
start to the end of its output. A ratio is the median of a command over the median of the first one; the middle half of
the single rounds lies between the two figures in brackets.

Measured on {date} with CPython {python} on {system}, {machine}.

## What a snapshot of a runtime costs

The environments hold real distributions (`tests/bench/distributions-*.txt`). The agent reports name, version, location,
requirements, installer and kind of record of each, and the facts of the interpreter; the loop over
`importlib.metadata` reads name, version and requirements; `pip list` reads name and version, and is told not to ask for
a newer pip.

`python -I` alone also runs what the distributions put into `.pth` files, which grows with their number.
"""


def contenders(python: pathlib.Path) -> list[Contender]:
    command, stdin = agent_command.agent_snapshot_command(python)
    pip_list = (str(python), "-m", "pip", "list", "--format=json", "--disable-pip-version-check")
    return [
        Contender(FLOOR, (str(python), "-I", "-S", "-c", "pass")),
        Contender("`python -I -c pass`", (str(python), "-I", "-c", "pass")),
        Contender(agent_command.LABEL, command, stdin),
        Contender("a loop over `importlib.metadata`", (str(python), "-I", "-c", METADATA_LOOP)),
        Contender("`python -m pip list --format=json`", pip_list),
    ]


def table(environment: Environment, comparisons: list[Comparison]) -> str:
    rows = [f"| {one.name} | {one.ratio:.2f} | ({one.low:.2f} to {one.high:.2f}) |" for one in comparisons]
    title = f"### {environment.distributions} distributions"
    return "\n".join([title, "", f"| command | times {FLOOR} | middle half |", "| --- | ---: | --- |", *rows, ""])


def page(measured: list[tuple[Environment, list[Comparison]]]) -> str:
    head = HEAD.format(
        rounds=ROUNDS,
        date=datetime.datetime.now(tz=datetime.timezone.utc).date(),
        python=measured[0][0].interpreter.name,
        system=platform.system(),
        machine=platform.machine(),
    )
    return "\n".join([head, *(table(environment, comparisons) for environment, comparisons in measured)])


def main() -> None:
    prepared = [environments.small(), environments.large()]
    measured = [(one, interleaved.compare(contenders(one.python), FLOOR, ROUNDS)) for one in prepared]
    PAGE.write_text(page(measured))
    print(*(table(*one) for one in measured), sep="\n")


if __name__ == "__main__":
    main()
