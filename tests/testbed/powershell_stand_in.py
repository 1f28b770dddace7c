# Copyright (c) 2026 the mlfleet authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Stands in for powershell.exe on a simulated host. It is no PowerShell: it knows two scripts and refuses all else.

One is the bootstrap of the transport `powershell`, of which it does by hand what the script says; the other is
any one-line command in single words, which ansible.builtin.raw sends (`hostname`, `exit 3`).
"""

from __future__ import annotations

import base64
import json
import os
import pathlib
import shlex
import subprocess
import sys

# Ends with this line, wherever Ansible's shell plugin took white space out of the script.
BOOTSTRAP_END = "exit $process.ExitCode"


def program(path: pathlib.Path, cmd_exe: pathlib.Path) -> pathlib.Path:
    """Writes an executable that runs this file; cmd_exe is what it starts command lines with."""
    command = [sys.executable, "-I", str(pathlib.Path(__file__)), str(cmd_exe)]
    path.write_text(f'#!/bin/sh\nexec {shlex.join(command)} "$@"\n', encoding="utf-8")
    path.chmod(0o755)
    return path


def main(cmd_exe: str, words: list[str]) -> int:
    if "-EncodedCommand" not in words:
        sys.stderr.write("this stand-in only knows -EncodedCommand\n")
        return 64
    script = base64.b64decode(words[words.index("-EncodedCommand") + 1]).decode("utf-16-le").strip()
    if script.endswith(BOOTSTRAP_END):
        return _bootstrap(cmd_exe)
    sys.stdout.write(f"{script}\n")
    return 0


def _bootstrap(cmd_exe: str) -> int:
    call = json.loads(sys.stdin.readline())
    stdin = base64.b64decode(sys.stdin.readline())
    try:
        done = subprocess.run([cmd_exe, call["line"]], input=stdin, capture_output=True, timeout=call["seconds"])
    except subprocess.TimeoutExpired:
        sys.stdout.write("MLFLEET-TIME-LIMIT\n")
        return 1
    os.write(1, done.stdout)
    os.write(2, done.stderr)
    return done.returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2:]))
