# Copyright (c) 2026 the mlfleet authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Windows processes as Linux shows them: Wine hands a command line to Linux in pieces, without its quotes."""

from __future__ import annotations

import contextlib
import pathlib
import subprocess

_LOADERS = ("wine", "wine64", "wine64-preloader")

# What Wine runs for itself, and what carries a command without being one.
_NOT_COMMANDS = frozenset(
    [
        *("wineserver", "wineserver64", "wineboot.exe", "services.exe", "winedevice.exe", "plugplay.exe"),
        *("svchost.exe", "rpcss.exe", "explorer.exe", "conhost.exe", "start.exe", "launch.exe"),
    ]
)


def command_line(pid: int) -> str:
    """Quoted anew; empty for what has ended and for what runs for Wine or for the test bed."""
    raw = b""
    with contextlib.suppress(OSError):
        # Wine writes its own, shorter, arguments over those of its loader; zeros fill the rest.
        raw = pathlib.Path(f"/proc/{pid}/cmdline").read_bytes().rstrip(b"\0")
    if not raw:
        return ""
    arguments = raw.decode(errors="replace").split("\0")
    if len(arguments) > 1 and _program(arguments) in _LOADERS:
        arguments = arguments[1:]
    return "" if _program(arguments) in _NOT_COMMANDS else subprocess.list2cmdline(arguments)


def _program(arguments: list[str]) -> str:
    return arguments[0].replace("\\", "/").rpartition("/")[2].lower()
