# Copyright (c) 2026 the mlfleet authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This file is private to mlfleet.packages: it may change in any release.
"""What the machine and its accounts add behind the back of a runtime: user sites and environment variables.

The agent itself runs isolated and sees none of it. SQL Server's workers run as other accounts, so a package in
a user site is one that works at the prompt and is missing in the database.
"""

import os
import sys

from .host import this as host

ADDING = ("PYTHONHOME", "PYTHONPATH")


def add_oddities(oddities):
    """Appends one oddity for each user site that holds something and each variable that is set machine-wide."""
    for home in host.homes():
        folder = os.path.join(home, _user_site())
        if os.path.isdir(folder):
            _add_user_site(folder, oddities)
    variables = host.machine_environment()
    for name in ADDING:
        if variables.get(name):
            oddities.append(_variable(name, variables[name]))


def _user_site():
    """The user site of this version, below the home of an account."""
    if os.name == "nt":
        # winver is `3.7`, and `3.10-32` for a 32-bit interpreter, as in the name of the folder
        return "AppData\\Roaming\\Python\\Python%s\\site-packages" % sys.winver.replace(".", "")
    return ".local/lib/python%d.%d/site-packages" % sys.version_info[:2]


def _add_user_site(folder, oddities):
    endings = (".dist-info", ".egg-info", ".egg", ".egg-link")
    names = sorted(name for name in os.listdir(folder) if name.endswith(endings))
    if names:
        shown = ", ".join(names[:20]) + (", ..." if len(names) > 20 else "")
        detail = "the user site %s holds %s: SQL Server does not see them, that account does" % (folder, shown)
        oddities.append({"kind": "user-site", "path": folder, "detail": detail})


def _variable(name, value):
    detail = "%s is set machine-wide to %s: it changes what every Python on this host finds" % (name, value[:500])
    return {"kind": "environment", "path": name, "detail": detail}
