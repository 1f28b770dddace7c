# Copyright (c) 2026 the mlfleet authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A simulated host without an endpoint in front of it."""

from __future__ import annotations

import collections.abc as c
import contextlib
import json
import os
import pathlib
import threading
import time

import pytest

from testbed import hosts, simulated
from testbed.cmd_exe import grammar, interpreter

from .conftest import PYTHON

CMD = r"C:\Windows\system32\cmd.exe /c "
PRINT_ENVIRONMENT = '"import json, os; print(json.dumps(dict(os.environ)))"'
# The first leaves the session, the second drops the mark.
FORK = (
    "\"import subprocess, sys; marked = sys.argv[1] == 'marked'; "
    "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)'], start_new_session=marked, "
    "env=None if marked else {}, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL); "
    'print(child.pid, flush=True); sys.stdin.read()"'
)


def _finish(process: hosts.HostProcess, given: bytes = b"") -> tuple[bytes, bytes, int]:
    """Small outputs only: they have to fit into a pipe."""
    with process.stdin:
        process.stdin.write(given)
    with process.stdout, process.stderr:
        return process.stdout.read(), process.stderr.read(), process.wait()


def _run(host: simulated.SimulatedHost, line: str, given: bytes = b"", **environment: str) -> tuple[bytes, bytes, int]:
    return _finish(host.start(line, environment), given)


def test_runs_an_executable_below_its_root_whatever_the_letter_case(host: simulated.SimulatedHost) -> None:
    line = rf'{CMD}@{PYTHON.upper()} -c "import sys; print(sys.argv[1:], sys.stdin.read())" "a b" c\\"'
    assert _run(host, line, b"given") == (b"['a b', 'c\\\\'] given\n", b"", 0)


@pytest.mark.parametrize("line", [f'{PYTHON} -c "exit(7)"', r"C:\Program Files\Python\python -c exit(7)"])
def test_without_cmd_the_program_gets_its_line_directly(host: simulated.SimulatedHost, line: str) -> None:
    assert _run(host, line) == (b"", b"", 7)


def test_a_program_that_is_not_there_cannot_be_started_without_cmd(host: simulated.SimulatedHost) -> None:
    with pytest.raises(FileNotFoundError):
        host.start(r"C:\nosuch.exe", {})


