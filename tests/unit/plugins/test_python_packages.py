# Copyright (c) 2026 the mlfleet authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How one task treats several runtimes of a host."""

from __future__ import annotations

import collections.abc as c
import pathlib
import typing as t
from unittest import mock

import pytest
from ansible_collections.mlfleet.packages.plugins.plugin_utils._errors import HostProblem

from testbed import index_server, told_host
from testbed.plan_calls import World
from testbed.wheels import Wheel


def planned(result: dict[str, t.Any]) -> dict[str, list[str]]:
    """Instance to its actions."""
    return {
        runtime["instances"][0]: [f"{each['action']} {each['package']} {each['to']}" for each in runtime["plan"]]
        for runtime in result["runtimes"]
    }


@pytest.fixture
def worlds(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, World]:
    monkeypatch.setenv("no_proxy", "127.0.0.1,localhost")
    return {name: World(tmp_path / name) for name in ("SQL01", "SQL02")}


def test_a_wheel_is_only_offered_to_the_instances_that_it_is_meant_for(
    worlds: dict[str, World], tmp_path: pathlib.Path
) -> None:
    house = str(Wheel("demo", "1.0").write(tmp_path / "house").parent)
    Wheel("app", requires=("demo",)).write(tmp_path / "house")
    special = {"wheel": str(Wheel("demo", "2.0").write(tmp_path)), "instances": ["SQL02"]}
    result = told_host.converge(worlds, tmp_path / "cache", "app", special, wheelhouse=house)
    assert planned(result) == {
        "SQL01": ["install demo 1.0", "install app 1.0"],
        "SQL02": ["install demo 2.0", "install app 1.0"],
    }


def test_the_wheel_for_single_instances_goes_before_that_for_all(
    worlds: dict[str, World], tmp_path: pathlib.Path
) -> None:
    """They have one name, as two builds of a release do."""
    build = Wheel("demo", "1.0", modules={"special.py": "x = 1\n"})
    special = {"wheel": str(build.write(tmp_path / "own")), "sha256": build.sha256(), "instances": ["SQL02"]}
    general = str(Wheel("demo", "1.0").write(tmp_path))
    result = told_host.converge({"SQL02": worlds["SQL02"]}, tmp_path / "cache", general, special)
    assert [each["problems"] for each in result["runtimes"]] == [[]]


def test_a_wheel_whose_marker_does_not_hold_is_not_offered(worlds: dict[str, World], tmp_path: pathlib.Path) -> None:
    house = str(Wheel("demo", "1.0").write(tmp_path / "house").parent)
    Wheel("app", requires=("demo",)).write(tmp_path / "house")
    other = f"demo @ {Wheel('demo', '2.0').write(tmp_path).as_uri()} ; python_version < '3'"
    result = told_host.converge(worlds, tmp_path / "cache", "app", other, wheelhouse=house)
    assert planned(result)["SQL01"] == ["install demo 1.0", "install app 1.0"]


def test_a_url_is_only_fetched_for_the_instances_that_it_is_meant_for(
    worlds: dict[str, World], tmp_path: pathlib.Path
) -> None:
    worlds["SQL02"].installed = [Wheel("demo", "2.0")]
    nowhere = {"url": "http://127.0.0.1:1/demo-2.0-py3-none-any.whl", "sha256": "0" * 64, "instances": ["SQL02"]}
    result = told_host.converge(worlds, tmp_path / "cache", nowhere)
    assert planned(result) == {"SQL01": [], "SQL02": []}


@pytest.mark.parametrize(("state", "damaged"), [("reinstalled", []), ("present", ["demo"])])
def test_what_is_laid_down_again_is_fetched_from_its_url(
    worlds: dict[str, World], tmp_path: pathlib.Path, state: str, damaged: list[str]
) -> None:
    wheel = Wheel("demo", "2.0")
    worlds["SQL01"].installed = worlds["SQL02"].installed = [wheel]
    worlds["SQL01"].damaged = damaged
    with index_server.serving(wheel) as index:
        url = f"{index.url}/files/{wheel.expected_file_name()}"
        entry = {"url": url, "sha256": wheel.sha256(), "state": state}
        result = told_host.converge(worlds, tmp_path / "cache", entry)
    again = ["reinstall demo 2.0"]
    assert planned(result) == {"SQL01": again, "SQL02": again if state == "reinstalled" else []}
    assert [each["problems"] for each in result["runtimes"]] == [[], []]
    assert len(index.fetched()) == 1


