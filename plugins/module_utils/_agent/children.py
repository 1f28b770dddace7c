# Copyright (c) 2026 the mlfleet authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This file is private to mlfleet.packages: it may change in any release.
"""The same agent, run by the interpreter of another runtime of this machine."""

import threading
import time

from . import wire_json
from .bootstrap import ARGUMENTS
from .host import this as host

NONCE = "c0ffee00c0ffee00"
ANSWER_LIMIT = 32 * 1024 * 1024


class Child(object):
    """One running interpreter that is asked for one operation."""

    def __init__(self, interpreter, operation, arguments, program, on_event=None):
        self._process = None
        self._problem = None
        self._answer = None
        self._on_event = on_event
        self._started = time.time()
        request = {"protocol": 1, "operation": operation, "arguments": arguments, "packed": False}
        text = program + (NONCE + " " + wire_json.encode(request) + "\n").encode("ascii")
        try:
            self._process = host.start(interpreter, list(ARGUMENTS))
        except (OSError, ValueError) as error:
            self._problem = "its interpreter does not start: %s" % error
            return
        # A thread, because an interpreter that never reads would block the writer as well.
        self._thread = threading.Thread(target=self._converse, args=(text,))
        self._thread.daemon = True
        self._thread.start()

    def _converse(self, text):
        try:
            self._process.stdin.write(text)
            self._process.stdin.close()
        except OSError:  # it ended without reading; its exit code will tell
            pass
        left = ANSWER_LIMIT
        line = self._process.stdout.readline(left)
        while line:
            self._hear(line)
            left -= len(line)
            line = self._process.stdout.readline(left)

    def _hear(self, line):
        kind, value = _spoken(line)
        if kind == "event" and self._on_event:
            self._on_event(value)
        elif kind in ("result", "error") and self._answer is None:
            self._answer = {kind: value}

    def finish(self, seconds):
        """Waits for the answer until seconds after the start: {"result": ...} or {"problem": words}."""
        if self._process is None:
            return {"problem": self._problem}
        # All children run at the same time, so that they share one limit: several that hang cost no more than one.
        self._thread.join(max(0, self._started + seconds - time.time()))
        if self._thread.is_alive():
            return {"problem": "its interpreter did not answer within %d seconds" % seconds}
        if self._answer is None:
            return {"problem": "its interpreter ended with exit code %s and no answer" % self._exit_code()}
        return {"problem": self._answer["error"]["message"]} if "error" in self._answer else self._answer

    def _exit_code(self):
        for _attempt in range(50):  # its output is closed already, so it is about to end
            if self._process.poll() is not None:
                break
            time.sleep(0.1)
        return self._process.poll()

    def end(self):
        """Leaves no process behind."""
        if self._process is not None and self._process.poll() is None:
            self._process.kill()
            self._process.wait()


def _spoken(line):
    """(kind, value) of a line of answer; (None, None) for all else, so also where it is no agent that speaks."""
    words = line.rstrip(b"\r\n").split(b" ", 4)
    if len(words) != 5 or words[:2] != [b"MLFLEET", NONCE.encode("ascii")]:
        return None, None
    if not words[3].isdigit() or int(words[3]) != len(words[4]):
        return None, None
    try:
        kind, value = words[2].decode("ascii"), wire_json.decode(words[4].decode("ascii"))
    except ValueError:
        return None, None
    if kind == "error" and not (isinstance(value, dict) and "message" in value):
        return None, None
    return kind, value
