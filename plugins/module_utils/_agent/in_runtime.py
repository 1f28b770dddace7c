# Copyright (c) 2026 the mlfleet authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This file is private to mlfleet.packages: it may change in any release.
"""The operation in_runtime: has the interpreter of one runtime do one thing that changes no runtime.

It gets a private folder, which is gone afterwards whatever becomes of the interpreter.
"""

import time

from . import children, named_runtime, private_folder
from .arguments import check
from .refusal import Refusal

OPERATIONS = ("pip_fetch", "pip_resolve")
# Seconds that are kept for ending pip, so that it is not orphaned when its interpreter is given up.
RESERVE = 5


def operation(arguments, answers, program, attachments):
    """Answers what the interpreter answers."""
    check(arguments, {"home": str, "interpreter": str, "operation": str, "arguments": dict, "seconds": int})
    if arguments["operation"] not in OPERATIONS:
        raise Refusal("arguments-malformed", "the operation must be one of %s" % ", ".join(OPERATIONS))
    begin = time.time()
    problem = named_runtime.problem_with(arguments["home"], arguments["interpreter"])
    if problem:
        raise Refusal("runtime-gone", problem + "; run the task again")
    with private_folder.made() as folder:
        left = arguments["seconds"] - (time.time() - begin)
        request = dict(arguments["arguments"], folder=folder, seconds=max(1, int(left) - RESERVE))
        return _answer(arguments, request, left, answers, program)


def _answer(arguments, request, seconds, answers, program):
    def pass_on(event):
        # It was held back by the child already, which has a sense of time of its own.
        answers.line("event", dict(event, home=arguments["home"]))

    child = children.Child(arguments["interpreter"], arguments["operation"], request, program, pass_on)
    try:
        answer = child.finish(seconds)
    finally:
        child.end()
    if "problem" in answer:
        raise Refusal("runtime-failed", "the runtime %s: %s" % (arguments["home"], answer["problem"]))
    return answer["result"]
