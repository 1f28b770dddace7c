# Copyright (c) 2026 the mlfleet authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This file is private to mlfleet.packages: it may change in any release.
"""Which release of each package a runtime shall have: pip's own resolver library over what is there and offered.

What is installed and satisfies is preferred. Packages that nobody asks for are kept as they are, and what they need
counts: a choice that would break one of them is no choice. A need of theirs that is broken already is not held
against anything, unless the package is reached by the declaration; then it is mended.
"""

from __future__ import annotations

import collections.abc as c
import dataclasses
import typing as t

import resolvelib
from ansible_collections.mlfleet.packages.plugins.plugin_utils import _packages, _solver
from ansible_collections.mlfleet.packages.plugins.plugin_utils._candidates import Candidates, Wheel
from ansible_collections.mlfleet.packages.plugins.plugin_utils._need import Need
from ansible_collections.mlfleet.packages.plugins.plugin_utils._packages import Breach, Package, Packages
from ansible_collections.mlfleet.packages.plugins.plugin_utils._target import Target
from packaging.specifiers import SpecifierSet
from packaging.version import Version

LATEST_ROUNDS = 10


@dataclasses.dataclass(frozen=True)
class Wanted:
    """A package that must be there: in one of these versions, with these extras."""

    name: str
    specifier: SpecifierSet
    extras: frozenset[str]
    latest: bool
    where: str
    """The place that says so."""
    wish: str
    """What it says, in words."""
    file_name: str | None = None
    """The one wheel that may be installed for it."""

    def allows(self, package: Package) -> bool:
        if self.file_name and package.wheel:
            return package.wheel.file_name == self.file_name
        return package.satisfies(self.specifier)


@dataclasses.dataclass(frozen=True)
class Question:
    """What is to be resolved."""

    wanted: tuple[Wanted, ...]
    installed: Packages
    keep: frozenset[str]
    """Installed packages that stay although nobody asks for them."""
    absent: c.Mapping[str, SpecifierSet]
    """Versions that must not be there; an empty specifier stands for all."""
    limits: c.Mapping[str, SpecifierSet]
    """Versions that a package must have if it is there at all."""
    target: Target
    candidates: Candidates
    broken: tuple[Breach, ...]
    """What is there already."""

    def within_limits(self, package: Package) -> bool:
        return package.satisfies(self.limits.get(package.name, SpecifierSet()))


def resolve(question: Question) -> dict[str, Package]:
    """The packages that the runtime shall have, by name."""
    found = _overruling(question)
    for _round in range(LATEST_ROUNDS if any(wanted.latest for wanted in question.wanted) else 0):
        # The resolver goes back no further than it must, and may leave a newer release aside that has become possible.
        better = _overruling(dataclasses.replace(question, installed=found))
        if better == found:
            break
        found = better
    return found


def straight(question: Question) -> dict[str, Package] | None:
    """What is installed, with the best release of whatever is wanted and not there; None where that is not enough.

    If it meets all needs, it is what resolve finds too, which takes much longer: each first choice is a right one.
    """
    if any(wanted.latest for wanted in question.wanted):
        return None
    provider = _Provider(question, heard=True)
    end = dict(question.installed)
    for name in {wanted.name for wanted in question.wanted}:
        wishes = [wanted for wanted in question.wanted if wanted.name == name]
        # Without a look at what is offered, which would read its wheels.
        there = [end[name]] if name in end and question.within_limits(end[name]) else []
        best = _first(there, wishes) or _first(provider.offered(name, kept=False), wishes)
        if best is None:
            return None
        end[name] = best
    return end


def _first(packages: c.Iterable[Package], wishes: c.Sequence[Wanted]) -> Package | None:
    return next((package for package in packages if all(wish.allows(package) for wish in wishes)), None)


def _overruling(question: Question) -> dict[str, Package]:
    """Kept packages are heard first, and overruled if need be."""
    try:
        return _resolve(question, heard=True)
    except _solver.Unsatisfiable:
        # The plan that results breaks a kept package, and says so itself, in better words than a resolver has.
        return _resolve(question, heard=False)


def _resolve(question: Question, heard: bool) -> dict[str, Package]:
    asks = [
        ask for wanted in question.wanted for ask in _asks(wanted.name, wanted.specifier, wanted.extras, wanted=wanted)
    ]
    concerned = _concerned(question)
    asks += [Ask(name, None, None, keep=True) for name in sorted(concerned)]
    chosen: list[Choice] = _solver.solve(
        _Provider(question, heard), asks, lambda ask, parent: _cause(question, ask, parent)
    )
    unconcerned = {name: question.installed[name] for name in question.keep - concerned}
    return unconcerned | {choice.package.name: choice.package for choice in chosen}


