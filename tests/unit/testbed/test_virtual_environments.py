# Copyright (c) 2026 the mlfleet authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An environment is made once, and again when what it is made from changed."""

from __future__ import annotations

import pathlib
import subprocess

import pytest

from testbed import interpreters, virtual_environments
from testbed.interpreters import Interpreter
from testbed.virtual_environments import CannotInstall, Recipe
from testbed.wheels import Wheel


@pytest.fixture
def interpreter() -> Interpreter:
    found = interpreters.find_first([(3, minor) for minor in range(13, 7, -1)])
    if found is None:
        pytest.skip("no CPython that can make virtual environments")
    return found


def test_it_is_used_again_until_its_requirements_change(interpreter: Interpreter, tmp_path: pathlib.Path) -> None:
    folder, requirements = tmp_path / "environment", tmp_path / "requirements.txt"
    requirements.write_text(f"--no-index\n{Wheel('demo', '1.0').write(tmp_path)}\n")
    recipe = Recipe(interpreter, requirement_files=(requirements,))
    python = virtual_environments.prepare(folder, recipe)
    (folder / "trace").touch()
    assert virtual_environments.prepare(folder, recipe) == python
    assert (folder / "trace").exists()

    requirements.write_text(f"--no-index\n{Wheel('demo', '2.0').write(tmp_path)}\n")
    virtual_environments.prepare(folder, recipe)
    assert not (folder / "trace").exists()
    assert [path.name for path in folder.rglob("demo-*.dist-info")] == ["demo-2.0.dist-info"]


def test_a_fresh_one_is_a_copy_that_knows_its_own_place(interpreter: Interpreter, tmp_path: pathlib.Path) -> None:
    one = virtual_environments.fresh(tmp_path / "one", Recipe(interpreter))
    other = virtual_environments.fresh(tmp_path / "other", Recipe(interpreter))
    wheel = Wheel("demo").write(tmp_path)
    subprocess.run([str(one), "-m", "pip", "install", "-q", "--no-index", str(wheel)], check=True)
    assert [path.relative_to(tmp_path).parts[0] for path in tmp_path.rglob("demo.py")] == ["one"]
    assert (
        subprocess.run([str(other), "-I", "-c", "import demo"], stderr=subprocess.DEVNULL, check=False).returncode == 1
    )


def test_one_that_could_not_be_made_is_not_taken_for_ready(interpreter: Interpreter, tmp_path: pathlib.Path) -> None:
    recipe = Recipe(interpreter, requirements=("--no-index", "no-such-distribution"))
    for _attempt in range(2):
        with pytest.raises(CannotInstall, match="no-such-distribution"):
            virtual_environments.prepare(tmp_path / "environment", recipe)
