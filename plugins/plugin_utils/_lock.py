# Copyright (c) 2026 the mlfleet authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This file is private to mlfleet.packages: it may change in any release.
"""Locks (PEP 751): which wheels of a lock a target gets, and where their files are."""

from __future__ import annotations

import collections.abc as c
import dataclasses
import functools
import importlib
import pathlib
import re
import sys
import typing as t

from ansible_collections.mlfleet.packages.plugins.plugin_utils import _wheel
from ansible_collections.mlfleet.packages.plugins.plugin_utils._candidates import Wheel
from ansible_collections.mlfleet.packages.plugins.plugin_utils._target import Target
from ansible_collections.mlfleet.packages.plugins.plugin_utils._wheel import WheelProblem
from ansible_collections.mlfleet.packages.plugins.plugin_utils._wheelhouse import Wheelhouse
from packaging import pylock
from packaging.markers import Environment
from packaging.specifiers import SpecifierSet
from packaging.version import Version

# As a statement, mypy would want tomli also where Python is new enough to have its own.
tomllib = importlib.import_module("tomllib" if sys.version_info >= (3, 11) else "tomli")

Fetch = c.Callable[[str, str, str], pathlib.Path]
"""From URL, sha256 and file name to the file."""
Read = c.Callable[[pathlib.Path], pylock.Pylock]
"""From the path of a lock to what it says."""

_SHA256 = re.compile(r"[0-9a-f]{64}")
_NO_WHEEL: dict[type, str] = {
    pylock.PackageSdist: "only a source archive",
    pylock.PackageArchive: "a single archive",
    pylock.PackageDirectory: "a folder of sources",
    pylock.PackageVcs: "a repository of sources",
}


class LockProblem(Exception):
    """One sentence that names a lock or what is missing of it, and what to do."""


@dataclasses.dataclass(frozen=True)
class Pin:
    """One wheel that a lock demands."""

    name: str
    version: Version
    file_name: str
    sha256: frozenset[str]
    path: str | None
    """Absolute, where the lock says where the file lies."""
    url: str | None
    size: int | None


def reader() -> Read:
    """Reads each lock once, however many runtimes follow it."""
    return functools.cache(_read)


def pins(path: pathlib.Path, target: Target, read: Read | None = None) -> tuple[Pin, ...]:
    """What a lock demands of a target, one wheel for each package."""
    lock = (read or _read)(path)
    environment = t.cast(Environment, dict(target.environment))
    try:
        selected = list(lock.select(environment=environment, tags=target.tags))
    except (pylock.PylockSelectError, ValueError) as error:
        raise LockProblem(
            f"{path} does not fit {target.description} ({_first_line(error)}); lock for this target"
        ) from None
    return tuple(_pin(path, target, package, chosen) for package, chosen in selected)


def files(path: pathlib.Path) -> tuple[pathlib.Path, ...]:
    """The locks that a path names: a file, or those of a folder that are called as PEP 751 wants it."""
    return tuple(sorted([*path.glob("pylock.toml"), *path.glob("pylock.*.toml")])) if path.is_dir() else (path,)


def fitting(
    paths: c.Iterable[pathlib.Path], target: Target, read: Read | None = None
) -> dict[pathlib.Path, tuple[Pin, ...]]:
    """What those locks demand that are made for a target, at least one of them; several if none fits better."""
    read = read or reader()
    found: dict[pathlib.Path, tuple[Pin, ...]] = {}
    reasons: list[str] = []
    for path in paths:
        try:
            found[path] = pins(path, target, read)
        except LockProblem as problem:
            reasons.append(str(problem))
    if not found:
        raise LockProblem(f"no lock fits {target.description}: {'; '.join(reasons) or 'none was named'}")
    return _nearest(found, read)


def _nearest(found: dict[pathlib.Path, tuple[Pin, ...]], read: Read) -> dict[pathlib.Path, tuple[Pin, ...]]:
    """Of locks for several corrections of one Python, that for the last one: 3.7.4 has a lock that 3.7.1 cannot follow.

    Where one of them does not say from which Python on it holds, nobody can tell.
    """
    oldest = {path: _oldest_python(read(path)) for path in found}
    known = [each for each in oldest.values() if each is not None]
    if len(known) < len(oldest):
        return found
    return {path: pinned for path, pinned in found.items() if oldest[path] == max(known)}


