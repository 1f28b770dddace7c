# Copyright (c) 2026 the mlfleet authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This file is private to mlfleet.packages: it may change in any release.
"""Whether modules can be imported, asked of a fresh interpreter of the runtime."""

import os

from .failure import Failure

# What the modules themselves print does not matter: the report goes into a file. A line that only announces a module
# tells which one took the interpreter down.
PROGRAM = """
import importlib, os, sys
with open(sys.argv[1]) as stream:
    names = stream.read().split()
report = open(sys.argv[2], 'w', encoding='utf-8', errors='backslashreplace')
for name in names:
    report.write('\\n' + name)
    report.flush()
    try:
        importlib.import_module(name)
        report.write(' ok')
    except BaseException as error:
        words = str(error).strip().splitlines()
        report.write(' failed %s: %s' % (type(error).__name__, words[-1][:300] if words else ''))
report.close()
os._exit(0)
"""
SHOWN = 5


def check(names, start, folder, deadline):
    """Raises a Failure that names every module that does not import."""
    if not names:
        return
    asked, report = os.path.join(folder, "imports"), os.path.join(folder, "imported")
    with open(asked, "w") as stream:
        stream.write("\n".join(names))
    running = start(["-I", "-B", "-c", PROGRAM, asked, report])
    code = running.finish(deadline)
    bad = _bad(report, names, "the time was up" if code is None else "the interpreter ended with exit code %d" % code)
    if bad:
        more = " and %d more" % (len(bad) - SHOWN) if len(bad) > SHOWN else ""
        detail = "after the change, this does not import: %s%s" % ("; ".join(bad[:SHOWN]), more)
        raise Failure("imports", detail, "look for what these modules need on this host")


def _bad(report, names, end):
    """`module (why)` of each that failed; the one at which the interpreter ended is the last to be told of."""
    try:
        with open(report, encoding="utf-8", errors="replace") as stream:
            lines = stream.read().splitlines()
    except OSError:
        lines = []
    said = {line.partition(" ")[0]: line.partition(" ")[2] for line in lines if line}
    bad = []
    for name in names:
        words = said.get(name, "")
        if words != "ok":
            bad.append("%s (%s)" % (name, words.partition(" ")[2] or end))
        if not words:
            break
    return bad
