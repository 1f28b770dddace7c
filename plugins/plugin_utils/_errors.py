# Copyright (c) 2026 the mlfleet authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This file is private to mlfleet.packages: it may change in any release.
"""What can go wrong between the controller and a host, in words for the person who ran the task."""

from __future__ import annotations


class HostProblem(Exception):
    """One sentence on what is wrong on or with a host, and what to do next."""


class HostUnreachable(HostProblem):
    """Nobody could log on to the host, or the connection to it was lost."""
