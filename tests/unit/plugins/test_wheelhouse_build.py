# Copyright (c) 2026 the mlfleet authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The work of the module wheelhouse, against an index that runs on this machine."""

from __future__ import annotations

import collections.abc as c
import dataclasses
import json
import pathlib
import resource
import typing as t

import pytest
from ansible_collections.mlfleet.packages.plugins.plugin_utils import _declaration, _lock, _wheelhouse_build
from ansible_collections.mlfleet.packages.plugins.plugin_utils._errors import HostProblem
from ansible_collections.mlfleet.packages.plugins.plugin_utils._locking import _targets, _uv
from ansible_collections.mlfleet.packages.plugins.plugin_utils._locking._indexes import Indexes
from ansible_collections.mlfleet.packages.plugins.plugin_utils._locking._request import Question, Request
from ansible_collections.mlfleet.packages.plugins.plugin_utils._sources import Find
from ansible_collections.mlfleet.packages.plugins.plugin_utils._wheelhouse import Wheelhouse

from testbed import index_server
from testbed.index_server import Index
from testbed.wheels import Wheel

# One that uv locks for, and one that it refuses.
SQL2019 = {"name": "sql2019", "python": "3.7.1", "platform": "win_amd64"}
SQL2017 = {"name": "sql2017", "python": "3.5.2", "platform": "win_amd64"}
BOTH = [SQL2019, SQL2017]
SECRET = "user:pa%40ss"

TOOL = Wheel("tool", "2.0", requires=("colours; sys_platform == 'win32'", "posix-only; sys_platform != 'win32'"))
COLOURS = Wheel("colours", "0.4")
BIG = Wheel("big", modules={"big.py": "x = 1\n" * 400_000})
OFFERED = (TOOL, Wheel("tool", "1.0"), COLOURS, BIG)


@dataclasses.dataclass
class Bench:
    """A controller with an index, and the task's options."""

    folder: pathlib.Path
    index: Index
    events: list[dict[str, t.Any]] = dataclasses.field(default_factory=list)

    @property
    def house(self) -> pathlib.Path:
        return self.folder / "house"

    def run(self, *packages: t.Any, check: bool = False, find: Find = str, **options: t.Any) -> dict[str, t.Any]:
        arguments = {name: spec.get("default") for name, spec in _wheelhouse_build.ARGUMENT_SPEC.items()}
        arguments |= {"path": "house", "packages": list(packages), "targets": [SQL2019], "index_url": self.index.simple}
        controller = _wheelhouse_build.Controller(
            find=find, place=self.folder.joinpath, cache=self.folder / "cache", check=check, on_event=self.events.append
        )
        return _wheelhouse_build.build(arguments | options, controller)

    def problem(self, *packages: t.Any, **options: t.Any) -> str:
        """The sentence of a task that fails, which must leave nothing behind that is not whole."""
        with pytest.raises(HostProblem) as caught:
            self.run(*packages, **options)
        assert "\n" not in str(caught.value)
        return str(caught.value)

    def files(self) -> dict[str, bytes]:
        return {
            str(path.relative_to(self.house)): path.read_bytes() for path in self.house.rglob("*") if path.is_file()
        }

    def locked(self, target: dict[str, t.Any] | None = None) -> dict[str, str]:
        """What the room that reads locks makes of a written one."""
        target = target or SQL2019
        (goal,) = _targets.goals([target], [])
        pins = _lock.pins(self.house / f"pylock.{target['name']}.toml", goal.target)
        return {pin.name: str(pin.version) for pin in pins}


