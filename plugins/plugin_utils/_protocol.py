# Copyright (c) 2026 the mlfleet authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This file is private to mlfleet.packages: it may change in any release.
"""The conversation with the agent: one request, then lines of answer among whatever else a host prints."""

from __future__ import annotations

import binascii
import collections.abc as c
import dataclasses
import json
import secrets
import typing as t
import zlib

from ansible_collections.mlfleet.packages.plugins.plugin_utils._agent_program import program_line
from ansible_collections.mlfleet.packages.plugins.plugin_utils._errors import HostProblem

PROTOCOL = 1
ANSWER_LIMIT = 64 * 1024 * 1024
# Packed, answers take a fifth to an eighth of their size.
PACKED_AT_MOST = 50
NOISE_KEPT = 600
_TOO_LARGE = f"the answer is larger than {ANSWER_LIMIT} bytes; ask for fewer instances at a time"


@dataclasses.dataclass(frozen=True)
class Request:
    """One operation of the agent with its arguments."""

    operation: str
    arguments: dict[str, t.Any]
    nonce: str = dataclasses.field(default_factory=lambda: secrets.token_hex(16))

    def stdin(self) -> bytes:
        """Everything that the bootstrap and the agent read."""
        body = {"protocol": PROTOCOL, "operation": self.operation, "arguments": self.arguments, "packed": True}
        return program_line() + f"{self.nonce} {json.dumps(body)}\n".encode("ascii")


class AnswerReader:
    """Takes output as it arrives, tells events at once, and keeps the result."""

    def __init__(self, nonce: str, on_event: c.Callable[[dict[str, t.Any]], None]) -> None:
        self._mark = f"MLFLEET {nonce} ".encode("ascii")
        self._on_event = on_event
        self._rest = b""
        self._size = 0
        self._noise = b""
        self._cut = False
        self._answer: tuple[bytes, t.Any] | None = None

    def feed(self, data: bytes) -> None:
        """Reads the next bytes of standard output."""
        self._size += len(data)
        if self._size > ANSWER_LIMIT:
            raise HostProblem(_TOO_LARGE)
        *lines, self._rest = (self._rest + data).split(b"\n")
        for line in lines:
            self._line(line.rstrip(b"\r"))

    def _line(self, line: bytes) -> None:
        if not line.startswith(self._mark):
            self._noise = (self._noise + line + b"\n").lstrip()[-NOISE_KEPT:]
            return
        kind, _space, rest = line[len(self._mark) :].partition(b" ")
        size, _space, text = rest.partition(b" ")
        if not size.isdigit() or int(size) != len(text):
            self._cut = True
            return
        if kind == b"event":
            value = self._decoded(text)
            self._on_event(value if isinstance(value, dict) else {})
        elif kind in (b"result", b"error"):
            self._answer = (kind, self._decoded(text))
        elif kind == b"packed" and self._answer is None:
            self._answer = (b"result", self._decoded(_unpacked(text)))

    @staticmethod
    def _decoded(text: bytes) -> t.Any:
        try:
            return json.loads(text)
        except (ValueError, RecursionError) as error:
            raise HostProblem(f"the agent's answer is not JSON ({error}); run the task again with -vvv") from None

    @property
    def noise(self) -> str:
        """The end of what was printed and is no answer, as printable text."""
        text = (self._noise + self._rest).decode("utf-8", "replace")
        return " ".join("".join(char if char.isprintable() else " " for char in text).split())

    @property
    def cut(self) -> bool:
        """Whether an answer began and did not end."""
        return self._cut or (self._answer is None and self._rest.startswith(self._mark))

    def result(self) -> t.Any:
        """The result; None where there was no answer. An error of the agent is raised in its own words."""
        if self._answer is None:
            return None
        kind, value = self._answer
        if kind == b"error":
            message = value.get("message") if isinstance(value, dict) else value
            raise HostProblem(f"the agent refused: {message}")
        return value


def _unpacked(text: bytes) -> bytes:
    """What was packed; never more than an answer can have been, so that few bytes do not fill the controller."""
    unpacking = zlib.decompressobj()
    try:
        whole = unpacking.decompress(binascii.a2b_base64(text), min(ANSWER_LIMIT, PACKED_AT_MOST * len(text)))
    except (ValueError, zlib.error) as error:
        raise HostProblem(f"the agent's answer cannot be unpacked ({error}); run the task again with -vvv") from None
    if unpacking.unconsumed_tail:
        raise HostProblem(f"{len(text)} bytes cannot hold such an answer of the agent; is something changing it?")
    return whole
