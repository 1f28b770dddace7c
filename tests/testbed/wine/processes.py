# Copyright (c) 2026 the mlfleet authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Processes of Wine, as Linux sees them: each keeps the Unix environment of the program that led to it."""

from __future__ import annotations

import collections.abc as c
import contextlib
import dataclasses
import os
import pathlib
import signal
import subprocess


@dataclasses.dataclass(frozen=True)
class WineProcess:
    """One that runs now."""

    pid: int
    arguments: tuple[str, ...]

    @property
    def command_line(self) -> str:
        """Quoted anew: Wine hands the original to Linux in pieces."""
        return subprocess.list2cmdline(self.arguments)

    @property
    def program(self) -> str:
        """The file name in lower case, such as python.exe."""
        return self.arguments[0].replace("\\", "/").rpartition("/")[2].lower()

    def end(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGKILL)


def with_variable(name: str, value: str) -> c.Iterator[WineProcess]:
    """All that have this environment variable, ended ones that nobody waited for left out.

    Wine passes it on even where a Windows program starts another one with an environment of its own choice.
    """
    entry = f"{name}={value}".encode()
    for folder in pathlib.Path("/proc").glob("[0-9]*"):
        try:
            if entry in (folder / "environ").read_bytes().split(b"\0"):
                yield WineProcess(int(folder.name), _arguments((folder / "cmdline").read_bytes()))
        except (OSError, ValueError):
            # Ended meanwhile, or not ours to look into.
            continue


def _arguments(raw: bytes) -> tuple[str, ...]:
    # Wine writes its own, shorter, arguments over those of its loader; zeros fill the rest.
    arguments = tuple(raw.rstrip(b"\0").decode(errors="replace").split("\0"))
    loader = arguments[0].rpartition("/")[2]
    if loader in ("wine", "wine64", "wine64-preloader") and len(arguments) > 1:
        return arguments[1:]
    if not arguments[0]:
        raise ValueError("no arguments")
    return arguments