@pytest.fixture
def bench(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> c.Iterator[Bench]:
    monkeypatch.setenv("no_proxy", "127.0.0.1,localhost")
    monkeypatch.setenv("UV_HTTP_RETRIES", "0")
    monkeypatch.setenv("NETRC", str(tmp_path / "no netrc"))
    with index_server.serving(*OFFERED) as index:
        yield Bench(tmp_path, index)


@pytest.mark.parametrize("html", [False, True])
@pytest.mark.parametrize("target", BOTH, ids=["uv", "resolver"])
def test_what_is_locked_is_what_lies_there(bench: Bench, target: dict[str, t.Any], html: bool) -> None:
    bench.index.html = html
    bench.index.metadata = not html
    result = bench.run("tool", targets=[target])
    assert bench.locked(target) == {"tool": "2.0", "colours": "0.4"}
    assert (result["changed"], result["fetched"]) == (True, [COLOURS.expected_file_name(), TOOL.expected_file_name()])
    (told,) = result["targets"]
    assert (told["name"], told["wheels"]) == (target["name"], 2)
    assert told["bytes"] == result["bytes"] == len(TOOL.content()) + len(COLOURS.content())
    house = Wheelhouse(bench.house)
    assert [str(wheel.version) for wheel in house.named("tool").wheels] == ["2.0"]
    (path,) = house.files(TOOL.expected_file_name())
    assert path.read_bytes() == TOOL.content()
    assert [event["file"] for event in bench.events if event["step"] == "fetched"]


def test_a_lock_for_another_target_does_not_fit(bench: Bench) -> None:
    bench.run("tool")
    (other,) = _targets.goals([SQL2017], [])
    with pytest.raises(_lock.LockProblem, match=r"does not fit cp35-win_amd64 at 3\.5\.2"):
        _lock.pins(bench.house / "pylock.sql2019.toml", other.target)
    (older,) = _targets.goals([{**SQL2019, "python": "3.7.0"}], [])
    with pytest.raises(_lock.LockProblem, match="does not fit"):
        _lock.pins(bench.house / "pylock.sql2019.toml", older.target)


def test_a_runtime_follows_the_lock_for_its_own_correction_of_python(bench: Bench) -> None:
    later = {**SQL2019, "name": "later", "python": "3.7.4"}
    bench.run("tool", targets=[SQL2019, later])
    (goal,) = _targets.goals([later], [])
    assert [path.name for path in _lock.fitting(_lock.files(bench.house), goal.target)] == ["pylock.later.toml"]


@pytest.mark.parametrize("target", BOTH, ids=["uv", "resolver"])
def test_the_full_version_counts(bench: Bench, target: dict[str, t.Any]) -> None:
    bench.index.wheels.append(Wheel("tool", "3.0", requires_python=f">={target['python']}"))
    bench.run("tool", targets=[target])
    assert bench.locked(target) == {"tool": "3.0"}
    major_minor, _dot, micro = target["python"].rpartition(".")
    older = {**target, "name": "older", "python": f"{major_minor}.{int(micro) - 1}"}
    bench.run("tool", targets=[older])
    assert bench.locked(older)["tool"] == "2.0"


def test_targets_share_one_copy(bench: Bench) -> None:
    result = bench.run("tool", targets=BOTH)
    assert result["fetched"] == [COLOURS.expected_file_name(), TOOL.expected_file_name()]
    assert sorted(name for name in bench.index.fetched()) == result["fetched"]
    manifest = json.loads((bench.house / "manifest.json").read_text())
    assert [(each["name"], each["targets"]) for each in manifest["wheels"]] == [
        ("colours", ["sql2017", "sql2019"]),
        ("tool", ["sql2017", "sql2019"]),
    ]
    told = manifest["wheels"][1]
    assert told["size"] == len(TOOL.content())
    assert told["tags"] == ["py3-none-any"]
    assert (bench.house / told["path"]).read_bytes() == TOOL.content()
    assert told["origin"].startswith(f"{bench.index.url}/files/")


@pytest.mark.parametrize("target", BOTH, ids=["uv", "resolver"])
def test_a_second_run_does_nothing_and_asks_nobody(bench: Bench, target: dict[str, t.Any]) -> None:
    bench.run("tool", targets=[target])
    before = bench.files()
    bench.index.seen.clear()
    result = bench.run("tool", targets=[target])
    assert (result["changed"], result["fetched"]) == (False, [])
    assert bench.index.seen == []
    assert bench.files() == before


def test_the_same_again_gives_the_same_bytes(bench: Bench) -> None:
    bench.run("tool", targets=BOTH)
    before = bench.files()
    for path in bench.house.glob("pylock.*"):
        path.unlink()
    assert bench.run("tool", targets=BOTH)["fetched"] == []
    assert bench.files() == before


@pytest.mark.parametrize("target", BOTH, ids=["uv", "resolver"])
def test_what_is_locked_stays_until_it_is_upgraded(bench: Bench, target: dict[str, t.Any]) -> None:
    bench.run("tool==1.0", targets=[target])
    bench.run("tool", "colours", targets=[target])
    assert bench.locked(target) == {"tool": "1.0", "colours": "0.4"}
    assert bench.run("tool", "colours", targets=[target], upgrade=True)["changed"]
    assert bench.locked(target)["tool"] == "2.0"


@pytest.mark.parametrize("metadata", [True, False])
def test_a_check_writes_nothing_and_tells_what_a_run_would_do(bench: Bench, metadata: bool) -> None:
    bench.index.metadata = metadata
    checked = bench.run("tool", check=True, targets=BOTH)
    assert not bench.house.exists()
    done = bench.run("tool", targets=BOTH)
    same = ("changed", "fetched", "targets", "removed")
    assert {key: checked[key] for key in same} == {key: done[key] for key in same}
    assert bool(checked["notes"]) is not metadata
    again = bench.run("tool", check=True, targets=BOTH)
    assert (again["changed"], again["fetched"]) == (False, [])


def test_locks_alone(bench: Bench) -> None:
    bench.run("tool", state="locked")
    assert sorted(bench.files()) == ["pylock.sql2019.toml"]
    assert bench.index.fetched().count(TOOL.expected_file_name()) <= 1, "its size at most"
    before = bench.files()["pylock.sql2019.toml"]
    assert bench.run("tool")["changed"]
    assert bench.files()["pylock.sql2019.toml"] == before


def test_what_no_lock_refers_to_is_removed(bench: Bench) -> None:
    bench.run("tool", "big")
    bench.run("tool")
    assert len(list(bench.house.glob("wheels/*/*.whl"))) == 3
    checked = bench.run(state="pruned", check=True)
    assert (checked["changed"], checked["removed"]) == (True, [BIG.expected_file_name()])
    assert len(list(bench.house.glob("wheels/*/*.whl"))) == 3
    assert bench.run(state="pruned")["removed"] == [BIG.expected_file_name()]
    assert sorted(path.name for path in bench.house.glob("wheels/*/*")) == [
        COLOURS.expected_file_name(),
        TOOL.expected_file_name(),
    ]
    assert bench.run(state="pruned")["changed"] is False
    assert bench.run("tool")["changed"] is False


def test_the_locks_of_other_tools_count_and_other_files_stay(bench: Bench) -> None:
    bench.run("tool", "big")
    other = "".join(
        f'{{name = "{each.expected_file_name()}", path = "x", hashes = {{sha256 = "{each.sha256()}"}}}}, '
        for each in (Wheel("big", tag="py2-none-any"), BIG)
    )
    (bench.house / "pylock.toml").write_text(
        f'lock-version = "1.0"\ncreated-by = "x"\n[[packages]]\nname = "big"\nwheels = [{other}]\n'
    )
    (bench.house / "wheels" / "notes.txt").write_text("mine")
    bench.run("tool")
    assert bench.run(state="pruned")["removed"] == []
    (bench.house / "pylock.toml").unlink()
    assert bench.run(state="pruned")["removed"] == [BIG.expected_file_name()]
    assert (bench.house / "wheels" / "notes.txt").exists()


@pytest.mark.parametrize("state", ["present", "locked", "pruned"])
@pytest.mark.parametrize("damage", ["gone", "other"])
def test_a_check_looks_at_the_manifest_as_well(bench: Bench, state: str, damage: str) -> None:
    bench.run("tool")
    manifest = bench.house / "manifest.json"
    before = bench.files()
    if damage == "gone":
        manifest.unlink()
    else:
        manifest.write_text(json.dumps({"format": 1, "wheels": []}))
    found = bench.files()
    assert bench.run("tool", state=state, check=True)["changed"]
    assert bench.files() == found
    assert bench.run("tool", state=state)["changed"]
    assert bench.files() == before
    assert not bench.run("tool", state=state, check=True)["changed"]


def test_nothing_is_made_to_be_pruned(bench: Bench) -> None:
    assert "there is no wheelhouse" in bench.problem(state="pruned")
    assert not bench.house.exists()


def test_a_damaged_lock_removes_nothing(bench: Bench) -> None:
    bench.run("tool")
    lock = bench.house / "pylock.sql2019.toml"
    lock.write_text(lock.read_text()[:-80])
    assert "pylock.sql2019.toml is no lock" in bench.problem(state="pruned")
    assert len(list(bench.house.glob("wheels/*/*.whl"))) == 2


# -- what the runtimes have already --


@pytest.mark.parametrize("target", BOTH, ids=["uv", "resolver"])
def test_what_satisfies_already_is_not_locked(bench: Bench, target: dict[str, t.Any]) -> None:
    base = ["tool==1.0", "elsewhere==9.9", "old==2011k-1"]
    bench.index.wheels.append(Wheel("more", requires=("tool", "elsewhere>=9", "old")))
    bench.run("more", "big", targets=[{**target, "base": base}])
    assert bench.locked(target) == {"more": "1.0", "big": "1.0"}
    text = bench.files()[f"pylock.{target['name']}.toml"].decode()
    assert all(each in text for each in base)


def test_uv_does_not_read_the_index_about_what_is_there(bench: Bench) -> None:
    ancient = Wheel("ancient", "0.24.2", "cp37-cp37m-win_amd64", requires=("nowhere (>=2011k)",))
    bench.index.wheels += [ancient, Wheel("app", requires=("ancient",))]
    (goal,) = _targets.goals([{**SQL2019, "base": ["ancient==0.24.2"]}], [])
    entries = (_declaration.entry("packages", "app"),)
    request = Request(entries, (), {}, frozenset(), Indexes((bench.index.simple,), ()), bench.folder / "cache")
    assert [wheel.name for wheel in _uv.lock(Question(goal, request, entries, {}), 60)] == ["app"]


@pytest.mark.parametrize("target", BOTH, ids=["uv", "resolver"])
def test_protected_packages_keep_their_version(bench: Bench, target: dict[str, t.Any]) -> None:
    bench.index.wheels += [
        Wheel("numpy", "1.15.4"),
        Wheel("numpy", "1.21.6"),
        Wheel("science", "2.0", requires=("numpy>=1.20",)),
        Wheel("science", "1.0", requires=("numpy>=1.10",)),
    ]
    with_numpy = {**target, "base": {"numpy": "1.15.4"}}
    bench.run("science", targets=[with_numpy])
    assert bench.locked(target) == {"science": "1.0"}
    found = bench.problem("science>=2", targets=[with_numpy])
    assert "numpy" in found
    assert "held at their version, unless allow_protected names them: numpy 1.15.4" in found
    bench.run("science", targets=[with_numpy], allow_protected=["numpy"], upgrade=True)
    assert bench.locked(target) == {"science": "2.0", "numpy": "1.21.6"}


@pytest.mark.parametrize("target", BOTH, ids=["uv", "resolver"])
def test_the_needs_of_what_stays_count(bench: Bench, target: dict[str, t.Any]) -> None:
    found = instance_info(target, {"kept": ("1.0", ["lib<2"]), "lib": ("1.0", [])})
    bench.index.wheels += [
        Wheel("lib", "1.5"),
        Wheel("lib", "2.0"),
        Wheel("app", "1.0", requires=("lib>=1.2",)),
        Wheel("modern", "1.0", requires=("lib>=2",)),
    ]
    name = bench.run("app", targets=[], from_instances=[found])["targets"][0]["name"]
    assert bench.locked({**target, "name": name}) == {"app": "1.0", "lib": "1.5"}
    words = bench.problem("modern", targets=[], from_instances=[found])
    assert "is not closed: kept 1.0 needs lib<2, and lib 2.0 is there, because of the lock" in words


def instance_info(
    target: dict[str, t.Any], *runtimes: dict[str, tuple[str, list[str]]], only_conda: c.Container[str] = ()
) -> dict[str, t.Any]:
    """What instance_info would find, on runtimes of this target with these packages."""
    (goal,) = _targets.goals([target], [])
    flags = "m" if goal.target.tags[0].abi.endswith("m") else ""
    interpreter = {
        "executable": r"C:\Python\python.exe",
        "prefix": r"C:\Python",
        "base_prefix": r"C:\Python",
        "version": target["python"],
        "build": "",
        "implementation": "cpython",
        "cache_tag": None,
        "abi_flags": flags,
        "extension_suffixes": [],
        "pointer_bits": 64,
        "platform": "win-amd64",
        "libc": None,
        "markers": dict(goal.target.environment),
    }
    return {
        "changed": False,
        "runtimes": [
            {
                "home": rf"C:\Python{number}",
                "snapshot": {
                    "interpreter": interpreter,
                    "distributions": [
                        {
                            "name": name,
                            "version": version,
                            "requires": needs,
                            "shadowed": False,
                            "record": "conda-meta" if name in only_conda else "dist-info",
                        }
                        for name, (version, needs) in packages.items()
                    ],
                },
            }
            for number, packages in enumerate(runtimes)
        ],
    }


def test_equal_targets_are_locked_once_over_what_all_have(bench: Bench) -> None:
    both = instance_info(
        SQL2019, {"tool": ("1.0", []), "numpy": ("1.15.4", [])}, {"tool": ("2.0", []), "numpy": ("1.16.0", [])}
    )
    result = bench.run("tool", targets=[], from_instances=[both, both])
    assert [each["name"] for each in result["targets"]] == ["cp37-win_amd64-3-7-1"]
    assert result["targets"][0]["packages"] == {"colours": "0.4", "tool": "2.0"}
    (note,) = result["notes"]
    assert note.startswith("numpy: not in the same version in all 4 runtimes of cp37-win_amd64 at 3.7.1")


@pytest.mark.parametrize("target", BOTH, ids=["uv", "resolver"])
def test_what_only_conda_knows_of_is_no_package_of_python(bench: Bench, target: dict[str, t.Any]) -> None:
    found = instance_info(
        target, {"_openmp_mutex": ("4.5", []), "colours": ("2.38", [])}, only_conda=["_openmp_mutex", "colours"]
    )
    result = bench.run("tool", targets=[], from_instances=[found])
    assert result["targets"][0]["packages"] == {"tool": "2.0", "colours": "0.4"}
    assert result["notes"] == []


@pytest.mark.parametrize(
    "name",
    ["{outside}/x", "mkl\n--no-index\nmkl", "a/b", "_openmp_mutex", "my pkg", 'od"d', "x" * 200],
    ids=["path", "lines", "folder", "underscore", "space", "quote", "long"],
)
@pytest.mark.parametrize("target", BOTH, ids=["uv", "resolver"])
def test_what_a_host_calls_its_packages_becomes_neither_a_path_nor_a_line(
    bench: Bench, target: dict[str, t.Any], name: str, tmp_path: pathlib.Path
) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    name = name.format(outside=outside)
    found = instance_info(target, {name: ("1.0", []), "colours": ("0.3", [])})
    result = bench.run("tool", targets=[], from_instances=[found])
    assert list(outside.iterdir()) == []
    assert result["targets"][0]["packages"] == {"tool": "2.0"}
    (note,) = result["notes"]
    assert note == (
        rf"C:\Python0 has a package with the name {name!r:.80}, which follows no standard, "
        "so that no lock counts with it"
    )


# -- other sources --


@pytest.mark.parametrize("target", BOTH, ids=["uv", "resolver"])
def test_folders_without_any_index(bench: Bench, target: dict[str, t.Any], tmp_path: pathlib.Path) -> None:
    for wheel in (TOOL, COLOURS):
        wheel.write(tmp_path / "folder")
    options: dict[str, t.Any] = {"targets": [target], "find_links": [str(tmp_path / "folder")], "no_index": True}
    bench.run("tool", **options)
    assert bench.locked(target) == {"tool": "2.0", "colours": "0.4"}
    assert bench.index.seen == []
    assert bench.run("tool", **options)["changed"] is False
    before = bench.files()
    # The same folder elsewhere, as on another controller.
    (tmp_path / "folder").rename(tmp_path / "moved")
    assert bench.run("tool", find=lambda path: str(tmp_path / "moved"), **options)["changed"] is False
    (bench.house / f"pylock.{target['name']}.toml").unlink()
    bench.run("tool", find=lambda path: str(tmp_path / "moved"), **options)
    assert bench.files() == before
    # What was copied is all that is needed from then on.
    pins = _lock.pins(bench.house / f"pylock.{target['name']}.toml", _targets.goals([target], [])[0].target)
    assert all(pin.path and pathlib.Path(pin.path).is_file() for pin in pins)


@pytest.mark.parametrize("target", BOTH, ids=["uv", "resolver"])
def test_the_first_index_that_has_a_package_is_used(bench: Bench, target: dict[str, t.Any]) -> None:
    with index_server.serving(Wheel("tool", "0.9")) as private:
        bench.run("tool", "big", targets=[target], extra_index_urls=[private.simple])
    assert bench.locked(target) == {"tool": "0.9", "big": "1.0"}


@pytest.mark.parametrize("target", BOTH, ids=["uv", "resolver"])
def test_single_wheels(bench: Bench, target: dict[str, t.Any], tmp_path: pathlib.Path) -> None:
    own = Wheel("tool", "3.0", requires=("colours",))
    path = own.write(tmp_path / "own")
    bench.run(str(path), targets=[target])
    assert bench.locked(target) == {"tool": "3.0", "colours": "0.4"}
    (kept,) = bench.house.rglob(own.expected_file_name())
    assert kept.read_bytes() == own.content()
    url = {"url": f"{bench.index.url}/files/x/{BIG.expected_file_name()}", "sha256": BIG.sha256()}
    bench.run(url, targets=[target])
    assert bench.locked(target) == {"big": "1.0"}


@pytest.mark.parametrize("target", BOTH, ids=["uv", "resolver"])
def test_metadata_older_than_the_standards(bench: Bench, target: dict[str, t.Any]) -> None:
    bench.index.wheels += [Wheel("ancient", "0.24.2", requires=("colours (>=2011k)",))]
    result = bench.run("ancient==0.24.2", targets=[target])
    assert bench.locked(target) == {"ancient": "0.24.2", "colours": "0.4"}
    assert "ancient 0.24.2 needs colours>=2011k, which follows no standard" in result["notes"][0]


# -- passwords --


@pytest.mark.parametrize("target", BOTH, ids=["uv", "resolver"])
@pytest.mark.parametrize("origin", ["option", "environment", "netrc"])
def test_passwords_are_used_and_never_written(
    bench: Bench, target: dict[str, t.Any], origin: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench.index.login = "user:pa@ss"
    address = bench.index.simple.replace("://", f"://{SECRET}@")
    if origin == "environment":
        monkeypatch.setenv("PIP_INDEX_URL", address)
    elif origin == "netrc":
        (bench.folder / "netrc").write_text("machine 127.0.0.1 login user password pa@ss\n")
        monkeypatch.setenv("NETRC", str(bench.folder / "netrc"))
    index = {"option": address, "environment": None, "netrc": bench.index.simple}[origin]
    result = bench.run("tool", targets=[target], index_url=index)
    assert bench.locked(target) == {"tool": "2.0", "colours": "0.4"}
    written = b"".join(bench.files().values()).decode(errors="replace") + json.dumps([result, bench.events])
    assert "pa%40ss" not in written
    assert "pa@ss" not in written


@pytest.mark.parametrize("target", BOTH, ids=["uv", "resolver"])
def test_a_wrong_password(bench: Bench, target: dict[str, t.Any]) -> None:
    bench.index.login = "user:right"
    address = bench.index.simple.replace("://", "://user:wr%40ng@")
    found = bench.problem("tool", targets=[target], index_url=address)
    assert "answers with the status 401; give a user and a password" in found
    assert "wr%40ng" not in found
    assert not list(bench.house.iterdir())


# -- what goes wrong --


@pytest.mark.parametrize("target", BOTH, ids=["uv", "resolver"])
def test_an_index_that_is_broken(bench: Bench, target: dict[str, t.Any]) -> None:
    bench.index.status = 500
    found = bench.problem("tool", targets=[target])
    assert found == f"the index {bench.index.simple}/tool/ answers with the status 500; try again later"
    assert not list(bench.house.iterdir())


@pytest.mark.parametrize("target", BOTH, ids=["uv", "resolver"])
def test_an_index_that_wants_people_to_log_in(bench: Bench, target: dict[str, t.Any]) -> None:
    bench.index.login_page = True
    found = bench.problem("tool", targets=[target])
    assert found.startswith(f"the index {bench.index.simple}/tool/ answers with a login page; give a user")
    assert not list(bench.house.iterdir())


@pytest.mark.parametrize("target", BOTH, ids=["uv", "resolver"])
def test_an_index_that_is_not_there(bench: Bench, target: dict[str, t.Any]) -> None:
    found = bench.problem("tool", targets=[target], index_url="http://127.0.0.1:1/simple")
    assert "the index http://127.0.0.1:1/simple/tool/ cannot be reached ([Errno 111] Connection refused)" in found


@pytest.mark.parametrize("target", BOTH, ids=["uv", "resolver"])
def test_what_cannot_be_resolved(bench: Bench, target: dict[str, t.Any]) -> None:
    bench.index.wheels += [Wheel("picky", requires=("colours>=7",))]
    found = bench.problem("picky", targets=[target])
    assert found.startswith(f"{target['name']} (")
    assert "cannot be locked: " in found
    assert "colours>=7" in found
    assert found.endswith("declare other versions, nothing was written")
    assert "no-such" in bench.problem("no-such", targets=[target])


@pytest.mark.parametrize("attempts", [1, 2])
def test_a_download_that_breaks_off_goes_on_where_it_ended(bench: Bench, attempts: int) -> None:
    bench.index.cut = {BIG.expected_file_name(): attempts}
    bench.run("big")
    gets = [each.range for each in bench.index.seen if each.path.endswith(BIG.expected_file_name())]
    half = len(BIG.content()) // 2
    assert gets[:2] == [None, f"bytes={half}-"]
    assert len(gets) == attempts + 1
    assert list(bench.house.rglob("*.part")) == []


def test_the_next_run_goes_on_as_well(bench: Bench) -> None:
    bench.index.cut = {BIG.expected_file_name(): 100}
    words = bench.problem("big")
    assert f"{BIG.expected_file_name()} breaks off after " in words
    (part,) = bench.house.rglob("*.part")
    assert sorted(path.name for path in bench.house.iterdir()) == ["wheels"]
    have = part.stat().st_size
    bench.index.cut = {}
    bench.index.seen.clear()
    bench.run("big")
    assert [each.range for each in bench.index.seen if each.path.endswith(".whl")] == [f"bytes={have}-"]
    assert list(bench.house.rglob("*.part")) == []


def test_a_server_that_only_sends_whole_files(bench: Bench) -> None:
    bench.index.ranges = False
    bench.index.cut = {BIG.expected_file_name(): 1}
    assert "breaks off after" in bench.problem("big")
    assert [path.name for path in bench.house.rglob("*")] == ["wheels"]
    assert bench.run("big")["fetched"] == [BIG.expected_file_name()]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (Wheel("tool", "2.0", modules={"tool.py": "evil = 1\n"}).content(), "gives another file than the one with the"),
        (index_server.LOGIN_PAGE, "gives a web page instead of a wheel"),
    ],
)
def test_a_swapped_wheel_is_not_kept(bench: Bench, content: bytes, words: str) -> None:
    bench.index.swapped = {TOOL.expected_file_name(): content}
    assert words in bench.problem("tool")
    assert all(path.read_bytes() == COLOURS.content() for path in bench.house.rglob("*.whl"))
    assert not list(bench.house.glob("*.*"))


