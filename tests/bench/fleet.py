# Copyright (c) 2026 the mlfleet authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a drift check of a large fleet costs the controller, against an action that does nothing and against raw.

The hosts answer from memory what the agent said once, so that a small machine can be controller and fleet.
"""

from __future__ import annotations

import base64
import collections.abc as c
import contextlib
import copy
import dataclasses
import json
import os
import pathlib
import re
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import typing as t
import zlib
from unittest import mock

from bench import controller, environments, noop
from testbed import ad_hoc, agent_calls, layouts, simulated, simulated_runtimes, wheels
from testbed.winrm import endpoint

SIZES = (50, 200, 500)
FORKS = 10
ROUNDS = 3
DRIFTS_EVERY = 5
DRIFTED = ("arrow", "babel", "bleach")
# They hold compiled code, which environments.small() has none of; a runtime without what its packages need is broken.
COMPILED = {
    "argon2-cffi-bindings": "25.1.0",
    "markupsafe": "3.0.3",
    "psutil": "7.2.2",
    "pyyaml": "6.0.3",
    "pyzmq": "27.1.0",
    "rpds-py": "2026.6.3",
    "tornado": "6.5.8",
}
PROGRAM = pathlib.Path(sys.executable).parent / "ansible-playbook"
NOTHING = """\
from ansible.plugins.action import ActionBase


class ActionModule(ActionBase):
    _requires_connection = False

    def run(self, tmp=None, task_vars=None):
        return {**super().run(tmp, task_vars), "changed": False}
"""

Json = dict[str, t.Any]


@dataclasses.dataclass(frozen=True, eq=False)
class Play:
    """One task on all hosts, or a playbook of this collection."""

    name: str
    task: Json | None = None
    playbook: str = ""


FLOOR = Play("an action that does nothing", {"nothing": {}})
RAW = Play("`ansible.builtin.raw`", {"ansible.builtin.raw": "hostname"})
CHECK = Play(
    "`python_packages` in check mode",
    {
        "mlfleet.packages.python_packages": {
            "instances": "all",
            "packages": list(noop.DECLARED),
            "wheelhouse": "wheelhouse",
        },
        "check_mode": True,
    },
)
DRIFT = Play("`mlfleet.packages.drift` with its report", playbook="mlfleet.packages.drift")
PLAYS = (FLOOR, RAW, CHECK, DRIFT)

HEAD = f"""## What a drift check of a large fleet costs

Simulated hosts behind the loopback WinRM endpoint, {FORKS} forks. Each has one instance with 150 real distributions and
all that they need, {len(noop.DECLARED)} requirements are declared (`tests/bench/declared-50.txt`), and three packages
of every fifth host have drifted. The hosts answer from memory what the agent said once: their own time is not what is
measured.

CPU time is that of the controller with all of its forks. Both times are less those of a run on one host, per host;
median of {ROUNDS} rounds in which the plays take turns. The wall time includes what the simulated hosts take of the
same cores, and no network. The memory is the peak of the main process, and the largest that a fork had for itself.
"""


@dataclasses.dataclass(frozen=True)
class Cost:
    """Seconds of one run."""

    cpu: float
    wall: float

    def per_host(self, one: Cost, count: int) -> Cost:
        return Cost((self.cpu - one.cpu) / (count - 1), (self.wall - one.wall) / (count - 1))


class CannedProcess:
    """Implements hosts.HostProcess: answers a request to the agent from memory, and whatever else with one line."""

    def __init__(self, command_line: str, answer: bytes) -> None:
        stdin, stdin_end = os.pipe()
        stdout_end, stdout = os.pipe()
        stderr_end, stderr = os.pipe()
        self.stdin: t.BinaryIO = os.fdopen(stdin_end, "wb", buffering=0)
        self.stdout: t.BinaryIO = os.fdopen(stdout_end, "rb", buffering=0)
        self.stderr: t.BinaryIO = os.fdopen(stderr_end, "rb", buffering=0)
        os.close(stderr)
        to_agent = "MLFLEET-STARTS" in command_line
        threading.Thread(target=self._run, args=(stdin, stdout, answer if to_agent else None), daemon=True).start()

    @staticmethod
    def _run(stdin: int, stdout: int, answer: bytes | None) -> None:
        with os.fdopen(stdin, "rb") as requests, os.fdopen(stdout, "wb") as answers:
            if answer is None:
                answers.write(b"hostname\r\n")
                return
            requests.readline()
            nonce = requests.readline().partition(b" ")[0]
            answers.write(b"\nMLFLEET %s packed %d %s\n" % (nonce, len(answer), answer))

    def wait(self) -> int:
        return 0

    def kill(self) -> None:
        """Ends by itself at once."""


class CannedHost:
    """Implements hosts.Host."""

    def __init__(self, name: str, answer: bytes) -> None:
        self.name = name
        self._answer = answer

    def start(self, command_line: str, environment: c.Mapping[str, str]) -> CannedProcess:
        return CannedProcess(command_line, self._answer)

    def living(self) -> list[str]:
        return []

    def close(self) -> None:
        pass


def recorded(folder: pathlib.Path) -> Json:
    """What the agent says of a host with the distributions of environments.small() under Windows' facts."""
    host = simulated.SimulatedHost("recorded", folder / "recorded")
    layout = layouts.sql2019()
    simulated_runtimes.apply(layout, host, environments.small().python)
    names = [line.partition(">")[0] for line in noop.DECLARED]
    arguments: Json = {"places": [], "instances": ["all"], "seconds": 60, "names": names, "files": "size", "wheels": []}
    with mock.patch.dict(os.environ, {simulated.ROOT_VARIABLE: str(host.root)}):
        answer: Json = agent_calls.ask(host.place(controller.PYTHON), "survey", **arguments)
    snapshot = answer["runtimes"][0]["snapshot"]
    some = snapshot["distributions"][0]
    snapshot["distributions"] += [
        {**some, "name": name, "version": version, "requires": []} for name, version in COMPILED.items()
    ]
    snapshot["interpreter"].update(platform="win-amd64", libc=None)
    snapshot["readiness"]["baseline"] = ["pip", "setuptools"]
    return answer


