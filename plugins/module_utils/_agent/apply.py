# Copyright (c) 2026 the mlfleet authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This file is private to mlfleet.packages: it may change in any release.
"""The operation apply: takes the wheels that come with it, and changes one runtime after the other."""

import time

from . import change_request, children, incoming_wheels, named_runtime, private_folder
from .arguments import check
from .refusal import Refusal

CHANGE = {
    "home": str,
    "interpreter": str,
    "before": [list],
    "after": [list],
    "remove": [str],
    "install": [str],
    "imports": [str],
}
# What of the time that is left is kept for undoing a change that did not come about.
RESERVE = 0.2


def operation(arguments, answers, program, attachments):
    """Answers what became of each runtime, in the order in which they were given."""
    deadline = _check(arguments)
    with private_folder.made() as folder:
        hashes = incoming_wheels.take(arguments["wheels"], folder, attachments)
        answers.event(step="received", wheels=len(hashes))
        return {"changes": _change_all(arguments["changes"], hashes, folder, deadline, answers, program)}


def _check(arguments):
    check(arguments, {"seconds": int, "wheels": [dict], "changes": [dict]})
    incoming_wheels.check(arguments["wheels"])
    there = {each["file_name"] for each in arguments["wheels"]}
    for change in arguments["changes"]:
        check(change, CHANGE)
        change_request.check_plan(change)
        missing = sorted(set(change["install"]) - there)
        if missing:
            raise Refusal("arguments-malformed", "the wheel %s is to be installed, but does not come" % missing[0])
    return time.time() + arguments["seconds"]


def _change_all(changes, hashes, folder, deadline, answers, program):
    found = []
    for number, change in enumerate(changes):
        if found and found[-1]["outcome"] != "changed":
            found.append({"outcome": "skipped"})
            continue
        answers.event(step="changing", home=change["home"], done=number, of=len(changes))
        found.append(_change(change, hashes, folder, deadline, answers, program))
    return found


def _change(change, hashes, folder, deadline, answers, program):
    problem = named_runtime.problem_with(change["home"], change["interpreter"])
    if problem:
        return _failed("untouched", "gone", problem, "run the task again to plan anew")
    left = deadline - time.time()
    request = {key: change[key] for key in ("before", "after", "remove", "imports")}
    request["install"] = [{"file_name": name, "sha256": hashes[name]} for name in change["install"]]
    request.update(folder=folder, seconds=max(1, int(left * (1 - RESERVE))))

    def pass_on(event):
        # It was held back by the child already, which has a sense of time of its own.
        answers.line("event", dict(event, home=change["home"]))

    child = children.Child(change["interpreter"], "change", request, program, pass_on)
    try:
        answer = child.finish(left)
    finally:
        child.end()
    if "result" in answer:
        return answer["result"]
    advice = "look at the runtime before the next change: it may be in the middle of this one"
    return _failed("damaged", "interrupted", answer["problem"], advice)


def _failed(outcome, kind, detail, advice):
    return {"outcome": outcome, "kind": kind, "detail": detail, "advice": advice, "pip": None, "snapshot": None}
