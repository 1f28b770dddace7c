# Copyright (c) 2026 the mlfleet authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A host that is only told of: what python_packages plans for several runtimes, without an agent."""

from __future__ import annotations

import collections.abc as c
import dataclasses
import pathlib
import typing as t

from ansible_collections.mlfleet.packages.plugins.plugin_utils import _python_packages, _snapshot
from ansible_collections.mlfleet.packages.plugins.plugin_utils._agent_host import AgentHost
from ansible_collections.mlfleet.packages.plugins.plugin_utils._transport._carrier import Carrier, Command, Ended

from testbed.plan_calls import World

DEFAULTS = {name: spec.get("default") for name, spec in _python_packages.ARGUMENT_SPEC.items()}


class Nowhere(Carrier):
    """A carrier that must not be needed."""

    def run(self, command: Command, on_output: c.Callable[[bytes], None]) -> Ended:
        raise AssertionError(command.line)


@dataclasses.dataclass(frozen=True)
class ToldHost(AgentHost):
    """One instance for each world, of the same name. The only change that it takes is none."""

    worlds: c.Mapping[str, World] = dataclasses.field(default_factory=dict)

    def ask(
        self,
        operation: str,
        arguments: dict[str, t.Any],
        seconds: int,
        attachments: c.Iterable[bytes] = (),
        carrier: Carrier | None = None,
    ) -> t.Any:
        assert operation == "survey", operation
        instances = tuple(_instance(name) for name in self.worlds)
        runtimes = tuple(
            _snapshot.Runtime(_home(name), rf"{_home(name)}\python.exe", "", False, world.snapshot())
            for name, world in self.worlds.items()
        )
        return _snapshot.as_result(_snapshot.Observation(instances, runtimes, ()))


def _home(name: str) -> str:
    return rf"C:\{name}\Python"


def _instance(name: str) -> _snapshot.Instance:
    home = _home(name)
    return _snapshot.Instance(name, f"MSSQL15.{name}", "2019", "15.0", "", "", (), "", None, (home,), home, None)


def converge(
    worlds: c.Mapping[str, World], cache: pathlib.Path, *packages: t.Any, check: bool = True, **options: t.Any
) -> dict[str, t.Any]:
    """The result of python_packages for these instances, each with a runtime of its own."""
    host = ToldHost(Nowhere(), windows=True, interpreter=None, on_event=lambda event: None, worlds=worlds)
    controller = _python_packages.Controller(find=str, cache=cache, check=check, diff=False)
    arguments = {**DEFAULTS, "instances": ["all"], "packages": list(packages), "index": False, **options}
    return _python_packages.converge(arguments, host, controller)
