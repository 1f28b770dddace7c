# Copyright (c) 2026 the mlfleet authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The pip of a host, asked with the host's own settings what it would take, and sent for exactly that."""

from __future__ import annotations

import collections.abc as c
import dataclasses
import pathlib
import socket
import typing as t

import pytest
from ansible_collections.mlfleet.packages.plugins.plugin_utils._errors import HostProblem

from testbed import agent_calls, changeable, index_server, interpreters
from testbed.agent_changes import whole_tree
from testbed.changeable import ChangeableRuntime
from testbed.virtual_environments import Recipe
from testbed.wheels import Wheel

PIPS = [((3, 7), "22.2"), ((3, 10), "22.3.1"), ((3, 7), "24.0"), ((3, 13), ""), ((3, 11), "26.3")]
A1, A2 = (
    Wheel("demo-a", "1.0"),
    Wheel("demo-a", "2.0", requires=("demo-b>=2", 'demo-b; extra == "x"'), extras={"x": ()}),
)
B1, B2 = Wheel("demo-b", "1.0"), Wheel("demo-b", "2.0", requires_python=">=3.5")
NOTHING: dict[str, t.Any] = {"requirements": [], "newest": False, "again": [], "constraints": [], "wishes": []}
HASH = "0" * 64


@dataclasses.dataclass(frozen=True)
class Place:
    """A runtime whose pip is set up for an index, and where the agent leaves what it does not keep."""

    runtime: ChangeableRuntime
    index: index_server.Index
    temporary: pathlib.Path
    store: pathlib.Path

    def resolve(self, seconds: int = 60, **question: t.Any) -> dict[str, t.Any]:
        return self._ask("pip_resolve", seconds, {**NOTHING, **question})

    def fetch(self, *wheels: dict[str, str]) -> dict[str, t.Any]:
        return self._ask("pip_fetch", 60, {"store": str(self.store), "wheels": list(wheels)})

    def _ask(self, operation: str, seconds: int, arguments: dict[str, t.Any]) -> dict[str, t.Any]:
        """Asks, and looks whether anything is left of it."""
        before = whole_tree(self.runtime.prefix)
        try:
            answer: dict[str, t.Any] = agent_calls.ask(
                self.runtime.python,
                "in_runtime",
                home=str(self.runtime.prefix),
                interpreter=str(self.runtime.python),
                operation=operation,
                arguments=arguments,
                seconds=seconds,
            )
        finally:
            assert whole_tree(self.runtime.prefix) == before
            assert list(self.temporary.iterdir()) == []
        return answer

    def stored(self) -> list[str]:
        return sorted(path.relative_to(self.store).as_posix() for path in self.store.rglob("*") if path.is_file())


def made(folder: pathlib.Path, index: index_server.Index, minor: tuple[int, int], pip: str) -> Place:
    interpreter = interpreters.find_first([minor])
    if interpreter is None:
        pytest.skip("there is no CPython {}.{}".format(*minor))
    runtime = changeable.fresh(folder / "runtime", Recipe(interpreter, pip=pip))
    (runtime.prefix / "pip.conf").write_text(f"[global]\nindex-url = {index.simple}\nretries = 0\n")
    (folder / "temporary").mkdir()
    return Place(runtime, index, folder / "temporary", folder / "store")