def drifted(answer: Json, wheelhouse: pathlib.Path) -> Json:
    """The same host with older releases; the wheelhouse gets those that it should have."""
    changed = copy.deepcopy(answer)
    for each in changed["runtimes"][0]["snapshot"]["distributions"]:
        if each["name"].lower() in DRIFTED:
            wheels.Wheel(each["name"], each["version"], requires=tuple(each["requires"])).write(wheelhouse)
            each["version"] = "0.0.1"
    return changed


def _packed(answer: Json) -> bytes:
    """As the agent sends it."""
    text = json.dumps(answer, separators=(",", ":"), sort_keys=True)
    return base64.b64encode(zlib.compress(text.encode("ascii")))


class Fleet:
    """Canned hosts in a process of their own: their time must not count as the controller's."""

    def __init__(self, folder: pathlib.Path) -> None:
        self._folder = folder
        self.wheelhouse = folder / "wheelhouse"
        answer = recorded(folder)
        usual, other = map(_packed, (answer, drifted(answer, self.wheelhouse)))
        names = [f"sql{number:04}" for number in range(max(SIZES))]
        self._hosts = [
            CannedHost(name, usual if number % DRIFTS_EVERY else other) for number, name in enumerate(names, start=1)
        ]

    def serve(self, ready: int, stop: int) -> None:
        """Serves until the other end of the pipe is closed."""
        with endpoint.Endpoint(self._hosts, users={ad_hoc.USER: ad_hoc.PASSWORD}) as listening:
            for count in (1, *SIZES):
                known = {"mlfleet_interpreter": controller.PYTHON}
                hosts = {
                    each.name: ad_hoc.winrm_variables(listening, each.name, **known) for each in self._hosts[:count]
                }
                ad_hoc.write_inventory(self.inventory(count), hosts)
            os.write(ready, b"1")
            os.read(stop, 1)

    def inventory(self, count: int) -> pathlib.Path:
        return self._folder / f"inventory-{count}.json"


class Controller:
    """Runs the plays."""

    def __init__(self, folder: pathlib.Path, fleet: Fleet) -> None:
        self._folder = folder
        self._fleet = fleet
        (folder / "action_plugins").mkdir()
        (folder / "action_plugins" / "nothing.py").write_text(NOTHING, encoding="utf-8")
        for number, play in enumerate(PLAYS):
            tasks = [{**play.task, "register": "found"}] if play.task else []
            text = json.dumps([{"hosts": "all", "gather_facts": False, "tasks": tasks}])
            (folder / f"play-{number}.json").write_text(text, encoding="utf-8")

    def cost(self, play: Play, count: int) -> Cost:
        begin = time.perf_counter()
        with self._started(play, count) as process:
            output = process.stdout.read() if process.stdout else ""
            _pid, status, used = os.wait4(process.pid, 0)
            process.returncode = os.waitstatus_to_exitcode(status)
        taken = time.perf_counter() - begin
        _check(output, play, count)
        return Cost(used.ru_utime + used.ru_stime, taken)

    def memory(self, play: Play, count: int) -> tuple[int, int]:
        """Kilobytes: the peak of the main process, and the most that one of its forks had for itself."""
        main = forks = 0
        with tempfile.TemporaryFile("w+") as output, self._started(play, count, output) as process:
            while process.poll() is None:
                main = max(main, _kilobytes(process.pid, "status", "VmHWM"))
                forks = max([forks, *(_private(fork) for fork in _children(process.pid))])
                time.sleep(0.02)
            output.seek(0)
            _check(output.read(), play, count)
        return main, forks

    def _started(self, play: Play, count: int, output: t.Any = subprocess.PIPE) -> subprocess.Popen[str]:
        playbook = play.playbook or str(self._folder / f"play-{PLAYS.index(play)}.json")
        variables = {
            "mlfleet_layer_fleet": list(noop.DECLARED),
            "mlfleet_wheelhouse": str(self._fleet.wheelhouse),
            "drift_report_folder": str(self._folder / "report"),
        }
        words = ["-i", str(self._fleet.inventory(count)), "--forks", str(FORKS), "-e", json.dumps(variables)]
        environment = {**os.environ, "ANSIBLE_NOCOLOR": "1"}
        command = [str(PROGRAM), *words, playbook]
        return subprocess.Popen(command, env=environment, stdout=output, stderr=subprocess.STDOUT, text=True)


