# Copyright (c) 2026 the mlfleet authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What forked workers tell each other, and that it never changes what anyone finds."""

from __future__ import annotations

import collections.abc as c
import os
import pathlib
import signal
import typing as t
from unittest import mock

import pytest
from ansible_collections.mlfleet.packages.plugins.plugin_utils import _flaws, _packages
from ansible_collections.mlfleet.packages.plugins.plugin_utils._flaws import Flaws
from ansible_collections.mlfleet.packages.plugins.plugin_utils._packages import Package
from ansible_collections.mlfleet.packages.plugins.plugin_utils._shared_notes import SharedNotes

from testbed.plan_calls import SQL2019, World
from testbed.wheels import Wheel

BROKEN = (Wheel("alpha", requires=("beta>=2", "gamma", "delta>=2011k")), Wheel("beta"), Wheel("delta"))


def never() -> t.NoReturn:
    raise AssertionError("it was worked out again")


def forked(work: c.Callable[[], object]) -> int:
    """The exit status of a child that does this: 0 where it comes to its end."""
    child = os.fork()
    if child == 0:
        code = 1
        try:
            work()
            code = 0
        finally:
            os._exit(code)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def test_what_one_worker_worked_out_serves_the_next() -> None:
    notes = SharedNotes()
    assert forked(lambda: notes.text("about", lambda: "found")) == 0
    found: list[str] = []
    assert forked(lambda: notes.text("about", never)) == 0
    found.append(notes.text("about", never))
    assert found == ["found"]
    assert forked(lambda: notes.text("something else", never)) == 1


@pytest.mark.parametrize("texts", [["", "ä\ud800", "x" * 3000], [str(number) for number in range(200)]])
def test_each_note_is_found_by_what_it_is_about(texts: list[str]) -> None:
    notes = SharedNotes()
    for text in texts:
        assert notes.text(f"about {text}", lambda text=text: text) == text  # type: ignore[misc]
    assert [notes.text(f"about {text}", never) for text in texts] == texts


def test_when_it_is_full_everyone_works_alone() -> None:
    notes = SharedNotes(size=100)
    assert notes.text("first", lambda: "a" * 30) == notes.text("first", never)
    assert notes.text("second", lambda: "b" * 30) == "b" * 30
    assert notes.text("second", lambda: "c") == "c"
    assert notes.text("first", never) == "a" * 30


def test_a_worker_that_is_killed_while_writing_stops_nobody() -> None:
    notes = SharedNotes()
    notes.text("before", lambda: "kept")
    with mock.patch.object(SharedNotes, "_used", lambda _notes: os.kill(os.getpid(), signal.SIGKILL)):
        assert forked(lambda: notes._add(b"d" * 32, b"never seen")) == -signal.SIGKILL
    assert notes.text("before", never) == "kept"
    assert notes.text("after", lambda: "alone") == "alone"


def installed(*wheels: Wheel) -> dict[str, Package]:
    return _packages.installed(World(pathlib.Path(), wheels).snapshot())


def found(packages: dict[str, Package], notes: SharedNotes, **environment: str) -> Flaws:
    return _flaws.flaws(packages, {**SQL2019.markers, **environment}, notes)


def test_noted_flaws_are_those_that_were_found() -> None:
    notes, packages = SharedNotes(), installed(*BROKEN)
    first = found(packages, notes)
    with mock.patch.object(_packages, "breaches", side_effect=never):
        assert found(installed(*BROKEN), notes) == first
    assert first.breaches == _packages.breaches(packages, SQL2019.markers)
    assert first.unverifiable == _packages.unverifiable(packages, SQL2019.markers)
    assert [breach.sentence() for breach in first.breaches] == [
        "alpha 1.0 needs beta>=2, and beta 1.0 is there",
        "alpha 1.0 needs gamma, and it is not there",
    ]
    assert [need.name for _package, need in first.unverifiable] == ["delta"]


@pytest.mark.parametrize(
    "other",
    [
        (Wheel("alpha", requires=("beta>=1", "gamma")), Wheel("beta"), Wheel("delta")),
        (*BROKEN[:1], Wheel("beta", "2.0"), Wheel("delta")),
        (*BROKEN, Wheel("gamma")),
        BROKEN[1:],
    ],
)
def test_other_packages_have_flaws_of_their_own(other: tuple[Wheel, ...]) -> None:
    notes = SharedNotes()
    found(installed(*BROKEN), notes)
    assert found(installed(*other), notes).breaches == _packages.breaches(installed(*other), SQL2019.markers)


def test_another_environment_has_flaws_of_its_own() -> None:
    notes, packages = SharedNotes(), installed(Wheel("alpha", requires=("beta; sys_platform == 'win32'",)))
    assert len(found(packages, notes).breaches) == 1
    assert found(packages, notes, sys_platform="linux").breaches == ()
