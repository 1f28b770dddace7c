# Copyright (c) 2026 the mlfleet authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The registry of a simulated host: one JSON file, read also by what runs on that host.

The file is {"HKLM\\\\SOFTWARE\\\\...": {"ValueName": ["REG_SZ", "data"]}}; the default value of a key has the name "".
"""

from __future__ import annotations

import collections.abc as c
import dataclasses
import json
import pathlib
import typing as t

Data: t.TypeAlias = "str | int | list[str]"

_HIVES = {
    "HKEY_LOCAL_MACHINE": "HKLM",
    "HKEY_CURRENT_USER": "HKCU",
    "HKEY_CLASSES_ROOT": "HKCR",
    "HKEY_USERS": "HKU",
    "HKEY_CURRENT_CONFIG": "HKCC",
}
LONG_HIVES = {short: long for long, short in _HIVES.items()}


@dataclasses.dataclass(frozen=True)
class Value:
    """One value of a key."""

    name: str
    kind: str
    data: Data


class Registry:
    """Reads and writes the file; every call sees what others wrote meanwhile."""

    def __init__(self, path: pathlib.Path) -> None:
        self._path = path

    def create(self, key: str) -> None:
        """Makes sure that a key exists."""
        content = self._load()
        content.setdefault(_existing(content, normalized(key)), {})
        self._save(content)

    def set(self, key: str, name: str, data: Data, kind: str = "REG_SZ") -> None:
        """Writes a value, making its key where needed."""
        content = self._load()
        values = content.setdefault(_existing(content, normalized(key)), {})
        values[_existing(values, name)] = [kind, data]
        self._save(content)

    def values(self, key: str) -> list[Value] | None:
        """The values of a key in the order they were written; None when there is no such key."""
        content = self._load()
        wanted = normalized(key).lower()
        for existing, values in content.items():
            if existing.lower() == wanted:
                return [Value(name, str(kind), data) for name, (kind, data) in values.items()]
        return [] if any(existing.lower().startswith(wanted + "\\") for existing in content) else None

    def spelled(self, key: str) -> str:
        """The key with the letter case it was written in."""
        wanted = normalized(key)
        for existing in self._load():
            if existing.lower() == wanted.lower() or existing.lower().startswith(wanted.lower() + "\\"):
                return existing[: len(wanted)]
        return wanted

    def subkeys(self, key: str) -> list[str]:
        """The names of the keys directly below, sorted as Windows enumerates them."""
        above = normalized(key).lower() + "\\"
        names: dict[str, str] = {}
        for existing in self._load():
            if existing.lower().startswith(above):
                name = existing[len(above) :].partition("\\")[0]
                names.setdefault(name.lower(), name)
        return [names[name] for name in sorted(names)]

    def _load(self) -> dict[str, dict[str, list[t.Any]]]:
        if not self._path.exists():
            return {}
        content: dict[str, dict[str, list[t.Any]]] = json.loads(self._path.read_text(encoding="utf-8"))
        return content

    def _save(self, content: c.Mapping[str, c.Mapping[str, c.Sequence[t.Any]]]) -> None:
        written = self._path.with_suffix(".new")
        written.write_text(json.dumps(content, indent=1), encoding="utf-8")
        written.replace(self._path)


def normalized(key: str) -> str:
    """A key with the short name of its hive and without a backslash at the end."""
    hive, backslash, rest = key.strip().rstrip("\\").partition("\\")
    return _HIVES.get(hive.upper(), hive.upper()) + backslash + rest


def _existing(names: c.Iterable[str], name: str) -> str:
    return next((existing for existing in names if existing.lower() == name.lower()), name)
