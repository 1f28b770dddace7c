# Copyright (c) 2026 the mlfleet authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Large input over WinRM: in as few messages as the service allows, in order, once, and without end for nobody."""

from __future__ import annotations

import collections.abc as c
import concurrent.futures
import contextlib
import hashlib
import pathlib
import shlex
import sys
import typing as t

import pytest
import winrm.protocol
from ansible_collections.mlfleet.packages.plugins.plugin_utils._errors import HostProblem
from ansible_collections.mlfleet.packages.plugins.plugin_utils._transport._carrier import Command
from ansible_collections.mlfleet.packages.plugins.plugin_utils._transport._winrm_direct import WinrmDirect

from testbed import simulated, simulated_runtimes
from testbed.winrm import endpoint, faults, quotas

USER, PASSWORD = "tester", "Sehr-geheim-7"
HASH = r"C:\Tools\hash.exe"
DATA = bytes(range(256)) * 12_000
_HASH = "import hashlib, sys, time; time.sleep({}); print(hashlib.sha256(sys.stdin.buffer.read()).hexdigest())"


class Connection:
    """What is used of Ansible's connection."""

    def __init__(self, url: str, login: t.Literal["basic", "ntlm"], operation_timeout: int) -> None:
        self.protocol = winrm.protocol.Protocol(
            url,
            transport=login,
            username=USER,
            password=PASSWORD,
            operation_timeout_sec=operation_timeout,
            # Not the settings of this machine.
            server_cert_validation="ignore",
        )
        self.shell_id = ""

    def _connect(self) -> None:
        if not self.shell_id:
            self.shell_id = self.protocol.open_shell(codepage=65001)


class Site:
    """A host with a program that says what it got, and the way to it."""

    def __init__(self, folder: pathlib.Path, opened: contextlib.ExitStack) -> None:
        self.host = simulated.SimulatedHost("alpha", folder)
        opened.callback(self.host.close)
        self._opened = opened
        self.install(_HASH.format(0))

    def install(self, program: str) -> None:
        simulated_runtimes.write_program(
            self.host, HASH, f"#!/bin/sh\nexec {shlex.join([sys.executable, '-I', '-c', program])}\n"
        )

    def direct(
        self,
        login: t.Literal["basic", "ntlm"] = "basic",
        limits: quotas.Quotas = quotas.DEFAULTS,
        envelope_kb: int | None = None,
        operation_timeout: int = 20,
    ) -> WinrmDirect:
        served = endpoint.Endpoint([self.host], users={USER: PASSWORD}, limits=limits)
        self.endpoint = self._opened.enter_context(served)
        return WinrmDirect(Connection(self.endpoint.url("alpha"), login, operation_timeout), envelope_kb)

    def sends(self) -> list[endpoint.Exchange]:
        return [each for each in self.endpoint.log("alpha") if each.action == "Send"]


@pytest.fixture
def site(tmp_path: pathlib.Path) -> c.Iterator[Site]:
    with contextlib.ExitStack() as opened:
        yield Site(tmp_path, opened)


def said(direct: t.Any, blocks: c.Iterable[bytes] = (DATA,), seconds: int = 60) -> str:
    output: list[bytes] = []
    assert direct.run(Command(HASH, blocks, seconds), output.append).exit_code == 0
    return b"".join(output).decode().strip()


def blocks(size: int) -> c.Iterator[bytes]:
    return (DATA[start : start + size] for start in range(0, len(DATA), size))


@pytest.mark.parametrize("login", ["basic", "ntlm"])
@pytest.mark.parametrize("envelope_kb", [None, 150, 1000])
def test_messages_are_as_large_as_the_service_takes(
    site: Site, login: t.Literal["basic", "ntlm"], envelope_kb: int | None
) -> None:
    limits = quotas.Quotas(max_envelope_size_kb=envelope_kb or 500)
    assert said(site.direct(login, limits, envelope_kb), blocks(70_001)) == hashlib.sha256(DATA).hexdigest()
    largest = max(each.bytes_in for each in site.sends())
    assert 0.98 * limits.max_envelope_size < largest <= limits.max_envelope_size
    assert {each.stdin_bytes for each in site.sends()[:-1]} == {site.sends()[0].stdin_bytes}
    assert sum(each.stdin_bytes for each in site.sends()) == len(DATA)


