# Copyright (c) 2026 the mlfleet authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This file is private to mlfleet.packages: it may change in any release.
"""Metadata that cannot be taken as it is: folded, unreadable, of another encoding, without an end, too large."""

import os

from . import metadata


def repaired(folder, name, raw, oddities):
    """(header, name, version) as far as they can be had; what is wrong goes into the oddities."""
    header, problem = _header(raw)
    title, version = metadata.field(header, "\nName:"), metadata.field(header, "\nVersion:")
    if not title or not version:
        problem = problem or "has no %s in its metadata" % ("Version" if title else "Name")
        words = name.rsplit(".", 1)[0].split("-")
        title = title or words[0]
        version = version or (words[1] if len(words) > 1 else "")
    if problem:
        detail = "the record of %s %s" % (title, problem)
        oddities.append({"kind": "unreadable", "path": os.path.join(folder, name), "detail": detail})
    return header, title, version


def _header(raw):
    if raw is None:
        return "", "cannot be read"
    header, end, _description = raw.replace(b"\r\n", b"\n").partition(b"\n\n")
    problem = "is larger than %d bytes" % metadata.LIMIT if not end and len(raw) >= metadata.LIMIT else None
    try:
        text = header.decode("utf-8")
    except UnicodeDecodeError:
        text = header.decode("utf-8", "replace")
        problem = "is not UTF-8"
    return "\n" + text + "\n", problem


def unfolded(text):
    """The first line with those that continue it."""
    lines = text.split("\n")
    last = 1
    while last < len(lines) and lines[last][:1] in (" ", "\t") and lines[last]:
        last += 1
    return " ".join(line.strip() for line in lines[:last])
