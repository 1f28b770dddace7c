# Copyright (c) 2026 the mlfleet authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Staging to a real Windows CPython under Wine: its paths, its file locks, its way to replace files."""

from __future__ import annotations

import hashlib
import pathlib
import typing as t

import pytest

from end_to_end.conftest import DEFAULT_HOME, WineSite
from testbed import ad_hoc
from testbed.wheels import Wheel
from testbed.winrm import faults

pytestmark = pytest.mark.wine
MODULE = "mlfleet.packages.stage"
STORE = r"C:\ProgramData\mlfleet\store"
# Beyond the 260 characters that Windows takes without a prefix. Wine takes more, so this shows that the prefix does
# no harm.
DEEP = "C:\\" + "\\".join(["a folder with a long name"] * 8)
MB = 1_000_000


class Served:
    """A Wine host that is served, and a wheelhouse of 65 MB."""

    def __init__(self, site: WineSite, house: pathlib.Path) -> None:
        self.house = house
        self.listening = site.serve()
        self.host = site.host
        self._site = site

    def stage(self, **variables: t.Any) -> ad_hoc.HostResult:
        known = {"mlfleet_interpreter": DEFAULT_HOME + r"\python.exe", **variables}
        return self._site.run({"wheelhouse": str(self.house)}, module=MODULE, **known).only()

    def visible(self, store: str) -> dict[str, str]:
        files = [path for path in self.host.place(store).rglob("*.whl") if path.is_file()]
        return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


@pytest.fixture
def served(wine_site: WineSite, tmp_path: pathlib.Path) -> Served:
    for name, size in (("large", 61 * MB), ("small", 4 * MB)):
        Wheel(name, modules={f"{name}.py": "", f"{name}.txt": f"{name:<63}\n" * (size // 64)}).write(tmp_path / "house")
    return Served(wine_site, tmp_path / "house")


def test_side_by_side_broken_off_and_gone_on_with(served: Served) -> None:
    expected = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in served.house.iterdir()}
    served.listening.inject("wine7", faults.Fault(faults.Effect.DROP_REQUEST, action="Send", first=80))
    assert served.stage().status == "UNREACHABLE!"
    assert set(served.visible(STORE).items()) <= set(expected.items())
    rest = served.stage()
    assert (rest.status, rest.message) == ("CHANGED", "")
    assert rest.result["sent_bytes"] < 40 * MB
    assert served.visible(STORE) == expected
    assert list(served.host.place(STORE + r"\incoming").iterdir()) == []
    again = served.stage()
    assert (again.status, again.result["sent_bytes"]) == ("SUCCESS", 0)
    assert served.host.living() == []


def test_a_store_far_down(served: Served) -> None:
    (served.house / "large-1.0-py3-none-any.whl").unlink()
    staged = served.stage(mlfleet_store=DEEP)
    assert (staged.status, staged.message, staged.result["store"]) == ("CHANGED", "", DEEP)
    assert list(served.visible(DEEP)) == ["small-1.0-py3-none-any.whl"]
    assert served.stage(mlfleet_store=DEEP).status == "SUCCESS"