def _check(output: str, play: Play, count: int) -> None:
    fine = re.findall(r"^sql\d+ +: ok=[1-9]\d* +changed=\d+ +unreachable=0 +failed=0", output, re.MULTILINE)
    if len(fine) != count or (play in (CHECK, DRIFT) and output.count("changed=1 ") != count // DRIFTS_EVERY):
        raise SystemExit(f"{play.name} did not do its work on {count} hosts: {output[-3000:]}")


def _children(process: int) -> list[int]:
    try:
        words = pathlib.Path(f"/proc/{process}/task/{process}/children").read_text(encoding="ascii")
    except OSError:
        return []
    return list(map(int, words.split()))


def _private(process: int) -> int:
    return sum(_kilobytes(process, "smaps_rollup", name) for name in ("Private_Clean", "Private_Dirty"))


def _kilobytes(process: int, file: str, name: str) -> int:
    """0 for a process that has just ended."""
    with contextlib.suppress(OSError):
        match = re.search(rf"^{name}:\s*(\d+) kB", pathlib.Path(f"/proc/{process}/{file}").read_text(), re.MULTILINE)
        return int(match[1]) if match else 0
    return 0


Costs = dict[tuple[str, int], list[Cost]]


def measure(running: Controller) -> Costs:
    """The cost per host of each play on each fleet, in each round."""
    costs: Costs = {(play.name, count): [] for count in SIZES for play in PLAYS}
    for _round in range(ROUNDS):
        one = {play: running.cost(play, 1) for play in PLAYS}
        for count in SIZES:
            for play in PLAYS:
                costs[play.name, count].append(running.cost(play, count).per_host(one[play], count))
    return costs


def _median(costs: list[Cost]) -> Cost:
    return Cost(statistics.median(each.cpu for each in costs), statistics.median(each.wall for each in costs))


def _ratio(own: list[Cost], others: list[Cost]) -> Cost:
    """Against another play, round by round."""
    pairs = list(zip(own, others, strict=True))
    return _median([Cost(one.cpu / other.cpu, one.wall / other.wall) for one, other in pairs])


def times_table(costs: Costs) -> str:
    """Everything against raw on the same fleet, and the curve: against itself on the smallest one."""
    head = f"| hosts | play | CPU time, times {RAW.name} | wall time | CPU time per host, times that of {SIZES[0]} |\n"
    rows = []
    for count in SIZES:
        for play in PLAYS:
            own = costs[play.name, count]
            against_raw, curve = _ratio(own, costs[RAW.name, count]), _ratio(own, costs[play.name, SIZES[0]])
            rows.append(
                f"| {count} | {play.name} | {against_raw.cpu:.2f} | {against_raw.wall:.2f} | {curve.cpu:.2f} |\n"
            )
    return head + "| ---: | --- | ---: | ---: | ---: |\n" + "".join(rows)


def memory_table(running: Controller) -> str:
    """What the main process holds more for each host more is the slope."""
    rows = []
    for play in PLAYS:
        (small, _forks), (large, forks) = (running.memory(play, count) for count in (SIZES[0], SIZES[-1]))
        slope = (large - small) / (SIZES[-1] - SIZES[0])
        megabytes = " | ".join(f"{size / 1024:.0f} MB" for size in (small, large, forks))
        rows.append(f"| {play.name} | {megabytes} | {slope:.0f} KB |\n")
    head = f"| play | main process, {SIZES[0]} hosts | {SIZES[-1]} hosts | largest fork | for each host more |\n"
    return head + "| --- | ---: | ---: | ---: | ---: |\n" + "".join(rows)


def section() -> str:
    """The part of the benchmark page."""
    with tempfile.TemporaryDirectory(prefix="mlfleet-bench-") as name:
        folder = pathlib.Path(name)
        fleet = Fleet(folder)
        with controller.serving(fleet):
            running = Controller(folder, fleet)
            costs = measure(running)
            tables = f"{times_table(costs)}\n{memory_table(running)}"
    floor = _median(costs[RAW.name, SIZES[1]])
    said = f"Here, {RAW.name} took {floor.cpu * 1000:.0f} ms of CPU time for each of {SIZES[1]} hosts."
    return f"{HEAD}\n{said}\n\n{tables}"
