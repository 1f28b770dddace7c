# Copyright (c) 2026 the mlfleet authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This file is private to mlfleet.packages: it may change in any release.
"""The operation snapshot: what the runtime of this interpreter has now."""

from . import interpreter
from .refusal import Refusal

# How much to look at: the interpreter alone; with it what a plan is made from; all that there is to know.
INTERPRETER, REQUIREMENTS, ALL = DETAILS = ("interpreter", "requirements", "all")


def operation(arguments, answers, program, attachments):
    """Answers the facts of this interpreter and, if asked for, its distributions."""
    if arguments not in [{"detail": detail} for detail in DETAILS]:
        raise Refusal("arguments-malformed", "a snapshot takes a detail, which is one of %s" % ", ".join(DETAILS))
    return take(arguments["detail"])


def take(detail):
    """The snapshot itself. What is not asked for is not even compiled."""
    facts = interpreter.facts()
    snapshot = {"interpreter": facts}
    if detail != INTERPRETER:
        from . import site_packages

        snapshot.update(site_packages.walk(facts["prefix"]))
    if detail == ALL:
        from . import provenance

        provenance.add(snapshot)
    if detail != INTERPRETER:
        _number_locations(snapshot)
    return snapshot


def _number_locations(snapshot):
    """Most distributions share one long path, which then travels once: a location is a number into the folders."""
    folders = snapshot["folders"]
    numbers = {folder: number for number, folder in enumerate(folders)}
    for each in snapshot["distributions"]:
        number = numbers.setdefault(each["location"], len(folders))
        if number == len(folders):
            folders.append(each["location"])
        each["location"] = number
