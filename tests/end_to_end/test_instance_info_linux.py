# Copyright (c) 2026 the mlfleet authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""instance_info on Linux, over the connection local."""

from __future__ import annotations

import pathlib
import sys
import typing as t

import pytest

from testbed import ad_hoc, site_packages
from testbed.wheels import Wheel

HERE = pathlib.Path(sys.prefix)


def run(tmp_path: pathlib.Path, options: dict[str, t.Any], **variables: t.Any) -> ad_hoc.HostResult:
    hosts = {"build1": {"ansible_connection": "local", **variables}}
    return ad_hoc.run(ad_hoc.write_inventory(tmp_path / "inventory.json", hosts), ad_hoc.MODULE, options).only()


def test_an_environment_that_is_named(tmp_path: pathlib.Path) -> None:
    seen = run(tmp_path, {"runtimes": [str(HERE)], "packages": True})
    (runtime,) = [each for each in seen.result["runtimes"] if each["named"]]
    assert (runtime["home"], runtime["origin"]) == (str(HERE), "virtual-environment")
    assert "ansible-core" in [each["name"] for each in runtime["snapshot"]["distributions"]]
    assert runtime["snapshot"]["pip_version"]


@pytest.mark.parametrize("place", [HERE / "bin" / "python", HERE.parent])
def test_an_interpreter_and_a_folder_of_environments(tmp_path: pathlib.Path, place: pathlib.Path) -> None:
    seen = run(tmp_path, {"runtimes": [str(place)]})
    assert str(HERE) in [each["home"] for each in seen.result["runtimes"] if each["named"]]


def test_a_conda_prefix_is_found_by_itself(tmp_path: pathlib.Path) -> None:
    prefix = tmp_path / "miniconda3"
    (prefix / "bin").mkdir(parents=True)
    (prefix / "bin" / "python3").symlink_to(pathlib.Path(sys.executable).resolve())
    site_packages.conda(prefix, prefix / "lib" / "site-packages", Wheel("demo"))
    hosts = {"build1": {"ansible_connection": "local", "ansible_shell_executable": "/bin/sh"}}
    inventory = ad_hoc.write_inventory(tmp_path / "inventory.json", hosts)
    seen = ad_hoc.run(inventory, ad_hoc.MODULE, {"runtimes": [str(prefix)]}).only()
    (runtime,) = [each for each in seen.result["runtimes"] if each["named"]]
    assert runtime["origin"] == "conda"


def test_a_hung_interpreter_is_ended(tmp_path: pathlib.Path) -> None:
    script = tmp_path / "python"
    script.write_text("#!/bin/sh\nsleep 1000\n")
    script.chmod(0o755)
    seen = run(tmp_path, {"time_limit": 2}, mlfleet_interpreter=str(script))
    assert seen.status == "FAILED!"
    assert seen.message.startswith("build1: it did not answer within 2 seconds")


def test_an_interpreter_that_is_not_there(tmp_path: pathlib.Path) -> None:
    seen = run(tmp_path, {}, mlfleet_interpreter="/nowhere/python; touch /tmp/injected")
    assert seen.message == (
        "build1: there is no interpreter at /nowhere/python; touch /tmp/injected; "
        "set mlfleet_interpreter to one that is there"
    )
    assert not pathlib.Path("/tmp/injected").exists()


def test_transports_of_windows_are_refused(tmp_path: pathlib.Path) -> None:
    seen = run(tmp_path, {}, mlfleet_transport="powershell")
    assert "leads to no Windows; set it to auto" in seen.message
