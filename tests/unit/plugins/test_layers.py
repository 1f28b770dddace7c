# Copyright (c) 2026 the mlfleet authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Layered declarations: the nearer replaces the farther, nothing is lost, and the order of writing has no say."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.mlfleet.packages.plugins.plugin_utils import _declaration, _layers, _python_packages
from ansible_collections.mlfleet.packages.plugins.plugin_utils._errors import HostProblem
from hypothesis import given
from hypothesis import strategies as st

DEFAULTS = {name: spec.get("default") for name, spec in _python_packages.ARGUMENT_SPEC.items()}
SHA = "a" * 64


def layered(**layers: t.Any) -> list[dict[str, t.Any]]:
    return _layers.layered({f"mlfleet_layer_{name}": value for name, value in layers.items()})


def wishes(**layers: t.Any) -> list[str]:
    """What a task says with this, one line for each entry."""
    declared = _declaration.declaration({**DEFAULTS, "packages": layered(**layers)})
    return [
        f"{', '.join(sorted(each.instances)) or 'all'}: {each.name}{each.specifier} {each.state} by {each.origin}"
        for each in declared.entries
    ]


def test_the_nearer_layer_replaces_what_is_said_of_the_same_package() -> None:
    assert wishes(fleet=["Demo.A>=1", "demo-b"], group=["demo_a==2"], host=[{"name": "demo-c", "version": "3"}]) == [
        "all: demo-a==2 present by group",
        "all: demo-b present by fleet",
        "all: demo-c==3 present by host",
    ]


def test_an_absence_is_replaced_like_everything_else() -> None:
    absent = {"name": "demo-a", "state": "absent"}
    assert wishes(fleet=["demo-a>=1"], host=[absent]) == ["all: demo-a absent by host"]
    assert wishes(fleet=[absent], host=["demo-a>=1"]) == ["all: demo-a>=1 present by host"]


def test_several_entries_of_one_layer_stay_together() -> None:
    markers = ["demo-a==1; python_version < '3.8'", "demo-a==2; python_version >= '3.8'"]
    assert wishes(fleet=["demo-a==0"], group=markers) == [
        "all: demo-a==1 present by group",
        "all: demo-a==2 present by group",
    ]


def test_an_instance_is_nearer_than_a_host() -> None:
    named = {"name": "demo-a", "version": "==2", "instances": ["Sql01", "SQL02"]}
    assert wishes(fleet=[named], host=["demo-a==1", {"name": "demo-a", "version": "==3", "instances": ["SQL02"]}]) == [
        "all: demo-a==1 present by host",
        "SQL01: demo-a==2 present by fleet",
        "SQL02: demo-a==3 present by host",
    ]


def test_narrowing_keeps_what_the_farther_layer_says() -> None:
    over = {"name": "Demo-A[x]", "version": "<2", "narrows": True}
    assert wishes(fleet=["demo-a[y]>=1"], host=[over]) == ["all: demo-a<2,>=1 present by fleet and host"]
    (entry,) = layered(fleet=["demo-a[y]>=1; python_version < '3.8'"], host=[over])
    assert entry["name"] == 'demo-a[x,y]<2,>=1; python_version < "3.8"'
    assert wishes(host=[over]) == ["all: demo-a<2 present by host"]
    latest = {"name": "demo-a", "state": "latest", "version": ">=1"}
    assert wishes(fleet=[latest], host=[over]) == ["all: demo-a<2,>=1 latest by fleet and host"]


def test_narrowing_for_one_instance_leaves_the_others() -> None:
    over = {"name": "demo-a", "version": "<2", "narrows": True, "instances": ["SQL01"]}
    assert wishes(fleet=["demo-a>=1"], group=[over]) == [
        "all: demo-a>=1 present by fleet",
        "SQL01: demo-a<2,>=1 present by fleet and group",
    ]
    own = {"name": "demo-a", "version": ">=0.5", "instances": ["SQL01"]}
    assert wishes(fleet=["demo-a>=1", own], group=[over]) == [
        "all: demo-a>=1 present by fleet",
        "SQL01: demo-a<2,>=0.5 present by fleet and group",
    ]


@pytest.mark.parametrize(
    ("below", "over"),
    [
        ({"name": "demo-a", "state": "absent"}, {"name": "demo-a", "version": "<2"}),
        ("files/demo_a-1.0-py3-none-any.whl", {"name": "demo-a", "version": "<2"}),
        ("demo-a", {"wheel": "files/demo_a-1.0-py3-none-any.whl"}),
        ("demo-a", {"name": "demo-a", "state": "absent"}),
        ("demo-a", {"name": "demo-a<2; python_version < '3.8'"}),
    ],
)
def test_only_versions_can_be_narrowed(below: t.Any, over: dict[str, t.Any]) -> None:
    with pytest.raises(
        HostProblem, match=r"mlfleet_layer_host\[0\] narrows mlfleet_layer_fleet\[0\], and only versions"
    ):
        layered(fleet=[below], host=[{**over, "narrows": True}])


