# Copyright (c) 2026 the mlfleet authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Measures commands against each other, in turn: so that what disturbs the machine disturbs them alike."""

from __future__ import annotations

import collections.abc as c
import dataclasses
import os
import statistics
import subprocess
import time

from testbed import package_index


@dataclasses.dataclass(frozen=True)
class Contender:
    """A command to measure, from its start to the end of its output."""

    name: str
    command: tuple[str, ...]
    stdin: bytes = b""


@dataclasses.dataclass(frozen=True)
class Comparison:
    """How many times as long as the peer a contender took."""

    name: str
    ratio: float
    """The median over the rounds; in a round, both ran within the same second or so."""
    low: float
    high: float
    """The middle half of the rounds lies between these."""


def compare(contenders: c.Sequence[Contender], peer: str, rounds: int, warm_up: int = 2) -> list[Comparison]:
    """Runs all contenders in each round, each round beginning with another one."""
    seconds: dict[str, list[float]] = {contender.name: [] for contender in contenders}
    for number in range(warm_up + rounds):
        shift = number % len(contenders)
        for contender in [*contenders[shift:], *contenders[:shift]]:
            taken = _run(contender)
            if number >= warm_up:
                seconds[contender.name].append(taken)
    return [_compare(name, taken, seconds[peer]) for name, taken in seconds.items()]


def _compare(name: str, own: list[float], others: list[float]) -> Comparison:
    single = [one / other for one, other in zip(own, others, strict=True)]
    low, middle, high = statistics.quantiles(single, n=4, method="inclusive")
    return Comparison(name, middle, low, high)


def _run(contender: Contender) -> float:
    environment = package_index.isolated(os.environ)
    begin = time.perf_counter()
    done = subprocess.run(contender.command, input=contender.stdin, capture_output=True, env=environment, check=False)
    taken = time.perf_counter() - begin
    if done.returncode != 0:
        raise SystemExit(f"{contender.name} ended with {done.returncode}: {done.stderr.decode(errors='replace')}")
    return taken
