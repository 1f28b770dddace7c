# Copyright (c) 2026 the mlfleet authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This file is private to mlfleet.packages: it may change in any release.
"""A folder for what is only there while the agent works."""

import contextlib
import shutil
import tempfile


@contextlib.contextmanager
def made():
    """A folder of this account alone, with a name that nobody can foresee, and that is gone afterwards."""
    folder = tempfile.mkdtemp(prefix="mlfleet-")
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
