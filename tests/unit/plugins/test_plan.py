# Copyright (c) 2026 the mlfleet authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The plan: which actions, for which reason, and what forbids them."""

from __future__ import annotations

import pathlib
import typing as t

import pytest
from ansible_collections.mlfleet.packages.plugins.plugin_utils import _errors

from testbed.plan_calls import World, actions, details, problems
from testbed.wheels import Wheel

A1, A2, A3 = (Wheel("demo-a", version) for version in ("1.0", "2.0", "3.0"))
B1, B2 = (Wheel("demo-b", version) for version in ("1.0", "2.0"))
C1 = Wheel("demo-c")
A_NEEDS_B = Wheel("demo-a", "1.0", requires=("demo-b>=1",))


def test_what_is_installed_and_satisfies_stays(tmp_path: pathlib.Path) -> None:
    plan = World(tmp_path, [A1], [A2, A3]).plan("demo-a>=1")
    assert (actions(plan), problems(plan), plan.drift) == ([], [], ())


def test_nothing_is_needed_of_the_wheelhouse_where_all_is_installed(tmp_path: pathlib.Path) -> None:
    plan = World(tmp_path, [A_NEEDS_B, B1], []).plan("demo-a")
    assert (actions(plan), problems(plan)) == ([], [])


def test_the_newest_that_satisfies_is_installed_with_what_it_needs_first(tmp_path: pathlib.Path) -> None:
    needing = Wheel("demo-a", "2.5", requires=("demo-b",))
    plan = World(tmp_path, [], [A1, needing, A3, B1, B2]).plan("demo-a<3")
    assert actions(plan) == ["install demo-b nothing -> 2.0", "install demo-a nothing -> 2.5"]
    assert [each.reason for each in plan.actions] == [
        "required by demo-a 2.5 (demo-b), not installed",
        "declared <3, not installed",
    ]


def test_an_upgrade_says_what_is_declared_and_what_is_there(tmp_path: pathlib.Path) -> None:
    plan = World(tmp_path, [A1], [A2]).plan({"name": "Demo.A", "version": "==2.*"})
    assert actions(plan) == ["upgrade demo-a 1.0 -> 2.0"]
    assert plan.actions[0].reason == "declared ==2.*, installed 1.0"
    (drift,) = plan.drift
    assert (drift.kind, drift.have, drift.want) == ("version", "1.0", "2.0")


def test_what_a_release_needs_that_was_not_chosen_in_the_end_is_not_installed(tmp_path: pathlib.Path) -> None:
    # The newest demo-a is chosen first and brings demo-c with it; then demo-b takes it back.
    newest = Wheel("demo-a", "2.0", requires=("demo-c",))
    limiting = Wheel("demo-b", requires=("demo-a<2",))
    plan = World(tmp_path, [], [A1, newest, limiting, Wheel("demo-c")]).plan("demo-a", "demo-b")
    assert actions(plan) == ["install demo-a nothing -> 1.0", "install demo-b nothing -> 1.0"]


def test_a_downgrade(tmp_path: pathlib.Path) -> None:
    assert actions(World(tmp_path, [A2], [A1]).plan("demo-a<2")) == ["downgrade demo-a 2.0 -> 1.0"]


def test_latest_goes_to_the_newest_and_stays_there(tmp_path: pathlib.Path) -> None:
    latest = {"name": "demo-a", "state": "latest"}
    assert actions(World(tmp_path, [A1], [A1, A2]).plan(latest)) == ["upgrade demo-a 1.0 -> 2.0"]
    assert actions(World(tmp_path, [A2], [A1, A2]).plan(latest)) == []
    assert actions(World(tmp_path, [A3], [A1, A2]).plan(latest)) == []


def test_reinstalled_takes_the_same_version_and_leaves_its_dependencies(tmp_path: pathlib.Path) -> None:
    plan = World(tmp_path, [A_NEEDS_B, B1], [A_NEEDS_B, A2, B1, B2]).plan({"name": "demo-a", "state": "reinstalled"})
    assert (actions(plan), plan.drift) == (["reinstall demo-a 1.0 -> 1.0"], ())


A1_AGAIN = {"name": "demo-a", "state": "reinstalled"}


