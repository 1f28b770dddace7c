# Copyright (c) 2026 the mlfleet authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This file is private to mlfleet.packages: it may change in any release.
"""The store: wheels of this machine by their sha256, shared by all its runtimes.

A wheel lies at <store>/<sha256>/<file name>, and only there once its sha256 was checked. What is on its way lies
in <store>/incoming, see store_pieces.
"""

import os

from . import change_request, set_aside, wheel_file
from .arguments import check
from .host import this as host
from .refusal import Refusal

INCOMING = "incoming"
WHEEL = {"file_name": str, "sha256": str, "size": int}


class Store(object):
    """The folder of a store, which need not exist yet."""

    def __init__(self, asked):
        if asked and not host.paths.isabs(asked):
            raise Refusal("arguments-malformed", "the store %s is no absolute path of this host" % ascii(asked)[:200])
        self.folder = asked or _default()

    def path(self, *names):
        """Below the store, as the system calls want it."""
        return host.reach(host.paths.join(self.folder, *names))

    def wheel(self, each):
        return self.path(each["sha256"], each["file_name"])

    def has(self, each):
        """Whether the wheel is there, whole. One that somebody damaged is not."""
        try:
            with open(self.wheel(each), "rb") as stream:
                return wheel_file.sha256_of(stream) == (each["sha256"], each["size"])
        except OSError:
            return False

    def make(self):
        """Makes the folders, which others than administrators must not be able to write to."""
        try:
            _make_private(self.folder)
            os.makedirs(self.path(INCOMING), exist_ok=True)
        except OSError as error:
            raise Refusal("store-denied", "the store %s cannot be written to: %s" % (self.folder, error))

    def free_bytes(self):
        return host.free_bytes(existing(self.path()))

    def entries(self):
        """The names of the folders that hold a wheel each."""
        try:
            names = [name for name in os.listdir(self.path()) if wheel_file.SHA256.fullmatch(name)]
        except OSError:
            return []
        return sorted(name for name in names if host.is_real_folder(self.path(name)))

    def mark_used(self, each):
        """Remembers that somebody wanted the wheel, for those who collect what nobody wants."""
        try:
            os.utime(self.path(each["sha256"]))
        except OSError:  # another account made it, and will keep it or not
            pass


def _default():
    """The first of the usual places that this account can write to."""
    places = host.store_places()
    fitting = [place for place in places if os.access(existing(host.reach(place)), os.W_OK)]
    return (fitting or places)[0]


def _make_private(store):
    """Nobody sees the folder before it is kept from others: neither they nor another receiver can put something in."""
    folder = host.reach(store)
    if os.path.isdir(folder):
        return
    own = host.reach("%s-%s" % (host.paths.normpath(store), os.urandom(8).hex()))
    os.makedirs(own)
    try:
        host.keep_from_others(own)
        set_aside.persistently(os.rename, own, folder)
    except OSError:
        os.rmdir(own)
        if not os.path.isdir(folder):  # otherwise, another receiver was faster
            raise


def existing(folder):
    """The folder, or the nearest one above it that exists."""
    while not os.path.isdir(folder) and os.path.dirname(folder) != folder:
        folder = os.path.dirname(folder)
    return folder


def check_wheels(wheels, more=None):
    """Refuses a list that is none of wheels; more: what each has besides."""
    for each in wheels:
        check(each, dict(WHEEL, **(more or {})))
        change_request.file_name_and_hash(each)
        if each["size"] < 1:
            raise Refusal("arguments-malformed", "the wheel %s has the size %d" % (each["file_name"], each["size"]))
