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
import dataclasses
import hashlib
import pathlib

from ansible_collections.mlfleet.packages.plugins.plugin_utils import _declaration, _wheelhouse_build
from ansible_collections.mlfleet.packages.plugins.plugin_utils._declaration import Declaration, Entry
from ansible_collections.mlfleet.packages.plugins.plugin_utils._locking import _indexes
from ansible_collections.mlfleet.packages.plugins.plugin_utils._locking._request import Goal, Request, base_of
from ansible_collections.mlfleet.packages.plugins.plugin_utils._packages import Packages
from ansible_collections.mlfleet.packages.plugins.plugin_utils._plan_parts import Situation
from ansible_collections.mlfleet.packages.plugins.plugin_utils._sources import Find
from ansible_collections.mlfleet.packages.plugins.plugin_utils._target import Target
from ansible_collections.mlfleet.packages.plugins.plugin_utils._wheelhouse import Wheelhouse
from packaging.specifiers import SpecifierSet

SECONDS = 1800


@dataclasses.dataclass(frozen=True)
class Index:
    """The package index of the controller, asked for one runtime at a time."""

    url: str | None
    declared: Declaration
    find: Find
    cache: pathlib.Path

    @property
    def description(self) -> str:
        return f"the package index {self._indexes().named[-1]}"

    @property
    def note(self) -> str:
        return ""

    def wheels(self, situation: Situation, again: c.Collection[str]) -> Wheelhouse | None:
        """The wheels that a runtime needs besides what it has; None where it needs none.

        again: packages that are to be laid down once more in their version.
        """
        target, installed = situation.target, situation.installed
        entries = tuple(self._entries(situation.instances, target, installed, again))
        base, _odd = base_of(package for name, package in installed.items() if name not in again)
        folder = self.cache / "index" / self._digest(target, entries, base)
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
        _wheelhouse_build.for_one(folder, request, Goal("runtime", target, base), controller, SECONDS)
        return Wheelhouse(folder) if any(folder.rglob("*.whl")) else None

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
            *sorted(map(_said, entries)),
            *sorted(_said(each) for each in self.declared.constraints if each.applies(target.environment)),
            *sorted(self.declared.allow_protected),
            *sorted(f"{package.name}=={package.raw}" for package in base.values()),
            *self._indexes().named,
        ]
        return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:32]

    def _indexes(self) -> _indexes.Indexes:
        elsewhere = {"extra_index_urls": [], "find_links": [], "no_index": False, "ca_bundle": None}
        return _indexes.indexes({"index_url": self.url, **elsewhere})


def _said(entry: Entry) -> str:
    return f"{entry.name} {entry.specifier} {sorted(entry.extras)} {entry.state} {entry.source} {sorted(entry.hashes)}"
