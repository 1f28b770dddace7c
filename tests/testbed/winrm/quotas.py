# Copyright (c) 2026 the mlfleet authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The limits a WinRM service holds its users to, with the defaults of Windows Server 2016 and later."""

from __future__ import annotations

import collections
import dataclasses
import threading

from testbed.winrm import soap


@dataclasses.dataclass(frozen=True)
class Quotas:
    """The part of `winrm get winrm/config` that a client can run into."""

    max_shells_per_user: int = 30
    max_concurrent_operations_per_user: int = 1500
    max_processes_per_shell: int = 25
    max_envelope_size_kb: int = 500
    max_timeout_ms: int = 60_000

    @property
    def max_envelope_size(self) -> int:
        """MaxEnvelopeSizekb in bytes."""
        return self.max_envelope_size_kb * 1024

    @property
    def max_timeout(self) -> float:
        """MaxTimeoutms in seconds."""
        return self.max_timeout_ms / 1000


DEFAULTS = Quotas()


class Ledger:
    """Counts what each user of one host has open."""

    def __init__(self, quotas: Quotas) -> None:
        self._quotas = quotas
        self._lock = threading.Lock()
        self._shells: collections.Counter[str] = collections.Counter()
        self._operations: collections.Counter[str] = collections.Counter()

    def open_shell(self, user: str) -> None:
        """Counts one more shell, or refuses it."""
        with self._lock:
            if self._shells[user] >= self._quotas.max_shells_per_user:
                raise soap.SoapFault(soap.TOO_MANY_SHELLS)
            self._shells[user] += 1

    def start_operation(self, user: str) -> None:
        """Counts one more command, or refuses it."""
        with self._lock:
            if self._operations[user] >= self._quotas.max_concurrent_operations_per_user:
                raise soap.SoapFault(soap.TOO_MANY_OPERATIONS)
            self._operations[user] += 1

    def close_shell(self, user: str, operations: int) -> None:
        """Gives a shell and everything counted for it back.

        Signal/terminate gives nothing back for a command shell: MS-WSMV appendix A, note on section 3.1.4.12.
        """
        with self._lock:
            self._shells[user] -= 1
            self._operations[user] -= operations
