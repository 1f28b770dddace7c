# Copyright (c) 2026 the mlfleet authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This file is private to mlfleet.packages: it may change in any release.
"""What a host told of itself, as checked and immutable values."""

from __future__ import annotations

import collections.abc as c
import dataclasses
import functools
import typing as t

from ansible_collections.mlfleet.packages.plugins.plugin_utils._errors import HostProblem


@dataclasses.dataclass(frozen=True)
class Distribution:
    """One installed distribution, as it is recorded; its location is a number into the folders of the snapshot."""

    name: str
    version: str
    record: str
    location: int
    metadata: str
    requires: tuple[str, ...]
    installer: str | None = None
    direct_url: dict[str, t.Any] | None = None
    editable: bool = False
    shadowed: bool = False
    conda_build: str | None = None


@dataclasses.dataclass(frozen=True)
class Oddity:
    """Something about a runtime that an operator must know."""

    kind: str
    path: str
    detail: str


@dataclasses.dataclass(frozen=True)
class Interpreter:
    """What a wheel must fit and a marker is evaluated with."""

    executable: str
    prefix: str
    base_prefix: str
    version: str
    build: str
    implementation: str
    cache_tag: str | None
    abi_flags: str
    extension_suffixes: tuple[str, ...]
    pointer_bits: int
    platform: str
    libc: str | None
    markers: dict[str, str]


@dataclasses.dataclass(frozen=True)
class Damage:
    """A distribution (a number into those of the snapshot) whose files are not what its record says."""

    distribution: int
    path: str
    files: int
    detail: str


@dataclasses.dataclass(frozen=True)
class Readiness:
    """What a plan must know besides the packages."""

    free_bytes: int | None
    writable: bool
    site_packages: str
    baseline: tuple[str, ...] | None
    interrupted: str | None
    unrecorded: tuple[int, ...]
    damaged: tuple[Damage, ...]


@dataclasses.dataclass(frozen=True)
class Snapshot:
    """What a runtime has now. Without packages asked for, only its interpreter is known."""

    interpreter: Interpreter
    folders: tuple[str, ...] | None = None
    distributions: tuple[Distribution, ...] | None = None
    oddities: tuple[Oddity, ...] | None = None
    readiness: Readiness | None = None

    def __post_init__(self) -> None:
        folders = len(self.folders or ())
        if any(not 0 <= each.location < folders for each in self.distributions or ()):
            raise ValueError("a distribution lies in a folder that is not listed")
        last = len(self.distributions or ()) - 1
        ready = self.readiness
        if ready and not all(
            0 <= n <= last for n in (*ready.unrecorded, *(each.distribution for each in ready.damaged))
        ):
            raise ValueError("something is said of a distribution that is not listed")

    @property
    def pip_version(self) -> str | None:
        """The version of the pip that this runtime would run."""
        found = [each.version for each in self.distributions or () if each.name == "pip" and not each.shadowed]
        return found[0] if found else None


@dataclasses.dataclass(frozen=True)
class Runtime:
    """One language home. Either its snapshot was taken, or there is a problem, or nobody asked."""

    home: str
    interpreter: str
    origin: str
    named: bool
    snapshot: Snapshot | None = None
    problem: str | None = None


@dataclasses.dataclass(frozen=True)
class Launchpad:
    """The service that starts the runtimes of an instance."""

    service: str
    account: str


@dataclasses.dataclass(frozen=True)
class Instance:
    """A SQL Server instance with the homes of the runtimes that belong to it."""

    name: str
    id: str
    release: str | None
    version: str
    patch_level: str
    edition: str
    features: tuple[str, ...]
    path: str
    launchpad: Launchpad | None
    runtimes: tuple[str, ...]
    effective_runtime: str | None
    configured_home: str | None


@dataclasses.dataclass(frozen=True)
class HostWheel:
    """A wheel file that lies on the host already: what is known of it, or the problem with it."""

    path: str
    file_name: str
    sha256: str | None = None
    size: int | None = None
    unpacked: int | None = None
    metadata: str | None = None
    members: tuple[str, ...] | None = None
    problem: str | None = None


@dataclasses.dataclass(frozen=True)
class Observation:
    """Everything that one call told about one host."""

    instances: tuple[Instance, ...]
    runtimes: tuple[Runtime, ...]
    missing: tuple[str, ...]
    wheels: tuple[HostWheel, ...] = ()


T = t.TypeVar("T")


def observation(value: t.Any) -> Observation:
    """Checks what a host told about itself."""
    return checked(Observation, value)


def checked(kind: type[T], value: t.Any) -> T:
    """Checks what a host answered; a host that answers something else has a problem of its own."""
    try:
        return t.cast(T, _build(kind, value))
    except (TypeError, ValueError) as error:
        message = f"the agent's answer is not what it should be ({error}); is something in between changing it?"
        raise HostProblem(message) from None


Reader = c.Callable[[t.Any], t.Any]
"""From a value to the checked value."""


def _build(kind: t.Any, value: t.Any) -> t.Any:
    if not isinstance(value, dict):
        raise TypeError(f"{kind.__name__} is not an object")
    readers = _readers(kind)
    unknown = value.keys() - readers
    if unknown:
        raise TypeError(f"{kind.__name__} has the unknown {sorted(unknown)[0][:50]!r}")
    return kind(**{name: readers[name](item) for name, item in value.items()})


@functools.cache
def _readers(kind: t.Any) -> dict[str, Reader]:
    # Evaluating annotations takes longer than reading a whole answer with the result at hand.
    return {name: _reader(hint, f"{kind.__name__}.{name}") for name, hint in t.get_type_hints(kind).items()}


def _reader(hint: t.Any, where: str) -> Reader:
    arguments = t.get_args(hint)
    if type(None) in arguments:
        return functools.partial(_optional, _reader(arguments[0], where))
    if t.get_origin(hint) is tuple:
        return functools.partial(_tuple, _reader(arguments[0], where), where)
    kind: t.Any = t.get_origin(hint) or hint
    if dataclasses.is_dataclass(kind):
        _readers(t.cast(t.Any, kind))
        return functools.partial(_build, kind)
    return functools.partial(_plain, kind, where)


def _optional(reader: Reader, value: t.Any) -> t.Any:
    return None if value is None else reader(value)


def _tuple(reader: Reader, where: str, value: t.Any) -> t.Any:
    if not isinstance(value, list):
        raise TypeError(f"{where} is not a list")
    return tuple(map(reader, value))


def _plain(kind: type, where: str, value: t.Any) -> t.Any:
    # True is an int for Python, and no number for anybody else.
    if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
        raise TypeError(f"{where} is {type(value).__name__}")
    return value


# Ansible loads this before it forks a worker for each host: what is worked out here, all of them inherit.
_readers(Observation)


def as_result(value: t.Any) -> t.Any:
    """Plain lists and dictionaries for a task's result."""
    if dataclasses.is_dataclass(value):
        return {field.name: as_result(getattr(value, field.name)) for field in dataclasses.fields(value)}
    if isinstance(value, tuple):
        return [as_result(item) for item in value]
    return value


def names(values: c.Iterable[str]) -> str:
    """`A, B and C` for a sentence."""
    *first, last = [*values] or ["none"]
    return f"{', '.join(first)} and {last}" if first else last
