# Copyright (c) 2026 the mlfleet authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This file is private to mlfleet.packages: it may change in any release.
"""Whether and how this runtime can be changed."""

import os

from . import file_lists, search_path, state_folder
from .host import this as host


def of(snapshot):
    """All but the damage to its files."""
    prefix = snapshot["interpreter"]["prefix"]
    site_packages = search_path.site_packages(prefix)
    return {
        "free_bytes": _free_bytes(prefix),
        "writable": _writable(site_packages),
        "site_packages": site_packages,
        "baseline": state_folder.baseline(prefix),
        "interrupted": state_folder.interrupted(prefix),
        "unrecorded": _unrecorded(snapshot),
    }


def _free_bytes(folder):
    try:
        return host.free_bytes(folder)
    except OSError:
        return None


def _writable(folder):
    """Only trying tells: os.access knows nothing of the access lists of Windows."""
    path = os.path.join(folder, ".mlfleet-%d-%s" % (os.getpid(), os.urandom(8).hex()))
    try:
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
        os.unlink(path)
    except OSError:
        return False
    return True


def _unrecorded(snapshot):
    """The distributions without a list of their files, which nobody can take away cleanly."""
    found = []
    for number, each in enumerate(snapshot["distributions"]):
        path = file_lists.path_of(each, snapshot["folders"][each["location"]])
        if path is None or not os.path.isfile(path):
            found.append(number)
    return found
