# Copyright (c) 2026 the mlfleet authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This file is private to mlfleet.packages: it may change in any release.
"""The compiled files beside Python files: finding them, and making them.

They are made here because the workers of SQL Server may not write into the runtime, and because several
interpreters do in a fraction of the time what pip does one file after the other.
"""

import os

FILES_FOR_ONE = 150
MOST = 4
# As pip, it leaves alone what does not compile: templates, or files for another version of Python.
PROGRAM = """
import os, py_compile, sys
for name in sys.stdin.buffer.read().split(bytes(1)):
    try:
        py_compile.compile(os.fsdecode(name), doraise=True)
    except Exception:
        pass
"""


def beside(paths):
    """The compiled files of these Python files that are there now."""
    by_folder = {}
    for path in paths:
        folder, name = os.path.split(path)
        if name.endswith(".py"):
            by_folder.setdefault(os.path.join(folder, "__pycache__"), set()).add(name[: -len(".py")])
    found = []
    for folder in by_folder:
        try:
            names = os.listdir(folder)
        except OSError:
            continue
        found += [os.path.join(folder, name) for name in names if _source_name(name) in by_folder[folder]]
    return found


def _source_name(name):
    """`module` of module.cpython-37.opt-1.pyc; None for what is no compiled file."""
    if not name.endswith(".pyc"):
        return None
    stem = name[: -len(".pyc")]
    before, dot, optimised = stem.rpartition(".")
    if dot and optimised.startswith("opt-"):
        stem = before
    return stem.rpartition(".")[0] or None


def compile_all(sources, start, deadline):
    """Compiles Python files, given as (size, path), in as many interpreters as are worth it."""
    count = max(1, min(MOST, os.cpu_count() or 1, (len(sources) + FILES_FOR_ONE - 1) // FILES_FOR_ONE))
    ordered = [os.fsencode(path) for _size, path in sorted(sources, reverse=True)]
    # Processes, because a source that is nested too deep can take the interpreter down that compiles it.
    words = ["-I", "-S", "-W", "ignore", "-c", PROGRAM]
    running = [start(words, b"\0".join(ordered[number::count])) for number in range(count)] if sources else []
    for each in running:
        each.finish(deadline)