def test_what_is_reinstalled_from_another_wheel_of_its_version_needs_what_that_wheel_needs(
    tmp_path: pathlib.Path,
) -> None:
    needing_less = World(tmp_path / "less", [A_NEEDS_B], [A1, B1]).plan(A1_AGAIN)
    assert actions(needing_less) == ["reinstall demo-a 1.0 -> 1.0"]
    needing_more = World(tmp_path / "more", [A1], [A_NEEDS_B, B1]).plan(A1_AGAIN)
    assert actions(needing_more) == ["install demo-b nothing -> 1.0", "reinstall demo-a 1.0 -> 1.0"]


@pytest.mark.parametrize("others", [[], [A2]])
def test_what_is_laid_down_again_keeps_its_version_whatever_that_wheel_needs(
    tmp_path: pathlib.Path, others: list[Wheel]
) -> None:
    plan = World(tmp_path, [A1], [A_NEEDS_B, *others]).plan(A1_AGAIN)
    assert problems(plan) == [("unsatisfiable", None)]
    assert "demo-b" in details(plan)


def test_what_is_only_damaged_becomes_another_version_if_its_own_cannot_be_laid_down(tmp_path: pathlib.Path) -> None:
    plan = World(tmp_path, [A1], [A_NEEDS_B, A2], damaged=["demo-a"]).plan("demo-a")
    assert (actions(plan), problems(plan)) == (["upgrade demo-a 1.0 -> 2.0"], [])
    refused = World(tmp_path / "refused", [A1], [A_NEEDS_B], damaged=["demo-a"]).plan("demo-a")
    assert problems(refused) == [("unsatisfiable", None)]
    assert [(each.package, each.kind) for each in refused.drift] == [("demo-a", "tampered")]


@pytest.mark.parametrize(
    ("wheel", "name"),
    [
        (Wheel("demo-a", extras={"x": ("demo-c",)}), "demo-a[x]"),
        (Wheel("demo-a", requires=("demo-b[x]",)), "demo-a"),
    ],
)
def test_what_a_wheel_that_is_laid_down_again_needs_for_an_extra_must_be_had_too(
    tmp_path: pathlib.Path, wheel: Wheel, name: str
) -> None:
    needing = Wheel("demo-b", extras={"x": ("demo-c",)})
    plan = World(tmp_path, [A1, needing], [wheel]).plan({"name": name, "state": "reinstalled"})
    assert set(problems(plan)) == {("unsatisfiable", None)}


def test_what_a_wheel_that_is_laid_down_again_needs_may_take_what_is_damaged_along(tmp_path: pathlib.Path) -> None:
    wheel = Wheel("demo-a", requires=("demo-b>=2",))
    plan = World(tmp_path, [A_NEEDS_B, B1], [wheel, B1, B2], damaged=["demo-b"]).plan(A1_AGAIN)
    assert (actions(plan), problems(plan)) == (["upgrade demo-b 1.0 -> 2.0", "reinstall demo-a 1.0 -> 1.0"], [])


def test_what_the_wheel_does_not_need_any_more_is_not_laid_down_again(tmp_path: pathlib.Path) -> None:
    needing = Wheel("demo-b", requires=("demo-a",))
    again = {"name": "demo-b", "state": "reinstalled"}
    plan = World(tmp_path, [A1, needing], [B1, A1], damaged=["demo-a"]).plan(again)
    assert (actions(plan), problems(plan)) == (["reinstall demo-b 1.0 -> 1.0"], [])


def test_a_named_wheel_that_does_not_fit_is_told_by_its_name(tmp_path: pathlib.Path) -> None:
    file = Wheel("demo-a", tag="cp39-cp39-win_amd64").write(tmp_path / "named")
    plan = World(tmp_path, [A1], [A1], damaged=["demo-a"]).plan({"wheel": str(file)})
    assert f"and {file.name}, which packages[0] names for it, is none of this version for cp37" in details(plan)


def test_a_need_that_only_the_wheel_has_is_laid_down_again_if_it_is_damaged(tmp_path: pathlib.Path) -> None:
    plan = World(tmp_path, [A1, B1], [A_NEEDS_B, B1], damaged=["demo-b"]).plan(A1_AGAIN)
    assert (actions(plan), problems(plan)) == (["reinstall demo-b 1.0 -> 1.0", "reinstall demo-a 1.0 -> 1.0"], [])


