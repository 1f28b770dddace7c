# Copyright (c) 2026 the mlfleet authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This file is private to mlfleet.packages: it may change in any release.
"""One call: reads a request, runs one operation, answers in framed JSON lines.

A line of the answer is `MLFLEET <nonce> <kind> <length> <json>`. The nonce comes with the request, so that
nothing else on standard output can be taken for an answer; the length tells a whole line from a cut one.
"""

import time

from . import wire_json
from .refusal import Refusal

PROTOCOL = 1
REQUEST_LIMIT = 1024 * 1024
EVENT_SECONDS = 1.0
NONCE_DIGITS = "0123456789abcdef"


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
            self._line("event", fields)

    def result(self, value):
        self._line("result", value)

    def error(self, code, message):
        self._line("error", {"code": code, "message": message})

    def _line(self, kind, value):
        text = wire_json.encode(value)
        # The line feed in front ends whatever a banner or a warning left on the line.
        line = "\nMLFLEET %s %s %d %s\n" % (self._nonce, kind, len(text), text)
        self._stream.write(line.encode("ascii"))
        self._stream.flush()


def hold(stdin, stdout, program):
    """Holds the whole conversation; whatever goes wrong is told in an error line."""
    nonce, text = _read_request(stdin)
    answers = Answers(stdout, nonce)
    try:
        operation, arguments = _parse_request(text)
        answers.result(operation(arguments, answers, program))
    except Refusal as refusal:
        answers.error(refusal.code, refusal.message)
    except Exception:  # pylint: disable=broad-except
        answers.error("internal", _traceback())


def _read_request(stdin):
    line = stdin.readline(REQUEST_LIMIT)
    nonce, _space, text = line.partition(b" ")
    digits = nonce.decode("ascii", "replace")
    if not 16 <= len(digits) <= 64 or digits.strip(NONCE_DIGITS):
        raise SystemExit("mlfleet agent: the request has no nonce, so there is nobody to answer")
    return digits, text


def _parse_request(text):
    if not text.endswith(b"\n"):
        # No more than the limit was read, so a line without its end is either too long or cut.
        if len(text) > REQUEST_LIMIT // 2:
            raise Refusal("request-too-large", "the request is larger than %d bytes, or was cut" % REQUEST_LIMIT)
        raise Refusal("request-cut", "the request ended before its line was complete")
    try:
        request = wire_json.decode(text.decode("ascii"))
    except ValueError as error:  # also a UnicodeDecodeError
        raise Refusal("request-malformed", "the request is not ASCII JSON: %s" % error)
    if not isinstance(request, dict) or set(request) != {"protocol", "operation", "arguments"}:
        raise Refusal("request-malformed", "the request is not an object of protocol, operation and arguments")
    if request["protocol"] != PROTOCOL:
        message = "the request speaks protocol %r, this agent speaks %d" % (request["protocol"], PROTOCOL)
        raise Refusal("protocol-unknown", message[:300])
    return _operation(request["operation"]), request["arguments"]


def _operation(name):
    # Imported by name and only when asked for: what is not imported is not compiled.
    if name == "snapshot":
        from .snapshot import operation
    elif name == "discover":
        from .discovery import operation
    elif name == "observe":
        from .observation import operation
    else:
        raise Refusal("operation-unknown", "the operation %s is not known to this agent" % repr(name)[:100])
    return operation


def _traceback():
    import traceback

    return traceback.format_exc()[-4000:]
