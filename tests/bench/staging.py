# Copyright (c) 2026 the mlfleet authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Wheels to the store of a host, against the pattern in which ansible-core's put_file sends a file."""

from __future__ import annotations

import base64
import collections.abc as c
import contextlib
import dataclasses
import functools
import hashlib
import os
import pathlib
import shutil
import statistics
import sys
import tempfile
import time

import winrm.protocol
from ansible_collections.mlfleet.packages.plugins.plugin_utils import _store
from ansible_collections.mlfleet.packages.plugins.plugin_utils._agent_host import AgentHost
from ansible_collections.mlfleet.packages.plugins.plugin_utils._store_plan import Item
from ansible_collections.mlfleet.packages.plugins.plugin_utils._transport._winrm_direct import WinrmDirect

from bench import environments
from testbed import ad_hoc, layouts, simulated, simulated_runtimes
from testbed.wheels import Wheel
from testbed.winrm import endpoint, faults

ROUNDS = 5
# As large as numpy, pandas, scikit-learn, scipy and what they need.
SIZES = (15, 12, 7, 36, 0.5, 0.3, 20, 9, 0.2)
DELAY = 0.02
MB = 1_000_000
HOST = "sql7"
HOME = r"C:\Program Files\Microsoft SQL Server\MSSQL15.MSSQLSERVER\PYTHON_SERVICES"
PYTHON = HOME + r"\python.exe"
SINK = r"C:\sink\sink.exe"
PUT_FILE, ONE, OURS = "the pattern of `put_file`", "`stage`, one shell", "`stage`, up to four shells"

HEAD = f"""## What it costs to bring {sum(SIZES):.0f} MB of wheels to a host

{len(SIZES)} wheels, over the loopback WinRM endpoint to a simulated host that writes them to its disk. The endpoint
lets each request wait for {DELAY * 1000:.0f} ms, as a network would, and runs in a process of its own. `put_file`
itself needs PowerShell, which the test bed has not got; measured is its pattern, file by file, over the same pywinrm:
250,000 bytes are read, encoded in base64 so that PowerShell can read lines, and encoded once more for the request. At
the other end, a small Python program decodes the lines, hashes and writes them, faster than the pipeline of PowerShell
would. Of the four shells, this much is worth three. Nobody starts Ansible. Median of {ROUNDS} rounds in which the
contenders take turns.

| contender | rate, times {PUT_FILE} | requests for each MB | bytes on the wire for each byte |
| --- | ---: | ---: | ---: |
"""

_SINK = """
import base64, hashlib, sys
hashed = hashlib.sha1()
with open(sys.argv[1], "wb") as target:
    for line in sys.stdin.buffer:
        block = base64.b64decode(line)
        hashed.update(block)
        target.write(block)
print(hashed.hexdigest())
"""


@dataclasses.dataclass(frozen=True)
class Traffic:
    """What one transfer of all wheels took."""

    seconds: float
    requests: int
    wire_bytes: int


class Connection:
    """What WinrmDirect uses of Ansible's connection."""

    def __init__(self, url: str) -> None:
        self.protocol = winrm.protocol.Protocol(
            url, transport="basic", username=ad_hoc.USER, password=ad_hoc.PASSWORD, message_encryption="never"
        )
        self.shell_id = ""

    def _connect(self) -> None:
        if not self.shell_id:
            self.shell_id = self.protocol.open_shell(codepage=65001)

    def close(self) -> None:
        if self.shell_id:
            self.protocol.close_shell(self.shell_id)


class Site:
    """The endpoint in a process of its own, which counts in a file of totals."""

    def __init__(self, folder: pathlib.Path) -> None:
        self.folder = folder
        self.items = [_item(number, size, folder / "wheels") for number, size in enumerate(SIZES)]

    @property
    def bytes(self) -> int:
        return sum(item.size for item in self.items)

    def serve(self, ready: int, asked: int) -> None:
        """Answers each byte that it is asked with with the number of requests and bytes so far."""
        host = simulated.SimulatedHost(HOST, self.folder / HOST)
        simulated_runtimes.apply(layouts.sql2019(), host, pathlib.Path(sys.executable))
        script = f"#!/bin/sh\nexec {sys.executable} -I -S -c '{_SINK}' {self.folder}/sunk\n"
        simulated_runtimes.write_program(host, SINK, script)
        with endpoint.Endpoint([host], users={ad_hoc.USER: ad_hoc.PASSWORD}) as listening:
            listening.inject(HOST, faults.Fault(faults.Effect.SLOW, count=None, delay=DELAY))
            os.write(ready, f"{listening.url(HOST)}\n".encode())
            while os.read(asked, 1):
                log = listening.log(HOST)
                os.write(ready, f"{len(log)} {sum(each.bytes_in for each in log)}\n".encode())

    def forget(self) -> None:
        shutil.rmtree(self.folder / HOST / "C" / "ProgramData", ignore_errors=True)

    def check_store(self) -> None:
        files = list((self.folder / HOST / "C" / "ProgramData").rglob("*.whl"))
        found = {hashlib.sha256(path.read_bytes()).hexdigest() for path in files}
        if found != {item.sha256 for item in self.items}:
            raise SystemExit("the store has not got the wheels")


