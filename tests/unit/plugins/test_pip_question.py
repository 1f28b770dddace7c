# Copyright (c) 2026 the mlfleet authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a host's pip is asked: only what is lacking, and with what a plan would refuse ruled out."""

from __future__ import annotations

import collections.abc as c
import dataclasses
import pathlib
import typing as t

import pytest
from ansible_collections.mlfleet.packages.plugins.plugin_utils import _pip_question
from ansible_collections.mlfleet.packages.plugins.plugin_utils._pip_question import PipQuestion
from packaging.specifiers import SpecifierSet

from testbed.plan_calls import World
from testbed.wheels import Wheel

INSTALLED = (
    Wheel("a", "1.0", requires=("b>=1", "w; sys_platform == 'win32'", "l; sys_platform == 'linux'")),
    Wheel("b", "1.0", requires=("lost>=2",), extras={"more": ("extra>=3",)}),
    Wheel("w", "1.5"),
    Wheel("odd", "2011k"),
)
ASIDE = ("b>=1", "pip==18.1")


@pytest.fixture
def world(tmp_path: pathlib.Path) -> World:
    return World(tmp_path, installed=INSTALLED)


def asked(world: World, *packages: t.Any, again: c.Collection[str] = (), **options: t.Any) -> PipQuestion:
    found = _pip_question.question(world.situation(*packages, **options), again)
    assert found is not None
    return found


def test_what_is_installed_is_walked_through_and_not_named(world: World) -> None:
    found = asked(world, "a>=1,<2")
    assert found == PipQuestion(("lost>=2",), False, (), ("a<2,>=1",), ASIDE)


def test_what_is_not_there_or_does_not_satisfy_is_named(world: World) -> None:
    found = asked(world, "New_One[x,y]>=1", "w>=2", "b[more]")
    assert found.requirements == ("new-one[x,y]>=1", "w>=2", "lost>=2", "extra>=3")
    assert found.constraints == ()


def test_pip_is_not_asked_where_it_cannot_help(world: World) -> None:
    world.installed = (Wheel("a"),)
    assert _pip_question.question(world.situation("a"), ()) is None
    assert _pip_question.question(world.situation({"name": "a", "state": "absent"}), ()) is None
    assert _pip_question.question(world.situation("l; sys_platform == 'linux'"), ()) is None


def test_only_the_latest_is_named_besides_what_is_lacking(world: World) -> None:
    found = asked(world, {"name": "w", "state": "latest"}, "b==1.0")
    assert (found.requirements, found.newest) == (("w", "lost>=2"), True)
    assert found.constraints == ("b==1.0",)


def test_what_is_protected_is_pinned_unless_it_may_change(world: World) -> None:
    world.baseline = None
    assert asked(world, "new").wishes == ("a==1.0", "b==1.0", "b>=1", "pip==18.1", "w==1.5")
    assert asked(world, "new", allow_protected=["w", "a"]).wishes == ("b==1.0", "b>=1", "pip==18.1")
    assert asked(world, "b>=2").wishes == ("a==1.0", "b>=1", "pip==18.1", "w==1.5")


def test_needs_that_are_broken_or_would_allow_pre_releases_are_no_wishes(world: World) -> None:
    world.installed = (Wheel("a", requires=("b>=2", "c>=1.0b1", "d>=1")), Wheel("b"), Wheel("c"), Wheel("d"))
    assert asked(world, "new").wishes == ("d>=1", "pip==18.1")


def test_constraints_and_absent_versions(world: World) -> None:
    situation = world.situation("new", {"name": "gone", "version": "1.3", "state": "absent"})
    limit = dataclasses.replace(situation.declaration.entries[0], name="w", specifier=SpecifierSet("<2"))
    limited = dataclasses.replace(situation.declaration, constraints=(limit,))
    found = _pip_question.question(dataclasses.replace(situation, declaration=limited), ())
    assert found is not None
    assert found.constraints == ("w<2", "gone!=1.3")


def test_releases_that_are_laid_down_again(world: World) -> None:
    found = asked(world, "w", again=["w", "odd"])
    assert (found.requirements, found.again) == ((), ("w==1.5",))


def test_the_needs_of_a_wheel_that_the_task_names(world: World, tmp_path: pathlib.Path) -> None:
    own = Wheel("own", requires=("w>=1", "b>=2", "lacking; python_version < '3.8'")).write(tmp_path / "files")
    found = asked(world, str(own))
    assert (found.requirements, found.constraints) == (("b>=2", "lacking"), ("own==1.0",))
