# Copyright (c) 2026 the mlfleet authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This file is private to mlfleet.packages: it may change in any release.
"""conda's own records: they tell who installed a distribution, and name the packages that hold no Python."""

import os

from . import metadata


def add(folder, distributions):
    """Marks what conda installed, and adds what only conda knows of."""
    try:
        names = sorted(os.listdir(folder))
    except OSError:
        return
    by_name = {metadata.normalised(each["name"]): each for each in reversed(distributions)}
    for name in names:
        # The name of the file says it all, and these files are large: `numpy-1.15.4-py37h19fb1c0_0.json`.
        parts = name[: -len(".json")].rsplit("-", 2)
        if not name.endswith(".json") or len(parts) != 3:
            continue
        known = by_name.get(metadata.normalised(parts[0]))
        if known is not None and known["version"] == parts[1]:
            known["conda_build"] = parts[2]
        else:
            distributions.append(_only_conda(folder, name, parts))


def _only_conda(folder, record, parts):
    return {
        "name": parts[0],
        "version": parts[1],
        "record": "conda-meta",
        "location": folder,
        "metadata": record,
        "requires": [],
        "conda_build": parts[2],
    }
