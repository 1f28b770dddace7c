# Copyright (c) 2026 the mlfleet authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This file is private to mlfleet.packages: it may change in any release.
"""Writes locks (PEP 751), and reads back what it wrote. The same lock always gives the same bytes."""

from __future__ import annotations

import collections.abc as c
import dataclasses
import importlib
import os
import pathlib
import re
import sys
import typing as t

import tomli_w
from ansible_collections.mlfleet.packages.plugins.plugin_utils import _wheel
from ansible_collections.mlfleet.packages.plugins.plugin_utils._candidates import Wheel
from ansible_collections.mlfleet.packages.plugins.plugin_utils._declaration import Entry
from ansible_collections.mlfleet.packages.plugins.plugin_utils._errors import HostProblem
from ansible_collections.mlfleet.packages.plugins.plugin_utils._locking._request import LockedWheel, Question
from ansible_collections.mlfleet.packages.plugins.plugin_utils._target import Target
from ansible_collections.mlfleet.packages.plugins.plugin_utils._wheel import WheelProblem
from packaging import pylock
from packaging.markers import Marker
from packaging.specifiers import SpecifierSet
from packaging.version import Version

# As a statement, mypy would want tomli also where Python is new enough to have its own.
tomllib = importlib.import_module("tomllib" if sys.version_info >= (3, 11) else "tomli")

# Version of what is written below [tool.mlfleet]; 2 tells single wheels by their sha256, and constraints that apply.
FORMAT = 2
STORE = "wheels"
"""The folder in a wheelhouse that holds the wheels, each below its sha256."""
_OF_A_PLATFORM = ("implementation_name", "platform_machine", "python_version", "sys_platform")


@dataclasses.dataclass(frozen=True)
class Written:
    """A lock as it is on the disk."""

    path: pathlib.Path
    text: str
    wheels: tuple[LockedWheel, ...]
    terms: c.Mapping[str, t.Any]
    """What it was made from."""


def path_of(folder: pathlib.Path, name: str) -> pathlib.Path:
    """The lock of a target in a wheelhouse."""
    return folder / f"pylock.{name}.toml"


def place_of(wheel: LockedWheel) -> str:
    """Where the wheelhouse keeps a wheel, below its folder."""
    return f"{STORE}/{wheel.sha256}/{wheel.file_name}"


def terms(question: Question) -> dict[str, t.Any]:
    """What a lock depends on, for those who read it, and to tell whether it must be made again."""
    request = question.request
    environment = question.goal.target.environment
    constraints = [f"{each.name}{each.specifier}" for each in request.constraints if each.applies(environment)]
    own = question.own()
    return {
        "format": FORMAT,
        "target": question.goal.target.description,
        "requirements": sorted(_declared(entry, own) for entry in question.entries),
        "constraints": sorted(constraints),
        "base": sorted(f"{package.name}=={package.raw}" for package in question.goal.base.values()),
        "allow-protected": sorted(request.allow_protected),
        "indexes": list(request.indexes.named),
    }


def _declared(entry: Entry, own: c.Mapping[str, Wheel]) -> str:
    extras = f"[{','.join(sorted(entry.extras))}]" if entry.extras else ""
    wheel = own.get(entry.name)
    # By its content: a wheel that is built anew has another one under the same name.
    one = f" from {wheel.file_name} (sha256 {wheel.sha256})" if wheel else ""
    return f"{entry.name}{extras}{entry.specifier}{one}"


def text(question: Question, wheels: c.Iterable[LockedWheel]) -> str:
    """The lock as TOML."""
    target = question.goal.target
    lock = pylock.Pylock(
        lock_version=Version("1.0"),
        environments=[Marker(" and ".join(f"{key} == '{target.environment[key]}'" for key in _OF_A_PLATFORM))],
        requires_python=_pythons(target),
        created_by="mlfleet.packages",
        packages=[_package(wheel) for wheel in sorted(wheels, key=lambda wheel: wheel.name)],
        tool={"mlfleet": terms(question)},
    )
    return tomli_w.dumps(dict(lock.to_dict()))


def _pythons(target: Target) -> SpecifierSet:
    """This Python and its later corrections; an older one may need another release of something."""
    return SpecifierSet(f">={target.python},=={target.python.major}.{target.python.minor}.*")


def _package(wheel: LockedWheel) -> pylock.Package:
    found = pylock.PackageWheel(
        name=wheel.file_name,
        url=wheel.url,
        path=None if wheel.url else place_of(wheel),
        size=wheel.size,
        hashes={"sha256": wheel.sha256},
    )
    return pylock.Package(name=t.cast(t.Any, wheel.name), version=wheel.version, wheels=[found])


def read(path: pathlib.Path) -> Written | None:
    """A lock that lies there; None where none does."""
    try:
        raw = path.read_text("utf-8")
        lock = pylock.Pylock.from_dict(tomllib.loads(raw))
    except FileNotFoundError:
        return None
    except OSError as error:
        raise HostProblem(f"{path} cannot be read ({error.strerror}); check its permissions") from None
    except (ValueError, RecursionError, pylock.PylockValidationError) as error:
        said = (str(error).splitlines() or [""])[0][:200]
        raise HostProblem(f"{path} is no lock ({said}); restore it, or delete it to lock anew") from None
    wheels = tuple(_of_file(path, package.name, wheel) for package in lock.packages for wheel in package.wheels or ())
    return Written(path, raw, wheels, dict((lock.tool or {}).get("mlfleet") or {}))


def _of_file(path: pathlib.Path, name: str, wheel: pylock.PackageWheel) -> LockedWheel:
    sha256 = wheel.hashes.get("sha256", "").lower()
    if not re.fullmatch("[0-9a-f]{64}", sha256):
        raise HostProblem(f"{path} has no sha256 of {wheel.filename}; delete it to lock anew")
    try:
        version = _wheel.file_name(wheel.filename).version
    except WheelProblem as problem:
        raise HostProblem(f"{path} cannot be followed: {problem}") from None
    local = None if wheel.url or not wheel.path else path.parent / wheel.path
    return LockedWheel(name, version, wheel.filename, sha256, wheel.url, local, wheel.size)


def write(texts: c.Mapping[pathlib.Path, str]) -> None:
    """Replaces files as a whole, and none of them before all new ones are on the disk."""
    partial = {path: path.with_name(f".{path.name}.{os.getpid()}.new") for path in texts}
    try:
        for path, content in texts.items():
            partial[path].write_text(content, "utf-8")
        for path in texts:
            os.replace(partial[path], path)
    except OSError as error:
        names = ", ".join(path.name for path in texts)
        place = next(iter(texts)).parent
        raise HostProblem(
            f"{names} cannot be written to {place} ({error.strerror}); make room there, or allow it"
        ) from None
    finally:
        for each in partial.values():
            each.unlink(missing_ok=True)
