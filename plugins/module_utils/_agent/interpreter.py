# Copyright (c) 2026 the mlfleet authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This file is private to mlfleet.packages: it may change in any release.
"""Facts of the interpreter that runs the agent: what a wheel must fit and a marker is evaluated with.

The agent runs with -I -S: no user site, no environment variables and none of the code in .pth files has a
say. So a virtual environment is recognised here as the site module would have done it.
"""

import _imp
import sys

from . import metadata
from .system_calls import SEPARATOR

if SEPARATOR == "/":
    from .system_posix import OS_NAME, System
else:
    from .system_windows import OS_NAME, System


def facts():
    """Everything that target and plan need to know of this interpreter."""
    system = System()
    return {
        "executable": sys.executable,
        "prefix": virtual_environment() or sys.prefix,
        "base_prefix": sys.base_prefix,
        "version": _version(),
        "build": sys.version,
        "implementation": sys.implementation.name,
        "cache_tag": sys.implementation.cache_tag,
        "abi_flags": system.abi_flags,
        "extension_suffixes": _imp.extension_suffixes(),
        "pointer_bits": 64 if sys.maxsize > 2**32 else 32,
        "platform": system.platform,
        "libc": system.libc,
        "markers": _markers(system),
    }


def virtual_environment():
    """The folder of the pyvenv.cfg that belongs to this interpreter, or None."""
    folder = sys.executable.rpartition(SEPARATOR)[0]
    for candidate in (folder, folder.rpartition(SEPARATOR)[0]):
        if settings_of_environment(candidate) is not None:
            return candidate
    return None


def settings_of_environment(folder):
    """The text of its pyvenv.cfg, or None."""
    raw = metadata.read(folder + SEPARATOR + "pyvenv.cfg")
    return None if raw is None else raw.decode("utf-8", "replace")


def _version():
    # Anaconda writes `3.5.2 |Anaconda 4.2.0 (64-bit)| ...`: the first word is the version everywhere.
    return sys.version.split()[0]


def _markers(system):
    """The environment of PEP 508, as packaging.markers.default_environment would answer here."""
    name = sys.implementation.name
    return {
        "implementation_name": name,
        "implementation_version": _implementation_version(),
        "os_name": OS_NAME,
        "platform_machine": system.machine,
        "platform_python_implementation": {"cpython": "CPython", "pypy": "PyPy"}.get(name, name),
        "platform_release": system.release,
        "platform_system": system.name,
        "platform_version": system.version,
        "python_full_version": _version(),
        "python_version": "%d.%d" % sys.version_info[:2],
        "sys_platform": sys.platform,
    }


def _implementation_version():
    info = sys.implementation.version
    level = "" if info.releaselevel == "final" else info.releaselevel[0] + str(info.serial)
    return "%d.%d.%d%s" % (info[0], info[1], info[2], level)
