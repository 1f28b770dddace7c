# Copyright (c) 2026 the mlfleet authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Plain pywinrm (and pypsrp) talking to an endpoint."""

from __future__ import annotations

import collections.abc as c
import concurrent.futures
import time

import pypsrp.shell
import pypsrp.wsman
import pytest
from winrm import protocol
from winrm.exceptions import WinRMOperationTimeoutError, WinRMTransportError, WSManFaultError

from testbed import simulated
from testbed.winrm import endpoint

from .conftest import PYTHON, USERS

Serve = c.Callable[..., endpoint.Endpoint]
Connect = c.Callable[..., protocol.Protocol]

ECHO = '"import sys; sys.stdout.write(sys.stdin.read())"'
HANG = '"import time; print(1, flush=True); time.sleep(600)"'
# Prints a line for each line it reads.
ANSWER = "\"import sys; [print(line.strip(), flush=True) for line in iter(sys.stdin.readline, '')]\""


def _started(client: protocol.Protocol, code: str, shell: str = "") -> tuple[str, str]:
    shell = shell or client.open_shell()
    return shell, client.run_command(shell, f"@{PYTHON}", ["-c", code], console_mode_stdin=False)


def _hanging(client: protocol.Protocol, shell: str = "") -> tuple[str, str]:
    """A command that runs for certain: it has printed something."""
    shell, command = _started(client, HANG, shell)
    assert client.get_command_output_raw(shell, command)[0] == b"1\n"
    return shell, command


def _run(client: protocol.Protocol, command: str, arguments: c.Sequence[str] = ()) -> tuple[bytes, bytes, int]:
    shell = client.open_shell()
    command_id = client.run_command(shell, command, arguments)
    output: tuple[bytes, bytes, int] = client.get_command_output(shell, command_id)
    client.cleanup_command(shell, command_id)
    client.close_shell(shell, close_session=False)
    return output


@pytest.mark.parametrize("composition", ["plain", "quoted"])
@pytest.mark.parametrize("transport", ["basic", "ntlm"])
@pytest.mark.parametrize("tls", [False, True])
def test_a_whole_conversation(
    host: simulated.SimulatedHost, serve: Serve, connect: Connect, composition: str, transport: str, tls: bool
) -> None:
    listening = serve(host, composition=composition, tls=tls)
    client = connect(listening, transport=transport, ca_trust_path=str(listening.certificate) if tls else None)
    assert _run(client, "echo said& exit", ["3"]) == (b"said\r\n", b"", 3)
    assert _run(client, f"@{PYTHON}", ["-c", "\"print('x  y')\""]) == (b"x  y\n", b"", 0)
    assert (host.living(), listening.shells("alpha")) == ([], [])
    commands = [exchange.command_line for exchange in listening.log("alpha") if exchange.action == "Command"]
    line = "echo said& exit 3"
    assert commands[0] == r"C:\Windows\system32\cmd.exe /c " + (f'"{line}"' if composition == "quoted" else line)


def test_a_line_that_starts_with_a_quote_survives_only_one_composition(
    make_host: c.Callable[[str], simulated.SimulatedHost], serve: Serve, connect: Connect
) -> None:
    listening = serve(make_host("one"), make_host("two"), composition={"two": "quoted"})
    line = f'{PYTHON} -c "print(1)"'
    assert _run(connect(listening, "one"), line)[1].startswith(rb"'C:\Program' is not recognized")
    assert _run(connect(listening, "two"), line) == (b"1\n", b"", 0)


def test_without_cmd(host: simulated.SimulatedHost, serve: Serve, connect: Connect) -> None:
    listening = serve(host)
    client = connect(listening)
    shell = client.open_shell()
    command = client.run_command(shell, PYTHON, ["-c", "print(1)"], skip_cmd_shell=True)
    assert client.get_command_output(shell, command) == (b"1\n", b"", 0)
    assert listening.log("alpha")[1].command_line == f"{PYTHON} -c print(1)"
    with pytest.raises(WSManFaultError) as refused:
        client.run_command(shell, r"C:\nosuch.exe", skip_cmd_shell=True)
    assert refused.value.wsman_fault_code == 2


@pytest.mark.parametrize("auth", ["basic", "ntlm"])
def test_pypsrp_understands_it_too(host: simulated.SimulatedHost, serve: Serve, auth: str) -> None:
    listening = serve(host)
    with (
        pypsrp.wsman.WSMan(
            "127.0.0.1",
            port=listening.port,
            path=listening.path("alpha").strip("/"),
            username="tester",
            password=USERS["tester"],
            ssl=False,
            auth=auth,
            encryption="never" if auth == "basic" else "always",
            no_proxy=True,
        ) as client,
        pypsrp.shell.WinRS(client) as shell,
    ):
        process = pypsrp.shell.Process(shell, f"@{PYTHON}", ["-c", ECHO])
        process.begin_invoke()
        process.send(b"given")
        process.end_invoke()
        assert (process.stdout, process.stderr, process.rc) == (b"given", b"", 0)
        process.signal(pypsrp.shell.SignalCode.TERMINATE)
    assert host.living() == []


