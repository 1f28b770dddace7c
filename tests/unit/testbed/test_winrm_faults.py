# Copyright (c) 2026 the mlfleet authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Faults on demand."""

from __future__ import annotations

import collections.abc as c
import time

import pytest
import requests.exceptions
from winrm import protocol
from winrm.exceptions import WinRMTransportError

from testbed import simulated
from testbed.winrm import endpoint
from testbed.winrm.faults import Effect, Fault

Serve = c.Callable[..., endpoint.Endpoint]
Connect = c.Callable[..., protocol.Protocol]

LOST = (requests.exceptions.ConnectionError, requests.exceptions.ChunkedEncodingError)


@pytest.mark.parametrize(
    ("effect", "started"), [(Effect.DROP_REQUEST, 0), (Effect.DROP_ANSWER, 1), (Effect.TRUNCATE_ANSWER, 1)]
)
@pytest.mark.parametrize("transport", ["basic", "ntlm"])
def test_a_lost_connection(
    host: simulated.SimulatedHost, serve: Serve, connect: Connect, effect: Effect, started: int, transport: str
) -> None:
    listening = serve(host)
    listening.inject("alpha", Fault(effect, "Command"))
    client = connect(listening, transport=transport)
    shell = client.open_shell()
    with pytest.raises(LOST):
        client.run_command(shell, "echo")
    assert len(listening.shells("alpha")[0].commands) == started


def test_an_error_without_a_body(host: simulated.SimulatedHost, serve: Serve, connect: Connect) -> None:
    listening = serve(host)
    listening.inject("alpha", Fault(Effect.HTTP_500, "Signal"))
    client = connect(listening)
    shell = client.open_shell()
    command = client.run_command(shell, "echo hi")
    with pytest.raises(WinRMTransportError) as failed:
        client.cleanup_command(shell, command)
    assert (failed.value.code, failed.value.response_text) == (500, "")
    assert client.get_command_output(shell, command)[0] == b"hi\r\n"
    client.cleanup_command(shell, command)


def test_slow_answers(host: simulated.SimulatedHost, serve: Serve, connect: Connect) -> None:
    listening = serve(host)
    listening.inject("alpha", Fault(Effect.SLOW, delay=0.4, count=None))
    client = connect(listening)
    before = time.monotonic()
    client.close_shell(client.open_shell())
    assert time.monotonic() - before >= 0.8


def test_the_nth_message_is_hit_and_no_other_host(
    make_host: c.Callable[[str], simulated.SimulatedHost], serve: Serve, connect: Connect
) -> None:
    listening = serve(make_host("sick"), make_host("sound"))
    listening.inject("sick", Fault(Effect.HTTP_500, first=2, count=2))
    answered = {}
    for name in ("sick", "sound"):
        client = connect(listening, name)
        answered[name] = "".join(_opens(client) for _time in range(5))
    assert answered == {"sick": "+--++", "sound": "+++++"}


def _opens(client: protocol.Protocol) -> str:
    try:
        client.open_shell()
    except WinRMTransportError:
        return "-"
    return "+"
