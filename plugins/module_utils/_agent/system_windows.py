# Copyright (c) 2026 the mlfleet authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This file is private to mlfleet.packages: it may change in any release.
"""What an interpreter on Windows knows of the system that it runs on."""

import platform
import sys

OS_NAME = "nt"
PLATFORMS = (("amd64", "win-amd64"), ("(arm64)", "win-arm64"), ("(arm)", "win-arm32"))


class System(object):
    """Only the module platform knows how Windows names its releases."""

    def __init__(self):
        uname = platform.uname()
        self.name, self.release, self.version, self.machine = uname[0], uname[2], uname[3], uname[4]
        # From the build string, as sysconfig.get_platform does it.
        found = [name for mark, name in PLATFORMS if mark in sys.version.lower()]
        self.platform = found[0] if found else sys.platform
        self.abi_flags = _abi_flags()
        self.libc = None


def _abi_flags():
    """As in cp37m. There is no sys.abiflags on older Windows; there the m of pymalloc was the rule until 3.7."""
    debug = "d" if hasattr(sys, "gettotalrefcount") else ""
    return getattr(sys, "abiflags", debug + ("m" if sys.version_info < (3, 8) else ""))
