# Copyright (c) 2026 the mlfleet authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This file is private to mlfleet.packages: it may change in any release.
"""Where pip puts the files of a wheel below a prefix (PEP 427, and the schemes of sysconfig).

What cannot be known for certain is answered with every place that comes into question: a place at which nothing
appears does no harm.
"""

import os
import sys

from . import metadata, search_path

SCRIPT_ENDINGS = ("", ".exe", ".exe.manifest", "-script.py", "-script.pyw")


class WheelLayout(object):
    """The folders of one prefix."""

    def __init__(self, prefix):
        self.packages = sorted({search_path.site_packages(prefix), search_path.platform_packages(prefix)})
        self._scripts = os.path.join(prefix, "Scripts" if os.name == "nt" else "bin")
        self._data = prefix
        version = "python%d.%d" % sys.version_info[:2]
        below = (("site", version), (version + getattr(sys, "abiflags", ""),), ())
        self._headers = [os.path.join(prefix, "include", *each) for each in below]

    def targets(self, wheel):
        """The paths of the files that the wheel brings."""
        found = set()
        for member in wheel.members:
            if not member.endswith("/"):
                found.update(self._places(member, wheel))
        for script in _script_names(wheel.entry_points.decode("utf-8", "replace")):
            found.update(os.path.join(self._scripts, script + ending) for ending in _script_endings())
        return found

    def _places(self, member, wheel):
        folder, _slash, inside = member.partition("/")
        if not folder.endswith(".data"):
            return self._below(self.packages, member)
        scheme, _slash, inside = inside.partition("/")
        if scheme == "scripts":
            return self._below([self._scripts], os.path.basename(inside))
        if scheme == "headers":
            folders = [os.path.join(place, name) for place in self._headers for name in _spellings(wheel)]
            return self._below(folders, inside)
        return self._below([self._data] if scheme == "data" else self.packages, inside)

    @staticmethod
    def _below(folders, inside):
        return [os.path.normpath(os.path.join(folder, inside)) for folder in folders]


def _spellings(wheel):
    """The names that the folder of headers has been given by pips of all ages."""
    name = wheel.dist_info.partition("-")[0]
    said = metadata.field("\n" + wheel.metadata.decode("utf-8", "replace"), "\nName:")
    return {name, name.replace("_", "-"), os.path.basename(said) or name}


def _script_names(entry_points):
    """The scripts that pip makes; they are the ones whose names it may vary, as in pip3.7 and easy_install-3.7."""
    found = []
    wanted = False
    for line in [line.strip() for line in entry_points.splitlines()]:
        if line.startswith("["):
            wanted = line in ("[console_scripts]", "[gui_scripts]")
        elif wanted and "=" in line:
            # The name of a script is a file name (entry points specification); a path would be no business of pip.
            found.append(os.path.basename(line.partition("=")[0].strip()))
    version = "%d.%d" % sys.version_info[:2]
    numbers = ("", version[:1], version, "-" + version)
    return [name + number for name in found if name for number in numbers]


def _script_endings():
    return SCRIPT_ENDINGS if os.name == "nt" else SCRIPT_ENDINGS[:1]
