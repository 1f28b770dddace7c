# Copyright (c) 2026 the mlfleet authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Real Windows wheels in a real Windows CPython, by pip alone: what a later test of ours may rely on."""

from __future__ import annotations

import contextlib
import pathlib
import shutil

import pytest
from packaging.utils import parse_wheel_filename

from testbed import windows_wheels
from testbed.layouts import Runtime, SqlServerLayout
from testbed.wine import host as wine_host
from testbed.wine.toolchain import Missing

pytestmark = pytest.mark.wine
HOME = r"C:\Program Files\Microsoft SQL Server\MSSQL15.SQL01\PYTHON_SERVICES"
USE = "import pandas; assert pandas.DataFrame({'a': [1, 2]}).a.sum() == 3; print(pandas.__version__)"


def fetched(python: str) -> pathlib.Path:
    folder = windows_wheels.download(python, windows_wheels.PANDAS[python])
    if isinstance(folder, Missing):
        pytest.skip(folder.reason)
    return folder


@pytest.mark.parametrize("python", ["3.7", "3.10"])
def test_pandas_can_be_installed_and_used(python: str, tmp_path: pathlib.Path) -> None:
    parts = wine_host.prepare([python])
    if isinstance(parts, Missing):
        pytest.skip(parts.reason)
    with contextlib.closing(wine_host.WineHost("wine7", tmp_path / "wine7", parts)) as host:
        host.apply(SqlServerLayout(runtimes=(Runtime(HOME, python),)))
        shutil.copytree(fetched(python), host.place(r"C:\wheels"))
        host.run(rf'"{HOME}\python.exe" -I -m pip --isolated install --no-index --find-links C:\wheels pandas')
        code, stdout, stderr = host.start(rf'"{HOME}\python.exe" -I -c "{USE}"', {}).communicate()
        assert (code, stdout.strip(), stderr) == (0, pandas_version(python).encode(), b"")


@pytest.mark.parametrize("python", ["3.7", "3.10"])
def test_the_folder_holds_what_was_asked_for(python: str) -> None:
    found = [parse_wheel_filename(path.name) for path in fetched(python).glob("*.whl")]
    assert sorted(f"{name}=={version}" for name, version, *_rest in found) == sorted(windows_wheels.PANDAS[python])
    tags = {name: {str(tag) for tag in tags} for name, _version, _build, tags in found}
    abi = {"3.7": "cp37-cp37m-win_amd64", "3.10": "cp310-cp310-win_amd64"}[python]
    assert abi in tags["numpy"] & tags["pandas"]


def test_what_cannot_be_downloaded_is_named(tmp_path: pathlib.Path) -> None:
    missing = windows_wheels.download("3.7", ["numpy==0.0.0.1"], tmp_path)
    assert isinstance(missing, Missing)
    assert "numpy==0.0.0.1" in missing.reason
    assert not list(tmp_path.glob("windows-wheels-*"))


def pandas_version(python: str) -> str:
    return dict(requirement.split("==") for requirement in windows_wheels.PANDAS[python])["pandas"]