@pytest.mark.parametrize("requires", [(), ("demo-b",)])
def test_the_wheel_that_an_entry_names_is_laid_down_again_and_no_other_of_its_version(
    tmp_path: pathlib.Path, requires: tuple[str, ...]
) -> None:
    named = Wheel("demo-a", tag="py2.py3-none-any", requires=requires)
    file = named.write(tmp_path / "named")
    better = Wheel("demo-a", tag="cp37-none-any", requires=requires)
    world = World(tmp_path, [A1, C1], [better, B1], damaged=["demo-a", "demo-c"])
    plan = world.plan({"wheel": str(file)}, "demo-c")
    assert [action.after.wheel.file_name for action in plan.actions if action.package == "demo-a"] == [file.name]
    assert "demo-c 1.0 is damaged" in details(plan)


def test_a_pre_release_only_where_it_is_asked_for_or_nothing_else_is_there(tmp_path: pathlib.Path) -> None:
    early = Wheel("demo-a", "4.0rc1")
    assert actions(World(tmp_path, [], [A1, early]).plan("demo-a")) == ["install demo-a nothing -> 1.0"]
    assert actions(World(tmp_path, [], [A1, early]).plan("demo-a>=4.0rc0")) == ["install demo-a nothing -> 4.0rc1"]
    assert actions(World(tmp_path / "only", [], [early]).plan("demo-a")) == ["install demo-a nothing -> 4.0rc1"]


def test_absent_and_absent_in_one_version_only(tmp_path: pathlib.Path) -> None:
    world = World(tmp_path, [A1], [])
    plan = world.plan({"name": "demo-a", "state": "absent"})
    assert (actions(plan), plan.actions[0].reason) == (["remove demo-a 1.0 -> nothing"], "declared absent")
    assert actions(world.plan({"name": "demo-a", "version": "9", "state": "absent"})) == []
    assert actions(world.plan({"name": "demo-a", "version": "1.0", "state": "absent"})) == [
        "remove demo-a 1.0 -> nothing"
    ]
    assert actions(world.plan({"name": "demo-b", "state": "absent"})) == []


def test_an_absence_that_another_package_needs_is_refused_unless_that_goes_too(tmp_path: pathlib.Path) -> None:
    world = World(tmp_path, [A_NEEDS_B, B1], [])
    absent_b: dict[str, t.Any] = {"name": "demo-b", "state": "absent"}
    plan = world.plan(absent_b)
    assert problems(plan) == [("breaks", "demo-a")]
    assert "demo-a 1.0 needs demo-b>=1 and would find nothing" in details(plan)
    assert problems(world.plan(absent_b, {"name": "demo-a", "state": "absent"})) == []
    assert problems(world.plan(absent_b, "demo-a")) == [("unsatisfiable", None)]
    assert "demo-a 1.0 needs demo-b>=1; demo-b is declared absent" in details(world.plan(absent_b, "demo-a"))


def test_a_banned_version_is_not_chosen(tmp_path: pathlib.Path) -> None:
    plan = World(tmp_path, [], [A1, A2, Wheel("demo-c", requires=("demo-a",))]).plan(
        "demo-c", {"name": "demo-a", "version": "2.0", "state": "absent"}
    )
    assert "install demo-a nothing -> 1.0" in actions(plan)


def test_markers_are_those_of_the_runtime(tmp_path: pathlib.Path) -> None:
    world = World(tmp_path, [], [A1, B1])
    assert actions(world.plan("demo-a; sys_platform == 'linux'")) == []
    assert actions(world.plan("demo-a; platform_system == 'Windows' and python_full_version >= '3.7.1'")) != []
    assert actions(world.plan("demo-a; python_version < '3'", "demo-b")) == ["install demo-b nothing -> 1.0"]


def test_extras_bring_what_they_need(tmp_path: pathlib.Path) -> None:
    with_extra = Wheel("demo-a", "1.0", extras={"x": ("demo-b>=2",)})
    plan = World(tmp_path, [with_extra], [B1, B2]).plan("demo-a[X]")
    assert actions(plan) == ["install demo-b nothing -> 2.0"]
    assert plan.actions[0].reason == "required by demo-a 1.0 (demo-b>=2), not installed"
    assert actions(World(tmp_path, [with_extra], [B2]).plan("demo-a")) == []


def test_a_missing_dependency_of_a_declared_package_is_installed(tmp_path: pathlib.Path) -> None:
    plan = World(tmp_path, [A_NEEDS_B], [B1]).plan("demo-a")
    assert actions(plan) == ["install demo-b nothing -> 1.0"]
    assert {(each.package, each.kind) for each in plan.drift} == {("demo-b", "missing"), ("demo-a", "broken")}


