# Copyright (c) 2026 the mlfleet authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A fleet: several simulated hosts behind one WinRM endpoint, each runtime one that really changes."""

from __future__ import annotations

import collections.abc as c
import contextlib
import dataclasses
import functools
import json
import pathlib
import types
import typing as t

from testbed import ad_hoc, changeable, layouts, simulated, simulated_runtimes
from testbed.changeable import ChangeableRuntime
from testbed.virtual_environments import Recipe
from testbed.winrm.endpoint import Endpoint


@dataclasses.dataclass(frozen=True)
class FleetHost:
    """One host with what its instances run on."""

    simulated: simulated.SimulatedHost
    interpreter: str
    """The Windows path of one of its Pythons, which spares the search for one."""
    runtimes: c.Mapping[str, ChangeableRuntime]
    """By their homes."""

    @functools.cached_property
    def runtime(self) -> ChangeableRuntime:
        """That of a host with a single one."""
        (runtime,) = self.runtimes.values()
        return runtime


class Fleet:
    """Hosts by name, as their layouts describe them; served while it is entered."""

    def __init__(
        self, folder: pathlib.Path, recipe: Recipe, described: c.Mapping[str, layouts.SqlServerLayout]
    ) -> None:
        self.hosts = {name: _make(folder / name, name, recipe, layout) for name, layout in described.items()}
        self._opened = contextlib.ExitStack()

    def __enter__(self) -> Fleet:
        with contextlib.ExitStack() as opened:
            machines = [host.simulated for host in self.hosts.values()]
            for machine in machines:
                opened.callback(machine.close)
            users = {ad_hoc.USER: ad_hoc.PASSWORD}
            self.endpoint = opened.enter_context(Endpoint(machines, users=users))
            self._opened = opened.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: types.TracebackType | None
    ) -> None:
        self._opened.close()

    def variables(self, name: str, **more: t.Any) -> dict[str, t.Any]:
        """What the inventory says of a host."""
        known = {"mlfleet_interpreter": self.hosts[name].interpreter}
        return ad_hoc.winrm_variables(self.endpoint, name, **known, **more)

    def write_inventory(
        self, path: pathlib.Path, common: c.Mapping[str, t.Any], own: c.Mapping[str, c.Mapping[str, t.Any]]
    ) -> pathlib.Path:
        """An inventory of all hosts with their common variables and those of single hosts."""
        hosts = {name: self.variables(name, **own.get(name, {})) for name in self.hosts}
        path.write_text(json.dumps({"all": {"hosts": hosts, "vars": dict(common)}}), encoding="utf-8")
        return path

    def calls(self, name: str) -> int:
        """How many command lines were started on a host so far."""
        return sum(each.action == "Command" for each in self.endpoint.log(name))


def _make(folder: pathlib.Path, name: str, recipe: Recipe, layout: layouts.SqlServerLayout) -> FleetHost:
    host = simulated.SimulatedHost(name, folder / "windows")
    runtimes = {
        each.home: changeable.fresh(folder / f"runtime-{number}", recipe) for number, each in enumerate(layout.runtimes)
    }
    simulated_runtimes.apply(layout, host, {home: runtime.python for home, runtime in runtimes.items()})
    return FleetHost(host, layout.runtimes[0].home + r"\python.exe", runtimes)
