# Copyright (c) 2026 the mlfleet authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This file is private to mlfleet.packages: it may change in any release.
"""The targets to lock for: as a task describes them, or as instance_info found them."""

from __future__ import annotations

import collections.abc as c
import dataclasses
import re
import typing as t

from ansible_collections.mlfleet.packages.plugins.plugin_utils import _need, _snapshot, _target
from ansible_collections.mlfleet.packages.plugins.plugin_utils._errors import HostProblem
from ansible_collections.mlfleet.packages.plugins.plugin_utils._locking._request import Goal, base_of
from ansible_collections.mlfleet.packages.plugins.plugin_utils._packages import Package
from ansible_collections.mlfleet.packages.plugins.plugin_utils._protection import protection
from ansible_collections.mlfleet.packages.plugins.plugin_utils._snapshot import Interpreter
from ansible_collections.mlfleet.packages.plugins.plugin_utils._target import Target
from packaging.utils import canonicalize_name

KEYS = ("name", "python", "platform", "implementation", "abi", "base")

# Platform tag to the platform as sysconfig names it, the machine as the marker platform_machine does, and the pointers.
_WINDOWS = {
    "win_amd64": ("win-amd64", "AMD64", 64),
    "win32": ("win32", "x86", 32),
    "win_arm64": ("win-arm64", "ARM64", 64),
}
_LINUX = re.compile(r"(manylinux|musllinux)_(\d+)_(\d+)_([a-z0-9_]+)")
_IN_WORDS = re.compile(r"cp(?P<minor>\d+)-(?P<platform>[a-z0-9_]+) at (?P<python>\S+)")
# PEP 751: the part of the file name between the dots.
_NAME = re.compile(r"[A-Za-z0-9_-]+")
_PYTHON = re.compile(r"\d+\.\d+\.\d+[a-z0-9]*")
_RELEASE = re.compile(r"([A-Za-z0-9][A-Za-z0-9._-]*?)\s*==\s*(\S+)")


def goals(described: c.Sequence[t.Any], found: c.Sequence[t.Any]) -> tuple[Goal, ...]:
    """One goal for each target. `found` are results of instance_info."""
    result = [_described(f"targets[{number}]", value) for number, value in enumerate(described)]
    result += _observed(found)
    if not result:
        raise HostProblem(
            "neither targets nor from_instances says what to lock for; "
            "set targets, or hand over the result of instance_info with packages: true"
        )
    names = [goal.name for goal in result]
    double = next((name for name in names if names.count(name) > 1), None)
    if double:
        raise HostProblem(f"two targets have the name {double}; give one of them another name")
    return tuple(result)


def _described(where: str, value: t.Any) -> Goal:
    if isinstance(value, str):
        value = _from_words(where, value)
    if not isinstance(value, dict):
        raise HostProblem(f"{where} is {value!r:.80}; write a dictionary with the keys python and platform")
    unknown = [key for key in value if key not in KEYS]
    if unknown:
        raise HostProblem(f"{where} has the unknown key {unknown[0]!r:.50}; the keys are {', '.join(KEYS)}")
    target = _target.target(_interpreter(where, value))
    name = str(value.get("name") or _default_name(target))
    if not _NAME.fullmatch(name):
        raise HostProblem(
            f"{where} has the name {name!r:.50}, which becomes part of a file name; use letters, digits, - and _ only"
        )
    return Goal(name, target, _base(where, value.get("base") or {}))


def _from_words(where: str, text: str) -> dict[str, str]:
    match = _IN_WORDS.fullmatch(text.strip())
    if not match or not match["python"].replace(".", "").startswith(match["minor"]):
        raise HostProblem(f"{where} is {text!r:.80}; write it like 'cp37-win_amd64 at 3.7.1', or as a dictionary")
    return {"python": match["python"], "platform": match["platform"]}


def _default_name(target: Target) -> str:
    tag = target.tags[0]
    return f"{tag.interpreter}-{tag.platform}-{str(target.python).replace('.', '-')}"


def _interpreter(where: str, value: dict[str, t.Any]) -> Interpreter:
    """An interpreter that nobody has seen, with all that decides what can be installed."""
    python, platform = value.get("python"), value.get("platform")
    if not isinstance(python, str) or not _PYTHON.fullmatch(python):
        raise HostProblem(
            f"{where} has the python {python!r:.50}; write the full version as a text, such as '3.7.1': it decides "
            "which releases fit"
        )
    if value.get("implementation", "cp") != "cp":
        raise HostProblem(f"{where} has the implementation {value['implementation']!r:.50}; only cp (CPython) is known")
    major, minor = (int(each) for each in python.split(".")[:2])
    abi = value.get("abi", f"cp{major}{minor}{'m' if (major, minor) < (3, 8) else ''}")
    if not isinstance(abi, str) or not re.fullmatch(rf"cp{major}{minor}[dmut]*", abi):
        raise HostProblem(f"{where} has the abi {abi!r:.50}, which is none of Python {python}; leave it out")
    name, machine, pointers, libc = _platform(where, platform)
    return Interpreter(
        executable=where,
        prefix="",
        base_prefix="",
        version=python,
        build="",
        implementation="cpython",
        cache_tag=None,
        abi_flags=abi.removeprefix(f"cp{major}{minor}"),
        extension_suffixes=(),
        pointer_bits=pointers,
        platform=name,
        libc=libc,
        markers=_markers(python, f"{major}.{minor}", machine, windows=libc is None),
    )


