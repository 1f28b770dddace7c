# Copyright (c) 2026 the mlfleet authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""instance_info over a real OpenSSH server: Linux, and Windows with a stand-in where its PowerShell would be."""

from __future__ import annotations

import pathlib
import sys

import pytest

from end_to_end.conftest import DEFAULT_HOME, NAMED_HOME, Site
from testbed import ad_hoc, powershell_stand_in, ssh_server
from testbed.ssh_server import SshServer

pytestmark = [
    pytest.mark.ssh,
    pytest.mark.skipif(ssh_server.SSHD is None, reason="no OpenSSH server on this machine"),
]
HERE = str(pathlib.Path(sys.prefix))


def test_linux(tmp_path: pathlib.Path) -> None:
    with SshServer(tmp_path / "ssh") as server:
        inventory = ad_hoc.write_inventory(tmp_path / "inventory.json", {"build2": server.variables()})
        seen = ad_hoc.run(inventory, ad_hoc.MODULE, {"runtimes": [HERE], "packages": True}).only()
    (runtime,) = [each for each in seen.result["runtimes"] if each["named"]]
    assert (seen.status, runtime["home"]) == ("SUCCESS", HERE)
    assert "ansible-core" in [each["name"] for each in runtime["snapshot"]["distributions"]]


def test_windows_with_a_stand_in_for_powershell(tmp_path: pathlib.Path, site: Site) -> None:
    stand_in = powershell_stand_in.program(tmp_path / "bin" / "powershell")
    forced = tmp_path / "bin" / "forced"
    root = f"MLFLEET_TESTBED_ROOT='{site.host.root}'"
    forced.write_text(f"#!/bin/sh\n{root} exec {stand_in} $SSH_ORIGINAL_COMMAND\n")
    forced.chmod(0o755)
    with SshServer(tmp_path / "ssh", forced) as server:
        variables = {**server.variables(), "ansible_shell_type": "powershell"}
        inventory = ad_hoc.write_inventory(tmp_path / "inventory.json", {"sql8": variables})
        seen = ad_hoc.run(inventory, ad_hoc.MODULE, {"packages": True}).only()
    assert (seen.status, seen.message) == ("SUCCESS", "")
    assert [each["home"] for each in seen.result["runtimes"]] == [DEFAULT_HOME, NAMED_HOME]
    assert site.host.living() == []


def test_a_server_that_is_not_there(tmp_path: pathlib.Path) -> None:
    with SshServer(tmp_path / "ssh") as server:
        variables = server.variables()
    inventory = ad_hoc.write_inventory(tmp_path / "inventory.json", {"build2": variables})
    seen = ad_hoc.run(inventory, ad_hoc.MODULE).only()
    assert seen.status == "UNREACHABLE!"
    assert seen.message.startswith("build2: no connection (")
