# Copyright (c) 2026 the mlfleet authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This file is private to mlfleet.packages: it may change in any release.
"""The operation change: brings this runtime from one state to another, or leaves it as it was.

Up to the moment at which everything that may be destroyed is set aside, whatever is wrong leaves the runtime
untouched. From then on, it is restored.
"""

import os
import time
import traceback

from . import change_request, exclusive, interpreter, package_state, snapshot, state_folder, wheel_file
from .failure import Failure
from .host import this as host
from .installation import Installation
from .way_back import WayBack

UNTOUCHED, CHANGED, RESTORED, DAMAGED = "untouched", "changed", "restored", "damaged"
# An old pip unpacks a wheel twice, and compiling adds about as much as the sources have.
SPACE_FACTOR = 2


def operation(arguments, answers, program, attachments):
    """Answers what became of the runtime, and its new snapshot where it was touched."""
    change_request.check(arguments)
    deadline = time.time() + arguments["seconds"]
    prefix = interpreter.facts()["prefix"]
    try:
        with exclusive.hold(prefix):
            return _change(arguments, prefix, answers, deadline)
    except Failure as failure:
        return _answer(UNTOUCHED, failure)


def _change(request, prefix, answers, deadline):
    _expect_nothing_begun(prefix)
    before = snapshot.take(snapshot.REQUIREMENTS)
    _expect(before, request["before"])
    pip = package_state.version_of(before, "pip")
    if pip is None:
        raise Failure("pip-absent", "the runtime has no pip", "install pip into this runtime")
    wheels = [_open_wheel(request["folder"], each) for each in request["install"]]
    _check_space(wheels, prefix)
    way_back = _prepare(request, prefix, before, wheels)
    installation = Installation(request, prefix, pip, wheels, way_back, deadline)
    try:
        installation.carry_out(before, answers)
    except Failure as failure:
        return _restore(way_back, request, failure)
    except Exception as error:  # pylint: disable=broad-except  # whatever it is, the runtime must not stay like this
        said = traceback.format_exc()[-4000:]
        return _restore(way_back, request, Failure("internal", "the change broke off: %r" % error, "report this", said))
    way_back.discard()
    return _answer(CHANGED, after=installation.after)


def _expect_nothing_begun(prefix):
    """A change on top of half a change could not be undone to anything."""
    folder = state_folder.interrupted(prefix)
    if folder is not None:
        detail = "an earlier change was interrupted, and left what it had set aside in %s" % folder
        raise Failure("interrupted", detail, "put that back by hand, then remove the folder")


def _expect(before, expected):
    """The plan was made for one state, and holds for no other."""
    differences = package_state.differences(before, expected)
    if differences:
        detail = "the runtime is no longer what the plan was made for: %s" % differences
        raise Failure("moved", detail, "run the task again to plan anew")


def _open_wheel(folder, each):
    name = each["file_name"]
    try:
        with open(os.path.join(folder, name), "rb") as stream:
            if wheel_file.sha256_of(stream)[0] != each["sha256"]:
                raise wheel_file.Unusable("has another sha256 than planned")
            wheel = wheel_file.WheelFile(stream)
        if wheel_file.name_of(wheel.dist_info) != wheel_file.name_of(name):
            raise wheel_file.Unusable("holds %s, which its name does not say" % ascii(wheel.dist_info)[:200])
    except OSError as error:
        raise Failure("wheel", "the wheel %s cannot be read: %s" % (name, error), "run the task again")
    except wheel_file.Unusable as error:
        raise Failure("wheel", "the wheel %s %s" % (name, error), "get the wheel again")
    return wheel


def _check_space(wheels, prefix):
    needed = SPACE_FACTOR * sum(wheel.unpacked for wheel in wheels)
    free = host.free_bytes(prefix)
    if needed > free:
        sizes = (needed >> 20, prefix, free >> 20)
        raise Failure("space", "the change needs about %d MiB on the volume of %s, which has %d MiB left" % sizes)


def _prepare(request, prefix, before, wheels):
    way_back = WayBack(request, prefix, before, wheels)
    try:
        state_folder.sweep(prefix)
        state_folder.keep_baseline(prefix, before)
        way_back.prepare()
    except OSError as error:
        way_back.discard()
        detail = "what is there cannot be set aside: %s" % error
        raise Failure("denied", detail, "run the task as an account that may write to the runtime")
    except Failure:
        way_back.discard()
        raise
    return way_back


def _restore(way_back, request, failure):
    problems = way_back.restore()
    after = snapshot.take(snapshot.REQUIREMENTS)
    differences = package_state.differences(after, request["before"])
    problems += [differences] if differences else []
    if not problems:
        way_back.discard()
        return _answer(RESTORED, failure, after)
    words = (failure.detail, "; ".join(problems[:3]), way_back.folder)
    detail = "%s; and it could not be restored (%s): what was there is kept in %s" % words
    advice = "stop what uses the runtime, then put the files back that manifest.json in that folder lists"
    return _answer(DAMAGED, Failure(failure.kind, detail, advice, failure.said), after)


def _answer(outcome, failure=None, after=None):
    answer = {"outcome": outcome, "kind": None, "detail": None, "advice": "", "pip": None, "snapshot": after}
    if failure is not None:
        answer.update(kind=failure.kind, detail=failure.detail, advice=failure.advice, pip=failure.said)
    return answer
