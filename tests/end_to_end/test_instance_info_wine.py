# Copyright (c) 2026 the mlfleet authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""instance_info on a real Windows CPython under Wine, with a real registry and a real cmd.exe (Wine's)."""

from __future__ import annotations

import collections.abc as c
import contextlib
import pathlib
import typing as t

import pytest

from end_to_end.conftest import DEFAULT_HOME, NAMED_HOME, TWO_INSTANCES
from testbed import ad_hoc, layouts, site_packages
from testbed.wheels import Wheel
from testbed.wine import host as wine_host
from testbed.wine.toolchain import Missing
from testbed.winrm import endpoint

pytestmark = pytest.mark.wine
SHARED_HOME = r"C:\Program Files\Python310"


@pytest.fixture(scope="module")
def parts() -> wine_host.Parts:
    made = wine_host.prepare(["3.7", "3.10"])
    if isinstance(made, Missing):
        pytest.skip(made.reason)
    return made


@pytest.fixture
def host(parts: wine_host.Parts, tmp_path: pathlib.Path) -> c.Iterator[wine_host.WineHost]:
    with contextlib.closing(wine_host.WineHost("wine7", tmp_path / "wine7", parts)) as made:
        made.apply(TWO_INSTANCES)
        yield made


def observe(
    host: wine_host.WineHost, folder: pathlib.Path, composition: t.Any = "plain", **variables: t.Any
) -> tuple[ad_hoc.HostResult, list[endpoint.Exchange]]:
    """The result of the task, and what was said to the host."""
    users = {ad_hoc.USER: ad_hoc.PASSWORD}
    with endpoint.Endpoint([host], users=users, composition=composition) as listening:
        hosts = {"wine7": ad_hoc.winrm_variables(listening, "wine7", **variables)}
        run = ad_hoc.run(ad_hoc.write_inventory(folder / "inventory.json", hosts), ad_hoc.MODULE, {"packages": True})
        assert listening.shells("wine7") == []
        return run.only(), listening.log("wine7")


def commands(log: list[endpoint.Exchange]) -> list[str]:
    return [each.command_line for each in log if each.action == "Command"]


@pytest.mark.parametrize("composition", ["plain", "quoted"])
def test_two_instances_with_packages(host: wine_host.WineHost, tmp_path: pathlib.Path, composition: str) -> None:
    site_packages.install(host.place(NAMED_HOME + r"\Lib\site-packages"), Wheel("Demo", "1.2", requires=("a>=1",)))
    seen, log = observe(host, tmp_path, composition)
    assert (seen.status, seen.message) == ("SUCCESS", "")
    assert [each["name"] for each in seen.result["instances"]] == ["MSSQLSERVER", "SQL01"]
    default, named = seen.result["runtimes"]
    assert (default["home"], named["home"]) == (DEFAULT_HOME, NAMED_HOME)
    assert "Demo" not in [each["name"] for each in default["snapshot"]["distributions"]]
    (demo,) = [each for each in named["snapshot"]["distributions"] if each["name"] == "Demo"]
    assert (demo["version"], demo["requires"]) == ("1.2", ["a>=1"])
    assert demo["location"].lower() == (NAMED_HOME + r"\lib\site-packages").lower()
    assert named["snapshot"]["pip_version"]
    assert len(commands(log)) == 2
    assert not any("powershell" in line.lower() for line in commands(log))
    assert host.living() == []


def test_one_command_where_the_interpreter_is_known(host: wine_host.WineHost, tmp_path: pathlib.Path) -> None:
    seen, log = observe(host, tmp_path, mlfleet_interpreter=DEFAULT_HOME + r"\python.exe")
    assert (seen.status, len(seen.result["runtimes"])) == ("SUCCESS", 2)
    assert len(commands(log)) == 1


def test_a_windows_interpreter_is_told_as_what_it_is(host: wine_host.WineHost, tmp_path: pathlib.Path) -> None:
    seen, _log = observe(host, tmp_path)
    facts = seen.result["runtimes"][0]["snapshot"]["interpreter"]
    assert facts["version"].startswith("3.7.")
    assert (facts["abi_flags"], facts["platform"], facts["pointer_bits"]) == ("m", "win-amd64", 64)
    assert ".cp37-win_amd64.pyd" in facts["extension_suffixes"]
    markers = facts["markers"]
    assert (markers["os_name"], markers["sys_platform"], markers["platform_system"]) == ("nt", "win32", "Windows")
    assert (markers["platform_machine"], markers["python_version"]) == ("AMD64", "3.7")


def test_two_instances_of_2022_on_one_runtime(
    host: wine_host.WineHost, tmp_path: pathlib.Path, parts: wine_host.Parts
) -> None:
    host.apply(layouts.merge(layouts.sql2022("A22", home=SHARED_HOME), layouts.sql2022("B22", home=SHARED_HOME)))
    seen, _log = observe(host, tmp_path)
    (shared,) = [each for each in seen.result["runtimes"] if each["home"] == SHARED_HOME]
    assert shared["instances"] == ["A22", "B22"]
    assert shared["snapshot"]["interpreter"]["version"].startswith("3.10.")
