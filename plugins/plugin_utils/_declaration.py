# Copyright (c) 2026 the mlfleet authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This file is private to mlfleet.packages: it may change in any release.
"""What the user declares, parsed once: every mistake is found at once, and named by option, index and value."""

from __future__ import annotations

import collections.abc as c
import dataclasses
import re
import typing as t
import urllib.parse

from ansible_collections.mlfleet.packages.plugins.plugin_utils import _need
from ansible_collections.mlfleet.packages.plugins.plugin_utils._errors import HostProblem
from ansible_collections.mlfleet.packages.plugins.plugin_utils._need import Environment
from packaging.markers import Marker
from packaging.requirements import InvalidRequirement, Requirement
from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.utils import InvalidWheelFilename, canonicalize_name, parse_wheel_filename

PRESENT, ABSENT, LATEST, REINSTALLED = STATES = ("present", "absent", "latest", "reinstalled")
KEYS = ("name", "version", "extras", "state", "wheel", "host_wheel", "url", "sha256", "instances", "origin")
FILE, HOST, URL = "wheel", "host_wheel", "url"

_NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?\Z")
_SHA256 = re.compile(r"[0-9a-f]{64}\Z")
_MODULE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*(?:\.[A-Za-z_][A-Za-z0-9_]*)*\Z")


@dataclasses.dataclass(frozen=True)
class Source:
    """One particular wheel: a file on the controller, a file on the host, or a URL with its hash."""

    kind: str
    place: str
    file_name: str
    sha256: str | None = None


@dataclasses.dataclass(frozen=True)
class Entry:
    """One declared package. `where` names the place of the declaration, for messages."""

    where: str
    name: str
    specifier: SpecifierSet
    extras: frozenset[str] = frozenset()
    marker: Marker | None = None
    state: str = PRESENT
    hashes: frozenset[str] = frozenset()
    instances: frozenset[str] = frozenset()
    source: Source | None = None
    origin: str = ""
    """Who declared it, for reasons; empty where the task itself did."""

    def applies(self, environment: Environment) -> bool:
        return self.marker is None or self.marker.evaluate({**environment, "extra": ""})

    def meant_for(self, instances: c.Iterable[str]) -> bool:
        """Whether it holds for one of these instances; SQL Server does not tell upper from lower case."""
        return not self.instances or not self.instances.isdisjoint(each.upper() for each in instances)

    @property
    def wish(self) -> str:
        """What is declared, in words for a reason."""
        return f"declared {self.specifier}{self.by}" if self.specifier else f"declared{self.by}"

    @property
    def by(self) -> str:
        return f" by {self.origin}" if self.origin else ""


@dataclasses.dataclass(frozen=True)
class Line:
    """One requirement of a requirements file, not yet looked into."""

    text: str
    """Without the hashes."""
    hashes: frozenset[str]
    """The sha256 that are allowed; empty where any is."""
    where: str
    """Such as `files/requirements.txt, line 3`."""
    constraint: bool
    """Whether it limits the version only, if something else asks for the package."""


@dataclasses.dataclass(frozen=True)
class Declaration:
    """What the runtimes of a host shall have."""

    entries: tuple[Entry, ...]
    constraints: tuple[Entry, ...]
    exact: bool
    allow_protected: frozenset[str]
    imports: tuple[str, ...] | None
    """Modules to import after a change; None for those of the wheels that were installed."""

    def meant(self, instances: c.Iterable[str], environment: Environment) -> tuple[Entry, ...]:
        """The entries that hold for a runtime, by who uses it.

        Those for particular instances go before those for all, as soon as every user of the runtime has one.
        """
        users = {name.upper() for name in instances}
        meant = [each for each in self.entries if each.meant_for(users) and each.applies(environment)]
        named: dict[str, set[str]] = {}
        for each in meant:
            named.setdefault(each.name, set()).update(each.instances)
        return tuple(each for each in meant if each.instances or not users or not users <= named[each.name])

    def sources(self, kind: str) -> tuple[Entry, ...]:
        """The entries that name one particular wheel of this kind."""
        return tuple(entry for entry in self.entries if entry.source is not None and entry.source.kind == kind)


def declaration(
    arguments: c.Mapping[str, t.Any], lines: c.Sequence[Line] = (), wrong: c.Sequence[str] = ()
) -> Declaration:
    """The declaration in a task's options and in requirements files, whose own mistakes are `wrong`."""
    mistakes = list(wrong)
    entries: list[Entry] = []
    constraints: list[Entry] = []
    for number, value in enumerate(arguments["packages"]):
        entries += _collected(mistakes, f"packages[{number}]", value, _entry)
    for line in lines:
        found = _collected(mistakes, line.where, line, _from_line)
        if line.constraint:
            constraints += found
        else:
            entries += found
    mistakes += _doubles(entries)
    mistakes += [
        f"allow_protected: {each!r} is no name of a package"
        for each in arguments["allow_protected"]
        if not _NAME.match(each)
    ]
    imports = _imports(arguments["verify_imports"], mistakes)
    if mistakes:
        raise HostProblem(f"{'; '.join(mistakes)}; correct the task, nothing was done")
    allowed = frozenset(map(canonicalize_name, arguments["allow_protected"]))
    return Declaration(tuple(entries), tuple(constraints), arguments["mode"] == "exact", allowed, imports)


