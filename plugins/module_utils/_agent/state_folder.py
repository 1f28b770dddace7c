# Copyright (c) 2026 the mlfleet authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This file is private to mlfleet.packages: it may change in any release.
"""The folder .mlfleet below the prefix of a runtime: what this collection keeps there."""

import os

from . import metadata, wire_json

NAME = ".mlfleet"
BASELINE = "baseline.json"
CHANGE = "change-"
MANIFEST = "manifest.json"


def place(prefix):
    """The folder itself; only a change makes it."""
    return os.path.join(prefix, NAME)


def baseline(prefix):
    """The names of what the runtime had before it was first changed; None where that is not known."""
    raw = metadata.read(os.path.join(place(prefix), BASELINE))
    try:
        names = wire_json.decode(raw.decode("utf-8")) if raw else None
    except ValueError:
        return None
    return names if isinstance(names, list) and all(isinstance(name, str) for name in names) else None


def change_folders(prefix):
    """The folders of changes that have not ended."""
    try:
        names = sorted(os.listdir(place(prefix)))
    except OSError:
        return []
    return [os.path.join(place(prefix), name) for name in names if name.startswith(CHANGE)]


def interrupted(prefix):
    """The folder of a change that had begun to touch the runtime when it was stopped, or None."""
    begun = [folder for folder in change_folders(prefix) if os.path.isfile(os.path.join(folder, MANIFEST))]
    return begun[0] if begun else None


def sweep(prefix):
    """Removes what earlier changes could not: their folders that have no manifest."""
    from shutil import rmtree

    for folder in change_folders(prefix):
        if not os.path.isfile(os.path.join(folder, MANIFEST)):
            rmtree(folder, ignore_errors=True)


def keep_baseline(prefix, snapshot):
    """Writes the baseline down, once in the life of a runtime."""
    if baseline(prefix) is None:
        names = sorted({metadata.normalised(each["name"]) for each in snapshot["distributions"]})
        write_json(os.path.join(place(prefix), BASELINE), names)


def write_json(path, value):
    """Writes a file that is there as a whole or not at all."""
    unfinished = path + ".new"
    with open(unfinished, "w") as stream:
        stream.write(wire_json.encode(value) + "\n")
    os.replace(unfinished, path)
