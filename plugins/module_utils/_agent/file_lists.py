# Copyright (c) 2026 the mlfleet authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This file is private to mlfleet.packages: it may change in any release.
"""The files of an installed distribution, as its own record lists them."""

import os

LISTS = {"dist-info": "RECORD", "egg-info": "installed-files.txt"}
LIMIT = 64 * 1024 * 1024


def path_of(distribution, folder):
    """Where its list of files would be; None for what has none: eggs, links to projects, what distutils installed."""
    name = LISTS.get(distribution["record"])
    return os.path.join(folder, distribution["metadata"], name) if name else None


def rows(path):
    """[path, hash, size] of each line of a RECORD, as text; OSError where it cannot be read."""
    text = _text(path)
    # A comma in a name would have been quoted; where nothing is, the module csv would only cost time.
    found = _quoted(text) if '"' in text else [line.split(",") for line in text.splitlines()]
    return [(row + ["", ""])[:3] for row in found if row and row[0]]


def _text(path):
    with open(path, "rb") as stream:
        text = stream.read(LIMIT).decode("utf-8", "surrogateescape")
    if "\0" in text:  # no file has such a name, and every call of the system would refuse it
        raise OSError("%s is not a list of files" % path)
    return text


def _quoted(text):
    import csv

    try:
        return list(csv.reader(text.splitlines()))
    except csv.Error as error:
        raise OSError("it is not a list of files: %s" % error)


def files(distribution, folder):
    """The absolute paths of its files, as far as they are listed; None where there is no list."""
    path = path_of(distribution, folder)
    try:
        if path is None:
            return None
        if distribution["record"] == "dist-info":
            return [os.path.normpath(os.path.join(folder, row[0])) for row in rows(path)]
        # Its paths start at the folder with the list (setuptools' install_egg_info).
        folder = os.path.dirname(path)
        return [os.path.normpath(os.path.join(folder, line)) for line in _text(path).splitlines() if line]
    except OSError:
        return None
