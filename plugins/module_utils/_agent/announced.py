# Copyright (c) 2026 the mlfleet authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This file is private to mlfleet.packages: it may change in any release.
"""The bytes that a request announces, and that follow it on standard input."""

BLOCK = 64 * 1024
# Whoever sends may listen only when he has sent all; beyond this he is left to hear that nobody reads.
READ_AFTER_REFUSAL = 32 * 1024 * 1024


class Announced(object):
    """A stream, and how much of it belongs to the request."""

    def __init__(self, stream, size):
        self._stream = stream
        self._left = size

    def read(self, size):
        block = self._stream.read(size)
        self._left -= len(block)
        return block

    def skip_rest(self):
        """For a refusal: so that it is heard."""
        left = min(self._left, READ_AFTER_REFUSAL)
        while left > 0:
            block = self.read(min(BLOCK, left))
            if not block:
                return
            left -= len(block)
