# Copyright (c) 2026 the mlfleet authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""mlfleet.packages.rollout over a fleet: who is changed, in which batch, and where it stops."""

from __future__ import annotations

import collections.abc as c
import contextlib
import datetime
import json
import pathlib
import threading
import time
import typing as t

import pytest

from testbed import interpreters, layouts, playbook
from testbed.fleet import Fleet
from testbed.virtual_environments import Recipe
from testbed.wheels import Wheel
from testbed.winrm.faults import Effect, Fault

ROLLOUT = "mlfleet.packages.rollout"
CHANGE_PLAY = "Change one batch after the other"
A1, A2 = Wheel("demo-a", "1.0"), Wheel("demo-a", "2.0")
GOOD = Wheel("demo-b")
BROKEN_IMPORT = Wheel("demo-b", modules={"demo_b.py": "raise RuntimeError('no such library')\n"})
BAD_WHEEL = Wheel("demo-b", record=b"\xff\n")


class World:
    """A fleet with one instance on each host, a wheelhouse, and the declaration demo-a==1.0 for all of them."""

    def __init__(self, folder: pathlib.Path, count: int) -> None:
        interpreter = interpreters.find_first([(3, 7), *((3, minor) for minor in range(8, 15))])
        if interpreter is None:
            pytest.skip("needs a CPython with venv")
        self.names = [f"sql{number:02}" for number in range(1, count + 1)]
        self.fleet = Fleet(folder / "fleet", Recipe(interpreter), dict.fromkeys(self.names, layouts.sql2019()))
        self.folder = folder
        self.house = folder / "house"
        self.own: dict[str, dict[str, t.Any]] = {name: {} for name in self.names}
        self.common: dict[str, t.Any] = {"mlfleet_wheelhouse": str(self.house), "mlfleet_layer_fleet": ["demo-a==1.0"]}
        for wheel in (A1, A2):
            wheel.write(self.house)

    def roll_out(self, *arguments: str, **variables: t.Any) -> playbook.Ended:
        inventory = self.fleet.write_inventory(self.folder / "inventory.json", self.common, self.own)
        return playbook.run(ROLLOUT, inventory, *arguments, variables=variables, folder=self.folder)

    def record(self) -> dict[str, t.Any]:
        found: dict[str, t.Any] = json.loads((self.folder / "mlfleet-rollout" / "record.json").read_text())
        return found

    def having(self, package: str) -> set[str]:
        """The hosts that really have a package."""
        return {name for name, host in self.fleet.hosts.items() if package in host.runtime.installed()}

    def calls(self) -> dict[str, int]:
        return {name: self.fleet.calls(name) for name in self.names}


@pytest.fixture
def world(tmp_path: pathlib.Path) -> c.Iterator[t.Callable[[int], World]]:
    with contextlib.ExitStack() as opened:

        def make(count: int) -> World:
            made = World(tmp_path, count)
            opened.enter_context(made.fleet)
            return made

        yield make


def statuses(record: c.Mapping[str, t.Any]) -> dict[str, set[str]]:
    """Status to hosts."""
    found: dict[str, set[str]] = {}
    for host in record["hosts"]:
        found.setdefault(host["status"], set()).add(host["name"])
    return found


def numbered(*numbers: int) -> set[str]:
    return {f"sql{number:02}" for number in numbers}


@contextlib.contextmanager
def connection_lost_in_the_change(world: World, name: str) -> c.Iterator[None]:
    """Arms the fault as soon as the canary is being changed: the look of the preflight is over then."""
    canary, preflight = world.names[0], 1
    done = threading.Event()

    def watch() -> None:
        while world.fleet.calls(canary) <= preflight and not done.is_set():
            time.sleep(0.02)
        world.fleet.endpoint.inject(name, Fault(Effect.DROP_ANSWER, "Command", first=2))

    watching = threading.Thread(target=watch)
    watching.start()
    try:
        yield
    finally:
        done.set()
        watching.join()


