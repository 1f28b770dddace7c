# Copyright (c) 2026 the mlfleet authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Keeps the machine's pip configuration away from what is tested, and hands it to what must reach the index."""

from __future__ import annotations

import collections.abc as c
import os

_SET_ASIDE = "TESTBED_INDEX_"
_LEAKING = ("PIP_", "UV_", "PYTHON", "VIRTUAL_ENV")


def isolated(environment: c.Mapping[str, str]) -> dict[str, str]:
    """A copy of the environment in which no pip finds any configuration of this machine."""
    if _SET_ASIDE in environment:
        return dict(environment)
    kept = {(_SET_ASIDE + name if name.startswith(_LEAKING) else name): value for name, value in environment.items()}
    # pip skips every configuration file when it is told to read this one.
    return {**kept, _SET_ASIDE: "1", "PIP_CONFIG_FILE": os.devnull, "PYTHONNOUSERSITE": "1"}


def connected(environment: c.Mapping[str, str]) -> dict[str, str]:
    """The environment as it was before `isolated`, for installing tools and fetching parts of the test bed."""
    if _SET_ASIDE not in environment:
        return dict(environment)
    kept = {name: value for name, value in environment.items() if not name.startswith((*_LEAKING, _SET_ASIDE))}
    restored = {
        name.removeprefix(_SET_ASIDE): value
        for name, value in environment.items()
        if name.startswith(_SET_ASIDE) and name != _SET_ASIDE
    }
    return {**kept, **restored}
