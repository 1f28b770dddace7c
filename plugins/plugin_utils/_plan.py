# Copyright (c) 2026 the mlfleet authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This file is private to mlfleet.packages: it may change in any release.
"""The plan: what turns a runtime into its declared state, with a reason for each action and what forbids it.

A pure function of declaration, snapshot and candidates. Check mode prints the plan, a real run executes the same one.
"""

from __future__ import annotations

import collections.abc as c
import operator

from ansible_collections.mlfleet.packages.plugins.plugin_utils import _obstacles, _packages, _resolve
from ansible_collections.mlfleet.packages.plugins.plugin_utils._declaration import (
    ABSENT,
    LATEST,
    PRESENT,
    REINSTALLED,
    Entry,
)
from ansible_collections.mlfleet.packages.plugins.plugin_utils._packages import Breach, Package, Packages
from ansible_collections.mlfleet.packages.plugins.plugin_utils._plan_parts import (
    DOWNGRADE,
    INSTALL,
    REINSTALL,
    REMOVE,
    UNSATISFIABLE,
    UPGRADE,
    Action,
    Drift,
    Plan,
    Problem,
    Reached,
    Situation,
)
from ansible_collections.mlfleet.packages.plugins.plugin_utils._resolve import Question, Wanted
from ansible_collections.mlfleet.packages.plugins.plugin_utils._solver import Unsatisfiable
from ansible_collections.mlfleet.packages.plugins.plugin_utils._target import Target
from packaging.specifiers import SpecifierSet

# Each may bring another damaged package into reach, or take one out of it; more than two are hardly ever needed.
ROUNDS = 10


def plan(situation: Situation) -> Plan:
    """The plan for one runtime."""
    entries, disagreements = _entries(situation)
    if disagreements:
        return Plan((), tuple(disagreements), (), situation.installed)
    wanted = (*situation.pins, *(_wanted(entry) for entry in entries if entry.state != ABSENT))
    absent = {entry.name: entry.specifier for entry in entries if entry.state == ABSENT}
    before = situation.breaches
    if before is None:
        before = _packages.breaches(situation.installed, situation.target.environment)
    if not before and _settled(situation, entries, wanted):
        return Plan((), (), (), situation.installed)
    try:
        end = _end_laid_down(situation, entries, wanted, absent, before)
    except Unsatisfiable as unsatisfiable:
        problems = tuple(Problem(UNSATISFIABLE, None, cause) for cause in unsatisfiable.causes)
        missing = _wanted_drift(wanted, situation.installed)
        return Plan((), problems, (*missing, *_damaged(situation.installed), *_broken(before)), situation.installed)
    return _assembled(situation, entries, wanted, end, before)


def _assembled(
    situation: Situation,
    entries: c.Sequence[Entry],
    wanted: c.Sequence[Wanted],
    end: Packages,
    before: c.Sequence[Breach],
) -> Plan:
    reasons = _reached(wanted, end, situation.target) or {}
    actions = _ordered(_actions(situation, end, reasons), end, situation.target)
    problems = (
        *_obstacles.without_wheel(situation, wanted, _reinstalled(entries), end, reasons),
        *_obstacles.protected(actions, situation.protection),
        *_obstacles.mismatched(situation, entries, actions),
        *(_obstacles.not_ready(situation, actions) if actions else ()),
        *_obstacles.untouchable(actions),
        *(_obstacles.new_breaches(situation, end, before) if actions else ()),
    )
    drift = [_drift(action, problems) for action in actions if not _only_wished(action)]
    return Plan(tuple(actions), problems, (*drift, *_broken(before)), end)


def _settled(situation: Situation, entries: c.Sequence[Entry], wanted: c.Sequence[Wanted]) -> bool:
    """Whether nothing is to be done, as is plain without a look at what needs what: most hosts of a fleet, most days.

    It holds only where nothing is broken, so that all that is needed is there.
    """
    if situation.declaration.exact or situation.declaration.constraints:
        return False
    if any(entry.state not in (PRESENT, ABSENT) or entry.extras for entry in entries):
        return False
    there = situation.installed
    if any(package.damage for package in there.values()):
        return False
    unwanted = (each for each in entries if each.state == ABSENT and each.name in there)
    return not any(there[each.name].satisfies(each.specifier) for each in unwanted) and all(
        each.name in there and each.allows(there[each.name]) for each in wanted
    )


def _entries(situation: Situation) -> tuple[list[Entry], list[Problem]]:
    """The entries that hold for this runtime; instances that share it must not disagree."""
    meant = situation.declaration.meant(situation.instances, situation.target.environment)
    kept: dict[str, Entry] = {}
    problems = []
    for entry in meant:
        other = kept.setdefault(entry.name, entry)
        if other is not entry and _says(other) != _says(entry):
            advice = "declare the same for all instances that share it"
            detail = f"{other.where} and {entry.where} disagree on {entry.name} for one runtime; {advice}"
            problems.append(Problem("disagreement", entry.name, detail))
    return list(kept.values()), problems