def test_a_kept_package_rules_out_what_would_break_it(tmp_path: pathlib.Path) -> None:
    kept = Wheel("kept", requires=("demo-b<2",))
    needing = Wheel("demo-a", "2.0", requires=("demo-b>=1",))
    plan = World(tmp_path, [kept], [needing, B1, B2]).plan("demo-a")
    assert "install demo-b nothing -> 1.0" in actions(plan)
    assert problems(plan) == []


def test_what_would_break_a_kept_package_is_refused(tmp_path: pathlib.Path) -> None:
    kept = Wheel("kept", requires=("demo-a>=2",))
    plan = World(tmp_path, [kept, A2], [A1]).plan("demo-a==1.0")
    assert problems(plan) == [("breaks", "kept")]
    assert "kept 1.0 needs demo-a>=2 and would find 1.0" in details(plan)
    assert actions(plan) == ["downgrade demo-a 2.0 -> 1.0"]


def test_what_is_broken_already_forbids_nothing_and_is_told(tmp_path: pathlib.Path) -> None:
    broken = Wheel("kept", requires=("nowhere",))
    plan = World(tmp_path, [broken], [A1]).plan("demo-a")
    assert (actions(plan), problems(plan)) == (["install demo-a nothing -> 1.0"], [])
    assert [(each.package, each.kind, each.why) for each in plan.drift if each.kind == "broken"] == [
        ("kept", "broken", "kept 1.0 needs nowhere, and it is not there")
    ]


def test_what_is_broken_is_mended_where_the_declaration_reaches_it(tmp_path: pathlib.Path) -> None:
    broken = Wheel("kept", requires=("demo-b>=2",))
    plan = World(tmp_path, [broken, B1], [Wheel("demo-a", requires=("kept",)), B2]).plan("demo-a")
    assert actions(plan) == ["upgrade demo-b 1.0 -> 2.0", "install demo-a nothing -> 1.0"]


KEPT = [Wheel("kept", requires=("friend", "demo-x<2")), Wheel("friend", requires=("nowhere",)), Wheel("demo-x", "1.0")]
LATEST_X = {"name": "demo-x", "state": "latest"}


def test_what_a_kept_package_needs_is_kept_as_broken_as_it_is(tmp_path: pathlib.Path) -> None:
    plan = World(tmp_path, KEPT, [Wheel("demo-x", "1.5"), Wheel("demo-x", "2.0")]).plan(LATEST_X)
    assert (actions(plan), problems(plan)) == (["upgrade demo-x 1.0 -> 1.5"], [])


def test_a_kept_package_that_comes_to_be_needed_is_mended_after_all(tmp_path: pathlib.Path) -> None:
    needing = Wheel("demo-x", "1.5", requires=("friend",))
    plan = World(tmp_path, KEPT, [needing, Wheel("demo-x", "2.0"), Wheel("nowhere")]).plan(LATEST_X)
    assert (actions(plan), problems(plan)) == (["install nowhere nothing -> 1.0", "upgrade demo-x 1.0 -> 1.5"], [])


def test_packages_that_need_each_other(tmp_path: pathlib.Path) -> None:
    one, other = Wheel("one", requires=("other",)), Wheel("other", requires=("one",))
    assert sorted(actions(World(tmp_path, [], [one, other]).plan("one"))) == [
        "install one nothing -> 1.0",
        "install other nothing -> 1.0",
    ]


def test_an_extra_that_stands_for_other_extras_of_its_package(tmp_path: pathlib.Path) -> None:
    wheel = Wheel("demo-a", extras={"all": ("demo-a[x]",), "x": ("demo-b",)})
    assert sorted(actions(World(tmp_path, [], [wheel, B1]).plan("demo-a[all]"))) == [
        "install demo-a nothing -> 1.0",
        "install demo-b nothing -> 1.0",
    ]


def test_two_declared_packages_are_changed_together(tmp_path: pathlib.Path) -> None:
    old = Wheel("demo-a", "1.0", requires=("demo-b<2",))
    new = Wheel("demo-a", "2.0", requires=("demo-b>=2",))
    plan = World(tmp_path, [old, B1], [new, B2]).plan("demo-a>=2", "demo-b>=2")
    assert actions(plan) == ["upgrade demo-b 1.0 -> 2.0", "upgrade demo-a 1.0 -> 2.0"]
    assert problems(plan) == []


