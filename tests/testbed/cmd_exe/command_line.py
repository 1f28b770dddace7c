# Copyright (c) 2026 the mlfleet authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What cmd.exe makes of its own command line."""

from __future__ import annotations

import collections.abc as c
import re

from testbed.cmd_exe import grammar

# https://learn.microsoft.com/en-us/troubleshoot/windows-client/shell-experience/command-line-string-limitation
LONGEST_LINE = 8191

_SPECIAL = re.compile(r"[&<>()@^|]")


class LineTooLongError(Exception):
    """cmd prints "The command line is too long." and ends with 1."""


def command_of(arguments: str, is_executable: c.Callable[[str], bool]) -> str:
    """The command in what follows `cmd.exe`, unwrapped as `cmd /?` describes it."""
    matched = re.match(r"((?:[ \t]*/[a-z](?::[a-z]+)?)*?)[ \t]*/c(?![a-z])[ \t]*", arguments, re.IGNORECASE)
    if matched is None:
        raise grammar.UnsupportedCommandError(f"cmd.exe without /c: {arguments!r}")
    switches = matched[1].lower().split()
    unknown = set(switches) - {"/d", "/q", "/s"}
    if unknown:
        raise grammar.UnsupportedCommandError(f"the switches {sorted(unknown)} of cmd.exe")
    return _unwrapped(arguments[matched.end() :], "/s" in switches, is_executable)


def check_length(line: str) -> None:
    """Refuses a line that is longer than cmd's buffer."""
    if len(line) > LONGEST_LINE:
        raise LineTooLongError


def _unwrapped(text: str, always: bool, is_executable: c.Callable[[str], bool]) -> str:
    if not text.startswith('"'):
        return text
    if not always and _keeps_quotes(text, is_executable):
        return text
    head, quote, tail = text[1:].rpartition('"')
    return head + tail if quote else text[1:]


def _keeps_quotes(text: str, is_executable: c.Callable[[str], bool]) -> bool:
    if text.count('"') != 2:
        return False
    inside = text[1:].partition('"')[0]
    return not _SPECIAL.search(inside) and bool(re.search(r"\s", inside)) and is_executable(inside)