@pytest.mark.one_release
@pytest.mark.parametrize(
    ("cause", "count"), [("import fails", 20), ("bad wheel", 12), ("connection lost", 12)], ids=str
)
def test_host_7_fails(world: t.Callable[[int], World], cause: str, count: int) -> None:
    fleet = world(count)
    fleet.own["sql07"]["mlfleet_layer_host"] = ["demo-b"]
    {"import fails": BROKEN_IMPORT, "bad wheel": BAD_WHEEL}.get(cause, GOOD).write(fleet.house)
    for name in ("sql02", "sql03"):
        fleet.own[name]["mlfleet_peer_group"] = "ag1"
    before = {name: host.runtime.tree() for name, host in fleet.fleet.hosts.items()}
    fault = connection_lost_in_the_change(fleet, "sql07") if cause == "connection lost" else contextlib.nullcontext()
    with fault:
        failed = fleet.roll_out(rollout_serial=[1, 4, 5, "100%"])

    assert failed.code != 0, failed.output
    batches = [numbered(1), numbered(2, 4, 5, 6), numbered(3, 7, 8, 9, 10)]
    assert failed.plays(CHANGE_PLAY) == batches
    untouched = set(fleet.names) - numbered(*range(1, 11))
    changed = numbered(*range(1, 11)) - {"sql07"}
    record = fleet.record()
    wrong = "unreachable" if cause == "connection lost" else "failed"
    assert statuses(record) == {"changed": changed, wrong: {"sql07"}, "not reached": untouched}
    assert record["remaining"] == sorted({"sql07", *untouched})
    assert fleet.having("demo-a") == changed
    for name in {"sql07", *untouched}:
        assert fleet.fleet.hosts[name].runtime.tree() == before[name], name
    assert {fleet.fleet.calls(name) for name in untouched} == {1}
    for name in fleet.names:
        assert any(line.strip().strip('",').startswith(f"{name}  ") for line in failed.output.splitlines())

    GOOD.write(fleet.house)
    calls = fleet.calls()
    rest = fleet.roll_out(rollout_serial=[1, "100%"])
    assert rest.code == 0, rest.output
    assert statuses(fleet.record()) == {"compliant": changed, "changed": {"sql07", *untouched}}
    assert fleet.having("demo-a") == set(fleet.names)
    assert fleet.having("demo-b") == {"sql07"}
    # Those that were done are looked at, and nothing else.
    assert {fleet.calls()[name] - calls[name] for name in changed} == {1}


def test_a_host_that_refuses_stops_all_before_anything_is_changed(world: t.Callable[[int], World]) -> None:
    fleet = world(4)
    fleet.own["sql03"]["mlfleet_layer_host"] = [{"name": "demo-a", "version": ">=9"}]
    fleet.own["sql04"]["ansible_port"] = 1
    stopped = fleet.roll_out()
    assert stopped.code != 0
    assert fleet.having("demo-a") == set()
    assert "sql03, sql04: see above what is wrong there. Nothing was changed on any host" in stopped.output
    assert "demo-a>=9" in stopped.output
    without = fleet.roll_out(rollout_skip_wrong=True)
    assert fleet.having("demo-a") == numbered(1, 2)
    assert statuses(fleet.record()) == {"changed": numbered(1, 2), "refused": {"sql03"}, "unreachable": {"sql04"}}
    # It went as asked, and is not complete all the same.
    assert without.code != 0


def test_a_check_shows_hosts_and_batches_and_changes_nothing(world: t.Callable[[int], World]) -> None:
    fleet = world(3)
    fleet.own["sql01"]["mlfleet_peer_group"] = fleet.own["sql02"]["mlfleet_peer_group"] = ["ag1"]
    checked = fleet.roll_out("--check", rollout_serial=["100%"])
    assert checked.code == 0, checked.output
    assert '"sql01, sql03"' in checked.output
    assert "ok: [sql02] => (item=drifted: demo-a 1.0 installed (MSSQLSERVER))" in checked.output
    assert fleet.having("demo-a") == set()
    assert not (fleet.folder / "mlfleet-rollout").exists()


def test_the_remaining_hosts_are_a_limit_for_the_next_run(world: t.Callable[[int], World]) -> None:
    fleet = world(3)
    tomorrow = datetime.datetime.now(tz=datetime.timezone.utc) + datetime.timedelta(days=2)
    closed = {"days": [tomorrow.strftime("%a").lower()], "from": "10:00", "to": "11:00"}
    fleet.own["sql02"]["mlfleet_maintenance_window"] = closed
    seen = fleet.roll_out()
    assert seen.code == 0, seen.output
    assert statuses(fleet.record()) == {"changed": numbered(1, 3), "outside window": {"sql02"}}
    assert fleet.having("demo-a") == numbered(1, 3)
    calls = fleet.calls()
    del fleet.own["sql02"]["mlfleet_maintenance_window"]
    remaining = fleet.folder / "mlfleet-rollout" / "remaining.txt"
    assert fleet.roll_out("--limit", f"@{remaining}").code == 0
    assert fleet.having("demo-a") == set(fleet.names)
    assert [fleet.calls()[name] - calls[name] for name in ("sql01", "sql03")] == [0, 0]
    assert remaining.read_text() == ""


def test_the_plan_tells_which_layer_an_entry_is_from(world: t.Callable[[int], World]) -> None:
    fleet = world(1)
    fleet.common["mlfleet_layers"] = ["fleet", "sql2019", "host"]
    fleet.common["mlfleet_layer_sql2019"] = [{"name": "Demo.A", "version": "=={{ wanted }}"}]
    fleet.common["wanted"] = "2.0"
    fleet.common["mlfleet_layer_fleet"] = ["demo-a==1.0", "nowhere"]
    refused = fleet.roll_out("-v")
    assert "nowhere" in refused.output
    assert "(by fleet)" in refused.output or "by fleet" in refused.output
    fleet.common["mlfleet_layer_host"] = [{"name": "nowhere", "state": "undeclared"}]
    changed = fleet.roll_out("-v")
    assert changed.code == 0, changed.output
    assert '"reason": "declared ==2.0 by sql2019, not installed"' in changed.output
    fleet.common["mlfleet_layer_sql2017"] = []
    assert "mlfleet_layer_sql2017 is none of the layers fleet, sql2019, host" in fleet.roll_out().output