@pytest.mark.parametrize("check", [True, False])
def test_two_files_of_one_name_are_not_mixed_up(worlds: dict[str, World], tmp_path: pathlib.Path, check: bool) -> None:
    builds = {name: Wheel("demo", modules={"demo.py": f"at = '{name}'\n"}) for name in worlds}
    entries = [{"wheel": str(build.write(tmp_path / name)), "instances": [name]} for name, build in builds.items()]
    result = told_host.converge(worlds, tmp_path / "cache", *entries, check=check)
    one, two = (rf"C:\{name}\Python (sha256 {build.sha256()})" for name, build in builds.items())
    detail = f"demo-1.0-py3-none-any.whl is not the same file for {one} and {two}; "
    assert [problem["detail"].startswith(detail) for each in result["runtimes"] for problem in each["problems"]] == [
        True,
        True,
    ]
    assert (result["changed"], result["failed"]) == (False, True)


def test_one_file_for_two_runtimes_may_lie_in_two_places(worlds: dict[str, World], tmp_path: pathlib.Path) -> None:
    places = {name: Wheel("demo").write(tmp_path / name) for name in worlds}
    entries = [{"wheel": str(place), "instances": [name]} for name, place in places.items()]
    result = told_host.converge(worlds, tmp_path / "cache", *entries)
    assert [each["problems"] for each in result["runtimes"]] == [[], []]


def refusals(result: dict[str, t.Any]) -> set[tuple[str, str]]:
    return {(each["kind"], each["package"]) for runtime in result["runtimes"] for each in runtime["problems"]}


@pytest.mark.parametrize("lines", ["demo @ {url}#sha256={wrong}\n", "demo\n-c limits.txt\n"], ids=["url", "constraint"])
def test_every_hash_of_a_requirements_file_is_checked(
    worlds: dict[str, World], tmp_path: pathlib.Path, lines: str
) -> None:
    wheel = Wheel("demo")
    path = wheel.write(tmp_path / "house")
    file = tmp_path / "requirements.txt"

    def run(sha256: str) -> set[tuple[str, str]]:
        file.write_text(lines.format(url=path.as_uri(), wrong=sha256))
        (tmp_path / "limits.txt").write_text(f"demo==1.0 --hash=sha256:{sha256}\n")
        options = {"requirements": [str(file)], "wheelhouse": str(path.parent)}
        return refusals(told_host.converge(worlds, tmp_path / "cache", **options))

    assert run("0" * 64) == {("hash", "demo")}
    assert run(wheel.sha256()) == set()


def test_a_lock_is_read_once_for_all_runtimes(worlds: dict[str, World], tmp_path: pathlib.Path) -> None:
    wheel = Wheel("demo")
    wheel.write(tmp_path)
    entry = f'{{name = "{wheel.expected_file_name()}", path = "{wheel.expected_file_name()}", '
    entry += f'hashes = {{sha256 = "{wheel.sha256()}"}}}}'
    lock = tmp_path / "pylock.toml"
    lock.write_text(f'lock-version = "1.0"\ncreated-by = "x"\n[[packages]]\nname = "demo"\nwheels = [{entry}]\n')
    with mock.patch.object(pathlib.Path, "read_text", autospec=True, side_effect=pathlib.Path.read_text) as read_text:
        result = told_host.converge(worlds, tmp_path / "cache", lock=str(lock))
    assert planned(result) == {"SQL01": ["install demo 1.0"], "SQL02": ["install demo 1.0"]}
    assert [call.args[0] for call in read_text.call_args_list if call.args[0].suffix == ".toml"] == [lock]


@pytest.mark.parametrize(
    ("content", "words"),
    [(None, r"cannot be read \(No such file or directory\)"), (b"PK", "became shorter while it was sent")],
    ids=["gone", "shorter"],
)
def test_a_wheel_that_changes_before_it_is_sent(
    worlds: dict[str, World],
    tmp_path: pathlib.Path,
    monkeypatch: pytest.MonkeyPatch,
    content: bytes | None,
    words: str,
) -> None:
    path = Wheel("app").write(tmp_path / "house")
    told = told_host.ToldHost.ask

    def ask(
        host: told_host.ToldHost, operation: str, arguments: t.Any, seconds: int, sent: c.Iterable[bytes] = ()
    ) -> t.Any:
        if operation == "survey":
            return told(host, operation, arguments, seconds)
        path.unlink() if content is None else path.write_bytes(content)
        return list(sent)

    monkeypatch.setattr(told_host.ToldHost, "ask", ask)
    with pytest.raises(HostProblem, match=f"app-1.0-py3-none-any.whl {words}; run the task again"):
        told_host.converge(worlds, tmp_path / "cache", "app", check=False, wheelhouse=str(path.parent))
