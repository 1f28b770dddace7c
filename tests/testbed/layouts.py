# Copyright (c) 2026 the mlfleet authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How typical hosts with SQL Server Machine Learning Services look: descriptions that any test-bed host can apply."""

from __future__ import annotations

import collections.abc as c
import dataclasses
import functools
import itertools
import ntpath
import typing as t

DEFAULT_INSTANCE = "MSSQLSERVER"

_PROGRAM_ROOT = r"C:\Program Files\Microsoft SQL Server"
_SOFTWARE = r"HKLM\SOFTWARE\Microsoft\Microsoft SQL Server"
_SERVICES = r"HKLM\SYSTEM\CurrentControlSet\Services"

RegistryValues = c.Mapping[str, tuple[str, str]]
"""Name of a value to its type and its data, such as `("REG_SZ", "text")` or `("REG_DWORD", "1")`."""

V = t.TypeVar("V")


class Conflict(Exception):
    """Two layouts say different things about one place."""


class Runtime(t.NamedTuple):
    """A Python home and the version of the Python in it, such as 3.7."""

    home: str
    version: str


@dataclasses.dataclass(frozen=True)
class SqlServerLayout:
    """What a host has. Paths are Windows paths, in the long form unless a field says otherwise."""

    registry: c.Mapping[str, RegistryValues] = dataclasses.field(default_factory=dict)
    """Key, such as `HKLM\\SOFTWARE\\X`, to its values."""
    files: c.Mapping[str, str] = dataclasses.field(default_factory=dict)
    """Path to text."""
    runtimes: tuple[Runtime, ...] = ()
    aliases: c.Mapping[str, str] = dataclasses.field(default_factory=dict)
    """Other path to the folder it also names: an 8.3 short name, of which each entry has one component."""


def merge(*layouts: SqlServerLayout) -> SqlServerLayout:
    """One host with all of them. What two of them say alike counts once; what they say differently is refused."""
    keys = list(dict.fromkeys(key for layout in layouts for key in layout.registry))
    return SqlServerLayout(
        registry={key: _union(layout.registry.get(key, {}) for layout in layouts) for key in keys},
        files=_union(layout.files for layout in layouts),
        runtimes=_distinct(itertools.chain.from_iterable(layout.runtimes for layout in layouts)),
        aliases=_union(layout.aliases for layout in layouts),
    )


def sql2017_cu22(
    instance: str = DEFAULT_INSTANCE, old: str = "3.5", new: str = "3.7", switched: bool = False
) -> SqlServerLayout:
    """An instance that was upgraded to CU22: two runtimes, of which the old one stays in use until it is switched."""
    release = _Release(14, "14.0.1000.169", "14.0.3356.20", _FEATURES_WITH_PYTHON)
    home = rf"{_root(release, instance)}\PYTHON_SERVICES"
    homes = (Runtime(home, old), Runtime(f"{home}.3.7", new))
    return _instance(release, instance, homes, bound_to=homes[switched].home)


def sql2019(instance: str = DEFAULT_INSTANCE, python: str = "3.7") -> SqlServerLayout:
    """An instance with the runtime that its setup brought."""
    release = _Release(15, "15.0.2000.5", "15.0.4430.1", _FEATURES_WITH_PYTHON)
    runtime = Runtime(rf"{_root(release, instance)}\PYTHON_SERVICES", python)
    return _instance(release, instance, (runtime,), bound_to=runtime.home)


def sql2022(
    instance: str = DEFAULT_INSTANCE,
    home: str = r"C:\Program Files\Python310",
    python: str = "3.10",
    bound_by_short_path: bool = False,
) -> SqlServerLayout:
    """An instance bound to a runtime that an administrator installed; several instances may name the same home."""
    release = _Release(16, "16.0.1000.6", "16.0.4175.1", "SQL_Engine_Core_Inst=3 AdvancedAnalytics=3")
    bound_to, aliases = _short_path(home) if bound_by_short_path else (home, {})
    layout = _instance(release, instance, (Runtime(home, python),), bound_to)
    return dataclasses.replace(layout, aliases=aliases)


def ml_server(python: str = "3.7") -> SqlServerLayout:
    """A standalone Machine Learning Server, which belongs to no instance."""
    return SqlServerLayout(runtimes=(Runtime(r"C:\Program Files\Microsoft\ML Server\PYTHON_SERVER", python),))


@dataclasses.dataclass(frozen=True)
class _Release:
    major: int
    setup_version: str
    patch_level: str
    features: str