def _concerned(question: Question) -> frozenset[str]:
    """The kept packages that may have a say: those that could change, and those that need one that could."""
    environment = question.target.environment
    reached: set[str] = set()
    open_names = [wanted.name for wanted in question.wanted]
    while open_names:
        name = open_names.pop()
        if name in reached:
            continue
        reached.add(name)
        there = [question.installed[name]] if name in question.installed else []
        for package in [*there, *map(_packages.from_wheel, _fitting(question, name))]:
            # Extras count here whether or not somebody asks for them: too many are only slower.
            open_names += [
                need.name
                for need in package.needs
                if need.marker is None or "extra" in str(need.marker) or need.applies(environment)
            ]
    kept = (question.installed[name] for name in question.keep)
    return frozenset(
        package.name
        for package in kept
        if package.name in reached or any(need.name in reached for need in package.needs)
    )


@dataclasses.dataclass(frozen=True)
class Ask:
    """One demand on a package, or on one extra of it."""

    name: str
    extra: str | None
    specifier: SpecifierSet | None
    wanted: Wanted | None = None
    need: Need | None = None
    keep: bool = False
    """Nobody asks for it but the wish to leave things alone: a kept package, or one that such a package needs."""
    same: Package | None = None
    """The very package that an extra belongs to."""

    def allows(self, package: Package) -> bool:
        if self.same is not None:
            return package is self.same
        if self.need is not None:
            return package.meets(self.need)
        return self.wanted is None or self.wanted.allows(package)


@dataclasses.dataclass(frozen=True)
class Choice:
    """A package, or one extra of it, that may be chosen."""

    package: Package
    extra: str | None
    kept: bool = False
    """Nobody but the wish to leave it alone asks for it."""


def _asks(name: str, specifier: SpecifierSet | None, extras: c.Iterable[str], **origin: t.Any) -> list[Ask]:
    return [Ask(name, extra, specifier, **origin) for extra in (None, *sorted(extras))]


class _Provider(resolvelib.AbstractProvider):  # type: ignore[type-arg]  # subscriptable at run time only from 1.1 on
    """Answers the questions of resolvelib."""

    def __init__(self, question: Question, heard: bool) -> None:
        self._question = question
        self._heard = heard
        self._latest = frozenset(wanted.name for wanted in question.wanted if wanted.latest)
        self._wheels: dict[str, list[Package]] = {}
        self._broken = frozenset(breach.key for breach in question.broken)

    def identify(self, requirement_or_candidate: t.Any) -> tuple[str, str]:
        each = requirement_or_candidate
        return (each.name if isinstance(each, Ask) else each.package.name, each.extra or "")

    def get_preference(
        self, identifier: t.Any, resolutions: t.Any, candidates: t.Any, information: t.Any, backtrack_causes: t.Any
    ) -> tuple[bool, bool, tuple[str, str]]:
        asks = [each.requirement for each in information[identifier]]
        return all(ask.keep for ask in asks), not any(ask.wanted for ask in asks), identifier

    def find_matches(self, identifier: t.Any, requirements: t.Any, incompatibilities: t.Any) -> list[Choice]:
        name, extra = identifier
        asks = list(requirements[identifier])
        if extra and (name, "") in requirements:
            asks += list(requirements[name, ""])
        refused = list(incompatibilities[identifier])
        kept = all(ask.keep for ask in asks)
        allowed = (package for package in self.offered(name, kept) if all(ask.allows(package) for ask in asks))
        # An extra that a release does not have adds nothing: pip warns of it and goes on.
        choices = (Choice(package, extra or None, kept) for package in allowed)
        return [choice for choice in choices if choice not in refused]

    def offered(self, name: str, kept: bool) -> list[Package]:
        """What may be chosen for a name, the best first."""
        there = self._question.installed.get(name)
        if kept:
            return [there] if there else []
        if name not in self._wheels:
            self._wheels[name] = self._mending_first(name)
        wheels = self._wheels[name]
        if there is None or not self._question.within_limits(there):
            return wheels
        if name in self._latest:
            newer = [each for each in wheels if there.version is None or t.cast(Version, each.version) > there.version]
            return [*newer, there, *(each for each in wheels if each not in newer and each.version != there.version)]
        return [there, *(each for each in wheels if each.version != there.version)]

    def _mending_first(self, name: str) -> list[Package]:
        """What can be installed; what also mends a kept package comes before what leaves it broken."""
        needs = [breach.need for breach in self._question.broken if breach.need.name == name]
        packages = [_packages.from_wheel(wheel) for wheel in _fitting(self._question, name)]
        return sorted(packages, key=lambda package: sum(not package.meets(need) for need in needs))

    def is_satisfied_by(self, requirement: t.Any, candidate: t.Any) -> bool:
        if not requirement.keep and candidate.kept:
            return False  # chosen again, this time as one whose needs must be met
        return t.cast(bool, requirement.allows(candidate.package))

    def get_dependencies(self, candidate: t.Any) -> list[Ask]:
        package: Package = candidate.package
        kept = candidate.kept
        if kept and not self._heard:
            return []
        same = [Ask(package.name, None, None, same=package)] if candidate.extra else []
        return same + [
            ask
            for need in package.needed(self._question.target.environment, candidate.extra or "")
            if not (kept and Breach(package, need, None).key in self._broken)
            for ask in _asks(need.name, need.specifier, need.extras, need=need, keep=kept)
        ]


