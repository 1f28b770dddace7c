# Copyright (c) 2026 the mlfleet authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Plans without a host: what is installed and what is offered are descriptions of wheels."""

from __future__ import annotations

import collections.abc as c
import dataclasses
import pathlib
import typing as t

from ansible_collections.mlfleet.packages.plugins.plugin_utils import (
    _declaration,
    _packages,
    _plan,
    _plan_parts,
    _protection,
    _python_packages,
    _snapshot,
    _sources,
    _target,
)
from ansible_collections.mlfleet.packages.plugins.plugin_utils._plan_parts import Plan

from testbed.wheels import Wheel

GIGABYTE = 1024**3
PIP = Wheel("pip", "18.1")
# Python 3.7.1 on Windows, as SQL Server 2019 has it.
SQL2019 = _snapshot.Interpreter(
    executable=r"C:\Python\python.exe",
    prefix=r"C:\Python",
    base_prefix=r"C:\Python",
    version="3.7.1",
    build="3.7.1 (default, Oct 28 2018, 08:39:03) [MSC v.1912 64 bit (AMD64)]",
    implementation="cpython",
    cache_tag="cpython-37",
    abi_flags="m",
    extension_suffixes=(".cp37-win_amd64.pyd", ".pyd"),
    pointer_bits=64,
    platform="win-amd64",
    libc=None,
    markers={
        "implementation_name": "cpython",
        "implementation_version": "3.7.1",
        "os_name": "nt",
        "platform_machine": "AMD64",
        "platform_python_implementation": "CPython",
        "platform_release": "2019Server",
        "platform_system": "Windows",
        "platform_version": "10.0.17763",
        "python_full_version": "3.7.1",
        "python_version": "3.7",
        "sys_platform": "win32",
    },
)


@dataclasses.dataclass
class World:
    """One runtime and one wheelhouse. The baseline is pip alone, unless a test says otherwise."""

    folder: pathlib.Path
    """Where the wheelhouse is written."""
    installed: c.Sequence[Wheel] = ()
    offered: c.Sequence[Wheel] = ()
    baseline: c.Sequence[str] | None = ("pip",)
    records: c.Mapping[str, str] = dataclasses.field(default_factory=dict)
    """Name to the kind of record, where it is no dist-info folder."""
    damaged: c.Sequence[str] = ()
    free_bytes: int = GIGABYTE
    writable: bool = True
    interrupted: str | None = None
    interpreter: _snapshot.Interpreter = SQL2019
    with_pip: bool = True

    def snapshot(self) -> _snapshot.Snapshot:
        wheels = [*([PIP] if self.with_pip else []), *self.installed]
        unrecorded = tuple(number for number, wheel in enumerate(wheels) if wheel.name in self.records)
        damaged = tuple(
            _snapshot.Damage(number, f"{wheel.import_name}.py", 1, "another size")
            for number, wheel in enumerate(wheels)
            if wheel.name in self.damaged
        )
        baseline = None if self.baseline is None else tuple(self.baseline)
        readiness = _snapshot.Readiness(
            self.free_bytes,
            self.writable,
            r"C:\Python\Lib\site-packages",
            baseline,
            self.interrupted,
            unrecorded,
            damaged,
        )
        return _snapshot.Snapshot(
            self.interpreter,
            (r"C:\Python\Lib\site-packages",),
            tuple(self._distribution(wheel) for wheel in wheels),
            (),
            readiness,
        )

    def _distribution(self, wheel: Wheel) -> _snapshot.Distribution:
        requires = tuple(
            line.partition(":")[2].strip()
            for line in wheel.metadata_text().splitlines()
            if line.startswith("Requires-Dist:")
        )
        record = self.records.get(wheel.name, "dist-info")
        return _snapshot.Distribution(wheel.name, wheel.version, record, 0, wheel.dist_info, requires)

    def plan(self, *packages: t.Any, instances: tuple[str, ...] = ("MSSQLSERVER",), **options: t.Any) -> Plan:
        """The plan for these entries of the option packages.

        `hashes` are those that a file states for each of them, and `constraints` the lines of a file of constraints.
        """
        return _plan.plan(self.situation(*packages, instances=instances, **options))

    def situation(
        self, *packages: t.Any, instances: tuple[str, ...] = ("MSSQLSERVER",), **options: t.Any
    ) -> _plan_parts.Situation:
        """What such a plan is made from."""
        stated = frozenset(options.pop("hashes", ()))
        limits = [
            _declaration.Line(text, frozenset(), "constraints.txt, line 1", constraint=True)
            for text in options.pop("constraints", ())
        ]
        defaults = {name: spec.get("default") for name, spec in _python_packages.ARGUMENT_SPEC.items()}
        declared = _declaration.declaration({**defaults, "packages": list(packages), **options}, limits)
        if stated:
            hashed = tuple(dataclasses.replace(entry, hashes=stated) for entry in declared.entries)
            declared = dataclasses.replace(declared, entries=hashed)
        for wheel in self.offered:
            wheel.write(self.folder / "wheelhouse")
        snapshot = self.snapshot()
        installed = _packages.installed(snapshot)
        target = _target.target(self.interpreter)
        house = str(self.folder / "wheelhouse") if self.offered else None
        sources = _sources.sources(declared, house, options.get("lock"), str, self.folder / "cache")
        named = sources.named(declared.meant(instances, target.environment))
        candidates, pins = sources.candidates(named, target, lambda name, specifier: True)
        baseline = installed if self.baseline is None else self.baseline
        return _plan_parts.Situation(
            declaration=declared,
            instances=instances,
            installed=installed,
            target=target,
            candidates=candidates,
            protection=_protection.protection(baseline, declared.allow_protected),
            pins=pins,
            readiness=snapshot.readiness,
        )


def actions(plan: Plan) -> list[str]:
    """`upgrade demo-a 1.0 -> 2.0`, one for each action."""
    return [f"{each.kind} {each.package} {_release(each.before)} -> {_release(each.after)}" for each in plan.actions]


def _release(package: _packages.Package | None) -> str:
    return package.raw if package else "nothing"


def problems(plan: Plan) -> list[tuple[str, str | None]]:
    """Kind and package of each problem."""
    return [(each.kind, each.package) for each in plan.problems]


def details(plan: Plan) -> str:
    """The sentences of all problems."""
    return "; ".join(each.detail for each in plan.problems)
