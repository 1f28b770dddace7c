# Copyright (c) 2026 the mlfleet authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This file is private to mlfleet.packages: it may change in any release.
"""The metadata of one distribution, read as the bytes they are.

email.parser is what others use for these headers; its import alone costs three interpreter starts. All that
is needed of a header are three fields, so they are cut out of the text.
"""

import os

FIRST_READ = 8192
LIMIT = 1024 * 1024
INSTALLER_LIMIT = 200
# On Windows a file that is opened without it is read as text, with line ends changed.
READ_BYTES = os.O_RDONLY | getattr(os, "O_BINARY", 0)


def normalised(name):
    """The name by which two spellings are compared (PEP 503)."""
    plain = name.lower().replace("_", "-").replace(".", "-")
    while "--" in plain:
        plain = plain.replace("--", "-")
    return plain


def dist_info(folder, name):
    """(distribution or None, oddity or None) of a .dist-info folder."""
    place = folder + os.sep + name + os.sep
    found = from_header(folder, name, "dist-info", read(place + "METADATA", b"\n\n"))
    distribution = found[0]
    if distribution is not None:
        installer = read(place + "INSTALLER")
        if installer:
            distribution["installer"] = installer[:INSTALLER_LIMIT].decode("utf-8", "replace").strip()
        origin = read(place + "direct_url.json")
        if origin:
            _add_origin(distribution, origin)
    return found


def read(path, until=None):
    """The bytes of a file, no more than are needed to see `until` and LIMIT at the most; None if unreadable."""
    try:
        handle = os.open(path, READ_BYTES)
    except OSError:
        return None
    try:
        text = more = os.read(handle, FIRST_READ)
        while len(more) == FIRST_READ and len(text) < LIMIT and not (until and until in text):
            more = os.read(handle, FIRST_READ)
            text += more
        return text
    except OSError:  # a folder where a file is expected
        return None
    finally:
        os.close(handle)


def from_header(folder, name, record, raw):
    """A distribution from its header; where the header says too little, from the name of its record."""
    header, problem = _header(raw)
    title, version = _field(header, "\nName:"), _field(header, "\nVersion:")
    if not title or not version:
        problem = problem or "has no %s in its metadata" % ("Version" if title else "Name")
        words = name.rsplit(".", 1)[0].split("-")
        title = title or words[0]
        version = version or (words[1] if len(words) > 1 else "")
    distribution = {
        "name": title,
        "version": version,
        "record": record,
        "location": folder,
        "metadata": name,
        "requires": [_value(part) for part in header.split("\nRequires-Dist:")[1:]],
    }
    if problem is None:
        return distribution, None
    detail = "the record of %s %s" % (title, problem)
    return distribution, {"kind": "unreadable", "path": folder + os.sep + name, "detail": detail}


def _header(raw):
    if raw is None:
        return "", "cannot be read"
    if b"\r" in raw:
        raw = raw.replace(b"\r\n", b"\n")
    raw, end, _description = raw.partition(b"\n\n")
    problem = "is larger than %d bytes" % LIMIT if not end and len(raw) >= LIMIT else None
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError:
        text = raw.decode("utf-8", "replace")
        problem = "is not UTF-8"
    return "\n" + text + "\n", problem


def _field(header, mark):
    start = header.find(mark)
    return _value(header[start + len(mark) :]) if start >= 0 else ""


def _value(text):
    """The value that text begins with; a line that begins with white space continues it (RFC 822)."""
    value, _end, rest = text.partition("\n")
    while rest[:1] in (" ", "\t"):
        more, _end, rest = rest.partition("\n")
        value += " " + more.strip()
    return value.strip()


def _add_origin(distribution, raw):
    from . import wire_json

    try:
        origin = wire_json.decode(raw.decode("utf-8"))
        editable = origin.get("dir_info", {}).get("editable", False)
    except (AttributeError, ValueError):
        return
    distribution["direct_url"] = origin
    if editable is True:
        distribution["editable"] = True
