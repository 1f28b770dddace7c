# Copyright (c) 2026 the mlfleet authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What travels: all of the agent, small, and nothing but ASCII."""

from __future__ import annotations

import base64
import pathlib
import zlib

from ansible_collections.mlfleet.packages.plugins.module_utils._agent import bootstrap
from ansible_collections.mlfleet.packages.plugins.plugin_utils import _agent_program

AGENT = pathlib.Path(__file__).resolve().parents[3] / "plugins" / "module_utils" / "_agent"


def parts() -> list[str]:
    return zlib.decompress(base64.b64decode(_agent_program.program_line())).decode("ascii").split("\0")


def test_every_module_of_the_agent_travels() -> None:
    assert sorted(parts()[1::2]) == sorted(path.stem for path in AGENT.glob("*.py") if path.stem != "loader")


def test_neither_comments_nor_docstrings_travel() -> None:
    text = "".join(parts())
    assert "SPDX" not in text
    assert '"""' not in text


def test_the_line_is_one_line() -> None:
    assert _agent_program.program_line().count(b"\n") == 1


def test_the_words_that_start_the_agent_pass_through_cmd_exe() -> None:
    assert not set("\"%<>|^&!'") & set("".join(bootstrap.ARGUMENTS))