def test_output_arrives_before_the_end_and_input_after_the_start(
    host: simulated.SimulatedHost, serve: Serve, connect: Connect
) -> None:
    listening = serve(host)
    client = connect(listening)
    shell, command = _started(client, ANSWER)
    for line in (b"one", b"two"):
        client.send_command_input(shell, command, line + b"\n")
        assert client.get_command_output_raw(shell, command) == (line + b"\n", b"", -1, False)
    client.send_command_input(shell, command, b"three\n", end=True)
    assert client.get_command_output(shell, command) == (b"three\n", b"", 0)
    received = [exchange.stdin_bytes for exchange in listening.log("alpha") if exchange.action == "Send"]
    assert received == [4, 4, 6]


def test_no_output_in_time_is_the_fault_that_means_ask_again(
    host: simulated.SimulatedHost, serve: Serve, connect: Connect
) -> None:
    listening = serve(host)
    client = connect(listening, operation_timeout_sec=1)
    shell, command = _started(client, ANSWER)
    before = time.monotonic()
    with pytest.raises(WinRMOperationTimeoutError):
        client.get_command_output_raw(shell, command)
    assert time.monotonic() - before >= 1
    assert listening.log("alpha")[-1].fault_code == 2150858793
    client.send_command_input(shell, command, b"late\n", end=True)
    assert client.get_command_output(shell, command) == (b"late\n", b"", 0)


def test_more_output_than_one_answer_holds(host: simulated.SimulatedHost, serve: Serve, connect: Connect) -> None:
    listening = serve(host)
    client = connect(listening)
    shell, command = _started(client, "\"import sys; sys.stdout.write('x' * 900000); sys.stderr.write('y' * 300000)\"")
    assert client.get_command_output(shell, command) == (b"x" * 900000, b"y" * 300000, 0)
    # What pywinrm names in its MaxEnvelopeSize header.
    assert max(exchange.bytes_out for exchange in listening.log("alpha")) <= 153600


def test_a_command_nobody_reads_from_waits(host: simulated.SimulatedHost, serve: Serve, connect: Connect) -> None:
    client = connect(serve(host))
    shell, command = _started(client, "\"import sys; sys.stdout.write('x' * 5000000); sys.stdout.flush()\"")
    stdout, _stderr, _code, done = client.get_command_output_raw(shell, command)
    assert len(stdout) < 5000000
    assert not done
    assert len(host.living()) == 2


def test_input_larger_than_a_pipe(host: simulated.SimulatedHost, serve: Serve, connect: Connect) -> None:
    client = connect(serve(host))
    shell, command = _started(client, '"import sys; print(len(sys.stdin.read()))"')
    for _time in range(3):
        client.send_command_input(shell, command, b"x" * 300000)
    client.send_command_input(shell, command, b"", end=True)
    assert client.get_command_output(shell, command) == (b"900000\n", b"", 0)


def test_input_that_nobody_takes_times_out_and_keeps_the_command_busy(
    host: simulated.SimulatedHost, serve: Serve, connect: Connect
) -> None:
    client = connect(serve(host), operation_timeout_sec=1)
    shell, command = _started(client, '"import sys, time; time.sleep(2.5); print(len(sys.stdin.read()))"')
    with pytest.raises(WinRMOperationTimeoutError):
        client.send_command_input(shell, command, b"x" * 300000, end=True)
    with pytest.raises(WSManFaultError) as busy:
        client.send_command_input(shell, command, b"y")
    assert busy.value.wsman_fault_code == 170
    # As ansible-core counts on: what timed out still arrives.
    assert client.get_command_output(shell, command) == (b"300000\n", b"", 0)


def test_input_for_a_command_that_has_ended(host: simulated.SimulatedHost, serve: Serve, connect: Connect) -> None:
    client = connect(serve(host))
    shell, command = _started(client, "print()")
    client.get_command_output(shell, command)
    with pytest.raises(WSManFaultError) as refused:
        client.send_command_input(shell, command, b"x")
    assert refused.value.wsman_fault_code == 109
    client.cleanup_command(shell, command)


def test_terminate_leaves_no_process(host: simulated.SimulatedHost, serve: Serve, connect: Connect) -> None:
    listening = serve(host)
    client = connect(listening)
    shell, command = _hanging(client)
    assert [state.running for state in listening.shells("alpha")[0].commands] == [True]
    client.cleanup_command(shell, command)
    assert host.living() == []
    assert listening.shells("alpha")[0].commands == ()
    with pytest.raises(WSManFaultError) as gone:
        client.get_command_output_raw(shell, command)
    assert (gone.value.wsman_fault_code, gone.value.fault_subcode) == (2150858843, "w:InvalidSelectors")