def test_a_load_bearing_package_is_protected_also_from_what_needs_another_one(tmp_path: pathlib.Path) -> None:
    numpy = Wheel("numpy", "1.15.4")
    needing = Wheel("demo-a", requires=("numpy>=1.20",))
    world = World(tmp_path, [numpy], [needing, Wheel("numpy", "1.21.6")])
    plan = world.plan("demo-a")
    assert problems(plan) == [("protected", "numpy")]
    assert "numpy would go from 1.15.4 to 1.21.6 (required by demo-a 1.0 (numpy>=1.20), installed 1.15.4)" in details(
        plan
    )
    assert [(each.package, each.kind) for each in plan.drift] == [("numpy", "protected"), ("demo-a", "missing")]
    assert problems(world.plan("demo-a", allow_protected=["NumPy"])) == []


@pytest.mark.parametrize(("name", "protected"), [("azureml-core", True), ("mkl-service", True), ("not-mkl", False)])
def test_families_of_packages_are_load_bearing(tmp_path: pathlib.Path, name: str, protected: bool) -> None:
    world = World(tmp_path, [Wheel(name, "1.0")], [Wheel(name, "2.0")], baseline=[])
    assert problems(world.plan(f"{name}>=2")) == ([("protected", name)] if protected else [])


def test_what_was_there_before_the_first_change_is_protected(tmp_path: pathlib.Path) -> None:
    assert problems(World(tmp_path, [A1], [A2], baseline=None).plan("demo-a>=2")) == [("protected", "demo-a")]
    assert problems(World(tmp_path, [A1], [A2], baseline=["pip", "demo-a"]).plan("demo-a>=2")) == [
        ("protected", "demo-a")
    ]
    assert problems(World(tmp_path, [A1], [A2], baseline=["pip"]).plan("demo-a>=2")) == []


def test_a_protected_package_that_is_not_there_may_be_installed(tmp_path: pathlib.Path) -> None:
    assert problems(World(tmp_path, [], [Wheel("numpy", "1.21.6")]).plan("numpy")) == []


def test_exact_removes_what_nobody_declared_needs_or_brought_along(tmp_path: pathlib.Path) -> None:
    based = Wheel("based", requires=("needed-by-base",))
    installed = [A_NEEDS_B, B1, Wheel("stray"), based, Wheel("needed-by-base"), Wheel("scipy")]
    world = World(tmp_path, installed, [], baseline=["pip", "based"])
    plan = world.plan("demo-a", mode="exact")
    assert actions(plan) == ["remove stray 1.0 -> nothing"]
    assert plan.actions[0].reason == "mode exact: neither declared, nor needed, nor there from the beginning"
    assert [(each.package, each.kind) for each in plan.drift] == [("stray", "extra")]
    assert actions(world.plan("demo-a")) == []


def test_exact_with_a_change(tmp_path: pathlib.Path) -> None:
    plan = World(tmp_path, [A1, B1], [Wheel("demo-a", "2.0", requires=("demo-c",)), Wheel("demo-c")]).plan(
        "demo-a>=2", mode="exact"
    )
    assert actions(plan) == [
        "remove demo-b 1.0 -> nothing",
        "install demo-c nothing -> 1.0",
        "upgrade demo-a 1.0 -> 2.0",
    ]


def test_conflicting_declarations_are_unsatisfiable_and_say_what_there_is(tmp_path: pathlib.Path) -> None:
    one, other = Wheel("one", requires=("demo-b<2",)), Wheel("other", requires=("demo-b>=2",))
    plan = World(tmp_path, [], [one, other, B1, B2]).plan("one", "other")
    assert problems(plan)[0] == ("unsatisfiable", None)
    assert "one 1.0 needs demo-b<2" in details(plan)
    assert "other 1.0 needs demo-b>=2" in details(plan)


def test_a_version_that_nobody_offers(tmp_path: pathlib.Path) -> None:
    plan = World(tmp_path, [A1], [A2]).plan("demo-a==9")
    assert (
        details(plan)
        == f"packages[0] wants demo-a==9; installed is 1.0, and the wheelhouse {tmp_path}/wheelhouse has 2.0"
    )
    assert [(each.package, each.kind, each.want) for each in plan.drift] == [("demo-a", "version", "==9")]


