# Copyright (c) 2026 the mlfleet authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who gets in, and what can be seen on the wire."""

from __future__ import annotations

import collections.abc as c
import os
import socket
import threading

import pytest
import requests
import requests.exceptions
from winrm import protocol
from winrm.exceptions import InvalidCredentialsError, WinRMTransportError

from testbed import simulated
from testbed.winrm import auth, endpoint

from .conftest import USERS

Serve = c.Callable[..., endpoint.Endpoint]
Connect = c.Callable[..., protocol.Protocol]


class _Tap:
    """Passes one connection on and keeps what went by."""

    def __init__(self, port: int) -> None:
        self.seen = bytearray()
        self._onward = port
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def close(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join()

    def _serve(self) -> None:
        client, _rest = self._listener.accept()
        with client, socket.create_connection(("127.0.0.1", self._onward)) as server:
            back = threading.Thread(target=self._pass, args=(server, client))
            back.start()
            self._pass(client, server)
            back.join()

    def _pass(self, source: socket.socket, target: socket.socket) -> None:
        while data := source.recv(65536):
            self.seen += data
            target.sendall(data)
        target.shutdown(socket.SHUT_WR)


@pytest.mark.parametrize(("transport", "visible"), [("basic", True), ("ntlm", False)])
def test_ntlm_hides_the_messages_and_the_password(
    host: simulated.SimulatedHost, serve: Serve, connect: Connect, transport: str, visible: bool
) -> None:
    listening = serve(host)
    tap = _Tap(listening.port)
    client = connect(listening, transport=transport)
    client.transport.endpoint = f"http://127.0.0.1:{tap.port}/wsman"
    shell = client.open_shell()
    command = client.run_command(shell, "echo secret message")
    assert client.get_command_output(shell, command)[0] == b"secret message\r\n"
    client.close_shell(shell)
    tap.close()
    for text in (b"soap-envelope", b"echo secret message", b"CommandState"):
        assert (text in tap.seen) is visible
    assert USERS["tester"].encode() not in tap.seen
    assert (b"application/HTTP-SPNEGO-session-encrypted" in tap.seen) is not visible


@pytest.mark.parametrize("transport", ["basic", "ntlm"])
@pytest.mark.parametrize(("user", "password"), [("tester", "wrong"), ("nobody", "Sesame-42"), ("tester", "")])
def test_a_wrong_password_or_name(
    host: simulated.SimulatedHost, serve: Serve, connect: Connect, transport: str, user: str, password: str
) -> None:
    listening = serve(host)
    with pytest.raises(InvalidCredentialsError):
        connect(listening, transport=transport, username=user, password=password).open_shell()
    assert listening.shells("alpha") == []
    assert {exchange.status for exchange in listening.log("alpha")} == {401}


@pytest.mark.parametrize("transport", ["basic", "ntlm"])
def test_a_user_of_a_domain(host: simulated.SimulatedHost, serve: Serve, connect: Connect, transport: str) -> None:
    listening = serve(host)
    connect(listening, transport=transport, username=r"LAB\admin", password=USERS[r"LAB\admin"]).open_shell()
    assert [shell.user for shell in listening.shells("alpha")] == [r"LAB\admin"]


def test_the_offers_of_an_endpoint(host: simulated.SimulatedHost, serve: Serve) -> None:
    offers: dict[tuple[auth.Scheme, ...], str] = {
        ("basic", "ntlm"): 'Negotiate, Basic realm="WSMAN"',
        ("basic",): 'Basic realm="WSMAN"',
        ("ntlm",): "Negotiate",
    }
    for schemes, offered in offers.items():
        reply = requests.post(serve(host, auth=schemes).url("alpha"), b"x", timeout=30)
        assert (reply.status_code, reply.headers["WWW-Authenticate"]) == (401, offered)


def test_a_login_that_is_not_offered(host: simulated.SimulatedHost, serve: Serve, connect: Connect) -> None:
    with pytest.raises(InvalidCredentialsError):
        connect(serve(host, auth=("ntlm",))).open_shell()
    with pytest.raises(InvalidCredentialsError):
        connect(serve(host, auth=("basic",)), transport="ntlm", message_encryption="never").open_shell()


def test_a_new_connection_cannot_use_the_encryption_of_an_old_one(
    host: simulated.SimulatedHost, serve: Serve, connect: Connect
) -> None:
    client = connect(serve(host), transport="ntlm")
    shell = client.open_shell()
    # What happens to ansible-core's clean-up after a task time-out: the sealed message goes out on another socket.
    client.transport.build_session().close()
    with pytest.raises(WinRMTransportError, match="Code 400"):
        client.close_shell(shell)


def test_an_unknown_certificate_is_refused_by_the_client(
    host: simulated.SimulatedHost, serve: Serve, connect: Connect
) -> None:
    listening = serve(host, tls=True)
    with pytest.raises(requests.exceptions.SSLError, match=r"self-signed|self signed"):
        connect(listening, ca_trust_path=None).open_shell()
    assert listening.log("alpha") == []
    connect(listening, ca_trust_path=str(listening.certificate)).open_shell()
    connect(listening, server_cert_validation="ignore").open_shell()
    assert len(listening.shells("alpha")) == 2


@pytest.mark.parametrize("send_cbt", [True, False])
def test_ntlm_over_https_with_and_without_channel_bindings(
    host: simulated.SimulatedHost, serve: Serve, connect: Connect, send_cbt: bool
) -> None:
    listening = serve(host, tls=True)
    trusted = {"ca_trust_path": str(listening.certificate), "send_cbt": send_cbt}
    connect(listening, transport="ntlm", **trusted).open_shell()
    connect(listening, transport="ntlm", message_encryption="always", **trusted).open_shell()
    assert len(listening.shells("alpha")) == 2


def test_endpoints_with_different_users_side_by_side(
    host: simulated.SimulatedHost, serve: Serve, connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NTLM_USER_FILE", "nowhere")
    first, second = serve(host), serve(host, users={"tester": "other"})
    connect(first, transport="ntlm").open_shell()
    connect(second, transport="ntlm", password="other").open_shell()
    with pytest.raises(InvalidCredentialsError):
        connect(second, transport="ntlm").open_shell()
    assert os.environ["NTLM_USER_FILE"] == "nowhere"
