# Copyright (c) 2026 the mlfleet authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The site that other tests change: what is done to one of its runtimes shows there, and nowhere else."""

from __future__ import annotations

import pathlib

from end_to_end.conftest import DEFAULT_HOME, NAMED_HOME, ChangeableSite
from testbed import ad_hoc
from testbed.wheels import Wheel


def observed(site: ChangeableSite) -> dict[str, dict[str, str]]:
    """Home to what instance_info finds there."""
    result = site.run({"packages": True}, module=ad_hoc.MODULE).only().result
    return {
        runtime["home"]: {each["name"]: each["version"] for each in runtime["snapshot"]["distributions"]}
        for runtime in result["runtimes"]
    }


def test_each_instance_has_packages_of_its_own(changeable_site: ChangeableSite) -> None:
    changeable_site.default.lay(Wheel("demo", "1.2"))
    changeable_site.named.lay(Wheel("demo", "1.3"))
    changeable_site.serve()
    assert observed(changeable_site) == {
        DEFAULT_HOME: changeable_site.default.installed(),
        NAMED_HOME: changeable_site.named.installed(),
    }
    assert changeable_site.default.installed()["demo"] == "1.2"
    changeable_site.assert_clean()


def test_the_pip_of_a_home_changes_its_runtime_only(changeable_site: ChangeableSite, tmp_path: pathlib.Path) -> None:
    wheel = Wheel("demo", "2.0").write(tmp_path)
    untouched = changeable_site.default.tree()
    line = rf'"{NAMED_HOME}\python.exe" -I -m pip --isolated install --no-index --no-deps "{wheel}"'
    process = changeable_site.host.start(line, {})
    process.stdin.close()
    with process.stdout, process.stderr:
        said = process.stdout.read()
    assert (process.wait(), b"Successfully installed demo-2.0" in said) == (0, True)
    assert changeable_site.named.installed()["demo"] == "2.0"
    assert changeable_site.default.tree() == untouched
