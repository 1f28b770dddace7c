# Copyright (c) 2026 the mlfleet authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This file is private to mlfleet.packages: it may change in any release.
"""The change itself: pip, then compiling, then a look at whether the runtime has become what was planned."""

import os
import stat

from . import byte_code, file_lists, import_check, package_state, pip_calls, pip_words, snapshot
from .failure import Failure
from .programs import Programs
from .wheel_layout import WheelLayout


class Installation(object):
    """One request on its way. after: the last snapshot that was taken."""

    def __init__(self, request, prefix, pip, wheels, way_back, deadline):
        self._request = request
        self._pip = pip
        self._wheels = wheels
        self._way_back = way_back
        self._deadline = deadline
        self._packages = WheelLayout(prefix).packages
        self._programs = Programs(prefix, way_back.temporary)
        self._said = None
        self.after = None

    def carry_out(self, before, answers):
        """Raises a Failure if anything about it is not as planned."""
        # SQL Server's workers are other accounts: new files are to be as readable as the folder they are put into.
        os.umask(0o777 & ~stat.S_IMODE(os.stat(self._packages[0]).st_mode))
        if self._request["remove"]:
            self._remove(answers)
        if self._request["install"]:
            self._install(answers)
            answers.event(step="compiling")
            byte_code.compile_all(self._new_sources(), self._programs.start, self._deadline)
        self._verify(before)
        answers.event(step="importing")
        modules = self._request["imports"]
        import_check.check(modules, self._programs.start, self._way_back.temporary, self._deadline)

    def _remove(self, answers):
        listing = self._list("remove.txt", self._request["remove"])
        self._run_pip(pip_calls.uninstall(self._pip, listing), lambda: answers.event(step="removing"))

    def _install(self, answers):
        listing = self._list("wheels.txt", ["./" + each["file_name"] for each in self._request["install"]])
        records = [os.path.join(self._folder_of(wheel), wheel.dist_info, "RECORD") for wheel in self._wheels]
        old = [_modified(path) for path in records]

        def tell():
            # pip writes the RECORD of a wheel when the rest of it is there.
            done = sum(_modified(path) not in (None, before) for path, before in zip(records, old))
            answers.event(step="installing", done=done, of=len(records))

        self._run_pip(pip_calls.install(self._pip, listing), tell)

    def _list(self, name, lines):
        path = os.path.join(self._way_back.temporary, name)
        with open(path, "w") as stream:
            stream.write("".join(line + "\n" for line in lines))
        return path

    def _run_pip(self, words, tick):
        running = self._programs.start(words, folder=self._request["folder"])
        code = running.finish(self._deadline, tick)
        self._said = pip_calls.without_credentials(running.output)
        if code is None:
            detail = "pip did not end within %d seconds" % self._request["seconds"]
            raise Failure("time", detail, "give the task a longer change_time_limit", self._said)
        if code != 0:
            kind, advice = pip_words.kind_and_advice(self._said)
            detail = "pip failed with exit code %d: %s" % (code, pip_words.last_line(self._said))
            raise Failure(kind, detail, advice, self._said)

    def _folder_of(self, wheel):
        """The folder in which the dist-info folder of the wheel is, or will be."""
        places = [each for each in self._packages if os.path.isdir(os.path.join(each, wheel.dist_info))]
        return places[0] if places else self._packages[0]

    def _new_sources(self):
        """(size, path) of the Python files that came, by the lists that pip has written."""
        found = []
        for wheel in self._wheels:
            folder = self._folder_of(wheel)
            for path, _digest, size in file_lists.rows(os.path.join(folder, wheel.dist_info, "RECORD")):
                if path.endswith(".py") and not path.startswith("..") and not os.path.isabs(path):
                    found.append((int(size) if size.isdigit() else 0, os.path.join(folder, path)))
        return found

    def _verify(self, before):
        self.after = snapshot.take(snapshot.REQUIREMENTS)
        differences = package_state.differences(self.after, self._request["after"])
        shadowed = sorted(package_state.shadowed(self.after) - package_state.shadowed(before))
        if differences or shadowed:
            detail = differences or "there is a second record: %s" % ", ".join(shadowed)
            detail = "the runtime did not become what was planned: %s" % detail
            raise Failure("state", detail, "look at what pip said in the result", self._said)
        leftovers = self._way_back.new_leftovers()
        if leftovers:
            detail = "pip could not remove files that are in use, and left %s" % ", ".join(leftovers[:5])
            advice = "stop the Launchpad service of the instance, then run the task again"
            raise Failure("pip-locked", detail, advice, self._said)


def _modified(path):
    try:
        return os.stat(path).st_mtime
    except OSError:
        return None
