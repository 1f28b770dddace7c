# Copyright (c) 2026 the mlfleet authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This file is private to mlfleet.packages: it may change in any release.
"""The pip of this runtime as the host has set it up: with its index, its proxy and its certificates.

It is asked and it downloads; it never installs.
"""

import os
import re

from . import metadata, package_state, pip_calls, pip_log, pip_words, snapshot
from .failure import Failure
from .programs import Programs

OLDEST = (22, 2)
SHOWN = 600
CONFLICT = re.compile("The conflict is caused by:\n(.*?)\n\\s*\n", re.DOTALL)
NOTHING_FITS = re.compile("No matching distribution found for ([A-Za-z0-9._-]+)")
NO_SOLUTION, NO_INDEX, NO_WHEEL = "no-solution", "no-index", "no-wheel"


class HostPip(object):
    """folder: where it may leave what it writes; deadline: when it is ended."""

    def __init__(self, prefix, folder, deadline):
        self.folder = folder
        self._deadline = deadline
        self.version = _version()
        self._programs = Programs(prefix, folder, settings_of_host=True)

    def path(self, name):
        """Of a file in the folder."""
        return os.path.join(self.folder, name)

    def run(self, words, tick):
        """Runs one command of pip; a Failure if it does not come about."""
        log = self.path("pip.log")
        if os.path.exists(log):  # pip adds to it
            os.unlink(log)
        running = self._programs.start(pip_calls.of_host(self.version, log) + words)
        code = running.finish(self._deadline, tick)
        said = pip_calls.without_credentials(running.output)
        if code is None:
            advice = "look at the network and the proxy of the host, or give the task a longer time limit"
            raise Failure("time", "the pip of the host did not end in time", advice)
        if code != 0:
            raise _failure(said, pip_log.PipLog(log))


def _version():
    found = package_state.version_of(snapshot.take(snapshot.REQUIREMENTS), "pip")
    if found is None:
        raise Failure("pip-absent", "the runtime has no pip", "use the source controller, or install pip by hand first")
    if pip_calls.numbers(found) < OLDEST:
        detail = "its pip is %s, and only pip %d.%d or newer can tell what it would install" % ((found,) + OLDEST)
        raise Failure("pip-old", detail, "use the source controller, or declare a newer pip there first")
    return found


def _failure(said, log):
    nothing = NOTHING_FITS.search(said)
    if log.unreachable:
        advice = "look at the settings of pip, the proxy and the network of the host"
        return Failure(NO_INDEX, "the host's index cannot be reached: %s" % log.unreachable, advice)
    if nothing and metadata.normalised(nothing.group(1)) in log.sources:
        name = metadata.normalised(nothing.group(1))
        detail = "the host's index has only source archives of %s that could fit, and nothing is built on a host" % name
        return Failure(NO_WHEEL, "%s (pip: %s)" % (detail, _words(said)), "put a wheel of it into that index")
    if nothing or CONFLICT.search(said) or "ResolutionImpossible" in said:
        detail = "the host's pip finds nothing that fits: %s" % _words(said)
        return Failure(NO_SOLUTION, detail, "declare other versions, or add what is lacking to the index of the host")
    kind, advice = pip_words.kind_and_advice(said)
    return Failure(kind, "the host's pip failed: %s" % pip_words.last_line(said), advice, said)


def _words(said):
    """Why there is no solution, in pip's words and on one line."""
    match = CONFLICT.search(said)
    if match:
        lines = match.group(1).splitlines()
    else:
        lines = [line.partition(":")[2] for line in said.splitlines() if line.startswith("ERROR:")]
    return "; ".join(line.strip() for line in lines if line.strip())[:SHOWN]