def test_what_is_undeclared_is_nobodys_wish() -> None:
    undeclared = {"name": "demo-a", "state": "undeclared"}
    assert wishes(fleet=["demo-a", "demo-b"], group=[undeclared]) == ["all: demo-b present by fleet"]
    assert wishes(fleet=["demo-a"], group=[undeclared], host=["demo-a==3"]) == ["all: demo-a==3 present by host"]
    named = {"name": "demo-a", "version": "1", "instances": ["SQL01"]}
    assert wishes(fleet=[named], host=[{**undeclared, "instances": ["SQL01"]}]) == []
    with pytest.raises(HostProblem, match="cannot undeclare what is declared for the whole host"):
        layered(fleet=["demo-a"], host=[{**undeclared, "instances": ["SQL01"]}])


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("x/demo_a-1.0-py3-none-any.whl", {"wheel": "x/demo_a-1.0-py3-none-any.whl", "extras": []}),
        (
            f"demo-a[z] @ https://example.com/demo_a-1.0-py3-none-any.whl#sha256={SHA}",
            {"url": "https://example.com/demo_a-1.0-py3-none-any.whl", "sha256": SHA, "extras": ["z"]},
        ),
        (
            {"host_wheel": r"C:\x\demo_a-1.0-py3-none-any.whl"},
            {"host_wheel": r"C:\x\demo_a-1.0-py3-none-any.whl"},
        ),
        ({"name": "demo-a", "origin": "ticket 7"}, {"name": "demo-a", "origin": "ticket 7"}),
    ],
)
def test_every_entry_gets_an_origin(value: t.Any, expected: dict[str, t.Any]) -> None:
    assert layered(fleet=[value]) == [{"origin": "fleet", **expected}]


def test_no_layer_declares_nothing() -> None:
    assert layered() == []
    assert layered(fleet=[]) == []


@pytest.mark.parametrize(
    ("layers", "part"),
    [
        ({"flet": ["demo-a"]}, "mlfleet_layer_flet is none of the layers fleet, group, host"),
        ({"fleet": "demo-a"}, "mlfleet_layer_fleet is 'demo-a'; it must be a list of packages"),
        ({"fleet": ["demo-a", "demo-b=>1"]}, "mlfleet_layer_fleet[1] is 'demo-b=>1', which is no requirement"),
        ({"host": [{"name": "demo-a", "version": 1.10}]}, "mlfleet_layer_host[0] has the version 1.1"),
        ({"host": [{"name": "demo-a", "narrows": "yes"}]}, "mlfleet_layer_host[0] has the key narrows with 'yes'"),
        (
            {"host": [f"demo-a @ https://x.org/demo_a-1.0-py3-none-any.whl#sha256={SHA} ; python_version < '3'"]},
            "names a wheel and has a marker",
        ),
    ],
)
def test_mistakes_are_named_by_layer_and_place(layers: dict[str, t.Any], part: str) -> None:
    with pytest.raises(HostProblem) as raised:
        layered(**layers)
    assert part in str(raised.value)


@pytest.mark.parametrize("order", ["fleet", None, [1]])
def test_the_order_must_be_a_list_of_names(order: t.Any) -> None:
    with pytest.raises(HostProblem, match="mlfleet_layers is "):
        _layers.layered({}, order)


NAMES = ["demo-a", "demo-b", "demo-c", "demo-d"]
ENTRIES = st.builds(
    lambda name, version, state, instances: {
        "name": name,
        **({"version": f">={version}"} if state == "present" else {"state": state}),
        **({"instances": [instances]} if instances else {}),
    },
    st.sampled_from([*NAMES, "Demo_A"]),
    st.integers(0, 9),
    st.sampled_from(["present", "absent"]),
    st.sampled_from(["", "SQL01", "SQL02"]),
)


def key(value: dict[str, t.Any]) -> tuple[str, str]:
    return value["name"].lower().replace("_", "-"), "".join(value.get("instances", []))


LAYER = st.lists(ENTRIES, unique_by=key)
LAYERS = st.fixed_dictionaries({"fleet": LAYER, "group": LAYER, "host": LAYER})


@given(layers=LAYERS, data=st.data())
def test_the_order_of_writing_has_no_say(layers: dict[str, list[t.Any]], data: st.DataObject) -> None:
    shuffled = {name: data.draw(st.permutations(layers[name])) for name in data.draw(st.permutations(list(layers)))}
    assert layered(**shuffled) == layered(**layers)


@given(layers=LAYERS)
def test_no_entry_is_lost_and_the_nearest_counts(layers: dict[str, list[t.Any]]) -> None:
    found = {key(each): each for each in layered(**layers)}
    nearest = {key(each): (each, name) for name in ("fleet", "group", "host") for each in layers[name]}
    assert found == {place: {"origin": name, **each} for place, (each, name) in nearest.items()}


@given(layers=LAYERS)
def test_the_answer_is_taken_by_python_packages_as_it_is(layers: dict[str, list[t.Any]]) -> None:
    answer = layered(**layers)
    assert len(_declaration.declaration({**DEFAULTS, "packages": answer}).entries) == len(answer)
    assert [{**each, "origin": ""} for each in layered(fleet=answer)] == [{**each, "origin": ""} for each in answer]
