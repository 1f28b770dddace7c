# Copyright (c) 2026 the mlfleet authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Twelve ordinary situations over WinRM: check mode says what the real run then does.

In eleven of them the check mode of ansible.builtin.pip was measured to say something else than its real run did.
"""

from __future__ import annotations

import collections.abc as c
import dataclasses
import pathlib
import typing as t

import pytest

from end_to_end.conftest import ChangeableSite
from testbed import ad_hoc
from testbed.wheels import Wheel

A1, A2 = (Wheel("demo-a", version, requires=("demo-b>=1",), extras={"x": ("demo-x",)}) for version in ("1.0", "2.0"))
B1, B2 = Wheel("demo-b", "1.0"), Wheel("demo-b", "2.0")
X1 = Wheel("demo-x", "1.0")
KEPT = Wheel("kept", requires=("demo-a>=2",))
FRIEND, FOE = Wheel("friend", requires=("demo-b<2",)), Wheel("foe", requires=("demo-b>=2",))
OFFERED = (A1, A2, B1, B2, X1, Wheel("demo-c"), FRIEND, FOE)

REFUSED = "refused"


@dataclasses.dataclass(frozen=True)
class Situation:
    """What is installed, what is declared, and what must come of it."""

    name: str
    installed: tuple[Wheel, ...]
    options: c.Mapping[str, t.Any]
    plan: tuple[str, ...] = ()
    refusal: str = ""

    def __str__(self) -> str:
        return self.name


SITUATIONS = (
    Situation("1 satisfied", (A1, B1), {"packages": ["demo-a"], "verify_imports": ["none"]}),
    Situation("2 satisfied requirements file", (A1, B1), {"requirements": ["requirements.txt"]}),
    Situation("3 need of an extra missing", (A1, B1), {"packages": ["demo-a[x]"]}, ("install demo-x 1.0",)),
    Situation("4 need missing", (A1,), {"packages": ["demo-a"]}, ("install demo-b 2.0",)),
    Situation("5 marker does not hold", (), {"packages": ["demo-c; python_version < '3'"]}),
    Situation(
        "6 absent in another version", (A1, B1), {"packages": [{"name": "demo-a", "version": "9", "state": "absent"}]}
    ),
    Situation(
        "7 reinstalled",
        (A1, B1),
        {"packages": [{"name": "demo-a", "state": "reinstalled"}]},
        ("reinstall demo-a 1.0",),
    ),
    Situation("8 latest", (A2, B1), {"packages": [{"name": "demo-a", "state": "latest"}]}),
    Situation("9 version not available", (A1, B1), {"packages": ["demo-a==9"]}, refusal="wants demo-a==9"),
    Situation("10 conflict", (), {"packages": ["friend", "foe"]}, refusal="foe 1.0 needs demo-b>=2"),
    Situation(
        "11 downgrade that breaks another",
        (A2, B1, KEPT),
        {"packages": ["demo-a==1.0"]},
        ("downgrade demo-a 1.0",),
        refusal="kept 1.0 needs demo-a>=2 and would find 1.0",
    ),
    Situation("12 wheel file installed already", (A1, B1), {"packages": [A1.expected_file_name()]}),
)


@pytest.fixture
def files(tmp_path: pathlib.Path) -> pathlib.Path:
    """The wheelhouse and the requirements file of the controller."""
    for wheel in OFFERED:
        wheel.write(tmp_path / "wheelhouse")
    (tmp_path / "requirements.txt").write_text("demo-a==1.0  # pinned\n-c limits.txt\n")
    (tmp_path / "limits.txt").write_text("demo-b<2\n")
    return tmp_path


def with_paths(options: c.Mapping[str, t.Any], files: pathlib.Path) -> dict[str, t.Any]:
    found = {**options, "instances": ["MSSQLSERVER"], "wheelhouse": str(files / "wheelhouse")}
    if "requirements" in found:
        found["requirements"] = [str(files / each) for each in found["requirements"]]
    if found.get("packages") == [A1.expected_file_name()]:
        found["packages"] = [str(files / "wheelhouse" / A1.expected_file_name())]
    return found


def said(result: ad_hoc.HostResult) -> dict[str, t.Any]:
    """Whatever check and real run must agree on."""
    (runtime,) = result.result["runtimes"]
    return {
        "failed": result.status == "FAILED!",
        "changed": result.result["changed"],
        "msg": result.message,
        **{key: runtime[key] for key in ("changed", "plan", "drift", "problems")},
        "diff": result.result.get("diff"),
    }


@pytest.mark.parametrize("situation", SITUATIONS, ids=str)
def test_check_mode_says_what_the_real_run_does(
    changeable_site: ChangeableSite, files: pathlib.Path, situation: Situation
) -> None:
    runtime = changeable_site.default
    runtime.adopt()
    runtime.lay_many(situation.installed)
    changeable_site.serve()
    options = with_paths(situation.options, files)
    before, installed = runtime.tree(), runtime.installed()

    checked = changeable_site.run(options, "--check", "--diff").only()
    assert runtime.tree() == before
    real = changeable_site.run(options, "--diff").only()

    assert said(real) == said(checked)
    actions = [f"{each['action']} {each['package']} {each['to']}" for each in real.result["runtimes"][0]["plan"]]
    assert actions == list(situation.plan)
    assert (real.status == "FAILED!") == bool(situation.refusal)
    assert situation.refusal in real.message
    assert real.result["changed"] == bool(situation.plan and not situation.refusal)
    planned = dict(action.split()[1:] for action in situation.plan) if not situation.refusal else {}
    assert runtime.installed() == installed | planned
    if not real.result["changed"]:
        assert runtime.tree() == before
    assert changeable_site.default.pip_check() == [] or situation.refusal
    changeable_site.assert_clean()
