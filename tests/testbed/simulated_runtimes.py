# Copyright (c) 2026 the mlfleet authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""SQL Server's runtimes on a simulated host: a python.exe that is a Linux interpreter behind a Windows mask."""

from __future__ import annotations

import collections.abc as c
import pathlib
import shlex

from testbed import layouts, simulated

MASK = pathlib.Path(__file__).parent / "windows_mask.py"

# Only what starts as the agent does sees Windows. All else, such as pip, needs the Linux that its files are made for.
_PROGRAM = """#!/bin/sh
export TMPDIR={temporary} HOME={home}
if [ "$1 $2 $3" = "-I -S -c" ]; then
    MLFLEET_TESTBED_SELF="$0" exec {interpreter} -I -S {mask} "$@"
fi
exec {interpreter} "$@"
"""


def apply(
    layout: layouts.SqlServerLayout,
    host: simulated.SimulatedHost,
    interpreters: pathlib.Path | c.Mapping[str, pathlib.Path],
) -> None:
    """Lays a description out on a simulated host; a Linux interpreter for all its runtimes, or one for each home."""
    for key, values in layout.registry.items():
        host.registry.create(key)
        for name, (kind, data) in values.items():
            host.registry.set(key, name, data, kind)
    for path, text in layout.files.items():
        write_file(host, path, text)
    for runtime in layout.runtimes:
        interpreter = interpreters if isinstance(interpreters, pathlib.Path) else interpreters[runtime.home]
        write_program(host, runtime.home + "\\python.exe", _behind_mask(host, interpreter))


def temporary_folder(host: simulated.SimulatedHost) -> pathlib.Path:
    """Where the programs of a host put what they do not keep."""
    return host.place(host.environment["TEMP"])


def _behind_mask(host: simulated.SimulatedHost, interpreter: pathlib.Path) -> str:
    places = {
        "interpreter": interpreter,
        "mask": MASK,
        "temporary": temporary_folder(host),
        "home": host.place(host.environment["USERPROFILE"]),
    }
    return _PROGRAM.format_map({name: shlex.quote(str(place)) for name, place in places.items()})


def write_program(host: simulated.SimulatedHost, path: str, script: str) -> None:
    """Puts an executable script where a Windows program would be."""
    write_file(host, path, script)
    host.place(path).chmod(0o755)


def write_file(host: simulated.SimulatedHost, path: str, text: str) -> None:
    """Writes a text file at a Windows path."""
    place = host.place(path)
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_text(text, encoding="utf-8")
