# Copyright (c) 2026 the mlfleet authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""SOAP as WS-Management speaks it: requests understood, answers and faults built.

Codes and texts are those of wsmerror.h and MS-WSMV.
"""

from __future__ import annotations

import collections.abc as c
import dataclasses
import re
import uuid
import xml.etree.ElementTree as ET
from xml.sax.saxutils import escape, quoteattr

_SHELL = "http://schemas.microsoft.com/wbem/wsman/1/windows/shell"
_TRANSFER = "http://schemas.xmlsoap.org/ws/2004/09/transfer"
_ADDRESSING = "http://schemas.xmlsoap.org/ws/2004/08/addressing"
_ANONYMOUS = _ADDRESSING + "/role/anonymous"
_WSMAN = "http://schemas.dmtf.org/wbem/wsman/1/wsman.xsd"
_FAULT_ACTION = "http://schemas.dmtf.org/wbem/wsman/1/wsman/fault"

SHELL_RESOURCE = _SHELL + "/cmd"
TERMINATE = _SHELL + "/signal/terminate"
COMMAND_STATE = _SHELL + "/CommandState/"

# The smallest MaxEnvelopeSize a client may name: DSP0226 section 6.2.
SMALLEST_ENVELOPE = 8192

NAMESPACES: dict[str, str] = {
    "s": "http://www.w3.org/2003/05/soap-envelope",
    "a": _ADDRESSING,
    "x": _TRANSFER,
    "w": _WSMAN,
    "p": "http://schemas.microsoft.com/wbem/wsman/1/wsman.xsd",
    "rsp": _SHELL,
}
_PREFIXES = " ".join(f'xmlns:{prefix}="{uri}"' for prefix, uri in NAMESPACES.items())

_ACTIONS: c.Mapping[str, str] = {
    **{f"{_TRANSFER}/{name}": name for name in ("Create", "Delete")},
    **{f"{_SHELL}/{name}": name for name in ("Command", "Send", "Receive", "Signal")},
}
_ACTION_URIS: c.Mapping[str, str] = {name: uri for uri, name in _ACTIONS.items()}
_DURATION = re.compile(r"P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+(?:\.\d+)?)S)?)?")


@dataclasses.dataclass(frozen=True)
class FaultDetail:
    """What a fault says; `by_wmi` picks the MSFT_WmiError form that newer services use for quotas."""

    role: str
    subcode: str
    code: int
    reason: str
    message: str = ""
    by_wmi: bool = False


class SoapFault(Exception):
    """A request is refused with a SOAP fault."""

    def __init__(self, detail: FaultDetail, **parts: str) -> None:
        if parts:
            reason, message = detail.reason.format(**parts), detail.message.format(**parts)
            detail = dataclasses.replace(detail, reason=reason, message=message)
        super().__init__(detail.message or detail.reason)
        self.detail = detail


class NotSoapError(Exception):
    """The bytes are no SOAP envelope at all: HTTP 400."""


_PREFIX = "The WS-Management service cannot process the request"
_INVALID_SELECTORS = f"{_PREFIX} because the request contained invalid selectors for the resource. "

TIMED_OUT = FaultDetail(
    "s:Receiver",
    "w:TimedOut",
    0x80338029,
    "The WS-Management service cannot complete the operation within the time specified in OperationTimeout.  ",
)
ABORTED = FaultDetail(
    "s:Receiver",
    "w:InternalError",
    995,
    "The I/O operation has been aborted because of either a thread exit or an application request. ",
)
PIPE_ENDED = FaultDetail("s:Receiver", "w:InternalError", 109, "The pipe has been ended. ")
BUSY = FaultDetail("s:Receiver", "w:InternalError", 170, "The requested resource is in use. ")
FILE_NOT_FOUND = FaultDetail("s:Receiver", "w:InternalError", 2, "The system cannot find the file specified. ")
NO_SUCH_SHELL = FaultDetail(
    "s:Sender",
    "w:InvalidSelectors",
    0x8033805B,
    _INVALID_SELECTORS,
    "The request for the Windows Remote Shell with ShellId {shell_id} failed because the shell was not found on the "
    "server. Possible causes are: the specified ShellId is incorrect or the shell no longer exists on the server. "
    "Provide the correct ShellId or create a new shell and retry the operation. ",
)
NO_SUCH_COMMAND = FaultDetail(
    "s:Sender",
    "w:InvalidSelectors",
    0x8033805B,
    _INVALID_SELECTORS,
    "The Windows Remote Shell received a request to perform an operation on a command identifier that does not exist. "
    "Either the command has completed execution or the client specified an invalid command identifier. ",
)
TOO_MANY_SHELLS = FaultDetail(
    "s:Receiver",
    "w:InternalError",
    0x803381A5,
    f"{_PREFIX}. The maximum number of concurrent shells for this user has been exceeded. "
    "Close existing shells or raise the quota for this user. ",
    by_wmi=True,
)
TOO_MANY_OPERATIONS = FaultDetail(
    "s:Receiver",
    "w:InternalError",
    0x803381A6,
    f"{_PREFIX}. The maximum number of concurrent operations for this user has been exceeded. "
    "Close existing operations for this user, or raise the quota for this user. ",
    by_wmi=True,
)
TOO_MANY_COMMANDS = FaultDetail(
    "s:Receiver",
    "w:InternalError",
    0x803381E9,
    f"{_PREFIX}. The maximum number of concurrent commands per shell has been exceeded. "
    "Retry the request later or raise the Maximum Commands per Shell quota. ",
    by_wmi=True,
)
SHELL_EXISTS = FaultDetail(
    "s:Sender",
    "w:AlreadyExists",
    0x803381D7,
    "The WinRM service cannot process the request. "
    "A resource already exists with the shell ID specified by the client. ",
)
COMMAND_EXISTS = FaultDetail(
    "s:Sender",
    "w:AlreadyExists",
    0x803381D6,
    "The WinRM service cannot process the request. "
    "A command already exists with the command ID specified by the client. ",
)
HEADERS_MISSING = FaultDetail(
    "s:Sender",
    "a:MessageInformationHeaderRequired",
    0x80338011,
    f"{_PREFIX}. The request does not have all the expected SOAP headers. ",
)
INVALID_HEADER = FaultDetail(
    "s:Sender",
    "a:InvalidMessageInformationHeader",
    0x8033800F,
    f"{_PREFIX}. The request contains one or more invalid SOAP headers. ",
)
UNKNOWN_ACTION = FaultDetail(
    "s:Sender",
    "a:ActionNotSupported",
    0x80338013,
    "The WS-Management service does not support the action specified in the request. ",
)
UNKNOWN_RESOURCE = FaultDetail(
    "s:Sender",
    "a:DestinationUnreachable",
    0x8033803B,
    f"{_PREFIX}. The service cannot find the resource identified by the resource URI and selectors. ",
)
INVALID_BODY = FaultDetail(
    "s:Sender",
    "w:SchemaValidationError",
    0x80338041,
    "The SOAP XML in the message does not match the corresponding XML schema definition. Change the XML and retry. ",
)
ENVELOPE_TOO_SMALL = FaultDetail(
    "s:Sender",
    "w:EncodingLimit",
    0x80338035,
    f"{_PREFIX} because the encoding of the request exceeds an internal encoding limit. "
    "Reconfigure the client to send messages which fit the encoding limits of the service. ",
)
TEST_BED_LIMIT = FaultDetail("s:Receiver", "w:InternalError", 50, "This test bed does not do that: {what} ")


@dataclasses.dataclass(frozen=True)
class Envelope:
    """The two halves of a SOAP message."""

    header: ET.Element
    body: ET.Element

    @property
    def message_id(self) -> str:
        """What the answer relates to; empty when the client named none."""
        return _text(self.header, "a:MessageID")

    @property
    def action(self) -> str:
        """The short name of the action; empty when it is none of a command shell's."""
        return _ACTIONS.get(_text(self.header, "a:Action"), "")


