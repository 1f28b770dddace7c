# Copyright (c) 2026 the mlfleet authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This file is private to mlfleet.packages: it may change in any release.
"""The operation inspect: a snapshot, and what else a plan for this runtime must know."""

from . import damage, readiness, snapshot
from .arguments import check
from .refusal import Refusal


def operation(arguments, answers, program, attachments):
    """Looks at this runtime, and at the files of the named distributions and of all that they need."""
    check(arguments, {"names": [str], "files": str})
    check_files(arguments)
    return take(arguments)


def check_files(arguments):
    """Refuses an unknown depth."""
    if arguments["files"] not in damage.DEPTHS:
        raise Refusal("arguments-malformed", "files must be one of %s" % ", ".join(damage.DEPTHS))


def take(arguments):
    """The inspection itself."""
    answer = snapshot.take(snapshot.REQUIREMENTS)
    ready = readiness.of(answer)
    ready["damaged"] = damage.find(answer, arguments["names"], arguments["files"])
    answer["readiness"] = ready
    return answer
