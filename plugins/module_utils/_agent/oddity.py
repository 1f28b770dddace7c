# Copyright (c) 2026 the mlfleet authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This file is private to mlfleet.packages: it may change in any release.
"""What an operator must know of a folder of packages, in words."""

import os


def leftover(folder, name):
    detail = "%s is what pip leaves behind when it cannot remove a file that is in use" % name
    return {"kind": "leftover", "path": os.path.join(folder, name), "detail": detail}


def duplicate(first, second):
    detail = "%s is recorded more than once: %s in %s comes before %s in %s" % (
        (second["name"], first["version"], first["location"], second["version"], second["location"])
    )
    return {"kind": "duplicate", "path": os.path.join(second["location"], second["metadata"]), "detail": detail}
