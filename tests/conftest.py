# Copyright (c) 2026 the mlfleet authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""For every test: nothing of the machine's own pip and Python configuration leaks in."""

from __future__ import annotations

import os

from testbed import package_index

_isolated = package_index.isolated(os.environ)
os.environ.clear()
os.environ.update(_isolated)
