# Copyright (c) 2026 the mlfleet authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This file is private to mlfleet.packages: it may change in any release.
"""One change of a runtime at a time."""

import contextlib
import os

from . import state_folder
from .failure import Failure

try:
    import fcntl
except ImportError:
    fcntl = None

LOCK = "lock"


@contextlib.contextmanager
def hold(prefix):
    """The runtime is locked inside; the file stays, because removing it would let two in at once."""
    path = os.path.join(state_folder.place(prefix), LOCK)
    try:
        os.makedirs(os.path.dirname(path), exist_ok=True)
        handle = os.open(path, os.O_CREAT | os.O_RDWR, 0o666)
    except OSError as error:
        advice = "run the task as an account that may write there"
        raise Failure("denied", "the runtime %s cannot be written to: %s" % (prefix, error), advice)
    try:
        _lock(handle, path)
        yield
    finally:
        os.close(handle)


def _lock(handle, path):
    try:
        if fcntl is None:
            import msvcrt

            msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)
        else:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        detail = "the runtime is being changed by somebody else, who holds %s" % path
        raise Failure("busy", detail, "wait until that change has ended, then run the task again")