@pytest.fixture
def index(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> c.Iterator[index_server.Index]:
    # The settings of the runtime are what it is about.
    monkeypatch.delenv("PIP_CONFIG_FILE")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("TMPDIR", str(tmp_path / "temporary"))
    with index_server.serving(A1, A2, B1, B2) as running:
        yield running


@pytest.fixture
def place(tmp_path: pathlib.Path, index: index_server.Index) -> Place:
    return made(tmp_path, index, (3, 7), "24.0")


def described(wheel: Wheel) -> dict[str, str]:
    return {"file_name": wheel.expected_file_name(), "sha256": wheel.sha256()}


def files(answer: dict[str, t.Any]) -> list[str]:
    assert answer["problem"] is None, answer
    return sorted(each["file_name"] for each in answer["found"])


@pytest.mark.parametrize(("minor", "pip"), PIPS, ids=str)
def test_every_age_of_pip(index: index_server.Index, tmp_path: pathlib.Path, minor: tuple[int, int], pip: str) -> None:
    place = made(tmp_path, index, minor, pip)
    answer = place.resolve(requirements=["demo-a[x]>=1"], constraints=["demo-b!=3"])
    found = {each["name"]: each for each in answer["found"]}
    assert (answer["problem"], sorted(found)) == (None, ["demo-a", "demo-b"])
    assert {key: found["demo-a"][key] for key in ("version", "requires_python", "extras")} == {
        "version": "2.0",
        "requires_python": "",
        "extras": ["x"],
    }
    assert found["demo-a"]["requires"] == list(A2.requires)
    assert found["demo-b"]["requires_python"] == ">=3.5"
    assert described(A2).items() <= found["demo-a"].items()
    place.runtime.lay(B1)
    assert files(place.resolve(requirements=["demo-b"])) == []
    assert files(place.resolve(requirements=["demo-b"], newest=True)) == [B2.expected_file_name()]
    assert files(place.resolve(again=["demo-b==1.0"])) == [B1.expected_file_name()]
    assert not place.store.exists()
    fetched = place.fetch(described(A2), described(B2))
    assert [each["problem"] for each in fetched["wheels"]] == [None, None]
    assert [each["sha256"] for each in fetched["wheels"]] == [A2.sha256(), B2.sha256()]
    assert "demo_a.py" in fetched["wheels"][0]["members"]
    assert place.stored() == sorted(f"{each.sha256()}/{each.expected_file_name()}" for each in (A2, B2))
    index.seen.clear()
    assert place.fetch(described(A2), described(B2)) == fetched
    assert index.seen == []


@pytest.mark.parametrize("version", ["21.3.1"])
def test_a_pip_that_cannot_tell(index: index_server.Index, tmp_path: pathlib.Path, version: str) -> None:
    place = made(tmp_path, index, (3, 7), version)
    said = f"its pip is {version}, and only pip 22.2 or newer can tell what it would install"
    assert said in place.resolve(requirements=["demo-a"])["problem"]
    assert said in place.fetch(described(A1))["problem"]
    assert index.seen == []


def test_wishes_are_given_up_and_constraints_are_not(place: Place) -> None:
    assert files(place.resolve(requirements=["demo-a"], wishes=["demo-b<2"])) == [A1.expected_file_name()]
    both = [A2.expected_file_name(), B2.expected_file_name()]
    assert files(place.resolve(requirements=["demo-a>=2"], wishes=["demo-b<2"])) == both
    answer = place.resolve(requirements=["demo-a>=2"], constraints=["demo-b<2"])
    assert "demo-a 2.0 depends on demo-b>=2" in answer["problem"]


@pytest.mark.parametrize(
    "line",
    [
        "--index-url=http://evil.example.com/simple",
        "-r /etc/passwd",
        "-e .",
        "demo-a @ http://evil.example.com/demo_a-1.0-py3-none-any.whl",
        "http://evil.example.com/demo_a-1.0-py3-none-any.whl",
        "./demo_a-1.0-py3-none-any.whl",
        "demo-a --hash=sha256:00",
        "demo-a==1.0\n--pre",
        "demo-a==1.0\\",
        "demo-a==${HOME}",
        "demo-a; python_version > '3'",
        "demo-a #",
        " demo-a",
        "",
        "d\u00e9mo",
    ],
)
@pytest.mark.parametrize("kind", ["requirements", "again", "constraints", "wishes"])
def test_lines_that_are_more_than_a_name_and_versions(place: Place, kind: str, line: str) -> None:
    question: dict[str, t.Any] = {"requirements": ["demo-a"], kind: [line]}
    with pytest.raises(HostProblem, match="is no requirement that pip may be given"):
        place.resolve(**question)
    assert place.index.seen == []


@pytest.mark.parametrize(
    "wheel",
    [
        {"file_name": "demo_a-1.0-py3-none-any.whl --pre.whl", "sha256": HASH},
        {"file_name": "../demo_a-1.0-py3-none-any.whl", "sha256": HASH},
        {"file_name": "demo_a-1.0\n-py3-none-any.whl", "sha256": HASH},
        {"file_name": "demo_a-1.0-py3-none-any.whl", "sha256": HASH + " --hash=sha256:" + HASH},
        {"file_name": "demo_a-1.0-py3-none-any.whl", "sha256": HASH, "url": "http://evil.example.com"},
    ],
)
def test_wheels_that_are_more_than_a_file_name_and_a_hash(place: Place, wheel: dict[str, str]) -> None:
    with pytest.raises(HostProblem, match=r"that can be taken|exactly the arguments"):
        place.fetch(wheel)
    assert place.index.seen == []


def test_other_operations_have_no_business_in_a_runtime(place: Place) -> None:
    about: dict[str, t.Any] = {
        "home": str(place.runtime.prefix),
        "interpreter": str(place.runtime.python),
        "seconds": 9,
        "arguments": {},
    }
    with pytest.raises(HostProblem, match="the operation must be one of pip_fetch, pip_resolve"):
        agent_calls.ask(place.runtime.python, "in_runtime", operation="change", **about)
    with pytest.raises(HostProblem, match="there is no runtime"):
        about["interpreter"] = "/bin/echo"
        agent_calls.ask(place.runtime.python, "in_runtime", operation="pip_resolve", **about)


def test_a_file_that_is_not_what_was_announced(place: Place) -> None:
    place.index.swapped[B2.expected_file_name()] = B1.content()
    answer = place.fetch(described(A2), described(B2))
    assert "sends another file than the one whose sha256 it told" in answer["problem"]
    assert not [each for each in place.stored() if each.endswith(".whl")]


@pytest.mark.parametrize(("minor", "pip"), PIPS, ids=str)
def test_where_an_index_tells_no_sha256_it_is_that_of_what_pip_got_if_it_got_it(
    index: index_server.Index, tmp_path: pathlib.Path, minor: tuple[int, int], pip: str
) -> None:
    index.hashes = False
    answer = made(tmp_path, index, minor, pip).resolve(requirements=["demo-b==2"])
    if pip == "26.3":  # a dry run reads METADATA alone, and gets no wheel
        assert answer["problem"] == "the host's index tells no sha256 of demo-b 2.0; use the source controller"
    else:
        assert answer["problem"] is None
        assert [each["sha256"] for each in answer["found"]] == [B2.sha256()]


def test_an_index_that_never_answers(place: Place) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}/simple"
        (place.runtime.prefix / "pip.conf").write_text(f"[global]\nindex-url = {url}\ntimeout = 100\n")
        assert "did not end in time" in place.resolve(seconds=8, requirements=["demo-a"])["problem"]


def test_settings_in_variables_hold_unless_they_lead_elsewhere(
    place: Place, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (place.runtime.prefix / "pip.conf").unlink()
    elsewhere = tmp_path / "elsewhere"
    variables = {"PIP_INDEX_URL": place.index.simple, "PIP_TARGET": elsewhere, "PIP_LOG": elsewhere}
    variables |= {"PIP_PYTHON": "/bin/false", "PIP_DEST": elsewhere, "PYTHONPATH": "/x"}
    for name, value in variables.items():
        monkeypatch.setenv(name, str(value))
    place.runtime.lay(B1)
    assert files(place.resolve(requirements=["demo-a<2", "demo-b"])) == [A1.expected_file_name()]
    assert place.fetch(described(A1))["problem"] is None
    assert not elsewhere.exists()


def test_a_folder_in_place_of_an_index(place: Place, tmp_path: pathlib.Path) -> None:
    A1.write(tmp_path / "folder")
    (place.runtime.prefix / "pip.conf").write_text(f"[global]\nno-index = true\nfind-links = {tmp_path / 'folder'}\n")
    answer = place.resolve(requirements=["demo-a"])
    assert [each["sha256"] for each in answer["found"]] == [A1.sha256()]
