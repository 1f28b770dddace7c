# Copyright (c) 2026 the mlfleet authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This file is private to mlfleet.packages: it may change in any release.
"""The one-line task: what neither a wheelhouse nor a lock provides is locked from the package index by itself.

It is the same locking and building as that of the module wheelhouse, into a folder of the user who runs Ansible. Equal
questions share one folder, so that many hosts of one kind ask the index once.
"""

from __future__ import annotations

import collections.abc as c
import contextlib
import dataclasses
import hashlib
import os
import pathlib
import shutil
import time

from ansible_collections.mlfleet.packages.plugins.plugin_utils import _declaration, _sources, _wheel, _wheelhouse_build
from ansible_collections.mlfleet.packages.plugins.plugin_utils._candidates import Listed, Wheel
from ansible_collections.mlfleet.packages.plugins.plugin_utils._declaration import Declaration, Entry
from ansible_collections.mlfleet.packages.plugins.plugin_utils._locking import _indexes
from ansible_collections.mlfleet.packages.plugins.plugin_utils._locking._request import Goal, Request, base_of
from ansible_collections.mlfleet.packages.plugins.plugin_utils._packages import Packages
from ansible_collections.mlfleet.packages.plugins.plugin_utils._plan_parts import Situation
from ansible_collections.mlfleet.packages.plugins.plugin_utils._sources import Find
from ansible_collections.mlfleet.packages.plugins.plugin_utils._target import Target
from ansible_collections.mlfleet.packages.plugins.plugin_utils._wheelhouse_store import Store
from packaging.specifiers import SpecifierSet

SECONDS = 1800
KEPT_SECONDS = 30 * 24 * 3600


@dataclasses.dataclass(frozen=True)
class Index:
    """The package index of the controller, asked for one runtime at a time."""

    url: str | None
    declared: Declaration
    find: Find
    cache: pathlib.Path
    run: str
    """The name of this run of Ansible."""

    @property
    def description(self) -> str:
        return f"the package index {self._indexes().named[-1]}"

    @property
    def note(self) -> str:
        return ""

    def wheels(self, situation: Situation, again: c.Collection[str]) -> Listed:
        """The wheels that a runtime needs besides what it has.

        again: packages that are to be laid down once more in their version.
        """
        target, installed = situation.target, situation.installed
        entries = tuple(self._entries(situation.instances, target, installed, again))
        base, _odd = base_of(package for name, package in installed.items() if name not in again)
        folder = self.cache / "index" / self._digest(target, entries, base)
        # Locks differ with all that a runtime has, and their wheels do not.
        store = Store(folder, shared=self.cache / "wheels")
        controller = _wheelhouse_build.Controller(
            find=self.find, place=pathlib.Path, cache=self.cache, check=False, on_event=lambda event: None
        )
        request = Request(
            entries=entries,
            constraints=self.declared.constraints,
            own={},
            allow_protected=self.declared.allow_protected,
            indexes=self._indexes(),
            cache=self.cache,
            # What was the latest when it was locked need not be so any more.
            upgrade=any(entry.state == _declaration.LATEST for entry in entries),
        )
        goal = Goal("runtime", target, base)
        places = _wheelhouse_build.for_one(store, request, goal, controller, SECONDS, self.run)
        _forget([folder, *(place.parent for place in places)])
        return Listed(tuple(map(_read, places)))

    def _entries(
        self, users: tuple[str, ...], target: Target, installed: Packages, again: c.Collection[str]
    ) -> c.Iterator[Entry]:
        for entry in self.declared.meant(users, target.environment):
            if entry.source is None or entry.source.kind != _declaration.HOST:
                yield dataclasses.replace(entry, instances=frozenset())
        for name in again:
            # No index has a version that follows no standard.
            if (version := installed[name].version) is not None:
                yield Entry(f"{name}, which is laid down again", name, SpecifierSet(f"=={version}"))

    def _digest(self, target: Target, entries: c.Iterable[Entry], base: Packages) -> str:
        """Equal for equal questions, on whatever host."""
        parts = [
            target.description,
            str(target.tags[0]),
            *sorted(f"{_said(entry)} {self._content(entry)}" for entry in entries),
            *sorted(_said(each) for each in self.declared.constraints if each.applies(target.environment)),
            *sorted(self.declared.allow_protected),
            *sorted(f"{package.name}=={package.raw}" for package in base.values()),
            *self._indexes().named,
        ]
        return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:32]

    def _content(self, entry: Entry) -> str:
        """The hash of a wheel on the controller: built anew, it has another one under the same name."""
        if entry.source is None or entry.source.kind != _declaration.FILE:
            return ""
        return _wheel.digest(pathlib.Path(_sources.found(self.find, entry.where, entry.source.place)))

    def _indexes(self) -> _indexes.Indexes:
        elsewhere = {"extra_index_urls": [], "find_links": [], "no_index": False, "ca_bundle": None}
        return _indexes.indexes({"index_url": self.url, **elsewhere})


def _read(place: pathlib.Path) -> Wheel:
    # What is in the way of a plan is told with the hash that the file must have.
    return dataclasses.replace(_wheel.read(place), allowed=frozenset([place.parent.name]))


def _forget(used: c.Iterable[pathlib.Path]) -> None:
    """Removes what lies beside these folders and was not used for long."""
    for folder in used:
        # Another user's, if several share the cache.
        with contextlib.suppress(PermissionError):
            os.utime(folder)
    for parent in {folder.parent for folder in used}:
        for each in parent.iterdir():
            with contextlib.suppress(OSError):
                if time.time() - each.stat().st_mtime > KEPT_SECONDS:
                    shutil.rmtree(each)


def _said(entry: Entry) -> str:
    return f"{entry.name} {entry.specifier} {sorted(entry.extras)} {entry.state} {entry.source} {sorted(entry.hashes)}"
