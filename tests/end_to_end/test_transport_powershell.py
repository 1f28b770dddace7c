# Copyright (c) 2026 the mlfleet authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The transport powershell over WinRM, with a stand-in where PowerShell would be: there is none in the test bed."""

from __future__ import annotations

from end_to_end.conftest import DEFAULT_HOME, NAMED_HOME, Site


def test_both_instances_with_a_stand_in_for_powershell(site: Site) -> None:
    site.serve()
    seen = site.run({"packages": True}, mlfleet_transport="powershell").only()
    assert (seen.status, seen.message) == ("SUCCESS", "")
    assert [each["home"] for each in seen.result["runtimes"]] == [DEFAULT_HOME, NAMED_HOME]
    assert all("powershell" in line.lower() for line in site.commands())
    site.assert_clean()


def test_a_host_that_hangs_with_a_stand_in_for_powershell(site: Site) -> None:
    site.replace_program(DEFAULT_HOME, "#!/bin/sh\nsleep 1000\n")
    site.serve()
    python = DEFAULT_HOME + r"\python.exe"
    seen = site.run({"time_limit": 2}, mlfleet_transport="powershell", mlfleet_interpreter=python).only()
    assert seen.status == "FAILED!"
    assert seen.message.startswith("sql7: it did not answer within 2 seconds")
    site.assert_clean()
