# Copyright (c) 2026 the mlfleet authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The one-line task: with neither wheelhouse nor lock, the controller asks an index for what the hosts lack."""

from __future__ import annotations

import collections.abc as c
import pathlib
import typing as t

import pytest

from end_to_end.conftest import ChangeableSite
from testbed import index_server
from testbed.wheels import Wheel

BOTH = ["MSSQLSERVER", "SQL01"]
OFFERED = (
    Wheel("demo-a", "1.0", requires=("demo-b>=1", "demo-w; sys_platform == 'win32'")),
    Wheel("demo-a", "2.0", requires=("demo-b>=2", "demo-w; sys_platform == 'win32'")),
    Wheel("demo-b", "1.0"),
    Wheel("demo-b", "2.0"),
    Wheel("demo-w"),
)


@pytest.fixture
def index(monkeypatch: pytest.MonkeyPatch, tmp_path: pathlib.Path) -> c.Iterator[index_server.Index]:
    monkeypatch.setenv("ANSIBLE_HOME", str(tmp_path / "ansible"))
    with index_server.serving(*OFFERED) as running:
        yield running


def task(index: index_server.Index, *packages: t.Any, **more: t.Any) -> dict[str, t.Any]:
    return {"instances": ["all"], "packages": list(packages), "index_url": index.simple, **more}


def test_what_is_lacking_is_locked_fetched_and_sent(changeable_site: ChangeableSite, index: index_server.Index) -> None:
    changeable_site.serve()
    checked = changeable_site.run(task(index, "demo-a<2"), "--check").only()
    real = changeable_site.run(task(index, "demo-a<2")).only()
    assert (real.status, real.message) == ("CHANGED", "")
    assert [each["plan"] for each in real.result["runtimes"]] == [each["plan"] for each in checked.result["runtimes"]]
    for runtime in changeable_site.runtimes.values():
        assert {"demo-a": "1.0", "demo-b": "2.0"}.items() <= runtime.installed().items()
    # Two equal runtimes, a check and a real run: one answer of the index for all of them.
    assert sorted(index.fetched()) == sorted(set(index.fetched()))


def test_an_index_is_not_asked_where_nothing_is_lacking(
    changeable_site: ChangeableSite, index: index_server.Index
) -> None:
    changeable_site.default.lay_many([Wheel("demo-b", "1.0")])
    changeable_site.serve()
    seen = changeable_site.run(task(index, "demo-b", instances=["MSSQLSERVER"])).only()
    assert (seen.status, index.seen) == ("SUCCESS", [])


def test_what_the_index_does_not_have(changeable_site: ChangeableSite, index: index_server.Index) -> None:
    changeable_site.serve()
    for arguments in (["--check"], []):
        seen = changeable_site.run(task(index, "nowhere>=1"), *arguments).only()
        assert seen.status == "FAILED!"
        assert "nowhere" in seen.message
        assert [each["status"] for each in seen.result["runtimes"]] == ["refused", "refused"]


def test_an_index_that_answers_nonsense(changeable_site: ChangeableSite, index: index_server.Index) -> None:
    index.status = 500
    changeable_site.serve()
    seen = changeable_site.run(task(index, "demo-a")).only()
    assert seen.status == "FAILED!"
    assert "500" in seen.message


def test_the_latest_is_asked_for_in_each_run(changeable_site: ChangeableSite, index: index_server.Index) -> None:
    runtime = changeable_site.default
    runtime.adopt()
    changeable_site.serve()
    latest = task(index, {"name": "demo-b", "state": "latest"}, instances=["MSSQLSERVER"])
    assert changeable_site.run(latest).only().status == "CHANGED"
    assert changeable_site.run(latest).only().status == "SUCCESS"
    index.wheels.append(Wheel("demo-b", "3.0"))
    checked = changeable_site.run(latest, "--check").only()
    assert [(each["from"], each["to"]) for each in checked.result["runtimes"][0]["plan"]] == [("2.0", "3.0")]


def test_without_an_index_if_the_task_says_so(changeable_site: ChangeableSite, index: index_server.Index) -> None:
    changeable_site.serve()
    seen = changeable_site.run({**task(index, "demo-a"), "index": False}).only()
    assert seen.status == "FAILED!"
    assert "the task (it names no wheelhouse)" in seen.message
    assert index.seen == []


def test_a_damaged_package_is_mended_from_the_index(changeable_site: ChangeableSite, index: index_server.Index) -> None:
    runtime = changeable_site.default
    runtime.adopt()
    runtime.lay(Wheel("demo-b", "1.0"))
    runtime.damage("demo_b.py")
    changeable_site.serve()
    seen = changeable_site.run(task(index, "demo-b", instances=["MSSQLSERVER"])).only()
    assert [(each["action"], each["to"]) for each in seen.result["runtimes"][0]["plan"]] == [("reinstall", "1.0")]
    assert seen.status == "CHANGED"
