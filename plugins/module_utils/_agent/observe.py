# Copyright (c) 2026 the mlfleet authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This file is private to mlfleet.packages: it may change in any release.
"""The operation observe: everything about all runtimes of this machine in one call.

The snapshot of a runtime needs its own interpreter. This one answers for itself, and hands the agent as it
came over the wire on to the others, all at the same time.
"""

import sys

from . import children, snapshot
from .arguments import check
from .host import this as host
from .refusal import Refusal


def operation(arguments, answers, program):
    """Discovers, then takes a snapshot of every runtime that was asked for."""
    check(arguments, {"places": [str], "instances": [str], "detail": str, "seconds": int})
    if arguments["detail"] not in snapshot.DETAILS:
        raise Refusal("arguments-malformed", "the detail must be one of %s" % ", ".join(snapshot.DETAILS))
    seen = host.discover(arguments["places"])
    answers.event(step="discovered", instances=len(seen["instances"]), runtimes=len(seen["runtimes"]))
    wanted = _wanted(seen["instances"], seen["runtimes"], arguments["instances"])
    _take_snapshots(wanted, arguments, answers, program)
    return seen


def _wanted(instances, runtimes, names):
    """The runtimes of the named instances; with no names, all."""
    if not names:
        return runtimes
    asked = {name.upper() for name in names}
    homes = set()
    for instance in instances:
        if instance["name"].upper() in asked:
            homes.update(instance["runtimes"])
    return [runtime for runtime in runtimes if runtime["home"] in homes or runtime["named"]]


def _take_snapshots(runtimes, arguments, answers, program):
    """Puts `snapshot` or `problem` into each runtime."""
    others = [each for each in runtimes if not host.same_file(each["interpreter"], sys.executable)]
    running = [children.Child(each, arguments["detail"], program) for each in others]
    try:
        for each in runtimes:
            if each not in others:
                each["snapshot"] = snapshot.take(arguments["detail"])
                answers.event(step="snapshot", home=each["home"])
        for child in running:
            child.finish(arguments["seconds"])
            answers.event(step="snapshot", home=child.runtime["home"])
    finally:
        for child in running:
            child.end()
