# Copyright (c) 2026 the mlfleet authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This file is private to mlfleet.packages: it may change in any release.
"""What the workers of a run tell each other: Ansible forks one for each host, and what it works out ends with it.

Memory that is shared between a process and all that it forks; gone with the last of them.
"""

from __future__ import annotations

import collections.abc as c
import hashlib
import mmap
import multiprocessing
import struct

# Enough for a few hundred notes, which are read through in less time than it takes to work one out.
SIZE = 64 * 1024
_END = struct.Struct("=Q")
_HEAD = struct.Struct("=32sI")


class SharedNotes:
    """Small texts, found by the digest of what they are about. When it is full, nothing is added any more."""

    def __init__(self, size: int = SIZE) -> None:
        self._memory = mmap.mmap(-1, size)
        self._size = size
        self._writing = multiprocessing.get_context("fork").Lock()

    def text(self, about: str, work_out: c.Callable[[], str]) -> str:
        """The note on something; worked out, and noted, if nobody has done so."""
        digest = hashlib.sha256(about.encode("utf-8", "surrogatepass")).digest()
        found = self._find(digest)
        if found is None:
            found = work_out()
            self._add(digest, found.encode("utf-8", "surrogatepass"))
        return found

    def _find(self, digest: bytes) -> str | None:
        place, end = _END.size, self._used()
        while place < end:
            key, size = _HEAD.unpack_from(self._memory, place)
            place += _HEAD.size + size
            if key == digest:
                return self._memory[place - size : place].decode("utf-8", "surrogatepass")
        return None

    def _used(self) -> int:
        (used,) = _END.unpack_from(self._memory, 0)
        return max(int(used), _END.size)

    def _add(self, digest: bytes, text: bytes) -> None:
        # Whoever is killed while writing keeps the lock for ever: the others do without, and nobody waits.
        if not self._writing.acquire(block=False):
            return
        try:
            place = self._used()
            if place + _HEAD.size + len(text) <= self._size:
                _HEAD.pack_into(self._memory, place, digest, len(text))
                self._memory[place + _HEAD.size : place + _HEAD.size + len(text)] = text
                # Last, as readers take no lock: what is before it is whole.
                _END.pack_into(self._memory, 0, place + _HEAD.size + len(text))
        finally:
            self._writing.release()
