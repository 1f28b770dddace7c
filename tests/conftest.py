# Copyright (c) 2026 the mlfleet authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Makes the collection importable under its own name, so that plain pytest runs every test."""

from __future__ import annotations

import os
import pathlib
import sys

from testbed import package_index
from tooling import collection_path

CHECKOUT = pathlib.Path(__file__).resolve().parent.parent
COLLECTIONS = CHECKOUT / ".work" / "collections"

# The pip settings of the machine are not those of a test, also where a test is run by hand.
_isolated = package_index.isolated(os.environ)
os.environ.clear()
os.environ.update(_isolated)
collection_path.link(CHECKOUT, COLLECTIONS)
sys.path.insert(0, str(COLLECTIONS))
os.environ["ANSIBLE_COLLECTIONS_PATH"] = str(COLLECTIONS)
