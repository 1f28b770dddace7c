# Copyright (c) 2026 the mlfleet authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This file is private to mlfleet.packages: it may change in any release.
"""What forbids a plan: found before anything is written, and told in check mode with the same words."""

from __future__ import annotations

import collections.abc as c

from ansible_collections.mlfleet.packages.plugins.plugin_utils import _packages
from ansible_collections.mlfleet.packages.plugins.plugin_utils._declaration import Entry
from ansible_collections.mlfleet.packages.plugins.plugin_utils._packages import Breach, Packages
from ansible_collections.mlfleet.packages.plugins.plugin_utils._plan_parts import (
    NO_WHEEL,
    Action,
    Problem,
    Reached,
    Situation,
)
from ansible_collections.mlfleet.packages.plugins.plugin_utils._protection import Protection
from ansible_collections.mlfleet.packages.plugins.plugin_utils._resolve import Wanted


def without_wheel(
    situation: Situation, wanted: c.Iterable[Wanted], wished: c.Container[str], end: Packages, reached: Reached
) -> c.Iterator[Problem]:
    named = {each.name: each for each in wanted if each.file_name}
    for name in reached:
        package = end[name]
        if package.wheel is not None:
            continue
        if package.damage or name in wished:
            why = f"is damaged ({package.damage_in_words})" if package.damage else "is declared reinstalled"
            target = situation.target.description
            where = f"{situation.candidates.description} has no wheel of this version for {target}; add one"
            if name in named:
                file, place = named[name].file_name, named[name].where
                where = f"{file}, which {place} names for it, is none of this version for {target}; name another"
            detail = f"{package.title} {package.raw} {why}, and {where}"
            yield Problem(NO_WHEEL, name, detail)


def protected(actions: c.Sequence[Action], protection: Protection) -> c.Iterator[Problem]:
    for action in actions:
        reason = protection.reason(action.package) if action.before is not None else None
        if action.before is not None and reason is not None:
            to = action.after.raw if action.after else "nothing"
            detail = (
                f"{action.before.title} would go from {action.before.raw} to {to} ({action.reason}), "
                f"and it is protected: {reason}; change the declaration, or name it in allow_protected"
            )
            yield Problem("protected", action.package, detail)


def untouchable(actions: c.Sequence[Action]) -> c.Iterator[Problem]:
    for action in actions:
        package = action.before
        if package is None:
            continue
        if package.duplicate:
            advice = "remove one of the records by hand first"
            detail = f"{package.title} is recorded twice, so that nobody knows which files are in use; {advice}"
            yield Problem("duplicate", action.package, detail)
        elif package.unrecorded:
            record = package.distribution.record if package.distribution else "unknown"
            advice = "remove it by the tool that installed it, or declare the installed version"
            without = f"was installed without a list of its files ({record}), so that it cannot be replaced cleanly"
            detail = f"{package.title} {package.raw} {without}; {advice}"
            yield Problem("unrecorded", action.package, detail)


def mismatched(situation: Situation, entries: c.Sequence[Entry], actions: c.Sequence[Action]) -> c.Iterator[Problem]:
    """Wheels that are not the ones that a hash was declared or locked for."""
    limits = (each for each in situation.declaration.constraints if each.applies(situation.target.environment))
    stated = [(each.name, each.hashes) for each in (*entries, *limits)]
    for action in actions:
        wheel = action.after.wheel if action.after else None
        if wheel is None:
            continue
        demands = [wheel.allowed, *(hashes for name, hashes in stated if name == action.package)]
        if not all(situation.candidates.digest(wheel) in hashes for hashes in demands if hashes):
            advice = "get the right file, or find out who changed it"
            detail = f"{wheel.file_name} has another sha256 than the declared one; {advice}"
            yield Problem("hash", action.package, detail)


def not_ready(situation: Situation, actions: c.Sequence[Action]) -> c.Iterator[Problem]:
    """What is in the way of any change of this runtime."""
    ready = situation.readiness
    if "pip" not in situation.installed:
        yield Problem("no-pip", None, "the runtime has no pip, which does the changes; install one by hand first")
    if ready is None:
        return
    if not ready.writable:
        advice = "log on as an account that may, such as an administrator"
        yield Problem("not-writable", None, f"{ready.site_packages} cannot be written to by this account; {advice}")
    if ready.interrupted:
        detail = (
            f"an earlier change of this runtime was interrupted, and left what it had set aside in {ready.interrupted}"
        )
        yield Problem("interrupted", None, f"{detail}; put that back by hand, then remove the folder")
    wheels = [action.after.wheel for action in actions if action.after and action.after.wheel]
    needed = sum(wheel.size + wheel.unpacked for wheel in wheels)
    if ready.free_bytes is not None and needed > ready.free_bytes:
        detail = f"the change needs {needed:,} bytes, and the volume of {ready.site_packages} has {ready.free_bytes:,}"
        yield Problem("space", None, f"{detail}; make room there first")


def new_breaches(situation: Situation, end: Packages, before: c.Iterable[Breach]) -> c.Iterator[Problem]:
    for breach in _packages.breached(situation.installed, before, end, situation.target.environment):
        have = breach.have or "nothing"
        needs = f"{breach.package.title} {breach.package.raw} needs {breach.need.short} and would find {have}"
        detail = f"{needs}; declare another version of one of the two"
        yield Problem("breaks", breach.package.name, detail)