def test_deleting_a_shell_ends_its_commands_and_only_those(
    host: simulated.SimulatedHost, serve: Serve, connect: Connect
) -> None:
    listening = serve(host)
    client = connect(listening)
    first, _rest = _hanging(client)
    _hanging(client, first)
    second, command = _started(client, ANSWER)
    client.send_command_input(second, command, b"here\n")
    assert client.get_command_output_raw(second, command)[0] == b"here\n"
    assert len(host.living()) == 6
    client.close_shell(first, close_session=False)
    assert [state.shell_id for state in listening.shells("alpha")] == [second]
    assert len(host.living()) == 2
    client.send_command_input(second, command, b"still here\n", end=True)
    assert client.get_command_output(second, command) == (b"still here\n", b"", 0)
    with pytest.raises(WSManFaultError) as gone:
        client.close_shell(first)
    assert (gone.value.wsman_fault_code, gone.value.fault_subcode) == (2150858843, "w:InvalidSelectors")


def test_a_receive_under_way_ends_when_its_command_is_terminated(
    host: simulated.SimulatedHost, serve: Serve, connect: Connect
) -> None:
    listening = serve(host)
    client = connect(listening)
    shell, command = _started(client, ANSWER)
    other = connect(listening)
    with concurrent.futures.ThreadPoolExecutor() as pool:
        waiting = pool.submit(other.get_command_output_raw, shell, command)
        # Once this is answered, the Receive of the other connection has had time to arrive or comes too late: both
        # end with a fault.
        client.send_command_input(shell, command, b"")
        client.cleanup_command(shell, command)
        with pytest.raises(WSManFaultError) as ended:
            waiting.result()
    assert ended.value.wsman_fault_code in (995, 2150858843)


def test_closing_the_endpoint_ends_what_runs(host: simulated.SimulatedHost, connect: Connect) -> None:
    with endpoint.Endpoint([host], users=USERS) as listening:
        _hanging(connect(listening))
        assert len(host.living()) == 2
    assert host.living() == []


def test_the_environment_of_a_shell(host: simulated.SimulatedHost, serve: Serve, connect: Connect) -> None:
    client = connect(serve(host))
    shell = client.open_shell(env_vars={"ADDED": "by the shell"})
    command = client.run_command(shell, "echo %added%")
    assert client.get_command_output(shell, command)[0] == b"by the shell\r\n"


def test_what_the_test_bed_cannot_do_is_said_aloud(
    host: simulated.SimulatedHost, serve: Serve, connect: Connect
) -> None:
    client = connect(serve(host))
    shell = client.open_shell()
    with pytest.raises(WSManFaultError, match="does not do that: a pipe"):
        client.run_command(shell, "a | b")
    with pytest.raises(WSManFaultError, match="WorkingDirectory"):
        client.open_shell(working_directory="C:\\")


def test_the_log_knows_the_stdin_mode(host: simulated.SimulatedHost, serve: Serve, connect: Connect) -> None:
    listening = serve(host)
    client = connect(listening)
    shell = client.open_shell()
    for mode in (True, False):
        client.run_command(shell, "echo", console_mode_stdin=mode)
        assert listening.log("alpha")[-1].console_mode_stdin is mode


def test_plain_wsman_is_the_first_host_and_others_are_unknown(
    make_host: c.Callable[[str], simulated.SimulatedHost], serve: Serve, connect: Connect
) -> None:
    listening = serve(make_host("first"), make_host("the second"))

    def name_at(path: str) -> bytes:
        client = connect(listening, "first")
        client.transport.endpoint = f"http://127.0.0.1:{listening.port}{path}"
        return _run(client, "echo %COMPUTERNAME%")[0].strip()

    assert name_at("/wsman") == b"FIRST"
    assert name_at("/first/wsman") == b"FIRST"
    assert name_at("/the%20second/wsman") == b"THE SECOND"
    with pytest.raises(WinRMTransportError, match="404"):
        name_at("/third/wsman")


@pytest.mark.slow
def test_three_hundred_hosts_from_one_process(
    make_host: c.Callable[[str], simulated.SimulatedHost], serve: Serve, connect: Connect
) -> None:
    names = [f"host{number:03}" for number in range(300)]
    listening = serve(*map(make_host, names))
    clients = [connect(listening, name) for name in names]

    # All shells are open at the same time before the first command runs.
    with concurrent.futures.ThreadPoolExecutor(32) as pool:
        opened = list(pool.map(lambda client: client.open_shell(), clients))
        said = list(pool.map(_name_said, clients, opened))
    assert said == [name.upper() for name in names]
    assert all(len(listening.shells(name)) == 1 for name in names)


def _name_said(client: protocol.Protocol, shell: str) -> str:
    command = client.run_command(shell, "echo %COMPUTERNAME%")
    stdout: bytes = client.get_command_output(shell, command)[0]
    return stdout.decode().strip()
