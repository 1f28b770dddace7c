# Copyright (c) 2026 the mlfleet authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""README and guides, followed from top to bottom on a fleet of the test bed (tests/testbed/pages.py has the rules)."""

from __future__ import annotations

import collections.abc as c
import contextlib
import json
import os
import pathlib
import re
import subprocess
import sys
import typing as t
from dataclasses import replace

import pytest
import yaml

from testbed import index_server, interpreters, layouts, pages
from testbed.fleet import Fleet
from testbed.pages import Block
from testbed.virtual_environments import Recipe
from testbed.wheels import Wheel

CHECKOUT = pathlib.Path(__file__).resolve().parents[2]
PAGES = [
    CHECKOUT / "README.md",
    *sorted((CHECKOUT / "docs" / "guides").glob("*.md")),
    *sorted((CHECKOUT / "roles").glob("*/README.md")),
]
# What a page without an inventory of its own is followed with.
INVENTORY = "sql_servers: {hosts: {sql1: , sql2: }}\n"
# They set up a controller and are followed by hand; the leg `build` installs the collection.
SETTING_UP = {"git", "pip", "python3", ".", "cd", "ansible-galaxy", "export", "read"}
ON_HOSTS = {"ansible", "ansible-playbook", "ansible-inventory"}
ON_THE_CONTROLLER = {"ansible-doc", "tar"}
WHEELS = (
    Wheel("click", "7.0", "py2.py3-none-any"),
    Wheel("click", "7.1.2", "py2.py3-none-any"),
    Wheel("scikit-learn", "0.24.2", requires=("joblib>=0.11", "threadpoolctl>=2.0.0")),
    Wheel("pandas", "1.3.5", requires=("numpy>=1.15", "python-dateutil")),
    Wheel("python-dateutil", "2.8.2"),
    Wheel("joblib", "1.1.0"),
    Wheel("threadpoolctl", "2.2.0"),
    Wheel("tqdm", "4.64.1", requires=('colorama; platform_system == "Windows"',)),
    Wheel("colorama", "0.4.6"),
    Wheel("urllib3", "1.26.20"),
    Wheel("urllib3", "2.0.7"),
)


