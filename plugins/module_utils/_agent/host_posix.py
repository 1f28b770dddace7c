# Copyright (c) 2026 the mlfleet authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This file is private to mlfleet.packages: it may change in any release.
"""A Linux machine: its accounts, what it sets for all of them, and how a program is started."""

import os

paths = os.path


def homes():
    """The home folders of the accounts that can have a user site."""
    found = [os.path.expanduser("~")]
    try:
        found += sorted(os.path.join("/home", name) for name in os.listdir("/home"))
    except OSError:
        pass
    return sorted(set(found), key=found.index)


def machine_environment():
    """The variables of /etc/environment, the one place that holds for every login and is not a script."""
    try:
        with open("/etc/environment", "rb") as stream:
            lines = stream.read(65536).decode("utf-8", "replace").splitlines()
    except OSError:
        return {}
    pairs = [line.partition("=") for line in lines if not line.startswith("#")]
    return {name.strip(): value.strip().strip("\"'") for name, _equals, value in pairs}


def discover(places):
    """The instances and runtimes of this machine, and which of the places hold none."""
    from . import linux_runtimes

    return linux_runtimes.find(homes(), places)


def start(interpreter, arguments):
    """A child process of another runtime's interpreter, with pipes."""
    from subprocess import DEVNULL, PIPE, Popen

    return Popen([interpreter] + arguments, stdin=PIPE, stdout=PIPE, stderr=DEVNULL)


def free_bytes(folder):
    """What an account without privileges can still write on the volume of the folder."""
    volume = os.statvfs(folder)
    return volume.f_bavail * volume.f_frsize


def open_binary(path):
    """A file that the request names, for reading."""
    return open(path, "rb")


def reach(path):
    """A path as the system calls want it."""
    return path


def find_libraries():
    """Extension modules find their libraries here."""


def store_places():
    """Where the store can be, best first."""
    return ["/var/lib/mlfleet/store", os.path.expanduser("~/.local/share/mlfleet/store")]


def keep_from_others(folder):
    """Takes the right to write to a new folder from all but its owner."""
    os.chmod(folder, 0o755)


def is_real_folder(path):
    """Whether it is a folder, and no link to one."""
    return os.path.isdir(path) and not os.path.islink(path)


def same_owner(one, other):
    """Whether two folders belong to the same account."""
    return os.lstat(one).st_uid == os.lstat(other).st_uid


def same_file(one, other):
    """Whether two paths name one interpreter: the same binary in the same folder, be it python or python3.

    Folders are not followed: environments link to the binary of their base.
    """
    one, other = os.path.normpath(one), os.path.normpath(other)
    return one == other or (
        os.path.dirname(one) == os.path.dirname(other) and os.path.realpath(one) == os.path.realpath(other)
    )