@pytest.mark.parametrize("damage", ["truncated", "swapped"])
def test_a_damaged_wheel_of_the_store_is_fetched_anew(bench: Bench, damage: str) -> None:
    bench.run("tool")
    before = bench.files()
    (path,) = bench.house.rglob(TOOL.expected_file_name())
    path.write_bytes(TOOL.content()[:-5] if damage == "truncated" else Wheel("tool", "2.0", extras={"x": ()}).content())
    assert bench.run("tool")["fetched"] == [TOOL.expected_file_name()]
    assert bench.files() == before


def test_a_file_that_became_another_one_is_not_taken_unnoticed(bench: Bench) -> None:
    bench.run("tool")
    before = bench.files()
    rebuilt = Wheel("tool", "2.0", requires=TOOL.requires, modules={"tool.py": "new = 1\n"})
    bench.index.wheels[0] = rebuilt
    found = bench.problem("tool", "big")
    assert f"{TOOL.expected_file_name()} for sql2019 has the sha256 {rebuilt.sha256()}, and " in found
    assert "lock with upgrade: true if that is right" in found
    assert bench.files() == before
    assert bench.run("tool", "big", upgrade=True)["changed"]


def test_a_lock_that_disagrees_with_the_manifest(bench: Bench) -> None:
    bench.run("tool")
    lock = bench.house / "pylock.sql2019.toml"
    lock.write_text(lock.read_text().replace(TOOL.sha256(), "0" * 64))
    before = bench.files()
    found = bench.problem("tool")
    assert f"has the sha256 {'0' * 64}, and manifest.json knows it with {TOOL.sha256()}" in found
    assert bench.files() == before


