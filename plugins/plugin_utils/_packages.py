# Copyright (c) 2026 the mlfleet authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This file is private to mlfleet.packages: it may change in any release.
"""Sets of packages: what is installed now and what would be after a change, seen alike; and what is broken in one."""

from __future__ import annotations

import collections.abc as c
import dataclasses

from ansible_collections.mlfleet.packages.plugins.plugin_utils import _need
from ansible_collections.mlfleet.packages.plugins.plugin_utils._candidates import Wheel
from ansible_collections.mlfleet.packages.plugins.plugin_utils._need import Environment, Need, Needs
from ansible_collections.mlfleet.packages.plugins.plugin_utils._snapshot import Damage, Distribution, Snapshot
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name
from packaging.version import Version


@dataclasses.dataclass(frozen=True)
class Package:
    """One distribution of a runtime, installed or planned."""

    name: str
    title: str
    raw: str
    needs: Needs
    wheel: Wheel | None = None
    """What it would be installed from; None for one that is installed."""
    distribution: Distribution | None = None
    duplicate: bool = False
    """Whether there is a second record of the same name."""
    unrecorded: bool = False
    """Whether nobody knows its files, so that it cannot be taken away cleanly."""
    damage: Damage | None = None

    @property
    def version(self) -> Version | None:
        """Parsed only where somebody asks, which for most packages of a clean runtime nobody does."""
        return _need.version_of(self.raw)

    def meets(self, need: Need) -> bool:
        return need.met_by(self.version, self.raw)

    def satisfies(self, specifier: SpecifierSet) -> bool:
        return _need.contains(specifier, self.version, self.raw)

    @property
    def damage_in_words(self) -> str:
        """What is wrong with its files."""
        if self.damage is None:
            return ""
        others = f" and {self.damage.files - 1} more" if self.damage.files > 1 else ""
        return f"{self.damage.path}{others}: {self.damage.detail}"

    def needed(self, environment: Environment, extra: str = "") -> c.Iterable[Need]:
        """What it needs in a runtime; with an extra, only what that adds."""
        if not extra:
            return self.needs.in_force(environment)
        return (need for need in self.needs if need.applies(environment, extra) and not need.applies(environment))


Packages = c.Mapping[str, Package]


@dataclasses.dataclass(frozen=True)
class Breach:
    """A need of a package that its runtime does not meet, as `pip check` reports it."""

    package: Package
    need: Need
    have: str | None

    @property
    def key(self) -> tuple[str, str]:
        """Equal before and after a change if it is the same breach of the same release."""
        return f"{self.package.name}=={self.package.raw}", self.need.text

    def sentence(self) -> str:
        there = f"{self.need.name} {self.have} is there" if self.have is not None else "it is not there"
        return f"{self.package.title} {self.package.raw} needs {self.need.short}, and {there}"


def installed(snapshot: Snapshot) -> dict[str, Package]:
    """The distributions that the interpreter finds, by name."""
    found: dict[str, Package] = {}
    readiness = snapshot.readiness
    unrecorded = frozenset(readiness.unrecorded if readiness else ())
    damages = {damage.distribution: damage for damage in (readiness.damaged if readiness else ())}
    for number, each in enumerate(snapshot.distributions or ()):
        name = canonicalize_name(each.name)
        if name in found:
            found[name] = dataclasses.replace(found[name], duplicate=True)
        else:
            found[name] = _package(name, each, number in unrecorded, damages.get(number))
    return found


def _package(name: str, each: Distribution, unrecorded: bool, damage: Damage | None) -> Package:
    return Package(
        name=name,
        title=each.name,
        raw=each.version,
        needs=Needs(each.requires),
        distribution=each,
        unrecorded=unrecorded,
        damage=damage,
    )


def from_wheel(wheel: Wheel) -> Package:
    """What a wheel would install."""
    return Package(wheel.name, wheel.title, wheel.raw_version, Needs(wheel.requires), wheel)


def breaches(packages: Packages, environment: Environment) -> tuple[Breach, ...]:
    """Every need that is not met."""
    each = (_breach(package, need, packages) for package in packages.values() for need in package.needed(environment))
    return tuple(breach for breach in each if breach is not None)


def _breach(package: Package, need: Need, packages: Packages) -> Breach | None:
    other = packages.get(need.name)
    if other is not None and other.meets(need):
        return None
    return Breach(package, need, other.raw if other else None)


def breached(
    before: Packages, known: c.Iterable[Breach], end: Packages, environment: Environment
) -> c.Iterator[Breach]:
    """Every need that is met in one state, of which the breaches are known, and not in another."""
    keys = {breach.key for breach in known}
    # All others need what they did, and find what they did; to look at them all takes longer than the rest of a plan.
    changed = {name for name in (*before, *end) if before.get(name) is not end.get(name)}
    for package in end.values():
        needs = package.needed(environment) if package.name in changed else package.needs.on(changed, environment)
        for need in needs:
            breach = _breach(package, need, end)
            if breach is not None and breach.key not in keys:
                yield breach


def unverifiable(packages: Packages, environment: Environment) -> tuple[tuple[Package, Need], ...]:
    """The needs that follow no standard: taken as met by any version."""
    each = ((package, need) for package in packages.values() for need in package.needed(environment))
    return tuple((package, need) for package, need in each if need.specifier is None)
