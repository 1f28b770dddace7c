# Copyright (c) 2026 the mlfleet authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This file is private to mlfleet.packages: it may change in any release.
"""Where the wheels come from: a wheelhouse, a lock, and single wheels that the declaration names."""

from __future__ import annotations

import collections.abc as c
import dataclasses
import pathlib
import typing as t

from ansible_collections.mlfleet.packages.plugins.plugin_utils import _declaration, _fetch, _lock, _wheel
from ansible_collections.mlfleet.packages.plugins.plugin_utils._candidates import Offer, Wheel
from ansible_collections.mlfleet.packages.plugins.plugin_utils._declaration import Declaration, Entry
from ansible_collections.mlfleet.packages.plugins.plugin_utils._errors import HostProblem
from ansible_collections.mlfleet.packages.plugins.plugin_utils._resolve import Wanted
from ansible_collections.mlfleet.packages.plugins.plugin_utils._snapshot import HostWheel, names
from ansible_collections.mlfleet.packages.plugins.plugin_utils._target import Target
from ansible_collections.mlfleet.packages.plugins.plugin_utils._wheel import WheelProblem
from ansible_collections.mlfleet.packages.plugins.plugin_utils._wheelhouse import Wheelhouse
from packaging.specifiers import SpecifierSet

Find = c.Callable[[str], str]
"""From the path in an option to the file or folder on the controller; a FileNotFoundError if there is none."""


Lacking = c.Callable[[str, SpecifierSet], bool]
"""Whether a runtime can use a wheel of this package and release."""


class House(t.Protocol):
    """Where there are wheels to choose from."""

    def named(self, name: str) -> Offer: ...


@dataclasses.dataclass(frozen=True)
class Gathered:
    """The candidates of one runtime."""

    description: str
    house: House | None
    single: tuple[Wheel, ...]

    def named(self, name: str) -> Offer:
        own = tuple(wheel for wheel in self.single if wheel.name == name)
        offer = self.house.named(name) if self.house else Offer((), ())
        return Offer((*own, *offer.wheels), offer.rejected)

    def digest(self, wheel: Wheel) -> str:
        return wheel.sha256 or _wheel.digest_once(wheel.path)


@dataclasses.dataclass(frozen=True)
class Sources:
    """What the options of a task name, looked up on the controller."""

    wheelhouse: Wheelhouse | None
    locks: tuple[pathlib.Path, ...]
    files: c.Mapping[str, Wheel]
    """The wheels on the controller that entries name, by the place of the entry."""
    fetch: c.Callable[[str, str, str], pathlib.Path]
    read: _lock.Read = dataclasses.field(default_factory=_lock.reader)

    def locked_names(self) -> frozenset[str]:
        """The packages of the lock, for whatever target."""
        try:
            return frozenset().union(*(_lock.names(self.read(lock)) for lock in self.locks))
        except _lock.LockProblem as problem:
            raise HostProblem(str(problem)) from None

    def named(self, entries: c.Iterable[Entry]) -> tuple[Wheel, ...]:
        """The wheels on the controller that these entries name."""
        return tuple(self.files[entry.where] for entry in entries if entry.where in self.files)

    def fetched(self, entries: c.Iterable[Entry]) -> tuple[Wheel, ...]:
        """The wheels behind the URLs of these entries."""
        return tuple(self._fetched(entry) for entry in entries)

    def _fetched(self, entry: Entry) -> Wheel:
        source = entry.source
        if source is None or source.sha256 is None:
            raise ValueError(entry.where)
        try:
            return _wheel.read(self.fetch(source.place, source.sha256, source.file_name))
        except WheelProblem as problem:
            raise HostProblem(f"{entry.where}: {problem}") from None

    def candidates(
        self, single: c.Sequence[Wheel], target: Target, lacking: Lacking
    ) -> tuple[Gathered, tuple[Wanted, ...]]:
        """What one runtime can have besides single wheels, and what a lock wants it to have.

        Only locked wheels that it lacks need to be there.
        """
        own = tuple(single)
        if not self.locks:
            description = self.wheelhouse.description if self.wheelhouse else "the task (it names no wheelhouse)"
            return Gathered(description, self.wheelhouse, own), ()
        try:
            lock, pins = self._lock_for(target)
            needed = [pin for pin in pins if lacking(pin.name, _exactly(pin))]
            locked = _lock.wheels(needed, self.wheelhouse, self.fetch)
        except (_lock.LockProblem, WheelProblem) as problem:
            raise HostProblem(str(problem)) from None
        return Gathered(f"the lock {lock}", None, (*own, *locked)), tuple(_wanted(lock, pin) for pin in pins)

    def _lock_for(self, target: Target) -> tuple[pathlib.Path, tuple[_lock.Pin, ...]]:
        """The one lock that is made for a target."""
        fitting = _lock.fitting(self.locks, target, self.read)
        if len(fitting) > 1:
            both = names(str(path) for path in fitting)
            raise HostProblem(f"{both} fit {target.description}; name one of them in the option lock")
        return next(iter(fitting.items()))


def _exactly(pin: _lock.Pin) -> SpecifierSet:
    return SpecifierSet(f"=={pin.version}")


def _wanted(lock: pathlib.Path, pin: _lock.Pin) -> Wanted:
    specifier = _exactly(pin)
    return Wanted(pin.name, specifier, frozenset(), False, f"the lock {lock}", f"locked {specifier}", pin.file_name)


def sources(
    declaration: Declaration, wheelhouse: str | None, lock: str | None, find: Find, cache: pathlib.Path
) -> Sources:
    """Looks everything up before a host is asked; what is not there is told by the option that names it."""
    try:
        return Sources(
            wheelhouse=Wheelhouse(pathlib.Path(found(find, "wheelhouse", wheelhouse))) if wheelhouse else None,
            locks=_locks(pathlib.Path(found(find, "lock", lock))) if lock else (),
            files={entry.where: _file(find, entry) for entry in declaration.sources(_declaration.FILE)},
            fetch=_fetch.fetcher(cache),
        )
    except WheelProblem as problem:
        raise HostProblem(str(problem)) from None


def _locks(path: pathlib.Path) -> tuple[pathlib.Path, ...]:
    locks = _lock.files(path)
    if not locks:
        raise HostProblem(
            f"the option lock names {path}, in which there is no pylock.toml and no pylock.*.toml; lock first"
        )
    return locks


def found(find: Find, option: str, path: str) -> str:
    try:
        return find(path)
    except OSError:
        raise HostProblem(
            f"the option {option} names {path}, which is not on the controller; correct the path"
        ) from None


def _file(find: Find, entry: Entry) -> Wheel:
    place = entry.source.place if entry.source else ""
    try:
        return _wheel.read(pathlib.Path(found(find, entry.where, place)))
    except WheelProblem as problem:
        raise HostProblem(f"{entry.where}: {problem}") from None


def on_host(listed: c.Iterable[HostWheel], declaration: Declaration) -> dict[str, Wheel]:
    """The wheels that lie on the host already, by the place of the entry that names them."""
    by_path = {each.path: each for each in listed}
    wheels = {}
    for entry in declaration.sources(_declaration.HOST):
        place = entry.source.place if entry.source else ""
        each = by_path.get(place)
        if each is None or each.problem:
            why = each.problem if each else "the agent did not look at it"
            raise HostProblem(
                f"{entry.where} names {place} on the host, which is no usable wheel ({why}); correct the path"
            )
        try:
            wheels[entry.where] = _wheel.from_host(each)
        except WheelProblem as problem:
            raise HostProblem(f"{entry.where}: {problem}") from None
    return wheels
