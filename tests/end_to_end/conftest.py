# Copyright (c) 2026 the mlfleet authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Real ansible against the test bed: hosts to set up, an endpoint to put in front of them, a task to run."""

from __future__ import annotations

import collections.abc as c
import contextlib
import pathlib
import sys
import typing as t

import pytest

from testbed import ad_hoc, changeable, interpreters, layouts, powershell_stand_in, simulated, simulated_runtimes
from testbed.changeable import ChangeableRuntime
from testbed.hosts import Host
from testbed.virtual_environments import Recipe
from testbed.wine import host as wine_host
from testbed.wine.toolchain import Missing
from testbed.winrm import endpoint

PACKAGES_MODULE = "mlfleet.packages.python_packages"
LINUX_PYTHON = pathlib.Path(sys.executable)
TWO_INSTANCES = layouts.merge(layouts.sql2019(), layouts.sql2019("SQL01"))
DEFAULT_HOME = r"C:\Program Files\Microsoft SQL Server\MSSQL15.MSSQLSERVER\PYTHON_SERVICES"
NAMED_HOME = r"C:\Program Files\Microsoft SQL Server\MSSQL15.SQL01\PYTHON_SERVICES"
SHARED_HOME = r"C:\Program Files\Python310"
"""Of all instances of SQL Server 2022."""


AnyHost = t.TypeVar("AnyHost", bound=Host)


class ServedHost(t.Generic[AnyHost]):
    """One Windows host behind a loopback endpoint, and how to run a task on it."""

    def __init__(self, host: AnyHost, folder: pathlib.Path, opened: contextlib.ExitStack) -> None:
        self.host = host
        self._folder = folder
        self._opened = opened
        opened.callback(host.close)

    def serve(self, **options: t.Any) -> endpoint.Endpoint:
        users = {ad_hoc.USER: ad_hoc.PASSWORD}
        self.endpoint = self._opened.enter_context(endpoint.Endpoint([self.host], users=users, **options))
        return self.endpoint

    def variables(self, **more: t.Any) -> dict[str, t.Any]:
        return ad_hoc.winrm_variables(self.endpoint, self.host.name, **more)

    def run(
        self, options: t.Any = None, *arguments: str, module: str = ad_hoc.MODULE, **variables: t.Any
    ) -> ad_hoc.Run:
        """A task on the host, with further arguments of ansible (`--check`) and variables of the host."""
        hosts = {self.host.name: self.variables(**variables)}
        inventory = ad_hoc.write_inventory(self._folder / "inventory.json", hosts)
        return ad_hoc.run(inventory, module, options, *arguments)

    def commands(self) -> list[str]:
        """The command lines that were started on the host."""
        return [each.command_line for each in self.endpoint.log(self.host.name) if each.action == "Command"]

    def assert_nothing_runs(self) -> None:
        """No process and no shell of any call is left."""
        assert self.host.living() == []
        assert self.endpoint.shells(self.host.name) == []
        assert self.endpoint.crashes == []


class Site(ServedHost[simulated.SimulatedHost]):
    """A simulated host; its runtimes are what a test makes of them."""

    def __init__(self, folder: pathlib.Path, opened: contextlib.ExitStack) -> None:
        stand_in = powershell_stand_in.program(folder / "powershell")
        host = simulated.SimulatedHost("sql7", folder / "sql7", programs={"powershell.exe": stand_in})
        super().__init__(host, folder, opened)

    def apply(
        self,
        layout: layouts.SqlServerLayout,
        pythons: pathlib.Path | c.Mapping[str, pathlib.Path] = LINUX_PYTHON,
    ) -> None:
        simulated_runtimes.apply(layout, self.host, pythons)

    def replace_program(self, home: str, script: str) -> None:
        """Another python.exe in a home, as a shell script."""
        simulated_runtimes.write_program(self.host, home + "\\python.exe", script)

    def assert_clean(self) -> None:
        """Nothing of any call is left on the host."""
        self.assert_nothing_runs()
        assert list(simulated_runtimes.temporary_folder(self.host).iterdir()) == []


@pytest.fixture
def site(tmp_path: pathlib.Path) -> c.Iterator[Site]:
    """A simulated host with two instances of SQL Server 2019; not served yet."""
    with contextlib.ExitStack() as opened:
        made = Site(tmp_path, opened)
        made.apply(TWO_INSTANCES)
        yield made


WineSite: t.TypeAlias = ServedHost[wine_host.WineHost]


@pytest.fixture(scope="session")
def wine_parts() -> wine_host.Parts:
    """What Wine hosts with the Pythons of SQL Server 2019 and 2022 are made from."""
    made = wine_host.prepare(["3.7", "3.10"])
    if isinstance(made, Missing):
        pytest.skip(made.reason)
    return made


@pytest.fixture
def wine_site(wine_parts: wine_host.Parts, tmp_path: pathlib.Path) -> c.Iterator[WineSite]:
    """A Wine host with two instances of SQL Server 2019; not served yet."""
    with contextlib.ExitStack() as opened:
        made = ServedHost(wine_host.WineHost("wine7", tmp_path / "wine7", wine_parts), tmp_path, opened)
        made.host.apply(TWO_INSTANCES)
        yield made


class ChangeableSite(Site):
    """A site whose instances have a runtime each that a test may change."""

    def __init__(self, folder: pathlib.Path, opened: contextlib.ExitStack, recipe: Recipe) -> None:
        super().__init__(folder, opened)
        self.runtimes: c.Mapping[str, ChangeableRuntime] = {
            DEFAULT_HOME: changeable.fresh(folder / "default", recipe),
            NAMED_HOME: changeable.fresh(folder / "named", recipe),
        }
        self.apply(TWO_INSTANCES, {home: runtime.python for home, runtime in self.runtimes.items()})

    @property
    def default(self) -> ChangeableRuntime:
        """The runtime of MSSQLSERVER."""
        return self.runtimes[DEFAULT_HOME]

    @property
    def named(self) -> ChangeableRuntime:
        """The runtime of SQL01."""
        return self.runtimes[NAMED_HOME]

    def run(
        self, options: t.Any = None, *arguments: str, module: str = PACKAGES_MODULE, **variables: t.Any
    ) -> ad_hoc.Run:
        return super().run(options, *arguments, module=module, **variables)


@pytest.fixture
def changeable_site(tmp_path: pathlib.Path) -> c.Iterator[ChangeableSite]:
    """A simulated host with two instances of SQL Server 2019 and a virtual environment behind each; not served yet."""
    interpreter = interpreters.find_first([(3, 7), *((3, minor) for minor in range(8, 15))])
    if interpreter is None:
        pytest.skip("needs a CPython with venv")
    with contextlib.ExitStack() as opened:
        yield ChangeableSite(tmp_path, opened, Recipe(interpreter))
