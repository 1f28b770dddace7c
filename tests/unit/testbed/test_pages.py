# Copyright (c) 2026 the mlfleet authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a page of the documentation asks its reader to do."""

from __future__ import annotations

import pathlib

import pytest

from testbed import pages
from testbed.pages import Block

PAGE = """# A page

<!-- file: inventory.yml -->
```yaml
all: {}
```

1. A step:

   ```console
   make demo # first
   ansible all \\
     -m ping
   ```

<!-- fails: there is no such host -->
```yaml
- name: A play
  hosts: nobody
```
"""


def written(folder: pathlib.Path, text: str) -> pathlib.Path:
    page = folder / "page.md"
    page.write_text(text)
    return page


def block(text: str) -> Block:
    return Block("yaml", text, line=1)


def test_blocks_with_what_is_said_about_them(tmp_path: pathlib.Path) -> None:
    file, steps, play = pages.blocks(written(tmp_path, PAGE))
    assert file == Block("yaml", "all: {}\n", 3, "file", "inventory.yml")
    assert (steps.line, steps.commands) == (10, [["make", "demo"], ["ansible", "all", "-m", "ping"]])
    assert steps.text.splitlines()[0] == "make demo # first"
    assert (play.mark, play.remark) == ("fails", "there is no such host")


def test_a_remark_that_belongs_to_no_block_is_told(tmp_path: pathlib.Path) -> None:
    page = written(tmp_path, "<!-- shown only: forgotten -->\n\n```yaml\nx: 1\n```\n")
    with pytest.raises(pages.Malformed, match="in the line above"):
        pages.blocks(page)


def test_plays_are_run_as_they_are() -> None:
    plays = [{"name": "One", "hosts": "all"}]
    assert block("- name: One\n  hosts: all\n").plays == plays


def test_tasks_get_a_play() -> None:
    (play,) = block("- name: Ping\n  ansible.builtin.ping:\n").plays or []
    assert (play["hosts"], play["tasks"]) == ("sql_servers", [{"name": "Ping", "ansible.builtin.ping": None}])


@pytest.mark.parametrize(
    "text",
    [
        "all: {hosts: {}}\n",
        "- click>=7\n",
        "- {name: demo, state: absent}\n",
        "- name: One\n  hosts: all\n- name: Ping\n  ansible.builtin.ping:\n",
        "",
    ],
    ids=["inventory", "requirements", "packages", "a play and a task", "nothing"],
)
def test_other_data_is_no_play(text: str) -> None:
    assert block(text).plays is None
