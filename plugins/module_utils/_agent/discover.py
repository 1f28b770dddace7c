# Copyright (c) 2026 the mlfleet authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This file is private to mlfleet.packages: it may change in any release.
"""The operation discover: the instances of this machine, and the runtimes that belong to them."""

from .arguments import check
from .host import this as host


def operation(arguments, answers, program, attachments):
    """Looks, and starts nothing."""
    check(arguments, {"places": [str]})
    return host.discover(arguments["places"])
