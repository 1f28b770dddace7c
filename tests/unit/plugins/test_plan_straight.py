# Copyright (c) 2026 the mlfleet authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The shortcuts of a plan, which spare a large fleet most of the work, never change its outcome."""

from __future__ import annotations

import pathlib
import tempfile
from unittest import mock

import pytest
from ansible_collections.mlfleet.packages.plugins.plugin_utils import _need, _resolve
from ansible_collections.mlfleet.packages.plugins.plugin_utils._plan_parts import Plan
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from testbed.plan_calls import World
from testbed.wheels import Wheel

NAMES = ("alpha", "beta", "gamma", "delta")
VERSIONS = ("1.0", "2.0", "3.0")
SPECIFIERS = ("", "==1.0", "==2.0", ">=2", "<3", "!=2.0")
# Each writes wheels, and plans twice.
MANY = 150
ENVIRONMENT = {"python_version": "3.7", "sys_platform": "win32"}

needs = st.builds("{}{}".format, st.sampled_from(NAMES), st.sampled_from(SPECIFIERS))
universes = st.fixed_dictionaries(
    {(name, version): st.lists(needs, max_size=1, unique=True) for name in NAMES for version in VERSIONS}
).map(lambda found: [Wheel(*release, requires=tuple(requires)) for release, requires in found.items()])


def plan(folder: pathlib.Path, installed: list[Wheel], offered: list[Wheel], *declared: str, mode: str) -> Plan:
    world = World(folder, installed, offered, baseline=["pip", "delta"])
    return world.plan(*declared, mode=mode, allow_protected=["delta"])


def outcome(found: Plan) -> tuple[object, ...]:
    actions = [(each.kind, each.package, each.before and each.before.raw, each.reason) for each in found.actions]
    return actions, {name: package.raw for name, package in found.end.items()}, found.drift, found.problems


@settings(max_examples=MANY, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.data(),
    universes,
    st.lists(needs, min_size=1, max_size=3, unique_by=lambda text: Requirement(text).name),
    st.sampled_from(("present", "exact")),
)
def test_the_straight_way_leads_where_the_resolver_does(
    data: st.DataObject, universe: list[Wheel], declared: list[str], mode: str
) -> None:
    by_name = {wheel.name: wheel for wheel in data.draw(st.lists(st.sampled_from(universe), max_size=5))}
    installed = list(by_name.values())
    offered = data.draw(st.lists(st.sampled_from(universe), max_size=9, unique_by=lambda wheel: wheel.stem))
    with tempfile.TemporaryDirectory() as folder:
        short = plan(pathlib.Path(folder), installed, offered, *declared, mode=mode)
        with mock.patch.object(_resolve, "straight", return_value=None):
            long = plan(pathlib.Path(folder), installed, offered, *declared, mode=mode)
    assert outcome(short) == outcome(long)


def test_the_straight_way_is_taken(tmp_path: pathlib.Path) -> None:
    installed, offered = [Wheel("alpha", "1.0"), Wheel("beta", "1.0")], [Wheel("alpha", "2.0"), Wheel("alpha", "3.0")]
    with mock.patch.object(_resolve, "resolve", side_effect=AssertionError("the resolver was asked")):
        found = plan(tmp_path, installed, offered, "alpha<3,>=2", "beta", mode="present")
    assert [(each.package, each.after and each.after.raw) for each in found.actions] == [("alpha", "2.0")]


def test_what_needs_something_new_goes_to_the_resolver(tmp_path: pathlib.Path) -> None:
    offered = [Wheel("alpha", "2.0", requires=("gamma",)), Wheel("gamma", "1.0")]
    found = plan(tmp_path, [Wheel("alpha", "1.0")], offered, "alpha>=2", mode="present")
    assert sorted(each.package for each in found.actions) == ["alpha", "gamma"]


def test_the_best_release_is_not_taken_if_it_breaks_what_is_kept(tmp_path: pathlib.Path) -> None:
    installed = [Wheel("alpha", "1.0"), Wheel("beta", "1.0", requires=("alpha<3",))]
    found = plan(tmp_path, installed, [Wheel("alpha", "2.0"), Wheel("alpha", "3.0")], "alpha>=2", mode="present")
    assert [(each.package, each.after and each.after.raw) for each in found.actions] == [("alpha", "2.0")]
    assert found.problems == ()


clauses = st.builds(
    "{}{}{}".format,
    st.sampled_from(("~=", "==", "!=", "<=", ">=", "<", ">", "===", "=")),
    st.sampled_from(("", " ")),
    st.sampled_from(("1", "1.0", "2.*", "1.0rc1", "1!2", "2011k", "1.0+x", "")),
)
markers = st.sampled_from(
    (
        "",
        "; extra == 'x'",
        "; extra=='x' and python_version < '3'",
        "; python_version < '3' and extra == 'x'",
        "; (python_version < '3' or sys_platform == 'win32') and extra == 'x'",
        "; sys_platform == 'win32'",
        "; sys_platform == 'win32' or python_version < '3' and extra == 'x'",
        "; (extra == 'x')",
        '; extra == "x" ',
        "; sys_platform=='win32'or python_version < '3' and extra == 'x'",
        "; 'x' == extra",
        "; extra != 'x'",
        ";",
    )
)
lines = st.builds(
    "{}{}{}{}".format,
    st.sampled_from(("demo", "Demo.A", "orbit", "-demo", "demo[x]", "")),
    st.sampled_from(("", " ")),
    st.lists(clauses, max_size=3).map(",".join),
    markers,
)


@settings(max_examples=800, deadline=None)
@given(lines)
def test_a_line_of_metadata_means_what_packaging_says(line: str) -> None:
    found = _need.parse(line)
    try:
        expected = Requirement(line)
    except InvalidRequirement:
        assert found is None or found.specifier is None
        return
    assert found is not None
    assert (found.name, found.specifier) == (canonicalize_name(expected.name), expected.specifier)
    assert (found.extras, found.marker) == (expected.extras, expected.marker)


@settings(max_examples=400, deadline=None)
@given(st.lists(lines, max_size=4))
def test_nothing_but_lines_for_extras_is_left_out(texts: list[str]) -> None:
    found = _need.Needs(tuple(texts))
    assert list(found.in_force(ENVIRONMENT)) == [need for need in found if need.applies(ENVIRONMENT)]


@pytest.mark.parametrize("line", ["demo>=1; extra == 'x'", "demo ; python_version >= '3' and extra == \"x\""])
def test_lines_for_extras_are_not_even_parsed(line: str) -> None:
    needs = _need.Needs((line,))
    with mock.patch.object(_need, "parse", side_effect=AssertionError("it was parsed")):
        assert needs.in_force(ENVIRONMENT) == ()
    assert [each.name for each in needs] == ["demo"]


def test_what_is_in_force_depends_on_the_environment() -> None:
    needs = _need.Needs(("demo; sys_platform == 'win32'", "orbit"))
    elsewhere = {**ENVIRONMENT, "sys_platform": "linux"}
    found = [[each.name for each in needs.in_force(each_of)] for each_of in (ENVIRONMENT, elsewhere, ENVIRONMENT)]
    assert found == [["demo", "orbit"], ["orbit"], ["demo", "orbit"]]
