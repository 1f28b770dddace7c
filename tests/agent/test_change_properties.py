# Copyright (c) 2026 the mlfleet authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What holds for the change of any runtime, carried out for real; pip check and importlib.metadata are the judges."""

from __future__ import annotations

import collections
import collections.abc as c
import dataclasses
import json
import pathlib
import re
import shutil
import tempfile
import typing as t

import pytest
from hypothesis import HealthCheck, Phase, example, given, settings
from hypothesis import strategies as st

from testbed import changeable, interpreters, local_host
from testbed.changeable import ChangeableRuntime
from testbed.virtual_environments import Recipe
from testbed.wheels import Wheel

NAMES = ("alpha", "beta", "gamma", "delta")
SPECIFIERS = ("", "==1.0", ">=2", "<3", "<2", "!=2.0")
EXAMPLES = 40

needs = st.builds("{}{}".format, st.sampled_from(NAMES), st.sampled_from(SPECIFIERS))
wheels = st.builds(
    lambda name, version, requires: Wheel(name, version, requires=tuple(requires)),
    st.sampled_from(NAMES),
    st.sampled_from(("1.0", "2.0", "3.0")),
    st.lists(needs, max_size=2, unique=True),
)
installed = st.lists(wheels, max_size=4).map(lambda found: list({wheel.name: wheel for wheel in found}.values()))
offered = st.lists(wheels, min_size=3, max_size=9)
states = st.sampled_from(("present", "present", "absent", "latest", "reinstalled"))
declarations = st.dictionaries(
    st.sampled_from(NAMES), st.tuples(st.sampled_from(SPECIFIERS), states), min_size=1, max_size=3
)


@pytest.fixture(scope="module")
def runtime() -> c.Iterator[ChangeableRuntime]:
    found = interpreters.find_first([(3, 11), (3, 12), (3, 13), (3, 10)])
    if found is None:
        pytest.skip("needs a CPython with venv")
    with tempfile.TemporaryDirectory() as folder:
        yield changeable.fresh(pathlib.Path(folder) / "runtime", Recipe(found))


class Emptied:
    """Takes everything out of the runtime again that was not in it at first."""

    def __init__(self, runtime: ChangeableRuntime) -> None:
        self._runtime = runtime
        self._at_first = {path.name for path in runtime.site_packages.iterdir()}

    def __enter__(self) -> None:
        for path in self._runtime.site_packages.iterdir():
            if path.name not in self._at_first:
                shutil.rmtree(path) if path.is_dir() else path.unlink()
        for path in self._runtime.site_packages.glob("__pycache__/*"):
            path.unlink()
        shutil.rmtree(self._runtime.prefix / ".mlfleet", ignore_errors=True)

    def __exit__(self, *_error: object) -> None:
        return None


@dataclasses.dataclass(frozen=True)
class Situation:
    """What is installed, offered, declared and protected, in which mode."""

    installed: list[Wheel]
    offered: list[Wheel]
    declared: dict[str, tuple[str, str]]
    protected: list[str]
    mode: str


situations = st.builds(
    Situation,
    installed,
    offered,
    declarations,
    st.lists(st.sampled_from(NAMES), max_size=1),
    st.sampled_from(("present", "exact")),
)
# Of 40 made up at random, too few want to change what is protected.
PROTECTED_AND_OUTDATED = Situation(
    installed=[Wheel("alpha", "1.0")],
    offered=[Wheel("alpha", "2.0")],
    declared={"alpha": (">=2", "present")},
    protected=["alpha"],
    mode="present",
)
# What breaks the requirement of gamma is another version afterwards, so that pip says it in other words.
BROKEN_BEFORE_AND_AFTER = Situation(
    installed=[Wheel("alpha", "3.0", requires=("delta",)), Wheel("gamma", "1.0", requires=("alpha==1.0",))],
    offered=[Wheel("alpha", "2.0")],
    declared={"alpha": (">=2", "present")},
    protected=[],
    mode="present",
)
PHASES = [Phase.explicit, Phase.generate]


@pytest.mark.slow
def test_any_change_keeps_its_promises(runtime: ChangeableRuntime) -> None:
    emptied = Emptied(runtime)

    # Without shrinking: it would change the runtime hundreds of times.
    @settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck), phases=PHASES)
    @given(situations)
    @example(PROTECTED_AND_OUTDATED)
    @example(BROKEN_BEFORE_AND_AFTER)
    def holds(situation: Situation) -> None:
        with emptied, tempfile.TemporaryDirectory() as folder:
            keeps_its_promises(runtime, pathlib.Path(folder), situation)

    holds()


