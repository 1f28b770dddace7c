# Copyright (c) 2026 the mlfleet authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Faults on demand: what a bad network or a sick host does to a conversation."""

from __future__ import annotations

import dataclasses
import enum
import threading


class Effect(enum.Enum):
    """What happens to the message that a fault hits."""

    DROP_REQUEST = "the connection ends before the request is looked at"
    DROP_ANSWER = "the request is carried out, then the connection ends without an answer"
    TRUNCATE_ANSWER = "the request is carried out, half of the answer is sent, then the connection ends"
    HTTP_500 = "an HTTP 500 without a body; the request is not carried out"
    SLOW = "the request waits before it is carried out"


@dataclasses.dataclass(frozen=True)
class Fault:
    """One effect on the messages `first` to `first + count - 1` of a host, counted from the injection on.

    With `action` ("Create", "Command", "Send", "Receive", "Signal", "Delete") only messages of that action count.
    Messages of the login handshake never count. `count=None` means all from `first` on.
    """

    effect: Effect
    action: str = ""
    first: int = 1
    count: int | None = 1
    delay: float = 0.0

    def hits(self, number: int) -> bool:
        """Whether the message with this number is one of those."""
        return self.first <= number and (self.count is None or number < self.first + self.count)


class FaultPlan:
    """The faults injected into one host and how many messages each has seen."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._faults: list[Fault] = []
        self._seen: list[int] = []

    def add(self, fault: Fault) -> None:
        """Arms one more fault."""
        with self._lock:
            self._faults.append(fault)
            self._seen.append(0)

    def next_message(self, action: str) -> list[Fault]:
        """Counts a message; the faults that hit it."""
        hitting = []
        with self._lock:
            for place, fault in enumerate(self._faults):
                if fault.action in ("", action):
                    self._seen[place] += 1
                    if fault.hits(self._seen[place]):
                        hitting.append(fault)
        return hitting