@pytest.mark.parametrize("text", ["{", "[]", '{"format": 99, "wheels": []}', '{"format": 1, "wheels": [{}]}'])
def test_a_damaged_manifest(bench: Bench, text: str) -> None:
    bench.run("tool")
    (bench.house / "manifest.json").write_text(text)
    assert "manifest.json is no manifest of format 1; restore it, or delete it" in bench.problem("tool")


def test_a_lock_that_is_not_closed(bench: Bench) -> None:
    bench.run("tool")
    lock = bench.house / "pylock.sql2019.toml"
    begin, end = lock.read_text().index("[[packages]]"), lock.read_text().rindex("[[packages]]")
    assert "colours" in lock.read_text()[begin:end]
    lock.write_text(lock.read_text()[:begin] + lock.read_text()[end:])
    before = bench.files()
    found = bench.problem("tool")
    assert "is not closed: tool 2.0 needs colours, and neither the lock nor the base has it" in found
    assert bench.files() == before


def test_an_index_whose_metadata_lies(bench: Bench) -> None:
    bench.index.published = {TOOL.expected_file_name(): dataclasses.replace(TOOL, requires=()).metadata_text().encode()}
    words = bench.problem("tool")
    assert "tool 2.0 needs colours, and neither the lock nor the base has it" in words


