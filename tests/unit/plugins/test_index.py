# Copyright (c) 2026 the mlfleet authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the one-line task asks an index for, and what it makes of the answer."""

from __future__ import annotations

import collections.abc as c
import dataclasses
import pathlib
import typing as t

import pytest
from ansible_collections.mlfleet.packages.plugins.plugin_utils import (
    _declaration,
    _need,
    _python_packages,
    _target,
)
from ansible_collections.mlfleet.packages.plugins.plugin_utils._declaration import Line
from ansible_collections.mlfleet.packages.plugins.plugin_utils._index import Index
from ansible_collections.mlfleet.packages.plugins.plugin_utils._packages import Package
from packaging.utils import canonicalize_name

from testbed import index_server
from testbed.plan_calls import SQL2019
from testbed.wheels import Wheel


@dataclasses.dataclass
class Bench:
    """A controller with an index."""

    folder: pathlib.Path
    server: index_server.Index

    def found(
        self,
        *packages: t.Any,
        installed: c.Mapping[str, str] | None = None,
        again: c.Collection[str] = (),
        limits: str = "",
    ) -> dict[str, list[str]]:
        """The versions that a runtime with these packages gets from the index."""
        defaults = {name: spec.get("default") for name, spec in _python_packages.ARGUMENT_SPEC.items()}
        line = [Line(limits, frozenset(), "limits.txt, line 1", True)] if limits else []
        declared = _declaration.declaration({**defaults, "packages": list(packages)}, line)
        there = {package.name: package for package in _recorded(installed or {})}
        index = Index(self.server.simple, declared, str, self.folder / "cache")
        house = index.wheels(_target.target(SQL2019), ("X",), there, again)
        names = house.names if house else ()
        return {name: [str(wheel.version) for wheel in house.named(name).wheels] for name in names if house}


def _recorded(installed: c.Mapping[str, str]) -> c.Iterator[Package]:
    for name, raw in installed.items():
        yield Package(canonicalize_name(name), name, raw, _need.version_of(raw), _need.Needs(()))


@pytest.fixture
def bench(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> c.Iterator[Bench]:
    monkeypatch.setenv("no_proxy", "127.0.0.1,localhost")
    monkeypatch.setenv("UV_HTTP_RETRIES", "0")
    monkeypatch.setenv("NETRC", str(tmp_path / "no netrc"))
    with index_server.serving(
        Wheel("tool", "1.0", requires=("dep",)), Wheel("dep", "1.0"), Wheel("dep", "2.0")
    ) as index:
        yield Bench(tmp_path, index)


@pytest.mark.parametrize("name", ["a/b", "mkl\n--no-index\nmkl", "_openmp_mutex"])
def test_what_a_host_calls_its_packages_becomes_neither_a_path_nor_a_line(bench: Bench, name: str) -> None:
    assert bench.found("tool", installed={name: "1.0", "dep": "1.0"}) == {"tool": ["1.0"]}


def test_what_no_index_can_have_is_not_asked_for(bench: Bench) -> None:
    assert bench.found("tool", installed={"dep": "2004d-old"}, again=["dep"]) == {"tool": ["1.0"], "dep": ["2.0"]}


def test_a_constraint_whose_condition_changes_is_a_new_question(bench: Bench) -> None:
    assert bench.found("tool", limits="dep<2; sys_platform == 'linux'")["dep"] == ["2.0"]
    assert bench.found("tool", limits="dep<2; sys_platform == 'win32'")["dep"] == ["1.0"]
