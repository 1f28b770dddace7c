# Copyright (c) 2026 the mlfleet authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This file is private to mlfleet.packages: it may change in any release.
"""What an interpreter on Linux knows of the system that it runs on."""

import sys

try:
    from posix import confstr, uname
except ImportError:
    uname = confstr = None  # Not here, and not used here.

OS_NAME = "posix"


class System(object):
    """As sysconfig and platform would answer, without their imports: they would double the cost of a snapshot."""

    def __init__(self):
        self.name, _node, self.release, self.version, self.machine = uname()
        self.platform = "%s-%s" % (self.name.lower(), self.machine)
        self.abi_flags = sys.abiflags
        try:
            self.libc = confstr("CS_GNU_LIBC_VERSION")  # decides on manylinux wheels
        except (OSError, ValueError):
            self.libc = None
