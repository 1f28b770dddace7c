# Copyright (c) 2026 the mlfleet authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""python_packages on real Windows CPythons under Wine, with real wheels for Windows."""

from __future__ import annotations

import collections.abc as c
import contextlib
import dataclasses
import pathlib
import typing as t

import pytest

from end_to_end.conftest import DEFAULT_HOME, TWO_INSTANCES
from testbed import ad_hoc, layouts, site_packages, windows_wheels
from testbed.wheels import Wheel
from testbed.wine import host as wine_host
from testbed.wine.toolchain import Missing
from testbed.winrm import endpoint

pytestmark = pytest.mark.wine
MODULE = "mlfleet.packages.python_packages"
SHARED_HOME = r"C:\Program Files\Python310"


@pytest.fixture(scope="module")
def parts() -> wine_host.Parts:
    made = wine_host.prepare(["3.7", "3.10"])
    if isinstance(made, Missing):
        pytest.skip(made.reason)
    return made


@dataclasses.dataclass(frozen=True)
class Served:
    """A Wine host behind an endpoint, and how to run the task on it."""

    host: wine_host.WineHost
    listening: endpoint.Endpoint
    folder: pathlib.Path

    def run(self, task: dict[str, t.Any], *arguments: str, **variables: t.Any) -> ad_hoc.HostResult:
        hosts = {"wine7": ad_hoc.winrm_variables(self.listening, "wine7", **variables)}
        inventory = ad_hoc.write_inventory(self.folder / "inventory.json", hosts)
        return ad_hoc.run(inventory, MODULE, task, *arguments).only()

    def tree(self, home: str) -> dict[str, bytes]:
        folder = self.host.site_packages(home)
        return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.fixture
def served(parts: wine_host.Parts, tmp_path: pathlib.Path) -> c.Iterator[Served]:
    with contextlib.closing(wine_host.WineHost("wine7", tmp_path / "wine7", parts)) as host:
        host.apply(TWO_INSTANCES)
        with endpoint.Endpoint([host], users={ad_hoc.USER: ad_hoc.PASSWORD}) as listening:
            yield Served(host, listening, tmp_path)


def versions(result: ad_hoc.HostResult) -> dict[str, str]:
    return {each["package"]: each["to"] for each in result.result["runtimes"][0]["plan"]}


@pytest.mark.parametrize(("python", "home"), [("3.7", DEFAULT_HOME), ("3.10", SHARED_HOME)])
def test_real_numpy_and_pandas(served: Served, python: str, home: str) -> None:
    served.host.apply(layouts.sql2022("A22", home=SHARED_HOME))
    wheels = windows_wheels.download(python, windows_wheels.PANDAS[python])
    if isinstance(wheels, Missing):
        pytest.skip(wheels.reason)
    instance = "MSSQLSERVER" if home == DEFAULT_HOME else "A22"
    task = {
        "instances": [instance],
        "wheelhouse": str(wheels),
        "packages": ["pandas; sys_platform == 'win32'", "colorama; sys_platform == 'linux'"],
    }
    checked = served.run(task, "--check")
    changed = served.run(task)
    assert (changed.status, changed.message) == ("CHANGED", "")
    assert versions(changed) == versions(checked)
    assert set(versions(changed)) == {"pandas", "numpy", "python-dateutil", "pytz", "six"}
    compiled = served.host.site_packages(home) / "pandas" / "__pycache__"
    assert any(compiled.glob(f"__init__.cpython-{python.replace('.', '')}.pyc"))
    again = served.run(task)
    assert (again.status, again.result["runtimes"][0]["status"]) == ("SUCCESS", "compliant")
    assert not list(served.host.place(home + r"\.mlfleet").glob("change-*"))
    assert served.host.living() == []


def test_a_change_that_fails_is_undone(served: Served, tmp_path: pathlib.Path) -> None:
    folder = served.host.site_packages(DEFAULT_HOME)
    house = tmp_path / "house"
    Wheel("demo-b").write(house)
    Wheel("demo-a", "2.0", modules={"demo_a.py": "raise RuntimeError('no such library')\n"}).write(house)
    first = {"instances": ["MSSQLSERVER"], "wheelhouse": str(house), "packages": ["demo-b"]}
    assert served.run(first).status == "CHANGED"
    site_packages.install(folder, Wheel("demo-a", "1.0", scripts=("demo = demo_a:main",)))
    before = served.tree(DEFAULT_HOME)
    failed = served.run({**first, "packages": ["demo-a>=2", {"name": "demo-b", "state": "absent"}]})
    assert failed.status == "FAILED!"
    assert "no such library" in failed.message
    assert "what was there before was put back" in failed.message
    assert served.tree(DEFAULT_HOME) == before
    assert served.host.living() == []


def test_a_removal_and_an_upgrade(served: Served, tmp_path: pathlib.Path) -> None:
    house = tmp_path / "house"
    for wheel in (Wheel("demo-a", "1.0"), Wheel("demo-a", "2.0"), Wheel("demo-b")):
        wheel.write(house)
    task = {"instances": ["MSSQLSERVER"], "wheelhouse": str(house)}
    assert served.run({**task, "packages": ["demo-a==1.0", "demo-b"]}).status == "CHANGED"
    changed = served.run({**task, "packages": ["demo-a>=2", {"name": "demo-b", "state": "absent"}]})
    assert (changed.status, versions(changed)) == ("CHANGED", {"demo-a": "2.0", "demo-b": None})
    names = [path.name for path in served.host.site_packages(DEFAULT_HOME).iterdir()]
    assert "demo_a-2.0.dist-info" in names
    assert not [name for name in names if name.startswith(("demo_b", "demo_a-1.0", "~"))]
