# Copyright (c) 2026 the mlfleet authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Command shells and the commands running in them."""

from __future__ import annotations

import collections.abc as c
import contextlib
import dataclasses
import select
import threading
import time
import typing as t
import uuid

from testbed import hosts
from testbed.winrm import quotas, soap

# What a command may print before somebody receives it; after that it blocks, as on a full pipe.
_BUFFER_SIZE = 256 * 1024
# A pipe that polls as writable takes PIPE_BUF bytes without blocking: pipe(7).
_PIPE_BUF = 4096


@dataclasses.dataclass(frozen=True)
class Output:
    """What one Receive brings; `exit_code` is there once the command is done and everything was received."""

    stdout: bytes
    stderr: bytes
    exit_code: int | None


@dataclasses.dataclass(frozen=True)
class CommandState:
    """A command as it stands now."""

    command_id: str
    command_line: str
    running: bool


@dataclasses.dataclass(frozen=True)
class ShellState:
    """A shell as it stands now, with the commands that nobody has cleaned up yet."""

    shell_id: str
    user: str
    commands: tuple[CommandState, ...]


class Command:
    """One command line, its buffered output and its standard input."""

    def __init__(self, command_id: str, command_line: str, process: hosts.HostProcess) -> None:
        self.command_id = command_id
        self.command_line = command_line
        self._process = process
        self._changed = threading.Condition()
        self._buffers = {"stdout": bytearray(), "stderr": bytearray()}
        self._open_streams = len(self._buffers)
        self._exit_code: int | None = None
        self._terminated = False
        self._stdin_free = threading.Lock()
        self._readers = [
            threading.Thread(target=self._read, args=("stdout", process.stdout), name="winrm-stdout", daemon=True),
            threading.Thread(target=self._read, args=("stderr", process.stderr), name="winrm-stderr", daemon=True),
        ]
        for reader in self._readers:
            reader.start()

    @property
    def state(self) -> CommandState:
        """What a look from outside sees."""
        with self._changed:
            return CommandState(self.command_id, self.command_line, self._exit_code is None)

    def receive(self, timeout: float, limit: int) -> Output:
        """Waits for output or the end; at most `limit` bytes, as soon as there is one."""
        with self._changed:
            self._changed.wait_for(self._has_news, timeout)
            if self._terminated:
                raise soap.SoapFault(soap.ABORTED)
            if not self._has_news():
                raise soap.SoapFault(soap.TIMED_OUT)
            stdout = self._take("stdout", limit)
            stderr = self._take("stderr", limit - len(stdout))
            self._changed.notify_all()
            return Output(stdout, stderr, None if any(self._buffers.values()) else self._exit_code)

    def send(self, data: bytes, end: bool, timeout: float) -> None:
        """Writes to the standard input.

        What does not fit in time is still written afterwards, and whoever sends meanwhile hears that the command is
        busy: ansible-core's winrm connection (_winrm_write_stdin) reports both of the real service.
        """
        if not self._stdin_free.acquire(blocking=False):
            # Of a command that has just ended, its own end may hold the input.
            raise soap.SoapFault(soap.BUSY if self._exit_code is None else soap.PIPE_ENDED)
        try:
            rest = self._write(memoryview(data), time.monotonic() + timeout)
            if end and not rest:
                self._end_stdin()
        except (OSError, ValueError) as error:
            self._free_stdin()
            raise soap.SoapFault(soap.PIPE_ENDED) from error
        if rest:
            late = threading.Thread(target=self._write_late, args=(rest, end), name="winrm-late-stdin", daemon=True)
            late.start()
            raise soap.SoapFault(soap.TIMED_OUT)
        self._free_stdin()

    def terminate(self) -> None:
        """Ends the command and everything it started, and waits until it is gone."""
        with self._changed:
            self._terminated = True
            self._changed.notify_all()
        self._process.kill()
        for reader in self._readers:
            reader.join()

    def _has_news(self) -> bool:
        return self._terminated or any(self._buffers.values()) or self._exit_code is not None

    def _take(self, name: str, limit: int) -> bytes:
        taken = bytes(self._buffers[name][:limit])
        del self._buffers[name][: len(taken)]
        return taken

    def _read(self, name: str, source: t.BinaryIO) -> None:
        while chunk := source.read(65536):
            with self._changed:
                self._changed.wait_for(lambda: self._terminated or len(self._buffers[name]) < _BUFFER_SIZE)
                if not self._terminated:
                    self._buffers[name] += chunk
                    self._changed.notify_all()
        source.close()
        with self._changed:
            self._open_streams -= 1
            last = not self._open_streams
        if last:
            self._finish()

    def _finish(self) -> None:
        exit_code = self._process.wait()
        with self._changed:
            self._exit_code = exit_code
            self._changed.notify_all()
        if self._stdin_free.acquire(blocking=False):
            self._free_stdin()

    def _write(self, rest: memoryview, deadline: float) -> memoryview:
        poll = select.poll()
        poll.register(self._process.stdin.fileno(), select.POLLOUT)
        while rest and poll.poll(max(0.0, deadline - time.monotonic()) * 1000):
            rest = rest[self._process.stdin.write(rest[:_PIPE_BUF]) :]
        return rest

    def _write_late(self, rest: memoryview, end: bool) -> None:
        # The client was told about the time-out already; a command that ends meanwhile is no news to it.
        with contextlib.suppress(OSError, ValueError):
            while rest:
                rest = rest[self._process.stdin.write(rest) :]
            if end:
                self._end_stdin()
        self._free_stdin()

    def _end_stdin(self) -> None:
        self._process.stdin.close()

    def _free_stdin(self) -> None:
        """Whoever frees the input of a command that has ended also closes it."""
        if self._exit_code is not None:
            self._end_stdin()
        self._stdin_free.release()


