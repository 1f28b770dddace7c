# Copyright (c) 2026 the mlfleet authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""mlfleet.packages.drift over a fleet with every kind of drift, and with hosts that cannot be relied on."""

from __future__ import annotations

import collections.abc as c
import contextlib
import json
import pathlib
import typing as t
import xml.etree.ElementTree as ET

import pytest

from end_to_end.conftest import DEFAULT_HOME, TWO_INSTANCES
from testbed import interpreters, layouts, playbook, simulated_runtimes
from testbed.fleet import Fleet
from testbed.virtual_environments import Recipe
from testbed.wheels import Wheel

DRIFT = "mlfleet.packages.drift"
A1, A2, B, C, D = (
    Wheel("demo-a", "1.0"),
    Wheel("demo-a", "2.0"),
    *(Wheel(name) for name in ("demo-b", "demo-c", "demo-d")),
)
NUMPY1, NUMPY2 = Wheel("numpy", "1.15.4"), Wheel("numpy", "1.21.6")
KEPT = Wheel("kept", requires=("demo-x>=2",))
DECLARED = ["demo-a==2.0", "demo-b", {"name": "demo-c", "state": "absent"}, "demo-d"]
LIE = '{"instances": [], "runtimes": [{"home": "C:", "status": "compliant"}], "missing": []}'
LIAR = f"#!/bin/sh\nread program\nread nonce rest\necho\necho MLFLEET $nonce result {len(LIE)} '{LIE}'\n"
CLOSED_PORT = 1


class World:
    """A fleet and its wheelhouse."""

    def __init__(self, folder: pathlib.Path, described: c.Mapping[str, layouts.SqlServerLayout]) -> None:
        interpreter = interpreters.find_first([(3, 7), *((3, minor) for minor in range(8, 15))])
        if interpreter is None:
            pytest.skip("needs a CPython with venv")
        self.fleet = Fleet(folder / "fleet", Recipe(interpreter), described)
        self.folder = folder
        self.own: dict[str, dict[str, t.Any]] = {}
        for wheel in (A1, A2, B, C, D, NUMPY2):
            wheel.write(folder / "house")
        for host in self.fleet.hosts.values():
            for runtime in host.runtimes.values():
                runtime.lay(NUMPY1)
                runtime.adopt()

    def inventory(self) -> pathlib.Path:
        common = {"mlfleet_layer_fleet": DECLARED, "mlfleet_wheelhouse": str(self.folder / "house")}
        return self.fleet.write_inventory(self.folder / "inventory.json", common, self.own)

    def look(self, folder: pathlib.Path, *arguments: str, **variables: t.Any) -> playbook.Ended:
        """The drift playbook, started from a folder."""
        return playbook.run(DRIFT, self.inventory(), *arguments, variables=variables, folder=folder)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> c.Iterator[World]:
    """Five hosts: one drifts, one must not change, one is clean, one is away, and one lies."""
    one = layouts.sql2019()
    described = {"mixed": TWO_INSTANCES, "guarded": one, "clean": one, "away": one, "liar": one}
    made = World(tmp_path_factory.mktemp("world"), described)
    mixed, guarded = made.fleet.hosts["mixed"], made.fleet.hosts["guarded"]
    default, named = mixed.runtimes.values()
    default.lay_many([A1, C, D])
    named.lay_many([A2, B, D, KEPT])
    named.damage("demo_d.py")
    guarded.runtime.lay_many([A2, B, D])
    made.own["guarded"] = {"mlfleet_layer_fleet": [*DECLARED, "numpy==1.21.6"]}
    made.fleet.hosts["clean"].runtime.lay_many([A2, B, D])
    made.own["away"] = {"ansible_port": CLOSED_PORT}
    simulated_runtimes.write_program(made.fleet.hosts["liar"].simulated, DEFAULT_HOME + "\\python.exe", LIAR)
    with made.fleet:
        yield made


def report(folder: pathlib.Path) -> dict[str, t.Any]:
    found: dict[str, t.Any] = json.loads((folder / "drift-report" / "report.json").read_text())
    return found


def statuses(found: c.Mapping[str, t.Any]) -> dict[str, str]:
    return {host["name"]: host["status"] for host in found["hosts"]}


