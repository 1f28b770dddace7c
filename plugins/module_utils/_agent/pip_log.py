# Copyright (c) 2026 the mlfleet authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This file is private to mlfleet.packages: it may change in any release.
"""What the log of pip tells of a failure and its last words do not."""

import re

from . import metadata, pip_calls

UNREACHABLE = re.compile("Could not fetch URL (.*) - skipping")
# An index that is there and does not know a package.
UNKNOWN = "404 Client Error"
SOURCES = re.compile("No sources permitted for ([A-Za-z0-9._-]+)")
OBJECT = re.compile("<[^<>]* object at 0x[0-9a-fA-F]+>:? ?")
LINE_LIMIT = 4096
SHOWN = 400


class PipLog(object):
    """unreachable: why an index did not answer, or None; sources: packages whose source archives were passed over."""

    def __init__(self, path):
        self.unreachable = None
        self.sources = set()
        try:
            with open(path, "rb") as stream:
                for line in iter(lambda: stream.readline(LINE_LIMIT), b""):
                    self._read(pip_calls.without_credentials(line))
        except OSError:  # pip did not come so far
            pass

    def _read(self, line):
        match = UNREACHABLE.search(line)
        if match and self.unreachable is None and UNKNOWN not in line:
            self.unreachable = OBJECT.sub("", match.group(1))[:SHOWN]
        match = SOURCES.search(line)
        if match:
            self.sources.add(metadata.normalised(match.group(1)))
