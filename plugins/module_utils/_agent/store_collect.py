# Copyright (c) 2026 the mlfleet authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This file is private to mlfleet.packages: it may change in any release.
"""The operation store_collect: removes wheels that nobody has wanted for long, or that are too many."""

import os
import shutil
import time

from . import store, store_pieces
from .arguments import check
from .refusal import Refusal

DAY = 24 * 3600


def operation(arguments, answers, program, attachments):
    """Answers what was removed, or would be. keep_days and most_bytes are limits, 0 for none."""
    check(arguments, {"store": str, "keep": [str], "keep_days": int, "most_bytes": int, "remove": bool})
    place = store.Store(arguments["store"])
    entries = sorted(_Entry(place, sha256) for sha256 in place.entries())
    chosen = _chosen(entries, set(arguments["keep"]), arguments["keep_days"], arguments["most_bytes"])
    if arguments["remove"]:
        store_pieces.sweep(place)
        for entry in chosen:
            _remove(entry, place)
    return {"removed": [entry.description() for entry in chosen]}


class _Entry(object):
    """One wheel of the store; the first is the one that was not wanted for longest."""

    def __init__(self, place, sha256):
        self.sha256 = sha256
        self.path = place.path(sha256)
        self.names = sorted(os.listdir(self.path))
        self.size = sum(os.stat(os.path.join(self.path, name)).st_size for name in self.names)
        self.used = os.stat(self.path).st_mtime

    def __lt__(self, other):
        return (self.used, self.sha256) < (other.used, other.sha256)

    def description(self):
        return {"file_name": self.names[0] if self.names else "", "sha256": self.sha256, "size": self.size}


def _chosen(entries, keep, keep_days, most_bytes):
    """Too old, and then the oldest until the rest is small enough."""
    total = sum(entry.size for entry in entries)
    chosen = []
    for entry in entries:
        old = keep_days and time.time() - entry.used > keep_days * DAY
        if entry.sha256 not in keep and (old or (most_bytes and total > most_bytes)):
            chosen.append(entry)
            total -= entry.size
    return chosen


def _remove(entry, place):
    try:
        shutil.rmtree(entry.path)
    except OSError as error:
        raise Refusal("store-denied", "the store %s keeps %s: %s" % (place.folder, entry.sha256, error))
