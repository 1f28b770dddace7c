# Copyright (c) 2026 the mlfleet authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This file is private to mlfleet.packages: it may change in any release.
"""The operation snapshot: what the runtime of this interpreter has now."""

from . import interpreter
from .refusal import check_arguments


def operation(arguments, answers, program):
    """Answers the facts of this interpreter and, if asked for, its distributions."""
    check_arguments(arguments, {"packages": bool})
    return take(arguments["packages"])


def take(packages):
    """The snapshot itself; without packages it costs little more than the start of the interpreter."""
    facts = interpreter.facts()
    snapshot = {"interpreter": facts}
    if packages:
        from . import site_packages

        snapshot.update(site_packages.walk(facts["prefix"]))
    return snapshot
