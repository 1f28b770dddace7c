# Copyright (c) 2026 the mlfleet authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""python_packages through ansible-core's own winrm connection, on simulated hosts with runtimes that really change."""

from __future__ import annotations

import functools
import http.server
import json
import pathlib
import threading
import typing as t

import pytest

from end_to_end.conftest import DEFAULT_HOME, NAMED_HOME, ChangeableSite
from testbed import layouts
from testbed.wheels import Wheel

SHARED_HOME = r"C:\Program Files\Python310"
BOTH = ["MSSQLSERVER", "SQL01"]
A1, A2 = Wheel("demo-a", "1.0"), Wheel("demo-a", "2.0")
BROKEN_IMPORT = Wheel("demo-a", "3.0", modules={"demo_a.py": "raise RuntimeError('no such library')\n"})


@pytest.fixture
def house(tmp_path: pathlib.Path) -> pathlib.Path:
    """A wheelhouse on the controller."""
    for wheel in (A1, A2, BROKEN_IMPORT, Wheel("demo-b", requires=("demo-a<2",)), Wheel("numpy", "2.0")):
        wheel.write(tmp_path / "wheelhouse")
    return tmp_path / "wheelhouse"


def options(house: pathlib.Path, *packages: t.Any, **more: t.Any) -> dict[str, t.Any]:
    return {"instances": ["all"], "wheelhouse": str(house), "packages": list(packages), **more}


def statuses(result: dict[str, t.Any]) -> dict[str, str]:
    return {each["name"]: each["status"] for each in result["instances"]}


def test_two_instances_are_changed_in_two_commands_and_a_second_run_needs_one(
    changeable_site: ChangeableSite, house: pathlib.Path
) -> None:
    changeable_site.serve()
    known = {"mlfleet_interpreter": DEFAULT_HOME + r"\python.exe"}
    changed = changeable_site.run(options(house, "demo-a<3"), **known).only()
    assert (changed.status, statuses(changed.result)) == ("CHANGED", dict.fromkeys(BOTH, "changed"))
    assert len(changeable_site.commands()) == 2
    for runtime in changeable_site.runtimes.values():
        assert runtime.installed()["demo-a"] == "2.0"
    again = changeable_site.run(options(house, "demo-a<3"), **known).only()
    assert (again.status, statuses(again.result)) == ("SUCCESS", dict.fromkeys(BOTH, "compliant"))
    assert len(changeable_site.commands()) == 3
    assert not any("powershell" in line.lower() for line in changeable_site.commands())
    changeable_site.assert_clean()


def test_the_first_change_records_the_baseline_which_is_protected_from_then_on(
    changeable_site: ChangeableSite, house: pathlib.Path
) -> None:
    runtime = changeable_site.default
    runtime.lay(A1)
    changeable_site.serve()
    installed = runtime.installed()
    assert changeable_site.run(options(house, "demo-b", instances=["MSSQLSERVER"])).only().status == "CHANGED"
    assert json.loads((runtime.prefix / ".mlfleet" / "baseline.json").read_text()) == sorted(installed)
    refused = changeable_site.run(options(house, "demo-a==2.0", instances=["MSSQLSERVER"])).only()
    assert "the runtime had it before this collection first changed anything" in refused.message
    absent = {"name": "demo-b", "state": "absent"}
    assert changeable_site.run(options(house, absent, instances=["MSSQLSERVER"])).only().status == "CHANGED"
    assert runtime.installed() == installed


def test_only_the_named_instance_is_touched(changeable_site: ChangeableSite, house: pathlib.Path) -> None:
    changeable_site.serve()
    before = changeable_site.default.tree()
    seen = changeable_site.run(options(house, "demo-a", instances=["sql01"], verify_imports=["none"])).only()
    assert [each["home"] for each in seen.result["runtimes"]] == [NAMED_HOME]
    assert changeable_site.default.tree() == before
    assert changeable_site.named.installed()["demo-a"] == "3.0"


