# Copyright (c) 2026 the mlfleet authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Follows a page of the documentation as a reader would: writes its files, runs its plays and its commands.

A comment in the line above a fenced block tells what is to become of it, where that is not plain from the block:

    <!-- file: inventory.yml -->    the reader saves it under this name
    <!-- shown only: reason -->     it is no input, or cannot run against the test bed
    <!-- fails: reason -->          it ends with an error, and that is the point
"""

from __future__ import annotations

import dataclasses
import pathlib
import re
import shlex
import typing as t

import yaml

_FENCE = re.compile(
    r"^(?P<indent> *)(?:<!-- (?P<mark>file|shown only|fails): (?P<remark>[^\n]+) -->\n *)?```(?P<language>\w*)\n"
    r"(?P<text>.*?)^ *```$",
    re.MULTILINE | re.DOTALL,
)
_MARKER = re.compile(r"^ *<!-- (?:file|shown only|fails)", re.MULTILINE)


@dataclasses.dataclass(frozen=True)
class Block:
    """A fenced block."""

    language: str
    text: str
    line: int
    mark: str = ""
    remark: str = ""

    @property
    def plays(self) -> list[dict[str, t.Any]] | None:
        """What Ansible would run of it: plays, or tasks in a play of their own; nothing if it is other data."""
        if self.language != "yaml":
            return None
        items = yaml.safe_load(self.text)
        if not isinstance(items, list) or not all(isinstance(item, dict) and "name" in item for item in items):
            return None
        if all({"hosts", "ansible.builtin.import_playbook"} & set(item) for item in items):
            return items
        if any("hosts" in item for item in items) or not all(any("." in key for key in item) for item in items):
            return None
        return [{"name": "The tasks of the block", "hosts": "sql_servers", "gather_facts": False, "tasks": items}]

    @property
    def commands(self) -> list[list[str]]:
        """The words of each line of a console block, without comments."""
        if self.language != "console":
            return []
        lines = self.text.replace("\\\n", " ").splitlines()
        return [words for line in lines if (words := shlex.split(line, comments=True))]


class Malformed(Exception):
    """A page that cannot be followed; the message names the page, the line and what is wrong."""


def blocks(page: pathlib.Path) -> list[Block]:
    """The fenced blocks of a page, in their order."""
    text = page.read_text(encoding="utf-8")
    found = [_block(match, text) for match in _FENCE.finditer(text)]
    if len(_MARKER.findall(text)) != sum(bool(block.mark) for block in found):
        raise Malformed(f"{page}: a comment about a block must be in the line above it")
    return found


def _block(match: re.Match[str], text: str) -> Block:
    indent = match["indent"]
    lines = [line.removeprefix(indent) for line in match["text"].splitlines(keepends=True)]
    number = text.count("\n", 0, match.start()) + 1
    return Block(match["language"], "".join(lines), number, match["mark"] or "", match["remark"] or "")
