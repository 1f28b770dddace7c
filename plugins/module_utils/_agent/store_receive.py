# Copyright (c) 2026 the mlfleet authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This file is private to mlfleet.packages: it may change in any release.
"""The operation store_receive: takes wheels, or parts of them, that follow the request, into the store."""

import hashlib

from . import announced, store, store_pieces
from .arguments import check
from .refusal import Refusal


def operation(arguments, answers, program, attachments):
    """Answers which wheels have become whole."""
    check(arguments, {"store": str, "parts": [dict]})
    _check_parts(arguments["parts"])
    place = store.Store(arguments["store"])
    sent = announced.Announced(attachments, sum(each["length"] for each in arguments["parts"]))
    try:
        place.make()
        store_pieces.sweep(place)
        return {"there": [each["sha256"] for each in arguments["parts"] if take(each, place, sent)]}
    except Refusal:
        sent.skip_rest()
        raise


def _check_parts(parts):
    store.check_wheels(parts, {"offset": int, "length": int})
    for each in parts:
        if each["offset"] < 0 or each["length"] < 0 or each["offset"] + each["length"] > each["size"]:
            raise Refusal("arguments-malformed", "the part of the wheel %s is not inside of it" % each["file_name"])


def take(each, place, attachments, goes_on=True):
    """One part, from where it can be read; whether the wheel is whole with it.

    goes_on: whether somebody may bring the rest of a part that broke off.
    """
    try:
        if each["length"] == 0:  # all has come already, and is to be put together
            return store_pieces.join(place, each)
        path, sha256 = _write(each, place, attachments, goes_on)
        if each["length"] < each["size"]:
            return store_pieces.join(place, each)
        if sha256 != each["sha256"]:
            store_pieces.remove(path)
            raise store_pieces.changed(each)
        store_pieces.publish(place, each, path)
        return True
    except OSError as error:
        words = "the store %s cannot take the wheel %s: %s" % (place.folder, each["file_name"], error.strerror or error)
        raise Refusal("store-failed", words)


def _write(each, place, attachments, goes_on):
    """The path of the piece and the sha256 of what is in it."""
    hashed = hashlib.sha256()
    left = each["length"]
    path, stream = store_pieces.create(place, each["sha256"], each["offset"])
    try:
        with stream:
            while left:
                block = attachments.read(min(store_pieces.BLOCK, left))
                if not block:
                    words = "the wheel %s ends %d bytes too early" % (each["file_name"], left)
                    raise Refusal("wheel-incomplete", words)
                _write_all(stream, block)
                hashed.update(block)
                left -= len(block)
    except Exception as error:
        # A disk that has become full must not stay so.
        if isinstance(error, OSError) or not goes_on:
            store_pieces.remove(path)
        raise
    return path, hashed.hexdigest()


def _write_all(stream, block):
    """A file without a buffer may take less than it is given."""
    rest = memoryview(block)
    while rest:
        rest = rest[stream.write(rest) :]
