# Copyright (c) 2026 the mlfleet authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A task that finds nothing to do: python_packages against ansible.builtin.pip, over the connection local."""

from __future__ import annotations

import dataclasses
import functools
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import typing as t

from bench import environments, interleaved
from bench.environments import Environment
from bench.interleaved import Comparison, Contender
from testbed import ad_hoc, package_index

ROUNDS = 7
LIST = pathlib.Path(__file__).with_name("declared-50.txt")
DECLARED = tuple(line for line in LIST.read_text(encoding="utf-8").splitlines() if ">=" in line)
# The difference is what the further tasks cost; what Ansible needs to begin with is in both.
FEW, MANY = 1, 6
OURS, PIP = "`mlfleet.packages.python_packages`", "`ansible.builtin.pip`"
PLAYBOOK = pathlib.Path(sys.executable).parent / "ansible-playbook"

HEAD = f"""## What it costs to find nothing to do

A playbook with {MANY} equal tasks less one with {FEW}, for each task more; over the connection `local`, in an
environment of 150 real distributions in which {len(DECLARED)} declared requirements (`tests/bench/declared-50.txt`)
are satisfied. The inventory names the interpreter of the environment for both, and `ansible.builtin.pip` is told not to
look for an index. Median of {ROUNDS} rounds in which the playbooks take turns. The commands are those that Ansible runs
on the host for one task.

| task | times {OURS} | middle half | commands |
| --- | ---: | --- | ---: |
"""


@dataclasses.dataclass(frozen=True)
class Task:
    """A task in one of the ways in which people run it."""

    name: str
    task: dict[str, t.Any]
    check_mode: bool
    pipelining: bool = False

    @property
    def title(self) -> str:
        return ", ".join([self.name, *["pipelining"] * self.pipelining, *["check mode"] * self.check_mode])


def tasks(environment: Environment) -> list[Task]:
    """Both tasks in all ways; to ours, pipelining makes no difference."""
    ours = {"runtimes": [str(environment.python.parent.parent)], "packages": list(DECLARED)}
    pip = {"name": list(DECLARED), "state": "present", "executable": str(environment.python.with_name("pip"))}
    without_index = {"PIP_NO_INDEX": "1", "PIP_DISABLE_PIP_VERSION_CHECK": "1"}
    return [
        Task(name, task, check_mode, pipelining)
        for check_mode in (False, True)
        for name, task, pipelining in (
            (OURS, {"mlfleet.packages.python_packages": ours}, False),
            (PIP, {"ansible.builtin.pip": pip, "environment": without_index}, False),
            (PIP, {"ansible.builtin.pip": pip, "environment": without_index}, True),
        )
    ]


class Playbooks:
    """Playbooks that consist of one task, several times."""

    def __init__(self, folder: pathlib.Path, python: pathlib.Path) -> None:
        self._folder = folder
        # As the agent names the interpreter of a home: it need not start another one then.
        interpreter = str(python.with_name("python3"))
        variables = dict.fromkeys(("ansible_python_interpreter", "mlfleet_interpreter"), interpreter)
        variables["ansible_connection"] = "local"
        self._inventory = ad_hoc.write_inventory(folder / "inventory.json", {"bench": variables})

    def contender(self, task: Task, times: int) -> Contender:
        check = functools.partial(_check, times)
        return Contender(_label(task, times), self._command(task, times), check=check)

    def commands_on_the_host(self, task: Task) -> int:
        """As the connection plugin reports them."""
        command = [*self._command(task, 1), "-vvv"]
        done = subprocess.run(command, env=package_index.isolated(os.environ), stdout=subprocess.PIPE, check=False)
        _check(1, done.stdout)
        return len(re.findall(rb"^<bench> EXEC ", done.stdout, re.MULTILINE))

    def _command(self, task: Task, times: int) -> tuple[str, ...]:
        playbook = self._folder / f"{len(list(self._folder.iterdir()))}.json"
        variables = {"ansible_pipelining": task.pipelining}
        play = {"hosts": "all", "gather_facts": False, "vars": variables, "tasks": [task.task] * times}
        playbook.write_text(json.dumps([play]), encoding="utf-8")
        return (str(PLAYBOOK), "-i", str(self._inventory), str(playbook), *(["--check"] if task.check_mode else []))


def _label(task: Task, times: int) -> str:
    return f"{task.title}, {times} times"


def _check(times: int, output: bytes) -> None:
    recap = rf"ok={times} +changed=0 +unreachable=0 +failed=0 +skipped=0"
    if not re.search(recap.encode(), output):
        raise SystemExit(f"not a task that found nothing to do: {output.decode(errors='replace')[-2000:]}")


def compare(playbooks: Playbooks, both: list[Task]) -> list[Comparison]:
    """What a task more costs, against ours in the same mode."""
    contenders = [playbooks.contender(task, times) for task in both for times in (FEW, MANY)]
    seconds = interleaved.measure(contenders, ROUNDS, warm_up=1)
    costs = {task.title: _cost(seconds[_label(task, FEW)], seconds[_label(task, MANY)]) for task in both}
    peers = {task.check_mode: costs[task.title] for task in both if task.name == OURS}
    return [interleaved.relate(task.title, costs[task.title], peers[task.check_mode]) for task in both]


def _cost(few: list[float], many: list[float]) -> list[float]:
    """Of one task more, in each round."""
    return [(more - less) / (MANY - FEW) for less, more in zip(few, many, strict=True)]


def section() -> str:
    """The part of the benchmark page."""
    environment = environments.small()
    with tempfile.TemporaryDirectory(prefix="mlfleet-bench-") as folder:
        playbooks = Playbooks(pathlib.Path(folder), environment.python)
        both = tasks(environment)
        commands = [playbooks.commands_on_the_host(task) for task in both]
        compared = compare(playbooks, both)
    return HEAD + "".join(f"{one.row()} {count} |\n" for one, count in zip(compared, commands, strict=True))