@pytest.mark.parametrize(
    ("wheel", "reason"),
    [
        (Wheel("demo-a", tag="cp310-cp310-win_amd64"), "demo_a-1.0-cp310-cp310-win_amd64.whl does not fit"),
        (Wheel("demo-a", requires_python=">=3.8"), "demo_a-1.0-py3-none-any.whl requires Python >=3.8"),
        (Wheel("demo-a", metadata=b"Name: other\nVersion: 1.0\n"), "demo_a-1.0-py3-none-any.whl"),
    ],
)
def test_a_wheel_that_cannot_be_used_is_named_with_the_reason(
    tmp_path: pathlib.Path, wheel: Wheel, reason: str
) -> None:
    plan = World(tmp_path, [], [wheel]).plan("demo-a")
    assert problems(plan) == [("unsatisfiable", None)]
    assert "has no usable wheel of it" in details(plan)
    assert reason in details(plan)


def test_a_wheel_for_the_target_is_preferred_to_one_for_all(tmp_path: pathlib.Path) -> None:
    plan = World(tmp_path, [], [A1, Wheel("demo-a", tag="cp37-cp37m-win_amd64")]).plan("demo-a")
    (action,) = plan.actions
    assert action.after is not None
    assert action.after.wheel is not None
    assert action.after.wheel.file_name == "demo_a-1.0-cp37-cp37m-win_amd64.whl"


def test_a_damaged_package_is_laid_down_again(tmp_path: pathlib.Path) -> None:
    plan = World(tmp_path, [A1], [A1, A2], damaged=["demo-a"]).plan("demo-a")
    assert actions(plan) == ["reinstall demo-a 1.0 -> 1.0"]
    assert plan.actions[0].reason == "declared, damaged: demo_a.py: another size"
    assert plan.drift[0].kind == "tampered"


def test_a_damaged_package_without_a_wheel_is_a_problem(tmp_path: pathlib.Path) -> None:
    plan = World(tmp_path, [A1], [A2], damaged=["demo-a"]).plan("demo-a")
    assert problems(plan) == [("no-wheel", "demo-a")]
    assert "demo-a 1.0 is damaged (demo_a.py: another size)" in details(plan)


def test_two_records_of_one_name_are_in_the_way(tmp_path: pathlib.Path) -> None:
    assert problems(World(tmp_path, [A1, A2], [A3]).plan("demo-a>=3")) == [("duplicate", "demo-a")]
    assert problems(World(tmp_path, [A1, A2], [A3]).plan("demo-a>=1")) == []


def test_a_package_without_a_list_of_its_files_is_in_the_way(tmp_path: pathlib.Path) -> None:
    plan = World(tmp_path, [A1], [A2], records={"demo-a": "distutils"}).plan("demo-a>=2")
    assert problems(plan) == [("unrecorded", "demo-a")]
    assert "(distutils)" in details(plan)


@pytest.mark.parametrize(
    ("state", "kind"),
    [
        ({"free_bytes": 10}, "space"),
        ({"writable": False}, "not-writable"),
        ({"interrupted": r"C:\Python\.mlfleet\change-1"}, "interrupted"),
        ({"with_pip": False}, "no-pip"),
    ],
)
def test_what_is_in_the_way_of_any_change(tmp_path: pathlib.Path, state: dict[str, t.Any], kind: str) -> None:
    world = World(tmp_path, [B1], [A1], **state)
    assert problems(world.plan("demo-a")) == [(kind, None)]
    assert problems(world.plan("demo-b")) == []


def test_a_wheel_on_the_controller(tmp_path: pathlib.Path) -> None:
    path = str(A2.write(tmp_path / "files"))
    assert actions(World(tmp_path, [A1], [A3]).plan(path)) == ["upgrade demo-a 1.0 -> 2.0"]
    assert actions(World(tmp_path, [A2], []).plan(path)) == []


def test_a_wheel_with_another_hash_is_refused(tmp_path: pathlib.Path) -> None:
    path = str(A2.write(tmp_path / "files"))
    world = World(tmp_path, [], [])
    plan = world.plan({"wheel": path, "sha256": "0" * 64})
    assert problems(plan) == [("hash", "demo-a")]
    assert problems(world.plan({"wheel": path, "sha256": A2.sha256()})) == []