def keeps_its_promises(runtime: ChangeableRuntime, folder: pathlib.Path, situation: Situation) -> None:
    baseline = set_up(runtime, situation)
    task = task_of(situation, folder / "wheelhouse")
    tree, there, broken = runtime.tree(), runtime.installed(), runtime.pip_check()
    checked = local_host.converge(runtime.python, folder, check=True, **task)
    assert runtime.tree() == tree
    real = local_host.converge(runtime.python, folder, **task)
    assert outcome(real) == outcome(checked)
    if real.get("failed"):
        assert real["runtimes"][0]["status"] == "refused"
        assert runtime.tree() == tree
        return
    assert runtime.installed() == after(there, real["runtimes"][0]["plan"])
    assert of(baseline & set(there), runtime.installed()) == of(baseline, there)
    assert newly_broken(broken, runtime.pip_check()) == []
    again = local_host.converge(runtime.python, folder, check=True, **task)
    assert kinds_of_action(again) <= ({"reinstall"} if wishes_reinstalled(situation, runtime) else set())


def set_up(runtime: ChangeableRuntime, situation: Situation) -> set[str]:
    """Lays down what is installed; the baseline, which is what the runtime came with and what is protected."""
    baseline = {*runtime.installed(), *situation.protected}
    runtime.lay_many(situation.installed)
    (runtime.prefix / ".mlfleet").mkdir()
    (runtime.prefix / ".mlfleet" / "baseline.json").write_text(json.dumps(sorted(baseline)))
    return baseline


def task_of(situation: Situation, wheelhouse: pathlib.Path) -> dict[str, t.Any]:
    for wheel in situation.offered:
        wheel.write(wheelhouse)
    declared = situation.declared.items()
    return {
        "wheelhouse": str(wheelhouse),
        "packages": [{"name": name, "version": version, "state": state} for name, (version, state) in declared],
        "mode": situation.mode,
    }


def outcome(result: dict[str, t.Any]) -> tuple[t.Any, ...]:
    """What a check says already, and in the same words."""
    (runtime,) = result["runtimes"]
    return runtime["plan"], runtime["problems"], result.get("msg")


def after(there: dict[str, str], plan: list[dict[str, t.Any]]) -> dict[str, str]:
    """What a plan leaves, each action of which must know what it finds."""
    expected = dict(there)
    for action in plan:
        assert expected.pop(action["package"], None) == action["from"]
        expected |= {action["package"]: action["to"]} if action["to"] else {}
    return expected


NOT_INSTALLED = re.compile(r"(\S+ \S+) requires (\S+), which is not installed\.")
OTHER_VERSION = re.compile(r"(\S+ \S+) has requirement (.+), but you have (\S+) \S+\.")


def newly_broken(before: list[str], now: list[str]) -> list[str]:
    """Complaints of `pip check` about requirements that were met before, whatever fails to meet the others."""
    missing = collections.Counter(found.groups() for line in before if (found := NOT_INSTALLED.fullmatch(line)))
    others = [found.groups() for line in before if (found := OTHER_VERSION.fullmatch(line))]
    assert missing.total() + len(others) == len(before)
    wrong = {(requirer, requirement) for requirer, requirement, _name in others}
    # Of what is not installed, pip tells one line for each requirement, but only the name.
    unmet = missing + collections.Counter((requirer, name) for requirer, _requirement, name in others)
    return [line for line in now if not (_was_wrong(line, wrong, missing) or _was_unmet(line, now, unmet))]


def _was_wrong(line: str, wrong: set[tuple[str, str]], missing: t.Mapping[tuple[str, ...], int]) -> bool:
    found = OTHER_VERSION.fullmatch(line)
    return found is not None and (found.group(1, 2) in wrong or missing[found.group(1, 3)] > 0)


def _was_unmet(line: str, now: list[str], unmet: t.Mapping[tuple[str, ...], int]) -> bool:
    found = NOT_INSTALLED.fullmatch(line)
    return found is not None and now.count(line) <= unmet[found.group(1, 2)]


@pytest.mark.parametrize(
    ("before", "now", "newly"),
    [
        (["a 1 requires b, which is not installed."], ["a 1 has requirement b<2, but you have b 2."], False),
        (["a 1 has requirement b<2, but you have b 2."], ["a 1 has requirement b<2, but you have b 3."], False),
        (["a 1 has requirement b<2, but you have b 2."], ["a 1 requires b, which is not installed."], False),
        (["a 1 has requirement b<2, but you have b 2."], ["a 1 requires b, which is not installed."] * 2, True),
        (["a 1 has requirement b<2, but you have b 2."], ["a 1 has requirement b>=2, but you have b 1."], True),
        (["a 1 requires b, which is not installed."], ["a 2 requires b, which is not installed."], True),
        ([], ["a 1 requires b, which is not installed."], True),
    ],
)
def test_what_is_newly_broken(before: list[str], now: list[str], newly: bool) -> None:
    assert newly_broken(before, now) == (now if newly else [])


def of(names: set[str], versions: dict[str, str]) -> dict[str, str]:
    return {name: version for name, version in versions.items() if name in names}


def kinds_of_action(result: dict[str, t.Any]) -> set[str]:
    return {action["action"] for action in result["runtimes"][0]["plan"]}


def wishes_reinstalled(situation: Situation, runtime: ChangeableRuntime) -> bool:
    wished = {name for name, (_version, state) in situation.declared.items() if state == "reinstalled"}
    return bool(wished & set(runtime.installed()))
