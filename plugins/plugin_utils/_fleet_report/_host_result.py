# Copyright (c) 2026 the mlfleet authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This file is private to mlfleet.packages: it may change in any release.
"""Reads what a task left behind for a host. Nobody vouches for it: what cannot be relied on makes the host unknown."""

from __future__ import annotations

import collections.abc as c
import typing as t
import unicodedata

from ansible_collections.mlfleet.packages.plugins.plugin_utils import _secrets
from ansible_collections.mlfleet.packages.plugins.plugin_utils._fleet_report._parts import (
    CLEAN,
    DRIFTED,
    FAILED,
    KINDS,
    REFUSED,
    UNKNOWN,
    Cell,
    Problem,
    Row,
    Step,
)

# The version of the structure of results that is understood here.
FORMAT = 1
# More than any runtime has. A report must stay readable when one host makes things up.
MOST_ITEMS = 5_000
LONGEST_NAME = 500
LONGEST_TEXT = 4_000
# They turn the text around them: https://www.unicode.org/reports/tr9/#Directional_Formatting_Characters
_TURNING = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
# Controls, surrogates, and what is no character: XML and UTF-8 have no place for them.
_UNPRINTABLE = frozenset({"Cc", "Cs", "Cn"})


class NotReliable(Exception):
    """Why a result tells nothing of its host."""


def rows(host: str, result: t.Any) -> tuple[Row, ...]:
    """What a result says of a host: never nothing."""
    several = [row for each in _single(result) for row in _rows_of_one(host, each)]
    return tuple(several) or (_unknown(host, "not checked: the task had nothing to do for this host"),)


def _single(result: t.Any, loops: int = 2) -> c.Iterator[t.Any]:
    """A task with a loop registers its results as a list, and several such tasks of a host are a list of these."""
    if not (loops and isinstance(result, c.Mapping) and "format" not in result and _is_list(result.get("results"))):
        yield result
        return
    for each in result["results"]:
        if not (isinstance(each, c.Mapping) and each.get("skipped")):
            yield from _single(each, loops - 1)


def _rows_of_one(host: str, result: t.Any) -> tuple[Row, ...]:
    try:
        return tuple(_rows(host, result))
    except NotReliable as reason:
        return (_unknown(host, str(reason)),)


def clean_text(value: str, limit: int = LONGEST_TEXT) -> str:
    """One line without secrets and without what is no text, cut where nobody would read on."""
    # Of a login that is cut through, nobody could tell any more that it is one.
    whole = value if len(value) <= limit else t.cast(str, _secrets.masked(value))
    cut = whole if len(whole) <= limit else f"{whole[: limit - 1]}…"
    shown = "".join(_shown(character) for character in cut) if not cut.isascii() or not cut.isprintable() else cut
    return t.cast(str, _secrets.masked(shown))


def _shown(character: str) -> str:
    if character in "\n\r\t\u2028\u2029":
        return " "
    if character in _TURNING or unicodedata.category(character) in _UNPRINTABLE:
        return "\ufffd"
    return character


def _unknown(host: str, reason: str) -> Row:
    return Row(host, None, None, UNKNOWN, reason)


def _rows(host: str, result: t.Any) -> c.Iterator[Row]:
    _check_ran(host, result)
    if result.get("format") != FORMAT or isinstance(result["format"], bool):
        raise NotReliable(f"not understood: the result has not the format {FORMAT} of this release")
    runtimes = [_mapping(each, "a runtime") for each in _items(result, "runtimes")]
    homes = [_text(each, "home", LONGEST_NAME) for each in runtimes]
    if not homes or len(set(homes)) < len(homes):
        raise NotReliable("not understood: the result names no runtime, or one of them twice")
    found = [row for home, runtime in zip(homes, runtimes, strict=True) for row in _runtime(host, home, runtime)]
    _check_instances(result, found)
    _check_flags(host, result, found)
    yield from found


def _check_ran(host: str, result: t.Any) -> None:
    """Whether the task came to an answer at all."""
    if result is None:
        raise NotReliable("not checked: there is no result for this host")
    if not isinstance(result, c.Mapping):
        raise NotReliable("not understood: the result is no dictionary")
    for mark, words in (("unreachable", "unreachable"), ("skipped", "not checked: the task was skipped")):
        if result.get(mark):
            raise NotReliable(_said(host, words, result))
    if result.get("failed") and "runtimes" not in result:
        raise NotReliable(_said(host, "failed", result))


def _said(host: str, words: str, result: c.Mapping[str, t.Any]) -> str:
    message = result.get("msg")
    if not isinstance(message, str) or not message:
        return words
    return f"{words}: {clean_text(message).removeprefix(f'{host}: ')}"


def _check_instances(result: c.Mapping[str, t.Any], found: c.Sequence[Row]) -> None:
    """The instances are told twice, once for themselves and once with the runtimes; a host that lies slips there."""
    told = [
        (_text(each, "name", LONGEST_NAME), _text(each, "runtime", LONGEST_NAME))
        for each in (_mapping(item, "an instance") for item in _items(result, "instances"))
    ]
    seen = [(row.instance, row.home) for row in found if row.instance is not None]
    if sorted(told) != sorted(seen) or len({name for name, home in told}) < len(told):
        raise NotReliable("not understood: what the result says of instances and of runtimes does not agree")


