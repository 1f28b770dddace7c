# Copyright (c) 2026 the mlfleet authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This file is private to mlfleet.packages: it may change in any release.
"""The metadata of one distribution, read as the bytes they are.

email.parser is what others use for these headers; its import alone costs three interpreter starts. All that
is needed of a header are three fields, so they are cut out of the text.
"""

from . import system_calls
from .system_calls import READ_BYTES

FIRST_READ = 4096
LIMIT = 1024 * 1024


def normalised(name):
    """The name by which two spellings are compared (PEP 503)."""
    plain = name.lower().replace("_", "-").replace(".", "-")
    while "--" in plain:
        plain = plain.replace("--", "-")
    return plain


def read(path, until=None):
    """The bytes of a file, no more than are needed to see `until` and LIMIT at the most; None if unreadable."""
    try:
        handle = system_calls.open(path, READ_BYTES)
    except OSError:
        return None
    try:
        text = more = system_calls.read(handle, FIRST_READ)
        while len(more) == FIRST_READ and len(text) < LIMIT and not (until and until in text):
            more = system_calls.read(handle, FIRST_READ)
            text += more
        return text
    except OSError:  # a folder where a file is expected
        return None
    finally:
        system_calls.close(handle)


def distribution(folder, name, record, raw, oddities):
    """A distribution from its header; where the header says too little, from the name of its record."""
    header = (raw or b"").partition(b"\n\n")[0]
    if b"\r" in header:
        header = header.replace(b"\r\n", b"\n").partition(b"\n\n")[0]
    try:
        # A header without an end is for those who look closer.
        header = "\n" + header.decode("utf-8") + "\n" if len(header) < LIMIT else ""
    except UnicodeDecodeError:
        header = ""
    title, version = field(header, "\nName:"), field(header, "\nVersion:")
    if not title or not version:
        from . import damaged

        header, title, version = damaged.repaired(folder, name, raw, oddities)
    return {
        "name": title,
        "version": version,
        "record": record,
        "location": folder,
        "metadata": name,
        "requires": [
            part.partition("\n")[0].strip() if "\n " not in part else value(part)
            for part in header.split("\nRequires-Dist:")[1:]
        ],
    }


def field(header, mark):
    """The first value of a field; mark is a line feed, its name and a colon."""
    start = header.find(mark)
    return value(header, start + len(mark)) if start >= 0 else ""


def value(text, start=0):
    """The value that begins there; a line that begins with white space continues it (RFC 822)."""
    end = text.find("\n", start)
    if end < 0:
        return text[start:].strip()
    if text[end + 1 : end + 2] in (" ", "\t") and end + 1 < len(text):
        from . import damaged

        return damaged.unfolded(text[start:])
    return text[start:end].strip()
