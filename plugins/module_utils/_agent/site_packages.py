# Copyright (c) 2026 the mlfleet authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This file is private to mlfleet.packages: it may change in any release.
"""One walk over the folders of a runtime: every distribution, how it is recorded, and what is odd."""

import os

from . import metadata
from .search_path import SearchPath


def walk(prefix):
    """The distributions in the order in which this interpreter would find them."""
    path = SearchPath(prefix)
    distributions, oddities = read_folders(path)
    _add_conda(os.path.join(prefix, "conda-meta"), distributions)
    from . import account

    account.add_oddities(prefix, oddities)
    return {"search_path": path.folders, "distributions": distributions, "oddities": oddities}


def read_folders(path):
    """(distributions, oddities) of a search path."""
    found = []
    oddities = []
    for folder in path.folders:
        for name in path.names[folder]:
            if name.endswith(".dist-info"):
                if not name.startswith("~"):
                    found.append(metadata.dist_info(folder, name))
            elif name.endswith((".egg-info", ".egg")):
                found.append(_egg(folder, name, path))
            if name.startswith("~"):
                oddities.append(_leftover(folder, name))
    oddities.extend(oddity for _distribution, oddity in found if oddity is not None)
    distributions = [distribution for distribution, _oddity in found]
    _mark_shadowed(distributions, oddities)
    return distributions, oddities


def _egg(folder, name, path):
    from . import eggs

    if name.endswith(".egg"):
        return eggs.egg(folder, name)
    return eggs.egg_info(folder, name, os.path.normcase(folder) in path.editable)


def _add_conda(folder, distributions):
    try:
        names = sorted(os.listdir(folder))
    except OSError:
        return
    from . import conda

    conda.add(folder, names, distributions)


def _mark_shadowed(distributions, oddities):
    """Python finds the first record of a name; the ones behind it are there all the same."""
    first = {}
    for each in distributions:
        earlier = first.setdefault(metadata.normalised(each["name"]), each)
        if earlier is not each:
            each["shadowed"] = True
            oddities.append(_duplicate(earlier, each))


def _leftover(folder, name):
    return {
        "kind": "leftover",
        "path": os.path.join(folder, name),
        "detail": "%s is what pip leaves behind when it cannot remove a file that is in use" % name,
    }


def _duplicate(first, second):
    return {
        "kind": "duplicate",
        "path": os.path.join(second["location"], second["metadata"]),
        "detail": "%s is recorded more than once: %s in %s comes before %s in %s"
        % (first["name"], first["version"], first["location"], second["version"], second["location"]),
    }
