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


def operation(arguments, answers, program, attachments):
    """Discovers, then takes a snapshot of every runtime that was asked for."""
    check(arguments, {"places": [str], "instances": [str], "detail": str, "seconds": int})
    detail = arguments["detail"]
    if detail not in snapshot.DETAILS:
        raise Refusal("arguments-malformed", "the detail must be one of %s" % ", ".join(snapshot.DETAILS))
    names = arguments["instances"] or None
    return look(arguments, names, "snapshot", {"detail": detail}, lambda: snapshot.take(detail), answers, program)


def look(arguments, names, question, details, own, answers, program):
    """What discover answers, with the answer to the question as the `snapshot` of every runtime that was asked for.

    Those are the runtimes of the named instances (None: all that there are), and all that the places name.
    """
    seen = host.discover(arguments["places"])
    answers.event(step="discovered", instances=len(seen["instances"]), runtimes=len(seen["runtimes"]))
    wanted = _wanted(seen["instances"], seen["runtimes"], names)
    others = [each for each in wanted if not host.same_file(each["interpreter"], sys.executable)]
    running = [(each, children.Child(each["interpreter"], question, details, program)) for each in others]
    try:
        for each in wanted:
            if each not in others:
                each["snapshot"] = own()
                answers.event(step="snapshot", home=each["home"])
        for each, child in running:
            _take_answer(each, child.finish(arguments["seconds"]))
            answers.event(step="snapshot", home=each["home"])
    finally:
        for _each, child in running:
            child.end()
    return seen


def _wanted(instances, runtimes, names):
    """The runtimes of the named instances, and those that the places name."""
    if names is None:
        return runtimes
    asked = {name.upper() for name in names}
    homes = set()
    for instance in instances:
        if instance["name"].upper() in asked:
            homes.update(instance["runtimes"])
    return [runtime for runtime in runtimes if runtime["home"] in homes or runtime["named"]]


def _take_answer(runtime, answer):
    if "result" in answer:
        runtime["snapshot"] = answer["result"]
    else:
        runtime["problem"] = answer["problem"]
