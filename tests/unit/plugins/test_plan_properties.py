# Copyright (c) 2026 the mlfleet authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What holds for the plan of any world; where pip has an opinion, pip is asked."""

from __future__ import annotations

import collections.abc as c
import dataclasses
import os
import pathlib
import subprocess
import sys
import tempfile
from unittest import mock

import pytest
from ansible_collections.mlfleet.packages.plugins.plugin_utils import _packages, _plan
from ansible_collections.mlfleet.packages.plugins.plugin_utils._errors import HostProblem
from ansible_collections.mlfleet.packages.plugins.plugin_utils._need import Needs
from ansible_collections.mlfleet.packages.plugins.plugin_utils._plan_parts import Plan
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from packaging.requirements import Requirement

from testbed import package_index
from testbed.plan_calls import World, details
from testbed.wheels import Wheel

NAMES = ("alpha", "beta", "gamma", "delta")
VERSIONS = ("1.0", "2.0", "3.0")
SPECIFIERS = ("", "==1.0", "==2.0", ">=2", "<3", "<2", "!=2.0", ">=9")
# The plan of a world takes milliseconds, pip's answer half a second.
MANY, FEW = 600, 40

needs = st.builds("{}{}".format, st.sampled_from(NAMES), st.sampled_from(SPECIFIERS))


def universes(most_needs: int) -> st.SearchStrategy[list[Wheel]]:
    """A release has the same metadata wherever it is met: here that is decided once for each release of a world."""
    each = st.lists(needs, max_size=most_needs, unique=True)
    return st.fixed_dictionaries({(name, version): each for name in NAMES for version in VERSIONS}).map(
        lambda found: [Wheel(*release, requires=tuple(requires)) for release, requires in found.items()]
    )


@dataclasses.dataclass(frozen=True)
class Releases:
    """What of a universe is installed, and what is offered."""

    installed: list[Wheel]
    offered: list[Wheel]


def one_per_name(found: c.Iterable[Wheel]) -> list[Wheel]:
    return list({wheel.name: wheel for wheel in found}.values())


def as_entries(declared: c.Mapping[str, tuple[str, str]]) -> list[dict[str, str]]:
    return [
        {"name": name, "version": specifier, "state": state}
        for name, (specifier, state) in declared.items()
        if not (state == "reinstalled" and specifier)
    ]


def releases_of(universe: list[Wheel]) -> st.SearchStrategy[Releases]:
    return st.builds(
        Releases,
        st.lists(st.sampled_from(universe), max_size=4).map(one_per_name),
        st.lists(st.sampled_from(universe), max_size=9, unique_by=lambda wheel: (wheel.name, wheel.version)),
    )


worlds = universes(2).flatmap(releases_of)
# In most of the others something is broken from the beginning.
calm_worlds = st.one_of(universes(0), universes(1)).flatmap(releases_of)
states = st.sampled_from(("present", "present", "present", "absent", "latest"))
declarations = st.dictionaries(
    st.sampled_from(NAMES), st.tuples(st.sampled_from(SPECIFIERS), states), min_size=1, max_size=3
).map(as_entries)
baselines = st.lists(st.sampled_from(NAMES), max_size=2).map(lambda names: ["pip", *names])
modes = st.sampled_from(("present", "exact"))


def broken(packages: c.Iterable[Wheel]) -> set[tuple[str, str]]:
    """What pip check would report, worked out from the descriptions of the wheels."""
    there = {wheel.name: wheel for wheel in packages}
    found = set()
    for wheel in there.values():
        for text in wheel.requires:
            need = Requirement(text)
            if need.name not in there or not need.specifier.contains(there[need.name].version):
                found.add((f"{wheel.name}=={wheel.version}", text))
    return found


