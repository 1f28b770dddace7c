# Copyright (c) 2026 the mlfleet authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# mypy: ignore-errors
"""Runs a Python program with a Linux interpreter that believes to be on a simulated Windows host.

Executed by the interpreter itself, of any age from 3.6 on, so this file is plain and stands alone. What the
agent knows only of Windows goes through its module host_windows; here that module gets the registry of the
simulated host in place of winreg, and the folder of the simulated drive in place of the file system.
"""

import json
import os
import re
import sys
import types
from _frozen_importlib import ModuleSpec

ROOT = os.environ["MLFLEET_TESTBED_ROOT"]


def place(path):
    """Where a Windows path lies below the root; the letter case of what exists wins."""
    drive, _colon, rest = path.partition(":")
    found = os.path.join(ROOT, drive.upper())
    for part in rest.replace("/", "\\").split("\\"):
        if part:
            names = os.listdir(found) if os.path.isdir(found) else []
            found = os.path.join(found, next((name for name in names if name.lower() == part.lower()), part))
    return found


class Key:
    """An open key of the simulated registry."""

    def __init__(self, values, keys):
        self.values = values
        self.keys = keys

    def __enter__(self):
        return self

    def __exit__(self, *_error):
        return None


def make_winreg():
    """The part of winreg that the agent uses, over registry.json."""
    with open(os.path.join(ROOT, "registry.json"), encoding="utf-8") as stream:
        registry = json.load(stream)

    def open_key(_hive, key, _reserved, _access):
        whole = "HKLM\\" + key
        values = [each for name, each in registry.items() if name.lower() == whole.lower()]
        below = [name[len(whole) + 1 :] for name in registry if name.lower().startswith(whole.lower() + "\\")]
        keys = list(dict.fromkeys(name.split("\\")[0] for name in below))
        if not values and not keys:
            raise FileNotFoundError(2, "The system cannot find the file specified")
        return Key(list(values[0].items()) if values else [], keys)

    def enumerate_value(key, index):
        name, (kind, data) = key.values[index]
        return name, data, kind

    def expand(text):
        known = {name.upper(): value for name, value in os.environ.items()}
        return re.sub("%([^%]+)%", lambda match: known.get(match.group(1).upper(), match.group(0)), text)

    winreg = types.ModuleType("winreg")
    winreg.HKEY_LOCAL_MACHINE, winreg.KEY_READ, winreg.KEY_WOW64_64KEY = 1, 1, 256
    winreg.OpenKey = open_key
    winreg.QueryInfoKey = lambda key: (len(key.keys), len(key.values), 0)
    winreg.EnumKey = lambda key, index: key.keys[index]
    winreg.EnumValue = enumerate_value
    winreg.ExpandEnvironmentStrings = expand
    return winreg


class MaskedHost:
    """Answers for the agent's seam: its module for Windows, with the simulated drive below it."""

    def find_spec(self, fullname, path=None, target=None):
        return ModuleSpec(fullname, self) if fullname == "mlfleet_agent.host" else None

    def create_module(self, spec):
        return None

    def exec_module(self, module):
        from mlfleet_agent import host_windows as windows

        start = windows.start
        windows.is_file = lambda path: os.path.isfile(place(path))
        windows.folder_names = lambda path: sorted(os.listdir(place(path))) if os.path.isdir(place(path)) else []
        windows.read_text = read_text
        windows.long_path = lambda path: path
        windows.start = lambda interpreter, *more, **named: start(place(interpreter), *more, **named)
        windows.reach = place
        windows.keep_from_others = lambda folder: None
        windows.is_real_folder = lambda path: os.path.isdir(path) and not os.path.islink(path)
        windows.same_file = lambda one, _other: place(one) == os.environ["MLFLEET_TESTBED_SELF"]
        windows.same_owner = lambda one, other: os.lstat(one).st_uid == os.lstat(other).st_uid
        module.this = windows


def read_text(path):
    try:
        with open(place(path), encoding="utf-8") as stream:
            return stream.read()
    except OSError:
        return None


sys.modules["winreg"] = make_winreg()
sys.meta_path.insert(0, MaskedHost())
# As python.exe was called: -I -S -c <program>.
exec(sys.argv[sys.argv.index("-c") + 1], {"__name__": "__main__"})
