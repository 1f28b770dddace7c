# Copyright (c) 2026 the mlfleet authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The command lines that find an interpreter and start the agent, and what reg.exe answers."""

from __future__ import annotations

import pytest
from ansible_collections.mlfleet.packages.plugins.plugin_utils._errors import HostProblem
from ansible_collections.mlfleet.packages.plugins.plugin_utils._interpreter_search import _posix, _windows


def answer() -> str:
    root = r"HKEY_LOCAL_MACHINE\SOFTWARE\Microsoft\Microsoft SQL Server"
    return "\r\n".join(
        [
            "",
            root + r"\MSSQL15.MSSQLSERVER\Setup",
            r"    SQLPath    REG_SZ    C:\Program Files\Microsoft SQL Server\MSSQL15.MSSQLSERVER\MSSQL",
            "",
            root + r"\MSSQL16.X  Y\Setup",
            "    SQLPath    REG_EXPAND_SZ    D:\\SQL  Data\\MSSQL16.X  Y\\MSSQL\\",
            "",
            "Suche beendet: 2 \u00dcbereinstimmung(en) gefunden.",
            "",
            r"HKEY_LOCAL_MACHINE\SOFTWARE\Python\PythonCore\3.10\InstallPath",
            "    (Standard)    REG_SZ    C:\\Program Files\\Python310\\",
            r"    ExecutablePath    REG_SZ    C:\Program Files\Python310\python.exe",
            "",
            r"HKEY_LOCAL_MACHINE\SOFTWARE\Python\PythonCore\3.9\InstallPath",
            r"    (Default)    REG_SZ    C:\%HACK%\Python39",
        ]
    )


def test_the_interpreters_of_sql_server_come_first() -> None:
    first = r"C:\Program Files\Microsoft SQL Server\MSSQL15.MSSQLSERVER"
    assert _windows.candidates(answer()) == [
        first + r"\PYTHON_SERVICES\python.exe",
        first + r"\PYTHON_SERVICES.3.7\python.exe",
        r"D:\SQL  Data\MSSQL16.X  Y\PYTHON_SERVICES\python.exe",
        r"D:\SQL  Data\MSSQL16.X  Y\PYTHON_SERVICES.3.7\python.exe",
        r"C:\Program Files\Python310\python.exe",
    ]


@pytest.mark.parametrize("text", ["", "ERROR: The system was unable to find the specified registry key or value."])
def test_a_registry_that_knows_nothing(text: str) -> None:
    assert _windows.candidates(text) == []


@pytest.mark.parametrize("count", [1, 2, 8, 60])
def test_the_line_stays_within_what_cmd_reads(count: int) -> None:
    paths = [
        rf"C:\Program Files\Microsoft SQL Server\MSSQL15.INSTANCE{n}\PYTHON_SERVICES\python.exe" for n in range(count)
    ]
    line = _windows.start_line(paths, 300)
    assert len(line) < _windows.LINE_LIMIT - 60
    assert line.startswith(f'if exist "{paths[0]}" (')
    assert line.endswith("(echo MLFLEET-STARTS none)" + ")" * (line.count("if exist") - 1))


@pytest.mark.parametrize("path", ["python.exe", 'C:\\a"b', "C:\\%x%", "C:\\a\nb", "C:\\a>b", ""])
def test_paths_that_could_mean_something_else_are_refused(path: str) -> None:
    with pytest.raises(HostProblem, match="is no absolute path of Windows; correct mlfleet_interpreter"):
        _windows.start_line([path], 300)


def test_names_are_quoted_for_sh() -> None:
    line = _posix.start_line(["/a b/python; rm x"], 30)
    assert "command -v '/a b/python; rm x'" in line
    assert "timeout -k 5 30" in line
