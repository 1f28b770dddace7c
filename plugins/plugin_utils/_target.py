# Copyright (c) 2026 the mlfleet authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This file is private to mlfleet.packages: it may change in any release.
"""What a runtime can install: the tags and markers of its interpreter, never those of the controller's."""

from __future__ import annotations

import collections.abc as c
import dataclasses
import functools
import re
import types

from ansible_collections.mlfleet.packages.plugins.plugin_utils._errors import HostProblem
from ansible_collections.mlfleet.packages.plugins.plugin_utils._snapshot import Interpreter
from packaging.markers import Environment
from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.tags import Tag, compatible_tags, cpython_tags
from packaging.version import InvalidVersion, Version

# PEP 600: the names that these glibc versions had before manylinux tags carried the version.
LEGACY_MANYLINUX = {17: "manylinux2014", 12: "manylinux2010", 5: "manylinux1"}

# The architectures that PEP 599 and PEP 600 know; the first two are also in PEP 513, with an older glibc.
OLD_MANYLINUX_ARCHITECTURES = ("x86_64", "i686")
MANYLINUX_ARCHITECTURES = (
    *OLD_MANYLINUX_ARCHITECTURES,
    "aarch64",
    "loongarch64",
    "ppc64",
    "ppc64le",
    "riscv64",
    "s390x",
)


@dataclasses.dataclass(frozen=True)
class Target:
    """What the wheels for one runtime must fit."""

    python: Version
    environment: c.Mapping[str, str]
    """The marker environment of PEP 508."""
    abis: tuple[str, ...]
    platforms: tuple[str, ...]
    """Best first, like the ABIs."""

    # Only where wheels are looked at: on a host that is as declared, nobody asks.
    @functools.cached_property
    def tags(self) -> tuple[Tag, ...]:
        """What a wheel may be for, the best first."""
        minor = self.python.release[:2]
        any_abi = compatible_tags(minor, f"cp{minor[0]}{minor[1]}", self.platforms)
        return (*cpython_tags(minor, self.abis, self.platforms), *any_abi)

    def rank(self, offered: c.Iterable[Tag]) -> int | None:
        """The position of the best tag that fits, lower is better; None where none does."""
        return min((self._ranks[tag] for tag in offered if tag in self._ranks), default=None)

    def allows(self, requires_python: str) -> bool:
        """Whether a Requires-Python holds; one that follows no standard says nothing."""
        try:
            return SpecifierSet(requires_python).contains(self.python, prereleases=True)
        except InvalidSpecifier:
            return True

    @functools.cached_property
    def _ranks(self) -> dict[Tag, int]:
        return {tag: rank for rank, tag in enumerate(self.tags)}

    @property
    def description(self) -> str:
        """Such as `cp37-win_amd64 at 3.7.1`."""
        return f"{self.tags[0].interpreter}-{self.tags[0].platform} at {self.python}"


def target(interpreter: Interpreter) -> Target:
    """The target that an interpreter is; a HostProblem where nothing can be installed for it."""
    if interpreter.implementation != "cpython":
        raise HostProblem(
            f"{interpreter.executable} is {interpreter.implementation[:30]!r}, and packages are only kept for CPython; "
            "leave this runtime out"
        )
    unknown = Environment.__required_keys__ - set(interpreter.markers)
    if unknown:
        # packaging would fill in what the controller has.
        raise HostProblem(
            f"{interpreter.executable} does not tell its {min(unknown)}; is something changing its answer?"
        )
    python = _python(interpreter)
    abis = _abis(python.release[:2], interpreter.abi_flags)
    return Target(python, types.MappingProxyType(dict(interpreter.markers)), abis, tuple(_platforms(interpreter)))


def _python(interpreter: Interpreter) -> Version:
    """The version that Requires-Python is compared with: as for pip, a pre-release counts as its release."""
    try:
        # Builds between two releases call themselves 3.13.0+.
        version = Version(Version(interpreter.version.rstrip("+")).base_version)
    except InvalidVersion:
        version = Version("0")
    if len(version.release) < 2:
        raise HostProblem(
            f"{interpreter.executable} has the version {interpreter.version[:30]!r}, which is none of a Python; "
            "leave this runtime out"
        )
    return version


def _abis(minor: tuple[int, ...], flags: str) -> tuple[str, ...]:
    name = f"cp{minor[0]}{minor[1]}"
    # From 3.8 on, a debug build loads ordinary extension modules as well.
    also = [name + flags.replace("d", "")] if "d" in flags and minor >= (3, 8) else []
    return (name + flags, *also)


def _platforms(interpreter: Interpreter) -> c.Iterator[str]:
    system, _dash, architecture = interpreter.platform.partition("-")
    if system == "linux":
        yield from _linux_platforms(_architecture(architecture, interpreter.pointer_bits), interpreter.libc or "")
    elif system in ("win", "win32"):
        yield interpreter.platform.replace("-", "_")
    else:
        raise HostProblem(
            f"{interpreter.executable} runs on {system[:30]!r}, and packages are only kept on Windows and Linux; "
            "leave this runtime out"
        )


def _architecture(machine: str, pointer_bits: int) -> str:
    # The machine is the kernel's, and a 32-bit interpreter may run below a 64-bit kernel.
    return "i686" if machine == "x86_64" and pointer_bits == 32 else re.sub("[^a-z0-9_]", "_", machine.lower())


def _linux_platforms(architecture: str, libc: str) -> c.Iterator[str]:
    known = re.fullmatch(r"(glibc|musl) (\d{1,3})\.(\d{1,3})(\..*)?", libc)
    if known and architecture in MANYLINUX_ARCHITECTURES:
        family, major, minor = known[1], int(known[2]), int(known[3])
        if family == "musl":
            yield from (f"musllinux_{major}_{each}_{architecture}" for each in range(minor, -1, -1))
        elif major == 2:
            yield from _manylinux(architecture, minor)
    yield f"linux_{architecture}"


def _manylinux(architecture: str, minor: int) -> c.Iterator[str]:
    oldest = 5 if architecture in OLD_MANYLINUX_ARCHITECTURES else 17
    for each in range(minor, oldest - 1, -1):
        yield f"manylinux_2_{each}_{architecture}"
        if each in LEGACY_MANYLINUX:
            yield f"{LEGACY_MANYLINUX[each]}_{architecture}"
