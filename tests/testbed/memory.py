# Copyright (c) 2026 the mlfleet authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How much memory a command takes at most."""

from __future__ import annotations

import collections.abc as c
import os
import subprocess
import sys

# A process inherits the peak of the one that forked it, so a small one stands in between.
_MEASURE = """
import resource, subprocess, sys
ended = subprocess.run(sys.argv[1:], stdout=sys.stderr)
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
sys.exit(ended.returncode)
"""


def peak_megabytes(
    command: c.Sequence[str], stdin: c.Iterable[bytes] = (), environment: c.Mapping[str, str] | None = None
) -> float:
    """The peak of the largest process that the command consists of."""
    process = subprocess.Popen(
        [sys.executable, "-I", "-S", "-c", _MEASURE, *command],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env={**os.environ, **(environment or {})},
    )
    with process:
        assert process.stdin is not None and process.stdout is not None
        for block in stdin:
            process.stdin.write(block)
        process.stdin.close()
        kilobytes = int(process.stdout.read())
    if process.returncode != 0:
        raise RuntimeError(f"{command[0]} ended with {process.returncode}")
    return kilobytes / 1024
