# Copyright (c) 2026 the mlfleet authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A WinRM listener on the loopback address that stands in front of many test-bed hosts."""

from __future__ import annotations

import collections.abc as c
import contextlib
import dataclasses
import http.server
import pathlib
import socket
import ssl
import sys
import tempfile
import threading
import types
import typing as t
import urllib.parse

from testbed import hosts
from testbed.winrm import auth, faults, quotas, service, shells, soap, tls

_SOAP_TYPE = "application/soap+xml;charset=UTF-8"
# How much of a request that is refused for its size is still read, so that the client gets to see the answer.
_LARGEST_READ = 64 * 1024 * 1024


@dataclasses.dataclass(frozen=True)
class Exchange:
    """One HTTP exchange with a host. `action` is empty for what never became a SOAP request (logins, garbage)."""

    action: str
    status: int
    bytes_in: int
    bytes_out: int
    fault_code: int = 0
    shell_id: str = ""
    command_id: str = ""
    command_line: str = ""
    console_mode_stdin: bool = False
    stdin_bytes: int = 0


@dataclasses.dataclass(frozen=True)
class _Reply:
    status: int
    body: bytes = b""
    content_type: str = _SOAP_TYPE
    headers: tuple[tuple[str, str], ...] = ()


class _Front:
    """What the endpoint keeps for one host."""

    def __init__(self, host: hosts.Host, limits: quotas.Quotas, composition: service.Composition) -> None:
        self.machine = host.name
        self.service = service.Service(host, limits, composition)
        self.faults = faults.FaultPlan()
        self.log: list[Exchange] = []


class Endpoint:
    """Serves WinRM for hosts, told apart by URL path: `/<host name>/wsman`, plain `/wsman` for the first.

    `crashes` holds what went wrong in the endpoint itself; a test bed in order leaves it empty.
    """

    def __init__(
        self,
        served: c.Sequence[hosts.Host],
        *,
        users: c.Mapping[str, str],
        tls: bool = False,
        auth: tuple[auth.Scheme, ...] = ("basic", "ntlm"),
        composition: service.Composition | c.Mapping[str, service.Composition] = "plain",
        limits: quotas.Quotas = quotas.DEFAULTS,
    ) -> None:
        chosen = composition if isinstance(composition, c.Mapping) else {host.name: composition for host in served}
        self.limits = limits
        self.crashes: list[BaseException] = []
        self.closing = threading.Event()
        self._fronts = {host.name: _Front(host, limits, chosen.get(host.name, "plain")) for host in served}
        self._users = users
        self._schemes = auth
        self._tls = tls
        self._cleanup = contextlib.ExitStack()

    def __enter__(self) -> Endpoint:
        with contextlib.ExitStack() as started:
            self._start(started)
            self._cleanup = started.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: types.TracebackType | None
    ) -> None:
        self.closing.set()
        self._cleanup.close()

    def _start(self, started: contextlib.ExitStack) -> None:
        folder = pathlib.Path(started.enter_context(tempfile.TemporaryDirectory(prefix="mlfleet-winrm-")))
        self.doorkeeper = auth.Doorkeeper(self._users, self._schemes, folder / "users")
        self.doorkeeper.write_user_file()
        self.certificate = folder / "certificate.pem"
        context = tls.make_certificate(folder).server_context() if self._tls else None
        server = _Server(self, context)
        # Once more at the end: a request that was under way may have opened something.
        started.callback(self._close_services)
        started.callback(server.server_close)
        started.callback(self._close_services)
        started.callback(server.close_connections)
        self.port: int = server.server_address[1]
        listening = threading.Thread(
            target=server.serve_forever, kwargs={"poll_interval": 0.05}, name="winrm-listener", daemon=True
        )
        listening.start()
        started.callback(listening.join)
        started.callback(server.shutdown)

    def _close_services(self) -> None:
        for front in self._fronts.values():
            front.service.close()

    def path(self, host_name: str) -> str:
        """The URL path of a host."""
        return f"/{urllib.parse.quote(host_name, safe='')}/wsman"

    def url(self, host_name: str) -> str:
        """The whole URL of a host."""
        return f"{'https' if self._tls else 'http'}://127.0.0.1:{self.port}{self.path(host_name)}"

    def log(self, host_name: str) -> list[Exchange]:
        """What was said to a host so far; an exchange is in it before its answer is on the wire."""
        return list(self._fronts[host_name].log)

    def shells(self, host_name: str) -> list[shells.ShellState]:
        """The open shells of a host and their commands."""
        return self._fronts[host_name].service.shells.states()

    def inject(self, host_name: str, fault: faults.Fault) -> None:
        """Makes a host misbehave."""
        self._fronts[host_name].faults.add(fault)

    def _front(self, path: str) -> _Front | None:
        parts = urllib.parse.urlsplit(path).path.strip("/").split("/")
        if parts[-1].lower() != "wsman" or len(parts) > 2:
            return None
        if len(parts) == 1:
            return next(iter(self._fronts.values()))
        return self._fronts.get(urllib.parse.unquote(parts[0]))


