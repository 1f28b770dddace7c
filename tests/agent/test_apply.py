# Copyright (c) 2026 the mlfleet authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The operation apply: wheels that come along or lie on the host, and one runtime after the other."""

from __future__ import annotations

import dataclasses
import os
import pathlib
import shutil
import subprocess
import time
import typing as t

import pytest
from ansible_collections.mlfleet.packages.plugins.module_utils._agent.bootstrap import ARGUMENTS
from ansible_collections.mlfleet.packages.plugins.plugin_utils._errors import HostProblem
from ansible_collections.mlfleet.packages.plugins.plugin_utils._protocol import Request

from testbed import agent_calls, changeable, interpreters
from testbed.agent_changes import STATE, Change, sha256, whole_tree
from testbed.changeable import ChangeableRuntime
from testbed.virtual_environments import Recipe
from testbed.wheels import Wheel

FOUND = interpreters.find_one_per_minor()
RUNNER = FOUND[len(FOUND) // 2]
ALPHA = Wheel("alpha", "1.0", modules={"alpha.py": "", "alpha-1.0.data/data/large": "x" * 200_000})
BETA = Wheel("beta", "1.0")


@pytest.fixture
def runtimes(tmp_path: pathlib.Path) -> tuple[ChangeableRuntime, ChangeableRuntime]:
    """Of the oldest and of the newest CPython."""
    return (
        changeable.fresh(tmp_path / "oldest", Recipe(FOUND[0])),
        changeable.fresh(tmp_path / "newest", Recipe(FOUND[-1])),
    )


@pytest.fixture(autouse=True)
def temporary(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> pathlib.Path:
    """Where the agent makes its folder for wheels."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setenv("TMPDIR", str(folder))
    return folder


def sent(wheel: Wheel, **instead: t.Any) -> dict[str, t.Any]:
    """A wheel that comes with the request."""
    content = wheel.content()
    described = {"file_name": wheel.expected_file_name(), "sha256": wheel.sha256(), "size": len(content), "path": None}
    return {**described, **instead}


def lying(wheel: Wheel, folder: pathlib.Path) -> dict[str, t.Any]:
    """A wheel on the host, in a folder with a space in its name."""
    path = wheel.write(folder / "on the host")
    return {"file_name": path.name, "sha256": sha256(path), "size": path.stat().st_size, "path": str(path)}


def change_of(runtime: ChangeableRuntime, wanted: Change, **instead: t.Any) -> dict[str, t.Any]:
    return {
        "home": str(runtime.prefix),
        "interpreter": str(runtime.python.with_name("python3")),
        "install": [wheel.expected_file_name() for wheel in wanted.wheels],
        **wanted.arguments(runtime),
        **instead,
    }


def apply(
    wheels: list[dict[str, t.Any]], changes: list[dict[str, t.Any]], attachments: bytes, **more: t.Any
) -> list[dict[str, t.Any]]:
    answer = agent_calls.ask(
        RUNNER.path, "apply", wheels=wheels, changes=changes, attachments=attachments, **{"seconds": 60, **more}
    )
    assert set(answer) == {"changes"}
    changed: list[dict[str, t.Any]] = answer["changes"]
    return changed


Two = tuple[ChangeableRuntime, ChangeableRuntime]


def test_two_runtimes(runtimes: Two, tmp_path: pathlib.Path, temporary: pathlib.Path) -> None:
    both = Change((ALPHA, BETA), imports=("alpha", "beta"))
    wheels = [sent(ALPHA), lying(BETA, tmp_path)]
    answers = apply(wheels, [change_of(each, both) for each in runtimes], ALPHA.content())
    assert [answer["outcome"] for answer in answers] == ["changed", "changed"], answers
    for runtime, answer in zip(runtimes, answers, strict=True):
        assert runtime.installed().items() >= {("alpha", "1.0"), ("beta", "1.0")}
        assert answer["snapshot"]["interpreter"]["prefix"] == str(runtime.prefix)
    assert list(temporary.iterdir()) == []


@pytest.fixture
def killed(temporary: pathlib.Path) -> pathlib.Path:
    """What is left of a call that was killed two days ago."""
    arguments = {"seconds": 60, "wheels": [sent(ALPHA)], "changes": []}
    request = Request("apply", arguments).stdin() + ALPHA.content()[:100_000]
    with subprocess.Popen([str(RUNNER.path), *ARGUMENTS], stdin=subprocess.PIPE) as process:
        assert process.stdin is not None
        process.stdin.write(request)
        process.stdin.flush()
        while not list(temporary.glob("*/*.whl")):
            assert process.poll() is None
            time.sleep(0.05)
        process.kill()
    (left,) = temporary.iterdir()
    two_days_old(left)
    return left


def two_days_old(path: pathlib.Path) -> None:
    os.utime(path, (time.time() - 2 * 24 * 3600,) * 2)


def test_what_a_killed_call_left_is_removed_after_a_day(killed: pathlib.Path, temporary: pathlib.Path) -> None:
    of_today = killed.with_name(killed.name.replace(killed.name[-12:], "today_00.tmp"))
    of_today.mkdir()
    assert apply([], [], b"") == []
    assert list(temporary.iterdir()) == [of_today]


@pytest.mark.parametrize("case", ["another name", "another account", "a link", "a link in it", "a file"])
def test_what_no_call_left_is_not_removed(
    killed: pathlib.Path, temporary: pathlib.Path, tmp_path: pathlib.Path, case: str
) -> None:
    precious = tmp_path / "precious" / "file"
    precious.parent.mkdir()
    precious.write_text("of somebody else")
    two_days_old(precious.parent)
    if case == "another name":
        killed = killed.rename(temporary / "mlfleet-packages")
    elif case == "another account":
        if os.geteuid() != 0:
            pytest.skip("needs the right to give a folder away")
        os.chown(killed, 65534, -1)
    elif case == "a link in it":
        (killed / "link").symlink_to(precious.parent)
        two_days_old(killed)
    else:
        shutil.rmtree(killed)
        if case == "a link":
            killed.symlink_to(precious.parent)
        else:
            killed.write_text("")
            two_days_old(killed)
    assert apply([], [], b"") == []
    assert list(temporary.iterdir()) == [killed]
    assert precious.exists()


def test_nothing_follows_a_failure(runtimes: Two, temporary: pathlib.Path) -> None:
    before = whole_tree(runtimes[1].prefix)
    bad, good = Change((ALPHA,), imports=("no.such",)), Change((ALPHA,))
    answers = apply([sent(ALPHA)], [change_of(runtimes[0], bad), change_of(runtimes[1], good)], ALPHA.content())
    assert (answers[0]["outcome"], answers[0]["kind"]) == ("restored", "imports")
    assert answers[1] == {"outcome": "skipped"}
    assert whole_tree(runtimes[1].prefix) == before
    assert list(temporary.iterdir()) == []


def test_a_removal_needs_no_wheels(runtimes: Two) -> None:
    runtimes[0].lay(BETA)
    (answer,) = apply([], [change_of(runtimes[0], Change(remove=("beta",)))], b"")
    assert answer["outcome"] == "changed"
    assert "beta" not in runtimes[0].installed()


OTHER = dataclasses.replace(BETA, requires=("x",))


@pytest.mark.parametrize(
    ("wheels", "attachments", "words"),
    [
        ([sent(ALPHA), sent(BETA)], ALPHA.content() + OTHER.content(), "beta-1.0-py3-none-any.whl has another sha256"),
        ([sent(BETA), sent(ALPHA)], OTHER.content() + ALPHA.content(), "beta-1.0-py3-none-any.whl has another sha256"),
        ([sent(ALPHA), sent(BETA)], ALPHA.content() + BETA.content()[:-7], "beta-1.0-py3-none-any.whl ends 7 bytes"),
        ([sent(ALPHA), sent(BETA)], b"", "alpha-1.0-py3-none-any.whl ends"),
        ([sent(ALPHA), sent(BETA, path="/no/such.whl")], ALPHA.content(), "beta-1.0-py3-none-any.whl cannot be taken"),
        ([sent(ALPHA), sent(BETA, path="such.whl")], ALPHA.content(), "is not absolute"),
        ([sent(ALPHA)], ALPHA.content(), "beta-1.0-py3-none-any.whl is to be installed, but does not come"),
        ([sent(ALPHA), sent(BETA), sent(BETA)], ALPHA.content() + BETA.content() * 2, "comes twice"),
        ([sent(ALPHA), sent(BETA, size=-1)], ALPHA.content(), "is negative"),
        ([sent(ALPHA), sent(BETA), sent(BETA, file_name="../x-1-py3-none-any.whl")], b"", "that can be taken"),
    ],
    ids=["other", "other first", "short", "none", "gone", "relative", "too few", "twice", "negative", "outside"],
)
def test_wheels_that_are_not_what_was_announced(
    runtimes: Two, temporary: pathlib.Path, wheels: list[dict[str, t.Any]], attachments: bytes, words: str
) -> None:
    before = whole_tree(runtimes[0].prefix)
    with pytest.raises(HostProblem, match=words):
        apply(wheels, [change_of(runtimes[0], Change((ALPHA, BETA)))], attachments)
    assert whole_tree(runtimes[0].prefix) == before
    assert not (runtimes[0].prefix / STATE).exists()
    assert list(temporary.iterdir()) == []


def test_a_wheel_on_the_host_that_grew(runtimes: Two, tmp_path: pathlib.Path) -> None:
    described = lying(BETA, tmp_path)
    with open(described["path"], "ab") as stream:
        stream.write(b"x")
    with pytest.raises(HostProblem, match="longer than planned"):
        apply([described], [change_of(runtimes[0], Change((BETA,)))], b"")


@pytest.mark.parametrize(
    "instead", [{"home": "/nowhere"}, {"interpreter": "/bin/sh"}, {"home": "/", "interpreter": "/bin/sh"}]
)
def test_interpreters_that_are_none_of_the_runtime(runtimes: Two, instead: dict[str, str]) -> None:
    (answer,) = apply([], [change_of(runtimes[0], Change(), **instead)], b"")
    assert (answer["outcome"], answer["kind"]) == ("untouched", "gone")
    assert next(iter(instead.values())) in answer["detail"]


def test_a_runtime_that_dies_is_named(runtimes: Two) -> None:
    (runtimes[0].prefix / "bin" / "python3").unlink()
    (runtimes[0].prefix / "bin" / "python3").write_text("#!/bin/sh\nexit 7\n")
    (runtimes[0].prefix / "bin" / "python3").chmod(0o755)
    (answer,) = apply([], [change_of(runtimes[0], Change())], b"")
    assert (answer["outcome"], answer["kind"]) == ("damaged", "interrupted")
    assert "exit code 7" in answer["detail"]


def test_progress_is_told_while_it_lasts(runtimes: Two) -> None:
    (runtimes[1].site_packages / "sitecustomize.py").write_text("import time\ntime.sleep(1.3)\n")
    events: list[dict[str, t.Any]] = []
    (answer,) = apply([sent(BETA)], [change_of(runtimes[1], Change((BETA,)))], BETA.content(), events=events)
    assert answer["outcome"] == "changed"
    (installing,) = [event for event in events if event["step"] == "installing"][:1]
    assert installing == {"step": "installing", "done": 0, "of": 1, "home": str(runtimes[1].prefix)}


@pytest.mark.parametrize(
    "instead",
    [{"seconds": "1"}, {"wheels": {}}, {"changes": [{}]}, {"wheels": [{"file_name": 1}]}, {"changes": "none"}],
)
def test_requests_that_are_none(instead: dict[str, t.Any]) -> None:
    with pytest.raises(HostProblem, match="argument"):
        agent_calls.ask(RUNNER.path, "apply", **{"seconds": 60, "wheels": [], "changes": [], **instead})
