# Copyright (c) 2026 the mlfleet authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This file is private to mlfleet.packages: it may change in any release.
"""What every transport offers: run one command line on the host, feed it, and hand its output on as it comes."""

from __future__ import annotations

import abc
import collections.abc as c
import contextlib
import dataclasses


@dataclasses.dataclass(frozen=True)
class Command:
    """One command line for the host's own shell (cmd.exe or sh), with its standard input and its time limit."""

    line: str
    stdin: c.Iterable[bytes]
    """In blocks, so that nobody needs to hold all of a large one."""
    seconds: int


@dataclasses.dataclass(frozen=True)
class Ended:
    """How a command ended."""

    exit_code: int
    stderr: str


class Carrier(abc.ABC):
    """A way to run a command on a host over the connection that Ansible opened."""

    input_limit: int | None = None
    """How many bytes one command can be given. None where they are handed on as they come."""

    several: bool = False
    """Whether more than one command can run at the same time, see side_by_side."""

    @abc.abstractmethod
    def run(self, command: Command, on_output: c.Callable[[bytes], None]) -> Ended:
        """Runs the command to its end and leaves nothing of it behind."""

    def side_by_side(self, count: int) -> contextlib.AbstractContextManager[c.Sequence[Carrier]]:
        """This one and others, no more than count, for commands that run at the same time."""
        return contextlib.nullcontext([self])


STDERR_KEPT = 600


def shown(stderr: bytes | str) -> str:
    """The end of what a command said on standard error, as one line."""
    text = stderr.decode("utf-8", "replace") if isinstance(stderr, bytes) else stderr
    return " ".join("".join(char if char.isprintable() else " " for char in text).split())[-STDERR_KEPT:]
