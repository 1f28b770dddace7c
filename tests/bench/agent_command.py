# Copyright (c) 2026 the mlfleet authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The one place where the benchmarks learn how the agent is run."""

from __future__ import annotations

import pathlib

# Stands in until the controller side can say it: what a snapshot costs at least.
_STAND_IN = b"""
import os, site, sys
found = []
for folder in site.getsitepackages():
    for name in os.listdir(folder):
        if name.endswith(".dist-info"):
            with open(folder + "/" + name + "/METADATA", "rb") as file:
                header = file.read().partition(b"\\n\\n")[0].splitlines()
            found += [line for line in header if line.startswith((b"Name:", b"Version:", b"Requires-Dist:"))]
sys.stdout.buffer.write(b"\\n".join(found))
"""


def agent_snapshot_command(interpreter: pathlib.Path) -> tuple[tuple[str, ...], bytes]:
    """The command line and the standard input of the agent's snapshot of this interpreter's runtime."""
    return (str(interpreter), "-I", "-"), _STAND_IN