@pytest.fixture
def full_disk() -> c.Iterator[None]:
    """No file can become larger than a MB: for a program, the same as a full disk."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, hard))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_full_disk(bench: Bench, full_disk: None) -> None:
    found = bench.problem("tool", "big", targets=[SQL2017])
    assert "cannot be stored in " in found
    assert "(File too large); make room" in found
    assert not list(bench.house.glob("*.*"))
    assert all(path.read_bytes() in (TOOL.content(), COLOURS.content()) for path in bench.house.rglob("*.whl"))


def test_a_lock_that_cannot_be_written(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    bench.run("tool")
    before = bench.files()

    def full(self: pathlib.Path, *arguments: t.Any) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(pathlib.Path, "write_text", full)
    found = bench.problem("tool", targets=[{**SQL2017}])
    assert "pylock.sql2017.toml cannot be written to" in found
    assert "(No space left on device); make room there" in found
    assert bench.files() == before


# -- options --


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"packages": []}, "neither packages nor requirements declares anything"),
        ({"targets": []}, "neither targets nor from_instances says what to lock for"),
        ({"jobs": 0}, "the option jobs is 0; it must be at least 1 and at most 64"),
        ({"time_limit": 0}, "the option time_limit is 0; it must be at least 1"),
        ({"no_index": True}, "no_index is set and find_links names no folder"),
        ({"index_url": "user:secret@host"}, "index_url is no address of an index; write one that begins with https://"),
        ({"packages": ["a=>1"]}, "packages[0] is 'a=>1', which is no requirement"),
        ({"packages": [{"name": "a", "instances": ["X"]}]}, "packages[0] is for single instances"),
        ({"packages": [{"host_wheel": r"C:\a-1.0-py3-none-any.whl"}]}, "packages[0] names a wheel on a host"),
        ({"targets": [SQL2019, SQL2019]}, "two targets have the name sql2019"),
        ({"targets": ["cp37 at 3.7"]}, "targets[0] is 'cp37 at 3.7'; write it like 'cp37-win_amd64 at 3.7.1'"),
        ({"targets": [{"python": 3.7, "platform": "win_amd64"}]}, "has the python 3.7; write the full version"),
        ({"targets": [{"python": "3.7", "platform": "win_amd64"}]}, "has the python '3.7'; write the full version"),
        ({"targets": [{"python": "3.7.1", "platform": "windows"}]}, "has the platform 'windows'; write a tag such as"),
        ({"targets": [{**SQL2019, "name": "a.b"}]}, "has the name 'a.b', which becomes part of a file name"),
        ({"targets": [{**SQL2019, "abi": "cp38"}]}, "has the abi 'cp38', which is none of Python 3.7.1"),
        ({"targets": [{**SQL2019, "implementation": "pp"}]}, "only cp (CPython) is known"),
        ({"targets": [{**SQL2019, "base": ["numpy"]}]}, "has 'numpy' in its base; write it like numpy==1.15.4"),
        (
            {"targets": [{**SQL2019, "base": {"numpy": 1.15}}]},
            "has numpy: 1.15 in its base; write the version as a text",
        ),
        ({"targets": [{**SQL2019, "base": {"a/b": "1.0"}}]}, "has 'a/b' in its base, which is no name of a package"),
        ({"targets": [{**SQL2019, "glibc": "2.28"}]}, "targets[0] has the unknown key 'glibc'"),
        ({"targets": [], "from_instances": [{"msg": "x"}]}, "from_instances[0] is no result of instance_info"),
        (
            {"targets": [], "from_instances": [{"runtimes": [{"home": "C:", "snapshot": {"distributions": None}}]}]},
            "tells nothing of packages; run instance_info with packages: true",
        ),
    ],
)
def test_wrong_options_are_named(bench: Bench, options: dict[str, t.Any], words: str) -> None:
    found = bench.problem(*options.get("packages", ["tool"]), **{k: v for k, v in options.items() if k != "packages"})
    assert words in found
    assert "secret" not in found
    assert bench.index.seen == []


def test_what_shall_be_absent_must_not_be_needed(bench: Bench) -> None:
    found = bench.problem("tool", {"name": "colours", "state": "absent"})
    assert "packages[1] wants colours absent, and what is declared for sql2019" in found
    assert not list(bench.house.glob("pylock*"))


def test_hashes_of_requirements_files_hold(bench: Bench) -> None:
    file = bench.folder / "requirements.txt"
    file.write_text(f"big --hash=sha256:{'0' * 64}\n")
    assert f"line 1 does not allow {BIG.expected_file_name()}" in bench.problem(requirements=[str(file)])
    file.write_text(f"big --hash=sha256:{BIG.sha256()}\n")
    assert bench.run(requirements=[str(file)])["changed"]
    file.write_text("big\n-c limits.txt\n")
    (bench.folder / "limits.txt").write_text(f"big==1.0 --hash=sha256:{'0' * 64}\n")
    words = f"limits.txt, line 1 does not allow {BIG.expected_file_name()} with the sha256 {BIG.sha256()}"
    assert words in bench.problem(requirements=[str(file)])


@pytest.mark.parametrize("target", BOTH, ids=["uv", "resolver"])
def test_constraints(bench: Bench, target: dict[str, t.Any]) -> None:
    bench.run("tool", constraints=["tool<2", "unrelated==1"], targets=[target])
    assert bench.locked(target) == {"tool": "1.0"}


@pytest.mark.parametrize("target", BOTH, ids=["uv", "resolver"])
def test_a_constraint_whose_condition_changes_is_a_new_question(bench: Bench, target: dict[str, t.Any]) -> None:
    bench.run("tool", constraints=["tool<2; sys_platform == 'linux'"], targets=[target])
    assert bench.locked(target)["tool"] == "2.0"
    bench.run("tool", constraints=["tool<2; sys_platform == 'win32'"], targets=[target])
    assert bench.locked(target)["tool"] == "1.0"


@pytest.mark.parametrize("target", BOTH, ids=["uv", "resolver"])
def test_a_wheel_that_is_built_anew_under_the_same_name_is_not_passed_over(
    bench: Bench, target: dict[str, t.Any], tmp_path: pathlib.Path
) -> None:
    path = Wheel("mine", modules={"mine.py": "x = 1\n"}).write(tmp_path / "built")
    bench.run(str(path), targets=[target])
    anew = Wheel("mine", modules={"mine.py": "x = 2\n"})
    anew.write(path.parent)
    assert f"{path.name} for {target['name']} has the sha256 {anew.sha256()}" in bench.problem(
        str(path), targets=[target]
    )
    bench.run(str(path), targets=[target], upgrade=True)
    assert (bench.house / "wheels" / anew.sha256() / path.name).read_bytes() == anew.content()