def test_an_entry_for_one_instance_only(changeable_site: ChangeableSite, house: pathlib.Path) -> None:
    changeable_site.serve()
    entry = {"name": "demo-a", "version": "1.0", "instances": ["SQL01"]}
    seen = changeable_site.run(options(house, entry)).only()
    assert statuses(seen.result) == {"MSSQLSERVER": "compliant", "SQL01": "changed"}
    unknown = changeable_site.run(options(house, {"name": "demo-a", "instances": ["SQL09"]})).only()
    assert "packages[0] is for the instance SQL09, which the task is not about" in unknown.message


def test_instances_on_one_runtime_change_it_once_and_must_agree(
    changeable_site: ChangeableSite, house: pathlib.Path
) -> None:
    shared = changeable_site.default.python
    for name in ("A22", "B22"):
        changeable_site.apply(layouts.sql2022(name, home=SHARED_HOME), {SHARED_HOME: shared})
    changeable_site.serve()
    both = ["A22", "B22"]
    disagreeing = [{"name": "demo-a", "version": str(n), "instances": [both[n - 1]]} for n in (1, 2)]
    refused = changeable_site.run(options(house, *disagreeing, instances=both)).only()
    assert "packages[0] and packages[1] disagree on demo-a for one runtime" in refused.message
    assert f"{SHARED_HOME} (A22, B22)" in refused.message
    changed = changeable_site.run(options(house, "demo-a==1.0", instances=both)).only()
    (runtime,) = changed.result["runtimes"]
    assert (runtime["instances"], runtime["status"], len(runtime["plan"])) == (both, "changed", 1)


def test_nothing_is_changed_anywhere_if_one_runtime_refuses(
    changeable_site: ChangeableSite, house: pathlib.Path
) -> None:
    changeable_site.named.lay(Wheel("numpy", "1.0"))
    changeable_site.serve()
    before = {home: runtime.tree() for home, runtime in changeable_site.runtimes.items()}
    for arguments in (["--check"], []):
        seen = changeable_site.run(options(house, "numpy>=2", "demo-a==1.0"), *arguments).only()
        assert (seen.status, seen.result["changed"]) == ("FAILED!", False)
        assert statuses(seen.result) == {"MSSQLSERVER": "drifted", "SQL01": "refused"}
        assert "numpy would go from 1.0 to 2.0 (declared >=2, installed 1.0), and it is protected" in seen.message
        assert "allow_protected" in seen.message
        assert {home: runtime.tree() for home, runtime in changeable_site.runtimes.items()} == before
    assert len([line for line in changeable_site.commands() if "reg query" not in line]) == 2


def test_a_package_that_cannot_be_imported_is_undone(changeable_site: ChangeableSite, house: pathlib.Path) -> None:
    runtime = changeable_site.default
    runtime.adopt()
    runtime.lay(A1)
    changeable_site.serve()
    before = runtime.tree()
    seen = changeable_site.run(options(house, "demo-a>=3")).only()
    assert (seen.status, seen.result["changed"]) == ("FAILED!", False)
    assert statuses(seen.result) == {"MSSQLSERVER": "failed", "SQL01": "failed"}
    assert "no such library" in seen.message
    assert "what was there before was put back" in seen.message
    assert runtime.tree() == before
    changeable_site.assert_clean()


def test_a_pip_that_fails_is_quoted_and_undone(changeable_site: ChangeableSite, tmp_path: pathlib.Path) -> None:
    runtime = changeable_site.default
    runtime.adopt()
    runtime.lay(A1)
    changeable_site.serve()
    before = runtime.tree()
    A2.write(tmp_path / "house")
    Wheel(
        "demo-c", wheel_file=b"Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n", record=b"\xff\n"
    ).write(tmp_path / "house")
    seen = changeable_site.run(options(tmp_path / "house", "demo-a>=2", "demo-c", instances=["MSSQLSERVER"])).only()
    assert seen.status == "FAILED!"
    assert runtime.tree() == before


