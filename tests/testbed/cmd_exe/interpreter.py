# Copyright (c) 2026 the mlfleet authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs the commands that the grammar understands."""

from __future__ import annotations

import collections.abc as c
import contextlib
import dataclasses
import os
import typing as t

from testbed.cmd_exe import command_line, grammar

NOT_RECOGNIZED = 9009


@dataclasses.dataclass(frozen=True)
class Streams:
    """The file descriptors of a running command."""

    stdin: int
    stdout: int
    stderr: int

    def write(self, data: bytes, failed: bool = False) -> None:
        """Writes to standard output, or to standard error."""
        rest = memoryview(data)
        while rest:
            rest = rest[os.write(self.stderr if failed else self.stdout, rest) :]


@dataclasses.dataclass(frozen=True)
class Reply:
    """What a program prints and ends with, for one that reads nothing and is quick."""

    stdout: str = ""
    stderr: str = ""
    exit_code: int = 0


class ProgramNotFoundError(Exception):
    """There is no such program; `folder_exists` tells which of cmd's two messages is due."""

    def __init__(self, folder_exists: bool) -> None:
        super().__init__()
        self.folder_exists = folder_exists


class Machine(t.Protocol):
    """What the interpreter needs of the machine it runs on."""

    environment: c.Mapping[str, str]

    def exists(self, path: str) -> bool:
        """Whether a Windows path names something."""

    def read(self, path: str) -> bytes:
        """The content of a file."""

    def launch(self, program: str, arguments: str, streams: Streams) -> int:
        """Runs a program to its end; its exit code, or ProgramNotFoundError."""


class _ExitError(Exception):
    def __init__(self, code: int) -> None:
        super().__init__()
        self.code = code


class Interpreter:
    """One cmd.exe."""

    def __init__(self, machine: Machine) -> None:
        self._machine = machine
        self._error_level = 0

    def run(self, tree: grammar.Node, streams: Streams) -> int:
        """Runs a parsed command line; the exit code of cmd.exe."""
        try:
            return self._node(tree, streams)
        except _ExitError as asked:
            return asked.code

    def _node(self, node: grammar.Node, streams: Streams) -> int:
        match node:
            case grammar.Simple():
                return self._simple(node, streams)
            case grammar.Chain():
                return self._chain(node, streams)
            case grammar.IfExist():
                return self._if_exist(node, streams)
            case grammar.Block():
                with _redirected(streams, node.redirections) as inner:
                    return self._node(node.body, inner)

    def _chain(self, chain: grammar.Chain, streams: Streams) -> int:
        left = self._node(chain.left, streams)
        if (chain.operator == "&&" and left) or (chain.operator == "||" and not left):
            return left
        return self._node(chain.right, streams)

    def _if_exist(self, condition: grammar.IfExist, streams: Streams) -> int:
        if self._machine.exists(condition.path) == condition.wanted:
            return self._node(condition.then, streams)
        return self._node(condition.otherwise, streams) if condition.otherwise else 0

    def _simple(self, command: grammar.Simple, streams: Streams) -> int:
        builtins: c.Mapping[str, c.Callable[[str, Streams], int]] = {
            "call": self._call,
            "echo": _echo,
            "echo.": lambda _arguments, inner: _print(inner, ""),
            "exit": self._exit,
            "type": self._type,
        }
        with _redirected(streams, command.redirections) as inner:
            builtin = builtins.get(command.name.lower())
            if builtin:
                return builtin(command.arguments, inner)
            return self._program(command, inner)

    def _program(self, command: grammar.Simple, streams: Streams) -> int:
        try:
            self._error_level = self._machine.launch(command.name, command.arguments, streams)
        except ProgramNotFoundError as error:
            return self._not_found(command.name, error.folder_exists, streams)
        return self._error_level

    def _not_found(self, name: str, folder_exists: bool, streams: Streams) -> int:
        # cmd /c ends with 1, while ERRORLEVEL, which a bare `exit` hands on, is 9009.
        self._error_level = NOT_RECOGNIZED
        if not folder_exists:
            return _print(streams, "The system cannot find the path specified.", failed=True)
        _print(streams, f"'{name}' is not recognized as an internal or external command,", failed=True)
        return _print(streams, "operable program or batch file.", failed=True)

    def _call(self, arguments: str, streams: Streams) -> int:
        if any(character in arguments for character in "^&|<>()") or arguments.lower().split()[:1] == ["call"]:
            raise grammar.UnsupportedCommandError(f"call {arguments!r}")
        expanded = grammar.expand(arguments, self._machine.environment)
        command_line.check_length(expanded)
        return self._node(grammar.parse(expanded), streams)

    def _exit(self, arguments: str, _streams: Streams) -> t.NoReturn:
        words = [word for word in arguments.split() if word.lower() != "/b"]
        if len(words) > 1 or not all(word.lstrip("-").isdecimal() for word in words):
            raise grammar.UnsupportedCommandError(f"exit {arguments!r}")
        raise _ExitError(int(words[0]) & 0xFFFFFFFF if words else self._error_level)

    def _type(self, arguments: str, streams: Streams) -> int:
        path = arguments.strip()
        bare = path[1:-1] if path.startswith('"') and path.endswith('"') and len(path) > 1 else path
        if not bare or any(character in bare for character in '*?"') or (bare == path and " " in bare):
            raise grammar.UnsupportedCommandError(f"type {arguments!r}")
        try:
            streams.write(self._machine.read(bare))
        except FileNotFoundError:
            self._error_level = 1
            return _print(streams, "The system cannot find the file specified.", failed=True)
        return 0


def _echo(arguments: str, streams: Streams) -> int:
    if arguments.strip().lower() in ("on", "off", "/?"):
        raise grammar.UnsupportedCommandError(f"echo {arguments.strip()}")
    # Only one separator goes; further blanks, also those before an operator, are printed.
    return _print(streams, arguments[1:] if arguments.strip() else "ECHO is on.")


def _print(streams: Streams, text: str, failed: bool = False) -> int:
    streams.write(f"{text}\r\n".encode(), failed)
    return int(failed)


@contextlib.contextmanager
def _redirected(streams: Streams, redirections: c.Iterable[grammar.Redirection]) -> c.Iterator[Streams]:
    handles = [streams.stdin, streams.stdout, streams.stderr]
    with contextlib.ExitStack() as opened:
        for redirection in redirections:
            if redirection.target is None:
                nul = os.open(os.devnull, os.O_RDWR)
                opened.callback(os.close, nul)
                handles[redirection.source] = nul
            else:
                handles[redirection.source] = handles[redirection.target]
        yield Streams(*handles)
