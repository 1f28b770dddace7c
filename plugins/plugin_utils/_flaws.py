# Copyright (c) 2026 the mlfleet authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This file is private to mlfleet.packages: it may change in any release.
"""What is wrong with the packages of a runtime already, whatever is declared.

To find out, every need of every package is read and compared: most of what the plan for one host costs. Hosts of a
fleet are much alike, so that the workers of a run tell each other what they found.
"""

from __future__ import annotations

import dataclasses
import json

from ansible_collections.mlfleet.packages.plugins.plugin_utils import _need, _packages
from ansible_collections.mlfleet.packages.plugins.plugin_utils._need import Environment, Need
from ansible_collections.mlfleet.packages.plugins.plugin_utils._packages import Breach, Package, Packages
from ansible_collections.mlfleet.packages.plugins.plugin_utils._shared_notes import SharedNotes


@dataclasses.dataclass(frozen=True)
class Flaws:
    """The needs that are not met, and those that nobody can verify."""

    breaches: tuple[Breach, ...]
    unverifiable: tuple[tuple[Package, Need], ...]


# Made when Ansible loads the action, before it forks a worker for each host.
_NOTES = SharedNotes()


def flaws(packages: Packages, environment: Environment, notes: SharedNotes = _NOTES) -> Flaws:
    """The flaws of a runtime's packages."""
    releases = [(name, package.raw, package.needs.texts) for name, package in packages.items()]
    about = repr((releases, sorted(environment.items())))
    text = notes.text(about, lambda: _noted(_found(packages, environment)))
    broken, unverifiable = json.loads(text)
    return Flaws(
        tuple(_breach(packages, name, _parsed(need)) for name, need in broken),
        tuple((packages[name], _parsed(need)) for name, need in unverifiable),
    )


def _found(packages: Packages, environment: Environment) -> Flaws:
    return Flaws(_packages.breaches(packages, environment), _packages.unverifiable(packages, environment))


def _noted(found: Flaws) -> str:
    broken = [(breach.package.name, breach.need.text) for breach in found.breaches]
    return json.dumps([broken, [(package.name, need.text) for package, need in found.unverifiable]])


def _parsed(text: str) -> Need:
    need = _need.parse(text)
    if need is None:
        raise ValueError(text)
    return need


def _breach(packages: Packages, name: str, need: Need) -> Breach:
    there = packages.get(need.name)
    return Breach(packages[name], need, there.raw if there else None)
