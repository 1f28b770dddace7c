# Copyright (c) 2026 the mlfleet authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Layouts say what SQL Server's setup leaves on a host."""

from __future__ import annotations

import pytest

from testbed import layouts
from testbed.layouts import Runtime, SqlServerLayout

SOFTWARE = r"HKLM\SOFTWARE\Microsoft\Microsoft SQL Server"
SERVICES = r"HKLM\SYSTEM\CurrentControlSet\Services"
PROGRAMS = r"C:\Program Files\Microsoft SQL Server"


def launcher(layout: SqlServerLayout) -> dict[str, str]:
    (text,) = layout.files.values()
    return dict(line.split("=", 1) for line in text.splitlines())


def test_a_default_instance_of_2019() -> None:
    layout = layouts.sql2019()
    setup = layout.registry[rf"{SOFTWARE}\MSSQL15.MSSQLSERVER\Setup"]
    assert layout.registry[rf"{SOFTWARE}\Instance Names\SQL"] == {"MSSQLSERVER": ("REG_SZ", "MSSQL15.MSSQLSERVER")}
    assert setup["SQLPath"] == ("REG_SZ", rf"{PROGRAMS}\MSSQL15.MSSQLSERVER\MSSQL")
    assert "SQL_INST_MPY=3" in setup["FeatureList"][1].split()
    assert layout.registry[rf"{SERVICES}\MSSQLLaunchpad"]["ObjectName"] == ("REG_SZ", r"NT Service\MSSQLLaunchpad")
    assert layout.runtimes == (Runtime(rf"{PROGRAMS}\MSSQL15.MSSQLSERVER\PYTHON_SERVICES", "3.7"),)
    assert list(layout.files) == [rf"{PROGRAMS}\MSSQL15.MSSQLSERVER\MSSQL\Binn\pythonlauncher.config"]
    assert launcher(layout)["PYTHONHOME"] == layout.runtimes[0].home


def test_a_named_instance_has_services_of_its_own() -> None:
    services = [key for key in layouts.sql2019("SQL01").registry if key.startswith(SERVICES)]
    assert services == [rf"{SERVICES}\MSSQL$SQL01", rf"{SERVICES}\MSSQLLaunchpad$SQL01"]


@pytest.mark.parametrize("switched", [False, True])
def test_2017_with_cu22_has_two_runtimes_and_uses_one(switched: bool) -> None:
    layout = layouts.sql2017_cu22(switched=switched)
    root = rf"{PROGRAMS}\MSSQL14.MSSQLSERVER"
    assert layout.runtimes == (
        Runtime(rf"{root}\PYTHON_SERVICES", "3.5"),
        Runtime(rf"{root}\PYTHON_SERVICES.3.7", "3.7"),
    )
    assert launcher(layout)["PYTHONHOME"] == layout.runtimes[switched].home


def test_two_instances_of_2022_share_a_runtime() -> None:
    layout = layouts.merge(layouts.sql2022("ONE"), layouts.sql2022("TWO"))
    assert layout.runtimes == (Runtime(r"C:\Program Files\Python310", "3.10"),)
    assert set(layout.registry[rf"{SOFTWARE}\Instance Names\SQL"]) == {"ONE", "TWO"}
    assert len(layout.files) == 2


@pytest.mark.parametrize(
    ("home", "short", "aliases"),
    [
        (r"C:\Py\Here", r"C:\Py\Here", {}),
        (
            r"C:\Program Files\Python310",
            r"C:\PROGRA~1\PYTHON~1",
            {
                r"C:\PROGRA~1": r"C:\Program Files",
                r"C:\Program Files\PYTHON~1": r"C:\Program Files\Python310",
            },
        ),
        (
            r"C:\MSSQL14.SQL01\PYTHON_SERVICES.3.7",
            r"C:\MSSQL1~1.SQL\PYTHON~1.7",
            {
                r"C:\MSSQL1~1.SQL": r"C:\MSSQL14.SQL01",
                r"C:\MSSQL14.SQL01\PYTHON~1.7": r"C:\MSSQL14.SQL01\PYTHON_SERVICES.3.7",
            },
        ),
    ],
)
def test_a_runtime_may_be_bound_by_its_short_path(home: str, short: str, aliases: dict[str, str]) -> None:
    layout = layouts.sql2022(home=home, bound_by_short_path=True)
    assert launcher(layout)["PYTHONHOME"] == short
    assert layout.aliases == aliases


def test_layouts_that_contradict_each_other_are_refused() -> None:
    with pytest.raises(layouts.Conflict, match=r"Python310 is '3\.10' and '3\.11'"):
        layouts.merge(layouts.sql2022("ONE"), layouts.sql2022("TWO", python="3.11"))
    with pytest.raises(layouts.Conflict, match="MSSQLSERVER is"):
        layouts.merge(layouts.sql2019(), layouts.sql2022())


def test_a_standalone_server_belongs_to_no_instance() -> None:
    layout = layouts.merge(layouts.sql2019(), layouts.ml_server())
    assert layout.registry == layouts.sql2019().registry
    assert layout.runtimes[1].home == r"C:\Program Files\Microsoft\ML Server\PYTHON_SERVER"