class Reader:
    """Somebody with the hosts of a page, who does what it says in a folder of their own."""

    def __init__(self, folder: pathlib.Path, page: pathlib.Path, opened: contextlib.ExitStack) -> None:
        self.folder = folder / "reader"
        self.folder.mkdir()
        self.page = page
        self.blocks = pages.blocks(page)
        for wheel in WHEELS:
            wheel.write(self.folder / "files" / "wheelhouse")
        self.inventory = self._write("inventory-of-the-test.yml", INVENTORY)
        # Variables of hosts win over those of groups, so these are the connection whatever the page says.
        self.connection = folder / "connection.json"
        self.index = opened.enter_context(index_server.serving(*WHEELS))
        self.fleet = opened.enter_context(self._make_fleet(folder))
        self.fleet.write_inventory(self.connection, {}, {})

    def follow(self, block: Block) -> None:
        if block.mark == "file":
            self._write(block.remark, block.text)
        elif block.mark != "shown only":
            for playbook in self._playbooks([block]):
                self._run(["ansible-playbook", *self._inventories, playbook], block)
            for words in block.commands:
                self._obey(words, block)

    def check_syntax(self) -> None:
        """Of all that Ansible could run, run or not."""
        saved = [block for block in self.blocks if block.plays is not None]
        if playbooks := self._playbooks(saved):
            self._run(
                ["ansible-playbook", "--syntax-check", *self._inventories, *playbooks], replace(saved[0], mark="")
            )

    @property
    def _inventories(self) -> list[str]:
        return ["-i", str(self.inventory), "-i", str(self.connection)]

    def _make_fleet(self, folder: pathlib.Path) -> Fleet:
        interpreter = interpreters.find_first([(3, 7), *((3, minor) for minor in range(8, 15))])
        if interpreter is None:
            pytest.skip("needs a CPython with venv")
        inventories = [block.text for block in self.blocks if block.remark == "inventory.yml"]
        names = dict.fromkeys(name for text in inventories or [INVENTORY] for name in _hosts(yaml.safe_load(text)))
        layout = layouts.merge(layouts.sql2019(), layouts.sql2019("SQL01"))
        fleet = Fleet(folder / "fleet", Recipe(interpreter), dict.fromkeys(names, layout))
        for host in fleet.hosts.values():
            for runtime in host.runtimes.values():
                runtime.lay(Wheel("numpy", "1.15.4"))
                runtime.adopt()
                runtime.lay(Wheel("click", "6.7"))
        return fleet

    def _playbooks(self, blocks: c.Iterable[Block]) -> list[str]:
        """The plays of the blocks, each in a file."""
        written = [(f"line-{block.line}.yml", block.plays) for block in blocks]
        return [str(self._write(name, json.dumps(plays))) for name, plays in written if plays is not None]

    def _obey(self, words: list[str], block: Block) -> None:
        if words[0] == "make":
            assert set(words[1:]) <= _make_targets(), self._place(block)
        elif words[0] in ON_THE_CONTROLLER:
            self._run(words, block)
        elif words[0] in ON_HOSTS:
            own = ["-i", str(self.connection)] if "-i" in words else self._inventories
            self._run([*words, *own], block)
        else:
            assert words[0] in SETTING_UP, f"{self._place(block)}: what is {words[0]}"

    def _run(self, words: list[str], block: Block) -> None:
        program = pathlib.Path(sys.executable).parent / words[0]
        done = subprocess.run(
            [str(program) if program.exists() else words[0], *words[1:]],
            cwd=self.folder,
            env={**os.environ, **self._environment()},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        assert (done.returncode != 0) == (block.mark == "fails"), f"{self._place(block)}:\n{done.stdout}"
        # A play for a group that the test does not have would do nothing.
        nothing_done = "PLAY RECAP" in done.stdout and not re.search(r"ok=[1-9]", done.stdout)
        assert not nothing_done, f"{self._place(block)}:\n{done.stdout}"

    def _environment(self) -> dict[str, str]:
        own = {"PWD": self.folder, "ANSIBLE_HOME": self.folder.parent / "ansible"}
        return {name: str(path) for name, path in own.items()} | {
            "ANSIBLE_NOCOLOR": "1",
            "UV_DEFAULT_INDEX": self.index.simple,
        }

    def _write(self, name: str, text: str) -> pathlib.Path:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return path

    def _place(self, block: Block) -> str:
        return f"{self.page.relative_to(CHECKOUT)}, line {block.line}"


def _hosts(inventory: t.Any) -> list[str]:
    """The names below every `hosts` of an inventory."""
    if not isinstance(inventory, dict):
        return []
    below = [name for key, value in inventory.items() if key != "hosts" for name in _hosts(value)]
    return list(dict.fromkeys([*(inventory.get("hosts") or {}), *below]))


def _make_targets() -> set[str]:
    text = (CHECKOUT / "Makefile").read_text(encoding="utf-8")
    legs = re.search(r"^LEGS = (.*)$", text, re.MULTILINE)
    assert legs
    return {*re.findall(r"^([a-z-]+):", text, re.MULTILINE), *legs[1].split()}


@pytest.mark.one_release
@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(CHECKOUT)))
def test_a_page_can_be_followed(page: pathlib.Path, tmp_path: pathlib.Path) -> None:
    with contextlib.ExitStack() as opened:
        reader = Reader(tmp_path, page, opened)
        for block in reader.blocks:
            reader.follow(block)
        reader.check_syntax()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(CHECKOUT)))
def test_every_yaml_block_is_run_or_says_why_not(page: pathlib.Path) -> None:
    silent = [
        block.line
        for block in pages.blocks(page)
        if block.language == "yaml" and not block.mark and block.plays is None
    ]
    assert silent == [], f"lines {silent} of {page.name} are neither plays nor tasks; say above them what they are"