@dataclasses.dataclass(frozen=True)
class Request:
    """A well-formed request to a command shell."""

    action: str
    message_id: str
    shell_id: str
    options: c.Mapping[str, str]
    operation_timeout: float
    max_envelope_size: int
    payload: ET.Element


def read_envelope(data: bytes) -> Envelope:
    """Takes a SOAP message apart."""
    try:
        root = ET.fromstring(data)
    except (ET.ParseError, LookupError, ValueError) as error:
        # LookupError and ValueError: an XML declaration that names an encoding Python does not have or expat refuses.
        raise NotSoapError(str(error)) from error
    header = root.find("s:Header", NAMESPACES)
    body = root.find("s:Body", NAMESPACES)
    if root.tag != f"{{{NAMESPACES['s']}}}Envelope" or header is None or body is None:
        raise NotSoapError("not a SOAP 1.2 envelope")
    return Envelope(header, body)


def understand(envelope: Envelope, longest_timeout: float, largest_envelope: int) -> Request:
    """Reads the headers a service insists on; refuses what it does not know."""
    header = envelope.header
    if not envelope.message_id or header.find("a:Action", NAMESPACES) is None:
        raise SoapFault(HEADERS_MISSING)
    if not envelope.action:
        raise SoapFault(UNKNOWN_ACTION)
    if _text(header, "w:ResourceURI") != SHELL_RESOURCE:
        raise SoapFault(UNKNOWN_RESOURCE)
    return Request(
        envelope.action,
        envelope.message_id,
        _named(header, "w:SelectorSet/w:Selector").get("ShellId", ""),
        _named(header, "w:OptionSet/w:Option"),
        min(_timeout(_text(header, "w:OperationTimeout"), longest_timeout), longest_timeout),
        min(_envelope_size(_text(header, "w:MaxEnvelopeSize"), largest_envelope), largest_envelope),
        _payload(envelope),
    )


