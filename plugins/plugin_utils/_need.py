# Copyright (c) 2026 the mlfleet authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This file is private to mlfleet.packages: it may change in any release.
"""What a distribution needs, read from its metadata: tolerant, because old metadata is still installed."""

from __future__ import annotations

import collections.abc as c
import dataclasses
import functools
import re

from packaging.markers import InvalidMarker, Marker, UndefinedComparison, UndefinedEnvironmentName
from packaging.requirements import InvalidRequirement, Requirement
from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

Environment = c.Mapping[str, str]

_NAME = re.compile(r"\s*[A-Za-z0-9][A-Za-z0-9._-]*")
# Name, extras, specifier with or without brackets, marker: what can be told apart in any requirement ever written.
_LEGACY = re.compile(r"\s*([A-Za-z0-9][A-Za-z0-9._-]*)\s*(?:\[[^]]*\])?\s*([^;]*?)\s*(?:;(.*))?\Z", re.DOTALL)
# A name with or without versions, as most are. The grammar of PEP 508 takes ten times as long to say the same.
_CLAUSE = r"(?:[~=!<>]=|[<>])\s*[A-Za-z0-9.*+!_-]+"
_PLAIN = re.compile(rf"([A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?)\s*({_CLAUSE}(?:\s*,\s*{_CLAUSE})*)?\s*\Z")
_OR = re.compile(r"\bor\b")
# Ends in such a condition, which nothing but "or" could lift again.
_ONLY_FOR_EXTRA = re.compile(r"(?:;|\sand)\s*\(?\s*extra\s*==\s*(?:'[^']*'|\"[^\"]*\")\s*\)*\s*\Z")


@dataclasses.dataclass(frozen=True)
class Need:
    """One requirement. Without a specifier it follows no standard (`pytz>=2011k`), so that nobody can verify it."""

    text: str
    name: str
    specifier: SpecifierSet | None
    extras: frozenset[str] = frozenset()
    marker: Marker | None = None
    legacy: str = ""
    _met: dict[str, bool] = dataclasses.field(default_factory=dict, init=False, repr=False, compare=False)

    def applies(self, environment: Environment, extra: str = "") -> bool:
        """Whether a runtime with this marker environment needs it, for an extra or without one."""
        if self.marker is None:
            return not extra
        try:
            return self.marker.evaluate({**environment, "extra": extra})
        except (UndefinedComparison, UndefinedEnvironmentName, InvalidVersion):
            return not extra

    def met_by(self, version: Version | None, raw: str) -> bool:
        """Whether an installed version will do; pre-releases do, since they are there (as pip check sees it)."""
        if raw not in self._met:  # the same need is looked at again and again
            self._met[raw] = self._allows(version, raw)
        return self._met[raw]

    def _allows(self, version: Version | None, raw: str) -> bool:
        if self.specifier is None:
            return not self.legacy.startswith("==") or self.legacy.lstrip("=").strip() == raw
        return contains(self.specifier, version, raw)

    @property
    def short(self) -> str:
        """Name and specifier, for a sentence."""
        return f"{self.name}{self.specifier if self.specifier is not None else self.legacy}"


@dataclasses.dataclass(frozen=True)
class Needs:
    """All requirements of a distribution. Most are for extras that nobody asks for, and are not even parsed then."""

    texts: tuple[str, ...]
    _in_force: list[tuple[Environment, tuple[Need, ...]]] = dataclasses.field(
        default_factory=list, init=False, repr=False, compare=False
    )

    def __iter__(self) -> c.Iterator[Need]:
        return (need for need in map(parse, self.texts) if need is not None)

    def in_force(self, environment: Environment) -> tuple[Need, ...]:
        """Those that apply although no extra is asked for."""
        # Remembered, because it is asked again and again, for one environment.
        if not self._in_force or self._in_force[0][0] is not environment:
            parsed = (parse(text) for text in self.texts if not _only_for_extra(text))
            found = tuple(need for need in parsed if need is not None and need.applies(environment))
            self._in_force[:] = [(environment, found)]
        return self._in_force[0][1]

    def on(self, names: c.Container[str], environment: Environment) -> c.Iterator[Need]:
        """As in_force, of these packages only; what is needed of others is not even parsed."""
        texts = (text for text in self.texts if _name(text) in names and not _only_for_extra(text))
        parsed = map(parse, texts)
        return (need for need in parsed if need is not None and need.applies(environment))


@functools.lru_cache(maxsize=20_000)
def _name(text: str) -> str | None:
    match = _NAME.match(text)
    return canonicalize_name(match[0].lstrip()) if match else None


def _only_for_extra(text: str) -> bool:
    return "extra" in text and _ONLY_FOR_EXTRA.search(text) is not None and _OR.search(text) is None


@functools.lru_cache(maxsize=20_000)
def parse(text: str) -> Need | None:
    """The need in a line of Requires-Dist; None where there is not even a name in it."""
    head, semicolon, condition = text.partition(";")
    need = plain(head)
    try:
        if need is not None:
            return dataclasses.replace(need, text=text, marker=_marker(condition)) if semicolon else need
        found = Requirement(text)
    except (InvalidMarker, InvalidRequirement):
        return _legacy(text)
    extras = frozenset(map(canonicalize_name, found.extras))
    return Need(text, canonicalize_name(found.name), found.specifier, extras, found.marker)


@functools.lru_cache(maxsize=1_000)
def _marker(text: str) -> Marker:
    return Marker(text)


@functools.lru_cache(maxsize=20_000)
def plain(text: str) -> Need | None:
    """A name with or without versions; None for whatever else there is, or is wrong with it."""
    match = _PLAIN.match(text)
    try:
        return Need(text, canonicalize_name(match[1]), SpecifierSet(match[2] or "")) if match else None
    except InvalidSpecifier:
        return None


def _legacy(text: str) -> Need | None:
    match = _LEGACY.match(text)
    if match is None:
        return None
    name, specifier, marker = match.groups()
    try:
        parsed = Requirement(f"x; {marker}").marker if marker else None
    except InvalidRequirement:
        parsed = None
    return Need(text, canonicalize_name(name), None, marker=parsed, legacy=specifier.strip("() "))


def contains(specifier: SpecifierSet, version: Version | None, raw: str) -> bool:
    """Whether a version is one of these; one that follows no standard is only equal to itself."""
    if not specifier:
        return True
    if version is None:
        return str(specifier).lstrip("=") == raw
    return specifier.contains(version, prereleases=True)


@functools.lru_cache(maxsize=20_000)
def version_of(raw: str) -> Version | None:
    """A version by PEP 440; None for one that is older than that."""
    try:
        return Version(raw)
    except InvalidVersion:
        return None
