# Copyright (c) 2026 the mlfleet authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a host costs the controller in CPU time: instance_info against ansible.builtin.raw on the same connection."""

from __future__ import annotations

import contextlib
import dataclasses
import os
import pathlib
import resource
import statistics
import sys
import tempfile
import typing as t

from testbed import ad_hoc, layouts, powershell_stand_in, simulated, simulated_runtimes
from testbed.winrm import endpoint

HOSTS = 24
ROUNDS = 7
FLOOR = "`ansible.builtin.raw`"
PYTHON = r"C:\Program Files\Microsoft SQL Server\MSSQL15.MSSQLSERVER\PYTHON_SERVICES\python.exe"


@dataclasses.dataclass(frozen=True)
class Task:
    """A task to run on all hosts."""

    name: str
    module: str
    options: t.Any
    variables: tuple[tuple[str, str], ...] = ()


TASKS = (
    Task(FLOOR, "ansible.builtin.raw", "hostname"),
    Task("`instance_info`, interpreter in the inventory", ad_hoc.MODULE, None, (("mlfleet_interpreter", PYTHON),)),
    Task("`instance_info`, interpreter to be found", ad_hoc.MODULE, None),
    Task("`instance_info` with packages, interpreter to be found", ad_hoc.MODULE, {"packages": True}),
)

HEAD = f"""## What a host costs the controller

CPU time of the controller, user and system, for one task on {HOSTS} simulated hosts behind the loopback WinRM endpoint
less that on one host, so that the start of Ansible itself does not count; median of {ROUNDS} rounds in which the tasks
take turns. Each host has two instances of SQL Server 2019. `raw` runs one PowerShell command line, which the test bed
answers at once; the time that the hosts themselves take does not count.

| task | times {FLOOR} |
| --- | ---: |
"""


def cpu_seconds(inventory: pathlib.Path, task: Task) -> float:
    """What one run costs the controller and its forks."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    run = ad_hoc.run(inventory, task.module, task.options, "--forks", "4")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if {each.status for each in run.hosts.values()} - {"SUCCESS", "CHANGED"} or "FAILED" in run.output:
        raise SystemExit(run.output[-2000:])
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


class Fleet:
    """Simulated hosts in a process of their own: their time must not count as the controller's."""

    def __init__(self, folder: pathlib.Path) -> None:
        self._folder = folder

    def serve(self, ready: int, stop: int) -> None:
        """Serves until the other end of the pipe is closed."""
        stand_in = powershell_stand_in.program(self._folder / "powershell")
        hosts = [self._host(f"sql{number:03}", stand_in) for number in range(HOSTS)]
        with endpoint.Endpoint(hosts, users={ad_hoc.USER: ad_hoc.PASSWORD}) as listening:
            for task in TASKS:
                for count in (1, HOSTS):
                    self._write_inventory(listening, task, count)
            os.write(ready, b"1")
            os.read(stop, 1)

    def _host(self, name: str, stand_in: pathlib.Path) -> simulated.SimulatedHost:
        host = simulated.SimulatedHost(name, self._folder / name, programs={"powershell.exe": stand_in})
        layout = layouts.merge(layouts.sql2019(), layouts.sql2019("SQL01"))
        simulated_runtimes.apply(layout, host, pathlib.Path(sys.executable))
        return host

    def _write_inventory(self, listening: endpoint.Endpoint, task: Task, count: int) -> None:
        names = [f"sql{number:03}" for number in range(count)]
        hosts = {name: ad_hoc.winrm_variables(listening, name, **dict(task.variables)) for name in names}
        ad_hoc.write_inventory(self.inventory(task, count), hosts)

    def inventory(self, task: Task, count: int) -> pathlib.Path:
        return self._folder / f"inventory-{TASKS.index(task)}-{count}.json"


class Served(t.Protocol):
    """What can be served in a process of its own."""

    def serve(self, ready: int, stop: int) -> None:
        """Says when it is ready, and ends when the other end of the pipe is closed."""


@contextlib.contextmanager
def serving(fleet: Served) -> t.Iterator[None]:
    """The fleet in a child that is not waited for before the measuring is over, so that it is in no sum."""
    ready_here, ready_there = os.pipe()
    stop_there, stop_here = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(stop_here)
        try:
            fleet.serve(ready_there, stop_there)
        finally:
            os._exit(0)
    os.close(stop_there)
    os.read(ready_here, 1)
    try:
        yield
    finally:
        os.close(stop_here)
        os.waitpid(child, 0)


def ratios(fleet: Fleet) -> dict[str, float]:
    """CPU time per host of each task over that of raw."""
    per_host: dict[str, list[float]] = {task.name: [] for task in TASKS}
    for number in range(ROUNDS + 1):
        for task in TASKS:
            many = cpu_seconds(fleet.inventory(task, HOSTS), task)
            one = cpu_seconds(fleet.inventory(task, 1), task)
            if number > 0:  # the first round warms up
                per_host[task.name].append((many - one) / (HOSTS - 1))
    floor = statistics.median(per_host[FLOOR])
    return {name: statistics.median(costs) / floor for name, costs in per_host.items()}


def section() -> str:
    """The part of the benchmark page."""
    with tempfile.TemporaryDirectory(prefix="mlfleet-bench-") as folder:
        fleet = Fleet(pathlib.Path(folder))
        with serving(fleet):
            found = ratios(fleet)
    return HEAD + "".join(f"| {name} | {ratio:.2f} |\n" for name, ratio in found.items())
