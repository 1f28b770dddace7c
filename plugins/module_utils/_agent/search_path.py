# Copyright (c) 2026 the mlfleet authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This file is private to mlfleet.packages: it may change in any release.
"""The folders in which this interpreter would look for distributions, in its own order.

With -S nothing has been added to sys.path and no line of a .pth file has been executed; the folders are
worked out from the same sources. Lines of .pth files that are code are left alone: looking changes nothing.
"""

import sys

from . import metadata
from .interpreter import settings_of_environment
from .system_calls import SEPARATOR, listdir


class SearchPath(object):
    """The folders in order, the names in each, and which of them .egg-link files point to."""

    def __init__(self, prefix):
        self.folders = []
        self.names = {}
        self.editable = set()
        for folder in sys.path:
            self._add(folder)
        for folder in _site_folders(prefix):
            self._add(folder)
            for name in self.names.get(folder, ()):
                if name.endswith((".pth", ".egg-link")):
                    self._follow(folder, name)

    def _add(self, folder):
        if folder not in self.names:
            try:
                self.names[folder] = sorted(listdir(folder))
            except OSError:  # a zip file, a folder that is not there or may not be read
                return
            self.folders.append(folder)

    def _follow(self, folder, name):
        raw = metadata.read(folder + SEPARATOR + name) or b""
        for line in [line.strip() for line in raw.decode("utf-8", "replace").splitlines()]:
            if line and not line.startswith(("#", "import ", "import\t")):
                import os.path

                target = os.path.normpath(os.path.join(folder, line))
                self._add(target)
                if name.endswith(".egg-link"):
                    self.editable.add(target)
                    return


def site_packages(prefix):
    """The folder of this prefix into which pip puts packages of nothing but Python (purelib of sysconfig)."""
    folders = _below(prefix)
    # Where there is more than one, that of the Linux distributions comes first, the one for all platforms last.
    return folders[0] if _has_own_layout(prefix) else folders[-1]


def platform_packages(prefix):
    """The same for packages with compiled parts (platlib)."""
    folders = _below(prefix)
    return folders[-1] if SEPARATOR == "\\" else folders[0]


def _site_folders(prefix):
    """Those of a home; a virtual environment can be told to see those of its base as well."""
    settings = (settings_of_environment(prefix) or "").replace(" ", "").lower().splitlines()
    bases = [prefix, sys.base_prefix] if "include-system-site-packages=true" in settings else [prefix]
    return [folder for base in bases for folder in _below(base)]


def _has_own_layout(base):
    """Linux distributions change the site module of their own Python; free-threaded builds have other folders."""
    return base in ("/usr", "/usr/local") or "t" in getattr(sys, "abiflags", "")


def _below(base):
    """As site.getsitepackages answers; asking it would import os."""
    if _has_own_layout(base):
        import site

        return site.getsitepackages([base])
    if SEPARATOR == "\\":
        return [base, base + "\\lib\\site-packages"]
    below = "/python%d.%d/site-packages" % sys.version_info[:2]
    platform = getattr(sys, "platlibdir", "lib")
    return [base + "/" + name + below for name in ([platform, "lib"] if platform != "lib" else ["lib"])]
