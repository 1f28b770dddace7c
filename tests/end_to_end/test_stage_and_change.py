# Copyright (c) 2026 the mlfleet authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""python_packages and the store: large wheels go through it, small ones come with the change."""

from __future__ import annotations

import pathlib
import typing as t

import pytest

from end_to_end.conftest import DEFAULT_HOME, ChangeableSite
from testbed import ad_hoc
from testbed.wheels import Wheel
from testbed.winrm import faults

STORE = r"C:\ProgramData\mlfleet\store"
STAGE = "mlfleet.packages.stage"
KNOWN = {"mlfleet_interpreter": DEFAULT_HOME + r"\python.exe"}
COMMAND_BYTES = 70_000


def wheel(name: str, size: int = 2_500_000) -> Wheel:
    return Wheel(name, modules={f"{name}.py": "", f"{name}_data/data.txt": f"{name:<63}\n" * (size // 64)})


@pytest.fixture
def house(tmp_path: pathlib.Path) -> pathlib.Path:
    wheel("large").write(tmp_path / "wheelhouse")
    wheel("small", 1000).write(tmp_path / "wheelhouse")
    return tmp_path / "wheelhouse"


def change(site: ChangeableSite, house: pathlib.Path, *packages: str, **options: t.Any) -> ad_hoc.HostResult:
    wanted = {"instances": ["all"], "wheelhouse": str(house), "packages": list(packages), **options}
    return site.run(wanted, **KNOWN).only()


def travelled(site: ChangeableSite) -> tuple[int, int]:
    """Commands so far, and the bytes of their input."""
    log = site.endpoint.log("sql7")
    return sum(each.action == "Command" for each in log), sum(each.stdin_bytes for each in log)


def test_small_wheels_come_with_the_change(changeable_site: ChangeableSite, house: pathlib.Path) -> None:
    changeable_site.serve()
    assert change(changeable_site, house, "small").status == "CHANGED"
    assert travelled(changeable_site)[0] == 2
    assert not changeable_site.host.place(STORE).exists()


def test_a_large_wheel_travels_once_for_all_runtimes(changeable_site: ChangeableSite, house: pathlib.Path) -> None:
    changeable_site.serve()
    assert change(changeable_site, house, "large", instances=["MSSQLSERVER"]).status == "CHANGED"
    commands, size = travelled(changeable_site)
    assert (commands, size > 2_500_000) == (4, True)
    assert change(changeable_site, house, "large").status == "CHANGED"
    later_commands, later_size = travelled(changeable_site)
    assert later_commands - commands == 3
    assert later_size - size < 3 * COMMAND_BYTES
    assert all(runtime.installed()["large"] == "1.0" for runtime in changeable_site.runtimes.values())
    changeable_site.assert_clean()


def test_what_was_staged_ahead_does_not_travel_again(changeable_site: ChangeableSite, house: pathlib.Path) -> None:
    changeable_site.serve()
    staged = changeable_site.run({"wheelhouse": str(house)}, module=STAGE, **KNOWN).only()
    assert {each["status"] for each in staged.result["wheels"]} == {"sent"}
    commands, size = travelled(changeable_site)
    assert change(changeable_site, house, "large", "small").status == "CHANGED"
    assert travelled(changeable_site)[0] - commands == 3
    assert travelled(changeable_site)[1] - size < 3 * COMMAND_BYTES
    assert changeable_site.default.installed()["small"] == "1.0"


def test_a_check_brings_nothing_to_the_host(changeable_site: ChangeableSite, house: pathlib.Path) -> None:
    changeable_site.serve()
    options = {"instances": ["all"], "wheelhouse": str(house), "packages": ["large"]}
    assert changeable_site.run(options, "--check", **KNOWN).only().status == "CHANGED"
    assert travelled(changeable_site)[0] == 1
    assert not changeable_site.host.place(STORE).exists()


def test_a_connection_lost_while_staging_leaves_the_runtimes_alone(
    changeable_site: ChangeableSite, house: pathlib.Path
) -> None:
    changeable_site.serve()
    before = changeable_site.default.tree()
    changeable_site.endpoint.inject("sql7", faults.Fault(faults.Effect.DROP_REQUEST, action="Send", first=2 + 4))
    assert change(changeable_site, house, "large").status == "UNREACHABLE!"
    assert changeable_site.default.tree() == before
    _commands, size = travelled(changeable_site)
    assert change(changeable_site, house, "large").status == "CHANGED"
    assert travelled(changeable_site)[1] - size < 2_500_000 - 2 * 350_000 + 4 * COMMAND_BYTES


def test_a_wheel_damaged_in_the_store_is_not_installed(changeable_site: ChangeableSite, house: pathlib.Path) -> None:
    changeable_site.serve()
    changeable_site.run({"wheelhouse": str(house)}, module=STAGE, **KNOWN)
    (path,) = changeable_site.host.place(STORE).rglob("large-*.whl")
    content = path.read_bytes()
    path.write_bytes(content.replace(b"large  ", b"LARGE  "))
    assert change(changeable_site, house, "large").status == "CHANGED"
    assert path.read_bytes() == content
    assert "LARGE" not in (changeable_site.default.site_packages / "large_data" / "data.txt").read_text()