def usable(candidates: Candidates, target: Target, name: str) -> list[Wheel]:
    """The wheels of a package that this target can install, best first."""
    ranked = [(wheel, target.rank(wheel.tags)) for wheel in candidates.named(name).wheels]
    fit = [(wheel, rank) for wheel, rank in ranked if rank is not None and target.allows(wheel.requires_python)]
    fit.sort(key=lambda pair: (pair[0].version, -pair[1], pair[0].build), reverse=True)
    return [wheel for wheel, _rank in fit]


def _fitting(question: Question, name: str) -> list[Wheel]:
    """Those that the task does not rule out; pre-releases last, unless somebody asks for one."""
    limit, absent = question.limits.get(name, SpecifierSet()), question.absent.get(name)
    found = [
        wheel
        for wheel in usable(question.candidates, question.target, name)
        if limit.contains(wheel.version, prereleases=True)
        and (absent is None or not absent.contains(wheel.version, prereleases=True))
    ]
    if any(wanted.specifier.prereleases for wanted in question.wanted if wanted.name == name):
        return found
    return sorted(found, key=lambda wheel: wheel.version.is_prerelease)


def _cause(question: Question, ask: Ask, parent: Choice | None) -> str:
    """One cause of an impossible resolution as a sentence: who wants what, and what there is instead."""
    wants = f"{ask.name}{f'[{ask.extra}]' if ask.extra else ''}{_demand(ask)}"
    who = f"{parent.package.title} {parent.package.raw} needs {wants}" if parent else _who(ask, wants)
    return f"{who}; {_instead(question, ask)}"


def _demand(ask: Ask) -> str:
    if ask.same is not None:
        return f"=={ask.same.raw}"
    return ask.need.short[len(ask.need.name) :] if ask.need else str(ask.specifier or "")


def _who(ask: Ask, wants: str) -> str:
    return f"{ask.wanted.where} wants {wants}" if ask.wanted else f"{wants} is installed and stays"


def _instead(question: Question, ask: Ask) -> str:
    absent = question.absent.get(ask.name)
    if absent is not None and not absent:
        return f"{ask.name} is declared absent"
    there = question.installed.get(ask.name)
    have = f"installed is {there.raw}, and " if there else ""
    offer = question.candidates.named(ask.name)
    fit = _fitting(question, ask.name)
    reasons = [*offer.reasons, *(_unfit(question, wheel) for wheel in offer.wheels if wheel not in fit)]
    versions = ", ".join(dict.fromkeys(str(wheel.version) for wheel in fit)) or "no usable wheel of it"
    because = f" ({'; '.join(reasons[:5])})" if reasons else ""
    return f"{have}{question.candidates.description} has {versions}{because}"


def _unfit(question: Question, wheel: Wheel) -> str:
    if question.target.rank(wheel.tags) is None:
        return f"{wheel.file_name} does not fit {question.target.description}"
    if not question.target.allows(wheel.requires_python):
        return f"{wheel.file_name} requires Python {wheel.requires_python}"
    return f"{wheel.file_name} is ruled out by a constraint or an absence"
