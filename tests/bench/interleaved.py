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


def _nothing() -> None:
    pass


def _anything(output: bytes) -> None:
    pass


@dataclasses.dataclass(frozen=True)
class Contender:
    """A command to measure, from its start to the end of its output."""

    name: str
    command: tuple[str, ...]
    stdin: bytes = b""
    prepare: c.Callable[[], None] = _nothing
    """Called before each run, outside of what is measured."""
    check: c.Callable[[bytes], None] = _anything
    """Called with what a run printed; raises SystemExit if that is not the whole work."""


@dataclasses.dataclass(frozen=True)
class Comparison:
    """How many times as long as the peer a contender took."""

    name: str
    ratio: float
    """The median over the rounds; in a round, both ran within the same second or so."""
    low: float
    high: float
    """The middle half of the rounds lies between these."""

    def row(self) -> str:
        """As a row of a table."""
        return f"| {self.name} | {self.ratio:.2f} | ({self.low:.2f} to {self.high:.2f}) |"


def compare(contenders: c.Sequence[Contender], peer: str, rounds: int, warm_up: int = 2) -> list[Comparison]:
    """All contenders against one of them."""
    seconds = measure(contenders, rounds, warm_up)
    return [relate(name, taken, seconds[peer]) for name, taken in seconds.items()]


def measure(contenders: c.Sequence[Contender], rounds: int, warm_up: int = 2) -> dict[str, list[float]]:
    """Runs all contenders in each round, each round beginning with another one; the seconds of each."""
    seconds: dict[str, list[float]] = {contender.name: [] for contender in contenders}
    for number in range(warm_up + rounds):
        shift = number % len(contenders)
        for contender in [*contenders[shift:], *contenders[:shift]]:
            taken = _run(contender)
            if number >= warm_up:
                seconds[contender.name].append(taken)
    return seconds


def relate(name: str, own: c.Sequence[float], others: c.Sequence[float]) -> Comparison:
    """What somebody took in each round, against what another one took in the same round."""
    single = [one / other for one, other in zip(own, others, strict=True)]
    low, middle, high = statistics.quantiles(single, n=4, method="inclusive")
    return Comparison(name, middle, low, high)


def _run(contender: Contender) -> float:
    environment = package_index.isolated(os.environ)
    contender.prepare()
    begin = time.perf_counter()
    done = subprocess.run(contender.command, input=contender.stdin, capture_output=True, env=environment, check=False)
    taken = time.perf_counter() - begin
    if done.returncode != 0:
        raise SystemExit(
            f"{contender.name} ended with {done.returncode}: {(done.stderr or done.stdout).decode(errors='replace')}"
        )
    contender.check(done.stdout)
    return taken
