# Copyright (c) 2026 the mlfleet authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The layouts are what importlib.metadata and pip take them for."""

from __future__ import annotations

import collections.abc as c
import importlib.metadata
import json
import pathlib
import subprocess
import sys
import zipfile

import pytest

from testbed import interpreters, site_packages, virtual_environments
from testbed.virtual_environments import CannotInstall, Recipe
from testbed.wheels import Wheel

DEMO = Wheel("Demo.pkg", "1.2", requires=("a>=1", 'b; python_version < "4"'), extras={"x": ("c",)})
REQUIRED_OF_EGG = ["a>=1", 'b; python_version < "4"', 'c; extra == "x"']


def seen(folder: pathlib.Path) -> list[importlib.metadata.Distribution]:
    return list(importlib.metadata.distributions(path=[str(folder)]))


def only(folder: pathlib.Path) -> importlib.metadata.Distribution:
    (distribution,) = seen(folder)
    return distribution


def test_install_is_recorded_as_pip_records_it(tmp_path: pathlib.Path) -> None:
    path = site_packages.install(tmp_path, DEMO, direct_url={"url": "https://index.invalid/demo.whl"})
    found = only(tmp_path)
    assert path == tmp_path / "Demo_pkg-1.2.dist-info"
    assert (found.metadata["Name"], found.version) == ("Demo.pkg", "1.2")
    assert found.requires == ["a>=1", 'b; python_version < "4"', "c; extra == 'x'"]
    assert found.read_text("INSTALLER") == "pip\n"
    assert found.read_text("REQUESTED") == ""
    assert json.loads(found.read_text("direct_url.json") or "") == {"url": "https://index.invalid/demo.whl"}
    assert {str(file) for file in found.files or ()} == {
        file.relative_to(tmp_path).as_posix() for file in tmp_path.rglob("*") if file.is_file()
    }


def test_a_wheel_that_pip_installs_gets_the_same_record(tmp_path: pathlib.Path) -> None:
    interpreter = interpreters.find_first([(3, 13), (3, 12), (3, 11)])
    if interpreter is None:
        pytest.skip("no CPython 3.11 or newer")
    by_pip, by_us = tmp_path / "by-pip", tmp_path / "by-us"
    wheel = DEMO.write(tmp_path)
    python = virtual_environments.fresh(tmp_path / "environment", Recipe(interpreter))
    command = ["-m", "pip", "install", "--no-index", "--no-deps", "--no-compile", "--target", str(by_pip), str(wheel)]
    subprocess.run([str(python), *command], check=True, stdout=subprocess.DEVNULL)

    # pip knows where a file named on the command line came from.
    origin = json.loads((by_pip / "Demo_pkg-1.2.dist-info" / "direct_url.json").read_text())
    site_packages.install(by_us, DEMO, direct_url=origin)

    assert contents(by_us) == contents(by_pip)


def contents(folder: pathlib.Path) -> dict[str, object]:
    files = {path.relative_to(folder).as_posix(): path.read_text() for path in folder.rglob("*") if path.is_file()}
    # The order of RECORD has no meaning.
    return {path: sorted(text.splitlines()) if path.endswith("RECORD") else text for path, text in files.items()}


@pytest.mark.parametrize("lay_down", [site_packages.egg_info_folder, site_packages.egg_folder, site_packages.egg_zip])
def test_eggs(lay_down: c.Callable[[pathlib.Path, Wheel], pathlib.Path], tmp_path: pathlib.Path) -> None:
    path = lay_down(tmp_path, DEMO)
    # An egg is a path entry of its own; importlib.metadata finds it in there.
    found = only(tmp_path if path.suffix == ".egg-info" else path)
    assert (found.metadata["Name"], found.version) == ("Demo.pkg", "1.2")
    assert found.requires == REQUIRED_OF_EGG
    assert found.metadata["Requires-Dist"] is None


def test_egg_info_file_knows_no_requirements(tmp_path: pathlib.Path) -> None:
    path = site_packages.egg_info_file(tmp_path, DEMO)
    assert path.is_file()
    assert (only(tmp_path).metadata["Name"], only(tmp_path).version, only(tmp_path).requires) == (
        "Demo.pkg",
        "1.2",
        None,
    )


def test_an_egg_on_the_path_can_be_imported(tmp_path: pathlib.Path) -> None:
    site_packages.egg_zip(tmp_path, DEMO)
    assert zipfile.is_zipfile(tmp_path / "Demo_pkg-1.2-py3.7.egg")
    assert version_by_import(tmp_path) == "1.2"


