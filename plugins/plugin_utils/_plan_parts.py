# Copyright (c) 2026 the mlfleet authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This file is private to mlfleet.packages: it may change in any release.
"""What a plan is made from, and what it consists of."""

from __future__ import annotations

import collections.abc as c
import dataclasses

from ansible_collections.mlfleet.packages.plugins.plugin_utils._candidates import Candidates, Wheel
from ansible_collections.mlfleet.packages.plugins.plugin_utils._declaration import Declaration
from ansible_collections.mlfleet.packages.plugins.plugin_utils._packages import Breach, Package, Packages
from ansible_collections.mlfleet.packages.plugins.plugin_utils._protection import Protection
from ansible_collections.mlfleet.packages.plugins.plugin_utils._resolve import Wanted
from ansible_collections.mlfleet.packages.plugins.plugin_utils._snapshot import Readiness
from ansible_collections.mlfleet.packages.plugins.plugin_utils._target import Target

INSTALL, UPGRADE, DOWNGRADE, REINSTALL, REMOVE = "install", "upgrade", "downgrade", "reinstall", "remove"
UNSATISFIABLE, NO_WHEEL = "unsatisfiable", "no-wheel"
Reached = c.Mapping[str, str]
"""Name of a package to the reason for which it is there."""


@dataclasses.dataclass(frozen=True)
class Action:
    """One step: a package goes from one release to another. None as a release: it is not there."""

    kind: str
    package: str
    before: Package | None
    after: Package | None
    reason: str


@dataclasses.dataclass(frozen=True)
class Problem:
    """What forbids a plan; one sentence."""

    kind: str
    package: str | None
    detail: str


@dataclasses.dataclass(frozen=True)
class Drift:
    """One difference between the declaration and what is there."""

    package: str
    kind: str
    have: str | None
    want: str | None
    why: str


@dataclasses.dataclass(frozen=True)
class Situation:
    """Everything that a plan is made from."""

    declaration: Declaration
    instances: tuple[str, ...]
    """Those that use the runtime."""
    installed: Packages
    target: Target
    candidates: Candidates
    protection: Protection
    pins: tuple[Wanted, ...] = ()
    """What a lock says, all of it wanted."""
    readiness: Readiness | None = None
    breaches: tuple[Breach, ...] | None = None
    """What is broken already, where somebody knows; otherwise the plan finds out."""


@dataclasses.dataclass(frozen=True)
class Plan:
    """The actions in their order, what forbids them, and the packages afterwards."""

    actions: tuple[Action, ...]
    problems: tuple[Problem, ...]
    drift: tuple[Drift, ...]
    end: Packages

    @property
    def wheels(self) -> list[Wheel]:
        """Those that are to be installed, in the order of their actions."""
        return [action.after.wheel for action in self.actions if action.after and action.after.wheel]
