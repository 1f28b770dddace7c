# Copyright (c) 2026 the mlfleet authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This file is private to mlfleet.packages: it may change in any release.
"""The wheels of a request: those that follow it on standard input, and those that lie on this host."""

import hashlib
import os

from . import announced, change_request
from .arguments import check as check_kinds
from .host import this as host
from .refusal import Refusal


def check(wheels):
    """Refuses a list of wheels that is no such thing."""
    for each in wheels:
        kinds = {"file_name": str, "sha256": str, "size": int}
        check_kinds({key: value for key, value in each.items() if key != "path"}, kinds)
        change_request.file_name_and_hash(each)
        path = each.get("path")
        if path is not None and not (isinstance(path, str) and host.paths.isabs(path) and "\0" not in path):
            raise Refusal("arguments-malformed", "the path of the wheel %s is not absolute" % each["file_name"])
        if each["size"] < 0:
            raise Refusal("arguments-malformed", "the size of the wheel %s is negative" % each["file_name"])
    names = [each["file_name"].lower() for each in wheels]
    if len(set(names)) != len(names):
        raise Refusal("arguments-malformed", "a wheel comes twice")


def take(wheels, folder, attachments):
    """Writes the wheels into the folder; file name -> sha256. Refuses unless every one is what was announced."""
    sent = announced.Announced(attachments, sum(each["size"] for each in wheels if each.get("path") is None))
    try:
        for each in wheels:
            _take(each, folder, sent)
    except Refusal:
        sent.skip_rest()
        raise
    return {each["file_name"]: each["sha256"] for each in wheels}


def _take(each, folder, sent):
    try:
        if each.get("path") is None:
            _write(each, folder, sent)
            return
        with host.open_binary(each["path"]) as stream:
            _write(each, folder, stream)
            if stream.read(1):
                raise Refusal("wheel-changed", "the wheel %s is longer than planned" % each["path"])
    except OSError as error:
        raise Refusal("wheel-unreadable", "the wheel %s cannot be taken: %s" % (each["file_name"], error))


def _write(each, folder, stream):
    hashed = hashlib.sha256()
    left = each["size"]
    with open(os.path.join(folder, each["file_name"]), "xb") as target:
        while left:
            block = stream.read(min(announced.BLOCK, left))
            if not block:
                raise Refusal("wheel-incomplete", "the wheel %s ends %d bytes too early" % (each["file_name"], left))
            left -= len(block)
            hashed.update(block)
            target.write(block)
    if hashed.hexdigest() != each["sha256"]:
        raise Refusal("wheel-changed", "the wheel %s has another sha256 than planned" % each["file_name"])