def _says(entry: Entry) -> tuple[object, ...]:
    return entry.state, entry.specifier, entry.extras, entry.source and entry.source.file_name


def _wanted(entry: Entry) -> Wanted:
    file_name = entry.source.file_name if entry.source else None
    return Wanted(entry.name, entry.specifier, entry.extras, entry.state == LATEST, entry.where, entry.wish, file_name)


def _end_laid_down(
    situation: Situation,
    entries: c.Sequence[Entry],
    wanted: tuple[Wanted, ...],
    absent: c.Mapping[str, SpecifierSet],
    before: c.Sequence[Breach],
) -> dict[str, Package]:
    """The packages afterwards. What is laid down again needs what its wheel needs, not what an earlier wheel did."""
    laid: dict[str, Package] = {}
    for _round in range(ROUNDS):
        end = _end_with(situation, entries, laid, wanted, absent, before)
        again = _again(situation, entries, end, wanted)
        if laid.keys() <= again.keys() and all(each.needs == end[name].needs for name, each in again.items()):
            break
        laid = again
    return {**end, **again}


def _end_with(
    situation: Situation,
    entries: c.Sequence[Entry],
    laid: c.Mapping[str, Package],
    wanted: tuple[Wanted, ...],
    absent: c.Mapping[str, SpecifierSet],
    before: c.Sequence[Breach],
) -> Packages:
    installed = {**situation.installed, **laid}
    try:
        return _end(situation, installed, laid.keys(), wanted, absent, before)
    except Unsatisfiable:
        # What is only damaged may become another version; what is declared reinstalled may not.
        wished = laid.keys() & _reinstalled(entries)
        if wished == laid.keys():
            raise
        return _end(situation, installed, wished, wanted, absent, before)


def _end(
    situation: Situation,
    installed: Packages,
    held: c.Iterable[str],
    wanted: tuple[Wanted, ...],
    absent: c.Mapping[str, SpecifierSet],
    before: c.Sequence[Breach],
) -> Packages:
    """The packages afterwards. Nothing is resolved where what is installed satisfies already."""
    limits = _limits(situation)
    for name in held:
        limits[name] = limits.get(name, SpecifierSet()) & SpecifierSet(f"=={installed[name].raw}")
    remaining = {
        name: package
        for name, package in installed.items()
        if name not in absent or not package.satisfies(absent[name])
    }
    keep = _kept(situation, remaining)
    reached = None if any(each.latest for each in wanted) else _reached(wanted, remaining, situation.target)
    question = Question(
        wanted=wanted,
        installed=remaining,
        keep=keep,
        absent=absent,
        limits=limits,
        target=situation.target,
        candidates=situation.candidates,
        broken=tuple(before),
    )
    if reached is not None and all(question.within_limits(remaining[name]) for name in reached):
        return {name: package for name, package in remaining.items() if name in reached or name in keep}
    straight = _straight(situation, question)
    return straight if straight is not None else _used(situation, wanted, _resolve.resolve(question))


def _straight(situation: Situation, question: Question) -> Packages | None:
    """The packages afterwards where nothing but what is wanted must change."""
    tried = _resolve.straight(question)
    reached = None if tried is None else _reached(question.wanted, tried, situation.target)
    if tried is None or reached is None or not all(question.within_limits(tried[name]) for name in reached):
        return None
    end = _used(situation, question.wanted, tried)
    broken = _packages.breached(situation.installed, question.broken, end, situation.target.environment)
    return None if any(broken) else end


def _used(situation: Situation, wanted: c.Sequence[Wanted], end: Packages) -> Packages:
    """Without what was kept for the needs of a package that changes, and may not be needed any more."""
    used = {*(_reached(wanted, end, situation.target) or ()), *_kept(situation, end)}
    return {name: package for name, package in end.items() if name in used}


def _kept(situation: Situation, packages: Packages) -> frozenset[str]:
    """What stays although nobody declares it; in mode exact that is what is protected, with all that it needs."""
    if not situation.declaration.exact:
        return frozenset(packages)
    kept: set[str] = set()
    found = [name for name in packages if situation.protection.kept(name)]
    while found:
        name = found.pop()
        if name in packages and name not in kept:
            kept.add(name)
            found += [need.name for need in packages[name].needed(situation.target.environment)]
    return frozenset(kept)


def _limits(situation: Situation) -> dict[str, SpecifierSet]:
    """What the constraints leave of the versions of a package."""
    limits: dict[str, SpecifierSet] = {}
    for each in situation.declaration.constraints:
        if each.applies(situation.target.environment):
            limits[each.name] = limits.get(each.name, SpecifierSet()) & each.specifier
    return limits


