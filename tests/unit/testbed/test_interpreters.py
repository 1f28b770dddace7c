# Copyright (c) 2026 the mlfleet authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Only real interpreters are found, by what they say of themselves."""

from __future__ import annotations

import pathlib
import subprocess
import sys

import pytest

from testbed import interpreters
from testbed.interpreters import Interpreter


def executable(path: pathlib.Path, text: str) -> pathlib.Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return path


def test_the_running_interpreter_is_found_and_says_its_full_version() -> None:
    real = pathlib.Path(sys.base_prefix, "bin", "python3").resolve()
    found = interpreters.probe(real)
    assert found is not None
    assert (found.path, found.version) == (real, sys.version_info[:3])
    assert found.name == ".".join(map(str, sys.version_info[:3]))


def test_a_shim_counts_as_what_it_starts(tmp_path: pathlib.Path) -> None:
    real = pathlib.Path(sys.base_prefix, "bin", "python3").resolve()
    shim = executable(tmp_path / "shims" / "python3", f'exec {real} "$@"')
    found = interpreters.probe(shim)
    assert found is not None
    assert found.path == real


def test_a_virtual_environment_is_no_interpreter_of_the_machine(tmp_path: pathlib.Path) -> None:
    real = pathlib.Path(sys.base_prefix, "bin", "python3").resolve()
    subprocess.run([str(real), "-m", "venv", "--without-pip", str(tmp_path / "environment")], check=True)
    assert interpreters.probe(tmp_path / "environment" / "bin" / "python") is None


@pytest.mark.parametrize(
    "text",
    [
        "exit 127",
        "echo noise",
        'echo \'{"implementation": "PyPy", "virtual": false, "version": [3, 9, 1], "path": "/", "has_venv": true}\'',
        'echo \'{"implementation": "CPython", "virtual": false, "version": [3, 5, 2], "path": "/", "has_venv": true}\'',
    ],
    ids=["does not start", "answers with noise", "PyPy", "too old"],
)
def test_what_is_no_usable_interpreter(text: str, tmp_path: pathlib.Path) -> None:
    assert interpreters.probe(executable(tmp_path / "python3", text)) is None


def test_the_newest_of_each_minor_and_only_those_with_venv_for_environments(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for version, has_venv in (("3.9.2", "true"), ("3.9.18", "true"), ("3.11.2", "false"), ("3.12.1", "true")):
        path = tmp_path / "pyenv" / "versions" / version / "bin" / "python"
        numbers = version.replace(".", ",")
        answer = f'"implementation": "CPython", "virtual": false, "version": [{numbers}], "has_venv": {has_venv}'
        executable(path, f'echo \'{{{answer}, "path": "{path}"}}\'')
    monkeypatch.setenv("PYENV_ROOT", str(tmp_path / "pyenv"))
    monkeypatch.setenv("PATH", str(tmp_path / "nothing"))

    assert [found.name for found in interpreters.find()] == ["3.9.2", "3.9.18", "3.11.2", "3.12.1"]
    assert [found.name for found in interpreters.find_one_per_minor()] == ["3.9.18", "3.11.2", "3.12.1"]
    assert name_of(interpreters.find_first([(3, 11), (3, 12), (3, 9)])) == "3.12.1"
    assert interpreters.find_first([(3, 11)]) is None


def name_of(found: Interpreter | None) -> str:
    return found.name if found is not None else "none"
