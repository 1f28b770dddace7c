# Copyright (c) 2026 the mlfleet authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One lock by the collection's own code, as a process of its own: `lock_once.py <uv or resolver> <cache> <index>`."""

from __future__ import annotations

import json
import pathlib
import sys

# Whoever measures clears PYTHONPATH.
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / ".work" / "collections"))

from ansible_collections.mlfleet.packages.plugins.plugin_utils import _declaration
from ansible_collections.mlfleet.packages.plugins.plugin_utils._locking import (
    _resolver,
    _targets,
    _uv,
)
from ansible_collections.mlfleet.packages.plugins.plugin_utils._locking._indexes import Indexes
from ansible_collections.mlfleet.packages.plugins.plugin_utils._locking._request import Question, Request

PYTHON = "3.10.2"
REQUIREMENTS = (
    *("pandas", "scikit-learn", "click", "tqdm", "requests"),
    *("jinja2", "sqlalchemy", "openpyxl", "matplotlib", "pyyaml"),
)


def main(resolver: str, cache: str, index: str) -> None:
    (goal,) = _targets.goals([{"name": "bench", "python": PYTHON, "platform": "win_amd64"}], [])
    entries = tuple(_declaration.entry("packages", each) for each in REQUIREMENTS)
    request = Request(entries, (), {}, frozenset(), Indexes((index,), ()), pathlib.Path(cache))
    lock = {"uv": _uv.lock, "resolver": _resolver.lock}[resolver]
    wheels = lock(Question(goal, request, entries, {}), 600)
    print(json.dumps({wheel.name: str(wheel.version) for wheel in wheels}))


if __name__ == "__main__":
    main(*sys.argv[1:])
