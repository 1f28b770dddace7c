# Copyright (c) 2026 the mlfleet authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Stands in for powershell.exe on a simulated host. It is no PowerShell: it knows two kinds of script.

One is the bootstrap of the transport `powershell`, of which it does by hand what the script says. Any other is
answered with its own text, which is enough for what ansible.builtin.raw sends in the benchmarks.
"""

from __future__ import annotations

import base64
import json
import os
import pathlib
import shlex
import sys
import threading

TESTS = pathlib.Path(__file__).resolve().parent.parent
# Ends with this line, wherever Ansible's shell plugin took white space out of the script.
BOOTSTRAP_END = "exit $process.ExitCode"
ROOT_VARIABLE = "MLFLEET_TESTBED_ROOT"


def program(path: pathlib.Path) -> pathlib.Path:
    """Writes an executable that runs this file."""
    command = [sys.executable, "-m", "testbed.powershell_stand_in"]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(
        f'#!/bin/sh\nPYTHONPATH={shlex.quote(str(TESTS))} exec {shlex.join(command)} "$@"\n', encoding="utf-8"
    )
    path.chmod(0o755)
    return path


def main(words: list[str]) -> int:
    script = base64.b64decode(words[words.index("-EncodedCommand") + 1]).decode("utf-16-le").strip()
    if not script.endswith(BOOTSTRAP_END):
        sys.stdout.write(f"{script}\n")
        return 0
    call = json.loads(sys.stdin.readline())
    return _run(call["line"], base64.b64decode(sys.stdin.readline()), call["seconds"])


def _run(line: str, stdin: bytes, seconds: int) -> int:
    from testbed import simulated

    host = simulated.SimulatedHost("stand-in", pathlib.Path(os.environ[ROOT_VARIABLE]))
    process = host.start(rf"C:\Windows\system32\cmd.exe /d /c {line}", {})
    over = threading.Event()

    def end() -> None:
        over.set()
        process.kill()

    limit = threading.Timer(seconds, end)
    limit.start()
    process.stdin.write(stdin)
    process.stdin.close()
    output = process.stdout.read()
    errors = process.stderr.read()
    code = process.wait()
    if over.is_set():
        os.write(1, b"MLFLEET-TIME-LIMIT\n")
        return 1
    limit.cancel()
    os.write(1, output)
    os.write(2, errors)
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
