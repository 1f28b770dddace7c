# Copyright (c) 2026 the mlfleet authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This file is private to mlfleet.packages: it may change in any release.
"""The way back from a change: set aside what it may destroy, then discard that or restore the runtime from it.

The folder of the change is named change-* and holds manifest.json, which is written last. So a folder with a
manifest belongs to a change that was stopped in the middle, and tells everything that is needed to undo it.
"""

import os
import shutil

from . import byte_code, file_lists, metadata, package_state, state_folder, wheel_file
from .failure import Failure
from .set_aside import SetAside, persistently
from .wheel_layout import WheelLayout


class WayBack(object):
    """folder: the one of this change. temporary: a folder in it, for whatever the change needs."""

    def __init__(self, request, prefix, before, wheels):
        self._request = request
        self._before = before
        self._wheels = wheels
        self._packages = WheelLayout(prefix).packages
        self._brought = sorted(set().union(*[WheelLayout(prefix).targets(wheel) for wheel in wheels]))
        # A short name: an old pip unpacks wheels below it, and Windows allows paths of 260 characters.
        self.folder = os.path.join(state_folder.place(prefix), state_folder.CHANGE + os.urandom(4).hex())
        self.temporary = os.path.join(self.folder, "tmp")

    def prepare(self):
        """Sets everything aside."""
        touched = self._touched()
        # Made by hand: mkdtemp gives a folder for one account alone, and what pip moves out of it would stay so.
        os.mkdir(self.folder)
        os.mkdir(self.temporary)
        self._new_folders = _missing_folders(self._brought)
        self._aside = SetAside(os.path.join(self.folder, "aside"))
        self._aside.keep(touched, may_link=True)
        # Files of nobody, or of other distributions: not every pip removes those before it writes.
        self._aside.keep(self._brought + byte_code.beside(self._brought), may_link=False)
        self._old_leftovers = self._leftovers()
        self._write_manifest()

    def _touched(self):
        """The files of the distributions that will be removed or replaced."""
        names = {metadata.normalised(name) for name in self._request["remove"]}
        names.update(wheel_file.name_of(each["file_name"]) for each in self._request["install"])
        found = []
        for each in package_state.visible(self._before):
            if metadata.normalised(each["name"]) in names:
                found += self._files_of(each)
        return found + byte_code.beside(found)

    def _files_of(self, distribution):
        folder = self._before["folders"][distribution["location"]]
        files = file_lists.files(distribution, folder)
        if files is None:
            detail = "%s has no list of its files, so that nobody could remove it or put it back" % distribution["name"]
            raise Failure("unrecorded", detail, "leave it as it is, or remove it by hand")
        record = os.path.join(folder, distribution["metadata"])
        return files + [os.path.join(record, name) for name in os.listdir(record)]

    def _write_manifest(self):
        manifest = {
            "version": 1,
            "before": self._request["before"],
            "after": self._request["after"],
            "aside": self._aside.items,
            "brings": self._brought,
            "new_folders": self._new_folders,
            "leftovers": sorted(self._old_leftovers),
        }
        state_folder.write_json(os.path.join(self.folder, state_folder.MANIFEST), manifest)

    def _leftovers(self):
        """What pip moves out of its way while it works, into the same folder, under a name that begins with a tilde."""
        folders = {os.path.dirname(path) for path in self._aside.paths}.union(self._packages)
        return {os.path.join(each, name) for each in folders for name in _names(each) if name.startswith("~")}

    def new_leftovers(self):
        """What of that is still there."""
        return sorted(self._leftovers() - self._old_leftovers)

    def restore(self):
        """Puts back and takes away, as far as that is possible; what stood in the way."""
        for path in self.new_leftovers():
            _remove_tree(path)
        problems = []
        for path in sorted(self._new_files()):
            try:
                persistently(os.unlink, path)
            except OSError as error:
                problems.append(str(error))
        # The deepest first.
        for folder in sorted(self._new_folders, reverse=True):
            try:
                os.rmdir(folder)
            except OSError:  # it is not there, or holds what somebody else has put there
                pass
        problems += self._aside.put_back()
        return problems + ["%s is not what it was" % path for path in self._aside.missing()]

    def _new_files(self):
        """What is there now and was not there before."""
        found = set(self._brought)
        for wheel in self._wheels:
            # pip adds files of its own there.
            for folder in [os.path.join(each, wheel.dist_info) for each in self._packages]:
                found.update(os.path.join(folder, name) for name in _names(folder))
        found.update(byte_code.beside(found | self._aside.paths))
        return {path for path in found - self._aside.paths if os.path.lexists(path) and not os.path.isdir(path)}

    def discard(self):
        """The way back is not needed any more. Without its manifest, the rest of it is only litter."""
        try:
            os.unlink(os.path.join(self.folder, state_folder.MANIFEST))
        except OSError:
            pass
        shutil.rmtree(self.folder, ignore_errors=True)


def _missing_folders(paths):
    """The folders that must be made for these files and for what is compiled of them."""
    folders = {os.path.dirname(path) for path in paths}
    folders.update(os.path.join(os.path.dirname(path), "__pycache__") for path in paths if path.endswith(".py"))
    missing = set()
    for folder in folders:
        while folder not in missing and not os.path.isdir(folder):
            missing.add(folder)
            folder = os.path.dirname(folder)
    return sorted(missing)


def _names(folder):
    try:
        return os.listdir(folder)
    except OSError:
        return []


def _remove_tree(path):
    if os.path.isdir(path) and not os.path.islink(path):
        shutil.rmtree(path, ignore_errors=True)
    else:
        try:
            os.unlink(path)
        except OSError:  # still in use; pip itself leaves such files behind, too
            pass