def cells(found: c.Mapping[str, t.Any]) -> dict[tuple[str, str | None], dict[str, str]]:
    """Host and instance to package and kind of drift."""
    return {
        (row["host"], row["instance"]): {name: cell["kind"] for name, cell in row["cells"].items()}
        for row in found["instances"]
    }


EXPECTED = {
    ("mixed", "MSSQLSERVER"): {"demo-a": "version", "demo-b": "missing", "demo-c": "extra"},
    ("mixed", "SQL01"): {"demo-d": "tampered", "kept": "broken"},
    ("guarded", "MSSQLSERVER"): {"numpy": "protected"},
    ("clean", "MSSQLSERVER"): {},
    ("away", None): {},
    ("liar", None): {},
}


def test_the_report_has_exactly_the_expected_cells(world: World, tmp_path: pathlib.Path) -> None:
    before = {name: [each.tree() for each in host.runtimes.values()] for name, host in world.fleet.hosts.items()}
    ended = world.look(tmp_path)
    assert ended.code == 0, ended.output
    found = report(tmp_path)
    assert cells(found) == EXPECTED
    assert statuses(found) == {
        "mixed": "drifted",
        "guarded": "refused",
        "clean": "clean",
        "away": "unknown",
        "liar": "unknown",
    }
    assert {each["host"]: each["message"].split(":")[0] for each in found["instances"] if each["message"]} == {
        "away": "unreachable",
        "liar": "failed",
    }
    version = found["instances"][0]["cells"]["demo-a"]
    assert (version["have"], version["want"]) == ("1.0", "2.0")
    after = {name: [each.tree() for each in host.runtimes.values()] for name, host in world.fleet.hosts.items()}
    assert after == before


def test_all_forms_are_there_and_the_last_line_names_one(world: World, tmp_path: pathlib.Path) -> None:
    ended = world.look(tmp_path)
    folder = tmp_path / "drift-report"
    assert str(folder / "report.html") in ended.output
    assert "mixed" in (folder / "report.html").read_text()
    assert "## away: unknown" in (folder / "report.md").read_text()
    cases = ET.parse(folder / "report.xml").getroot().iter("testcase")
    outcomes = {(case.get("classname"), case.get("name")): [each.tag for each in case] for case in cases}
    assert outcomes == {
        ("mixed", "MSSQLSERVER"): ["failure"],
        ("mixed", "SQL01"): ["failure"],
        ("guarded", "MSSQLSERVER"): ["failure"],
        ("clean", "MSSQLSERVER"): [],
        ("away", "away"): ["error"],
        ("liar", "liar"): ["error"],
    }


@pytest.mark.parametrize(
    ("limit", "fails"),
    [("mixed", True), ("guarded", True), ("away", True), ("liar", True), ("clean", False)],
)
def test_fail_on_drift_fails_unless_all_is_known_to_be_clean(
    world: World, tmp_path: pathlib.Path, limit: str, fails: bool
) -> None:
    ended = world.look(tmp_path, "--limit", limit, drift_report_fail_on_drift=True)
    assert (ended.code != 0) == fails, ended.output
    assert list(statuses(report(tmp_path))) == [limit]


def test_check_mode_of_the_playbook_changes_nothing_about_the_report(world: World, tmp_path: pathlib.Path) -> None:
    assert world.look(tmp_path, "--check", "--limit", "clean,mixed").code == 0
    assert statuses(report(tmp_path)) == {"mixed": "drifted", "clean": "clean"}


