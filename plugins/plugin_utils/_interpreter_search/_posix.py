# Copyright (c) 2026 the mlfleet authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This file is private to mlfleet.packages: it may change in any release.
"""Linux: one command line for sh that tries the usual interpreters in turn."""

from __future__ import annotations

import collections.abc as c
import shlex

from ansible_collections.mlfleet.packages.plugins.module_utils._agent.bootstrap import ARGUMENTS

STARTS = "MLFLEET-STARTS"
# SQL Server's own first. Any Python can look around; a runtime's snapshot is taken by its own interpreter.
USUAL = (
    "/opt/mssql/mlservices/runtime/python/bin/python",
    "/opt/mssql/mlservices/bin/python/python",
    "python3",
    "/usr/libexec/platform-python",
    "python",
)


def search_line() -> str | None:
    """Nothing needs to be asked first: sh can try one interpreter after the other."""
    return None


def candidates(output: str) -> list[str]:
    """The interpreters to try."""
    return list(USUAL)


def start_line(interpreters: c.Sequence[str], seconds: int) -> str:
    """Starts the agent with the first of the interpreters that is there, and says which one that is."""
    tries = [_try(number, name, seconds) for number, name in enumerate(interpreters)]
    return "; ".join([*tries, f"echo {STARTS} none"])


def _try(number: int, name: str, seconds: int) -> str:
    arguments = " ".join(shlex.quote(word) for word in ARGUMENTS)
    start = f'exec timeout -k 5 {seconds} "$p" {arguments}'
    return f"if p=$(command -v {shlex.quote(name)}); then echo {STARTS} {number}; {start}; fi"
