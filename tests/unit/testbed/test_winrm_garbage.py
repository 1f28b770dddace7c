# Copyright (c) 2026 the mlfleet authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whatever is sent to an endpoint, it answers properly and goes on."""

from __future__ import annotations

import base64
import collections.abc as c
import contextlib
import http.client
import socket
import xml.etree.ElementTree as ET

import hypothesis
import hypothesis.strategies as st
import pytest
from winrm import protocol

from testbed import simulated
from testbed.winrm import endpoint, soap

from .conftest import USERS

Serve = c.Callable[..., endpoint.Endpoint]
Connect = c.Callable[..., protocol.Protocol]

LOGIN = "Basic " + base64.b64encode(f"tester:{USERS['tester']}".encode()).decode()
CREATE = "http://schemas.xmlsoap.org/ws/2004/09/transfer/Create"
COMMAND = "http://schemas.microsoft.com/wbem/wsman/1/windows/shell/Command"


def _envelope(
    action: str = COMMAND,
    body: str = "<rsp:CommandLine><rsp:Command>echo</rsp:Command></rsp:CommandLine>",
    shell: str = "no such",
    resource: str = soap.SHELL_RESOURCE,
    more: str = "",
) -> str:
    prefixes = " ".join(f'xmlns:{prefix}="{uri}"' for prefix, uri in soap.NAMESPACES.items())
    return (
        f"<s:Envelope {prefixes}><s:Header><a:Action>{action}</a:Action><a:MessageID>uuid:1</a:MessageID>"
        f'<w:ResourceURI>{resource}</w:ResourceURI><w:SelectorSet><w:Selector Name="ShellId">{shell}</w:Selector>'
        f"</w:SelectorSet>{more}</s:Header><s:Body>{body}</s:Body></s:Envelope>"
    )


class _Client:
    """A bare HTTP connection with Basic login."""

    def __init__(self, port: int) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)

    def post(self, body: bytes, **headers: str) -> tuple[int, bytes]:
        sent = {"Authorization": LOGIN, "Content-Type": "application/soap+xml", **headers}
        self._connection.request("POST", "/wsman", body, sent)
        reply = self._connection.getresponse()
        return reply.status, reply.read()

    def close(self) -> None:
        self._connection.close()


@contextlib.contextmanager
def _bare(listening: endpoint.Endpoint) -> c.Iterator[_Client]:
    with contextlib.closing(_Client(listening.port)) as client:
        yield client


def _fault_code(answer: bytes) -> int:
    found = ET.fromstring(answer).find(".//{http://schemas.microsoft.com/wbem/wsman/1/wsmanfault}WSManFault")
    assert found is not None
    return int(found.attrib["Code"])


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (_envelope("urn:nosuch"), 0x80338013),
        (_envelope(resource="urn:nosuch"), 0x8033803B),
        (_envelope(), 0x8033805B),
        (_envelope(body="<rsp:Shell/>"), 0x80338041),
        (_envelope(more="<w:MaxEnvelopeSize>8000</w:MaxEnvelopeSize>"), 0x80338035),
        (_envelope(more="<w:MaxEnvelopeSize>-1</w:MaxEnvelopeSize>"), 0x8033800F),
        (_envelope(more="<w:OperationTimeout>soon</w:OperationTimeout>"), 0x8033800F),
        (_envelope().replace("a:Action", "a:Other"), 0x80338011),
        (_envelope().replace("a:MessageID", "a:Other"), 0x80338011),
    ],
)
def test_a_request_that_is_soap_but_wrong_gets_its_fault(
    host: simulated.SimulatedHost, serve: Serve, body: str, code: int
) -> None:
    with _bare(serve(host)) as client:
        status, answer = client.post(body.encode())
    assert (status, _fault_code(answer)) == (500, code)


@pytest.mark.parametrize(
    "body",
    [
        b"garbage",
        b"<a/>",
        b"<?xml version='1.0' encoding='nosuch'?><a/>",
        b"<?xml version='1.0' encoding='utf-7'?><a/>",
        b"<a>" * 60000,
        b'<!DOCTYPE a [<!ENTITY b "bb"><!ENTITY c "&b;&b;">]><a>&c;</a>',
        _envelope().encode().replace(b"2003/05", b"2001/12"),
    ],
)
def test_what_is_no_soap_gets_a_bad_request(host: simulated.SimulatedHost, serve: Serve, body: bytes) -> None:
    with _bare(serve(host)) as client:
        assert client.post(body) == (400, b"")


def test_an_encrypted_message_without_a_login_that_can_encrypt(host: simulated.SimulatedHost, serve: Serve) -> None:
    sealed = {"Content-Type": 'multipart/encrypted;protocol="application/HTTP-SPNEGO-session-encrypted"'}
    with _bare(serve(host)) as client:
        assert client.post(b"--Encrypted Boundary", **sealed) == (400, b"")


@pytest.mark.parametrize("length", ["", "x", "-1", "1e3", "٣"])
def test_a_body_of_unknown_length(host: simulated.SimulatedHost, serve: Serve, length: str) -> None:
    with socket.create_connection(("127.0.0.1", serve(host).port)) as client:
        client.sendall(f"POST /wsman HTTP/1.1\r\nHost: x\r\nContent-Length: {length}\r\n\r\n".encode())
        assert client.recv(65536).startswith(b"HTTP/1.1 411 ")


