# Copyright (c) 2026 the mlfleet authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This file is private to mlfleet.packages: it may change in any release.
"""What a change may destroy, kept within reach until the change has been found good.

The copies are hard links, so they cost next to nothing, and have plain numbers for names: the paths of a runtime
are close to the longest that Windows allows.
"""

import os
import shutil
import time

ATTEMPTS = 5


class SetAside(object):
    """Files of the runtime, linked or copied into a folder of their own."""

    def __init__(self, folder):
        self._folder = folder
        self.items = []
        self.paths = set()
        os.mkdir(folder)

    def keep(self, paths, may_link):
        """Keeps those that are there. A file that something may write into instead of replacing it is copied."""
        for path in sorted(set(paths) - self.paths):
            try:
                size = os.lstat(path).st_size
            except OSError:
                continue
            if not os.path.isdir(path) or os.path.islink(path):
                self._keep(path, size, may_link)

    def _keep(self, path, size, may_link):
        place = self._place(len(self.items))
        linked = False
        if may_link:
            try:
                os.link(path, place)
                linked = True
            except OSError:  # another volume, a file system without links, or a file of somebody else
                pass
        if not linked:
            shutil.copy2(path, place, follow_symlinks=False)
        self.items.append((path, size))
        self.paths.add(path)

    def _place(self, number):
        return os.path.join(self._folder, str(number))

    def put_back(self):
        """Everything to where it was, as far as that is possible; what the system says of the rest."""
        problems = []
        for number, (path, _size) in enumerate(self.items):
            place = self._place(number)
            try:
                if not _same(place, path):
                    os.makedirs(os.path.dirname(path), exist_ok=True)
                    persistently(os.replace, place, path)
            except OSError as error:
                problems.append(str(error))
        return problems

    def missing(self):
        """The paths at which there is not what was there."""
        return [path for path, size in self.items if _size(path) != size]


def _same(place, path):
    try:
        return os.path.samefile(place, path)
    except OSError:
        return False


def _size(path):
    try:
        return os.lstat(path).st_size
    except OSError:
        return None


def persistently(function, *words):
    """Tries again after a moment: virus scanners hold a new file for that long."""
    for attempt in range(ATTEMPTS):
        try:
            return function(*words)
        except PermissionError:
            if attempt == ATTEMPTS - 1:
                raise
            time.sleep(0.1 * 2**attempt)
    return None
