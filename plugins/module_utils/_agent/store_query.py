# Copyright (c) 2026 the mlfleet authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This file is private to mlfleet.packages: it may change in any release.
"""The operation store_query: which wheels the store has, and what has come of the others."""

from . import store, store_pieces
from .arguments import check


def operation(arguments, answers, program, attachments):
    """Writes nothing, unless the wheels are to be marked as used."""
    check(arguments, {"store": str, "wheels": [dict], "use": bool})
    store.check_wheels(arguments["wheels"])
    place = store.Store(arguments["store"])
    pieces = store_pieces.listed(place)
    answer = {"store": place.folder, "free_bytes": place.free_bytes(), "there": [], "partial": []}
    for each in arguments["wheels"]:
        if place.has(each):
            answer["there"].append(each["sha256"])
            if arguments["use"]:
                place.mark_used(each)
        else:
            ranges = store_pieces.covered(pieces.get(each["sha256"], []), each["size"])
            answer["partial"] += [
                {"sha256": each["sha256"], "offset": offset, "length": length} for offset, length in ranges
            ]
        answers.event(step="looking for wheels", done=len(answer["there"]), of=len(arguments["wheels"]))
    return answer