def entry(where: str, value: t.Any) -> Entry:
    """One entry by itself, for those who put a list of packages together."""
    try:
        return _entry(where, value)
    except _Mistake as mistake:
        raise HostProblem(f"{where} {mistake}; correct it there, nothing was done") from None


class _Mistake(Exception):
    """What is wrong with one entry."""


def _collected(mistakes: list[str], where: str, value: t.Any, parse: c.Callable[[str, t.Any], Entry]) -> list[Entry]:
    try:
        return [parse(where, value)]
    except _Mistake as mistake:
        mistakes.append(f"{where} {mistake}")
        return []


def _entry(where: str, value: t.Any) -> Entry:
    if isinstance(value, str):
        return _from_text(where, value)
    if isinstance(value, dict):
        return _from_keys(where, value)
    raise _Mistake(f"is {_shown(value)}, neither a requirement nor a dictionary")


def _from_line(where: str, line: Line) -> Entry:
    entry = _from_text(where, line.text)
    if not (entry.hashes and line.hashes):
        return dataclasses.replace(entry, hashes=entry.hashes or line.hashes)
    both = entry.hashes & line.hashes
    if not both:
        raise _Mistake("has a sha256 in its URL that is none of its --hash; take the wrong one out")
    return dataclasses.replace(entry, hashes=both)


def _from_text(where: str, text: str) -> Entry:
    if text.lower().endswith(".whl") and " @ " not in text:
        return _of_wheel(where, FILE, text, None)
    plain = _need.plain(text)
    if plain is not None and plain.specifier is not None:
        return Entry(where, plain.name, plain.specifier)
    try:
        found = Requirement(text)
    except InvalidRequirement as error:
        raise _Mistake(f"is {_shown(text)}, which is no requirement ({_first_line(error)})") from None
    if found.url:
        return _from_url(where, found)
    extras = frozenset(map(canonicalize_name, found.extras))
    return Entry(where, canonicalize_name(found.name), found.specifier, extras, found.marker)


def _from_url(where: str, found: Requirement) -> Entry:
    url, _sharp, fragment = str(found.url).partition("#")
    scheme = urllib.parse.urlsplit(url).scheme
    hashes = dict(part.partition("=")[::2] for part in fragment.split("&"))
    if scheme == "file":
        path = urllib.parse.unquote(urllib.parse.urlsplit(url).path)
        entry = _of_wheel(where, FILE, path, hashes.get("sha256"))
    else:
        entry = _of_wheel(where, URL, url, hashes.get("sha256"))
    if entry.name != canonicalize_name(found.name):
        raise _Mistake(f"calls {_shown(found.name)} what is a wheel of {entry.name}")
    extras = frozenset(map(canonicalize_name, found.extras))
    return dataclasses.replace(entry, extras=extras, marker=found.marker)


def _from_keys(where: str, value: dict[t.Any, t.Any]) -> Entry:
    unknown = [key for key in value if key not in KEYS]
    if unknown:
        raise _Mistake(f"has the unknown key {_shown(unknown[0])}; the keys are {', '.join(KEYS)}")
    state = value.get("state", PRESENT)
    if state not in STATES:
        raise _Mistake(f"has the state {_shown(state)}; it must be one of {', '.join(STATES)}")
    kinds = [kind for kind in (FILE, HOST, URL) if kind in value]
    if len(kinds) > 1 or (kinds and ("version" in value or state == ABSENT)):
        raise _Mistake(
            "names a wheel, which says all, so that neither another wheel, nor a version, nor an absence goes with it"
        )
    entry = _of_wheel(where, kinds[0], value[kinds[0]], value.get("sha256")) if kinds else _named(where, value)
    if "name" in value and kinds and canonicalize_name(str(value["name"])) != entry.name:
        raise _Mistake(f"calls {_shown(value['name'])} what is a wheel of {entry.name}")
    extras = frozenset(map(canonicalize_name, _names(value, "extras")))
    instances = frozenset(name.upper() for name in _names(value, "instances", any_text=True))
    origin = _origin(value)
    return dataclasses.replace(
        entry,
        where=f"{where} (by {origin})" if origin else where,
        state=state,
        extras=extras or entry.extras,
        instances=instances,
        origin=origin,
    )


