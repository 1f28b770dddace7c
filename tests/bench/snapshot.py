# Copyright (c) 2026 the mlfleet authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The agent's snapshot against its floor and against what else lists an environment."""

from __future__ import annotations

import pathlib

from bench import environments, interleaved
from bench.agent_command import ALL, REQUIREMENTS, agent_snapshot_command, distributions_seen
from bench.environments import Environment
from bench.interleaved import Comparison, Contender

ROUNDS = 31
FLOOR = "`python -I -S -c pass`"

METADATA_LOOP = """
import importlib.metadata
for found in importlib.metadata.distributions():
    print(found.metadata["Name"], found.version, found.requires)
"""

HEAD = f"""## What a snapshot of a runtime costs

The commands of a table run in turn, {ROUNDS} rounds after two for warming up, each as a process of its own, timed from
its start to the end of its output.

The environments hold real distributions (`tests/bench/distributions-*.txt`). The agent reports, besides the
facts of the interpreter, name, version, location, kind of record and requirements of each, or all that it knows; the
loop over `importlib.metadata` reads name, version and requirements; `pip list` reads name and version, and is told not
to ask for a newer pip.

Without `-S`, Python also runs what the distributions put into `.pth` files. The agent starts with `-S`, as the first
row does; the others cannot.
"""


def contenders(python: pathlib.Path) -> list[Contender]:
    pip_list = (str(python), "-m", "pip", "list", "--format=json", "--disable-pip-version-check")
    return [
        Contender(FLOOR, (str(python), "-I", "-S", "-c", "pass")),
        Contender("`python -I -c pass`", (str(python), "-I", "-c", "pass")),
        Contender("the agent's snapshot: names, versions, requirements", *agent_snapshot_command(python, REQUIREMENTS)),
        Contender("the agent's snapshot: all that it knows", *agent_snapshot_command(python, ALL)),
        Contender("a loop over `importlib.metadata`", (str(python), "-I", "-c", METADATA_LOOP)),
        Contender("`python -m pip list --format=json`", pip_list),
    ]


def table(environment: Environment, comparisons: list[Comparison]) -> str:
    rows = [one.row() for one in comparisons]
    title = f"### {environment.distributions} distributions"
    return "\n".join([title, "", f"| command | times {FLOOR} | middle half |", "| --- | ---: | --- |", *rows, ""])


def check(environment: Environment) -> None:
    """Every way of listing must have listed the same, or their times say nothing about each other."""
    seen = {detail: distributions_seen(environment.python, detail) for detail in (REQUIREMENTS, ALL)}
    if set(seen.values()) != {environment.distributions}:
        raise SystemExit(f"the agent saw {seen} of {environment.distributions} distributions")


def section() -> str:
    """The part of the benchmark page."""
    prepared = [environments.small(), environments.large()]
    for one in prepared:
        check(one)
    measured = [(one, interleaved.compare(contenders(one.python), FLOOR, ROUNDS)) for one in prepared]
    return "\n".join([HEAD, *(table(environment, comparisons) for environment, comparisons in measured)])