def _check_flags(host: str, result: c.Mapping[str, t.Any], found: c.Sequence[Row]) -> None:
    """A failure that no runtime accounts for, or a change of nothing, is no statement that all is well."""
    if result.get("failed") and not any(row.status in (REFUSED, FAILED) for row in found):
        raise NotReliable(_said(host, "failed", result))
    if not isinstance(result.get("changed"), bool) or (result["changed"] and not any(row.plan for row in found)):
        raise NotReliable("not understood: the result does not agree with itself on what would change")


def _runtime(host: str, home: str, runtime: c.Mapping[str, t.Any]) -> c.Iterator[Row]:
    """One row for each instance that uses the runtime; one without an instance if none does."""
    plan = tuple(_step(_mapping(each, "an action")) for each in _items(runtime, "plan"))
    problems = tuple(_problem(_mapping(each, "a problem")) for each in _items(runtime, "problems"))
    told = [_drift(_mapping(each, "a difference")) for each in _items(runtime, "drift")]
    status, kept = _status(runtime.get("status"), bool(plan), bool(problems), told)
    cells = united(kept)
    instances: list[str | None] = [_checked(each, "an instance", LONGEST_NAME) for each in _items(runtime, "instances")]
    for instance in instances or [None]:
        yield Row(host, instance, home, status, None, cells, plan, problems)


Told = list[tuple[str, Cell]]


def _status(said: t.Any, plan: bool, problems: bool, told: Told) -> tuple[str, Told]:
    """The status of a runtime and what of its drift is there still. It must follow from the rest of what is said."""
    broken = [(package, cell) for package, cell in told if cell.kind == "broken"]
    if said == "compliant" and not plan and not problems and broken == told:
        return (DRIFTED if told else CLEAN), told
    if said == "drifted" and plan and not problems and told:
        return DRIFTED, told
    if said == "refused" and problems:
        return REFUSED, told
    if said == "changed" and plan and not problems:
        # Whether the change mended what was broken before, only the next check can tell.
        return (DRIFTED if broken else CLEAN), broken
    if said == "failed" and plan and not problems:
        return FAILED, told
    raise NotReliable("not understood: the status of a runtime does not follow from its plan, drift and problems")


def united(told: c.Iterable[tuple[str, Cell]]) -> dict[str, Cell]:
    """One cell for each package, of the first of its kinds, with the reasons of all of them."""
    found: dict[str, list[Cell]] = {}
    for package, cell in told:
        found.setdefault(package, []).append(cell)
    return {package: _one_cell(cells) for package, cells in sorted(found.items())}


def _one_cell(cells: list[Cell]) -> Cell:
    first, *others = sorted(cells, key=lambda cell: KINDS.index(cell.kind))
    why = dict.fromkeys(cell.why for cell in (first, *others))
    return Cell(first.kind, first.have, first.want, "; ".join(why))


def _step(value: c.Mapping[str, t.Any]) -> Step:
    return Step(
        action=_text(value, "action", LONGEST_NAME),
        package=_text(value, "package", LONGEST_NAME),
        before=_text_or_none(value, "from"),
        after=_text_or_none(value, "to"),
        reason=_text(value, "reason"),
        wheel=_text_or_none(value, "wheel"),
    )


def _problem(value: c.Mapping[str, t.Any]) -> Problem:
    return Problem(_text(value, "kind", LONGEST_NAME), _text_or_none(value, "package"), _text(value, "detail"))


def _drift(value: c.Mapping[str, t.Any]) -> tuple[str, Cell]:
    kind = value.get("kind")
    if kind not in KINDS:
        raise NotReliable("not understood: the result has a kind of drift that does not exist")
    cell = Cell(str(kind), _text_or_none(value, "have"), _text_or_none(value, "want"), _text(value, "why"))
    return _text(value, "package", LONGEST_NAME), cell


def _is_list(value: t.Any) -> bool:
    return isinstance(value, c.Sequence) and not isinstance(value, (str, bytes))


def _items(value: c.Mapping[str, t.Any], key: str) -> c.Sequence[t.Any]:
    found = value.get(key)
    if not _is_list(found):
        raise NotReliable(f"not understood: {key} in the result is no list")
    items = t.cast("c.Sequence[t.Any]", found)
    if len(items) > MOST_ITEMS:
        raise NotReliable(f"not understood: {key} in the result has {len(items):,} entries, more than can be true")
    return items


def _mapping(value: t.Any, what: str) -> c.Mapping[str, t.Any]:
    if not isinstance(value, c.Mapping):
        raise NotReliable(f"not understood: {what} in the result is no dictionary")
    return value


def _text(value: c.Mapping[str, t.Any], key: str, longest: int = 0) -> str:
    return _checked(value.get(key), key, longest)


def _text_or_none(value: c.Mapping[str, t.Any], key: str) -> str | None:
    return None if value.get(key) is None else _text(value, key, LONGEST_NAME)


def _checked(value: t.Any, what: str, longest: int) -> str:
    """A text. A name is used as it is or not at all: cut in half, it could be another one."""
    if not isinstance(value, str) or (longest and not 0 < len(value) <= longest):
        raise NotReliable(f"not understood: {what} in the result is no text, or far too long")
    return clean_text(value)
