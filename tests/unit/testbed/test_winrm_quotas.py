# Copyright (c) 2026 the mlfleet authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The limits of a WinRM service, and what a client sees of them."""

from __future__ import annotations

import collections.abc as c

import pytest
from winrm import protocol
from winrm.exceptions import WinRMOperationTimeoutError, WinRMTransportError, WSManFaultError

from testbed import simulated
from testbed.winrm import endpoint, quotas

from .conftest import PYTHON

Serve = c.Callable[..., endpoint.Endpoint]
Connect = c.Callable[..., protocol.Protocol]


def test_too_many_shells(host: simulated.SimulatedHost, serve: Serve, connect: Connect) -> None:
    listening = serve(host, limits=quotas.Quotas(max_shells_per_user=2))
    client = connect(listening)
    first, _rest = client.open_shell(), client.open_shell()
    with pytest.raises(WSManFaultError, match="maximum number of concurrent shells") as refused:
        client.open_shell()
    assert refused.value.wmierror_code == 0x803381A5
    connect(listening, username=r"LAB\admin", password="Sesame-43").open_shell()
    client.close_shell(first, close_session=False)
    client.open_shell()


def test_terminate_gives_no_operation_back_but_delete_does(
    host: simulated.SimulatedHost, serve: Serve, connect: Connect
) -> None:
    listening = serve(host, limits=quotas.Quotas(max_concurrent_operations_per_user=2))
    client = connect(listening)
    shell = client.open_shell()
    for _time in range(2):
        client.cleanup_command(shell, client.run_command(shell, "echo"))
    with pytest.raises(WSManFaultError, match="maximum number of concurrent operations") as refused:
        client.run_command(shell, "echo")
    # The very value that makes ansible-core's winrm connection open a new shell.
    assert refused.value.wmierror_code == 0x803381A6
    client.close_shell(shell, close_session=False)
    client.run_command(client.open_shell(), "echo")


def test_too_many_commands_at_once_in_a_shell(host: simulated.SimulatedHost, serve: Serve, connect: Connect) -> None:
    client = connect(serve(host, limits=quotas.Quotas(max_processes_per_shell=2)))
    shell = client.open_shell()
    waiting = [client.run_command(shell, f"@{PYTHON}", ["-c", "input()"]) for _time in range(2)]
    with pytest.raises(WSManFaultError) as refused:
        client.run_command(shell, "echo")
    assert refused.value.wmierror_code == 0x803381E9
    client.send_command_input(shell, waiting[0], b"\n", end=True)
    assert client.get_command_output(shell, waiting[0])[2] == 0
    client.run_command(shell, "echo")


@pytest.mark.parametrize("transport", ["basic", "ntlm"])
def test_an_envelope_over_the_limit_is_answered_by_http(
    host: simulated.SimulatedHost, serve: Serve, connect: Connect, transport: str
) -> None:
    listening = serve(host)
    client = connect(listening, transport=transport)
    shell = client.open_shell()
    command = client.run_command(shell, f"@{PYTHON}", ["-c", '"import sys; print(len(sys.stdin.read()))"'])
    # The share of base64 and of the envelope around it.
    fitting = 512000 * 3 // 4 - 2000
    client.send_command_input(shell, command, b"x" * fitting)
    with pytest.raises(WinRMTransportError) as refused:
        client.send_command_input(shell, command, b"x" * (fitting + 3000))
    assert refused.value.code == 413
    assert (listening.log("alpha")[-1].action, listening.log("alpha")[-1].status) == ("", 413)
    client.send_command_input(shell, command, b"", end=True)
    assert client.get_command_output(shell, command)[0] == b"%d\n" % fitting


def test_a_client_cannot_wait_longer_than_the_service_allows(
    host: simulated.SimulatedHost, serve: Serve, connect: Connect
) -> None:
    client = connect(serve(host, limits=quotas.Quotas(max_timeout_ms=300)), operation_timeout_sec=29)
    shell = client.open_shell()
    command = client.run_command(shell, f"@{PYTHON}", ["-c", "input()"])
    with pytest.raises(WinRMOperationTimeoutError):
        client.get_command_output_raw(shell, command)
