# Copyright (c) 2026 the mlfleet authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The source of the documentation site: the pages as they lie in the checkout, and room for the generated reference."""

from __future__ import annotations

import pathlib
import shutil

SETTINGS = pathlib.PurePath("docs", "docsite")
PAGES = ("README.md", "CHANGELOG.md", "LICENSE", "docs", "playbooks")


def lay_out(checkout: pathlib.Path, source: pathlib.Path) -> pathlib.Path:
    """Makes the folder anew, laid out as the checkout so that one link serves both; returns that of the reference."""
    shutil.rmtree(source, ignore_errors=True)
    reference = source / "reference"
    # antsibull-docs writes only where nobody else may.
    reference.mkdir(mode=0o700, parents=True)
    for name in PAGES:
        _copy(checkout / name, source / name)
    shutil.copyfile(checkout / SETTINGS / "index.md", source / "index.md")
    return reference


def _copy(original: pathlib.Path, copy: pathlib.Path) -> None:
    if original.is_dir():
        shutil.copytree(original, copy, ignore=shutil.ignore_patterns(SETTINGS.name))
    else:
        shutil.copyfile(original, copy)
