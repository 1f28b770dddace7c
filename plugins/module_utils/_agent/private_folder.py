# Copyright (c) 2026 the mlfleet authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This file is private to mlfleet.packages: it may change in any release.
"""The folder for what a call needs while it lasts, and the removal of those that killed calls left."""

import contextlib
import os
import re
import shutil
import tempfile
import time

from .host import this as host

PREFIX, SUFFIX = "mlfleet-call-", ".tmp"
NAME = re.compile(re.escape(PREFIX) + "[a-z0-9_]{8}" + re.escape(SUFFIX))
# No call lasts that long.
KEPT_SECONDS = 24 * 3600


@contextlib.contextmanager
def made():
    """A folder of this account alone, with a name that nobody can foresee, and that is gone afterwards."""
    folder = tempfile.mkdtemp(prefix=PREFIX, suffix=SUFFIX)
    try:
        _sweep(folder)
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _sweep(own):
    """Others may write where this is, so that a name proves nothing: removes what is like our own in all respects."""
    place = os.path.dirname(own)
    try:
        found = [os.path.join(place, name) for name in os.listdir(place) if NAME.fullmatch(name)]
    except OSError:
        return
    for path in found:
        if path == own:
            continue
        try:
            left = host.is_real_folder(path) and _is_old(path) and host.same_owner(path, own) and _holds_no_link(path)
        except OSError:  # it has just gone
            continue
        if left:
            shutil.rmtree(path, ignore_errors=True)


def _is_old(folder):
    return time.time() - os.lstat(folder).st_mtime > KEPT_SECONDS


def _holds_no_link(folder):
    """rmtree of Python before 3.8 follows junctions and removes what they lead to."""
    # Those of a folder are looked at before os.walk enters them.
    return all(
        host.is_real_folder(os.path.join(inside, name)) for inside, names, _files in os.walk(folder) for name in names
    )