def test_a_client_that_leaves_in_the_middle(host: simulated.SimulatedHost, serve: Serve, connect: Connect) -> None:
    listening = serve(host)
    for sent in (b"", b"POST", b"POST /wsman HTTP/1.1\r\nContent-Length: 10\r\n\r\nabc", b"\x16\x03\x01\0\0"):
        with socket.create_connection(("127.0.0.1", listening.port)) as client:
            client.sendall(sent)
    connect(listening).open_shell()


def test_two_shells_or_commands_cannot_share_an_id(host: simulated.SimulatedHost, serve: Serve) -> None:
    listening = serve(host)
    create = _envelope(CREATE, '<rsp:Shell ShellId="S"/>').encode()
    command = '<rsp:CommandLine CommandId="C"><rsp:Command>echo</rsp:Command></rsp:CommandLine>'
    run = _envelope(body=command, shell="S").encode()
    with _bare(listening) as client:
        assert [client.post(create)[0], client.post(create)[0]] == [200, 500]
        assert [client.post(run)[0], client.post(run)[0]] == [200, 500]
    assert [command.command_id for command in listening.shells("alpha")[0].commands] == ["C"]


_FUZZ = hypothesis.settings(
    deadline=None, suppress_health_check=[hypothesis.HealthCheck.function_scoped_fixture], max_examples=150
)
_bodies = {
    CREATE: '<rsp:Shell><rsp:Environment><rsp:Variable Name="A">B</rsp:Variable></rsp:Environment></rsp:Shell>',
    COMMAND: "<rsp:CommandLine><rsp:Command>echo</rsp:Command><rsp:Arguments>x</rsp:Arguments></rsp:CommandLine>",
    "http://schemas.microsoft.com/wbem/wsman/1/windows/shell/Send": (
        '<rsp:Send><rsp:Stream Name="stdin" CommandId="C" End="true">eA==</rsp:Stream></rsp:Send>'
    ),
    "http://schemas.microsoft.com/wbem/wsman/1/windows/shell/Receive": (
        '<rsp:Receive><rsp:DesiredStream CommandId="C">stdout stderr</rsp:DesiredStream></rsp:Receive>'
    ),
    "http://schemas.microsoft.com/wbem/wsman/1/windows/shell/Signal": (
        f'<rsp:Signal CommandId="C"><rsp:Code>{soap.TERMINATE}</rsp:Code></rsp:Signal>'
    ),
    "http://schemas.xmlsoap.org/ws/2004/09/transfer/Delete": "",
}
_MORE = "<w:OperationTimeout>PT0.01S</w:OperationTimeout><w:MaxEnvelopeSize>153600</w:MaxEnvelopeSize>"


@st.composite
def _mutated(draw: st.DrawFn) -> bytes:
    action = draw(st.sampled_from(sorted(_bodies)))
    text = _envelope(action, _bodies[action], shell="S", more=_MORE).encode()
    for _time in range(draw(st.integers(0, 4))):
        start = draw(st.integers(0, len(text)))
        end = min(len(text), start + draw(st.integers(0, 30)))
        text = text[:start] + draw(st.binary(max_size=8) | st.sampled_from([b"<", b"</", b"&#0;", b'"'])) + text[end:]
    return text


@_FUZZ
@hypothesis.given(messages=st.lists(st.binary(max_size=200) | _mutated(), min_size=1, max_size=6))
def test_no_message_brings_an_endpoint_down(fuzzed: endpoint.Endpoint, messages: list[bytes]) -> None:
    with _bare(fuzzed) as client:
        for message in messages:
            status, answer = client.post(message)
            assert status in (200, 400, 500)
            # What is answered is well-formed, whatever was asked.
            assert (status == 400) != bool(answer and ET.fromstring(answer)) or not message
    assert fuzzed.crashes == []


@_FUZZ
@hypothesis.given(token=st.binary(max_size=120), body=st.binary(max_size=80), after=st.booleans())
def test_no_login_brings_an_endpoint_down(fuzzed: endpoint.Endpoint, token: bytes, body: bytes, after: bool) -> None:
    encoded = base64.b64encode((b"NTLMSSP\0\1\0\0\0" if after else b"") + token).decode()
    sealed = "multipart/encrypted"
    with _bare(fuzzed) as client:
        for scheme in ("Negotiate", "Basic", "Negotiate"):
            status, answer = client.post(body, Authorization=f"{scheme} {encoded}", **{"Content-Type": sealed})
            assert (status, answer) == (401, b"")
    assert fuzzed.crashes == []


@pytest.fixture
def fuzzed(host: simulated.SimulatedHost, serve: Serve, connect: Connect) -> c.Iterator[endpoint.Endpoint]:
    """An endpoint that still works after all that was done to it."""
    listening = serve(host)
    with _bare(listening) as client:
        client.post(_envelope(CREATE, '<rsp:Shell ShellId="S"/>').encode())
    yield listening
    survivor = connect(listening, username=r"LAB\admin", password=USERS[r"LAB\admin"])
    shell = survivor.open_shell()
    command = survivor.run_command(shell, "echo alive")
    assert survivor.get_command_output(shell, command) == (b"alive\r\n", b"", 0)
