# Copyright (c) 2026 the mlfleet authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This file is private to mlfleet.packages: it may change in any release.
"""A runtime as a request names it: by its home and its interpreter, which need not be there any more."""

from .host import this as host


def problem_with(home, interpreter):
    """Why it cannot be used, or None. An interpreter is not run because a request names it."""
    # Asked by its interpreter as well: a home can have several, of which a task may name any.
    if home not in _homes(home) or home not in _homes(interpreter):
        return "there is no runtime %s with the interpreter %s any more" % (home, interpreter)
    return None


def _homes(place):
    return [runtime["home"] for runtime in host.discover([place])["runtimes"]]
