# Copyright (c) 2026 the mlfleet authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Real locks for three Windows Pythons from the real index, and what they install on real ones."""

from __future__ import annotations

import collections.abc as c
import hashlib
import json
import pathlib
import subprocess
import sys
import typing as t

import pytest
from ansible_collections.mlfleet.packages.plugins.plugin_utils import _lock
from ansible_collections.mlfleet.packages.plugins.plugin_utils._locking import _targets

from end_to_end.conftest import DEFAULT_HOME, PACKAGES_MODULE, SHARED_HOME, WineSite
from testbed import ad_hoc, index_server, layouts, real_wheelhouse
from testbed.wheels import Wheel
from testbed.wine.toolchain import Missing


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> pathlib.Path:
    made = real_wheelhouse.built(tmp_path_factory.mktemp("build"))
    if isinstance(made, Missing):
        pytest.skip(made.reason)
    return made


def locked(house: pathlib.Path, name: str) -> dict[str, str]:
    """What a lock demands of its target."""
    (target,) = (each for each in real_wheelhouse.TARGETS if each["name"] == name)
    (goal,) = _targets.goals([target], [])
    return {pin.name: str(pin.version) for pin in _lock.pins(house / f"pylock.{name}.toml", goal.target)}


def test_the_locks_hold_what_only_windows_and_old_pythons_need(house: pathlib.Path) -> None:
    old, new, oldest = (locked(house, name) for name in ("sql2019", "sql2022", "sql2017"))
    for lock in (old, new, oldest):
        assert {"pandas", "scikit-learn", "click", "tqdm", "colorama", "numpy", "scipy"} <= set(lock)
    assert {"importlib-metadata", "zipp", "typing-extensions"} <= set(old)
    assert "importlib-metadata" not in new
    # 3.7.0 would be 1.1.5, and 3.5.3 would be 0.25.3: the full version counts.
    assert (old["pandas"], oldest["pandas"]) == ("1.3.5", "0.24.2")


def test_the_manifest_and_the_wheels_agree(house: pathlib.Path) -> None:
    manifest = json.loads((house / "manifest.json").read_text())
    files = {path.relative_to(house).as_posix(): path for path in house.glob("wheels/*/*")}
    assert sorted(files) == sorted(each["path"] for each in manifest["wheels"])
    for each in manifest["wheels"]:
        content = files[each["path"]].read_bytes()
        assert (len(content), hashlib.sha256(content).hexdigest()) == (each["size"], each["sha256"])
    shared = [each["file_name"] for each in manifest["wheels"] if len(each["targets"]) == 3]
    assert any(name.startswith("six-") for name in shared)


def test_a_second_run_has_nothing_to_do(house: pathlib.Path, tmp_path: pathlib.Path) -> None:
    again = real_wheelhouse.run(house, tmp_path, "--check")
    assert (again.status, again.result["fetched"], again.result["changed"]) == ("SUCCESS", [], False)
    assert {each["name"] for each in again.result["targets"]} == {"sql2017", "sql2019", "sql2022"}


@pytest.fixture
def index(monkeypatch: pytest.MonkeyPatch) -> c.Iterator[index_server.Index]:
    monkeypatch.setenv("no_proxy", "127.0.0.1,localhost")
    monkeypatch.setenv("UV_HTTP_RETRIES", "0")
    demo = Wheel("demo", requires=("helper; sys_platform == 'win32'",))
    with index_server.serving(demo, Wheel("helper"), Wheel("other")) as running:
        yield running


def play(folder: pathlib.Path, *arguments: str, **options: t.Any) -> ad_hoc.HostResult:
    inventory = ad_hoc.write_inventory(folder / "inventory.json", {"builder": {"ansible_connection": "local"}})
    task = {"path": str(folder / "house"), "packages": ["demo"], "targets": ["cp37-win_amd64 at 3.7.1"], **options}
    return ad_hoc.run(inventory, real_wheelhouse.MODULE, task, *arguments).only()


def test_passwords_are_in_nothing_that_ansible_shows(index: index_server.Index, tmp_path: pathlib.Path) -> None:
    index.login = "user:pa@ss"
    address = index.simple.replace("://", "://user:pa%40ss@")
    inventory = ad_hoc.write_inventory(tmp_path / "inventory.json", {"builder": {"ansible_connection": "local"}})
    task = {"path": str(tmp_path / "house"), "packages": ["demo"], "targets": ["cp37-win_amd64 at 3.7.1"]}
    ran = ad_hoc.run(inventory, real_wheelhouse.MODULE, {**task, "index_url": address}, "-v")
    assert ran.only().status == "CHANGED"
    assert "fetched: file demo-1.0-py3-none-any.whl" in ran.output
    assert "pa%40ss" not in ran.output
    index.login = "user:other"
    again = {**task, "index_url": address, "upgrade": True}
    failed = ad_hoc.run(inventory, real_wheelhouse.MODULE, again, "-v")
    assert "builder: the index http://127.0.0.1" in failed.only().message
    assert "pa%40ss" not in failed.output


