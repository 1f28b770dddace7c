# Copyright (c) 2026 the mlfleet authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Calls of the agent without a transport: an interpreter, the words that start the agent, and pipes."""

from __future__ import annotations

import dataclasses
import pathlib
import subprocess
import typing as t

from ansible_collections.mlfleet.packages.plugins.module_utils._agent.bootstrap import ARGUMENTS
from ansible_collections.mlfleet.packages.plugins.plugin_utils._agent_program import program_line
from ansible_collections.mlfleet.packages.plugins.plugin_utils._protocol import AnswerReader, Request

NONCE = "0123456789abcdef"


@dataclasses.dataclass(frozen=True)
class Conversation:
    """What an interpreter answered."""

    exit_code: int
    stdout: bytes
    stderr: str


def converse(interpreter: pathlib.Path, request: bytes) -> Conversation:
    """Sends the program and a raw request line."""
    return start(interpreter, program_line() + request)


def start(interpreter: pathlib.Path, stdin: bytes) -> Conversation:
    """Sends raw bytes."""
    ended = subprocess.run([str(interpreter), *ARGUMENTS], input=stdin, capture_output=True, timeout=120, check=False)
    return Conversation(ended.returncode, ended.stdout, ended.stderr.decode("utf-8", "replace"))


def ask(
    asked: pathlib.Path,
    about: str,
    /,
    *,
    attachments: bytes = b"",
    events: list[dict[str, t.Any]] | None = None,
    **arguments: t.Any,
) -> t.Any:
    """The result of an operation; a HostProblem where the agent refuses. What it tells on the way goes into events."""
    request = Request(about, arguments)
    reader = AnswerReader(request.nonce, (events if events is not None else []).append)
    answer = start(asked, request.stdin() + attachments)
    reader.feed(answer.stdout)
    result = reader.result()
    assert result is not None, answer
    return result
