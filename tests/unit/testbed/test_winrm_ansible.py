# Copyright (c) 2026 the mlfleet authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""ansible-core's own winrm connection talking to an endpoint."""

from __future__ import annotations

import collections.abc as c
import json
import os
import pathlib
import subprocess
import sys

import pytest

from testbed import simulated
from testbed.winrm import endpoint, quotas

from .conftest import USERS

Serve = c.Callable[..., endpoint.Endpoint]
MakeHost = c.Callable[..., simulated.SimulatedHost]

# Prints the script it is given and what it reads, and ends with what the script asks for.
STAND_IN = f"""#!{sys.executable}
import base64, sys
assert sys.argv[-2] == "-EncodedCommand", sys.argv
script = base64.b64decode(sys.argv[-1]).decode("utf-16-le")
print("script:", script)
sys.exit(int(script.split()[1]) if script.startswith("exit") else 0)
"""


@pytest.fixture
def windows(make_host: MakeHost, tmp_path: pathlib.Path) -> simulated.SimulatedHost:
    stand_in = tmp_path / "powershell"
    stand_in.write_text(STAND_IN)
    stand_in.chmod(0o755)
    return make_host("alpha", programs={"powershell.exe": stand_in})


def _ansible(
    folder: pathlib.Path, listening: endpoint.Endpoint, *arguments: str, **variables: object
) -> tuple[str, int]:
    inventory = folder / "inventory.json"
    settings = {
        "ansible_connection": "winrm",
        "ansible_shell_type": "powershell",
        "ansible_host": "127.0.0.1",
        "ansible_port": listening.port,
        "ansible_winrm_scheme": listening.url("alpha").partition(":")[0],
        "ansible_winrm_path": listening.path("alpha"),
        "ansible_user": "tester",
        "ansible_password": USERS["tester"],
        **variables,
    }
    inventory.write_text(json.dumps({"all": {"hosts": {"alpha": settings}}}))
    environment = {
        "ANSIBLE_LOCAL_TEMP": str(folder / "local"),
        "ANSIBLE_NOCOLOR": "1",
        "HOME": str(folder),
        "LC_ALL": "C.UTF-8",
        "PATH": os.defpath,
    }
    command = [sys.executable, "-m", "ansible", *arguments, "-i", str(inventory)]
    done = subprocess.run(command, capture_output=True, text=True, env=environment, timeout=120, check=False)
    return done.stdout + done.stderr, done.returncode


def _raw(script: str) -> tuple[str, ...]:
    return ("adhoc", "alpha", "-m", "ansible.builtin.raw", "-a", script)


@pytest.mark.parametrize(
    "login", [{"ansible_winrm_transport": "basic"}, {"ansible_winrm_transport": "ntlm"}], ids=["basic", "ntlm"]
)
@pytest.mark.parametrize("tls", [False, True])
@pytest.mark.parametrize("composition", ["plain", "quoted"])
def test_raw(
    windows: simulated.SimulatedHost,
    serve: Serve,
    tmp_path: pathlib.Path,
    login: dict[str, object],
    tls: bool,
    composition: str,
) -> None:
    listening = serve(windows, tls=tls, composition=composition)
    trusted = {"ansible_winrm_ca_trust_path": str(listening.certificate)} if tls else {}
    said, code = _ansible(tmp_path, listening, *_raw("Write-Output hi"), **login, **trusted)
    assert (code, "script: Write-Output hi" in said) == (0, True), said
    actions = [exchange.action for exchange in listening.log("alpha") if exchange.action not in ("", "Receive")]
    assert actions == ["Create", "Command", "Signal", "Delete"]
    assert (windows.living(), listening.shells("alpha")) == ([], [])


def test_an_exit_code(windows: simulated.SimulatedHost, serve: Serve, tmp_path: pathlib.Path) -> None:
    said, code = _ansible(tmp_path, serve(windows), *_raw("exit 7"), ansible_winrm_transport="basic")
    assert code == 2
    assert "rc=7" in said


def test_a_wrong_password(windows: simulated.SimulatedHost, serve: Serve, tmp_path: pathlib.Path) -> None:
    wrong = {"ansible_password": "wrong", "ansible_winrm_transport": "ntlm"}
    said, code = _ansible(tmp_path, serve(windows), *_raw("x"), **wrong)
    assert code == 4
    assert "the specified credentials were rejected by the server" in said


def test_an_untrusted_certificate(windows: simulated.SimulatedHost, serve: Serve, tmp_path: pathlib.Path) -> None:
    said, code = _ansible(tmp_path, serve(windows, tls=True), *_raw("x"), ansible_winrm_transport="basic")
    assert code == 4
    assert "CERTIFICATE_VERIFY_FAILED" in said


def test_the_operation_quota_makes_it_open_another_shell(
    windows: simulated.SimulatedHost, serve: Serve, tmp_path: pathlib.Path
) -> None:
    listening = serve(windows, limits=quotas.Quotas(max_concurrent_operations_per_user=1))
    task = {"ansible.builtin.raw": "task {{ item }}", "loop": [1, 2, 3]}
    playbook = tmp_path / "play.json"
    playbook.write_text(json.dumps([{"hosts": "all", "gather_facts": False, "tasks": [task]}]))
    said, code = _ansible(tmp_path, listening, "playbook", str(playbook), ansible_winrm_transport="basic")
    assert code == 0, said
    refused = [exchange.fault_code for exchange in listening.log("alpha") if exchange.fault_code]
    assert refused == [0x803381A6, 0x803381A6]
    assert [exchange.action for exchange in listening.log("alpha")].count("Create") == 3