def test_nothing_of_the_environment_around_the_test_leaks_in(
    host: simulated.SimulatedHost, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONPATH", "leak")
    monkeypatch.setenv("LEAK", "leak")
    inside = json.loads(_run(host, f"{PYTHON} -I -c {PRINT_ENVIRONMENT}", ADDED="by the shell")[0])
    assert "leak" not in inside.values()
    assert inside["ADDED"] == "by the shell"
    assert inside["SystemRoot"] == r"C:\Windows"
    assert inside[simulated.ROOT_VARIABLE] == str(host.root)
    assert inside.keys() - host.environment.keys() - {"ADDED", "LC_CTYPE"} == {
        "PATH",
        simulated.ROOT_VARIABLE,
        "MLFLEET_TESTBED_PROCESS",
    }


def test_reads_its_registry(host: simulated.SimulatedHost) -> None:
    host.registry.set(r"HKLM\SOFTWARE\Example", "Name", "data")
    stdout, _rest, code = _run(host, CMD + r"reg query HKLM\software\EXAMPLE /v name")
    assert (stdout, code) == (b"\r\nHKEY_LOCAL_MACHINE\\SOFTWARE\\Example\r\n    Name    REG_SZ    data\r\n", 0)


def test_knows_its_files(host: simulated.SimulatedHost) -> None:
    host.place(r"C:\ProgramData").mkdir()
    host.place(r"C:\ProgramData\Notes.txt").write_text("noted")
    assert _run(host, CMD + r"if exist c:\programdata\ type C:/PROGRAMDATA/../programdata/notes.TXT")[0] == b"noted"
    assert _run(host, CMD + r"if exist c:\programdata\notes.txt\ (echo yes) else (echo no)")[0] == b"no\r\n"


def test_expands_its_variables(host: simulated.SimulatedHost) -> None:
    assert _run(host, CMD + "echo %ProgramFiles% %computername% %NOSUCH%")[0] == (
        b"C:\\Program Files ALPHA %NOSUCH%\r\n"
    )


def test_a_cmd_inside_cmd(host: simulated.SimulatedHost) -> None:
    assert _run(host, CMD + 'cmd /c "exit 3" || echo failed') == (b"failed\r\n", b"", 0)


@pytest.mark.parametrize(("length", "code"), [(8191, 0), (8192, 1)])
def test_the_longest_line(host: simulated.SimulatedHost, length: int, code: int) -> None:
    line = (CMD + "echo ").ljust(length, "x")
    stdout, stderr, ended = _run(host, line)
    assert ended == code
    assert (stderr == b"The command line is too long.\r\n") == bool(code)
    assert bool(stdout) != bool(code)


def test_expansion_may_not_exceed_the_longest_line_either(host: simulated.SimulatedHost) -> None:
    assert _run(host, CMD + "echo %LONG%%LONG%", LONG="x" * 5000)[1:] == (b"The command line is too long.\r\n", 1)


@pytest.mark.parametrize(
    ("line", "stderr"),
    [
        (r'@"C:\Program Files\Python\nosuch.exe" -I', b"is not recognized"),
        (r'@"C:\nosuch folder\python.exe" -I', b"The system cannot find the path specified."),
        ("nosuch", b"'nosuch' is not recognized"),
    ],
)
def test_what_is_missing(host: simulated.SimulatedHost, line: str, stderr: bytes) -> None:
    answered = _run(host, CMD + line)
    assert stderr in answered[1]
    assert answered[2] == 1


def test_what_windows_has_and_this_host_has_not_is_never_called_unknown(host: simulated.SimulatedHost) -> None:
    assert b"This test bed does not do that" in _run(host, CMD + "powershell -NoProfile")[1]
    with pytest.raises(grammar.UnsupportedCommandError):
        host.start(r"\\server\share\x.exe", {})


def test_programs_can_be_plugged_in(
    make_host: c.Callable[..., simulated.SimulatedHost], tmp_path: pathlib.Path
) -> None:
    stand_in = tmp_path / "stand-in"
    stand_in.write_text('#!/bin/sh\necho "$@"; exit 5\n')
    stand_in.chmod(0o755)

    def told(call: simulated.Invocation) -> interpreter.Reply:
        return interpreter.Reply(f"{call.host.name} {call.argv}", "", 6)

    host = make_host("beta", programs={"powershell.exe": stand_in, "told.exe": told})
    assert _run(host, CMD + 'PowerShell -Command "a b"') == (b"-Command a b\n", b"", 5)
    in_its_place = r"C:\Windows\System32\WindowsPowerShell\v1.0\powershell.exe"
    assert _run(host, f"{in_its_place} x") == (b"x\n", b"", 5)
    assert _run(host, CMD + 'told "x y"') == (b"beta ('told', 'x y')", b"", 6)


@pytest.mark.parametrize("kind", ["marked", "unmarked"])
def test_kill_ends_what_was_started_and_what_that_started(host: simulated.SimulatedHost, kind: str) -> None:
    process = host.start(f"{CMD}@{PYTHON} -c {FORK} {kind} & echo never", {})
    with process.stdin, process.stdout, process.stderr:
        descendant = pathlib.Path("/proc", process.stdout.readline().decode().strip())
        assert descendant.exists()
        expected = 2 + (kind == "marked")
        # A process that has just been forked has no command line of its own for a moment.
        while len(host.living()) < expected:
            time.sleep(0.01)
        assert len(host.living()) == expected
        process.kill()
        assert process.wait() == 1
        assert process.stdout.read() == b""
    assert host.living() == []
    assert not (descendant / "exe").exists()


def test_kill_ends_what_outlives_its_parent(host: simulated.SimulatedHost) -> None:
    process = host.start(f"{CMD}@{PYTHON} -c {FORK} marked", {})
    assert _finish(process)[1:] == (b"", 0)
    assert len(host.living()) == 1
    process.kill()
    assert host.living() == []


def test_a_crash_has_its_windows_exit_code(host: simulated.SimulatedHost) -> None:
    crash = '"import os, signal; os.kill(os.getpid(), signal.SIGSEGV)"'
    assert _run(host, f"{PYTHON} -c {crash}")[2] == 0xC0000005


def test_hosts_run_side_by_side_without_sharing_pipes(make_host: c.Callable[..., simulated.SimulatedHost]) -> None:
    made = [make_host(f"h{number}") for number in range(8)]
    running = [host.start(f'{PYTHON} -c "import sys; sys.stdout.write(sys.stdin.read())"', {}) for host in made]
    # A pipe end that leaked into another host's process would keep this one from ever seeing its end.
    for number, process in enumerate(running):
        assert _finish(process, b"%d" % number) == (b"%d" % number, b"", 0)


def test_close_ends_everything_and_its_threads(host: simulated.SimulatedHost) -> None:
    before = threading.active_count()
    process = host.start(f'{CMD}@{PYTHON} -c "import time; time.sleep(600)"', {})
    with contextlib.ExitStack() as opened:
        for stream in (process.stdin, process.stdout, process.stderr):
            opened.enter_context(stream)
        host.close()
        assert process.wait() == 1
        assert os.read(process.stdout.fileno(), 1) == b""
    assert host.living() == []
    assert threading.active_count() <= before + 1
