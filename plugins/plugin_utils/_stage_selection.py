# Copyright (c) 2026 the mlfleet authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This file is private to mlfleet.packages: it may change in any release.
"""Which wheels the runtimes of a host are going to need: by the locks that fit them, or by their tags."""

from __future__ import annotations

import collections.abc as c
import dataclasses
import pathlib
import re

from ansible_collections.mlfleet.packages.plugins.plugin_utils import _lock, _wheel
from ansible_collections.mlfleet.packages.plugins.plugin_utils._candidates import Wheel
from ansible_collections.mlfleet.packages.plugins.plugin_utils._errors import HostProblem
from ansible_collections.mlfleet.packages.plugins.plugin_utils._store_plan import Item
from ansible_collections.mlfleet.packages.plugins.plugin_utils._target import Target
from ansible_collections.mlfleet.packages.plugins.plugin_utils._wheel import WheelProblem
from ansible_collections.mlfleet.packages.plugins.plugin_utils._wheelhouse import Wheelhouse

SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclasses.dataclass(frozen=True)
class Selection:
    """What is meant for one target."""

    locks: tuple[pathlib.Path, ...]
    items: tuple[Item, ...]


@dataclasses.dataclass(frozen=True)
class Offered:
    """What a task chooses from."""

    house: Wheelhouse | None
    locks: tuple[pathlib.Path, ...]
    fetch: _lock.Fetch
    read: _lock.Read = dataclasses.field(default_factory=_lock.reader)

    def selection(self, target: Target) -> Selection:
        """What a target can have of it."""
        return self._by_locks(target) if self.locks or self.house is None else self._by_tags(target, self.house)

    def _by_locks(self, target: Target) -> Selection:
        try:
            fitting = _lock.fitting(self.locks, target, self.read)
            wheels = _lock.wheels([pin for pins in fitting.values() for pin in pins], self.house, self.fetch)
        except (_lock.LockProblem, WheelProblem) as problem:
            raise HostProblem(str(problem)) from None
        return Selection(tuple(fitting), _items(wheels))

    @staticmethod
    def _by_tags(target: Target, house: Wheelhouse) -> Selection:
        offered = (wheel for name in house.names for wheel in house.named(name).wheels)
        return Selection((), _items(wheel for wheel in offered if target.rank(wheel.tags) is not None))


def _items(wheels: c.Iterable[Wheel]) -> tuple[Item, ...]:
    by_content = {item.sha256: item for item in map(_item, wheels)}
    return tuple(sorted(by_content.values(), key=lambda item: item.file_name))


def _item(wheel: Wheel) -> Item:
    return Item(wheel.file_name, _said(wheel) or _wheel.digest_once(wheel.path), wheel.size, wheel.path)


def _said(wheel: Wheel) -> str | None:
    """The sha256 by the lock, or by the folder of a wheelhouse: reading all wheels for every host would take long."""
    if len(wheel.allowed) == 1:
        return min(wheel.allowed)
    folder = pathlib.Path(wheel.path).parent.name
    return folder if SHA256.fullmatch(folder) else None


def check_content(items: c.Iterable[Item]) -> None:
    """Refuses wheels that are not what the lock or the wheelhouse says; for those that are about to be sent."""
    for item in items:
        sha256 = _wheel.digest_once(item.path)
        if sha256 != item.sha256:
            raise HostProblem(f"{item.path} has the sha256 {sha256}, and should have {item.sha256}; get the wheel anew")