def test_a_damaged_package_is_mended(changeable_site: ChangeableSite, house: pathlib.Path) -> None:
    runtime = changeable_site.default
    runtime.adopt()
    runtime.lay(A1)
    runtime.damage("demo_a.py")
    changeable_site.serve()
    checked = changeable_site.run(options(house, "demo-a", instances=["MSSQLSERVER"]), "--check").only()
    (drift,) = checked.result["runtimes"][0]["drift"]
    assert (drift["kind"], drift["have"], drift["want"]) == ("tampered", "1.0", "1.0")
    assert "demo_a.py" in drift["why"]
    assert changeable_site.run(options(house, "demo-a", instances=["MSSQLSERVER"])).only().status == "CHANGED"
    assert changeable_site.run(options(house, "demo-a", instances=["MSSQLSERVER"])).only().status == "SUCCESS"


def test_exact_removes_what_is_not_declared(changeable_site: ChangeableSite, house: pathlib.Path) -> None:
    runtime = changeable_site.default
    runtime.adopt()
    installed = runtime.installed()
    runtime.lay_many([A1, Wheel("stray"), Wheel("demo-b", requires=("demo-a<2",))])
    changeable_site.serve()
    seen = changeable_site.run(options(house, "demo-b", mode="exact", instances=["MSSQLSERVER"])).only()
    assert [(each["action"], each["package"]) for each in seen.result["runtimes"][0]["plan"]] == [("remove", "stray")]
    assert runtime.installed() == installed | {"demo-a": "1.0", "demo-b": "1.0"}


def test_a_wheel_on_the_host(changeable_site: ChangeableSite) -> None:
    place = rf"C:\Downloads\{A2.expected_file_name()}"
    A2.write(changeable_site.host.place(r"C:\Downloads"))
    changeable_site.serve()
    task = {"instances": ["MSSQLSERVER"], "packages": [{"host_wheel": place}]}
    assert changeable_site.run(task).only().status == "CHANGED"
    assert changeable_site.default.installed()["demo-a"] == "2.0"
    wrong = {"host_wheel": place, "sha256": "0" * 64, "state": "reinstalled"}
    assert "another sha256" in changeable_site.run({**task, "packages": [wrong]}).only().message
    missing = {"host_wheel": place.replace("demo_a", "demo_x")}
    said = changeable_site.run({**task, "packages": [missing]}).only().message
    assert "packages[0] names" in said
    assert "which is no usable wheel" in said


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *arguments: t.Any) -> None:
        pass


def test_a_wheel_from_a_url_with_a_password_that_nobody_gets_to_see(
    changeable_site: ChangeableSite, house: pathlib.Path
) -> None:
    handler = functools.partial(_Quiet, directory=str(house))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        changeable_site.serve()
        url = f"http://someone:s3cret@127.0.0.1:{server.server_port}/{A2.expected_file_name()}"
        entry = {"url": url, "sha256": A2.sha256()}
        run = changeable_site.run({"instances": ["MSSQLSERVER"], "packages": [entry]}, "-vvvv")
        wrong = {**entry, "sha256": "1" * 64, "state": "reinstalled"}
        failed = changeable_site.run({"instances": ["SQL01"], "packages": [wrong]}, "-vvvv")
        server.shutdown()
    assert run.only().status == "CHANGED"
    assert changeable_site.default.installed()["demo-a"] == "2.0"
    assert failed.only().status == "FAILED!"
    assert "s3cret" not in run.output + failed.output


def lock_text(*wheels: Wheel) -> str:
    lines = ['lock-version = "1.0"', 'created-by = "a test"']
    for wheel in wheels:
        lines += ["[[packages]]", f'name = "{wheel.name}"', f'version = "{wheel.version}"', "[[packages.wheels]]"]
        lines += [f'name = "{wheel.expected_file_name()}"', f'path = "elsewhere/{wheel.expected_file_name()}"']
        lines += [f'hashes = {{sha256 = "{wheel.sha256()}"}}']
    return "\n".join([*lines, ""])


