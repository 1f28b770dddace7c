# Copyright (c) 2026 the mlfleet authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The agent is tested on every CPython that is found."""

from __future__ import annotations

import pathlib

import pytest

from testbed import interpreters, virtual_environments
from testbed.interpreters import Interpreter
from testbed.virtual_environments import Recipe

FOUND = interpreters.find_one_per_minor()


@pytest.fixture(params=FOUND, ids=lambda found: found.name)
def interpreter(request: pytest.FixtureRequest) -> Interpreter:
    """A CPython of this machine."""
    found: Interpreter = request.param
    return found


@pytest.fixture
def runtime(interpreter: Interpreter, tmp_path: pathlib.Path) -> pathlib.Path:
    """The interpreter of a fresh virtual environment."""
    return virtual_environments.fresh(tmp_path / "runtime", Recipe(interpreter))