def _item(number: int, size: float, folder: pathlib.Path) -> Item:
    name = f"wheel{number}"
    data = base64.b64encode(os.urandom(int(size * MB * 3 / 4))).decode()
    wheel = Wheel(name, modules={f"{name}.py": "", f"{name}.txt": data})
    path = wheel.write(folder)
    return Item(path.name, hashlib.sha256(path.read_bytes()).hexdigest(), path.stat().st_size, str(path))


@contextlib.contextmanager
def serving(site: Site) -> c.Iterator[tuple[str, c.Callable[[], tuple[int, int]]]]:
    """The URL of the endpoint, and how to ask it for its totals."""
    ready_here, ready_there = os.pipe()
    asked_there, asked_here = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(asked_here)
        try:
            site.serve(ready_there, asked_there)
        finally:
            os._exit(0)
    os.close(asked_there)
    with open(ready_here, encoding="ascii") as answers:

        def totals() -> tuple[int, int]:
            os.write(asked_here, b"?")
            requests, wire_bytes = answers.readline().split()
            return int(requests), int(wire_bytes)

        try:
            yield answers.readline().strip(), totals
        finally:
            os.close(asked_here)
            os.waitpid(child, 0)


def put_file_pattern(connection: Connection, site: Site) -> None:
    """As _put_file_stdin_iterator and _winrm_exec of ansible-core's winrm connection do it, for each file."""
    for item in site.items:
        connection._connect()
        protocol, shell_id = connection.protocol, connection.shell_id
        command_id = protocol.run_command(shell_id, SINK, console_mode_stdin=False)
        with open(item.path, "rb") as stream:
            while block := stream.read(250_000):
                line = base64.b64encode(block) + b"\r\n"
                protocol.send_command_input(shell_id, command_id, line, end=stream.tell() == item.size)
        output, _errors, _exit_code = protocol.get_command_output(shell_id, command_id)
        protocol.cleanup_command(shell_id, command_id)
        if output.decode().strip() != hashlib.sha1(pathlib.Path(item.path).read_bytes()).hexdigest():
            raise SystemExit("the sink got something else")


def stage(connection: Connection, site: Site, streams: int) -> None:
    site.forget()
    host = AgentHost(WinrmDirect(connection), True, PYTHON, on_event=lambda event: None, streams=streams)
    _store.send(host, _store.look(host, site.items, 300, use=True), 300)
    site.check_store()


CONTENDERS: c.Mapping[str, c.Callable[[Connection, Site], None]] = {
    PUT_FILE: put_file_pattern,
    ONE: functools.partial(stage, streams=1),
    OURS: functools.partial(stage, streams=4),
}


def measure(site: Site) -> dict[str, list[Traffic]]:
    found: dict[str, list[Traffic]] = {name: [] for name in CONTENDERS}
    with serving(site) as (url, totals):
        for number in range(ROUNDS + 1):
            for name, transfer in CONTENDERS.items():
                traffic = _traffic(url, totals, site, transfer)
                if number > 0:  # the first round warms up
                    found[name].append(traffic)
    return found


def _traffic(
    url: str, totals: c.Callable[[], tuple[int, int]], site: Site, transfer: c.Callable[[Connection, Site], None]
) -> Traffic:
    os.sync()
    before = totals()
    begun = time.perf_counter()
    connection = Connection(url)
    transfer(connection, site)
    connection.close()
    seconds = time.perf_counter() - begun
    after = totals()
    return Traffic(seconds, after[0] - before[0], after[1] - before[1])


def row(name: str, own: list[Traffic], others: list[Traffic], size: int) -> str:
    rate = statistics.median(other.seconds / one.seconds for one, other in zip(own, others, strict=True))
    requests = statistics.median(one.requests for one in own) / size * MB
    return f"| {name} | {rate:.2f} | {requests:.2f} | {statistics.median(o.wire_bytes for o in own) / size:.2f} |\n"


def section() -> str:
    """The part of the benchmark page."""
    kept = environments.KEPT.parent / "bench-staging"
    kept.mkdir(parents=True, exist_ok=True)
    # Below the checkout, because /tmp is memory on some machines and a disk on others.
    with tempfile.TemporaryDirectory(dir=kept) as folder:
        site = Site(pathlib.Path(folder))
        found = measure(site)
        return HEAD + "".join(row(name, found[name], found[PUT_FILE], site.bytes) for name in CONTENDERS)


if __name__ == "__main__":
    print(section())
