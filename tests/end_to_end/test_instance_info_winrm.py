# Copyright (c) 2026 the mlfleet authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""instance_info through ansible-core's own winrm connection, against simulated Windows hosts."""

from __future__ import annotations

import pathlib
import sys
import typing as t

import pytest

from end_to_end.conftest import DEFAULT_HOME, NAMED_HOME, Site
from testbed import layouts

BOTH = ["MSSQLSERVER", "SQL01"]


def homes(result: dict[str, t.Any]) -> list[str]:
    return [runtime["home"] for runtime in result["runtimes"]]


def names(result: dict[str, t.Any]) -> list[str]:
    return [instance["name"] for instance in result["instances"]]


@pytest.mark.parametrize("composition", ["plain", "quoted"])
def test_both_instances_with_packages_in_two_commands_and_no_powershell(site: Site, composition: t.Any) -> None:
    site.serve(composition=composition)
    seen = site.run({"packages": True}).only()
    assert (seen.status, names(seen.result), homes(seen.result)) == ("SUCCESS", BOTH, [DEFAULT_HOME, NAMED_HOME])
    for runtime in seen.result["runtimes"]:
        distributions = {each["name"]: each["version"] for each in runtime["snapshot"]["distributions"]}
        assert "ansible-core" in distributions
        assert runtime["snapshot"]["interpreter"]["version"] == sys.version.split()[0]
    assert len(site.commands()) == 2
    assert not any("powershell" in line.lower() for line in site.commands())
    site.assert_clean()


def test_one_command_where_the_interpreter_is_known(site: Site) -> None:
    site.serve()
    seen = site.run(mlfleet_interpreter=DEFAULT_HOME + r"\python.exe").only()
    assert (seen.status, names(seen.result)) == ("SUCCESS", BOTH)
    assert len(site.commands()) == 1


def test_what_is_told_of_an_instance(site: Site) -> None:
    site.serve()
    default, named = site.run().only().result["instances"]
    assert (default["release"], default["id"]) == ("2019", "MSSQL15.MSSQLSERVER")
    assert (default["launchpad"]["service"], named["launchpad"]["service"]) == (
        "MSSQLLaunchpad",
        "MSSQLLaunchpad$SQL01",
    )
    assert (named["runtimes"], named["effective_runtime"]) == ([NAMED_HOME], NAMED_HOME)
    assert named["patch_level"].startswith("15.0.")


def test_named_instances_only(site: Site) -> None:
    site.serve()
    seen = site.run({"instances": ["sql01"]}).only()
    assert (names(seen.result), homes(seen.result)) == (["SQL01"], [NAMED_HOME])


def test_an_unknown_instance_is_an_error_that_names_the_known(site: Site) -> None:
    site.serve()
    seen = site.run({"instances": ["SQL01", "SQL02"]}).only()
    assert seen.status == "FAILED!"
    assert seen.message == (
        "sql7: there is no instance SQL02; the host has MSSQLSERVER and SQL01: correct the option instances"
    )


def test_two_instances_on_one_runtime(site: Site) -> None:
    site.apply(layouts.sql2022("A22", home=r"C:\Program Files\Python310"))
    site.apply(layouts.sql2022("B22", home=r"C:\Program Files\Python310"))
    site.serve()
    result = site.run({"instances": ["A22", "B22"]}).only().result
    (runtime,) = result["runtimes"]
    assert (runtime["instances"], runtime["origin"]) == (["A22", "B22"], "launcher")
    assert [each["effective_runtime"] for each in result["instances"]] == [runtime["home"]] * 2


def test_one_instance_with_two_runtimes(site: Site) -> None:
    site.apply(layouts.sql2017_cu22("OLD", switched=True))
    site.serve()
    (instance,) = site.run({"instances": ["OLD"]}).only().result["instances"]
    assert [home.rpartition("\\")[2] for home in instance["runtimes"]] == ["PYTHON_SERVICES", "PYTHON_SERVICES.3.7"]
    assert instance["effective_runtime"].endswith("PYTHON_SERVICES.3.7")