def test_an_entry_for_an_instance_goes_before_one_for_all(tmp_path: pathlib.Path) -> None:
    world = World(tmp_path, [], [A1, A2])
    entries = ["demo-a==1.0", {"name": "demo-a", "version": "2.0", "instances": ["sql01"], "origin": "host"}]
    plan = world.plan(*entries, instances=("SQL01",))
    assert [each.reason for each in plan.actions] == ["declared ==2.0 by host, not installed"]
    assert actions(world.plan(*entries, instances=("SQL02",))) == ["install demo-a nothing -> 1.0"]
    assert actions(world.plan(*entries, instances=())) == ["install demo-a nothing -> 1.0"]
    shared = world.plan(*entries, instances=("SQL01", "SQL02"))
    assert problems(shared) == [("disagreement", "demo-a")]
    assert "packages[0] and packages[1] (by host) disagree on demo-a" in details(shared)


def test_a_removal_says_who_declared_it(tmp_path: pathlib.Path) -> None:
    plan = World(tmp_path, [A1], []).plan({"name": "demo-a", "state": "absent", "origin": "fleet"})
    assert [each.reason for each in plan.actions] == ["declared absent by fleet"]


def test_a_wheel_must_have_the_hash_of_the_lock_and_the_declared_one(tmp_path: pathlib.Path) -> None:
    A2.write(tmp_path / "wheelhouse")
    lock = tmp_path / "pylock.toml"
    lock.write_text(
        'lock-version = "1.0"\ncreated-by = "a test"\n[[packages]]\nname = "demo-a"\nversion = "2.0"\n'
        f'[[packages.wheels]]\nname = "{A2.expected_file_name()}"\npath = "wheelhouse/{A2.expected_file_name()}"\n'
        f'hashes = {{sha256 = "{A2.sha256()}"}}\n'
    )
    world = World(tmp_path, [], [])
    line = "demo-a==2.0"
    assert problems(world.plan(line, lock=str(lock), hashes=[A2.sha256()])) == []
    assert problems(world.plan(line, lock=str(lock), hashes=["0" * 64])) == [("hash", "demo-a")]


def test_instances_on_one_runtime_must_not_disagree(tmp_path: pathlib.Path) -> None:
    world = World(tmp_path, [], [A1, A2, B1])
    both = ("A22", "B22")
    plan = world.plan(
        {"name": "demo-a", "version": "1.0", "instances": ["A22"]},
        {"name": "demo-a", "version": "2.0", "instances": ["b22"]},
        instances=both,
    )
    assert problems(plan) == [("disagreement", "demo-a")]
    assert "packages[0] and packages[1] disagree on demo-a" in details(plan)
    agreeing = world.plan("demo-b", {"name": "demo-a", "version": "1.0", "instances": ["A22"]}, instances=both)
    assert sorted(actions(agreeing)) == ["install demo-a nothing -> 1.0", "install demo-b nothing -> 1.0"]
    assert actions(world.plan("demo-b", {"name": "demo-a", "instances": ["A22"]}, instances=("B22",))) == [
        "install demo-b nothing -> 1.0"
    ]


def test_metadata_older_than_the_standards_is_tolerated(tmp_path: pathlib.Path) -> None:
    pandas = Wheel("demo-a", "1.0", requires=("pytz (>=2011k)", "demo-b (>=1.0)"))
    plan = World(tmp_path, [], [pandas, B1, Wheel("pytz", "2018.7")]).plan("demo-a")
    assert actions(plan) == [
        "install pytz nothing -> 2018.7",
        "install demo-b nothing -> 1.0",
        "install demo-a nothing -> 1.0",
    ]
    assert problems(World(tmp_path, [pandas, B1, Wheel("pytz", "2011k")], []).plan("demo-a")) == []


def test_a_plan_is_the_same_each_time(tmp_path: pathlib.Path) -> None:
    world = World(tmp_path, [A_NEEDS_B, B1], [A2, A3, B2])
    assert world.plan("demo-a>=2", "demo-b>=2") == world.plan("demo-a>=2", "demo-b>=2")


def test_the_name_of_a_wheel_that_is_not_there(tmp_path: pathlib.Path) -> None:
    with pytest.raises(_errors.HostProblem, match=r"packages\[0\]"):
        World(tmp_path, [], []).plan(str(tmp_path / "demo_a-1.0-py3-none-any.whl"))


def test_what_is_installed_keeps_to_the_constraints_although_it_is_what_is_declared(tmp_path: pathlib.Path) -> None:
    world = World(tmp_path, [Wheel("demo", "2.0")], [Wheel("demo", "1.0")])
    assert actions(world.plan("demo")) == []
    assert actions(world.plan("demo", constraints=["demo<2"])) == ["downgrade demo 2.0 -> 1.0"]
