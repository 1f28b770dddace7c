# Copyright (c) 2026 the mlfleet authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This file is private to mlfleet.packages: it may change in any release.
"""Facts of the interpreter that runs the agent: what a wheel must fit and a marker is evaluated with.

The agent runs with -I -S: no user site, no environment variables and none of the code in .pth files has a
say. So a virtual environment is recognised here as the site module would have done it.
"""

import _imp
import os
import sys


def facts():
    """Everything that target and plan need to know of this interpreter."""
    home = prefix()
    return {
        "executable": sys.executable,
        "prefix": home,
        "base_prefix": sys.base_prefix,
        "version": _version(),
        "build": sys.version,
        "implementation": sys.implementation.name,
        "cache_tag": sys.implementation.cache_tag,
        "abi_flags": _abi_flags(),
        "extension_suffixes": _imp.extension_suffixes(),
        "pointer_bits": 64 if sys.maxsize > 2**32 else 32,
        "platform": _platform(),
        "libc": _libc(),
        "markers": _markers(),
    }


def prefix():
    """The home of this runtime: the virtual environment's where it is one."""
    return virtual_environment() or sys.prefix


def virtual_environment():
    """The folder of the pyvenv.cfg that belongs to this interpreter, or None."""
    folder = os.path.dirname(sys.executable)
    for candidate in (folder, os.path.dirname(folder)):
        if os.path.isfile(os.path.join(candidate, "pyvenv.cfg")):
            return candidate
    return None


def _version():
    # Anaconda writes `3.5.2 |Anaconda 4.2.0 (64-bit)| ...`: the first word is the version everywhere.
    return sys.version.split()[0]


def _abi_flags():
    """As in cp37m. Windows has no sys.abiflags; there the m of pymalloc was the rule until 3.7."""
    flags = getattr(sys, "abiflags", None)
    if flags is not None:
        return flags
    debug = "d" if hasattr(sys, "gettotalrefcount") else ""
    return debug + ("m" if sys.version_info < (3, 8) else "")


def _platform():
    """What sysconfig.get_platform answers, without its import."""
    if os.name == "nt":
        text = sys.version.lower()
        for mark, name in (("amd64", "win-amd64"), ("(arm64)", "win-arm64"), ("(arm)", "win-arm32")):
            if mark in text:
                return name
        return sys.platform
    system = os.uname()
    return "%s-%s" % (system.sysname.lower(), system.machine)


def _libc():
    """`glibc 2.36`, which decides on manylinux wheels; None where there is no such thing."""
    try:
        return os.confstr("CS_GNU_LIBC_VERSION")
    except (AttributeError, OSError, ValueError):
        return None


def _markers():
    """The environment of PEP 508, as packaging.markers.default_environment would answer here."""
    if os.name == "nt":
        # Only platform knows how Windows names its releases; on a POSIX host its import would double the cost.
        import platform

        uname = platform.uname()
        system, release, version, machine = uname.system, uname.release, uname.version, uname.machine
    else:
        uname = os.uname()
        system, release, version, machine = uname.sysname, uname.release, uname.version, uname.machine
    return {
        "implementation_name": sys.implementation.name,
        "implementation_version": _implementation_version(),
        "os_name": os.name,
        "platform_machine": machine,
        "platform_python_implementation": {"cpython": "CPython", "pypy": "PyPy"}.get(
            sys.implementation.name, sys.implementation.name
        ),
        "platform_release": release,
        "platform_system": system,
        "platform_version": version,
        "python_full_version": _version(),
        "python_version": "%d.%d" % sys.version_info[:2],
        "sys_platform": sys.platform,
    }


def _implementation_version():
    info = sys.implementation.version
    text = "%d.%d.%d" % info[:3]
    if info.releaselevel != "final":
        text += info.releaselevel[0] + str(info.serial)
    return text
