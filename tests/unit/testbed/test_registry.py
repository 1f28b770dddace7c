# Copyright (c) 2026 the mlfleet authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The registry file of a simulated host, and `reg query` on it."""

from __future__ import annotations

import json
import pathlib

import pytest

from testbed import reg_exe, registry
from testbed.cmd_exe import grammar, interpreter

SERVER = r"HKLM\SOFTWARE\Microsoft\Microsoft SQL Server"
LONG = r"HKEY_LOCAL_MACHINE\SOFTWARE\Microsoft\Microsoft SQL Server"
NOT_FOUND = "ERROR: The system was unable to find the specified registry key or value.\r\n"


@pytest.fixture
def known(tmp_path: pathlib.Path) -> registry.Registry:
    made = registry.Registry(tmp_path / "registry.json")
    made.set(rf"{SERVER}\Instance Names\SQL", "MSSQLSERVER", "MSSQL15.MSSQLSERVER")
    made.set(rf"{SERVER}\Instance Names\SQL", "ML", "MSSQL15.ML")
    made.set(SERVER, "", "unnamed")
    made.set(SERVER, "Number", 31, "REG_DWORD")
    made.set(SERVER, "Several", ["a", "b"], "REG_MULTI_SZ")
    made.create(rf"{SERVER}\150")
    return made


def _stdout(known: registry.Registry, *arguments: str) -> str:
    reply = reg_exe.run(["query", *arguments], known)
    assert (reply.stderr, reply.exit_code) == ("", 0)
    return reply.stdout


def test_the_file_has_the_agreed_shape(tmp_path: pathlib.Path) -> None:
    made = registry.Registry(tmp_path / "registry.json")
    made.set(r"HKEY_LOCAL_MACHINE\Software\Example", "Name", "data")
    made.set(r"hklm\SOFTWARE\example", "NAME", "newer")
    content = json.loads((tmp_path / "registry.json").read_text())
    assert content == {r"HKLM\Software\Example": {"Name": ["REG_SZ", "newer"]}}


def test_a_key_shows_its_values_then_its_subkeys(known: registry.Registry) -> None:
    assert _stdout(known, SERVER.lower()) == (
        f"\r\n{LONG}\r\n"
        "    (Default)    REG_SZ    unnamed\r\n"
        "    Number    REG_DWORD    0x1f\r\n"
        "    Several    REG_MULTI_SZ    a\\0b\r\n"
        f"\r\n{LONG}\\150\r\n{LONG}\\Instance Names\r\n"
    )


def test_a_key_without_values_shows_only_its_subkeys(known: registry.Registry) -> None:
    assert _stdout(known, r"HKLM\SOFTWARE\Microsoft") == f"\r\n{LONG}\r\n"


def test_one_value(known: registry.Registry) -> None:
    key = rf"{SERVER}\Instance Names\SQL"
    assert _stdout(known, key, "/v", "mssqlserver", "/reg:64") == (
        f"\r\n{LONG}\\Instance Names\\SQL\r\n    MSSQLSERVER    REG_SZ    MSSQL15.MSSQLSERVER\r\n"
    )


def test_the_default_value(known: registry.Registry) -> None:
    assert "(Default)    REG_SZ    unnamed" in _stdout(known, SERVER, "/ve")
    assert "(Default)    REG_SZ    (value not set)" in _stdout(known, rf"{SERVER}\150", "/ve")


def test_all_below_a_key(known: registry.Registry) -> None:
    keys = [line for line in _stdout(known, SERVER, "/s").splitlines() if line.startswith("HKEY")]
    assert keys == [LONG, rf"{LONG}\150", rf"{LONG}\Instance Names", rf"{LONG}\Instance Names\SQL"]


def test_a_search_counts_its_matches(known: registry.Registry) -> None:
    assert _stdout(known, SERVER, "/s", "/v", "ML") == (
        f"\r\n{LONG}\\Instance Names\\SQL\r\n    ML    REG_SZ    MSSQL15.ML\r\n"
        "\r\nEnd of search: 1 match(es) found.\r\n"
    )
    assert reg_exe.run(["query", SERVER, "/s", "/v", "nosuch"], known).exit_code == 1


def test_the_32_bit_view_lies_elsewhere(known: registry.Registry) -> None:
    known.set(r"HKLM\SOFTWARE\WOW6432Node\Old", "Name", "data")
    expected = "\r\nHKEY_LOCAL_MACHINE\\SOFTWARE\\Old\r\n    Name    REG_SZ    data\r\n"
    assert _stdout(known, r"HKLM\SOFTWARE\Old", "/v", "Name", "/reg:32") == expected
    assert reg_exe.run(["query", r"HKLM\SOFTWARE\Old", "/reg:64"], known).stderr == NOT_FOUND


@pytest.mark.parametrize("arguments", [[r"HKLM\nosuch"], [SERVER, "/v", "nosuch"], [rf"{SERVER}\15"]])
def test_what_is_not_there(known: registry.Registry, arguments: list[str]) -> None:
    assert reg_exe.run(["query", *arguments], known) == interpreter.Reply("", NOT_FOUND, 1)


@pytest.mark.parametrize("arguments", [["add", SERVER], ["query", SERVER, "/f", "x"], []])
def test_other_uses_of_reg_are_refused(known: registry.Registry, arguments: list[str]) -> None:
    with pytest.raises(grammar.UnsupportedCommandError):
        reg_exe.run(arguments, known)