def _markers(python: str, minor: str, machine: str, windows: bool) -> dict[str, str]:
    system = {"os_name": "nt", "sys_platform": "win32", "platform_system": "Windows"}
    return {
        **(system if windows else {"os_name": "posix", "sys_platform": "linux", "platform_system": "Linux"}),
        "implementation_name": "cpython",
        "implementation_version": python,
        "platform_machine": machine,
        "platform_python_implementation": "CPython",
        "platform_release": "",
        "platform_version": "",
        "python_full_version": python,
        "python_version": minor,
    }


def _platform(where: str, platform: t.Any) -> tuple[str, str, int, str | None]:
    """Name, machine, pointer size and C library of the platform that a tag stands for."""
    if platform in _WINDOWS:
        return (*_WINDOWS[platform], None)
    match = _LINUX.fullmatch(platform) if isinstance(platform, str) else None
    if not match:
        raise HostProblem(
            f"{where} has the platform {platform!r:.50}; write a tag such as {', '.join(_WINDOWS)}, "
            "manylinux_2_28_x86_64 or musllinux_1_2_x86_64"
        )
    library = "glibc" if match[1] == "manylinux" else "musl"
    pointers = 32 if match[4] in ("i686", "armv7l") else 64
    return f"linux-{match[4]}", match[4], pointers, f"{library} {match[2]}.{match[3]}"


def _base(where: str, value: t.Any) -> dict[str, Package]:
    if isinstance(value, list):
        pairs = [_release(where, each) for each in value]
    elif isinstance(value, dict):
        pairs = list(value.items())
    else:
        raise HostProblem(f"{where} has a base that is neither a list nor a dictionary; write name==version in a list")
    wrong = next(
        (f"{name}: {raw}" for name, raw in pairs if not (isinstance(name, str) and isinstance(raw, str))), None
    )
    if wrong:
        raise HostProblem(f"{where} has {wrong[:80]} in its base; write the version as a text, in quotes")
    base, odd = base_of(_package(name, raw, ()) for name, raw in pairs)
    if odd:
        raise HostProblem(f"{where} has {odd[0]!r:.80} in its base, which is no name of a package; correct it there")
    return base


def _release(where: str, value: t.Any) -> tuple[str, str]:
    match = _RELEASE.fullmatch(value.strip()) if isinstance(value, str) else None
    if not match:
        raise HostProblem(f"{where} has {value!r:.80} in its base; write it like numpy==1.15.4")
    return match[1], match[2]


def _package(name: str, raw: str, requires: c.Iterable[str]) -> Package:
    needs = _need.Needs(tuple(requires))
    return Package(canonicalize_name(name), str(name), str(raw), needs)


@dataclasses.dataclass(frozen=True)
class _Seen:
    """One runtime that instance_info found."""

    home: str
    target: Target
    base: dict[str, Package]
    notes: tuple[str, ...]

    @property
    def key(self) -> tuple[t.Any, ...]:
        """Equal where the same wheels fit."""
        differ = ("platform_release", "platform_version")
        markers = sorted((name, value) for name, value in self.target.environment.items() if name not in differ)
        return self.target.python, self.target.tags, tuple(markers)


def _observed(results: c.Sequence[t.Any]) -> list[Goal]:
    """The targets of the runtimes, each once."""
    groups: dict[tuple[t.Any, ...], list[_Seen]] = {}
    for number, result in enumerate(results):
        for seen in _runtimes(f"from_instances[{number}]", result):
            groups.setdefault(seen.key, []).append(seen)
    return [_shared(group) for group in groups.values()]


def _runtimes(where: str, result: t.Any) -> c.Iterator[_Seen]:
    runtimes = result.get("runtimes") if isinstance(result, dict) else None
    if not isinstance(runtimes, list) or not all(isinstance(each, dict) for each in runtimes):
        raise HostProblem(f"{where} is no result of instance_info; register one, and hand it over as it is")
    for runtime in runtimes:
        snapshot = runtime.get("snapshot")
        if snapshot is None:
            raise HostProblem(
                f"{where} has nothing to say of {runtime.get('home')}; mend that runtime, or leave it out"
            )
        if snapshot.get("distributions") is None:
            raise HostProblem(f"{where} tells nothing of packages; run instance_info with packages: true")
        yield _seen(where, str(runtime.get("home")), snapshot)


def _seen(where: str, home: str, snapshot: dict[str, t.Any]) -> _Seen:
    try:
        interpreter = _snapshot.checked(Interpreter, snapshot["interpreter"])
        packages = [
            _package(each["name"], each["version"], each["requires"])
            for each in snapshot["distributions"]
            # What only conda knows of holds no Python: no pip and no plan takes it for the package of that name.
            if not each["shadowed"] and each["record"] != "conda-meta"
        ]
    except (KeyError, TypeError, HostProblem):
        raise HostProblem(f"{where} is not as instance_info left it; hand its result over unchanged") from None
    base, odd = base_of(packages)
    notes = tuple(
        f"{home} has a package with the name {name!r:.80}, which follows no standard, so that no lock counts with it"
        for name in odd
    )
    return _Seen(home, _target.target(interpreter), base, notes)


def _shared(group: list[_Seen]) -> Goal:
    """One goal for the runtimes of a group: its base is what all of them have in the same version."""
    first = group[0]
    base = {
        name: package
        for name, package in first.base.items()
        if all(name in other.base and other.base[name].raw == package.raw for other in group)
    }
    differing = {name for seen in group for name in seen.base} - set(base)
    bearing = sorted(name for name in differing if protection((), ()).reason(name))
    odd = tuple(note for seen in group for note in seen.notes)
    notes = (
        f"{', '.join(bearing)}: not in the same version in all {len(group)} runtimes of {first.target.description} "
        f"(one is {first.home}), so that the lock holds it; on a runtime with another version it would be a change",
    )
    return Goal(_default_name(first.target), first.target, base, (*odd, *(notes if bearing else ())))
