# Copyright (c) 2026 the mlfleet authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This file is private to mlfleet.packages: it may change in any release.
"""Writes a report in all its forms into a folder, and reads an earlier one."""

from __future__ import annotations

import collections.abc as c
import json
import os
import pathlib
import tempfile

from ansible_collections.mlfleet.packages.plugins.plugin_utils._errors import HostProblem
from ansible_collections.mlfleet.packages.plugins.plugin_utils._fleet_report import (
    _junit,
    _markdown,
    _page,
    _since,
    _structure,
)
from ansible_collections.mlfleet.packages.plugins.plugin_utils._fleet_report._parts import FleetReport
from ansible_collections.mlfleet.packages.plugins.plugin_utils._fleet_report._since import Earlier, NotAReport

JSON = "report.json"
FORMS: c.Mapping[str, c.Callable[[FleetReport], bytes]] = {
    JSON: lambda report: (json.dumps(_structure.plain(report), indent=1) + "\n").encode(),
    "report.md": lambda report: _markdown.markdown(report).encode(),
    "report.xml": _junit.junit,
    "report.html": lambda report: _page.page(report).encode(),
}


def write(report: FleetReport, folder: pathlib.Path) -> dict[str, str]:
    """The paths of the files, by their ending."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, form in FORMS.items():
            _write_whole(folder / name, form(report))
    except OSError as error:
        advice = "make room there, or name another folder"
        raise HostProblem(f"the report cannot be written to the folder {folder} ({error.strerror}); {advice}") from None
    return {pathlib.PurePath(name).suffix[1:]: str(folder / name) for name in FORMS}


def read_earlier(path: pathlib.Path) -> Earlier | None:
    """The earlier report in a file; None if there is no such file yet."""
    try:
        return _since.earlier(json.loads(path.read_bytes()))
    except FileNotFoundError:
        return None
    except OSError as error:
        raise NotAReport(f"it cannot be read ({error.strerror})") from None
    except (ValueError, RecursionError):
        raise NotAReport("it is no JSON") from None


def _write_whole(path: pathlib.Path, content: bytes) -> None:
    """Whoever reads it at the same time sees the old file or the new one, and never half of one."""
    handle, name = tempfile.mkstemp(prefix=f".{path.name}-", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(content)
        # mkstemp lets nobody else read it; the report is for others, as far as the user's umask lets them.
        os.chmod(name, 0o666 & ~_umask())
        os.replace(name, path)
    except BaseException:
        os.unlink(name)
        raise


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