def _oldest_python(lock: pylock.Pylock) -> Version | None:
    """The Python from which on a lock holds."""
    said = lock.requires_python or SpecifierSet()
    return max(
        (Version(each.version.removesuffix(".*")) for each in said if each.operator in (">=", ">", "==", "~=")),
        default=None,
    )


def names(lock: pylock.Pylock) -> frozenset[str]:
    """The packages of a lock, for whatever target."""
    return frozenset(package.name for package in lock.packages)


def wheels(pinned: c.Iterable[Pin], house: Wheelhouse | None, fetch: Fetch) -> tuple[Wheel, ...]:
    """The files of the pins: from the wheelhouse, from where the lock says, or else fetched."""
    return tuple(_wheel_of(pin, house, fetch) for pin in pinned)


def _read(path: pathlib.Path) -> pylock.Pylock:
    try:
        return pylock.Pylock.from_dict(tomllib.loads(path.read_text("utf-8")))
    except OSError as error:
        raise LockProblem(f"{path} cannot be read ({error.strerror}); check its path and permissions") from None
    except (ValueError, RecursionError) as error:
        # Wrong TOML and wrong UTF-8 are a ValueError both.
        raise LockProblem(f"{path} is no TOML ({_first_line(error)}); correct the path, or lock again") from None
    except pylock.PylockValidationError as error:
        raise LockProblem(f"{path} is no lock as of PEP 751 ({_first_line(error)}); lock again") from None


def _pin(path: pathlib.Path, target: Target, package: pylock.Package, chosen: object) -> Pin:
    if not isinstance(chosen, pylock.PackageWheel):
        raise LockProblem(
            f"{path} has of {package.name} {_NO_WHEEL[chosen.__class__]}, and no wheel for {target.description}; "
            "build a wheel of it, and lock again with that"
        )
    try:
        said = _wheel.file_name(chosen.filename)
    except WheelProblem as problem:
        raise LockProblem(f"{path} cannot be followed for {package.name}: {problem}") from None
    sha256 = chosen.hashes.get("sha256", "").lower()
    if not _SHA256.fullmatch(sha256):
        raise LockProblem(f"{path} has no sha256 of {package.name}'s {chosen.filename}; lock again with hashes")
    place = str(path.parent.absolute() / chosen.path) if chosen.path else None
    return Pin(package.name, said.version, chosen.filename, frozenset([sha256]), place, chosen.url, chosen.size)


def _wheel_of(pin: Pin, house: Wheelhouse | None, fetch: Fetch) -> Wheel:
    try:
        path = _stored(pin, house)
        if path is None and pin.url:
            path = fetch(pin.url, min(pin.sha256), pin.file_name)
        if path is None:
            raise LockProblem(_missing(pin, house))
        if path.name != pin.file_name:
            raise LockProblem(f"the lock calls {path} {pin.file_name}, for {pin.name}; give the file that name")
        return dataclasses.replace(_wheel.read(path), allowed=pin.sha256)
    except WheelProblem as problem:
        raise LockProblem(f"the lock's {pin.name} {pin.version} cannot be had: {problem}") from None


def _stored(pin: Pin, house: Wheelhouse | None) -> pathlib.Path | None:
    """The file where it lies already."""
    found = house.files(pin.file_name) if house else ()
    if len(found) > 1:
        # Content-addressed folders may hold several builds of one name.
        found = tuple(path for path in found if _wheel.digest(path) in pin.sha256) or found
    if found:
        return found[0]
    path = pathlib.Path(pin.path) if pin.path else None
    return path if path and path.exists() else None


def _missing(pin: Pin, house: Wheelhouse | None) -> str:
    looked = " and ".join(
        [house.description if house else "no wheelhouse (the option is not set)", *filter(None, [pin.path])]
    )
    return (
        f"the lock's {pin.name} {pin.version} is missing, {pin.file_name} was looked for in {looked}; "
        "put it into the wheelhouse"
    )


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [error.__class__.__name__])[0][:300]
