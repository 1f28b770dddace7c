# Copyright (c) 2026 the mlfleet authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the machine tells pip stays away from the tests, and is not lost."""

from __future__ import annotations

import os

from testbed import package_index

OUTSIDE = {"PATH": "/bin", "PIP_FIND_LINKS": "/wheels", "PYTHONPATH": "/x", "UV_INDEX": "y", "PIPELINE": "kept"}


def test_no_setting_of_the_machine_is_left() -> None:
    assert package_index.isolated(OUTSIDE).items() >= {"PATH": "/bin", "PIPELINE": "kept"}.items()
    left = {
        name: value for name, value in package_index.isolated(OUTSIDE).items() if name.startswith(("PIP_", "PY", "UV"))
    }
    assert left == {"PIP_CONFIG_FILE": os.devnull, "PYTHONNOUSERSITE": "1"}


def test_it_comes_back_for_what_must_reach_the_index() -> None:
    assert package_index.connected(package_index.isolated(OUTSIDE)) == OUTSIDE
    assert package_index.connected(OUTSIDE) == OUTSIDE


def test_a_second_isolation_keeps_what_the_first_set_aside() -> None:
    once = package_index.isolated(OUTSIDE)
    assert package_index.isolated(once) == once


def test_the_tests_themselves_run_isolated() -> None:
    assert os.environ["PIP_CONFIG_FILE"] == os.devnull