def _reached(wanted: c.Iterable[Wanted], packages: Packages, target: Target) -> Reached | None:
    """What is wanted and everything that this needs, with the reason; None where something of it is not met."""
    reached: dict[str, str] = {}
    seen: set[tuple[str, str]] = set()
    asked = [(each.name, extra, each.wish) for each in wanted for extra in ("", *sorted(each.extras))]
    if not all(each.name in packages and each.allows(packages[each.name]) for each in wanted):
        return None
    while asked:
        name, extra, reason = asked.pop(0)
        if (name, extra) in seen:
            continue
        seen.add((name, extra))
        package = packages[name]
        reached.setdefault(name, reason)
        for need in package.needed(target.environment, extra):
            other = packages.get(need.name)
            if other is None or not other.meets(need):
                return None
            why = f"required by {package.title} {package.raw} ({need.short})"
            asked += [(need.name, each, why) for each in ("", *sorted(need.extras))]
    return reached


def _again(
    situation: Situation, entries: c.Sequence[Entry], end: Packages, wanted: tuple[Wanted, ...]
) -> dict[str, Package]:
    """What is laid down again in its version, because it is damaged or because it is declared so."""
    wished = _reinstalled(entries)
    there = situation.installed
    due = [name for name in end if name in there and (there[name].damage or name in wished)]
    reached = (_reached(wanted, end, situation.target) or {}) if due else {}
    again: dict[str, Package] = {}
    for name in due:
        wheels = _resolve.usable(situation.candidates, situation.target, name) if name in reached else []
        same = [_packages.from_wheel(wheel) for wheel in wheels if wheel.version == there[name].version]
        named = [each for each in same if all(wish.allows(each) for wish in wanted if wish.name == name)]
        if named and end[name].version == there[name].version:
            again[name] = named[0]
    return again


def _reinstalled(entries: c.Iterable[Entry]) -> frozenset[str]:
    return frozenset(entry.name for entry in entries if entry.state == REINSTALLED)


def _actions(situation: Situation, end: Packages, reached: Reached) -> c.Iterator[Action]:
    for name in sorted({*situation.installed, *end}):
        before, after = situation.installed.get(name), end.get(name)
        if after is None and before is not None:
            yield Action(REMOVE, name, before, None, _why_removed(situation, name))
        elif after is not None and after.wheel is not None:
            kind = _kind(before, after)
            yield Action(kind, name, before, after, _why(kind, before, after, reached))


def _kind(before: Package | None, after: Package) -> str:
    if before is None:
        return INSTALL
    if before.raw == after.raw or before.version == after.version:
        return REINSTALL
    if before.version is not None and after.version is not None and after.version < before.version:
        return DOWNGRADE
    return UPGRADE


def _why(kind: str, before: Package | None, after: Package, reached: Reached) -> str:
    reason = reached.get(after.name, "needed")
    if before is None:
        return f"{reason}, not installed"
    if kind == REINSTALL:
        return f"{reason}, damaged: {before.damage_in_words}" if before.damage else f"{reason}, to be reinstalled"
    return f"{reason}, installed {before.raw}"


def _why_removed(situation: Situation, name: str) -> str:
    for entry in situation.declaration.entries:
        if entry.name == name and entry.state == ABSENT:
            return f"declared absent{f' in {entry.specifier}' if entry.specifier else ''}{entry.by}"
    return "mode exact: neither declared, nor needed, nor there from the beginning"


def _ordered(actions: c.Iterable[Action], end: Packages, target: Target) -> list[Action]:
    """Removals first, then what others need before what needs it."""
    by_name = {action.package: action for action in actions}
    ordered = [action for action in by_name.values() if action.kind == REMOVE]
    placed: set[str] = set()

    def place(name: str) -> None:
        if name in placed or name not in end:
            return
        placed.add(name)
        for need in end[name].needed(target.environment):
            place(need.name)
        if name in by_name:
            ordered.append(by_name[name])

    for name in by_name:
        place(name)
    return ordered


def _only_wished(action: Action) -> bool:
    """Whether a package is laid down again although nothing is wrong with it, which is no drift."""
    return action.kind == REINSTALL and action.before is not None and action.before.damage is None


def _drift(action: Action, problems: c.Sequence[Problem]) -> Drift:
    have = action.before.raw if action.before else None
    want = action.after.raw if action.after else None
    kinds = {INSTALL: "missing", REMOVE: "extra", REINSTALL: "tampered"}
    forbidden = any(problem.kind == "protected" and problem.package == action.package for problem in problems)
    kind = "protected" if forbidden else kinds.get(action.kind, "version")
    return Drift(action.package, kind, have, want, action.reason)


def _damaged(installed: Packages) -> c.Iterator[Drift]:
    for name, package in installed.items():
        if package.damage:
            yield Drift(name, "tampered", package.raw, package.raw, f"damaged: {package.damage_in_words}")


def _broken(before: c.Sequence[Breach]) -> c.Iterator[Drift]:
    for breach in sorted(before, key=operator.attrgetter("key")):
        yield Drift(breach.package.name, "broken", breach.package.raw, None, breach.sentence())


def _wanted_drift(wanted: c.Iterable[Wanted], installed: Packages) -> c.Iterator[Drift]:
    for each in wanted:
        there = installed.get(each.name)
        if there is None or not each.allows(there):
            kind = "version" if there else "missing"
            yield Drift(each.name, kind, there.raw if there else None, str(each.specifier) or None, each.wish)
