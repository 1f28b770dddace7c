# Copyright (c) 2026 the mlfleet authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Options of python_packages that the task leaves to the inventory."""

from __future__ import annotations

import typing as t

import pytest
from ansible.errors import AnsibleError
from ansible_collections.mlfleet.packages.plugins.plugin_utils import _from_inventory
from ansible_collections.mlfleet.packages.plugins.plugin_utils._errors import HostProblem
from ansible_collections.mlfleet.packages.plugins.plugin_utils._python_packages import ARGUMENT_SPEC

LAYERED = [{"name": "click", "origin": "fleet"}]


def options(given: dict[str, t.Any], **variables: t.Any) -> dict[str, t.Any]:
    def template(value: t.Any) -> t.Any:
        if "{{ a b }}" in str(value):
            raise ValueError(f"String: {value}")
        if value == "{{ wrong }}":
            raise AnsibleError("no such thing")
        return "templated" if value == "{{ template }}" else value

    variables = {"mlfleet_layer_fleet": ["click"], **variables}
    return dict(_from_inventory.options(ARGUMENT_SPEC, {"from_inventory": "yes", **given}, variables, template))


@pytest.mark.parametrize("value", [False, "no", None, "perhaps"])
def test_without_it_the_inventory_is_not_asked(value: t.Any) -> None:
    given = {"packages": ["six"], "from_inventory": value}
    assert options(given, mlfleet_mode="exact") == given
    del given["from_inventory"]
    assert _from_inventory.options(ARGUMENT_SPEC, given, {"mlfleet_mode": "exact"}, str) == given


def test_what_the_task_leaves_open_comes_from_the_variables_of_the_host() -> None:
    found = options({"mode": "present"}, mlfleet_mode="exact", mlfleet_wheelhouse="{{ template }}", mlfleet_other="x")
    assert found == {
        "from_inventory": "yes",
        "instances": ["all"],
        "mode": "present",
        "packages": LAYERED,
        "wheelhouse": "templated",
    }


@pytest.mark.parametrize("option", sorted({*ARGUMENT_SPEC} - {"packages", "from_inventory", "instances", "runtimes"}))
def test_every_option_has_its_variable(option: str) -> None:
    assert options({}, **{f"mlfleet_{option}": "said"})[option] == "said"


def test_packages_of_the_task_go_before_the_layers() -> None:
    assert options({"packages": ["six"]})["packages"] == ["six"]


@pytest.mark.parametrize(
    ("given", "variables", "expected"),
    [
        ({}, {}, {"instances": ["all"]}),
        ({}, {"mlfleet_instances": ["A"], "mlfleet_runtimes": ["/r"]}, {"instances": ["A"], "runtimes": ["/r"]}),
        ({}, {"mlfleet_runtimes": ["/r"]}, {"runtimes": ["/r"]}),
        ({}, {"mlfleet_runtimes": []}, {"runtimes": [], "instances": ["all"]}),
        ({"runtime": "/r"}, {"mlfleet_instances": ["A"], "mlfleet_runtimes": ["/s"]}, {"runtime": "/r"}),
        ({"runtime": []}, {"mlfleet_runtimes": ["/s"]}, {"runtime": [], "instances": ["all"]}),
        ({"instances": ["A"]}, {"mlfleet_runtimes": ["/s"]}, {"instances": ["A"]}),
    ],
)
def test_what_a_task_is_about(given: dict[str, t.Any], variables: dict[str, t.Any], expected: dict[str, t.Any]) -> None:
    found = options(given, **variables)
    assert {each: found[each] for each in _from_inventory.SUBJECTS if each in found} == expected


def test_an_empty_text_takes_a_variable_back() -> None:
    assert "lock" not in options({}, mlfleet_lock="")


def test_omit_is_no_value_either() -> None:
    layer = [{"name": "click", "version": "__omit__"}, "__omit__"]
    found = options({}, mlfleet_lock="__omit__", mlfleet_layer_fleet=layer, omit="__omit__")
    assert ("lock" in found, found["packages"]) == (False, LAYERED)


def test_an_error_with_a_url_is_told_by_its_kind_alone() -> None:
    # ansible-core 2.16 writes the template into it.
    message = r"^the variable mlfleet_index_url cannot be evaluated \(ValueError\); correct it in the inventory$"
    with pytest.raises(HostProblem, match=message):
        options({}, mlfleet_index_url="https://{{ a b }}:s3cret@host/")


def test_no_instances_are_not_all_of_them() -> None:
    assert options({}, mlfleet_instances=[])["instances"] == []


@pytest.mark.parametrize(
    ("variables", "message"),
    [
        (
            {"mlfleet_packages": ["click"]},
            "mlfleet_packages is .*; set a layer such as mlfleet_layer_fleet in its place",
        ),
        ({"mlfleet_runtime": "/r"}, "mlfleet_runtime is .*; set mlfleet_runtimes in its place"),
        (
            {"ansible_facts": {"mlfleet_source": "host"}},
            "mlfleet_source is a fact, which may come from the host itself",
        ),
        (
            {"mlfleet_mode": "{{ wrong }}"},
            r"the variable mlfleet_mode cannot be evaluated \(no such thing\); correct it",
        ),
        ({"mlfleet_layer_host": "{{ wrong }}"}, "the variable mlfleet_layer_host cannot be evaluated"),
    ],
)
def test_what_would_mislead_is_an_error(variables: dict[str, t.Any], message: str) -> None:
    with pytest.raises(HostProblem, match=message):
        options({}, **variables)


def test_what_is_no_truth_value_is_left_to_the_check_of_the_options() -> None:
    assert options({"from_inventory": [True]}) == {"from_inventory": [True]}
