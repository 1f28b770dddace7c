# Copyright (c) 2026 the mlfleet authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This file is private to mlfleet.packages: it may change in any release.
"""The operation pip_fetch: lets the host's pip download wheels, and puts them into the store once they are checked."""

import os
import time

from . import change_request, interpreter, pip_calls, requirement_lines, store, store_receive, wheel_description
from .arguments import check
from .failure import Failure
from .host import this as host
from .host_pip import HostPip
from .refusal import Refusal

KINDS = {"folder": str, "seconds": int, "store": str, "wheels": [dict]}


def operation(arguments, answers, program, attachments):
    """Answers the descriptions of the wheels, in the order of the request, or the problem."""
    lines = _check(arguments)
    place = store.Store(arguments["store"])
    try:
        lacking = [each for each in arguments["wheels"] if not _is_there(each, place)]
        if lacking:
            place.make()
            pip = HostPip(interpreter.facts()["prefix"], arguments["folder"], time.time() + arguments["seconds"])
            _download([lines[each["file_name"]] for each in lacking], pip, answers)
            for each in lacking:
                _take(each, pip.path(each["file_name"]), place)
    except Failure as failure:
        return {"wheels": [], "problem": failure.detail, "advice": failure.advice, "pip": failure.said}
    paths = [host.paths.join(place.folder, each["sha256"], each["file_name"]) for each in arguments["wheels"]]
    return {"wheels": [wheel_description.of(path) for path in paths], "problem": None, "advice": None, "pip": None}


def _check(arguments):
    """File name to the line that pip gets for it: what the file name itself says, and the hash."""
    check(arguments, KINDS)
    lines = {}
    for each in arguments["wheels"]:
        check(each, {"file_name": str, "sha256": str})
        change_request.file_name_and_hash(each)
        pinned = "==".join(each["file_name"].split("-")[:2])
        requirement_lines.check([pinned], requirement_lines.PINNED)
        lines[each["file_name"]] = "%s --hash=sha256:%s" % (pinned, each["sha256"])
    if len(lines) != len(arguments["wheels"]):
        raise Refusal("arguments-malformed", "a wheel is named twice")
    if not os.path.isabs(arguments["folder"]):
        raise Refusal("arguments-malformed", "the folder is no absolute path")
    return lines


def _is_there(each, place):
    try:
        size = os.stat(place.wheel(each)).st_size
    except OSError:
        return False
    return place.has(dict(each, size=size))


def _download(lines, pip, answers):
    listing = pip.path("wheels.txt")
    requirement_lines.write(listing, lines)

    def tell():
        done = sum(name.endswith(".whl") for name in os.listdir(pip.folder))
        answers.event(step="pip downloads", done=done, of=len(lines))

    try:
        pip.run(pip_calls.download(pip.folder, listing), tell)
    except Failure as failure:
        if failure.kind == "pip-hash":
            detail = "the host's index sends another file than the one whose sha256 it told (%s)" % failure.detail
            raise Failure("hash", detail, "find out who changed it there", failure.said)
        raise


def _take(each, path, place):
    """store_receive computes the sha256 of what it takes, and publishes no other."""
    try:
        part = dict(each, size=os.stat(path).st_size, offset=0)
        with open(path, "rb") as stream:
            store_receive.take(dict(part, length=part["size"]), place, stream)
        os.unlink(path)
    except OSError as error:
        detail = "the host's pip did not bring %s: %s" % (each["file_name"], error.strerror or error)
        raise Failure("fetch", detail, "run the task again to plan anew")
    except Refusal as refusal:
        raise Failure("fetch", refusal.message, "run the task again")
