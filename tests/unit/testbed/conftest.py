# Copyright (c) 2026 the mlfleet authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A simulated host with a Python on it, and a conversation with it through an endpoint."""

from __future__ import annotations

import collections.abc as c
import contextlib
import pathlib
import sys

import pytest
import winrm

from testbed import simulated
from testbed.winrm import endpoint

USERS = {"tester": "Sesame-42", r"LAB\admin": "Sesame-43"}
PYTHON = r'"C:\Program Files\Python\python.exe"'


@pytest.fixture
def make_host(tmp_path: pathlib.Path) -> c.Iterator[c.Callable[[str], simulated.SimulatedHost]]:
    """Makes hosts that have this test's Python at PYTHON."""
    with contextlib.ExitStack() as made:

        def make(name: str, **options: object) -> simulated.SimulatedHost:
            host = simulated.SimulatedHost(name, tmp_path / name, **options)  # type: ignore[arg-type]
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

        def start(*hosts: simulated.SimulatedHost, **options: object) -> endpoint.Endpoint:
            listening = endpoint.Endpoint(hosts, **{"users": USERS, **options})  # type: ignore[arg-type]
            opened.callback(_check_crashes, listening)
            return opened.enter_context(listening)

        yield start


@pytest.fixture
def connect() -> c.Iterator[c.Callable[..., winrm.Protocol]]:
    """Makes pywinrm clients."""
    with contextlib.ExitStack() as opened:

        def make(listening: endpoint.Endpoint, name: str = "alpha", **options: object) -> winrm.Protocol:
            login = {"transport": "basic", "username": "tester", "password": USERS["tester"]}
            timeouts = {"operation_timeout_sec": 20, "read_timeout_sec": 30, "proxy": None}
            client = winrm.Protocol(listening.url(name), **{**login, **timeouts, **options})
            opened.callback(client.transport.close_session)
            return client

        yield make


def _close(host: simulated.SimulatedHost) -> None:
    host.close()
    assert host.living() == []


def _check_crashes(listening: endpoint.Endpoint) -> None:
    assert listening.crashes == []
