# Copyright (c) 2026 the mlfleet authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What runs playbooks in place of ansible-playbook: the guide "Large fleets", but for the building of an image."""

from __future__ import annotations

import json
import os
import pathlib
import subprocess
import sys
import typing as t

import pytest
import yaml

from testbed import interpreters, layouts, pages
from testbed.fleet import Fleet
from testbed.virtual_environments import Recipe
from testbed.wheels import Wheel

CHECKOUT = pathlib.Path(__file__).resolve().parents[2]
GUIDE = CHECKOUT / "docs" / "guides" / "large-fleets.md"


def command(program: str, word: str) -> list[str]:
    """The one command line of the guide that begins with these two words, for the program of this environment."""
    lines = (words for block in pages.blocks(GUIDE) for words in block.commands)
    (found,) = (words for words in lines if words[:2] == [program, word])
    return [str(pathlib.Path(sys.executable).parent / program), *found[1:]]


def run(words: list[str], folder: pathlib.Path) -> str:
    done = subprocess.run(words, check=False, cwd=folder, stdin=subprocess.DEVNULL, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture
def fleet(tmp_path: pathlib.Path) -> Fleet:
    interpreter = interpreters.find_first([(3, 7), *((3, minor) for minor in range(8, 15))])
    if interpreter is None:
        pytest.skip("needs a CPython with venv")
    return Fleet(tmp_path / "fleet", Recipe(interpreter), dict.fromkeys(("sql1", "sql2"), layouts.sql2019()))


def test_ansible_runner_checks_a_fleet_and_keeps_the_summary(fleet: Fleet, tmp_path: pathlib.Path) -> None:
    private = tmp_path / "private"
    for name in ("inventory", "env", "project"):
        (private / name).mkdir(parents=True)
    report = tmp_path / "report"
    (private / "env" / "extravars").write_text(json.dumps({"drift_report_folder": str(report)}))
    Wheel("demo-a").write(tmp_path / "house")
    fleet.hosts["sql1"].runtime.lay(Wheel("demo-a"))
    declared = {"mlfleet_wheelhouse": str(tmp_path / "house"), "mlfleet_layer_fleet": ["demo-a"]}
    with fleet:
        fleet.write_inventory(private / "inventory" / "hosts.json", declared, {})
        run(command("ansible-runner", "run"), tmp_path)
    found = json.loads((report / "report.json").read_text())
    assert {host["name"]: host["status"] for host in found["hosts"]} == {"sql1": "clean", "sql2": "drifted"}
    assert summary(private)["drifted_hosts"] == ["sql2"]


def summary(private: pathlib.Path) -> dict[str, t.Any]:
    """What AWX, which is built on ansible-runner, shows as the artifacts of a job."""
    events = (json.loads(path.read_text()) for path in private.glob("artifacts/*/job_events/*.json"))
    (told,) = (event["event_data"] for event in events if event["event"] == "playbook_on_stats")
    artifacts: dict[str, t.Any] = told["artifact_data"]["drift_report"]
    return artifacts


def test_ansible_builder_takes_the_file_of_the_guide(tmp_path: pathlib.Path) -> None:
    (described,) = (block.text for block in pages.blocks(GUIDE) if block.text.startswith("version: 3"))
    (tmp_path / "execution-environment.yml").write_text(described)
    run(command("ansible-builder", "create"), tmp_path)
    # Podman and Docker have a name of their own for it.
    (recipe,) = (path for path in (tmp_path / "context").iterdir() if path.is_file())
    assert 'ARG EE_BASE_IMAGE="quay.io/centos/centos:stream9"' in recipe.read_text()
    wanted = yaml.safe_load((tmp_path / "context" / "_build" / "requirements.yml").read_text())
    assert [each["name"] for each in wanted["collections"]] == ["mlfleet.packages"]


def test_ansible_builder_finds_what_the_collection_needs() -> None:
    program = str(pathlib.Path(sys.executable).parent / "ansible-builder")
    found = yaml.safe_load(run([program, "introspect", os.environ["ANSIBLE_COLLECTIONS_PATH"]], CHECKOUT))
    lines = (CHECKOUT / "requirements.txt").read_text().splitlines()
    needed = {line for line in lines if line and not line.startswith(("#", "ansible-core"))}
    assert {line.partition("  #")[0] for line in found["python"]} == needed
    assert found["system"] == []
