# Copyright (c) 2026 the mlfleet authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who is at the other end of a connection: Basic, and NTLM with message encryption."""

from __future__ import annotations

import base64
import binascii
import collections.abc as c
import contextlib
import dataclasses
import os
import pathlib
import re
import struct
import threading
import typing as t

import spnego
import spnego.exceptions

Scheme = t.Literal["basic", "ntlm"]

_BOUNDARY = b"--Encrypted Boundary"
_PROTOCOL = b"application/HTTP-SPNEGO-session-encrypted"
_OCTETS = b"\tContent-Type: application/octet-stream\r\n"
_SIGNATURE_SIZE = struct.Struct("<i")

ENCRYPTED_TYPE = f'multipart/encrypted;protocol="{_PROTOCOL.decode()}";boundary="Encrypted Boundary"'

# pyspnego finds the users of an acceptor through the environment of the process only.
_environment_lock = threading.Lock()


class NotDecryptedError(Exception):
    """The bytes are no message of this connection: HTTP 400."""


@dataclasses.dataclass(frozen=True)
class Doorkeeper:
    """Whom an endpoint lets in, and how they may show who they are."""

    users: c.Mapping[str, str]
    schemes: tuple[Scheme, ...]
    user_file: pathlib.Path

    def write_user_file(self) -> None:
        """Writes what pyspnego reads, in its DOMAIN:USER:PASSWORD form."""
        lines = []
        for user, password in self.users.items():
            if re.search(r"[:\r\n]", user + password):
                raise ValueError("a colon or line break in a name or password does not fit into an NTLM user file")
            domain, _rest, name = user.rpartition("\\")
            lines.append(f"{domain}:{name}:{password}\n")
        self.user_file.touch(mode=0o600)
        self.user_file.write_text("".join(lines), encoding="utf-8")

    @contextlib.contextmanager
    def announced(self) -> c.Iterator[None]:
        """Lets pyspnego find the user file while the block runs."""
        with _environment_lock:
            before = os.environ.get("NTLM_USER_FILE")
            os.environ["NTLM_USER_FILE"] = str(self.user_file)
            try:
                yield
            finally:
                del os.environ["NTLM_USER_FILE"]
                if before is not None:
                    os.environ["NTLM_USER_FILE"] = before


class Visitor:
    """One connection's login; NTLM authenticates the connection, Basic each request."""

    def __init__(self, doorkeeper: Doorkeeper) -> None:
        self._doorkeeper = doorkeeper
        self._context: spnego.ContextProxy | None = None
        self.user = ""

    def admit(self, authorization: str) -> list[str]:
        """Looks at an Authorization header; the WWW-Authenticate values to answer, none when the user is known."""
        scheme, _rest, token = authorization.partition(" ")
        if scheme.lower() == "basic" and "basic" in self._doorkeeper.schemes:
            self.user = self._basic_user(token)
        elif scheme.lower() in ("negotiate", "ntlm") and "ntlm" in self._doorkeeper.schemes:
            return self._negotiate(scheme, token)
        return [] if self.user else self._offers()

    def decrypt(self, body: bytes) -> bytes:
        """Opens an encrypted message: MS-WSMV section 2.2.9.1."""
        matched = re.search(rb"Length=(\d{1,9})\r\n" + _BOUNDARY + rb"\r\n" + _OCTETS, body)
        if self._context is None or matched is None:
            raise NotDecryptedError
        sealed = body[matched.end() :].removesuffix(_BOUNDARY + b"--\r\n")
        if len(sealed) < _SIGNATURE_SIZE.size:
            raise NotDecryptedError
        (size,) = _SIGNATURE_SIZE.unpack_from(sealed)
        start = _SIGNATURE_SIZE.size + size
        if size < 0 or start > len(sealed):
            raise NotDecryptedError
        try:
            opened = self._context.unwrap_winrm(sealed[_SIGNATURE_SIZE.size : start], sealed[start:])
        except (spnego.exceptions.SpnegoError, ValueError, struct.error) as error:
            raise NotDecryptedError from error
        if len(opened) != int(matched[1]):
            raise NotDecryptedError
        return opened

    def encrypt(self, message: bytes) -> bytes:
        """Seals an answer."""
        if self._context is None:
            raise NotDecryptedError
        sealed = self._context.wrap_winrm(message)
        return b"".join(
            (
                _BOUNDARY,
                b"\r\n\tContent-Type: ",
                _PROTOCOL,
                b"\r\n\tOriginalContent: type=application/soap+xml;charset=UTF-8;Length=%d\r\n" % len(message),
                _BOUNDARY,
                b"\r\n",
                _OCTETS,
                _SIGNATURE_SIZE.pack(len(sealed.header)),
                sealed.header,
                sealed.data,
                _BOUNDARY,
                b"--\r\n",
            )
        )

    def _offers(self) -> list[str]:
        offers = {"ntlm": "Negotiate", "basic": 'Basic realm="WSMAN"'}
        return [offer for scheme, offer in offers.items() if scheme in self._doorkeeper.schemes]

    def _basic_user(self, token: str) -> str:
        try:
            user, _rest, password = base64.b64decode(token).decode().partition(":")
        except (binascii.Error, ValueError):
            return ""
        for known, expected in self._doorkeeper.users.items():
            if known.lower() == user.lower() and expected == password:
                return known
        return ""

    def _negotiate(self, scheme: str, token: str) -> list[str]:
        self.user = ""
        if self._context is None or self._context.complete:
            self._context = self._new_context()
        try:
            with self._doorkeeper.announced():
                reply = self._context.step(base64.b64decode(token))
        except (spnego.exceptions.SpnegoError, binascii.Error, ValueError, struct.error, LookupError):
            # Besides its own errors, pyspnego lets those of its struct and text decoding through on garbage.
            self._context = None
            return self._offers()
        if reply is not None:
            return [f"{scheme} {base64.b64encode(reply).decode()}"]
        self.user = (self._context.client_principal or "").lstrip("\\")
        return []

    def _new_context(self) -> spnego.ContextProxy:
        with self._doorkeeper.announced():
            return spnego.server(protocol="ntlm", options=spnego.NegotiateOptions.use_ntlm)