def test_check_mode_says_the_same(site: Site) -> None:
    site.serve()
    assert site.run(None, "--check").only() == site.run().only()


@pytest.mark.parametrize("scheme", ["basic", "ntlm"])
def test_https_with_a_certificate_that_is_trusted(site: Site, scheme: str) -> None:
    listening = site.serve(tls=True)
    seen = site.run(ansible_winrm_transport=scheme, ansible_winrm_ca_trust_path=str(listening.certificate)).only()
    assert (seen.status, names(seen.result)) == ("SUCCESS", BOTH)


def test_a_certificate_that_is_not_trusted_is_refused(site: Site) -> None:
    site.serve(tls=True)
    seen = site.run().only()
    assert seen.status == "UNREACHABLE!"
    assert seen.message.startswith("sql7: no WinRM connection (")
    assert "ansible_winrm_ca_trust_path" in seen.message


def test_ntlm_with_encrypted_messages(site: Site) -> None:
    site.serve(auth=("ntlm",))
    seen = site.run({"packages": True}, ansible_winrm_transport="ntlm").only()
    assert (seen.status, names(seen.result)) == ("SUCCESS", BOTH)
    site.assert_clean()


def test_async_is_refused_in_words(site: Site) -> None:
    site.serve()
    seen = site.run(None, "-B", "30").only()
    assert seen.status == "FAILED!"
    assert "async" in seen.message
    assert site.commands() == []


@pytest.mark.parametrize(
    ("options", "part"),
    [
        ({"package": True}, "sql7: mlfleet.packages.instance_info: unsupported option package"),
        ({"packages": "perhaps"}, "packages"),
        ({"time_limit": 0}, "the option time_limit is 0; it must be at least 1 second"),
        ({"runtimes": [r"C:\Nowhere"]}, r"there is no runtime at C:\Nowhere; correct the option runtimes"),
    ],
)
def test_wrong_options(site: Site, options: dict[str, t.Any], part: str) -> None:
    site.serve()
    seen = site.run(options).only()
    assert seen.status == "FAILED!"
    assert part in seen.message


@pytest.mark.parametrize(
    ("variables", "part"),
    [
        ({"mlfleet_transport": "telnet"}, "mlfleet_transport is 'telnet'; it must be one of auto, direct, powershell"),
        ({"mlfleet_interpreter": "python.exe"}, "is no absolute path of Windows; correct mlfleet_interpreter"),
        ({"mlfleet_interpreter": 'C:\\a" & calc & "'}, "is no absolute path of Windows; correct mlfleet_interpreter"),
        ({"mlfleet_interpreter": "C:\\%COMSPEC%"}, "is no absolute path of Windows; correct mlfleet_interpreter"),
        (
            {"mlfleet_interpreter": r"C:\No\python.exe"},
            r"there is no interpreter at C:\No\python.exe; set mlfleet_interp",
        ),
        (
            {"ansible_become": True, "ansible_become_method": "runas", "ansible_become_user": "x"},
            "become does not work here on Windows",
        ),
    ],
)
def test_wrong_variables(site: Site, variables: dict[str, t.Any], part: str) -> None:
    site.serve()
    seen = site.run(**variables).only()
    assert seen.status == "FAILED!"
    assert seen.message.startswith("sql7: ")
    assert part in seen.message
    assert not [line for line in site.commands() if "calc" in line]


def test_progress_is_shown_while_a_slow_call_runs(site: Site) -> None:
    interpreter = site.host.place(NAMED_HOME + r"\python.exe").read_text()
    site.replace_program(NAMED_HOME, interpreter.replace("#!/bin/sh\n", "#!/bin/sh\nsleep 2\n"))
    site.serve()
    run = site.run(None, "-v")
    assert run.only().status == "SUCCESS"
    assert f"<sql7> snapshot: home {NAMED_HOME}" in run.output


def test_a_host_without_sql_server_and_python(tmp_path: pathlib.Path, site: Site) -> None:
    (site.host.root / "registry.json").write_text("{}")
    site.serve()
    seen = site.run().only()
    assert seen.status == "FAILED!"
    assert "its registry names no SQL Server instance and no Python" in seen.message
