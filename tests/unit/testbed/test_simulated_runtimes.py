# Copyright (c) 2026 the mlfleet authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A python.exe of a simulated host: Windows to the agent, Linux to everything else."""

from __future__ import annotations

import collections.abc as c
import contextlib
import pathlib
import subprocess
import sys

import pytest

from testbed import layouts, simulated, simulated_runtimes

HOMES = (r"C:\Program Files\One", r"C:\Program Files\Two")
LAYOUT = layouts.merge(*(layouts.sql2022(f"SQL0{number}", home=home) for number, home in enumerate(HOMES)))


@pytest.fixture
def host(tmp_path: pathlib.Path) -> c.Iterator[simulated.SimulatedHost]:
    with contextlib.closing(simulated.SimulatedHost("alpha", tmp_path / "it's a host")) as made:
        yield made


@pytest.fixture
def environments(tmp_path: pathlib.Path) -> dict[str, pathlib.Path]:
    """Home to the interpreter of an environment without anything in it."""
    folders = {home: tmp_path / f"environment {number}" for number, home in enumerate(HOMES)}
    for folder in folders.values():
        subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(folder)], check=True)
    return {home: folder / "bin" / "python" for home, folder in folders.items()}


def run(host: simulated.SimulatedHost, home: str, words: str) -> str:
    process = host.start(rf'"{home}\python.exe" {words}', {})
    process.stdin.close()
    with process.stdout, process.stderr:
        stdout, stderr = process.stdout.read(), process.stderr.read()
    assert (process.wait(), stderr) == (0, b"")
    return stdout.decode()


def test_each_home_has_its_own_interpreter(
    host: simulated.SimulatedHost, environments: dict[str, pathlib.Path]
) -> None:
    simulated_runtimes.apply(LAYOUT, host, environments)
    prefixes = [run(host, home, '-I -c "import sys; print(sys.prefix)"').strip() for home in HOMES]
    assert prefixes == [str(python.parent.parent) for python in environments.values()]


def test_a_home_without_an_interpreter_is_a_mistake(host: simulated.SimulatedHost) -> None:
    with pytest.raises(KeyError, match="Two"):
        simulated_runtimes.apply(LAYOUT, host, {HOMES[0]: pathlib.Path(sys.executable)})


@pytest.mark.parametrize(("words", "masked"), [("-I -S -c", True), ("-I -c", False), ("-c", False), ("-S -c", False)])
def test_only_what_starts_as_the_agent_does_sees_windows(
    host: simulated.SimulatedHost, words: str, masked: bool
) -> None:
    simulated_runtimes.apply(LAYOUT, host, pathlib.Path(sys.executable))
    told = run(host, HOMES[0], words + " \"import sys; print('winreg' in sys.modules)\"")
    assert told == f"{masked}\n"


def test_modules_run_as_on_linux(host: simulated.SimulatedHost, environments: dict[str, pathlib.Path]) -> None:
    simulated_runtimes.apply(LAYOUT, host, environments)
    assert run(host, HOMES[1], "-I -m platform").startswith("Linux")


@pytest.mark.parametrize("words", ["-I -S -c", "-I -c"])
def test_what_is_temporary_or_of_the_user_stays_on_the_host(host: simulated.SimulatedHost, words: str) -> None:
    simulated_runtimes.apply(LAYOUT, host, pathlib.Path(sys.executable))
    code = "import os, tempfile; print(tempfile.gettempdir()); print(os.path.expanduser('~'))"
    told = run(host, HOMES[0], f'{words} "{code}"').splitlines()
    assert told == [str(simulated_runtimes.temporary_folder(host)), str(host.place(r"C:\Users\tester"))]
