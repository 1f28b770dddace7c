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

from . import interpreter


class SearchPath(object):
    """The folders in order, each once, and the .pth and .egg-link files that led to them."""

    def __init__(self, prefix):
        self.folders = []
        self.names = {}
        self.editable = set()
        self._seen = set()
        for folder in sys.path:
            self._add(folder)
        for folder in _site_folders(prefix):
            self._add_site(folder)

    def _add(self, folder):
        """Whether the folder is new and can be listed."""
        if not os.path.isabs(folder):
            return False
        key = os.path.normcase(os.path.normpath(folder))
        if key in self._seen:
            return False
        self._seen.add(key)
        try:
            self.names[folder] = sorted(os.listdir(folder))
        except OSError:  # a zip file, a folder that is not there or may not be read
            return False
        self.folders.append(folder)
        return True

    def _add_site(self, folder):
        if not self._add(folder) and folder not in self.names:
            return
        links = [name for name in self.names[folder] if name.endswith((".pth", ".egg-link"))]
        for name in links:
            first_only = name.endswith(".egg-link")
            for line in _path_lines(os.path.join(folder, name), first_only):
                target = os.path.normpath(os.path.join(folder, line))
                if first_only:
                    self.editable.add(os.path.normcase(target))
                self._add(target)


def _site_folders(prefix):
    """What the site module would add for this prefix; it also knows what a Linux distribution changed."""
    folders = site.getsitepackages([prefix])
    if interpreter.virtual_environment() and _sees_base(prefix):
        folders += site.getsitepackages([sys.base_prefix])
    return folders


def _sees_base(prefix):
    for line in _lines(os.path.join(prefix, "pyvenv.cfg")):
        key, _equals, value = line.partition("=")
        if key.strip().lower() == "include-system-site-packages":
            return value.strip().lower() == "true"
    return False


def _path_lines(path, first_only):
    found = [line.strip() for line in _lines(path)]
    found = [line for line in found if line and not line.startswith(("#", "import ", "import\t"))]
    return found[:1] if first_only else found


def _lines(path):
    try:
        with open(path, "rb") as stream:
            return stream.read(1024 * 1024).decode("utf-8", "replace").splitlines()
    except OSError:
        return []
