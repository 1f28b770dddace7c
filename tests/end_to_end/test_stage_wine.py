# Copyright (c) 2026 the mlfleet authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Staging to a real Windows CPython under Wine: its paths, its file locks, its way to replace files."""

from __future__ import annotations

import collections.abc as c
import contextlib
import dataclasses
import hashlib
import pathlib
import typing as t

import pytest

from end_to_end.conftest import DEFAULT_HOME, TWO_INSTANCES
from testbed import ad_hoc
from testbed.wheels import Wheel
from testbed.wine import host as wine_host
from testbed.wine.toolchain import Missing
from testbed.winrm import endpoint, faults

pytestmark = pytest.mark.wine
MODULE = "mlfleet.packages.stage"
STORE = r"C:\ProgramData\mlfleet\store"
# Beyond the 260 characters that Windows takes without a prefix. Wine takes more, so this shows that the prefix does
# no harm.
DEEP = "C:\\" + "\\".join(["a folder with a long name"] * 8)
MB = 1_000_000


@pytest.fixture(scope="module")
def parts() -> wine_host.Parts:
    made = wine_host.prepare(["3.7", "3.10"])
    if isinstance(made, Missing):
        pytest.skip(made.reason)
    return made


@dataclasses.dataclass(frozen=True)
class Served:
    """A Wine host behind an endpoint, and a wheelhouse of 65 MB."""

    host: wine_host.WineHost
    listening: endpoint.Endpoint
    house: pathlib.Path
    folder: pathlib.Path

    def stage(self, **variables: t.Any) -> ad_hoc.HostResult:
        known = {"mlfleet_interpreter": DEFAULT_HOME + r"\python.exe", **variables}
        hosts = {"wine7": ad_hoc.winrm_variables(self.listening, "wine7", **known)}
        inventory = ad_hoc.write_inventory(self.folder / "inventory.json", hosts)
        return ad_hoc.run(inventory, MODULE, {"wheelhouse": str(self.house)}).only()

    def visible(self, store: str) -> dict[str, str]:
        files = [path for path in self.host.place(store).rglob("*.whl") if path.is_file()]
        return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


@pytest.fixture
def served(parts: wine_host.Parts, tmp_path: pathlib.Path) -> c.Iterator[Served]:
    for name, size in (("large", 61 * MB), ("small", 4 * MB)):
        Wheel(name, modules={f"{name}.py": "", f"{name}.txt": f"{name:<63}\n" * (size // 64)}).write(tmp_path / "house")
    with contextlib.closing(wine_host.WineHost("wine7", tmp_path / "wine7", parts)) as host:
        host.apply(TWO_INSTANCES)
        with endpoint.Endpoint([host], users={ad_hoc.USER: ad_hoc.PASSWORD}) as listening:
            yield Served(host, listening, tmp_path / "house", tmp_path)


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
