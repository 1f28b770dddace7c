# Copyright (c) 2026 the mlfleet authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""instance_info on a real Windows CPython under Wine, with a real registry and a real cmd.exe (Wine's)."""

from __future__ import annotations

import typing as t

import pytest

from end_to_end.conftest import DEFAULT_HOME, NAMED_HOME, SHARED_HOME, WineSite
from testbed import ad_hoc, layouts, site_packages
from testbed.wheels import Wheel

pytestmark = pytest.mark.wine


def observe(site: WineSite, composition: t.Any = "plain", **variables: t.Any) -> ad_hoc.HostResult:
    site.serve(composition=composition)
    return site.run({"packages": True}, **variables).only()


@pytest.mark.parametrize("composition", ["plain", "quoted"])
def test_two_instances_with_packages(wine_site: WineSite, composition: str) -> None:
    site_packages.install(
        wine_site.host.place(NAMED_HOME + r"\Lib\site-packages"), Wheel("Demo", "1.2", requires=("a>=1",))
    )
    seen = observe(wine_site, composition)
    assert (seen.status, seen.message) == ("SUCCESS", "")
    assert [each["name"] for each in seen.result["instances"]] == ["MSSQLSERVER", "SQL01"]
    default, named = seen.result["runtimes"]
    assert (default["home"], named["home"]) == (DEFAULT_HOME, NAMED_HOME)
    assert "Demo" not in [each["name"] for each in default["snapshot"]["distributions"]]
    (found,) = [each for each in named["snapshot"]["distributions"] if each["name"] == "Demo"]
    assert (found["version"], found["requires"]) == ("1.2", ["a>=1"])
    assert found["location"].lower() == (NAMED_HOME + r"\lib\site-packages").lower()
    assert named["snapshot"]["pip_version"]
    assert len(wine_site.commands()) == 2
    assert not any("powershell" in line.lower() for line in wine_site.commands())
    wine_site.assert_nothing_runs()


def test_one_command_where_the_interpreter_is_known(wine_site: WineSite) -> None:
    seen = observe(wine_site, mlfleet_interpreter=DEFAULT_HOME + r"\python.exe")
    assert (seen.status, len(seen.result["runtimes"])) == ("SUCCESS", 2)
    assert len(wine_site.commands()) == 1
    wine_site.assert_nothing_runs()


def test_a_windows_interpreter_is_told_as_what_it_is(wine_site: WineSite) -> None:
    seen = observe(wine_site)
    facts = seen.result["runtimes"][0]["snapshot"]["interpreter"]
    assert facts["version"].startswith("3.7.")
    assert (facts["abi_flags"], facts["platform"], facts["pointer_bits"]) == ("m", "win-amd64", 64)
    assert ".cp37-win_amd64.pyd" in facts["extension_suffixes"]
    markers = facts["markers"]
    assert (markers["os_name"], markers["sys_platform"], markers["platform_system"]) == ("nt", "win32", "Windows")
    assert (markers["platform_machine"], markers["python_version"]) == ("AMD64", "3.7")


def test_two_instances_of_2022_on_one_runtime(wine_site: WineSite) -> None:
    wine_site.host.apply(
        layouts.merge(layouts.sql2022("A22", home=SHARED_HOME), layouts.sql2022("B22", home=SHARED_HOME))
    )
    seen = observe(wine_site)
    (shared,) = [each for each in seen.result["runtimes"] if each["home"] == SHARED_HOME]
    assert shared["instances"] == ["A22", "B22"]
    assert shared["snapshot"]["interpreter"]["version"].startswith("3.10.")