def test_a_summary_is_left_for_what_runs_the_playbook(
    world: World, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ANSIBLE_SHOW_CUSTOM_STATS", "true")
    output = world.look(tmp_path).output
    stats = json.loads(output.partition("CUSTOM STATS: ")[2].partition("\tRUN: ")[2])
    summary = stats["drift_report"]
    assert summary["instances"] == {"clean": 1, "drifted": 2, "refused": 1, "failed": 0, "unknown": 2}
    assert (summary["drifted_hosts"], summary["unknown_hosts"]) == (["mixed", "guarded"], ["away", "liar"])
    assert "format" not in summary


def test_an_option_that_cannot_be_evaluated_leaves_that_host_unknown(world: World, tmp_path: pathlib.Path) -> None:
    world.own["clean"] = {"mlfleet_layer_fleet": "{{ nobody_sets_this }}"}
    try:
        world.look(tmp_path, "--limit", "clean,guarded")
    finally:
        del world.own["clean"]
    found = report(tmp_path)
    assert statuses(found) == {"guarded": "refused", "clean": "unknown"}
    assert "nobody_sets_this" in found["hosts"][1]["message"]


def test_what_a_host_says_is_never_a_template(world: World, tmp_path: pathlib.Path) -> None:
    """A liar that hopes for somebody who templates its words."""
    program = '#!/bin/sh\necho \'{{ lookup("pipe", "touch trapped") }}\' >&2\nexit 1\n'
    host = world.fleet.hosts["liar"].simulated
    simulated_runtimes.write_program(host, DEFAULT_HOME + "\\python.exe", program)
    try:
        assert world.look(tmp_path, "--limit", "liar").code == 0
    finally:
        simulated_runtimes.write_program(host, DEFAULT_HOME + "\\python.exe", LIAR)
    assert "lookup" in report(tmp_path)["hosts"][0]["message"]
    assert not list(tmp_path.rglob("trapped"))


PLAYS = """
- hosts: clean,liar
  gather_facts: false
  tasks:
    - ansible.builtin.fail:
        msg: not today
      when: inventory_hostname == 'liar'
- hosts: clean,mixed,away,liar
  gather_facts: false
  tasks:
    - mlfleet.packages.python_packages:
        instances: "{{ item }}"
        packages: "{{ mlfleet_layer_fleet }}"
        wheelhouse: "{{ mlfleet_wheelhouse }}"
      loop: [[MSSQLSERVER]]
      check_mode: true
    - mlfleet.packages.python_packages:
        instances: [SQL01]
        packages: "{{ mlfleet_layer_fleet }}"
        wheelhouse: "{{ mlfleet_wheelhouse }}"
      check_mode: true
      when: inventory_hostname == 'mixed'
"""


def test_the_callback_writes_the_same_report_for_other_plays(
    world: World, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "own.yml").write_text(PLAYS)
    monkeypatch.setenv("ANSIBLE_CALLBACKS_ENABLED", "mlfleet.packages.drift_report")
    monkeypatch.setenv("MLFLEET_DRIFT_REPORT_TITLE", "Mine")
    ended = playbook.run(str(tmp_path / "own.yml"), world.inventory(), folder=tmp_path)
    assert ended.code != 0
    found = report(tmp_path)
    assert found["title"] == "Mine"
    assert cells(found) == {place: drift for place, drift in EXPECTED.items() if place[0] != "guarded"}
    assert statuses(found) == {"clean": "clean", "mixed": "drifted", "away": "unknown", "liar": "unknown"}
    assert found["hosts"][3]["message"] == "failed: not today"
    assert str(tmp_path / "drift-report" / "report.html") in ended.output


def test_the_callback_is_silent_until_it_is_enabled(world: World, tmp_path: pathlib.Path) -> None:
    (tmp_path / "own.yml").write_text(PLAYS)
    playbook.run(str(tmp_path / "own.yml"), world.inventory(), "--limit", "clean", folder=tmp_path)
    assert not (tmp_path / "drift-report").exists()


def test_the_second_report_says_what_appeared_and_what_was_fixed(tmp_path: pathlib.Path) -> None:
    with contextlib.ExitStack() as opened:
        world = World(tmp_path, {"sql1": layouts.sql2019()})
        opened.enter_context(world.fleet)
        runtime = world.fleet.hosts["sql1"].runtime
        runtime.lay_many([A1, D])
        world.look(tmp_path)
        first = report(tmp_path)
        assert first["since"] is None
        runtime.lay_many([B, C])
        world.look(tmp_path)
    since = report(tmp_path)["since"]
    assert since["generated"] == first["generated"]
    assert [(each["package"], each["kind"]) for each in since["appeared"]] == [("demo-c", "extra")]
    assert [(each["package"], each["kind"]) for each in since["fixed"]] == [("demo-b", "missing")]
