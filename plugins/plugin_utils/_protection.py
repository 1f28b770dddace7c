# Copyright (c) 2026 the mlfleet authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This file is private to mlfleet.packages: it may change in any release.
"""Which packages must not change unless the task names them."""

from __future__ import annotations

import collections.abc as c
import dataclasses

# What breaks every script of an instance when it changes, and has no way back: the interpreter's own tools, the
# packages of Microsoft, and those that both are linked with. numpy and pandas are known cases:
# https://github.com/MicrosoftDocs/sql-docs/issues/4674 and /4553.
LOAD_BEARING = (
    *("python", "pip", "setuptools", "wheel", "conda"),
    *("revoscalepy", "microsoftml"),
    *("numpy", "pandas", "scipy", "pywin32", "dill", "patsy", "python-dateutil"),
)
# And all whose names begin like this.
LOAD_BEARING_FAMILIES = ("azureml", "mkl")


@dataclasses.dataclass(frozen=True)
class Protection:
    """The protected packages of one runtime. Without a baseline, everything that is there now belongs to it."""

    baseline: frozenset[str]
    allowed: frozenset[str]

    def reason(self, name: str) -> str | None:
        """Why a package must not change; None if it may."""
        if name in self.allowed:
            return None
        if name in LOAD_BEARING or name.startswith(LOAD_BEARING_FAMILIES):
            return "it is load-bearing for SQL Server's runtimes"
        if name in self.baseline:
            return "the runtime had it before this collection first changed anything"
        return None

    def kept(self, name: str) -> bool:
        """Whether mode exact leaves it alone although nobody declared it."""
        return name in self.baseline or self.reason(name) is not None


def protection(baseline: c.Iterable[str], allowed: c.Iterable[str]) -> Protection:
    return Protection(frozenset(baseline), frozenset(allowed))
