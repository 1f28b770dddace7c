# Copyright (c) 2026 the mlfleet authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This file is private to mlfleet.packages: it may change in any release.
"""The way into resolvelib, pip's own resolver library, for whoever has to choose releases."""

from __future__ import annotations

import collections.abc as c
import typing as t

import resolvelib

MAX_ROUNDS = 20_000

Ask = t.TypeVar("Ask")
Choice = t.TypeVar("Choice")


class Unsatisfiable(Exception):
    """There is no set of releases that does what is wanted; one sentence for each cause."""

    def __init__(self, causes: c.Iterable[str]) -> None:
        self.causes = tuple(dict.fromkeys(causes))
        super().__init__("; ".join(self.causes))


def solve(provider: t.Any, asks: c.Sequence[Ask], explain: c.Callable[[Ask, Choice | None], str]) -> list[Choice]:
    """What a provider of resolvelib chooses for what is asked. explain: a demand that failed, and whose it is."""
    try:
        resolvelib.Resolver(provider, _Reporter()).resolve(asks, max_rounds=MAX_ROUNDS)
        raise RuntimeError("the resolver ended without saying so")
    except _Ended as ended:
        return _reached(provider, asks, ended.mapping)
    except resolvelib.ResolutionImpossible as impossible:
        raise Unsatisfiable(explain(each.requirement, each.parent) for each in impossible.causes) from None
    except resolvelib.ResolutionTooDeep:
        raise Unsatisfiable(["the requirements are too entangled to be resolved; declare exact versions"]) from None


class _Ended(Exception):
    """The resolver has an answer."""

    def __init__(self, mapping: c.Mapping[t.Any, t.Any]) -> None:
        super().__init__()
        self.mapping = mapping


class _Reporter(resolvelib.BaseReporter):  # type: ignore[type-arg]  # subscriptable at run time only from 1.1 on
    """Takes the answer before resolvelib looks for what is reached.

    Its search never ends in a circle of packages that backtracking has left behind (1.2.1, _has_route_to_root).
    """

    def ending(self, state: t.Any) -> None:
        raise _Ended(dict(state.mapping))


def _reached(provider: t.Any, asks: c.Iterable[t.Any], mapping: c.Mapping[t.Any, t.Any]) -> list[t.Any]:
    """What somebody asks for. Backtracking leaves choices behind that nobody asks for any more."""
    open_asks = list(asks)
    found: dict[t.Any, t.Any] = {}
    while open_asks:
        identifier = provider.identify(open_asks.pop())
        if identifier not in found:
            found[identifier] = mapping[identifier]
            open_asks += provider.get_dependencies(found[identifier])
    return list(found.values())