def test_a_lock_decides_the_versions(
    changeable_site: ChangeableSite, house: pathlib.Path, tmp_path: pathlib.Path
) -> None:
    b = Wheel("demo-b", requires=("demo-a<2",))
    lock = tmp_path / "pylock.sql2019.toml"
    lock.write_text(lock_text(A1, b))
    changeable_site.serve()
    task = {"instances": ["MSSQLSERVER"], "lock": str(lock), "wheelhouse": str(house)}
    changed = changeable_site.run(task).only()
    assert [(each["package"], each["to"], each["reason"]) for each in changed.result["runtimes"][0]["plan"]] == [
        ("demo-a", "1.0", "locked ==1.0, not installed"),
        ("demo-b", "1.0", "locked ==1.0, not installed"),
    ]
    assert changeable_site.run(task).only().status == "SUCCESS"
    contradicting = changeable_site.run({**task, "packages": ["demo-a>=2"]}).only()
    assert "packages[0] wants demo-a>=2" in contradicting.message
    lock.write_text(lock_text(A1).replace(A1.sha256(), "0" * 64))
    assert "has another sha256 than the" in changeable_site.run({**task, "instances": ["SQL01"]}).only().message


def test_diff_lists_what_changes(changeable_site: ChangeableSite, house: pathlib.Path) -> None:
    changeable_site.default.adopt()
    changeable_site.default.lay(A1)
    changeable_site.serve()
    run = changeable_site.run(options(house, "demo-a==2.0", instances=["MSSQLSERVER"]), "--check", "--diff")
    assert "-demo-a==1.0" in run.output
    assert "+demo-a==2.0" in run.output


@pytest.mark.parametrize(
    ("task", "part"),
    [
        ({"from_inventory": [True], "packages": ["demo-a"]}, "from_inventory"),
        ({"packages": ["demo-a"]}, "neither instances nor runtimes say what the task is about"),
        ({"instances": ["all"]}, "none of packages, requirements and lock declares anything"),
        (
            {"instances": ["SQL09"], "packages": ["demo-a"]},
            "there is no instance SQL09; the host has MSSQLSERVER and SQL01",
        ),
        ({"runtime": r"C:\Nowhere", "packages": ["demo-a"]}, r"there is no runtime at C:\Nowhere"),
        (
            {"instances": ["all"], "packages": ["demo-a;;", 3]},
            "packages[1] is 3, neither a requirement nor a dictionary",
        ),
        ({"instances": ["all"], "packages": ["x"], "wheelhouse": "/nowhere"}, "the option wheelhouse names /nowhere"),
        ({"instances": ["all"], "lock": "nowhere.toml"}, "the option lock names nowhere.toml"),
        ({"instances": ["all"], "requirements": ["no.txt"]}, "the option requirements names"),
        ({"instances": ["all"], "packages": ["x"], "change_time_limit": 0}, "the option change_time_limit is 0"),
        ({"instances": ["all"], "packages": ["--index-url=http://evil"]}, "packages[0] is '--index-url=http://evil'"),
    ],
)
def test_wrong_options_are_told_before_anything_is_written(
    changeable_site: ChangeableSite, task: dict[str, t.Any], part: str
) -> None:
    changeable_site.serve()
    before = changeable_site.default.tree()
    seen = changeable_site.run(task).only()
    assert seen.status == "FAILED!"
    assert part in seen.message
    assert seen.message.startswith("sql7: ")
    assert changeable_site.default.tree() == before


