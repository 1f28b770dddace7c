# Copyright (c) 2026 the mlfleet authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""SQL Server's runtimes on a simulated host: a python.exe that is a Linux interpreter behind a Windows mask."""

from __future__ import annotations

import pathlib
import shlex

from testbed import layouts, simulated

MASK = pathlib.Path(__file__).parent / "windows_mask.py"


def apply(layout: layouts.SqlServerLayout, host: simulated.SimulatedHost, interpreter: pathlib.Path) -> None:
    """Lays a description out on a simulated host; all its runtimes are run by the one Linux interpreter."""
    for key, values in layout.registry.items():
        host.registry.create(key)
        for name, (kind, data) in values.items():
            host.registry.set(key, name, data, kind)
    for path, text in layout.files.items():
        write_file(host, path, text)
    for runtime in layout.runtimes:
        write_program(host, runtime.home + "\\python.exe", _behind_mask(interpreter))


def _behind_mask(interpreter: pathlib.Path) -> str:
    command = f"exec {shlex.quote(str(interpreter))} -I -S {shlex.quote(str(MASK))}"
    return f'#!/bin/sh\nMLFLEET_TESTBED_SELF="$0" {command} "$@"\n'


def write_program(host: simulated.SimulatedHost, path: str, script: str) -> None:
    """Puts an executable script where a Windows program would be."""
    write_file(host, path, script)
    host.place(path).chmod(0o755)


def write_file(host: simulated.SimulatedHost, path: str, text: str) -> None:
    """Writes a text file at a Windows path."""
    place = host.place(path)
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_text(text, encoding="utf-8")