def test_a_check_a_run_and_another_one(index: index_server.Index, tmp_path: pathlib.Path) -> None:
    checked = play(tmp_path, "--check", index_url=index.simple)
    assert (checked.status, (tmp_path / "house").exists()) == ("CHANGED", False)
    done = play(tmp_path, index_url=index.simple)
    assert (
        done.result["fetched"]
        == checked.result["fetched"]
        == [
            "demo-1.0-py3-none-any.whl",
            "helper-1.0-py3-none-any.whl",
        ]
    )
    assert play(tmp_path, index_url=index.simple).status == "SUCCESS"


def test_hosts_that_do_it_at_once_get_in_nobodys_way(index: index_server.Index, tmp_path: pathlib.Path) -> None:
    hosts = {f"h{number}": {"ansible_connection": "local"} for number in range(5)}
    inventory = ad_hoc.write_inventory(tmp_path / "inventory.json", hosts)
    task = {"path": str(tmp_path / "house"), "packages": ["demo"], "targets": ["cp37-win_amd64 at 3.7.1"]}
    ran = ad_hoc.run(inventory, real_wheelhouse.MODULE, {**task, "index_url": index.simple}, "-f", "5")
    assert sorted(each.status for each in ran.hosts.values()) == ["CHANGED", *["SUCCESS"] * 4]
    assert sorted(index.fetched()) == ["demo-1.0-py3-none-any.whl", "helper-1.0-py3-none-any.whl"]


def test_what_is_wrong_with_the_options(tmp_path: pathlib.Path) -> None:
    missing = play(tmp_path, find_links=["/gone"])
    assert (
        missing.message
        == "builder: the option find_links names /gone, which is not on the controller; correct the path"
    )
    assert "unsupported option" in play(tmp_path, nonsense=1).message


def test_an_installer_of_somebody_else_reads_the_locks(index: index_server.Index, tmp_path: pathlib.Path) -> None:
    pythons = f"{sys.version_info.major}.{sys.version_info.minor}.{sys.version_info.micro}"
    target = {"name": "here", "python": pythons, "platform": "manylinux_2_17_x86_64"}
    assert play(tmp_path, index_url=index.simple, targets=[target]).status == "CHANGED"
    command = ["-m", "uv", "pip", "install", "--no-config", "--dry-run", "--target", str(tmp_path / "x"), "--offline"]
    lock = str(tmp_path / "house" / "pylock.here.toml")
    done = subprocess.run(
        [sys.executable, *command, "--preview-features", "pylock", "-r", lock],
        capture_output=True,
        text=True,
        check=False,
    )
    assert "+ demo==1.0" in done.stderr


# -- on real Windows Pythons --


@pytest.mark.wine
@pytest.mark.parametrize(
    ("lock", "instance", "home"), [("sql2019", "MSSQLSERVER", DEFAULT_HOME), ("sql2022", "A22", SHARED_HOME)]
)
def test_what_was_built_installs_and_imports(
    house: pathlib.Path, wine_site: WineSite, lock: str, instance: str, home: str
) -> None:
    wine_site.host.apply(layouts.sql2022("A22", home=SHARED_HOME))
    wine_site.serve()
    task = {
        "instances": [instance],
        "lock": str(house / f"pylock.{lock}.toml"),
        "wheelhouse": str(house),
        "verify_imports": ["pandas", "sklearn", "sklearn.linear_model", "click", "tqdm", "colorama"],
    }
    changed = wine_site.run(task, module=PACKAGES_MODULE).only()
    assert (changed.message, changed.status) == ("", "CHANGED")
    (runtime,) = changed.result["runtimes"]
    assert {each["package"]: each["to"] for each in runtime["plan"]} == locked(house, lock)
    again = wine_site.run(task, module=PACKAGES_MODULE).only()
    assert (again.status, again.result["runtimes"][0]["status"]) == ("SUCCESS", "compliant")
    assert wine_site.host.site_packages(home).joinpath("sklearn").is_dir()
    wine_site.assert_nothing_runs()
