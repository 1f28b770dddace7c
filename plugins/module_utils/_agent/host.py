# Copyright (c) 2026 the mlfleet authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This file is private to mlfleet.packages: it may change in any release.
"""The seam between the agent and the machine: what only this kind of operating system knows.

A host module offers homes(), machine_environment(), discover(places), start(interpreter, arguments),
free_bytes(folder), open_binary(path), reach(path), find_libraries(), store_places(), keep_from_others(folder),
same_file(one, other), is_real_folder(path), same_owner(one, other), and paths, the module that takes its paths apart.
Everything else in the agent is the same everywhere.
"""

import os

if os.name == "nt":
    from . import host_windows as this
else:
    from . import host_posix as this

__all__ = ["this"]