_FEATURES_WITH_PYTHON = "SQL_Engine_Core_Inst=3 AdvancedAnalytics=3 SQL_INST_MR=3 SQL_INST_MPY=3"


def _identifier(release: _Release, instance: str) -> str:
    return f"MSSQL{release.major}.{instance}"


def _root(release: _Release, instance: str) -> str:
    return rf"{_PROGRAM_ROOT}\{_identifier(release, instance)}"


def _instance(release: _Release, instance: str, runtimes: tuple[Runtime, ...], bound_to: str) -> SqlServerLayout:
    identifier = _identifier(release, instance)
    launcher = rf"{_root(release, instance)}\MSSQL\Binn\pythonlauncher.config"
    return SqlServerLayout(
        registry={
            rf"{_SOFTWARE}\Instance Names\SQL": {instance: ("REG_SZ", identifier)},
            rf"{_SOFTWARE}\{identifier}\Setup": _setup_values(release, instance),
            **_services(instance),
        },
        files={launcher: _launcher_text(release, instance, bound_to)},
        runtimes=runtimes,
    )


def _setup_values(release: _Release, instance: str) -> RegistryValues:
    texts = {
        "SQLPath": rf"{_root(release, instance)}\MSSQL",
        "SqlProgramDir": f"{_PROGRAM_ROOT}\\",
        "SQLBinRoot": rf"{_root(release, instance)}\MSSQL\Binn",
        "Version": release.setup_version,
        "PatchLevel": release.patch_level,
        "Edition": "Developer Edition",
        "FeatureList": release.features,
    }
    return {name: ("REG_SZ", text) for name, text in texts.items()}


def _services(instance: str) -> dict[str, RegistryValues]:
    is_default = instance.upper() == DEFAULT_INSTANCE
    names = {
        DEFAULT_INSTANCE if is_default else f"MSSQL${instance}": f"SQL Server ({instance})",
        "MSSQLLaunchpad" if is_default else f"MSSQLLaunchpad${instance}": f"SQL Server Launchpad ({instance})",
    }
    return {
        rf"{_SERVICES}\{name}": {
            "DisplayName": ("REG_SZ", display_name),
            "ObjectName": ("REG_SZ", rf"NT Service\{name}"),
        }
        for name, display_name in names.items()
    }


def _launcher_text(release: _Release, instance: str, home: str) -> str:
    root = _root(release, instance)
    lines = [
        f"PYTHONHOME={home}",
        r"MPI_HOME=C:\Program Files\Microsoft MPI",
        f"INSTANCE_NAME={instance}",
        "TRACE_LEVEL=1",
        "JOB_CLEANUP_ON_EXIT=1",
        "USER_POOL_SIZE=0",
        rf"WORKING_DIRECTORY=C:\SQL-{instance}-ExtensibilityData-PY",
        rf"LOG_DIRECTORY={root}\MSSQL\Log\ExtensibilityLog",
    ]
    return "".join(f"{line}\r\n" for line in lines)


def _short_path(path: str) -> tuple[str, dict[str, str]]:
    """The path as Windows abbreviates it, and for each abbreviated folder the long path it stands for."""
    drive, rest = ntpath.splitdrive(path)
    short = long = f"{drive}\\"
    aliases: dict[str, str] = {}
    for name in rest.strip("\\").split("\\"):
        abbreviated = _short_name(name)
        if abbreviated != name:
            aliases[ntpath.join(long, abbreviated)] = ntpath.join(long, name)
        short, long = ntpath.join(short, abbreviated), ntpath.join(long, name)
    return short, aliases


def _short_name(name: str) -> str:
    stem, extension = ntpath.splitext(name)
    plain = stem.replace(" ", "").replace(".", "")
    if plain == stem and len(stem) <= 8 and len(extension) <= 4:
        return name
    # The number tells names with the same beginning apart; here the first always wins, and `merge` finds a second one.
    return f"{plain[:6]}~1{extension[:4]}".upper()


def _union(mappings: c.Iterable[c.Mapping[str, V]]) -> dict[str, V]:
    return functools.reduce(_joined, mappings, {})


def _joined(one: dict[str, V], other: c.Mapping[str, V]) -> dict[str, V]:
    for name in one.keys() & other.keys():
        if one[name] != other[name]:
            raise Conflict(f"{name} is {one[name]!r} and {other[name]!r}")
    return {**one, **other}


def _distinct(runtimes: c.Iterable[Runtime]) -> tuple[Runtime, ...]:
    versions: dict[str, str] = {}
    for runtime in runtimes:
        versions = _joined(versions, {runtime.home: runtime.version})
    return tuple(Runtime(home, version) for home, version in versions.items())