def answer(action: str, relates_to: str, body: str) -> bytes:
    """The answer to a request that was carried out."""
    return _envelope(_ACTION_URIS[action] + "Response", relates_to, body)


def fault(detail: FaultDetail, machine: str, relates_to: str) -> bytes:
    """The answer to a request that was refused."""
    described = _wmi_error(detail) if detail.by_wmi else _wsman_fault(detail, machine)
    body = (
        f"<s:Fault><s:Code><s:Value>{detail.role}</s:Value>"
        f"<s:Subcode><s:Value>{detail.subcode}</s:Value></s:Subcode></s:Code>"
        f'<s:Reason><s:Text xml:lang="en-US">{_clean(detail.reason)}</s:Text></s:Reason>'
        f"<s:Detail>{described}</s:Detail></s:Fault>"
    )
    return _envelope(_FAULT_ACTION, relates_to, body)


def _text(element: ET.Element, path: str) -> str:
    return (element.findtext(path, "", NAMESPACES) or "").strip()


def _named(header: ET.Element, path: str) -> dict[str, str]:
    return {found.get("Name", ""): (found.text or "").strip() for found in header.findall(path, NAMESPACES)}


def _timeout(duration: str, otherwise: float) -> float:
    if not duration:
        return otherwise
    matched = _DURATION.fullmatch(duration)
    if matched is None or len(duration) > 64:
        raise SoapFault(INVALID_HEADER)
    days, hours, minutes, seconds = (float(part or 0) for part in matched.groups())
    return ((days * 24 + hours) * 60 + minutes) * 60 + seconds


def _envelope_size(size: str, otherwise: int) -> int:
    if not size:
        return otherwise
    if not size.isascii() or not size.isdigit() or len(size) > 10:
        raise SoapFault(INVALID_HEADER)
    if int(size) < SMALLEST_ENVELOPE:
        raise SoapFault(ENVELOPE_TOO_SMALL)
    return int(size)


def _payload(envelope: Envelope) -> ET.Element:
    expected = {"Create": "Shell", "Command": "CommandLine", "Delete": ""}.get(envelope.action, envelope.action)
    if not expected:
        return envelope.body
    payload = envelope.body.find(f"rsp:{expected}", NAMESPACES)
    if payload is None:
        raise SoapFault(INVALID_BODY)
    return payload


def _envelope(action: str, relates_to: str, body: str) -> bytes:
    related = f"<a:RelatesTo>{_clean(relates_to)}</a:RelatesTo>" if relates_to else ""
    return (
        f'<s:Envelope xml:lang="en-US" {_PREFIXES}><s:Header><a:Action>{action}</a:Action>'
        f"<a:MessageID>uuid:{str(uuid.uuid4()).upper()}</a:MessageID><a:To>{_ANONYMOUS}</a:To>{related}</s:Header>"
        f"<s:Body>{body}</s:Body></s:Envelope>"
    ).encode()


def _wsman_fault(detail: FaultDetail, machine: str) -> str:
    return (
        '<f:WSManFault xmlns:f="http://schemas.microsoft.com/wbem/wsman/1/wsmanfault" '
        f"Code={quoteattr(str(detail.code))} Machine={quoteattr(machine)}>"
        f"<f:Message>{_clean(detail.message or detail.reason)}</f:Message></f:WSManFault>"
    )


def _wmi_error(detail: FaultDetail) -> str:
    return (
        '<p:MSFT_WmiError b:IsCIM_Error="true" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" '
        'xmlns:b="http://schemas.dmtf.org/wbem/wsman/1/cimbinding.xsd" '
        'xmlns:p="http://schemas.dmtf.org/wbem/wscim/1/cim-schema/2/MSFT_WmiError" '
        'xmlns:cim="http://schemas.dmtf.org/wbem/wscim/1/common" xsi:type="p:MSFT_WmiError_Type">'
        '<p:CIMStatusCode xsi:type="cim:cimUnsignedInt">27</p:CIMStatusCode>'
        f'<p:Message xsi:type="cim:cimString">{_clean(detail.reason)}</p:Message>'
        f'<p:MessageID xsi:type="cim:cimString">HRESULT 0x{detail.code:08x}</p:MessageID>'
        '<p:error_Category xsi:type="cim:cimUnsignedInt">30</p:error_Category>'
        f'<p:error_Code xsi:type="cim:cimUnsignedInt">{detail.code}</p:error_Code>'
        '<p:error_Type xsi:type="cim:cimString">HRESULT</p:error_Type></p:MSFT_WmiError>'
    )


def _clean(text: str) -> str:
    """Escaped, and without the control characters that XML 1.0 cannot carry."""
    return escape(re.sub(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]", "?", text))
