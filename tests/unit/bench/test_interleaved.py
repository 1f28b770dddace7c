# Copyright (c) 2026 the mlfleet authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The measuring itself: commands take turns, and a failing one is no measurement."""

from __future__ import annotations

import pathlib
import sys
import time
import typing as t

import pytest

from bench import interleaved
from bench.interleaved import Contender

COPY_STDIN = "import sys; open(sys.argv[1], 'ab').write(sys.stdin.buffer.read())"


def contender(name: str, code: str, *arguments: str, **more: t.Any) -> Contender:
    return Contender(name, (sys.executable, "-I", "-S", "-c", code, *arguments), **more)


def test_each_round_begins_with_another_command(tmp_path: pathlib.Path) -> None:
    trace = tmp_path / "trace"
    all_three = [contender(name, COPY_STDIN, str(trace), stdin=name.encode()) for name in "abc"]
    interleaved.compare(all_three, "a", rounds=3, warm_up=1)
    assert trace.read_text() == "abcbcacababc"


def test_ratios_are_against_the_named_peer() -> None:
    slow, quick = contender("slow", "import time; time.sleep(0.5)"), contender("quick", "pass")
    against_quick = {one.name: one for one in interleaved.compare([slow, quick], "quick", rounds=3)}
    assert (against_quick["quick"].ratio, against_quick["quick"].low, against_quick["quick"].high) == (1.0, 1.0, 1.0)
    assert 1 < against_quick["slow"].low <= against_quick["slow"].high


def test_a_command_that_fails_is_named() -> None:
    with pytest.raises(SystemExit, match=r"broken ended with 1: (.|\n)*ZeroDivisionError"):
        interleaved.compare([contender("broken", "1/0")], "broken", rounds=1)


def test_what_is_prepared_does_not_count(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = [0.0]
    monkeypatch.setattr(time, "perf_counter", lambda: clock[0])
    prepared = contender("a", "pass", prepare=lambda: clock.append(clock.pop() + 100))
    assert interleaved.measure([prepared], rounds=2, warm_up=0) == {"a": [0.0, 0.0]}
    assert clock == [200.0]


def test_each_run_is_prepared_and_its_output_checked() -> None:
    trace: list[str] = []
    checked = contender(
        "a", "print('done')", prepare=lambda: trace.append("prepared"), check=lambda out: trace.append(out.decode())
    )
    interleaved.measure([checked], rounds=1, warm_up=1)
    assert trace == ["prepared", "done\n"] * 2


def test_the_ratio_is_taken_in_each_round() -> None:
    one = interleaved.relate("half", [1.0, 20.0, 3.0], [2.0, 10.0, 6.0])
    assert (one.low, one.ratio, one.high) == (0.5, 0.5, 1.25)
    assert one.row() == "| half | 0.50 | (0.50 to 1.25) |"
