# Copyright (c) 2026 the mlfleet authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The text of a .reg file, which `reg import` reads in one go."""

from __future__ import annotations

import collections.abc as c

from testbed.layouts import RegistryValues

_HIVES = {"HKLM": "HKEY_LOCAL_MACHINE", "HKCU": "HKEY_CURRENT_USER", "HKU": "HKEY_USERS"}
ENCODING = "utf-16"


def render(registry: c.Mapping[str, RegistryValues]) -> str:
    """To be written in UTF-16 with a byte order mark: without it, Wine takes the text for the ANSI code page."""
    lines = ["Windows Registry Editor Version 5.00", ""]
    for key, values in registry.items():
        hive, _rest, path = key.partition("\\")
        lines.append(f"[{_HIVES.get(hive, hive)}\\{path}]")
        lines += [f"{_quoted(name) if name else '@'}={_data(kind, data)}" for name, (kind, data) in values.items()]
        lines.append("")
    return "\r\n".join([*lines, ""])


def _data(kind: str, data: str) -> str:
    if kind == "REG_SZ":
        return _quoted(data)
    if kind == "REG_DWORD":
        return f"dword:{int(data, 0):08x}"
    if kind == "REG_EXPAND_SZ":
        return "hex(2):" + f"{data}\0".encode("utf-16-le").hex(",")
    raise ValueError(f"{kind} is none of REG_SZ, REG_EXPAND_SZ, REG_DWORD")


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
