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
    """One running interpreter; its answer ends up in the runtime."""

    def __init__(self, runtime, detail, program):
        self.runtime = runtime
        self._process = None
        self._output = b""
        self._started = time.time()
        request = {"protocol": 1, "operation": "snapshot", "arguments": {"detail": detail}}
        text = program + (NONCE + " " + wire_json.encode(request) + "\n").encode("ascii")
        try:
            self._process = host.start(runtime["interpreter"], list(ARGUMENTS))
        except (OSError, ValueError) as error:
            runtime["problem"] = "its interpreter does not start: %s" % error
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
        self._output = self._process.stdout.read(ANSWER_LIMIT)

    def finish(self, seconds):
        """Waits for the answer until seconds after the start, and puts it into the runtime."""
        if self._process is None:
            return
        # All children run at the same time, so that they share one limit: several that hang cost no more than one.
        self._thread.join(max(0, self._started + seconds - time.time()))
        if self._thread.is_alive():
            self.runtime["problem"] = "its interpreter did not answer within %d seconds" % seconds
            return
        answer = _result(self._output)
        if answer is None:
            self.runtime["problem"] = "its interpreter ended with exit code %s and no answer" % self._exit_code()
        elif "snapshot" in answer:
            self.runtime["snapshot"] = answer["snapshot"]
        else:
            self.runtime["problem"] = answer["problem"]

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


def _result(output):
    """{"snapshot": ...}, {"problem": ...}, or None where there is no whole answer."""
    mark = ("MLFLEET " + NONCE + " ").encode("ascii")
    for line in output.split(b"\n"):
        words = line.split(b" ", 4)
        if not line.startswith(mark) or len(words) != 5 or words[2] not in (b"result", b"error"):
            continue
        if words[3].isdigit() and int(words[3]) == len(words[4].rstrip(b"\r")):
            try:
                value = wire_json.decode(words[4].decode("ascii"))
                return {"snapshot": value} if words[2] == b"result" else {"problem": value["message"]}
            except (ValueError, TypeError, KeyError):  # it is no agent that answers
                return None
    return None
