# Copyright (c) 2026 the mlfleet authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs Ansible as a person would, in a process of its own, and reads what it says."""

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

from testbed.winrm import endpoint

MODULE = "mlfleet.packages.instance_info"
PASSWORD = "Sehr-geheim-7"
USER = "tester"


@dataclasses.dataclass(frozen=True)
class HostResult:
    """What Ansible said of one host: SUCCESS, FAILED! or UNREACHABLE!, and the result itself."""

    status: str
    result: dict[str, t.Any]

    @property
    def message(self) -> str:
        return str(self.result.get("msg", ""))


@dataclasses.dataclass(frozen=True)
class Run:
    """One call of ansible."""

    output: str
    hosts: dict[str, HostResult]

    def only(self) -> HostResult:
        """The result of the one host."""
        (result,) = self.hosts.values()
        return result


def winrm_variables(listening: endpoint.Endpoint, host: str, **more: t.Any) -> dict[str, t.Any]:
    """The connection variables of a host behind a loopback endpoint."""
    return {
        "ansible_connection": "winrm",
        "ansible_host": "127.0.0.1",
        "ansible_port": listening.port,
        "ansible_winrm_scheme": listening.url(host).partition(":")[0],
        "ansible_winrm_path": listening.path(host),
        "ansible_winrm_transport": "basic",
        "ansible_user": USER,
        "ansible_password": PASSWORD,
        **more,
    }


def write_inventory(path: pathlib.Path, hosts: c.Mapping[str, c.Mapping[str, t.Any]]) -> pathlib.Path:
    """An inventory in JSON, which Ansible reads as YAML."""
    path.write_text(
        json.dumps({"all": {"hosts": {name: dict(each) for name, each in hosts.items()}}}), encoding="utf-8"
    )
    return path


def run(inventory: pathlib.Path, module: str = MODULE, options: t.Any = None, *arguments: str) -> Run:
    """`ansible all -m <module>` with options as JSON."""
    program = pathlib.Path(sys.executable).parent / "ansible"
    words = [str(program), "all", "-i", str(inventory), "-m", module, *arguments]
    if options:
        words += ["-a", options if isinstance(options, str) else json.dumps(options)]
    environment = {**os.environ, "ANSIBLE_HOST_KEY_CHECKING": "False", "ANSIBLE_NOCOLOR": "1"}
    ended = subprocess.run(
        words,
        check=False,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    return Run(ended.stdout, _results(ended.stdout))


def _results(output: str) -> dict[str, HostResult]:
    found = {}
    for match in re.finditer(r"^(\S+) \| ([A-Z]+!?) => (?=\{)", output, re.MULTILINE):
        value, _end = json.JSONDecoder().raw_decode(output, match.end())
        found[match[1]] = HostResult(match[2], value)
    return found
