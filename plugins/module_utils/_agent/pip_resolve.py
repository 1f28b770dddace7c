# Copyright (c) 2026 the mlfleet authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This file is private to mlfleet.packages: it may change in any release.
"""The operation pip_resolve: asks the host's pip what it would take, and changes nothing."""

import os
import time

from . import interpreter, pip_calls, requirement_lines, wire_json
from .arguments import check
from .failure import Failure
from .host_pip import NO_SOLUTION, NO_WHEEL, HostPip
from .refusal import Refusal

KINDS = {
    "folder": str,
    "seconds": int,
    "requirements": [str],
    "newest": bool,
    "again": [str],
    "constraints": [str],
    "wishes": [str],
}
REPORT_LIMIT = 64 * 1024 * 1024


def operation(arguments, answers, program, attachments):
    """Answers the wheels that pip would take for the requirements, or the problem.

    newest: whether what is installed and satisfies is to be passed over; again: releases of which the wheels are
    wanted although they are installed; wishes: constraints that are given up where there is no solution with them.
    """
    _check(arguments)
    try:
        pip = HostPip(interpreter.facts()["prefix"], arguments["folder"], time.time() + arguments["seconds"])
        found = _needed(arguments, pip, answers) + _again(arguments, pip, answers)
    except Failure as failure:
        return {"found": [], "problem": "%s; %s" % (failure.detail, failure.advice)}
    return {"found": found, "problem": None}


def _check(arguments):
    check(arguments, KINDS)
    requirement_lines.check(arguments["requirements"], requirement_lines.REQUIREMENT)
    requirement_lines.check(arguments["again"], requirement_lines.PINNED)
    requirement_lines.check(arguments["constraints"] + arguments["wishes"], requirement_lines.CONSTRAINT)
    if not os.path.isabs(arguments["folder"]):
        raise Refusal("arguments-malformed", "the folder is no absolute path")


def _needed(arguments, pip, answers):
    if not arguments["requirements"]:
        return []
    requirements, constraints = arguments["requirements"], arguments["constraints"]
    options = pip_calls.NEWEST if arguments["newest"] else ()
    try:
        return _ask(pip, requirements, constraints + arguments["wishes"], options, answers)
    except Failure as failure:
        if failure.kind not in (NO_SOLUTION, NO_WHEEL) or not arguments["wishes"]:
            raise
        return _ask(pip, requirements, constraints, options, answers)


def _again(arguments, pip, answers):
    """The wheels of what is installed; where the index has one no more, the others are told all the same."""
    found = []
    for line in arguments["again"]:
        try:
            found += _ask(pip, [line], [], pip_calls.AGAIN, answers)
        except Failure as failure:
            if failure.kind not in (NO_SOLUTION, NO_WHEEL):
                raise
    return found


def _ask(pip, requirements, constraints, options, answers):
    listing, limits, report = pip.path("requirements.txt"), pip.path("constraints.txt"), pip.path("report.json")
    requirement_lines.write(listing, requirements)
    requirement_lines.write(limits, constraints)
    pip.run(pip_calls.resolve(report, listing, limits, options), lambda: answers.event(step="pip is asked"))
    try:
        with open(report, "rb") as stream:
            told = wire_json.decode(stream.read(REPORT_LIMIT).decode("utf-8"))
        return [_described(each) for each in told["install"]]
    except (KeyError, OSError, TypeError, ValueError) as error:
        detail = "the report of the host's pip %s cannot be understood: %r" % (pip.version, error)
        raise Failure("report", detail, "use the source controller")


def _described(each):
    from urllib.parse import unquote, urlsplit

    said = each["metadata"]
    archive = each["download_info"].get("archive_info") or {}
    name = "%s %s" % (said["name"], said["version"])
    # pip 22.2 knows only the second spelling.
    sha256 = (archive.get("hashes") or {}).get("sha256") or archive.get("hash", "").partition("sha256=")[2]
    if not sha256:
        raise Failure("no-hash", "the host's index tells no sha256 of %s" % name, "use the source controller")
    return {
        "name": said["name"],
        "version": said["version"],
        "file_name": unquote(urlsplit(each["download_info"]["url"]).path).rpartition("/")[2],
        "sha256": sha256,
        "requires": said.get("requires_dist") or [],
        "requires_python": said.get("requires_python") or "",
        "extras": said.get("provides_extra") or [],
    }