def afterwards(before: c.Sequence[Wheel], choice: c.Sequence[Wheel], plan: Plan) -> list[Wheel]:
    """Carries the actions out, on descriptions of wheels; they come to the planned end, and break nothing."""
    there = {wheel.name: wheel for wheel in before}
    releases = {(wheel.name, wheel.version): wheel for wheel in choice}
    for action in plan.actions:
        assert (there[action.package].version if action.package in there else None) == (
            action.before.raw if action.before else None
        )
        if action.after is None:
            del there[action.package]
        else:
            there[action.package] = releases[action.package, action.after.raw]
    planned = {name: package.raw for name, package in plan.end.items() if name != "pip"}
    assert {wheel.name: wheel.version for wheel in there.values()} == planned
    assert broken(there.values()) <= broken(before)
    return list(there.values())


@settings(max_examples=MANY, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(worlds, declarations, baselines, modes, st.lists(st.sampled_from(NAMES), max_size=1))
def test_any_plan_keeps_its_promises(
    releases: Releases,
    declared: list[dict[str, str]],
    baseline: list[str],
    mode: str,
    allowed: list[str],
) -> None:
    before, choice = releases.installed, releases.offered
    with tempfile.TemporaryDirectory() as folder:
        world = World(pathlib.Path(folder), before, choice, baseline=baseline)
        plan = world.plan(*declared, mode=mode, allow_protected=allowed)
        if plan.problems:
            assert details(plan)
            return
        after = afterwards(before, choice, plan)
        moved = {action.package for action in plan.actions if action.before is not None}
        assert not moved & (set(baseline) - set(allowed))
        for entry in declared:
            fitting = [
                wheel
                for wheel in after
                if wheel.name == entry["name"] and Requirement(f"x{entry['version']}").specifier.contains(wheel.version)
            ]
            assert bool(fitting) == (entry["state"] != "absent")
        again = World(pathlib.Path(folder), after, choice, baseline=baseline).plan(
            *declared, mode=mode, allow_protected=allowed
        )
        assert (again.actions, again.problems) == ((), ())


rebuilt_worlds = st.tuples(universes(1).flatmap(releases_of), universes(1).flatmap(releases_of))
again = st.dictionaries(
    st.sampled_from(NAMES + tuple(f"{name}[more]" for name in NAMES)),
    st.tuples(st.just(""), st.sampled_from(("present", "reinstalled"))),
    min_size=1,
    max_size=3,
).map(as_entries)


@settings(max_examples=MANY, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(rebuilt_worlds, again, modes, st.lists(st.sampled_from(NAMES), max_size=2))
def test_what_is_laid_down_again_from_another_build_breaks_nothing_and_keeps_its_version(
    worlds_of: tuple[Releases, Releases], declared: list[dict[str, str]], mode: str, damaged: list[str]
) -> None:
    before, choice = worlds_of[0].installed, with_an_extra(worlds_of[1].offered)
    with tempfile.TemporaryDirectory() as folder:
        try:
            plan = World(pathlib.Path(folder), before, choice, damaged=damaged).plan(*declared, mode=mode)
        except HostProblem:  # the same package twice
            return
        if plan.problems:
            assert details(plan)
            return
        after = afterwards(before, choice, plan)
        there = {wheel.name for wheel in before}
        wished = {entry["name"].partition("[")[0] for entry in declared if entry["state"] == "reinstalled"}
        # What is broken already, or declared besides, may need another version of it.
        if len(declared) == 1 and not broken(before):
            kinds = {action.package: action.kind for action in plan.actions}
            assert {kinds.get(name) for name in wished & there} <= {"reinstall"}
        second = World(pathlib.Path(folder), after, choice).plan(*declared, mode=mode)
        assert {action.kind for action in second.actions} <= ({"reinstall"} if wished else set())
        assert second.problems == ()


NEEDS = (
    "alpha",
    "Beta>=2",
    " gamma.x <3",
    "gamma-x; python_version > '3'",
    "alpha>=2; extra == 'more'",
    "beta (>=1)",
    "?",
)
packages = st.dictionaries(
    st.sampled_from(("alpha", "beta", "gamma-x")),
    st.tuples(st.sampled_from(("1.0", "2.0", "3.0")), st.lists(st.sampled_from(NEEDS), max_size=3)),
)


@settings(max_examples=MANY, deadline=None)
@given(packages, packages)
def test_what_a_change_breaks_is_what_is_broken_afterwards_and_was_not(
    old: dict[str, tuple[str, list[str]]], new: dict[str, tuple[str, list[str]]]
) -> None:
    before = {name: package(name, *made) for name, made in old.items()}
    end = {name: before[name] if old.get(name) == made else package(name, *made) for name, made in new.items()}
    environment = {"python_version": "3.7"}
    known = _packages.breaches(before, environment)
    keys = {breach.key for breach in known}
    expected = [breach for breach in _packages.breaches(end, environment) if breach.key not in keys]
    assert list(_packages.breached(before, known, end, environment)) == expected


def package(name: str, version: str, needs: list[str]) -> _packages.Package:
    return _packages.Package(name, name, version, Needs(tuple(needs)))


def with_an_extra(wheels: c.Iterable[Wheel]) -> list[Wheel]:
    """The same releases, each of which needs another package for an extra."""
    return [dataclasses.replace(wheel, extras={"more": ("delta>=2",)}) for wheel in wheels]


@settings(max_examples=MANY, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    calm_worlds,
    st.dictionaries(
        st.sampled_from(NAMES + tuple(f"{name}[more]" for name in NAMES)),
        st.tuples(st.sampled_from(SPECIFIERS[:2]), st.sampled_from(("present", "absent", "latest", "reinstalled"))),
        min_size=1,
        max_size=2,
    ).map(as_entries),
    modes,
    st.lists(st.sampled_from(NAMES), max_size=1),
)
def test_where_nothing_is_to_be_done_the_short_way_says_what_the_long_way_says(
    releases: Releases, declared: list[dict[str, str]], mode: str, damaged: list[str]
) -> None:
    installed = with_an_extra(releases.installed)
    with tempfile.TemporaryDirectory() as folder:
        world = World(pathlib.Path(folder), installed, with_an_extra(releases.offered), damaged=damaged)
        try:
            short = world.plan(*declared, mode=mode)
        except HostProblem:  # the same package twice
            return
        with mock.patch.object(_plan, "_settled", return_value=False):
            assert world.plan(*declared, mode=mode) == short


def pip_finds_a_solution(folder: pathlib.Path, requirements: c.Sequence[str]) -> bool:
    """What pip's own resolver says, with an empty environment and the same wheelhouse."""
    wheelhouse = str(folder / "wheelhouse")
    pip = [sys.executable, "-I", "-m", "pip", "--disable-pip-version-check", "install", "--dry-run", "--quiet"]
    ended = subprocess.run(
        [*pip, "--ignore-installed", "--no-index", "--target", str(folder), "--find-links", wheelhouse, *requirements],
        env=package_index.isolated(os.environ),
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0 or "No matching distribution" in ended.stderr or "ResolutionImpossible" in ended.stderr
    return ended.returncode == 0


# Going back from a release that needs another of itself, pip 23.2 overlooks one.
OVERLOOKED_BY_PIP = Releases(
    installed=[],
    offered=[
        Wheel("alpha", "3.0", requires=("alpha==2.0",)),
        Wheel("alpha", "2.0", requires=("delta",)),
        Wheel("alpha", "1.0"),
        Wheel("delta", "1.0", requires=("beta",)),
    ],
)


@pytest.mark.slow
@settings(max_examples=FEW, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@example(OVERLOOKED_BY_PIP, ["alpha"])
@given(
    worlds.filter(lambda world: bool(world.offered)),
    st.lists(needs, min_size=1, max_size=3, unique_by=lambda text: Requirement(text).name),
)
def test_a_solution_is_found_where_pip_finds_one_and_pip_agrees_to_each(
    releases: Releases, declared: list[str]
) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        plan = World(folder, [], releases.offered).plan(*declared)
        chosen = [f"{action.package}=={action.after.raw}" for action in plan.actions if action.after]
        if plan.problems:
            assert not pip_finds_a_solution(folder, declared)
        else:
            assert pip_finds_a_solution(folder, declared) or pip_finds_a_solution(folder, [*declared, *chosen])
