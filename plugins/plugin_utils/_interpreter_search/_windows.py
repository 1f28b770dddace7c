# Copyright (c) 2026 the mlfleet authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This file is private to mlfleet.packages: it may change in any release.
"""Windows: command lines for cmd.exe that find an interpreter and start the agent with it. No PowerShell needed.

A line that begins with a quote loses its first and its last one (`cmd /?`), so none of these does. They mean
the same whether the WinRM service wraps them in another pair of quotes or not.
"""

from __future__ import annotations

import collections.abc as c
import ntpath
import re

from ansible_collections.mlfleet.packages.plugins.module_utils._agent.bootstrap import ARGUMENTS
from ansible_collections.mlfleet.packages.plugins.plugin_utils._errors import HostProblem

SQL_SERVER = r"HKLM\SOFTWARE\Microsoft\Microsoft SQL Server"
PYTHON_CORE = r"HKLM\SOFTWARE\Python\PythonCore"
# cmd.exe reads no more than 8,191 characters of a line.
LINE_LIMIT = 8191
STARTS = "MLFLEET-STARTS"
# Inside quotes cmd.exe replaces %names% all the same, and a quote would end them.
UNSAFE = re.compile(r'[%"<>|\x00-\x1f]')
VALUE = re.compile(r"^\s+(?P<name>.*?)\s{2,}REG_(?:EXPAND_)?SZ\s{2,}(?P<data>\S.*)$")


def search_line() -> str | None:
    """Asks the registry for SQL Server's instances and for Pythons installed for all users (PEP 514)."""
    return f'reg query "{SQL_SERVER}" /s /v SQLPath /reg:64 & reg query "{PYTHON_CORE}" /s /reg:64'


def candidates(output: str) -> list[str]:
    """Interpreters that the answer of search_line points to, those of SQL Server first."""
    setup: list[str] = []
    others: list[str] = []
    key = ""
    for line in output.splitlines():
        if line.startswith("HKEY_"):
            key = line.strip()
        match = VALUE.match(line)
        if match and match["name"] == "SQLPath":
            root = ntpath.dirname(match["data"].strip().rstrip("\\"))
            # 2017 from CU22 on has PYTHON_SERVICES.3.7 beside the first; a fresh CU22 only has that.
            setup += [ntpath.join(root, home, "python.exe") for home in ("PYTHON_SERVICES", "PYTHON_SERVICES.3.7")]
        elif match and key.endswith("InstallPath") and match["name"].startswith("("):
            others.append(ntpath.join(match["data"].strip(), "python.exe"))
    return list(dict.fromkeys(path for path in setup + others if not UNSAFE.search(path)))


def start_line(interpreters: c.Sequence[str], seconds: int) -> str:
    """Starts the agent with the first of the interpreters that is there, and says which one that is if it has a choice.

    What is said before the answer costs a round trip of its own.
    """
    line = f"echo {STARTS} none"
    for number, path in reversed(list(enumerate(interpreters))):
        if UNSAFE.search(path) or not ntpath.isabs(path):
            raise HostProblem(f"the interpreter {path!r} is no absolute path of Windows; correct mlfleet_interpreter")
        which = f"echo {STARTS} {number}& " if len(interpreters) > 1 else ""
        longer = f'if exist "{path}" ({which}{_agent(path)}) else ({line})'
        if len(longer) > LINE_LIMIT - 100:  # the service adds the name of cmd.exe
            # The longest tail is dropped: what is first in the list is what is likeliest to be there.
            return start_line(interpreters[: len(interpreters) // 2], seconds)
        line = longer
    return line


def _agent(path: str) -> str:
    *options, program = ARGUMENTS
    return f'"{path}" {" ".join(options)} "{program}"'
