# Copyright (c) 2026 the mlfleet authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This file is private to mlfleet.packages: it may change in any release.
"""The agent as it travels: all its files in one compressed line."""

from __future__ import annotations

import ast
import base64
import functools
import pathlib
import zlib

AGENT = pathlib.Path(__file__).parent.parent / "module_utils" / "_agent"
LOADER = "loader"
SEPARATOR = "\0"


@functools.lru_cache(maxsize=1)
def program_line() -> bytes:
    """The line that the bootstrap reads: the loader, then the name and the text of each module."""
    modules = sorted(path for path in AGENT.glob("*.py") if path.stem != LOADER)
    parts = [_bare(AGENT / f"{LOADER}.py")]
    for path in modules:
        parts += [path.stem, _bare(path)]
    return base64.b64encode(zlib.compress(SEPARATOR.join(parts).encode("ascii"), 9)) + b"\n"


def _bare(path: pathlib.Path) -> str:
    """The code without its comments and docstrings, which every host would otherwise receive and read."""
    tree = ast.parse(path.read_text(encoding="ascii"))
    for node in ast.walk(tree):
        if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef)) and ast.get_docstring(node) is not None:
            node.body = node.body[1:] or [ast.Pass()]
    return ast.unparse(tree)
