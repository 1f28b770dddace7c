# Copyright (c) 2026 the mlfleet authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a test-bed host is, seen from the WinRM endpoint that stands in front of it."""

from __future__ import annotations

import collections.abc as c
import typing as t


class HostProcess(t.Protocol):
    """One command line running on a test-bed host, with everything it started."""

    @property
    def stdin(self) -> t.BinaryIO:
        """The unbuffered writing end of its standard input."""

    @property
    def stdout(self) -> t.BinaryIO:
        """The unbuffered reading end of its standard output."""

    @property
    def stderr(self) -> t.BinaryIO:
        """The unbuffered reading end of its standard error."""

    def wait(self) -> int:
        """Waits for the end; the exit code as an unsigned 32-bit Windows one."""

    def kill(self) -> None:
        """Ends it and all its descendants, as closing a job object does."""


class Host(t.Protocol):
    """A machine that can run a Windows command line."""

    name: str

    def start(self, command_line: str, environment: c.Mapping[str, str]) -> HostProcess:
        """Starts a command line, exactly as a WinRM service hands it to CreateProcess."""

    def living(self) -> list[str]:
        """The command lines of the processes that are running on this host now."""

    def close(self) -> None:
        """Ends what runs and removes what was made for this host."""
