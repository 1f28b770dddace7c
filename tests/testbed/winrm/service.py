# Copyright (c) 2026 the mlfleet authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The WinRM service of one host: what each action of a command shell does."""

from __future__ import annotations

import base64
import binascii
import collections.abc as c
import dataclasses
import typing as t
import xml.etree.ElementTree as ET
from xml.sax.saxutils import escape

from testbed import hosts
from testbed.winrm import quotas, shells, soap

Composition = t.Literal["plain", "quoted"]

_CMD = r"C:\Windows\system32\cmd.exe"
# Everything in a Receive answer but the base64 text: envelope, four Stream elements and the command state.
_ANSWER_OVERHEAD = 4096


@dataclasses.dataclass(frozen=True)
class Outcome:
    """The answer to a carried-out request, and what the log wants to know about it."""

    answer: bytes
    shell_id: str = ""
    command_id: str = ""
    command_line: str = ""
    console_mode_stdin: bool = False
    stdin_bytes: int = 0


class Service:
    """Carries out requests against one host."""

    def __init__(self, host: hosts.Host, limits: quotas.Quotas, composition: Composition) -> None:
        self.shells = shells.Shells(host, limits)
        self._composition = composition
        self._actions: c.Mapping[str, c.Callable[[soap.Request, str], Outcome]] = {
            "Create": self._create,
            "Command": self._command,
            "Send": self._send,
            "Receive": self._receive,
            "Signal": self._signal,
            "Delete": self._delete,
        }

    def carry_out(self, request: soap.Request, user: str) -> Outcome:
        """Does what the request asks, or raises a SoapFault."""
        return self._actions[request.action](request, user)

    def close(self) -> None:
        """Ends all shells."""
        for state in self.shells.states():
            self.shells.close(state.shell_id)

    def _create(self, request: soap.Request, user: str) -> Outcome:
        if request.payload.find("rsp:WorkingDirectory", soap.NAMESPACES) is not None:
            raise soap.SoapFault(soap.TEST_BED_LIMIT, what="rsp:WorkingDirectory")
        variables = request.payload.findall("rsp:Environment/rsp:Variable", soap.NAMESPACES)
        environment = {variable.get("Name", ""): variable.text or "" for variable in variables}
        shell = self.shells.open(user, request.payload.get("ShellId", ""), environment)
        return Outcome(_created(request, shell), shell.shell_id)

    def _command(self, request: soap.Request, _user: str) -> Outcome:
        shell = self.shells.find(request.shell_id)
        line = self._compose(request)
        command = self.shells.start(shell, request.payload.get("CommandId", ""), line)
        body = f"<rsp:CommandResponse><rsp:CommandId>{escape(command.command_id)}</rsp:CommandId></rsp:CommandResponse>"
        return Outcome(
            soap.answer(request.action, request.message_id, body),
            shell.shell_id,
            command.command_id,
            line,
            _is_set(request, "WINRS_CONSOLEMODE_STDIN"),
        )

    def _compose(self, request: soap.Request) -> str:
        command = request.payload.findtext("rsp:Command", "", soap.NAMESPACES)
        if not command:
            raise soap.SoapFault(soap.INVALID_BODY)
        arguments = request.payload.findall("rsp:Arguments", soap.NAMESPACES)
        line = " ".join([command, *(argument.text or "" for argument in arguments)])
        if _is_set(request, "WINRS_SKIP_CMD_SHELL"):
            return line
        return f'{_CMD} /c "{line}"' if self._composition == "quoted" else f"{_CMD} /c {line}"

    def _send(self, request: soap.Request, _user: str) -> Outcome:
        shell = self.shells.find(request.shell_id)
        total = 0
        command_id = ""
        for stream in request.payload.findall("rsp:Stream", soap.NAMESPACES):
            if stream.get("Name") != "stdin":
                raise soap.SoapFault(soap.INVALID_BODY)
            command_id = stream.get("CommandId", "")
            data = _decoded(stream)
            total += len(data)
            shell.command(command_id).send(data, stream.get("End", "").lower() == "true", request.operation_timeout)
        body = "<rsp:SendResponse/>"
        return Outcome(
            soap.answer(request.action, request.message_id, body), shell.shell_id, command_id, stdin_bytes=total
        )

    def _receive(self, request: soap.Request, _user: str) -> Outcome:
        shell = self.shells.find(request.shell_id)
        desired = request.payload.find("rsp:DesiredStream", soap.NAMESPACES)
        if desired is None:
            raise soap.SoapFault(soap.INVALID_BODY)
        command = shell.command(desired.get("CommandId", ""))
        limit = (request.max_envelope_size - _ANSWER_OVERHEAD) // 4 * 3
        output = command.receive(request.operation_timeout, limit)
        body = _received(command.command_id, output)
        return Outcome(soap.answer(request.action, request.message_id, body), shell.shell_id, command.command_id)

    def _signal(self, request: soap.Request, _user: str) -> Outcome:
        shell = self.shells.find(request.shell_id)
        code = request.payload.findtext("rsp:Code", "", soap.NAMESPACES)
        # pypsrp writes Terminate, pywinrm terminate; the service takes both.
        if code.lower() != soap.TERMINATE:
            raise soap.SoapFault(soap.TEST_BED_LIMIT, what=f"the signal {code!r}")
        command_id = request.payload.get("CommandId", "")
        shell.terminate(command_id)
        body = "<rsp:SignalResponse/>"
        return Outcome(soap.answer(request.action, request.message_id, body), shell.shell_id, command_id)

    def _delete(self, request: soap.Request, _user: str) -> Outcome:
        self.shells.close(request.shell_id)
        return Outcome(soap.answer(request.action, request.message_id, ""), request.shell_id)


