# Copyright (c) 2026 the mlfleet authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The documentation of each module says what its action's argument spec does: nobody else compares the two."""

from __future__ import annotations

import importlib
import pathlib
import typing as t

import pytest
import yaml

PLUGINS = pathlib.Path(__file__).resolve().parents[3] / "plugins"
BASE = "ansible_collections.mlfleet.packages.plugins"
MODULES = sorted(path.stem for path in (PLUGINS / "modules").glob("*.py"))
COMPARED = ("type", "elements", "choices", "default", "required", "no_log")


def documented(module: str) -> dict[str, dict[str, t.Any]]:
    """The options of a module with those of its fragments."""
    text = yaml.safe_load(importlib.import_module(f"{BASE}.modules.{module}").DOCUMENTATION)
    options = dict(text["options"])
    for fragment in text.get("extends_documentation_fragment", []):
        collection, _dot, name = fragment.rpartition(".")
        assert collection == "mlfleet.packages"
        part = importlib.import_module(f"{BASE}.doc_fragments.{name}").ModuleDocFragment.DOCUMENTATION
        options |= yaml.safe_load(part).get("options", {})
    return options


def compared(options: dict[str, dict[str, t.Any]]) -> dict[str, dict[str, t.Any]]:
    return {name: {key: each[key] for key in COMPARED if key in each} for name, each in options.items()}


@pytest.mark.parametrize("module", MODULES)
def test_documentation_and_argument_spec_agree(module: str) -> None:
    action = importlib.import_module(f"{BASE}.action.{module}").ActionModule
    assert compared(documented(module)) == compared(action.argument_spec)


@pytest.mark.parametrize("module", MODULES)
def test_every_returned_value_is_documented(module: str) -> None:
    returned = yaml.safe_load(importlib.import_module(f"{BASE}.modules.{module}").RETURN)
    assert "format" in returned
    assert all({"description", "type", "returned"} <= set(value) for value in returned.values())


def test_every_action_has_its_module() -> None:
    assert sorted(path.stem for path in (PLUGINS / "action").glob("*.py")) == MODULES
