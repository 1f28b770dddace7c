# Copyright (c) 2026 the mlfleet authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This file is private to mlfleet.packages: it may change in any release.
"""Pieces of wheels that are on their way: files in the folder incoming of a store.

A piece is called <sha256>-<offset>-<nonce>.part and holds the bytes of the wheel from that offset on, as many as
have come. The nonce makes it the file of one receiver alone, so that several need no lock; whoever finds all of a
wheel there puts it together, and if two do, both get the same.
"""

import hashlib
import os
import re
import time

from . import store
from .refusal import Refusal

PIECE = re.compile("([0-9a-f]{64})-([0-9]{1,15})-[0-9a-f]{16}[.]part")
BLOCK = 64 * 1024
# After a week, nobody goes on with what was broken off.
KEPT_SECONDS = 7 * 24 * 3600


def create(place, sha256, offset):
    """A new piece: its path, and the stream to write it with, which keeps nothing back."""
    path = place.path(store.INCOMING, "%s-%d-%s.part" % (sha256, offset, os.urandom(8).hex()))
    return path, open(path, "xb", buffering=0)


def listed(place):
    """sha256 -> the pieces, each (offset, length, path), by their offsets."""
    found = {}
    for name in _names(place):
        match = PIECE.fullmatch(name)
        length = _length(place.path(store.INCOMING, name))
        if match and length:
            piece = (int(match.group(2)), length, place.path(store.INCOMING, name))
            found.setdefault(match.group(1), []).append(piece)
    return {sha256: sorted(pieces) for sha256, pieces in found.items()}


def _names(place):
    try:
        return os.listdir(place.path(store.INCOMING))
    except OSError:
        return []


def _length(path):
    try:
        return os.stat(path).st_size
    except OSError:
        return 0


def covered(pieces, size):
    """The ranges [offset, length] that are there, none touching another."""
    ranges = []
    for offset, length, _path in pieces:
        end = min(offset + length, size)
        if ranges and offset <= ranges[-1][1]:
            ranges[-1][1] = max(ranges[-1][1], end)
        elif offset < end:
            ranges.append([offset, end])
    return [[start, end - start] for start, end in ranges]


def publish(place, each, path):
    """Lets a file of which the sha256 was checked become the wheel, for which no piece is of use any more."""
    os.makedirs(place.path(each["sha256"]), exist_ok=True)
    try:
        os.replace(path, place.wheel(each))
    except OSError:
        # Windows replaces no file that somebody reads; then another receiver was faster.
        if not place.has(each):
            raise
        remove(path)
    # Only now: another one who puts the same wheel together finds either its pieces or the wheel.
    _remove_all(place, each["sha256"])
    place.mark_used(each)


def _remove_all(place, sha256):
    """The pieces of one wheel, whoever is writing them."""
    for name in _names(place):
        match = PIECE.fullmatch(name)
        if match and match.group(1) == sha256:
            remove(place.path(store.INCOMING, name))


def join(place, each):
    """Makes the wheel of its pieces, if they are all there; whether it is there now."""
    pieces = [piece for piece in listed(place).get(each["sha256"], []) if piece[0] < each["size"]]
    if covered(pieces, each["size"]) != [[0, each["size"]]]:
        if not place.has(each):
            return False
        # Another controller was faster, and what came before was removed with its pieces.
        _remove_all(place, each["sha256"])
        return True
    # At this offset, nobody takes it for a piece that holds something.
    path, stream = create(place, each["sha256"], each["size"])
    try:
        with stream:
            sha256 = _joined(pieces, each["size"], stream)
    except OSError:
        remove(path)
        if place.has(each):  # somebody else has just put it together, and removed the pieces
            return True
        raise
    if sha256 == each["sha256"]:
        publish(place, each, path)
        return True
    for wrong in [piece for _offset, _length_of_it, piece in pieces] + [path]:
        remove(wrong)
    raise changed(each)


def _joined(pieces, size, target):
    """Writes one after the other what is not there yet; the sha256 of all."""
    hashed = hashlib.sha256()
    position = 0
    for offset, length, path in pieces:
        end = min(offset + length, size)
        with open(path, "rb") as source:
            source.seek(max(0, position - offset))
            while position < end:
                block = source.read(min(BLOCK, end - position))
                if not block:
                    raise OSError("the piece %s has become shorter" % path)
                target.write(block)
                hashed.update(block)
                position += len(block)
    return hashed.hexdigest()


def changed(each):
    """What came is not what was announced."""
    words = "the bytes that came for the wheel %s have another sha256 than it; they were removed" % each["file_name"]
    return Refusal("wheel-changed", words)


def sweep(place):
    """Removes what nobody goes on with. The folder may be a link to one with files of other people."""
    for name in _names(place):
        if not PIECE.fullmatch(name):
            continue
        path = place.path(store.INCOMING, name)
        try:
            old = time.time() - os.stat(path).st_mtime > KEPT_SECONDS
        except OSError:
            continue
        if old:
            remove(path)


def remove(path):
    try:
        os.unlink(path)
    except OSError:  # Windows: somebody has it open; it is removed another time
        pass
