# Copyright (c) 2026 the mlfleet authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""python_packages on real Windows CPythons under Wine, with real wheels for Windows."""

from __future__ import annotations

import os
import pathlib
import time
import typing as t

import pytest

from end_to_end.conftest import DEFAULT_HOME, PACKAGES_MODULE, SHARED_HOME, WineSite
from testbed import ad_hoc, index_server, layouts, site_packages, windows_wheels
from testbed.wheels import Wheel
from testbed.wine.toolchain import Missing

pytestmark = pytest.mark.wine


class Served:
    """A Wine host that is served, and the task on it."""

    def __init__(self, site: WineSite) -> None:
        site.serve()
        self.host = site.host
        self._site = site

    def run(self, task: dict[str, t.Any], *arguments: str) -> ad_hoc.HostResult:
        return self._site.run(task, *arguments, module=PACKAGES_MODULE).only()

    def tree(self, home: str) -> dict[str, bytes]:
        folder = self.host.site_packages(home)
        return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.fixture
def served(wine_site: WineSite) -> Served:
    return Served(wine_site)


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


def test_what_a_killed_change_left_is_removed_after_a_day(served: Served, tmp_path: pathlib.Path) -> None:
    """That it is this account's own is asked of Windows."""
    Wheel("demo-a").write(tmp_path / "house")
    temporary = served.host.start("cmd /c echo %TEMP%", {}).communicate()[1].decode().strip()
    left = served.host.place(temporary) / "mlfleet-call-two_days.tmp"
    (left / "pip").mkdir(parents=True)
    (left / "demo_a-1.0-py3-none-any.whl").write_text("")
    os.utime(left, (time.time() - 2 * 24 * 3600,) * 2)
    task = {"instances": ["MSSQLSERVER"], "wheelhouse": str(tmp_path / "house"), "packages": ["demo-a"]}
    assert served.run(task).status == "CHANGED"
    assert not left.exists()


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


def test_the_pip_of_the_host_chooses_and_downloads(served: Served) -> None:
    served.host.apply(layouts.sql2022("A22", home=SHARED_HOME))
    offered = (Wheel("demo-a", requires=("demo-w; sys_platform == 'win32'",)), Wheel("demo-w", "2.0"))
    with index_server.serving(*offered) as index:
        # The last one would keep pip from being asked at all, because no such home is a virtual environment.
        settings = f"[global]\nindex-url = {index.simple}\nretries = 0\nrequire-virtualenv = true\n"
        (served.host.place(SHARED_HOME) / "pip.ini").write_text(settings)
        before = served.tree(SHARED_HOME)
        task = {"instances": ["A22"], "packages": ["demo-a"], "source": "host"}
        checked = served.run(task, "--check")
        assert (checked.status, checked.message) == ("CHANGED", "")
        assert served.tree(SHARED_HOME) == before
        changed = served.run(task)
        assert (changed.status, changed.message) == ("CHANGED", "")
        assert versions(changed) == versions(checked) == {"demo-a": "1.0", "demo-w": "2.0"}
        asked = len(index.seen)
        assert served.run(task).status == "SUCCESS"
        assert len(index.seen) == asked
    assert served.host.living() == []
