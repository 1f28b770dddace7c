# Copyright (c) 2026 the mlfleet authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This file is private to mlfleet.packages: it may change in any release.
"""The few calls of the operating system that a snapshot makes, from where the module os has them.

Importing os itself, with its abstract base classes, costs a sixth of the start of the interpreter.
"""

try:
    from posix import O_RDONLY, close, listdir, open, read

    READ_BYTES = O_RDONLY
    SEPARATOR = "/"
except ImportError:
    from nt import O_BINARY, O_RDONLY, close, listdir, open, read

    READ_BYTES = O_RDONLY | O_BINARY  # without it a file is read as text, with its line ends changed
    SEPARATOR = "\\"

__all__ = ["READ_BYTES", "SEPARATOR", "close", "listdir", "open", "read"]
