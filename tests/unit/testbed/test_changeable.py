# Copyright (c) 2026 the mlfleet authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Changeable runtimes, on the oldest and the newest CPython that is found."""

from __future__ import annotations

import os
import pathlib
import shutil
import subprocess

import pytest

from testbed import changeable, interpreters
from testbed.changeable import ChangeableRuntime
from testbed.interpreters import Interpreter
from testbed.virtual_environments import Recipe
from testbed.wheels import Wheel

USABLE = [interpreter for interpreter in interpreters.find_one_per_minor() if interpreter.has_venv]
DEMO = Wheel("Demo.Package", "1.2", requires=("other>=2",))


@pytest.fixture(params=sorted({*USABLE[:1], *USABLE[-1:]}), ids=lambda interpreter: str(interpreter.name))
def runtime(request: pytest.FixtureRequest, tmp_path: pathlib.Path) -> ChangeableRuntime:
    interpreter: Interpreter = request.param
    return changeable.fresh(tmp_path / "runtime", Recipe(interpreter))


def run(runtime: ChangeableRuntime, *words: str) -> str:
    return subprocess.run([str(runtime.python), "-I", *words], check=True, capture_output=True, text=True).stdout


def test_it_is_an_environment_of_its_own(runtime: ChangeableRuntime) -> None:
    told = run(runtime, "-c", "import sys, sysconfig; print(sys.prefix); print(sysconfig.get_path('purelib'))")
    assert told.splitlines() == [str(runtime.prefix), str(runtime.site_packages)]


def test_what_is_laid_can_be_imported_and_is_installed(runtime: ChangeableRuntime) -> None:
    before = runtime.installed()
    runtime.lay_many([DEMO, Wheel("other", "2.5")])
    assert run(runtime, "-c", "import demo_package, other; print(demo_package.__version__)") == "1.2\n"
    assert runtime.installed() == {**before, "demo-package": "1.2", "other": "2.5"}


def test_two_changes_at_the_same_moment_are_both_seen(runtime: ChangeableRuntime) -> None:
    moment = runtime.site_packages.stat().st_mtime_ns
    for version in ("1.0", "1.1"):
        record = runtime.lay(Wheel("demo", version))
        os.utime(runtime.site_packages, ns=(moment, moment))
        assert runtime.installed()["demo"] == version
        shutil.rmtree(record)
        os.utime(runtime.site_packages, ns=(moment, moment))
        assert "demo" not in runtime.installed()


def test_pip_check_tells_what_is_missing(runtime: ChangeableRuntime) -> None:
    assert runtime.pip_check() == []
    runtime.lay(DEMO)
    (line,) = runtime.pip_check()
    assert line.lower().replace(".", "-").startswith("demo-package 1-2 requires other, which is not installed")
    runtime.lay(Wheel("other", "1.0"))
    (line,) = runtime.pip_check()
    assert "other 1.0" in line
    assert "other>=2" in line


def test_the_tree_shows_every_change(runtime: ChangeableRuntime) -> None:
    runtime.lay(DEMO)
    before = runtime.tree()
    assert before == runtime.tree()
    runtime.damage("demo_package.py")
    (runtime.site_packages / "empty").mkdir()
    (runtime.prefix / "bin" / "python").unlink()
    after = runtime.tree()
    base = runtime.site_packages.relative_to(runtime.prefix).as_posix()
    changed = {path for path in before.keys() | after.keys() if before.get(path) != after.get(path)}
    assert changed == {f"{base}/demo_package.py", f"{base}/empty", "bin/python"}