def _is_set(request: soap.Request, option: str) -> bool:
    return request.options.get(option, "").upper() in ("TRUE", "1")


def _decoded(stream: ET.Element) -> bytes:
    try:
        return base64.b64decode(stream.text or "", validate=False)
    except (binascii.Error, ValueError) as error:
        raise soap.SoapFault(soap.INVALID_BODY) from error


def _created(request: soap.Request, shell: shells.Shell) -> bytes:
    shell_id = escape(shell.shell_id)
    resource = f"<w:ResourceURI>{soap.SHELL_RESOURCE}</w:ResourceURI>"
    body = (
        "<x:ResourceCreated><a:Address>http://127.0.0.1/wsman</a:Address><a:ReferenceParameters>"
        f'{resource}<w:SelectorSet><w:Selector Name="ShellId">{shell_id}</w:Selector></w:SelectorSet>'
        "</a:ReferenceParameters></x:ResourceCreated>"
        f"<rsp:Shell><rsp:ShellId>{shell_id}</rsp:ShellId><rsp:ResourceUri>{soap.SHELL_RESOURCE}</rsp:ResourceUri>"
        f"<rsp:Owner>{escape(shell.user)}</rsp:Owner><rsp:ClientIP>127.0.0.1</rsp:ClientIP>"
        "<rsp:IdleTimeOut>PT7200.000S</rsp:IdleTimeOut><rsp:InputStreams>stdin</rsp:InputStreams>"
        "<rsp:OutputStreams>stdout stderr</rsp:OutputStreams></rsp:Shell>"
    )
    return soap.answer(request.action, request.message_id, body)


def _received(command_id: str, output: shells.Output) -> str:
    quoted = escape(command_id, {'"': "&quot;"})
    parts = ["<rsp:ReceiveResponse>"]
    for name, data in (("stdout", output.stdout), ("stderr", output.stderr)):
        if data:
            text = base64.b64encode(data).decode()
            parts.append(f'<rsp:Stream Name="{name}" CommandId="{quoted}">{text}</rsp:Stream>')
    if output.exit_code is None:
        parts.append(f'<rsp:CommandState CommandId="{quoted}" State="{soap.COMMAND_STATE}Running"/>')
    else:
        parts += [f'<rsp:Stream Name="{name}" CommandId="{quoted}" End="true"/>' for name in ("stdout", "stderr")]
        parts.append(f'<rsp:CommandState CommandId="{quoted}" State="{soap.COMMAND_STATE}Done">')
        parts.append(f"<rsp:ExitCode>{output.exit_code}</rsp:ExitCode></rsp:CommandState>")
    parts.append("</rsp:ReceiveResponse>")
    return "".join(parts)
