# Copyright (c) 2026 the mlfleet authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This file is private to mlfleet.packages: it may change in any release.
"""Locking for what uv refuses: Python 3.5, platforms that it does not know, metadata older than the standards.

unearth finds the wheels of the indexes, resolvelib, which pip resolves with, chooses among them. The metadata of a
release is only asked for when the choice falls on it.
"""

from __future__ import annotations

import collections.abc as c
import dataclasses
import time
import typing as t

import resolvelib
import unearth
from ansible_collections.mlfleet.packages.plugins.plugin_utils import _need, _packages, _secrets, _solver, _wheel
from ansible_collections.mlfleet.packages.plugins.plugin_utils._declaration import Entry
from ansible_collections.mlfleet.packages.plugins.plugin_utils._errors import HostProblem
from ansible_collections.mlfleet.packages.plugins.plugin_utils._locking import _metadata
from ansible_collections.mlfleet.packages.plugins.plugin_utils._locking._indexes import Session
from ansible_collections.mlfleet.packages.plugins.plugin_utils._locking._request import (
    LockedWheel,
    Question,
    Unresolvable,
)
from ansible_collections.mlfleet.packages.plugins.plugin_utils._need import Need
from ansible_collections.mlfleet.packages.plugins.plugin_utils._packages import Package
from ansible_collections.mlfleet.packages.plugins.plugin_utils._solver import Unsatisfiable
from ansible_collections.mlfleet.packages.plugins.plugin_utils._wheel import WheelProblem
from packaging.specifiers import SpecifierSet
from packaging.version import Version


@dataclasses.dataclass(frozen=True)
class Release:
    """One release of a package for the target: a wheel, or what the base has."""

    name: str
    raw: str
    version: Version | None
    file_name: str = ""
    link: unearth.Link | None = None
    base: Package | None = None
    yanked: bool = False
    own: LockedWheel | None = None
    """The one wheel that an entry names."""


@dataclasses.dataclass(frozen=True)
class Ask:
    """One demand on a package, or on one extra of it."""

    name: str
    extra: str
    entry: Entry | None = None
    need: Need | None = None
    same: Release | None = None
    """The very release that an extra belongs to."""

    def allows(self, release: Release) -> bool:
        if self.same is not None:
            return release == self.same
        if self.need is not None:
            return self.need.met_by(release.version, release.raw)
        if self.entry is None or release.own is not None:
            return True
        return _need.contains(self.entry.specifier, release.version, release.raw)

    @property
    def specifier(self) -> SpecifierSet:
        source = self.need.specifier if self.need else self.entry.specifier if self.entry else None
        return source if source is not None else SpecifierSet()


@dataclasses.dataclass(frozen=True)
class Choice:
    """A release, or one extra of it, that may be chosen."""

    release: Release
    extra: str


def lock(question: Question, seconds: float) -> tuple[LockedWheel, ...]:
    """The wheels of a question."""
    provider = _Provider(question, time.monotonic() + seconds)
    asks = [ask for entry in question.entries for ask in _asks(entry.name, entry.extras, entry=entry)]
    try:
        chosen: list[Choice] = _solver.solve(provider, asks, provider.cause)
    except Unsatisfiable as unsatisfiable:
        raise Unresolvable(str(unsatisfiable)[:1500]) from None
    releases = {choice.release.name: choice.release for choice in chosen if choice.release.base is None}
    return tuple(provider.locked(releases[name]) for name in sorted(releases))


def _asks(name: str, extras: c.Iterable[str], **origin: t.Any) -> list[Ask]:
    return [Ask(name, extra, **origin) for extra in ("", *sorted(extras))]


