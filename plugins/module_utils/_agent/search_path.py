# Copyright (c) 2026 the mlfleet authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This file is private to mlfleet.packages: it may change in any release.
"""The folders in which this interpreter would look for distributions, in its own order.

With -S nothing has been added to sys.path and no line of a .pth file has been executed; the folders are
worked out from the same sources. Lines of .pth files that are code are left alone: looking changes nothing.
"""

import os
import site
import sys


class SearchPath(object):
    """The folders in order, the names in each, and which of them .egg-link files point to."""

    def __init__(self, prefix):
        self.folders = []
        self.names = {}
        self.editable = set()
        for folder in sys.path:
            self._add(folder)
        # The site module also knows what a Linux distribution changed.
        for folder in site.getsitepackages(_prefixes(prefix)):
            self._add(folder)
            for name in self.names.get(folder, ()):
                if name.endswith((".pth", ".egg-link")):
                    self._follow(folder, name)

    def _add(self, folder):
        folder = os.path.normpath(folder)
        if folder not in self.names and os.path.isabs(folder):
            try:
                self.names[folder] = sorted(os.listdir(folder))
            except OSError:  # a zip file, a folder that is not there or may not be read
                return
            self.folders.append(folder)

    def _follow(self, folder, name):
        link = name.endswith(".egg-link")
        for line in lines(os.path.join(folder, name)):
            if line and not line.startswith(("#", "import ", "import\t")):
                target = os.path.normpath(os.path.join(folder, line))
                self._add(target)
                if link:
                    self.editable.add(os.path.normcase(target))
                    return


def _prefixes(prefix):
    """The homes whose site folders count: a virtual environment can be told to see those of its base as well."""
    settings = [line.replace(" ", "").lower() for line in lines(os.path.join(prefix, "pyvenv.cfg"))]
    return [prefix, sys.base_prefix] if "include-system-site-packages=true" in settings else [prefix]


def lines(path):
    """The lines of a small text file without the white space around them; none where it cannot be read."""
    from . import metadata

    return [line.strip() for line in (metadata.read(path) or b"").decode("utf-8", "replace").splitlines()]
