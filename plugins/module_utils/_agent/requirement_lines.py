# Copyright (c) 2026 the mlfleet authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This file is private to mlfleet.packages: it may change in any release.
"""The lines that pip is given to read: names, versions and hashes, and nothing that pip could take for more.

Whatever else pip understands in such a file, options, URLs, paths, markers and variables, is refused here.
"""

import re

from .refusal import Refusal

NAME = "[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?"
VERSION = "[A-Za-z0-9][A-Za-z0-9._!+]*"
CLAUSE = "(?:[~=!<>]=|===|[<>])%s(?:[.][*])?" % VERSION
CONSTRAINT = re.compile("%s%s(?:,%s)*" % (NAME, CLAUSE, CLAUSE))
REQUIREMENT = re.compile("%s(?:\\[%s(?:,%s)*\\])?(?:%s(?:,%s)*)?" % (NAME, NAME, NAME, CLAUSE, CLAUSE))
PINNED = re.compile("%s==%s" % (NAME, VERSION))


def check(lines, pattern):
    """Refuses lines that are not what they should be."""
    for line in lines:
        if not pattern.fullmatch(line):
            words = "%s is no requirement that pip may be given" % ascii(line)[:200]
            raise Refusal("arguments-malformed", words)


def write(path, lines):
    """Writes what was checked."""
    with open(path, "w") as stream:
        stream.write("".join(line + "\n" for line in lines))
