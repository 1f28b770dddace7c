# Copyright (c) 2026 the mlfleet authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This file is private to mlfleet.packages: it may change in any release.
"""A host as the controller sees it: somebody who can be asked for an operation of the agent."""

from __future__ import annotations

import collections.abc as c
import dataclasses
import functools
import itertools
import ntpath
import posixpath
import types
import typing as t

from ansible_collections.mlfleet.packages.plugins.plugin_utils._errors import HostProblem
from ansible_collections.mlfleet.packages.plugins.plugin_utils._interpreter_search import _posix, _windows
from ansible_collections.mlfleet.packages.plugins.plugin_utils._protocol import AnswerReader, Request
from ansible_collections.mlfleet.packages.plugins.plugin_utils._transport._carrier import Carrier, Command, Ended

SEARCH_SECONDS = 60
# Four shells side by side take four times what one does; MaxShellsPerUser was 5 in old versions of Windows.
STREAMS = 4


@dataclasses.dataclass(frozen=True)
class AgentHost:
    """One host, the way to it, and the interpreter that runs the agent if the inventory names one."""

    carrier: Carrier
    windows: bool
    interpreter: str | None
    on_event: c.Callable[[dict[str, t.Any]], None]
    store: str | None = None
    """Where the inventory wants the store of wheels; otherwise the agent says where it is."""
    streams: int = STREAMS
    """How many transfers to this host may run side by side, where its connection can do that."""

    def join(self, *names: str) -> str:
        """A path of the host."""
        return ntpath.join(*names) if self.windows else posixpath.join(*names)

    @property
    def _search(self) -> types.ModuleType:
        return _windows if self.windows else _posix

    def ask(
        self,
        operation: str,
        arguments: dict[str, t.Any],
        seconds: int,
        attachments: c.Iterable[bytes] = (),
        carrier: Carrier | None = None,
    ) -> t.Any:
        """One operation: one command on the host, and one more where it must first be asked for an interpreter.

        The attachments follow the request as they are.
        """
        request = Request(operation, arguments)
        reader = AnswerReader(request.nonce, self.on_event)
        line = self._search.start_line(self._interpreters, seconds)
        stdin = itertools.chain([request.stdin()], attachments)
        ended = (carrier or self.carrier).run(Command(line, stdin, seconds), reader.feed)
        result = reader.result()
        if result is None:
            raise HostProblem(self._no_answer(reader, ended, self._interpreters))
        return result

    @functools.cached_property
    def _interpreters(self) -> list[str]:
        """Where the agent can run; a task asks for it once."""
        return [self.interpreter] if self.interpreter else self._candidates()

    def _candidates(self) -> list[str]:
        output: list[bytes] = []
        line = self._search.search_line()
        said = ""
        if line is not None:
            said = self.carrier.run(Command(line, (), SEARCH_SECONDS), output.append).stderr
        found: list[str] = self._search.candidates(b"".join(output).decode("utf-8", "replace"))
        if not found:
            advice = "is ML Services installed? Otherwise set mlfleet_interpreter to a python.exe of the host"
            answer = f" (it said: {said})" if said else ""
            raise HostProblem(f"its registry names no SQL Server instance and no Python{answer}; {advice}")
        return found

    def _no_answer(self, reader: AnswerReader, ended: Ended, interpreters: list[str]) -> str:
        said = ended.stderr or reader.noise
        words = reader.noise.split()
        number = words[words.index(_windows.STARTS) + 1] if _windows.STARTS in words[:-1] else ""
        if not number and len(interpreters) == 1:
            number = "0"  # where there is only one, nothing is said
        if number == "none":
            where = " or ".join(interpreters)
            return f"there is no interpreter at {where}; set mlfleet_interpreter to one that is there"
        path = interpreters[int(number)] if number.isdigit() and int(number) < len(interpreters) else "unknown"
        if reader.cut:
            advice = "run the task again, and look at the network if that does not help"
            return f"the answer of {path} was cut off in the middle; {advice}"
        how = f"exit code {_exit_code(ended.exit_code)}"
        advice = "start it by hand on the host, repair it, or set mlfleet_interpreter to one that works"
        return f"the interpreter {path} gave no answer ({how}{', it said: ' + said if said else ''}); {advice}"


def _exit_code(code: int) -> str:
    """Windows reports a crash as an NTSTATUS, which people know in hexadecimal (0xC0000135: a DLL is missing)."""
    return f"0x{code & 0xFFFFFFFF:08X}" if not -1 <= code < 256 else str(code)