def test_the_inventory_says_what_the_task_leaves_open(changeable_site: ChangeableSite, house: pathlib.Path) -> None:
    changeable_site.serve()
    task = {"from_inventory": True, "mode": "present"}
    layers = {"mlfleet_layer_fleet": ["demo-a=={{ wanted }}"], "wanted": "1.0"}
    inventory = {"mlfleet_wheelhouse": "{{ folder }}", "folder": str(house), "mlfleet_mode": "exact", **layers}
    (checked, changed) = (changeable_site.run(task, *check, **inventory).only() for check in (["--check"], []))
    assert statuses(checked.result) == dict.fromkeys(BOTH, "drifted")
    assert statuses(changed.result) == dict.fromkeys(BOTH, "changed")
    assert checked.result["runtimes"][0]["plan"] == changed.result["runtimes"][0]["plan"]
    assert changed.result["runtimes"][0]["plan"][0]["reason"] == "declared ==1.0 by fleet, not installed"


@pytest.mark.parametrize(
    ("inventory", "part"),
    [
        ({}, "none of packages, requirements and lock declares anything; set a layer such as mlfleet_layer_fleet"),
        (
            {"mlfleet_layer_fleet": ["demo-a"], "mlfleet_mode": "exactly"},
            "got: exactly (of variables, the task takes mlfleet_mode)",
        ),
        ({"mlfleet_layer_fleet": "demo-a"}, "mlfleet_layer_fleet is 'demo-a'; it must be a list of packages"),
        ({"mlfleet_layer_fleet": ["{{ nowhere }}"]}, "the variable mlfleet_layer_fleet cannot be evaluated"),
        ({"mlfleet_layer_fleet": ["{{ nowhere }}"]}, "'nowhere' is undefined"),
        ({"mlfleet_index_url": "https://user:s3cret@{{ nowhere }}/"}, "sql7: the variable mlfleet_index_url cannot be"),
        (
            {"mlfleet_index_url": "https://{{ user | nofilter }}:s3cret@host/"},
            "sql7: the variable mlfleet_index_url can",
        ),
        ({"mlfleet_index_url": "https://user:s3cret@{{ index"}, "sql7: the variable mlfleet_index_url cannot be"),
        (
            {"mlfleet_layer_fleet": ["demo-a"], "mlfleet_wheelhouse": "/house", "mlfleet_source": "host"},
            "remove one of the two options, or set mlfleet_wheelhouse to an empty text for this host",
        ),
    ],
)
def test_what_is_wrong_in_the_inventory_is_told_for_the_host(
    changeable_site: ChangeableSite, inventory: dict[str, t.Any], part: str
) -> None:
    changeable_site.serve()
    run = changeable_site.run({"from_inventory": True}, **inventory)
    seen = run.only()
    assert (seen.status, part in seen.message) == ("FAILED!", True), seen.message
    assert "s3cret" not in run.output


def test_omit_takes_a_variable_back(changeable_site: ChangeableSite, house: pathlib.Path) -> None:
    changeable_site.serve()
    variables = {"mlfleet_wheelhouse": str(house), "mlfleet_layer_fleet": ["demo-a"]}
    omitted = {"mlfleet_lock": "{{ site_lock | default(omit) }}"}
    assert changeable_site.run({"from_inventory": True}, "--check", **variables, **omitted).only().status == "CHANGED"


def test_through_powershell(changeable_site: ChangeableSite, house: pathlib.Path) -> None:
    changeable_site.serve()
    seen = changeable_site.run(options(house, "demo-a==1.0"), mlfleet_transport="powershell").only()
    assert (seen.status, statuses(seen.result)) == ("CHANGED", dict.fromkeys(BOTH, "changed"))


def test_progress_of_a_change_is_shown(changeable_site: ChangeableSite, tmp_path: pathlib.Path) -> None:
    slow = Wheel("demo-s", modules={"demo_s.py": "import time\ntime.sleep(2.5)\n"})
    slow.write(tmp_path / "house")
    changeable_site.serve()
    run = changeable_site.run(options(tmp_path / "house", "demo-s"), "-v")
    assert run.only().status == "CHANGED"
    assert "<sql7> " in run.output
