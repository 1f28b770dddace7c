# Copyright (c) 2026 the mlfleet authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs a playbook as a person would, in a process of its own, and reads what it says."""

from __future__ import annotations

import collections.abc as c
import dataclasses
import json
import os
import pathlib
import re
import subprocess
import sys
import typing as t

_RESULT = re.compile(r"(?:ok|changed|fatal|failed|skipping): \[([^\] ]+)", re.MULTILINE)


@dataclasses.dataclass(frozen=True)
class Ended:
    """One run of a playbook."""

    code: int
    output: str

    def plays(self, name: str) -> list[frozenset[str]]:
        """The hosts of each play with this name that had a task, in the order in which Ansible ran them."""
        parts = re.split(r"^PLAY (?:RECAP|\[(.*)\]) \*+$", self.output, flags=re.MULTILINE)
        named = zip(parts[1::2], parts[2::2], strict=True)
        return [frozenset(_RESULT.findall(text)) for title, text in named if title == name]


def run(
    name: str,
    inventory: pathlib.Path,
    *arguments: str,
    variables: c.Mapping[str, t.Any] | None = None,
    folder: pathlib.Path,
) -> Ended:
    """`ansible-playbook` in a folder, with extra variables."""
    program = pathlib.Path(sys.executable).parent / "ansible-playbook"
    words = [str(program), "-i", str(inventory), "-f", "10", name, *arguments]
    if variables:
        words += ["-e", json.dumps(variables)]
    done = subprocess.run(
        words,
        check=False,
        cwd=folder,
        # A shell says there where it is.
        env={**os.environ, "PWD": str(folder), "ANSIBLE_NOCOLOR": "1"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    return Ended(done.returncode, done.stdout)
