# Copyright (c) 2026 the mlfleet authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This file is private to mlfleet.packages: it may change in any release.
"""The operation store_collect: removes wheels that nobody has wanted for long, or that are too many."""

import errno
import os
import time

from . import store, store_pieces, wheel_file
from .arguments import check
from .refusal import Refusal

DAY = 24 * 3600


def operation(arguments, answers, program, attachments):
    """Answers what was removed, or would be. keep_days and most_bytes are limits, 0 for none.

    coming: the wheels that a check only speaks of, and that will be there when the change collects.
    """
    kinds = {"store": str, "keep": [str], "coming": [dict], "keep_days": int, "most_bytes": int, "remove": bool}
    check(arguments, kinds)
    store.check_wheels(arguments["coming"])
    place = store.Store(arguments["store"])
    entries = sorted(_entries(place))
    sizes = {entry.sha256: entry.size for entry in entries}
    sizes.update((each["sha256"], each["size"]) for each in arguments["coming"])
    excess = sum(sizes.values()) - arguments["most_bytes"] if arguments["most_bytes"] else 0
    chosen = _chosen(entries, set(arguments["keep"]), arguments["keep_days"], excess)
    if arguments["remove"]:
        store_pieces.sweep(place)
        for entry in chosen:
            _remove(entry, place)
    return {"removed": [entry.description() for entry in chosen]}


def _entries(place):
    """What a store made itself: folders with a wheel, or with nothing where a receiver was killed."""
    found = []
    for sha256 in place.entries():
        try:
            entry = _Entry(place, sha256)
        except OSError:  # another controller has just removed it
            continue
        if entry.names or not entry.others:
            found.append(entry)
    return found


class _Entry(object):
    """One wheel of the store; the first is the one that was not wanted for longest."""

    def __init__(self, place, sha256):
        self.sha256 = sha256
        self.path = place.path(sha256)
        names = sorted(os.listdir(self.path))
        self.names = [name for name in names if wheel_file.FILE_NAME.fullmatch(name)]
        self.others = len(names) - len(self.names)
        self.size = sum(os.stat(path).st_size for path in self.files())
        self.used = os.stat(self.path).st_mtime

    def files(self):
        return [os.path.join(self.path, name) for name in self.names]

    def __lt__(self, other):
        return (self.used, self.sha256) < (other.used, other.sha256)

    def description(self):
        return {"file_name": self.names[0] if self.names else "", "sha256": self.sha256, "size": self.size}


def _chosen(entries, keep, keep_days, excess):
    """Too old, and the oldest until the excess is gone."""
    chosen = []
    for entry in entries:
        old = keep_days and time.time() - entry.used > keep_days * DAY
        if entry.sha256 not in keep and (old or excess > 0):
            chosen.append(entry)
            excess -= entry.size
    return chosen


def _remove(entry, place):
    """Only the wheel: whatever somebody put beside it, perhaps a link to another folder, is none of ours."""
    try:
        for path in entry.files():
            os.unlink(path)
        os.rmdir(entry.path)
    except OSError as error:
        # Another controller removed it as well, or somebody put something there.
        if error.errno not in (errno.ENOENT, errno.ENOTEMPTY):
            raise Refusal("store-denied", "the store %s keeps %s: %s" % (place.folder, entry.sha256, error))
