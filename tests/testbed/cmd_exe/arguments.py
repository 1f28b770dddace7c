# Copyright (c) 2026 the mlfleet authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How a program of the Microsoft C runtime splits its command line into arguments.

https://learn.microsoft.com/en-us/cpp/c-language/parsing-c-command-line-arguments
"""

from __future__ import annotations

import re


def split(text: str) -> list[str]:
    """The arguments in what follows the program's name."""
    arguments = []
    place = _skip_blanks(text, 0)
    while place < len(text):
        argument, place = _argument(text, place)
        arguments.append(argument)
        place = _skip_blanks(text, place)
    return arguments


def split_program(line: str) -> tuple[str, str]:
    """The program's name and what follows it; backslashes mean nothing special in the name."""
    if line.startswith('"'):
        name, _rest, rest = line[1:].partition('"')
        return name, rest
    matched = re.match(r"[^ \t]*", line)
    name = matched[0] if matched else ""
    return name, line[len(name) :]


def _skip_blanks(text: str, place: int) -> int:
    while place < len(text) and text[place] in " \t":
        place += 1
    return place


def _argument(text: str, place: int) -> tuple[str, int]:
    parts: list[str] = []
    quoted = False
    while place < len(text) and (quoted or text[place] not in " \t"):
        if text[place] not in '\\"':
            parts.append(text[place])
            place += 1
            continue
        backslashes = len(text[place:]) - len(text[place:].lstrip("\\"))
        place += backslashes
        if text[place : place + 1] != '"':
            parts.append("\\" * backslashes)
            continue
        parts.append("\\" * (backslashes // 2))
        place += 1
        if backslashes % 2:
            parts.append('"')
        elif quoted and text[place : place + 1] == '"':
            # Since 2008: a doubled quote inside quotes is a quote, and the quoted part goes on.
            parts.append('"')
            place += 1
        else:
            quoted = not quoted
    return "".join(parts), place
