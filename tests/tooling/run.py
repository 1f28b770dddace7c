# Copyright (c) 2026 the mlfleet authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The one command: makes what the legs need, runs them with nox, and closes with a table. Needs Python and git only."""

from __future__ import annotations

import os
import pathlib
import subprocess
import sys
import tempfile

if sys.version_info < (3, 10):  # noqa: UP036 (the one file that an older Python may get to see)
    sys.exit("Python 3.10 or newer is needed; name one with `make PYTHON=python3.11 test`")

TESTS = pathlib.Path(__file__).resolve().parents[1]
CHECKOUT = TESTS.parent
WORK = CHECKOUT / ".work"

sys.path.insert(0, str(TESTS))

from testbed import interpreters, virtual_environments  # noqa: E402
from tooling import legs  # noqa: E402


def main(asked: list[str]) -> int:
    nox = [str(_tools() / "nox"), "--noxfile", str(CHECKOUT / "noxfile.py"), "--non-interactive"]
    # A folder of its own: the table of a run must not show what another one, at the same time, found.
    with tempfile.TemporaryDirectory(prefix="results-", dir=WORK) as results:
        environment = {**os.environ, legs.RESULTS_VARIABLE: results}
        command = [*nox, *(["--session", *asked] if asked else [])]
        code = subprocess.run(command, env=environment, stdin=subprocess.DEVNULL, check=False).returncode
        outcomes = legs.complete(asked or legs.ALL, legs.load(pathlib.Path(results)))
    print(f"\n{legs.closing_table(outcomes)}", flush=True)
    return code or int(any(outcome.state == "failed" for outcome in outcomes))


def _tools() -> pathlib.Path:
    minors = [(3, minor) for minor in (11, 12, 13, 14, 10)]
    interpreter = interpreters.find_first(minors)
    if interpreter is None:
        sys.exit("no CPython 3.10 or newer with venv and ensurepip found (on Debian: apt-get install python3-venv)")
    recipe = virtual_environments.Recipe(interpreter, requirement_files=(TESTS / "requirements" / "tooling.txt",))
    return virtual_environments.prepare(WORK / "environments" / "tooling", recipe).parent


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