class Shell:
    """A command shell: the environment of its commands, and the commands."""

    def __init__(self, shell_id: str, user: str, environment: c.Mapping[str, str]) -> None:
        self.shell_id = shell_id
        self.user = user
        self.environment = environment
        self.operations = 0
        self._lock = threading.Lock()
        self._closed = False
        self._commands: dict[str, Command] = {}

    @property
    def state(self) -> ShellState:
        """What a look from outside sees."""
        with self._lock:
            commands = list(self._commands.values())
        return ShellState(self.shell_id, self.user, tuple(command.state for command in commands))

    def add(self, command: Command) -> None:
        """Keeps a started command, unless the shell was closed or its id was taken meanwhile."""
        with self._lock:
            taken = self._closed or command.command_id in self._commands
            if not taken:
                self._commands[command.command_id] = command
        if taken:
            command.terminate()
            raise soap.SoapFault(soap.COMMAND_EXISTS)

    def command(self, command_id: str) -> Command:
        """A command of this shell."""
        with self._lock:
            found = self._commands.get(command_id)
        if found is None:
            raise soap.SoapFault(soap.NO_SUCH_COMMAND)
        return found

    def terminate(self, command_id: str) -> None:
        """Ends a command and forgets it."""
        self.command(command_id).terminate()
        with self._lock:
            self._commands.pop(command_id, None)

    def close(self) -> None:
        """Ends all commands."""
        with self._lock:
            self._closed = True
            commands = list(self._commands.values())
            self._commands.clear()
        for command in commands:
            command.terminate()


class Shells:
    """All shells of one host."""

    def __init__(self, host: hosts.Host, limits: quotas.Quotas) -> None:
        self.host = host
        self._limits = limits
        self._ledger = quotas.Ledger(limits)
        self._lock = threading.Lock()
        self._shells: dict[str, Shell] = {}

    def open(self, user: str, shell_id: str, environment: c.Mapping[str, str]) -> Shell:
        """A new shell; a client may propose its id."""
        shell = Shell(shell_id or new_id(), user, environment)
        with self._lock:
            if shell.shell_id in self._shells:
                raise soap.SoapFault(soap.SHELL_EXISTS)
            self._ledger.open_shell(user)
            self._shells[shell.shell_id] = shell
        return shell

    def find(self, shell_id: str) -> Shell:
        """An open shell."""
        with self._lock:
            found = self._shells.get(shell_id)
        if found is None:
            raise soap.SoapFault(soap.NO_SUCH_SHELL, shell_id=shell_id)
        return found

    def start(self, shell: Shell, command_id: str, command_line: str) -> Command:
        """Starts a command line in a shell."""
        if sum(command.running for command in shell.state.commands) >= self._limits.max_processes_per_shell:
            raise soap.SoapFault(soap.TOO_MANY_COMMANDS)
        self._ledger.start_operation(shell.user)
        shell.operations += 1
        try:
            process = self.host.start(command_line, shell.environment)
        except FileNotFoundError as error:
            raise soap.SoapFault(soap.FILE_NOT_FOUND) from error
        except NotImplementedError as error:
            raise soap.SoapFault(soap.TEST_BED_LIMIT, what=str(error)) from error
        command = Command(command_id or new_id(), command_line, process)
        shell.add(command)
        return command

    def close(self, shell_id: str) -> None:
        """Ends a shell with all its commands."""
        shell = self.find(shell_id)
        with self._lock:
            if self._shells.pop(shell_id, None) is None:
                raise soap.SoapFault(soap.NO_SUCH_SHELL, shell_id=shell_id)
        shell.close()
        self._ledger.close_shell(shell.user, shell.operations)

    def states(self) -> list[ShellState]:
        """All open shells."""
        with self._lock:
            shells = list(self._shells.values())
        return [shell.state for shell in shells]


def new_id() -> str:
    """An identifier as the service writes it."""
    return str(uuid.uuid4()).upper()
