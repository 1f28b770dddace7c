# Copyright (c) 2026 the mlfleet authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What holds for the change of any runtime, carried out for real; pip check and importlib.metadata are the judges."""

from __future__ import annotations

import collections.abc as c
import json
import pathlib
import shutil
import tempfile
import typing as t

import pytest
from hypothesis import HealthCheck, Phase, given, settings
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


@pytest.mark.slow
def test_any_change_keeps_its_promises(runtime: ChangeableRuntime) -> None:
    emptied = Emptied(runtime)

    # Without shrinking: it would change the runtime hundreds of times.
    @settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck), phases=[Phase.generate])
    @given(
        installed,
        offered,
        declarations,
        st.lists(st.sampled_from(NAMES), max_size=1),
        st.sampled_from(("present", "exact")),
    )
    def holds(
        before: list[Wheel],
        choice: list[Wheel],
        declared: dict[str, tuple[str, str]],
        protected: list[str],
        mode: str,
    ) -> None:
        with emptied, tempfile.TemporaryDirectory() as folder:
            one_change(runtime, pathlib.Path(folder), before, choice, declared, protected, mode)

    holds()


def one_change(
    runtime: ChangeableRuntime,
    folder: pathlib.Path,
    before: list[Wheel],
    choice: list[Wheel],
    declared: dict[str, tuple[str, str]],
    protected: list[str],
    mode: str,
) -> None:
    baseline = [*runtime.installed(), *protected]
    runtime.lay_many(before)
    (runtime.prefix / ".mlfleet").mkdir()
    (runtime.prefix / ".mlfleet" / "baseline.json").write_text(json.dumps(baseline))
    for wheel in choice:
        wheel.write(folder / "wheelhouse")
    task: dict[str, t.Any] = {
        "wheelhouse": str(folder / "wheelhouse"),
        "packages": [{"name": name, "version": wish[0], "state": wish[1]} for name, wish in declared.items()],
        "mode": mode,
    }
    tree, there, broken = runtime.tree(), runtime.installed(), runtime.pip_check()

    checked = local_host.converge(runtime.python, folder, check=True, **task)
    assert runtime.tree() == tree
    real = local_host.converge(runtime.python, folder, **task)

    (plan,), (promised,) = real["runtimes"], checked["runtimes"]
    assert (plan["plan"], plan["problems"], real.get("msg")) == (
        promised["plan"],
        promised["problems"],
        checked.get("msg"),
    )
    if real.get("failed"):
        assert plan["status"] == "refused"
        assert runtime.tree() == tree
        return
    expected = dict(there)
    for action in plan["plan"]:
        assert expected.pop(action["package"], None) == action["from"]
        expected |= {action["package"]: action["to"]} if action["to"] else {}
    assert runtime.installed() == expected
    assert {name: expected.get(name) for name in baseline} == {name: there.get(name) for name in baseline} or set(
        protected
    ) - set(there)
    assert set(runtime.pip_check()) <= set(broken)
    again = local_host.converge(runtime.python, folder, check=True, **task)
    kinds = {action["action"] for action in again["runtimes"][0]["plan"]}
    assert kinds <= {"reinstall"}
    assert (
        bool(kinds) == any(state == "reinstalled" and name in expected for name, (_version, state) in declared.items())
        or not kinds
    )