@pytest.mark.parametrize("size", [1, 380_928, 380_929])
def test_the_last_chunk_ends_the_input(site: Site, size: int) -> None:
    direct = site.direct()
    assert said(direct, [DATA[:size]]) == hashlib.sha256(DATA[:size]).hexdigest()
    assert len(site.sends()) == (2 if size > 380_928 else 1)


def test_a_host_that_takes_its_input_slowly_gets_it_once(site: Site) -> None:
    """Its service answers with time-outs while it still hands the input on, and is busy meanwhile."""
    site.install(_HASH.format(2.5))
    direct = site.direct(operation_timeout=1)
    assert said(direct) == hashlib.sha256(DATA).hexdigest()
    assert any(each.fault_code for each in site.sends())


def test_a_host_that_does_not_take_its_input_is_given_up(site: Site) -> None:
    site.install(_HASH.format(1000))
    with pytest.raises(HostProblem, match="it did not answer within 2 seconds"):
        said(site.direct(operation_timeout=1), seconds=2)
    assert site.host.living() == []


def test_input_that_cannot_be_read_ends_the_command(site: Site) -> None:
    def broken() -> c.Iterator[bytes]:
        yield DATA
        raise HostProblem("the file is gone")

    with pytest.raises(HostProblem, match="the file is gone"):
        said(site.direct(), broken())
    assert site.host.living() == []


@pytest.mark.parametrize("login", ["basic", "ntlm"])
def test_commands_side_by_side(site: Site, login: t.Literal["basic", "ntlm"]) -> None:
    with site.direct(login).side_by_side(4) as carriers:
        assert len(carriers) == 4
        assert len(site.endpoint.shells("alpha")) == 4
        with concurrent.futures.ThreadPoolExecutor(4) as pool:
            answers = list(pool.map(said, carriers))
    assert answers == [hashlib.sha256(DATA).hexdigest()] * 4
    assert len(site.endpoint.shells("alpha")) == 1


@pytest.mark.parametrize("quota", [1, 3])
def test_no_more_shells_than_the_service_allows(site: Site, quota: int) -> None:
    with site.direct(limits=quotas.Quotas(max_shells_per_user=quota)).side_by_side(4) as carriers:
        assert len(carriers) == quota
        assert said(carriers[-1]) == hashlib.sha256(DATA).hexdigest()
    assert len(site.endpoint.shells("alpha")) == 1


def test_a_lost_shell_is_ended_where_the_quota_leaves_no_other(site: Site) -> None:
    """Whoever opens a new one first is refused, and the old one stays with its command."""
    site.install("import time; time.sleep(1000)")
    direct = site.direct(limits=quotas.Quotas(max_shells_per_user=2), operation_timeout=1)
    with direct.side_by_side(2) as (_first, beside):
        site.endpoint.inject("alpha", faults.Fault(faults.Effect.DROP_REQUEST, action="Signal"))
        with pytest.raises(HostProblem, match="it did not answer within 2 seconds"):
            said(beside, seconds=2)
        assert len(site.endpoint.shells("alpha")) == 1
        assert site.host.living() == []
        site.install(_HASH.format(0))
        assert said(beside) == hashlib.sha256(DATA).hexdigest()
    assert len(site.endpoint.shells("alpha")) == 1


def test_an_envelope_without_room_is_refused(site: Site) -> None:
    with pytest.raises(HostProblem, match="mlfleet_winrm_envelope_kb is 5, less than 32"):
        site.direct(envelope_kb=5)
