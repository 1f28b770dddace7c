# Copyright (c) 2026 the mlfleet authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This file is private to mlfleet.packages: it may change in any release.
"""What may be asked of a change: nothing in it can be anything else than a name, a version, a hash or a module."""

import os
import re

from . import arguments, metadata, wheel_file
from .refusal import Refusal

NAME = re.compile(r"[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?")
MODULE = re.compile(r"[^\W\d]\w*(\.[^\W\d]\w*)*", re.ASCII)
KINDS = {
    "folder": str,
    "before": [list],
    "after": [list],
    "remove": [str],
    "install": [dict],
    "imports": [str],
    "seconds": int,
}


def check(request):
    """Refuses a request that this program would not have made."""
    arguments.check(request, KINDS)
    for each in request["install"]:
        arguments.check(each, {"file_name": str, "sha256": str})
        file_name_and_hash(each)
    check_plan(request)
    if not os.path.isabs(request["folder"]):
        raise Refusal("arguments-malformed", "the folder of the wheels is not an absolute path")


def check_plan(request):
    """The part of a request that travels from the controller as it is."""
    for key, pattern in (("remove", NAME), ("imports", MODULE)):
        for value in request[key]:
            if not pattern.fullmatch(value):
                _refuse(key, value)
    for key in ("before", "after"):
        for pair in request[key]:
            if len(pair) != 2 or not all(isinstance(value, str) for value in pair):
                _refuse(key, pair)
    names = [wheel_file.name_of(file_name) for file_name in file_names(request)]
    names += [metadata.normalised(name) for name in request["remove"]]
    if len(set(names)) != len(names):
        raise Refusal("arguments-malformed", "a distribution is named twice among what to install and to remove")


def file_names(request):
    """Those of the wheels to install, which come with their hashes or alone."""
    return [each["file_name"] if isinstance(each, dict) else each for each in request["install"]]


def file_name_and_hash(each):
    """Refuses what is no name of a wheel or no hash."""
    if not wheel_file.FILE_NAME.fullmatch(each["file_name"]):
        _refuse("file_name", each["file_name"])
    if not wheel_file.SHA256.fullmatch(each["sha256"]):
        _refuse("sha256", each["sha256"])


def _refuse(key, value):
    raise Refusal("arguments-malformed", "%s is no %s that can be taken" % (ascii(value)[:100], key))
