# Copyright (c) 2026 the mlfleet authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Starts raw Windows command lines under Wine, through launch.c."""

from __future__ import annotations

import collections.abc as c
import contextlib
import errno
import pathlib
import struct
import subprocess
import time
import typing as t

from testbed import processes
from testbed.wine import cache, prefix
from testbed.wine.toolchain import Toolchain

MARK = "TESTBED_COMMAND"
"""The environment variable that every process of one command has."""

_SOURCE = pathlib.Path(__file__).with_name("launch.c")
_PROGRAM = "launch.exe"
_FILE_NOT_FOUND = (2, 3)
# What a Windows service gives TerminateJobObject is its own choice.
_EXIT_CODE_OF_KILLED = 1
# On a loaded machine Wine now and then (seen: 2 of about 3,000) does not open launch.exe's files. Nothing was started
# then, so that another attempt does no harm.
_ATTEMPTS = 4
_POLL_SECONDS = 0.002
# The server needs some milliseconds to close the job; what is alive after this got out of it.
_JOB_SECONDS = 1.0


class LauncherFailed(Exception):
    """Wine or launch.exe itself did not work, which says nothing about the command."""


def prepare(toolchain: Toolchain, folder: pathlib.Path) -> pathlib.Path:
    """launch.exe below the cache folder, compiled now unless it is there."""
    recipe = cache.digest(_SOURCE.read_bytes())
    return cache.made_once(folder / f"launcher-{recipe}", lambda made: _compile(toolchain, made)) / _PROGRAM


def _compile(toolchain: Toolchain, folder: pathlib.Path) -> None:
    options = ["-O2", "-s", "-Wall", "-Wextra", "-Werror", "-municode"]
    subprocess.run([toolchain.compiler, *options, _SOURCE, "-o", folder / _PROGRAM], check=True)


def windows_path(path: pathlib.Path) -> str:
    """Of any file of this machine, by the drive that Wine gives it."""
    return f"Z:{path.resolve()}".replace("/", "\\")


class Keeper:
    """Keeps the Windows services of a prefix running."""

    def __init__(self, toolchain: Toolchain, program: pathlib.Path, wine_prefix: pathlib.Path) -> None:
        self._process = subprocess.Popen(
            [toolchain.wine, program, "keep"],
            env=prefix.environment(wine_prefix),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        if not _stream(self._process.stdout).read(1):
            raise LauncherFailed(f"Wine did not start: {self._process.wait()}.")

    def close(self) -> None:
        _stream(self._process.stdin).close()
        _stream(self._process.stdout).close()
        self._process.wait()


class Command:
    """A command line that runs; a HostProcess."""

    def __init__(self, popen: subprocess.Popen[bytes], answer: pathlib.Path, mark: str) -> None:
        self._popen = popen
        self._answer = answer
        self._mark = mark

    @property
    def stdin(self) -> t.BinaryIO:
        return _stream(self._popen.stdin)

    @property
    def stdout(self) -> t.BinaryIO:
        return _stream(self._popen.stdout)

    @property
    def stderr(self) -> t.BinaryIO:
        return _stream(self._popen.stderr)

    def wait(self) -> int:
        """Waits for the end; the exit code as an unsigned 32-bit Windows one."""
        self._popen.wait()
        return self._exit_code()

    def communicate(self, data: bytes = b"") -> tuple[int, bytes, bytes]:
        """Feeds it, and waits: exit code, standard output, standard error."""
        stdout, stderr = self._popen.communicate(data)
        return self._exit_code(), stdout, stderr

    def kill(self) -> None:
        """Ends launch.exe, with which Wine closes the job; then whatever was not in the job."""
        self._popen.kill()
        self._popen.wait()
        deadline = time.monotonic() + _JOB_SECONDS
        while self._processes() and time.monotonic() < deadline:
            time.sleep(_POLL_SECONDS)
        processes.end_all(self._processes)

    def _processes(self) -> list[int]:
        return processes.find(MARK, self._mark)

    def _exit_code(self) -> int:
        numbers = _numbers(self._answer)
        return numbers[1] if len(numbers) == 2 else _EXIT_CODE_OF_KILLED

    def confirm_start(self) -> None:
        """Waits until Windows has made the process; FileNotFoundError or OSError with the Windows error if not."""
        while not (numbers := _numbers(self._answer)):
            if self._popen.poll() is not None and not _numbers(self._answer):
                self._popen.communicate()
                raise LauncherFailed(f"launch.exe ended with {self._popen.returncode} and did not answer.")
            time.sleep(_POLL_SECONDS)
        if numbers[0]:
            self._popen.communicate()
            not_found = numbers[0] in _FILE_NOT_FOUND
            raise OSError(errno.ENOENT if not_found else errno.EINVAL, f"CreateProcess failed with {numbers[0]}")


def start(
    wine: pathlib.Path,
    program: pathlib.Path,
    wine_prefix: pathlib.Path,
    mark: str,
    scratch: pathlib.Path,
    command_line: str,
    environment: c.Mapping[str, str],
) -> Command:
    """One command, its environment being the one of the prefix with these variables over it."""
    request, answer = scratch / f"{mark}.request", scratch / f"{mark}.answer"
    strings = [command_line, *(f"{name}={value}" for name, value in environment.items())]
    request.write_bytes("".join(f"{text}\0" for text in strings).encode("utf-16-le"))
    answer.touch()
    for _attempt in range(_ATTEMPTS - 1):
        with contextlib.suppress(LauncherFailed):
            return _launch(wine, program, wine_prefix, mark, request, answer)
    return _launch(wine, program, wine_prefix, mark, request, answer)


def _launch(
    wine: pathlib.Path,
    program: pathlib.Path,
    wine_prefix: pathlib.Path,
    mark: str,
    request: pathlib.Path,
    answer: pathlib.Path,
) -> Command:
    popen = subprocess.Popen(
        [wine, program, windows_path(request), windows_path(answer)],
        bufsize=0,
        env={**prefix.environment(wine_prefix), MARK: mark},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )
    command = Command(popen, answer, mark)
    command.confirm_start()
    return command


def _numbers(answer: pathlib.Path) -> tuple[int, ...]:
    try:
        content = answer.read_bytes()
    except FileNotFoundError:
        # The host was closed, and all it ran was killed.
        return ()
    return struct.unpack(f"<{len(content) // 4}I", content[: len(content) // 4 * 4])


def _stream(stream: t.IO[bytes] | None) -> t.BinaryIO:
    assert stream is not None
    return t.cast(t.BinaryIO, stream)
