# Copyright (c) 2026 the mlfleet authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The argument rules of the Microsoft C runtime."""

from __future__ import annotations

import subprocess

import hypothesis
import hypothesis.strategies as st
import pytest

from testbed.cmd_exe import arguments


# The table of https://learn.microsoft.com/en-us/cpp/c-language/parsing-c-command-line-arguments
@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('"a b c" d e', ["a b c", "d", "e"]),
        (r'"ab\"c" "\\" d', ['ab"c', "\\", "d"]),
        (r'a\\\b d"e f"g h', [r"a\\\b", "de fg", "h"]),
        (r"a\\\"b c d", [r"a\"b", "c", "d"]),
        (r'a\\\\"b c" d e', [r"a\\b c", "d", "e"]),
        ('a"b"" c d', ['ab" c d']),
        ('  "" \t x', ["", "x"]),
        ("", []),
    ],
)
def test_splits_as_documented(text: str, expected: list[str]) -> None:
    assert arguments.split(text) == expected


@hypothesis.given(st.lists(st.text(st.characters(exclude_characters="\0"), max_size=12), max_size=6))
def test_reads_back_what_subprocess_writes_for_windows(argv: list[str]) -> None:
    assert arguments.split(subprocess.list2cmdline(argv)) == argv


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (r'"C:\Program Files\x\p.exe" -I "a"', (r"C:\Program Files\x\p.exe", ' -I "a"')),
        (r"C:\x\p.exe -I", (r"C:\x\p.exe", " -I")),
        (r'"C:\x\" y', ("C:\\x\\", " y")),
    ],
)
def test_backslashes_mean_nothing_in_the_program_name(line: str, expected: tuple[str, str]) -> None:
    assert arguments.split_program(line) == expected
