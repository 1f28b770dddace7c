# Copyright (c) 2026 the mlfleet authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The rooms of the controller side keep to themselves."""

from __future__ import annotations

import ast
import pathlib

import pytest

ROOM = pathlib.Path(__file__).resolve().parents[3] / "plugins" / "plugin_utils"
PREFIX = "ansible_collections.mlfleet.packages.plugins.plugin_utils"
# The plan is a pure function: neither Ansible, nor files, nor processes, nor the network, nor the clock.
FORBIDDEN = {
    "ansible",
    "os",
    "pathlib",
    "io",
    "subprocess",
    "socket",
    "tempfile",
    "shutil",
    "time",
    "zipfile",
}


def imported(path: pathlib.Path) -> set[str]:
    """The modules that a file imports, those of its own room by their file name."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module == PREFIX:
            found |= {f"{PREFIX}.{alias.name}" for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module)
    return found


def reached(name: str) -> set[str]:
    """Everything that is imported, directly or by what is imported."""
    open_names, seen = [name], set()
    while open_names:
        current = open_names.pop()
        if current in seen:
            continue
        seen.add(current)
        if current.startswith(PREFIX + "."):
            open_names += imported(ROOM / (current.removeprefix(PREFIX + ".").replace(".", "/") + ".py"))
    return seen


@pytest.mark.parametrize("room", ["_plan", "_resolve", "_packages", "_declaration"])
def test_pure_rooms_import_no_input_and_output(room: str) -> None:
    outside = {name.partition(".")[0] for name in reached(f"{PREFIX}.{room}") if not name.startswith(PREFIX)}
    assert outside
    assert not outside & FORBIDDEN
