# Copyright (c) 2026 the mlfleet authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""`reg query` as reg.exe answers it."""

from __future__ import annotations

import collections.abc as c
import dataclasses
import re

from testbed import registry
from testbed.cmd_exe import grammar
from testbed.cmd_exe.interpreter import Reply

_NOT_FOUND = "ERROR: The system was unable to find the specified registry key or value.\r\n"
_SYNTAX = 'ERROR: Invalid syntax.\r\nType "REG QUERY /?" for usage.\r\n'
_INVALID_KEY = 'ERROR: Invalid key name.\r\nType "REG QUERY /?" for usage.\r\n'


@dataclasses.dataclass(frozen=True)
class _Query:
    key: str
    name: str | None = None
    recursive: bool = False
    view: str = "64"


def run(arguments: c.Sequence[str], known: registry.Registry) -> Reply:
    """Runs reg.exe with these arguments."""
    if not arguments or arguments[0].lower() != "query":
        raise grammar.UnsupportedCommandError(f"reg {' '.join(arguments)}")
    query = _parse(arguments[1:])
    if query is None:
        return Reply("", _SYNTAX, 1)
    if query.key.partition("\\")[0].upper() not in registry.LONG_HIVES:
        return Reply("", _INVALID_KEY, 1)
    if known.values(_in_view(query.key, query.view)) is None:
        return Reply("", _NOT_FOUND, 1)
    return _search(query, known) if query.recursive and query.name is not None else _list(query, known)


def _parse(arguments: c.Sequence[str]) -> _Query | None:
    rest = list(arguments)
    if not rest or rest[0].startswith("/"):
        return None
    query = _Query(registry.normalized(rest.pop(0)))
    while rest:
        option = rest.pop(0).lower()
        if option == "/s":
            query = dataclasses.replace(query, recursive=True)
        elif option in ("/reg:32", "/reg:64"):
            query = dataclasses.replace(query, view=option[-2:])
        elif option == "/ve":
            query = dataclasses.replace(query, name="")
        elif option == "/v" and rest:
            query = dataclasses.replace(query, name=rest.pop(0))
        elif re.fullmatch(r"/(f|k|d|c|e|t|z|se|v)", option):
            raise grammar.UnsupportedCommandError(f"reg query {option}")
        else:
            return None
    return query


def _list(query: _Query, known: registry.Registry) -> Reply:
    if query.name is not None:
        shown = _matching(query.key, query, known)
        if not shown and query.name:
            return Reply("", _NOT_FOUND, 1)
        default = registry.Value("", "REG_SZ", "(value not set)")
        return Reply(_key_block(query.key, shown or [default], known, query), "", 0)
    if query.recursive:
        blocks = [_key_block(key, _matching(key, query, known), known, query) for key in _walk(query, known)]
        return Reply("".join(blocks), "", 0)
    values = _matching(query.key, query, known)
    block = _key_block(query.key, values, known, query) if values else ""
    subkeys = _subkeys(query.key, query, known)
    listed = "".join(f"{_long(key, known, query)}\r\n" for key in subkeys)
    return Reply(f"{block}\r\n{listed}" if values or subkeys else "", "", 0)


def _search(query: _Query, known: registry.Registry) -> Reply:
    blocks = []
    matches = 0
    for key in _walk(query, known):
        found = _matching(key, query, known)
        matches += len(found)
        blocks += [_key_block(key, found, known, query)] if found else []
    text = "".join(blocks) + f"\r\nEnd of search: {matches} match(es) found.\r\n"
    return Reply(text, "", 0 if matches else 1)


def _walk(query: _Query, known: registry.Registry) -> c.Iterator[str]:
    waiting = [query.key]
    while waiting:
        key = waiting.pop()
        yield key
        waiting += reversed(_subkeys(key, query, known))


def _subkeys(key: str, query: _Query, known: registry.Registry) -> list[str]:
    return [f"{key}\\{name}" for name in known.subkeys(_in_view(key, query.view))]


def _matching(key: str, query: _Query, known: registry.Registry) -> list[registry.Value]:
    values = known.values(_in_view(key, query.view)) or []
    return [value for value in values if query.name is None or value.name.lower() == query.name.lower()]


def _key_block(key: str, values: c.Iterable[registry.Value], known: registry.Registry, query: _Query) -> str:
    lines = [f"    {value.name or '(Default)'}    {value.kind}    {_shown(value)}\r\n" for value in values]
    return f"\r\n{_long(key, known, query)}\r\n" + "".join(lines)


def _shown(value: registry.Value) -> str:
    if isinstance(value.data, int):
        return f"0x{value.data:x}"
    return value.data if isinstance(value.data, str) else r"\0".join(value.data)


def _long(key: str, known: registry.Registry, query: _Query) -> str:
    spelled = known.spelled(_in_view(key, query.view))
    if query.view == "32":
        spelled = re.sub(r"^(HKLM\\SOFTWARE)\\WOW6432Node", r"\1", spelled, flags=re.IGNORECASE)
    hive, backslash, rest = spelled.partition("\\")
    return registry.LONG_HIVES[hive] + backslash + rest


def _in_view(key: str, view: str) -> str:
    """The 32-bit view has its own place below HKLM\\SOFTWARE."""
    if view == "64":
        return key
    return re.sub(r"^(HKLM\\SOFTWARE)(?=\\|$)", r"\1\\WOW6432Node", key, flags=re.IGNORECASE)
