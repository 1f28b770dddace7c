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

from packaging.markers import Marker, UndefinedComparison, UndefinedEnvironmentName
from packaging.requirements import InvalidRequirement, Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

Environment = c.Mapping[str, str]

# Name, extras, specifier with or without brackets, marker: what can be told apart in any requirement ever written.
_LEGACY = re.compile(r"\s*([A-Za-z0-9][A-Za-z0-9._-]*)\s*(?:\[[^]]*\])?\s*([^;]*?)\s*(?:;(.*))?\Z", re.DOTALL)


@dataclasses.dataclass(frozen=True)
class Need:
    """One requirement. Without a specifier it follows no standard (`pytz>=2011k`), so that nobody can verify it."""

    text: str
    name: str
    specifier: SpecifierSet | None
    extras: frozenset[str] = frozenset()
    marker: Marker | None = None
    legacy: str = ""

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
        if self.specifier is None:
            return not self.legacy.startswith("==") or self.legacy.lstrip("=").strip() == raw
        if not self.specifier:
            return True
        if version is None:
            return str(self.specifier).lstrip("=") == raw
        return self.specifier.contains(version, prereleases=True)

    @property
    def short(self) -> str:
        """Name and specifier, for a sentence."""
        return f"{self.name}{self.specifier if self.specifier is not None else self.legacy}"


@functools.lru_cache(maxsize=20_000)
def parse(text: str) -> Need | None:
    """The need in a line of Requires-Dist; None where there is not even a name in it."""
    try:
        found = Requirement(text)
    except InvalidRequirement:
        return _legacy(text)
    extras = frozenset(map(canonicalize_name, found.extras))
    return Need(text, canonicalize_name(found.name), found.specifier, extras, found.marker)


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


@functools.lru_cache(maxsize=20_000)
def version_of(raw: str) -> Version | None:
    """A version by PEP 440; None for one that is older than that."""
    try:
        return Version(raw)
    except InvalidVersion:
        return None
