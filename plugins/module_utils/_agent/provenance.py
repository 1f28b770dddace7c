# Copyright (c) 2026 the mlfleet authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This file is private to mlfleet.packages: it may change in any release.
"""Where the distributions of a snapshot came from, and what the machine adds behind the back of the runtime."""

import os

from . import account, conda, metadata, wire_json

INSTALLER_LIMIT = 200


def add(snapshot):
    """Completes a snapshot of requirements to one of all there is to know."""
    prefix = snapshot["interpreter"]["prefix"]
    for each in snapshot["distributions"]:
        if each["record"] == "dist-info":
            _add_origin(each, os.path.join(each["location"], each["metadata"]))
    conda.add(os.path.join(prefix, "conda-meta"), snapshot["distributions"])
    account.add_oddities(snapshot["oddities"])


def _add_origin(distribution, place):
    installer = metadata.read(os.path.join(place, "INSTALLER"))
    if installer:
        distribution["installer"] = installer[:INSTALLER_LIMIT].decode("utf-8", "replace").strip()
    raw = metadata.read(os.path.join(place, "direct_url.json"))
    if raw:
        _add_direct_url(distribution, raw)


def _add_direct_url(distribution, raw):
    try:
        origin = wire_json.decode(raw.decode("utf-8"))
        editable = origin.get("dir_info", {}).get("editable", False)
    except (AttributeError, ValueError):
        return
    distribution["direct_url"] = origin
    if editable is True:
        distribution["editable"] = True
