# Copyright (c) 2026 the mlfleet authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This file is private to mlfleet.packages: it may change in any release.
"""What pip says when it fails, and what helps."""

import re

# Kind, what pip's words contain, advice. The first that fits is taken, so what is certain stands first.
MEANINGS = (
    (
        "pip-distutils",
        ("distutils installed project",),
        "it was installed without a list of its files; leave it as it is, or declare the version that is there",
    ),
    (
        "pip-token",
        ("Defaulting to user installation", "normal site-packages is not writeable"),
        "run the task as an account that may write to the runtime: a member of the host's Administrators",
    ),
    ("pip-absent", ("No module named pip",), "install pip into this runtime"),
    (
        "pip-managed",
        ("externally-managed-environment",),
        "this Python belongs to the operating system; make a virtual environment for the packages",
    ),
    (
        "pip-tag",
        ("is not a supported wheel on this platform",),
        "choose the wheel whose tags fit the version and the platform of this runtime",
    ),
    (
        "pip-python",
        ("requires a different Python", "Requires-Python"),
        "choose a version of the package that supports the Python of this runtime",
    ),
    (
        "pip-wheel",
        ("invalid wheel", "is invalid", "BadWheelFile", "UnsupportedWheel", "not compatible with this version of pip"),
        "get the wheel again, or one that is made for a pip of this age",
    ),
    ("pip-space", ("No space left on device", "Errno 28", "WinError 112"), "make room on the volume of the runtime"),
    (
        "pip-path",
        ("WinError 206", "File name too long", "Errno 36"),
        "switch on LongPathsEnabled on the host, or install the runtime into a shorter path",
    ),
    (
        "pip-locked",
        ("WinError 32", "being used by another process", "WinError 5]", "Access is denied"),
        "a file is in use, or may not be written: stop the Launchpad service of the instance, then run the task again",
    ),
    (
        "pip-denied",
        ("Permission denied", "Errno 13", "Read-only file system"),
        "run the task as an account that may write to the runtime",
    ),
    (
        "pip-tls",
        ("SSL module is not available", "require TLS/SSL"),
        "its OpenSSL libraries are not found; look into Library\\bin of the runtime",
    ),
    (
        "pip-missing",
        ("Could not find a version that satisfies", "No matching distribution"),
        "the wheel is not among those that were sent",
    ),
    ("pip-hash", ("DO NOT MATCH THE HASHES",), "get the wheel again from where the lock says"),
)
LONG_PATH = re.compile(r"No such file or directory: ['\"][^'\"]{255,}")


def kind_and_advice(said):
    """What a failure of pip is, by its own words."""
    for kind, fragments, advice in MEANINGS:
        if any(fragment in said for fragment in fragments):
            return kind, advice
    if LONG_PATH.search(said):
        return "pip-path", next(advice for kind, _fragments, advice in MEANINGS if kind == "pip-path")
    return "pip", "what pip said is in the result"


def last_line(said):
    """The line that says it best: the last one that pip calls an error, or else the last one."""
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    errors = [line for line in lines if line.lower().startswith(("error", "exception")) or "Error:" in line]
    return (errors or lines or ["it said nothing"])[-1][:500]
