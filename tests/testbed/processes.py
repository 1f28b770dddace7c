# Copyright (c) 2026 the mlfleet authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Linux processes that belong together: known by a variable in their environment or by their session."""

from __future__ import annotations

import collections.abc as c
import contextlib
import os
import pathlib
import select
import signal


def find(variable: str, value: str, sessions: c.Collection[int] = ()) -> list[int]:
    """The living processes that were started with this variable, or that belong to one of the sessions."""
    mark = f"{variable}={value}".encode()
    found = []
    for entry in os.scandir("/proc"):
        if entry.name.isdecimal():
            # Processes of others, and those that end while we look, are none of ours.
            with contextlib.suppress(OSError):
                if _is_marked(entry.path, mark) or _is_in(sessions, entry):
                    found.append(int(entry.name))
    return found


def end_all(look: c.Callable[[], c.Collection[int]]) -> None:
    """Kills what `look` finds until it finds nothing."""
    while pids := look():
        for pid in pids:
            with contextlib.suppress(ProcessLookupError):
                _kill_and_wait(pid)


def command_line(pid: int) -> str:
    """How a process was called; empty when it has ended."""
    with contextlib.suppress(OSError):
        return os.fsdecode(pathlib.Path(f"/proc/{pid}/cmdline").read_bytes().rstrip(b"\0").replace(b"\0", b" "))
    return ""


def _is_marked(process: str, mark: bytes) -> bool:
    return mark in pathlib.Path(process, "environ").read_bytes().split(b"\0")


def _is_in(sessions: c.Collection[int], entry: os.DirEntry[str]) -> bool:
    """Also finds what dropped the mark; a zombie has ended and only waits for its parent."""
    if not sessions or os.getsid(int(entry.name)) not in sessions:
        return False
    status = pathlib.Path(entry.path, "stat").read_text(encoding="utf-8", errors="replace")
    return status.rpartition(")")[2].split()[0] not in ("Z", "X")


def _kill_and_wait(pid: int) -> None:
    handle = os.pidfd_open(pid)
    try:
        signal.pidfd_send_signal(handle, signal.SIGKILL)
        poll = select.poll()
        poll.register(handle, select.POLLIN)
        poll.poll()
    finally:
        os.close(handle)
