# Copyright (c) 2026 the mlfleet authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This file is private to mlfleet.packages: it may change in any release.
"""The operation survey: an inspection of all runtimes of this machine, and of wheels that lie on it."""

from . import inspect, observe
from .arguments import check

ALL = "all"


def operation(arguments, answers, program, attachments):
    """As observe, with inspections; and what a plan must know of the wheels."""
    # Unlike those of observe, instances that are not named are not meant.
    kinds = {"places": [str], "instances": [str], "seconds": int, "names": [str], "files": str, "wheels": [str]}
    check(arguments, kinds)
    details = {"names": arguments["names"], "files": arguments["files"]}
    inspect.check_files(details)
    names = None if arguments["instances"] == [ALL] else arguments["instances"]
    seen = observe.look(arguments, names, "inspect", details, lambda: inspect.take(details), answers, program)
    seen["wheels"] = []
    if arguments["wheels"]:
        from . import wheel_description

        for path in arguments["wheels"]:
            seen["wheels"].append(wheel_description.of(path))
            answers.event(step="wheel", path=path)
    return seen
