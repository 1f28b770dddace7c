# Copyright (c) 2026 the mlfleet authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This file is private to mlfleet.packages: it may change in any release.
"""Other programs that the runtime's interpreter runs for a change: pip, compilers, imports."""

import os
import subprocess
import sys
import threading
import time

OUTPUT_KEPT = 8192
BLOCK = 4096
# Of a conda-like home on Windows that nobody has activated: without these, _ssl and MKL do not find their DLLs.
CONDA_FOLDERS = ("", "Library\\mingw-w64\\bin", "Library\\usr\\bin", "Library\\bin", "Scripts")


class Programs(object):
    """Starts the interpreter of this runtime, with nothing of the machine's own settings for Python and pip.

    settings_of_host: those for pip hold all the same, because the host is to find its index.
    """

    def __init__(self, prefix, temporary, settings_of_host=False):
        self._environment = _environment(prefix, temporary, settings_of_host)
        self._temporary = temporary

    def start(self, words, text=b"", folder=None):
        """A Running; the folder is the current one of the program."""
        return Running([sys.executable] + words, self._environment, folder or self._temporary, text)


class Running(object):
    """One program. It reads the text; of what it prints, the end is kept."""

    def __init__(self, command, environment, folder, text):
        self.output = b""
        pipe = subprocess.PIPE
        self._process = subprocess.Popen(
            command, env=environment, cwd=folder, stdin=pipe, stdout=pipe, stderr=subprocess.STDOUT
        )
        self._thread = threading.Thread(target=self._converse, args=(text,))
        self._thread.daemon = True
        self._thread.start()

    def _converse(self, text):
        try:
            self._process.stdin.write(text)
            self._process.stdin.close()
        except OSError:  # it ended before it had read everything
            pass
        handle = self._process.stdout.fileno()
        for block in iter(lambda: os.read(handle, BLOCK), b""):
            self.output = (self.output + block)[-OUTPUT_KEPT:]

    def finish(self, deadline, tick=None):
        """Its exit code; None where it was ended because the time is up. tick is called once a second."""
        # The thread ends with the output, and so at once with the program: Popen.wait would look every 50 ms.
        while self._thread.is_alive() and self._process.poll() is None and time.time() < deadline:
            self._thread.join(max(0, min(1, deadline - time.time())))
            if tick:
                tick()
        self._thread.join(1)
        if self._thread.is_alive() and self._process.poll() is None:
            self._process.kill()
            self._process.wait()
            return None
        return self._process.wait()


def _environment(prefix, temporary, settings_of_host):
    """The variables of this process, without those that change what Python and pip do."""
    changing = ("PYTHON",) if settings_of_host else ("PYTHON", "PIP_")
    # SOURCE_DATE_EPOCH makes Python compile for a build that is to be reproduced (PEP 552): slower to import.
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.upper().startswith(changing) and name.upper() != "SOURCE_DATE_EPOCH"
    }
    kept.update(dict.fromkeys(("TMP", "TEMP", "TMPDIR"), temporary))
    kept.update(PYTHONNOUSERSITE="1", PYTHONIOENCODING="utf-8")
    # Without a virtual environment, one setting lets pip not even be asked.
    kept.update({"PIP_REQUIRE_VIRTUALENV": "0"} if settings_of_host else {"PIP_CONFIG_FILE": os.devnull})
    if os.name == "nt":
        folders = [os.path.join(prefix, name) if name else prefix for name in CONDA_FOLDERS]
        kept["PATH"] = os.pathsep.join(folders + [kept.get("PATH", "")])
    return kept
