# Copyright (c) 2026 the mlfleet authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Any world of wheels: the proof finds what a second look finds, and both resolvers agree on what can be had."""

from __future__ import annotations

import collections.abc as c
import dataclasses
import pathlib
import re
import tempfile

import hypothesis
import hypothesis.strategies as st
import pytest
from ansible_collections.mlfleet.packages.plugins.plugin_utils import _candidates, _declaration, _wheel
from ansible_collections.mlfleet.packages.plugins.plugin_utils._locking import _closure, _resolver, _targets, _uv
from ansible_collections.mlfleet.packages.plugins.plugin_utils._locking._indexes import Indexes
from ansible_collections.mlfleet.packages.plugins.plugin_utils._locking._request import (
    Goal,
    LockedWheel,
    Question,
    Request,
    Unresolvable,
)
from packaging.requirements import Requirement

from testbed.wheels import Wheel

# A busy machine is no fault of the code.
UNHURRIED = hypothesis.settings(deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow])
NAMES = ("a", "b", "c", "d")
SPECIFIERS = st.sampled_from(["", ">=2", "<2", "==1.0", "!=2.0", ">=1,<3", ">=4"])
MARKERS = st.sampled_from(["", "", "sys_platform == 'win32'", "sys_platform == 'linux'", "python_version < '3.8'"])
EXTRAS = st.sampled_from(["", "", "[x]"])


@st.composite
def requirements(draw: st.DrawFn, names: c.Sequence[str] = NAMES) -> str:
    text = f"{draw(st.sampled_from(names))}{draw(EXTRAS)}{draw(SPECIFIERS)}"
    marker = draw(MARKERS)
    return f"{text}; {marker}" if marker else text


@st.composite
def wheels(draw: st.DrawFn, name: str, version: str) -> Wheel:
    others = [each for each in NAMES if each != name]
    plain = draw(st.lists(requirements(others), max_size=2))
    extra = draw(st.lists(requirements(others), max_size=1))
    return Wheel(name, version, requires=tuple(plain), extras={"x": tuple(extra)})


@st.composite
def one_of_each(draw: st.DrawFn) -> list[Wheel]:
    names = draw(st.lists(st.sampled_from(NAMES), unique=True))
    return [draw(wheels(name, draw(st.sampled_from(["1.0", "2.0", "3.0"])))) for name in names]


def goal(base: c.Mapping[str, str]) -> Goal:
    (made,) = _targets.goals([{"name": "x", "python": "3.7.1", "platform": "win_amd64", "base": dict(base)}], [])
    return made


def described(wheel: Wheel) -> _candidates.Wheel:
    return _wheel.described(wheel.expected_file_name(), wheel.metadata_text(), "x")


def unmet(
    roots: c.Iterable[str], locked: c.Sequence[Wheel], base: c.Mapping[str, str], environment: c.Mapping[str, str]
) -> set[str]:
    """The names that a second look misses, by packaging alone: extras are followed until nothing is new."""
    there = {**base, **{wheel.name: wheel.version for wheel in locked}}
    by_name = {wheel.name: wheel for wheel in locked}
    open_texts = [*roots, *(text for wheel in locked for text in wheel.requires)]
    seen: set[str] = set()
    missing = set()
    while open_texts:
        text = open_texts.pop()
        each = Requirement(text)
        if text in seen or (each.marker and not each.marker.evaluate({**environment, "extra": ""})):
            continue
        seen.add(text)
        if each.name not in there or not each.specifier.contains(there[each.name], prereleases=True):
            missing.add(each.name)
        if "x" in each.extras and each.name in by_name:
            open_texts += by_name[each.name].extras["x"]
    return missing


@UNHURRIED
@hypothesis.given(
    st.lists(requirements(), max_size=2), one_of_each(), st.dictionaries(st.sampled_from(NAMES), st.just("1.0"))
)
def test_the_proof_finds_what_a_second_look_finds(roots: list[str], locked: list[Wheel], base: dict[str, str]) -> None:
    made = goal(base)
    environment = made.target.environment
    entries = [_declaration.entry("packages", text) for text in roots]
    entries = [entry for entry in entries if entry.applies(environment)]
    found = _closure.prove(made.target, entries, map(described, locked), made.base)
    named = {re.sub(r"[^a-z].*", "", gap.partition(" needs ")[2]) for gap in found.gaps}
    assert named == unmet(roots, locked, base, environment)


@dataclasses.dataclass(frozen=True)
class World:
    """What is offered, what is there, and what is wanted."""

    offered: list[Wheel]
    base: dict[str, str]
    roots: list[str]

    def question(self, folder: pathlib.Path, cache: pathlib.Path) -> Question:
        (folder / "offered").mkdir()
        for wheel in self.offered:
            wheel.write(folder / "offered")
        made = goal(self.base)
        entries = tuple(_declaration.entry("packages", text) for text in self.roots)
        indexes = Indexes((), (str(folder / "offered"),))
        request = Request(entries, (), {}, frozenset(), indexes, cache)
        applying = tuple(entry for entry in entries if entry.applies(made.target.environment))
        return Question(made, request, applying, {})


@st.composite
def worlds(draw: st.DrawFn) -> World:
    releases = draw(
        st.lists(st.tuples(st.sampled_from(NAMES), st.sampled_from(["1.0", "2.0", "3.0"])), unique=True, max_size=7)
    )
    base = draw(st.dictionaries(st.sampled_from(NAMES), st.sampled_from(["1.0", "2.0"]), max_size=2))
    roots = draw(st.lists(requirements(), min_size=1, max_size=2))
    return World([draw(wheels(name, version)) for name, version in releases], base, roots)


def outcome(
    lock: c.Callable[[Question, float], tuple[LockedWheel, ...]], question: Question
) -> tuple[LockedWheel, ...] | None:
    try:
        return lock(question, 60)
    except Unresolvable:
        return None


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> pathlib.Path:
    """One for all examples: uv first has to learn what the interpreter is that runs it."""
    return tmp_path_factory.mktemp("cache")


@pytest.mark.slow
@hypothesis.settings(UNHURRIED, max_examples=50)
@hypothesis.given(worlds())
def test_both_resolvers_agree_on_what_can_be_had_and_what_they_lock_is_closed(
    cache: pathlib.Path, world: World
) -> None:
    by_file = {wheel.expected_file_name(): wheel for wheel in world.offered}
    with tempfile.TemporaryDirectory() as folder:
        question = world.question(pathlib.Path(folder), cache)
        found = {name: outcome(lock, question) for name, lock in (("uv", _uv.lock), ("ours", _resolver.lock))}
    for name, locked in found.items():
        if locked is not None:
            chosen = [described(by_file[wheel.file_name]) for wheel in locked]
            proof = _closure.prove(question.goal.target, question.entries, chosen, question.goal.base)
            assert proof.gaps == (), name
    assert (found["uv"] is None) == (found["ours"] is None)