class _Provider(resolvelib.AbstractProvider):  # type: ignore[type-arg]  # subscriptable at run time only from 1.1 on
    """Answers the questions of resolvelib."""

    def __init__(self, question: Question, end: float) -> None:
        self._question = question
        self._end = end
        self._session = Session(question.request.indexes)
        self._finders = _finders(question, self._session)
        self._releases: dict[str, list[Release]] = {}
        self._packages: dict[Release, Package] = {}
        self._own = question.own()
        self._limits: dict[str, list[SpecifierSet]] = {}
        for limit in question.limits():
            self._limits.setdefault(limit.name, []).append(limit.specifier)

    def identify(self, requirement_or_candidate: t.Any) -> tuple[str, str]:
        each = requirement_or_candidate
        return (each.name if isinstance(each, Ask) else each.release.name, each.extra)

    def get_preference(
        self, identifier: t.Any, resolutions: t.Any, candidates: t.Any, information: t.Any, backtrack_causes: t.Any
    ) -> tuple[bool, bool, bool, tuple[str, str]]:
        asks = [each.requirement for each in information[identifier]]
        # What backtracking was about first: its choice decides about the rest.
        involved = any(each.requirement in asks for each in backtrack_causes)
        exact = any(_is_exact(ask.specifier) for ask in asks)
        return not involved, not exact, not any(ask.entry for ask in asks), identifier

    def find_matches(self, identifier: t.Any, requirements: t.Any, incompatibilities: t.Any) -> list[Choice]:
        name, extra = identifier
        asks = list(requirements[identifier])
        if extra and (name, "") in requirements:
            asks += list(requirements[name, ""])
        refused = list(incompatibilities[identifier])
        # An extra that a release does not have adds nothing: pip warns of it and goes on.
        choices = (Choice(each, extra) for each in self._offered(name, asks))
        return [
            choice for choice in choices if choice not in refused and all(ask.allows(choice.release) for ask in asks)
        ]

    def _offered(self, name: str, asks: c.Sequence[Ask]) -> list[Release]:
        """What may be chosen for a name, the best first."""
        exact = any(_is_exact(ask.specifier) for ask in asks)
        wants_pre = any(ask.specifier.prereleases for ask in asks)
        fit = [each for each in self._all(name) if self._within(each) and (exact or not each.yanked)]
        latest = name in self._question.latest
        earlier = self._question.earlier.get(name)

        def order(release: Release) -> tuple[bool, bool, bool]:
            preferred = not latest and (release.base is not None)
            before = not latest and release.version is not None and release.version == earlier
            later = release.version is not None and release.version.is_prerelease and not wants_pre
            return not preferred, not before, later and not (preferred or before)

        return sorted(fit, key=order)

    def _within(self, release: Release) -> bool:
        if release.version is None or release.own is not None:
            return True
        version = release.version
        return all(each.contains(version, prereleases=True) for each in self._limits.get(release.name, ()))

    def _all(self, name: str) -> list[Release]:
        """All releases of a package for the target, newest first."""
        if name not in self._releases:
            self._releases[name] = self._found(name)
        return self._releases[name]

    def _found(self, name: str) -> list[Release]:
        if name in self._own:
            wheel = self._own[name]
            locked = _metadata.of_file(wheel)
            return [Release(name, wheel.raw_version, wheel.version, wheel.file_name, own=locked)]
        base = self._question.goal.base.get(name)
        if base is not None and base.version is None:
            return [Release(name, base.raw, None, base=base)]
        links = [link for finder in self._finders for link in finder(name)]
        by_version: dict[Version, tuple[tuple[t.Any, ...], Release]] = {}
        for link in links:
            self._add(by_version, name, link)
        if base is not None and base.version is not None:
            by_version[base.version] = ((), Release(name, base.raw, base.version, base=base))
        return [by_version[version][1] for version in sorted(by_version, reverse=True)]

    def _add(self, found: dict[Version, tuple[tuple[t.Any, ...], Release]], name: str, link: unearth.Link) -> None:
        """Keeps the wheel that fits best of each version."""
        target = self._question.goal.target
        try:
            said = _wheel.file_name(link.filename)
        except WheelProblem:
            return
        rank = target.rank(said.tags)
        if said.name != name or rank is None or not target.allows(link.requires_python or ""):
            return
        key = (not link.is_yanked, -rank, said.build)
        if said.version not in found or found[said.version][0] < key:
            release = Release(name, str(said.version), said.version, link.filename, link, yanked=link.is_yanked)
            found[said.version] = key, release

    def is_satisfied_by(self, requirement: t.Any, candidate: t.Any) -> bool:
        return t.cast(bool, requirement.allows(candidate.release))

    def get_dependencies(self, candidate: t.Any) -> list[Ask]:
        release: Release = candidate.release
        same = [Ask(release.name, "", same=release)] if candidate.extra else []
        # What the base needs of itself is there, or was broken before.
        if release.base is not None and not candidate.extra:
            return same
        package = self._package(release)
        return same + [
            ask
            for need in package.needed(self._question.goal.target.environment, candidate.extra)
            for ask in _asks(need.name, need.extras, need=need)
        ]

    def _package(self, release: Release) -> Package:
        if release.base is not None:
            return release.base
        if release not in self._packages:
            if time.monotonic() > self._end:
                raise HostProblem(f"{self._question.goal.description} was not locked in time; set time_limit higher")
            self._packages[release] = self._described(release)
        return self._packages[release]

    def _described(self, release: Release) -> Package:
        if release.own is not None:
            return _packages.from_wheel(self._own[release.name])
        if release.link is None:
            raise ValueError(release.name)
        return _metadata.of_link(release.link, self._session, self._question.request)

    def locked(self, release: Release) -> LockedWheel:
        """What the lock says of a release."""
        if release.own is not None:
            return release.own
        if release.link is None or release.version is None:
            raise ValueError(release.name)
        link = release.link
        sha256 = _metadata.sha256(link, self._question.request)
        url = None if link.is_file else _secrets.without_user_info(link.url_without_fragment)
        path = link.file_path if link.is_file else None
        return LockedWheel(release.name, release.version, release.file_name, sha256, url=url, path=path)

    def cause(self, ask: Ask, parent: Choice | None) -> str:
        """One cause of an impossible resolution as a sentence."""
        extra = f"[{ask.extra}]" if ask.extra else ""
        demand = ask.need.short[len(ask.need.name) :] if ask.need else str(ask.specifier)
        who = (
            f"{parent.release.name} {parent.release.raw} needs" if parent else f"{ask.entry and ask.entry.where} wants"
        )
        found = [each for each in self._all(ask.name) if self._within(each)]
        versions = ", ".join(each.raw for each in found[:8]) + (", ..." if len(found) > 8 else "")
        there = f"of {ask.name} there is {versions}" if found else f"there is no wheel of {ask.name} that may be used"
        return f"{who} {ask.name}{extra}{demand}; {there}"


def _finders(question: Question, session: Session) -> list[c.Callable[[str], list[unearth.Link]]]:
    """Where to look: in all folders, and in the first index that knows the package, as uv does."""
    indexes = question.request.indexes

    def finder(**places: t.Any) -> unearth.PackageFinder:
        # Compatibility is judged here, by the same rules as everywhere else in this collection.
        fetcher = t.cast("unearth.fetchers.Fetcher", session)
        return unearth.PackageFinder(fetcher, only_binary=[":all:"], ignore_compatibility=True, **places)

    def links(found: unearth.PackageFinder, name: str) -> list[unearth.Link]:
        return [each.link for each in found.find_all_packages(name, allow_yanked=True)]

    by_index = [finder(index_urls=[url]) for url in indexes.urls]
    folders = [finder(find_links=indexes.find_links)] if indexes.find_links else []

    def first(name: str) -> list[unearth.Link]:
        return next(filter(None, (links(each, name) for each in by_index)), [])

    def everywhere(name: str) -> list[unearth.Link]:
        return [link for each in folders for link in links(each, name)]

    return [everywhere, first]


def _is_exact(specifier: SpecifierSet) -> bool:
    return any(each.operator in ("==", "===") and not each.version.endswith(".*") for each in specifier)