class _Server(http.server.ThreadingHTTPServer):
    request_queue_size = 1024
    # server_close() then waits for the threads of all connections.
    daemon_threads = False

    def __init__(self, endpoint: Endpoint, context: ssl.SSLContext | None) -> None:
        self.endpoint = endpoint
        self._context = context
        self._lock = threading.Lock()
        self._connections: set[socket.socket] = set()
        super().__init__(("127.0.0.1", 0), _Connection)

    def get_request(self) -> tuple[socket.socket, t.Any]:
        connection, address = super().get_request()
        if self._context is not None:
            # The handshake happens in the connection's own thread: a slow client must not stop the others.
            connection = self._context.wrap_socket(connection, server_side=True, do_handshake_on_connect=False)
        with self._lock:
            self._connections.add(connection)
        return connection, address

    def shutdown_request(self, request: t.Any) -> None:
        with self._lock:
            self._connections.discard(request)
        super().shutdown_request(request)

    def close_connections(self) -> None:
        with self._lock:
            connections = list(self._connections)
        for connection in connections:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def handle_error(self, request: t.Any, client_address: t.Any) -> None:
        error = sys.exc_info()[1]
        if error is not None and not isinstance(error, (OSError, EOFError)):
            self.endpoint.crashes.append(error)


class _Connection(http.server.BaseHTTPRequestHandler):
    """One connection with its login; all its requests come one after the other."""

    server: _Server
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def setup(self) -> None:
        super().setup()
        self._visitor = auth.Visitor(self.server.endpoint.doorkeeper)

    def version_string(self) -> str:
        return "Microsoft-HTTPAPI/2.0"

    def log_message(self, format: str, *args: t.Any) -> None:
        pass

    def do_POST(self) -> None:
        size = self._body_size()
        if size is None:
            return
        body = self.rfile.read(size)
        if len(body) < size:
            self.close_connection = True
            return
        front = self.server.endpoint._front(self.path)
        if front is None:
            self._write(_Reply(404))
            return
        challenges = self._visitor.admit(self.headers.get("Authorization", ""))
        if challenges:
            reply = _Reply(401, headers=tuple(("WWW-Authenticate", challenge) for challenge in challenges))
            self._finish(front, reply, body, Exchange("", reply.status, size, 0))
        elif not body:
            # pywinrm sets message encryption up with an empty request.
            self._finish(front, _Reply(200), body, Exchange("", 200, 0, 0))
        else:
            self._converse(front, body)

    def _body_size(self) -> int | None:
        text = self.headers.get("Content-Length", "")
        if not text.isascii() or not text.isdigit() or len(text) > 12 or int(text) > _LARGEST_READ:
            self.close_connection = True
            self._write(_Reply(413 if text.isdigit() else 411))
            return None
        return int(text)

    def _converse(self, front: _Front, body: bytes) -> None:
        encrypted = self.headers.get("Content-Type", "").startswith("multipart/encrypted")
        try:
            message = self._visitor.decrypt(body) if encrypted else body
            if len(message) > self.server.endpoint.limits.max_envelope_size:
                # HTTP.sys style: no SOAP, which clients turn into ERROR_WSMAN_HTTP_REQUEST_TOO_LARGE_STATUS.
                self._finish(front, _Reply(413), body, Exchange("", 413, len(body), 0))
                return
            envelope = soap.read_envelope(message)
        except (auth.NotDecryptedError, soap.NotSoapError):
            self._finish(front, _Reply(400), body, Exchange("", 400, len(body), 0))
            return
        hitting = front.faults.next_message(envelope.action)
        effects = {fault.effect for fault in hitting}
        if faults.Effect.SLOW in effects:
            self.server.endpoint.closing.wait(sum(fault.delay for fault in hitting))
        if faults.Effect.DROP_REQUEST in effects:
            front.log.append(Exchange(envelope.action, 0, len(body), 0))
            self._drop()
        elif faults.Effect.HTTP_500 in effects:
            self._finish(front, _Reply(500), body, Exchange(envelope.action, 500, len(body), 0))
        else:
            self._answer(front, envelope, body, encrypted, effects)

    def _answer(
        self, front: _Front, envelope: soap.Envelope, body: bytes, encrypted: bool, effects: set[faults.Effect]
    ) -> None:
        status, answer, exchange = self._carry_out(front, envelope)
        if encrypted:
            reply = _Reply(status, self._visitor.encrypt(answer), auth.ENCRYPTED_TYPE)
        else:
            reply = _Reply(status, answer)
        if faults.Effect.DROP_ANSWER in effects:
            front.log.append(dataclasses.replace(exchange, bytes_in=len(body)))
            self._drop()
        else:
            self._finish(front, reply, body, exchange, faults.Effect.TRUNCATE_ANSWER in effects)

    def _carry_out(self, front: _Front, envelope: soap.Envelope) -> tuple[int, bytes, Exchange]:
        limits = self.server.endpoint.limits
        try:
            request = soap.understand(envelope, limits.max_timeout, limits.max_envelope_size)
            done = front.service.carry_out(request, self._visitor.user)
        except soap.SoapFault as fault:
            answer = soap.fault(fault.detail, front.machine, envelope.message_id)
            return 500, answer, Exchange(envelope.action, 500, 0, 0, fault.detail.code)
        logged = {key: value for key, value in vars(done).items() if key != "answer"}
        return 200, done.answer, Exchange(request.action, 200, 0, 0, **logged)

    def _finish(self, front: _Front, reply: _Reply, body: bytes, exchange: Exchange, truncated: bool = False) -> None:
        front.log.append(dataclasses.replace(exchange, bytes_in=len(body), bytes_out=len(reply.body)))
        self._write(reply, truncated)

    def _write(self, reply: _Reply, truncated: bool = False) -> None:
        """Sends an answer with one write: two would cost a delayed acknowledgement."""
        lines = [
            f"HTTP/1.1 {reply.status} {http.server.BaseHTTPRequestHandler.responses[reply.status][0]}",
            f"Server: {self.version_string()}",
            f"Date: {self.date_time_string()}",
            f"Content-Length: {len(reply.body)}",
            *(f"{name}: {value}" for name, value in reply.headers),
        ]
        if reply.body:
            lines.append(f"Content-Type: {reply.content_type}")
        if self.close_connection:
            lines.append("Connection: close")
        sent = reply.body[: len(reply.body) // 2] if truncated else reply.body
        self.wfile.write("\r\n".join([*lines, "", ""]).encode("latin-1") + sent)
        if truncated:
            self._drop()

    def _drop(self) -> None:
        self.close_connection = True
        with contextlib.suppress(OSError):
            self.connection.shutdown(socket.SHUT_RDWR)
