# Copyright (c) 2026 the mlfleet authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This file is private to mlfleet.packages: it may change in any release.
"""Layered declarations: what fleet, group, host and instance declare, put together to one list of packages.

A nearer layer replaces what a farther one says of the same package, or narrows it. Each layer is a variable of its own,
because of one variable in several places Ansible takes the nearest as a whole.
"""

from __future__ import annotations

import collections.abc as c
import dataclasses
import typing as t

from ansible_collections.mlfleet.packages.plugins.plugin_utils import _declaration
from ansible_collections.mlfleet.packages.plugins.plugin_utils._declaration import Entry
from ansible_collections.mlfleet.packages.plugins.plugin_utils._errors import HostProblem

PREFIX = "mlfleet_layer_"
ORDER_VARIABLE = "mlfleet_layers"
ORDER = ("fleet", "group", "host")
UNDECLARED = "undeclared"
_NARROWS = "narrows"


@dataclasses.dataclass(frozen=True)
class _Said:
    """What one layer says of one package."""

    entry: Entry
    value: dict[str, t.Any]
    """The entry as python_packages takes it."""
    instance: str
    """Empty where it is said of the whole host."""
    narrows: bool = False
    undeclared: bool = False


_Kept = dict[tuple[str, str], tuple[_Said, ...]]
"""What holds so far: package and instance to what is said of them, several times where markers tell them apart."""


def of_host(variables: c.Iterable[str], value_of: c.Callable[[str], t.Any]) -> list[dict[str, t.Any]]:
    """The packages that the layers among the variables of a host declare; one without a value declares nothing."""
    values = {name: value_of(name) for name in variables if name.startswith(PREFIX)}
    layers = {name: value for name, value in values.items() if value is not None}
    return layered(layers, value_of(ORDER_VARIABLE) if ORDER_VARIABLE in variables else ORDER)


def layered(variables: c.Mapping[str, t.Any], order: c.Sequence[str] = ORDER) -> list[dict[str, t.Any]]:
    """The packages for python_packages, from the variables of the layers, whose names go from the farthest on."""
    _check_order(variables, order)
    layers = [_layer(name, variables[PREFIX + name]) for name in order if PREFIX + name in variables]
    kept: _Kept = {}
    # What is said of an instance is nearer than what is said of a whole host, in whichever layer.
    for of_instances in (False, True):
        for layer in layers:
            _lay([each for each in layer if bool(each.instance) == of_instances], kept)
    return [each.value for key in sorted(kept) for each in kept[key]]


def _check_order(variables: c.Mapping[str, t.Any], order: t.Any) -> None:
    if not isinstance(order, list | tuple) or not all(isinstance(name, str) for name in order):
        raise HostProblem(f"{ORDER_VARIABLE} is {order!r}; it must be a list of names, the farthest layer first")
    unknown = sorted(name for name in variables if name.removeprefix(PREFIX) not in order)
    if unknown:
        known = ", ".join(order)
        raise HostProblem(
            f"{unknown[0]} is none of the layers {known}; correct its name, or add it to {ORDER_VARIABLE}"
        )


def _layer(name: str, value: t.Any) -> list[_Said]:
    if not isinstance(value, list):
        raise HostProblem(f"{PREFIX}{name} is {value!r}; it must be a list of packages")
    said = (_said(name, f"{PREFIX}{name}[{number}]", each) for number, each in enumerate(value))
    return [each for parts in said for each in parts]


def _said(layer: str, where: str, value: t.Any) -> list[_Said]:
    """One entry of a layer, once for each of its instances."""
    own = dict(value) if isinstance(value, dict) else {}
    narrows, undeclared = own.pop(_NARROWS, False), own.get("state") == UNDECLARED
    if not isinstance(narrows, bool):
        raise HostProblem(f"{where} has the key {_NARROWS} with {narrows!r}; it must be true or false")
    if undeclared:
        del own["state"]
    entry = _declaration.entry(where, own if isinstance(value, dict) else value)
    plain = {"origin": layer, **(own or _as_dictionary(where, str(value), entry))}
    return [
        _Said(entry, {**plain, "instances": [instance]} if instance else plain, instance, narrows, undeclared)
        for instance in sorted(entry.instances) or [""]
    ]


def _as_dictionary(where: str, text: str, entry: Entry) -> dict[str, t.Any]:
    """A requirement or the path of a wheel in the form that can carry an origin."""
    source = entry.source
    if source is None:
        return {"name": text}
    if entry.marker is not None:
        raise HostProblem(
            f"{where} names a wheel and has a marker, which do not go together in a layer; drop the marker"
        )
    sha256 = {"sha256": source.sha256} if source.sha256 else {}
    return {source.kind: source.place, **sha256, "extras": sorted(entry.extras)}


def _lay(layer: c.Sequence[_Said], kept: _Kept) -> None:
    """Lays one layer over what is farther away."""
    found: _Kept = {}
    for each in layer:
        key = each.entry.name, each.instance
        below = kept.get(key) or kept.get((each.entry.name, ""), ())
        if each.undeclared and each.instance and (each.entry.name, "") in kept:
            advice = f"declare what {each.instance} shall have, or limit the other entry to instances"
            raise HostProblem(f"{each.entry.where} cannot undeclare what is declared for the whole host; {advice}")
        parts = [_narrowed(other, each) for other in below] if each.narrows and below else [each]
        found[key] = (*found.get(key, ()), *parts)
    for key, parts_of_key in found.items():
        declared = tuple(each for each in parts_of_key if not each.undeclared)
        kept.pop(key, None)
        kept.update({key: declared} if declared else {})


def _narrowed(below: _Said, over: _Said) -> _Said:
    """Both versions at once; everything else stays as it is farther away."""
    if below.entry.source or below.entry.state == _declaration.ABSENT or not _only_a_version(over):
        advice = f"leave out {_NARROWS}, so that it replaces the other"
        raise HostProblem(f"{over.entry.where} narrows {below.entry.where}, and only versions can be; {advice}")
    entry = dataclasses.replace(
        below.entry,
        specifier=below.entry.specifier & over.entry.specifier,
        extras=below.entry.extras | over.entry.extras,
    )
    value = {
        **{key: each for key, each in below.value.items() if key not in ("version", "extras")},
        "name": _requirement(entry),
        "origin": f"{below.value['origin']} and {over.value['origin']}",
        **({"instances": [over.instance]} if over.instance else {}),
    }
    return dataclasses.replace(over, entry=entry, value=value, narrows=False)


def _only_a_version(said: _Said) -> bool:
    entry = said.entry
    return not (entry.source or entry.marker or said.undeclared) and entry.state == _declaration.PRESENT


def _requirement(entry: Entry) -> str:
    extras = f"[{','.join(sorted(entry.extras))}]" if entry.extras else ""
    return f"{entry.name}{extras}{entry.specifier}{f'; {entry.marker}' if entry.marker else ''}"
