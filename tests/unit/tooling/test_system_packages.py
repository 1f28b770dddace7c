# Copyright (c) 2026 the mlfleet authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What cannot be installed is said, with a reason."""

from __future__ import annotations

import pathlib
import shutil

import pytest

from tooling import system_packages
from tooling.system_packages import SystemParts


def program(folder: pathlib.Path, name: str, text: str) -> None:
    folder.mkdir(exist_ok=True)
    (folder / name).write_text(f"#!/bin/sh\n{text}\n")
    (folder / name).chmod(0o755)


PARTS = SystemParts(programs=(("needed", "needed-too"),), packages=("needed-package",))


def test_nothing_is_installed_when_one_of_each_group_is_there(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program(tmp_path / "bin", "needed-too", "")
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    assert system_packages.provide(PARTS, tmp_path / "apt-get.log") == ""
    assert not (tmp_path / "apt-get.log").exists()


def test_no_apt_get(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    reason = system_packages.provide(PARTS, tmp_path / "apt-get.log")
    assert reason == "needed not found, and not allowed to install needed-package"


@pytest.mark.parametrize(
    ("apt_get", "reason"),
    [
        ('[ "$3" = update ] && exit 1; cp /bin/true {bin}/needed', ""),
        ('[ "$3" = update ] || exit 100', "apt-get could not install needed-package, see apt-get.log"),
        ("true", "needed not found after installing needed-package"),
    ],
    ids=["installed though the lists are old", "failed", "installed something else"],
)
def test_installing(apt_get: str, reason: str, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "bin"
    program(folder, "apt-get", apt_get.format(bin=folder))
    program(folder, "sudo", 'shift; exec "$@"')
    monkeypatch.setattr(shutil, "which", lambda name: str(folder / name) if (folder / name).exists() else None)
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")
    assert system_packages.provide(PARTS, tmp_path / "apt-get.log") == reason
