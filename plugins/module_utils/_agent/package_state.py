# Copyright (c) 2026 the mlfleet authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This file is private to mlfleet.packages: it may change in any release.
"""What a snapshot says of the packages of a runtime, and how that differs from what is expected."""

from . import metadata

SHOWN = 5


def visible(snapshot):
    """The distributions that Python finds; a second record of a name is hidden by the first."""
    return [each for each in snapshot["distributions"] if not each.get("shadowed")]


def shadowed(snapshot):
    """The records that are hidden."""
    folders = snapshot["folders"]
    hidden = [each for each in snapshot["distributions"] if each.get("shadowed")]
    return {"%s in %s" % (each["metadata"], folders[each["location"]]) for each in hidden}


def version_of(snapshot, name):
    """The version of a distribution as it is written, or None."""
    found = [each["version"] for each in visible(snapshot) if metadata.normalised(each["name"]) == name]
    return found[0] if found else None


def differences(snapshot, expected):
    """Between a snapshot and pairs of name and version, in words; None where there are none."""
    there = {(metadata.normalised(each["name"]), each["version"]) for each in visible(snapshot)}
    wanted = {(metadata.normalised(name), version) for name, version in expected}
    parts = [("it lacks", wanted - there), ("it has", there - wanted)]
    words = ["%s %s" % (verb, _listed(pairs)) for verb, pairs in parts if pairs]
    return ", and ".join(words) or None


def _listed(pairs):
    shown = ", ".join("%s %s" % pair for pair in sorted(pairs)[:SHOWN])
    return shown + (" and %d more" % (len(pairs) - SHOWN) if len(pairs) > SHOWN else "")
