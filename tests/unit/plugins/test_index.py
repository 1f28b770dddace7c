# Copyright (c) 2026 the mlfleet authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the one-line task asks an index for, and what it makes of the answer."""

from __future__ import annotations

import collections.abc as c
import dataclasses
import os
import pathlib
import typing as t

import pytest
from ansible_collections.mlfleet.packages.plugins.plugin_utils import (
    _declaration,
    _need,
    _protection,
    _python_packages,
    _target,
)
from ansible_collections.mlfleet.packages.plugins.plugin_utils._declaration import Line
from ansible_collections.mlfleet.packages.plugins.plugin_utils._index import Index
from ansible_collections.mlfleet.packages.plugins.plugin_utils._packages import Package
from ansible_collections.mlfleet.packages.plugins.plugin_utils._plan_parts import Situation
from ansible_collections.mlfleet.packages.plugins.plugin_utils._sources import Gathered
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
        run: str = "a run",
    ) -> dict[str, list[str]]:
        """The versions that a runtime with these packages gets from the index."""
        defaults = {name: spec.get("default") for name, spec in _python_packages.ARGUMENT_SPEC.items()}
        line = [Line(limits, frozenset(), "limits.txt, line 1", True)] if limits else []
        declared = _declaration.declaration({**defaults, "packages": list(packages)}, line)
        target = _target.target(SQL2019)
        there = {package.name: package for package in _recorded(installed or {})}
        nothing = Gathered("", None, ())
        situation = Situation(declared, ("X",), there, target, nothing, _protection.protection((), frozenset()))
        house = Index(self.server.simple, declared, str, self.folder / "cache", run).wheels(situation, again)
        found: dict[str, list[str]] = {}
        for wheel in house.wheels:
            found.setdefault(wheel.name, []).append(str(wheel.version))
        return found

    def kept(self) -> list[str]:
        """The wheels that lie in the cache."""
        return sorted(path.name for path in (self.folder / "cache").rglob("*.whl"))


def _recorded(installed: c.Mapping[str, str]) -> c.Iterator[Package]:
    for name, raw in installed.items():
        yield Package(canonicalize_name(name), name, raw, _need.Needs(()))


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


def test_a_wheel_is_fetched_and_kept_once_for_whatever_is_installed(bench: Bench) -> None:
    for other in ({}, {"zzz": "1.0"}, {"zzz": "1.1"}):
        assert bench.found("tool", installed=other) == {"tool": ["1.0"], "dep": ["2.0"]}
    assert sorted(bench.server.fetched()) == bench.kept() == ["dep-2.0-py3-none-any.whl", "tool-1.0-py3-none-any.whl"]


def test_a_release_that_was_withdrawn_is_not_offered_any_more(bench: Bench) -> None:
    latest = {"name": "dep", "state": "latest"}
    assert bench.found(latest, run="first") == {"dep": ["2.0"]}
    bench.server.wheels = [wheel for wheel in bench.server.wheels if wheel.version != "2.0"]
    assert bench.found(latest, run="second") == {"dep": ["1.0"]}


def test_what_the_latest_is_has_one_answer_in_a_run(bench: Bench) -> None:
    latest = {"name": "dep", "state": "latest"}
    assert bench.found(latest, run="first") == {"dep": ["2.0"]}
    bench.server.wheels.append(Wheel("dep", "3.0"))
    bench.server.seen.clear()
    assert bench.found(latest, run="first") == {"dep": ["2.0"]}
    assert bench.server.seen == []
    assert bench.found(latest, run="second") == {"dep": ["3.0"]}


def test_a_wheel_of_the_controller_that_is_built_anew_is_taken(bench: Bench, tmp_path: pathlib.Path) -> None:
    path = Wheel("mine", modules={"mine.py": "x = 1\n"}).write(tmp_path)
    bench.found(str(path))
    Wheel("mine", modules={"mine.py": "x = 2\n"}, requires=("dep",)).write(tmp_path)
    assert bench.found(str(path)) == {"dep": ["2.0"], "mine": ["1.0"]}


def test_what_was_not_used_for_long_is_forgotten(bench: Bench) -> None:
    bench.found("tool", installed={"zzz": "1.0"})
    for folder in (bench.folder / "cache" / "index", bench.folder / "cache" / "wheels"):
        for each in folder.iterdir():
            os.utime(each, (0, 0))
    assert bench.found("dep") == {"dep": ["2.0"]}
    assert bench.kept() == ["dep-2.0-py3-none-any.whl"]
    assert len(list((bench.folder / "cache" / "index").iterdir())) == 1