def _origin(value: dict[t.Any, t.Any]) -> str:
    origin = value.get("origin", "")
    if not isinstance(origin, str) or not all(each.isprintable() for each in origin):
        raise _Mistake(f"has the origin {_shown(origin)}, which is no text of one line")
    return origin


def _named(where: str, value: dict[t.Any, t.Any]) -> Entry:
    name, version = value.get("name"), value.get("version", "")
    if not isinstance(name, str):
        raise _Mistake("has no name")
    if "sha256" in value:
        raise _Mistake("has a sha256, which goes with the keys wheel, host_wheel and url only")
    plain = _need.plain(name)
    if plain is not None and plain.specifier is not None and not (plain.specifier and version):
        return Entry(where, plain.name, plain.specifier or _specifier(version))
    try:
        found = Requirement(name)
    except InvalidRequirement as error:
        raise _Mistake(f"has the name {_shown(name)}, which is none ({_first_line(error)})") from None
    if found.url or (found.specifier and version):
        raise _Mistake(f"has the name {_shown(name)}; say the version in the key version and a wheel in the key url")
    extras = frozenset(map(canonicalize_name, found.extras))
    return Entry(where, canonicalize_name(found.name), found.specifier or _specifier(version), extras, found.marker)


def _specifier(version: t.Any) -> SpecifierSet:
    # YAML makes a number of `version: 1.10`, which is then 1.1: a loss that nobody sees.
    if not isinstance(version, str):
        raise _Mistake(f"has the version {_shown(version)}, which is no text; put it into quotes")
    text = version.strip()
    try:
        return SpecifierSet(text if not text or text[0] in "<>=!~" else f"=={text}")
    except InvalidSpecifier:
        raise _Mistake(f"has the version {_shown(version)}, which is no version specifier") from None


def _of_wheel(where: str, kind: str, place: t.Any, sha256: t.Any) -> Entry:
    if not isinstance(place, str) or any(not each.isprintable() for each in place):
        raise _Mistake(f"has the {kind} {_shown(place)}, which is no text of one line")
    path = urllib.parse.unquote(urllib.parse.urlsplit(place).path) if kind == URL else place
    file_name = re.split(r"[/\\]" if kind == HOST else "/", path)[-1]
    if kind == URL and not re.match(r"https?://", place):
        raise _Mistake(f"has a URL that begins with {_shown(place.partition(':')[0])}; it must be https or http")
    if sha256 is None and kind == URL:
        raise _Mistake("has a URL without a hash; add its sha256 (as #sha256=... to the URL, or as a key of its own)")
    if sha256 is not None and not (isinstance(sha256, str) and _SHA256.match(sha256.lower())):
        raise _Mistake(f"has the sha256 {_shown(sha256)}; it must be 64 hexadecimal digits")
    try:
        name, version, _build, _tags = parse_wheel_filename(file_name)
    except InvalidWheelFilename:
        raise _Mistake(f"names {_shown(file_name)}, which is no wheel (name-version-...-platform.whl)") from None
    digest = sha256.lower() if sha256 else None
    hashes = frozenset([digest]) if digest else frozenset()
    return Entry(
        where, name, SpecifierSet(f"=={version}"), hashes=hashes, source=Source(kind, place, file_name, digest)
    )


def _names(value: dict[t.Any, t.Any], key: str, any_text: bool = False) -> list[str]:
    names = value.get(key, [])
    if not isinstance(names, list) or not all(
        isinstance(each, str) and (any_text or _NAME.match(each)) for each in names
    ):
        raise _Mistake(f"has the {key} {_shown(names)}, which is no list of names")
    return names


def _doubles(entries: c.Sequence[Entry]) -> list[str]:
    """Two entries for one name, unless a marker or instances keep them apart."""
    found = []
    before: dict[str, list[Entry]] = {}
    for entry in entries:
        others = before.setdefault(entry.name, [])
        twice = (other for other in others if not _apart(entry, other))
        found += [f"{entry.where} declares {entry.name}, which {other.where} declares already" for other in twice]
        others.append(entry)
    return found


def _apart(entry: Entry, other: Entry) -> bool:
    if entry.marker or other.marker:
        return True
    # One for particular instances goes before one for all.
    if bool(entry.instances) != bool(other.instances):
        return True
    return bool(entry.instances) and entry.instances.isdisjoint(other.instances)


def _imports(values: c.Sequence[str], mistakes: list[str]) -> tuple[str, ...] | None:
    if list(values) == ["auto"]:
        return None
    if list(values) == ["none"]:
        return ()
    mistakes += [f"verify_imports: {each!r} is no name of a module" for each in values if not _MODULE.match(each)]
    return tuple(values)


def _shown(value: t.Any) -> str:
    return f"{value!r}"[:100]


def _first_line(error: Exception) -> str:
    return str(error).partition("\n")[0]