def test_egg_link(tmp_path: pathlib.Path) -> None:
    folder, project = tmp_path / "site", tmp_path / "project"
    folder.mkdir()
    path = site_packages.egg_link(folder, DEMO, project)
    assert path.read_text().splitlines() == [str(project), "."]
    assert only(project).requires == REQUIRED_OF_EGG
    assert seen(folder) == []
    assert version_by_import(folder) == "1.2"


def test_editable(tmp_path: pathlib.Path) -> None:
    folder, project = tmp_path / "site", tmp_path / "project"
    site_packages.editable(folder, DEMO, project)
    assert only(folder).version == "1.2"
    assert json.loads(only(folder).read_text("direct_url.json") or "") == {
        "url": project.as_uri(),
        "dir_info": {"editable": True},
    }
    assert not (folder / "demo_pkg.py").exists()
    assert version_by_import(folder) == "1.2"


def version_by_import(folder: pathlib.Path) -> str:
    code = f"import site; site.addsitedir({str(folder)!r}); import demo_pkg; print(demo_pkg.__version__)"
    return subprocess.check_output([sys.executable, "-I", "-c", code], text=True).strip()


def test_conda(tmp_path: pathlib.Path) -> None:
    folder = tmp_path / "lib" / "python3.7" / "site-packages"
    path = site_packages.conda(tmp_path, folder, DEMO)
    described = json.loads(path.read_text())
    assert path == tmp_path / "conda-meta" / "demo.pkg-1.2-py37_0.json"
    assert (described["name"], described["version"], described["build"]) == ("demo.pkg", "1.2", "py37_0")
    assert all((tmp_path / file).is_file() for file in described["files"])
    assert "lib/python3.7/site-packages/Demo_pkg-1.2.dist-info/METADATA" in described["files"]
    assert only(folder).read_text("INSTALLER") == "conda\n"


def test_leftover_is_what_pip_warns_of(tmp_path: pathlib.Path) -> None:
    path = site_packages.leftover(tmp_path, Wheel("demo"))
    assert path.name == "~emo-1.0.dist-info"
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["~emo-1.0.dist-info", "~emo.py"]


def test_two_installations_of_one_name_leave_duplicate_metadata(tmp_path: pathlib.Path) -> None:
    site_packages.install(tmp_path, Wheel("demo", "1.0"))
    site_packages.install(tmp_path, Wheel("demo", "2.0"))
    assert sorted(found.version for found in seen(tmp_path)) == ["1.0", "2.0"]


def test_broken_metadata(tmp_path: pathlib.Path) -> None:
    missing = site_packages.without_metadata(tmp_path, Wheel("missing"))
    latin = site_packages.with_metadata_not_utf8(tmp_path, Wheel("latin"))
    nameless = site_packages.without_name(tmp_path, Wheel("nameless"))
    unversioned = site_packages.without_version(tmp_path, Wheel("unversioned"))
    assert sorted(path.name for path in missing.iterdir()) == [
        "INSTALLER",
        "RECORD",
        "REQUESTED",
        "WHEEL",
        "top_level.txt",
    ]
    with pytest.raises(UnicodeDecodeError):
        (latin / "METADATA").read_text(encoding="utf-8")
    assert (nameless / "METADATA").read_text() == "Metadata-Version: 2.1\nVersion: 1.0\n"
    assert (unversioned / "METADATA").read_text() == "Metadata-Version: 2.1\nName: unversioned\n"


def test_pip_of_an_old_age_lists_them_all(tmp_path: pathlib.Path) -> None:
    interpreter = interpreters.find_first([(3, 7)])
    if interpreter is None:
        pytest.skip("no CPython 3.7")
    try:
        python = virtual_environments.fresh(tmp_path / "environment", Recipe(interpreter, pip="19.0.3"))
    except CannotInstall as error:
        pytest.skip(f"pip 19.0.3 cannot be had: {error}")
    folder = tmp_path / "environment" / "lib" / "python3.7" / "site-packages"
    site_packages.install(folder, Wheel("by-wheel"))
    site_packages.egg_info_folder(folder, Wheel("by-setup"))
    site_packages.egg_info_file(folder, Wheel("by-distutils"))
    site_packages.egg_folder(folder, Wheel("by-egg"))
    site_packages.egg_zip(folder, Wheel("by-zip"))
    site_packages.egg_link(folder, Wheel("by-link"), tmp_path / "linked")
    site_packages.editable(folder, Wheel("by-editable"), tmp_path / "edited")
    command = [str(python), "-m", "pip", "list", "--format=json", "--disable-pip-version-check"]
    listed = {entry["name"]: entry["version"] for entry in json.loads(subprocess.check_output(command))}
    ours = ["by-wheel", "by-setup", "by-distutils", "by-egg", "by-zip", "by-link", "by-editable"]
    assert {name: listed.get(name) for name in ours} == dict.fromkeys(ours, "1.0")
