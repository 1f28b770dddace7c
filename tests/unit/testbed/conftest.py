# Copyright (c) 2026 the mlfleet authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A simulated host with a Python on it, and a conversation with it through an endpoint."""

from __future__ import annotations

import collections.abc as c
import contextlib
import pathlib
import sys
import typing as t

import pytest
from winrm import protocol

from testbed import simulated
from testbed.winrm import endpoint

USERS = {"tester": "Sesame-42", r"LAB\admin": "Sesame-43"}
PYTHON = r'"C:\Program Files\Python\python.exe"'


@pytest.fixture
def make_host(tmp_path: pathlib.Path) -> c.Iterator[c.Callable[[str], simulated.SimulatedHost]]:
    """Makes hosts that have this test's Python at PYTHON."""
    with contextlib.ExitStack() as made:

        def make(name: str, **options: t.Any) -> simulated.SimulatedHost:
            host = simulated.SimulatedHost(name, tmp_path / name, **options)
            place = host.place(r"C:\Program Files\Python\python.exe")
            place.parent.mkdir(parents=True)
            place.symlink_to(sys.executable)
            made.callback(_close, host)
            return host

        yield make


@pytest.fixture
def host(make_host: c.Callable[[str], simulated.SimulatedHost]) -> simulated.SimulatedHost:
    return make_host("alpha")


@pytest.fixture
def serve() -> c.Iterator[c.Callable[..., endpoint.Endpoint]]:
    """Starts endpoints; at the end none may have crashed."""
    with contextlib.ExitStack() as opened:

        def start(*hosts: simulated.SimulatedHost, **options: t.Any) -> endpoint.Endpoint:
            listening = endpoint.Endpoint(hosts, **{"users": USERS, **options})
            opened.callback(_check_crashes, listening)
            return opened.enter_context(listening)

        yield start


@pytest.fixture
def connect() -> c.Iterator[c.Callable[..., protocol.Protocol]]:
    """Makes pywinrm clients."""
    with contextlib.ExitStack() as opened:

        def make(listening: endpoint.Endpoint, name: str = "alpha", **options: t.Any) -> protocol.Protocol:
            login = {"transport": "basic", "username": "tester", "password": USERS["tester"]}
            # Nothing of the machine's own proxies and certificates.
            network = {"proxy": None, "ca_trust_path": None}
            timeouts = {"operation_timeout_sec": 20, "read_timeout_sec": 30}
            client = protocol.Protocol(listening.url(name), **{**login, **network, **timeouts, **options})
            opened.callback(client.transport.close_session)
            return client

        yield make


def _close(host: simulated.SimulatedHost) -> None:
    host.close()
    assert host.living() == []


def _check_crashes(listening: endpoint.Endpoint) -> None:
    assert listening.crashes == []
