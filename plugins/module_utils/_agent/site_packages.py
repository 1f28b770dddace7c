# Copyright (c) 2026 the mlfleet authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This file is private to mlfleet.packages: it may change in any release.
"""One walk over the folders of a runtime: every distribution, how it is recorded, and what is odd."""

from . import metadata
from .search_path import SearchPath
from .system_calls import SEPARATOR


def walk(prefix):
    """The distributions in the order in which this interpreter would find them."""
    path = SearchPath(prefix)
    distributions = []
    oddities = []
    for folder in path.folders:
        for name in path.names[folder]:
            if name.startswith("~"):
                from . import oddity

                oddities.append(oddity.leftover(folder, name))
            elif name.endswith(".dist-info"):
                raw = metadata.read(folder + SEPARATOR + name + SEPARATOR + "METADATA", b"\n\n")
                distributions.append(metadata.distribution(folder, name, "dist-info", raw, oddities))
            elif name.endswith((".egg-info", ".egg")):
                from . import eggs

                editable = folder in path.editable
                distributions.append(eggs.distribution(folder, name, editable, oddities))
    _mark_shadowed(distributions, oddities)
    return {"folders": path.folders, "distributions": distributions, "oddities": oddities}


def _mark_shadowed(distributions, oddities):
    """Python finds the first record of a name; the ones behind it are there all the same."""
    first = {}
    for each in distributions:
        earlier = first.setdefault(metadata.normalised(each["name"]), each)
        if earlier is not each:
            from . import oddity

            each["shadowed"] = True
            oddities.append(oddity.duplicate(earlier, each))
