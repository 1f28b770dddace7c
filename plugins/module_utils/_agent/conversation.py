# Copyright (c) 2026 the mlfleet authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This file is private to mlfleet.packages: it may change in any release.
"""One call: reads a request, runs one operation, answers in framed JSON lines.

A line of the answer is `MLFLEET <nonce> <kind> <length> <json>`. The nonce comes with the request, so that
nothing else on standard output can be taken for an answer; the length tells a whole line from a cut one. If the request
allows it, a long result is packed (kind `packed`, zlib and base64): a fifth of what the packages of a runtime take.
"""

import binascii
import sys
import time
import zlib

from . import wire_json
from .refusal import Refusal

PROTOCOL = 1
REQUEST_LIMIT = 1024 * 1024
KEYS = {"protocol", "operation", "arguments", "packed"}
PACKED_FROM = 1024
EVENT_SECONDS = 1.0
# Each is a module with a function of the name operation; only the one that is asked for is compiled. It is given
# the arguments, the answers, the program as it came, and the stream with whatever follows the request.
OPERATIONS = (
    "apply",
    "change",
    "in_runtime",
    "inspect",
    "observe",
    "pip_fetch",
    "pip_resolve",
    "snapshot",
    "store_collect",
    "store_pull",
    "store_query",
    "store_receive",
    "survey",
)


class Answers(object):
    """Writes the lines of one conversation."""

    def __init__(self, stream, nonce):
        self._stream = stream
        self._nonce = nonce
        self._said = time.time()

    def event(self, **fields):
        """Progress, for calls that last: every line that is sent costs the controller a round trip."""
        now = time.time()
        if now - self._said >= EVENT_SECONDS:
            self._said = now
            self.line("event", fields)

    def result(self, value, may_be_packed):
        text = wire_json.encode(value)
        if may_be_packed and len(text) > PACKED_FROM:
            self._write("packed", packed(text))
        else:
            self._write("result", text)

    def line(self, kind, value):
        self._write(kind, wire_json.encode(value))

    def _write(self, kind, text):
        # The line feed in front ends whatever a banner or a warning left on the line.
        line = "\nMLFLEET %s %s %d %s\n" % (self._nonce, kind, len(text), text)
        self._stream.write(line.encode("ascii"))
        self._stream.flush()


def packed(text):
    """ASCII text as fewer ASCII characters."""
    return binascii.b2a_base64(zlib.compress(text.encode("ascii"))).decode("ascii").rstrip("\n")


def hold(stdin, stdout, program):
    """Holds the whole conversation; whatever goes wrong is told in an error line."""
    nonce, _space, text = stdin.readline(REQUEST_LIMIT).partition(b" ")
    if not 16 <= len(nonce) <= 64 or nonce.strip(b"0123456789abcdef"):
        raise SystemExit("mlfleet agent: the request has no nonce, so there is nobody to answer")
    answers = Answers(stdout, nonce.decode("ascii"))
    try:
        request = _request(text)
        answers.result(_operate(request, answers, program, stdin), request["packed"])
    except Refusal as refusal:
        answers.line("error", {"code": refusal.code, "message": refusal.message})
    except Exception:  # pylint: disable=broad-except
        import traceback

        answers.line("error", {"code": "internal", "message": traceback.format_exc()[-4000:]})


def _request(text):
    if not text.endswith(b"\n"):
        raise Refusal("request-incomplete", "the request is cut, or larger than %d bytes" % REQUEST_LIMIT)
    try:
        request = wire_json.decode(text.decode("ascii"))
    except ValueError as error:  # also a UnicodeDecodeError
        raise Refusal("request-malformed", "the request is not ASCII JSON: %s" % error)
    if not isinstance(request, dict) or set(request) != KEYS or not isinstance(request["packed"], bool):
        raise Refusal("request-malformed", "the request is not an object of protocol, operation, arguments and packed")
    if request["protocol"] != PROTOCOL:
        raise Refusal("protocol-unknown", "the protocol of the request is not %d, which this agent speaks" % PROTOCOL)
    return request


def _operate(request, answers, program, attachments):
    name = request["operation"]
    if name not in OPERATIONS:
        raise Refusal("operation-unknown", "the operation %s is not known to this agent" % repr(name)[:100])
    package = __name__.rpartition(".")[0]
    __import__(package + "." + name)
    return sys.modules[package + "." + name].operation(request["arguments"], answers, program, attachments)
