# Copyright (c) 2026 the mlfleet authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Distributions in every way in which they have been recorded, and the oddities an operator must know."""

from __future__ import annotations

import json
import os
import pathlib
import subprocess
import typing as t

import pytest

from testbed import agent_calls, site_packages
from testbed.interpreters import Interpreter
from testbed.wheels import Wheel

DEMO = Wheel("Demo.pkg", "1.2", requires=("a>=1", 'b; python_version < "4"'), extras={"x": ("c",)})
PIP = """
import json
from pip._vendor.pkg_resources import working_set
print(json.dumps(sorted([d.project_name, d.version] for d in working_set)))
"""
ORACLE = """
import json
from importlib.metadata import distributions
print(json.dumps(sorted([d.metadata["Name"], d.version, sorted(d.requires or [])] for d in distributions())))
"""


@pytest.fixture
def folder(runtime: pathlib.Path) -> pathlib.Path:
    """The site-packages folder of the runtime."""
    (found,) = (runtime.parent.parent / "lib").glob("python3.*/site-packages")
    return found


def snapshot(runtime: pathlib.Path, detail: str = "all") -> dict[str, t.Any]:
    answer: dict[str, t.Any] = agent_calls.ask(runtime, "snapshot", detail=detail)
    for each in answer["distributions"]:
        each["location"] = answer["folders"][each["location"]]
    return answer


def demo(runtime: pathlib.Path) -> dict[str, t.Any]:
    (found,) = [each for each in snapshot(runtime)["distributions"] if each["name"].startswith("Demo")]
    distribution: dict[str, t.Any] = found
    return distribution


def odd(runtime: pathlib.Path, kind: str) -> list[dict[str, str]]:
    return [each for each in snapshot(runtime)["oddities"] if each["kind"] == kind]


def test_it_agrees_with_importlib_metadata(
    runtime: pathlib.Path, folder: pathlib.Path, interpreter: Interpreter, tmp_path: pathlib.Path
) -> None:
    if interpreter.minor < (3, 8):
        pytest.skip("importlib.metadata came with 3.8")
    site_packages.install(folder, DEMO)
    site_packages.egg_info_folder(
        folder, Wheel("eggs.one", "2", requires=("x", 'y; sys_platform == "win32"'), extras={"z": ("q",)})
    )
    site_packages.egg_info_file(folder, Wheel("old", "0.1"))
    site_packages.egg_link(folder, Wheel("linked", "3", requires=("d",)), tmp_path / "project")
    expected = json.loads(subprocess.check_output([str(runtime), "-I", "-c", ORACLE]))
    seen = snapshot(runtime)["distributions"]
    assert sorted([each["name"], each["version"], sorted(each["requires"])] for each in seen) == expected


def test_it_sees_what_pip_sees(runtime: pathlib.Path, folder: pathlib.Path, interpreter: Interpreter) -> None:
    if interpreter.minor > (3, 11):
        pytest.skip("the pip of this Python no longer brings pkg_resources")
    site_packages.install(folder, DEMO)
    site_packages.egg_folder(folder, Wheel("hatched", "1", requires=("a",)))
    site_packages.egg_zip(folder, Wheel("zipped", "1"))
    # pkg_resources shows names as setuptools wrote them into file names.
    seen = [[each["name"].replace(".", "-"), each["version"]] for each in snapshot(runtime)["distributions"]]
    by_pip = json.loads(subprocess.check_output([str(runtime), "-I", "-W", "ignore", "-c", PIP]))
    assert sorted(seen) == by_pip


def test_a_wheel_that_pip_installed(runtime: pathlib.Path, folder: pathlib.Path) -> None:
    site_packages.install(folder, DEMO)
    assert demo(runtime) == {
        "name": "Demo.pkg",
        "version": "1.2",
        "record": "dist-info",
        "location": str(folder),
        "metadata": "Demo_pkg-1.2.dist-info",
        "requires": ["a>=1", 'b; python_version < "4"', "c; extra == 'x'"],
        "installer": "pip",
    }


def test_a_plan_needs_no_provenance(runtime: pathlib.Path, folder: pathlib.Path) -> None:
    site_packages.install(folder, DEMO)
    (found,) = [each for each in snapshot(runtime, "requirements")["distributions"] if each["name"] == "Demo.pkg"]
    assert "installer" not in found
    assert len(found["requires"]) == 3


def test_egg_info_folder(runtime: pathlib.Path, folder: pathlib.Path) -> None:
    site_packages.egg_info_folder(folder, DEMO)
    found = demo(runtime)
    assert (found["record"], found["version"]) == ("egg-info", "1.2")
    assert found["requires"] == ["a>=1", 'b; python_version < "4"', 'c; extra == "x"']


def test_distutils_file(runtime: pathlib.Path, folder: pathlib.Path) -> None:
    site_packages.egg_info_file(folder, DEMO)
    assert (demo(runtime)["record"], demo(runtime)["requires"]) == ("distutils", [])


@pytest.mark.parametrize("lay", [site_packages.egg_folder, site_packages.egg_zip])
def test_eggs(runtime: pathlib.Path, folder: pathlib.Path, lay: t.Any) -> None:
    lay(folder, DEMO)
    found = demo(runtime)
    assert (found["record"], found["version"]) == ("egg", "1.2")
    assert found["requires"] == ["a>=1", 'b; python_version < "4"', 'c; extra == "x"']


def test_setup_py_develop(runtime: pathlib.Path, folder: pathlib.Path, tmp_path: pathlib.Path) -> None:
    site_packages.egg_link(folder, DEMO, tmp_path / "project")
    found = demo(runtime)
    assert (found["record"], found["editable"], found["location"]) == ("egg-link", True, str(tmp_path / "project"))


def test_editable_of_today(runtime: pathlib.Path, folder: pathlib.Path, tmp_path: pathlib.Path) -> None:
    site_packages.editable(folder, DEMO, tmp_path / "project")
    found = demo(runtime)
    assert (found["record"], found["editable"]) == ("dist-info", True)
    assert found["direct_url"] == {"url": (tmp_path / "project").as_uri(), "dir_info": {"editable": True}}


def test_conda(runtime: pathlib.Path, folder: pathlib.Path) -> None:
    prefix = runtime.parent.parent
    site_packages.conda(prefix, folder, DEMO, "py37_0")
    (prefix / "conda-meta" / "mkl-2019.1-144.json").write_text("{}")
    assert (demo(runtime)["record"], demo(runtime)["conda_build"]) == ("dist-info", "py37_0")
    (mkl,) = [each for each in snapshot(runtime)["distributions"] if each["name"] == "mkl"]
    assert (mkl["record"], mkl["version"], mkl["conda_build"]) == ("conda-meta", "2019.1", "144")


def test_a_folded_requirement_is_one(runtime: pathlib.Path, folder: pathlib.Path) -> None:
    lines = ("Requires-Dist: long >=1,", "        <2", "Requires-Dist: next")
    site_packages.install(folder, Wheel("Demo", "1", metadata_lines=lines))
    assert demo(runtime)["requires"] == ["long >=1, <2", "next"]


def test_what_the_description_says_is_no_metadata(runtime: pathlib.Path, folder: pathlib.Path) -> None:
    metadata = b"Metadata-Version: 2.1\nName: Demo\nVersion: 1\n\nName: other\nRequires-Dist: evil\n"
    site_packages.install(folder, Wheel("Demo", "1", metadata=metadata))
    assert (demo(runtime)["name"], demo(runtime)["requires"]) == ("Demo", [])


@pytest.mark.parametrize(
    ("raw", "part"),
    [
        (b"Name: Demo\r\nVersion: 3\r\nRequires-Dist: a\r\n\r\nText", ""),
        (b"Name: Demo\nVersion: 3\nRequires-Dist: a", ""),
        (b"Name: Demo\nVersion: 3\nRequires-Dist: a\nAuthor: \xe9\n\n", "not UTF-8"),
        (b"Name: Demo\nVersion: 3\nRequires-Dist: a\nSummary: " + b"x" * 2_000_000, "larger than"),
        (b"Name: Demo\nVersion: 3\nRequires-Dist: a\nSummary: " + b"x" * 20_000 + b"\n\n", ""),
    ],
    ids=["windows-lines", "no-end", "latin-1", "huge", "long"],
)
def test_strange_headers(runtime: pathlib.Path, folder: pathlib.Path, raw: bytes, part: str) -> None:
    site_packages.install(folder, Wheel("Demo", "3", metadata=raw))
    assert (demo(runtime)["version"], demo(runtime)["requires"]) == ("3", ["a"])
    problems = [each["detail"] for each in odd(runtime, "unreadable")]
    assert len(problems) == bool(part)
    assert all(part in problem for problem in problems)


@pytest.mark.parametrize(
    ("lay", "part"),
    [
        (site_packages.without_metadata, "cannot be read"),
        (site_packages.without_name, "has no Name"),
        (site_packages.without_version, "has no Version"),
    ],
)
def test_what_the_header_does_not_say_is_told_by_the_record(
    runtime: pathlib.Path, folder: pathlib.Path, lay: t.Any, part: str
) -> None:
    lay(folder, Wheel("Demo", "4.5"))
    assert (demo(runtime)["name"], demo(runtime)["version"]) == ("Demo", "4.5")
    (problem,) = odd(runtime, "unreadable")
    assert part in problem["detail"]


def test_leftovers_are_no_distributions(runtime: pathlib.Path, folder: pathlib.Path) -> None:
    before = len(snapshot(runtime)["distributions"])
    site_packages.leftover(folder, Wheel("pandas", "1"))
    assert len(snapshot(runtime)["distributions"]) == before
    found = {pathlib.Path(each["path"]).name for each in odd(runtime, "leftover")}
    assert "~andas-1.dist-info" in found


def test_two_records_of_one_name(runtime: pathlib.Path, folder: pathlib.Path) -> None:
    site_packages.install(folder, Wheel("Demo_pkg", "1"))
    site_packages.install(folder, Wheel("demo.PKG", "2"))
    (problem,) = odd(runtime, "duplicate")
    assert "recorded more than once" in problem["detail"]
    records = [each for each in snapshot(runtime)["distributions"] if each["name"].lower().startswith("demo")]
    assert sorted(bool(each.get("shadowed")) for each in records) == [False, True]


def test_a_user_site_is_reported_and_not_counted(
    runtime: pathlib.Path, interpreter: Interpreter, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    site = tmp_path / "home" / ".local" / "lib" / "python{}.{}".format(*interpreter.minor) / "site-packages"
    site_packages.install(site, DEMO)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    assert not [each for each in snapshot(runtime)["distributions"] if each["name"] == DEMO.name]
    (problem,) = odd(runtime, "user-site")
    assert "Demo_pkg-1.2.dist-info" in problem["detail"]


def test_variables_of_the_account_change_nothing(
    runtime: pathlib.Path, folder: pathlib.Path, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = snapshot(runtime)
    site_packages.install(tmp_path / "elsewhere", DEMO)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path / "elsewhere"))
    monkeypatch.setenv("PYTHONHOME", "/nowhere")
    assert snapshot(runtime) == plain


def test_code_in_pth_files_is_not_run(runtime: pathlib.Path, folder: pathlib.Path, tmp_path: pathlib.Path) -> None:
    proof = tmp_path / "was-run"
    (folder / "evil.pth").write_text(f"import os; os.mkdir({str(proof)!r})\n")
    snapshot(runtime)
    assert not proof.exists()
    subprocess.run([str(runtime), "-c", "pass"], check=True)
    assert proof.exists()  # so the file was one that Python does run


def test_a_virtual_environment_that_sees_its_base(runtime: pathlib.Path, interpreter: Interpreter) -> None:
    settings = runtime.parent.parent / "pyvenv.cfg"
    own = len(snapshot(runtime)["folders"])
    settings.write_text(settings.read_text().replace("packages = false", "packages = true"))
    path = snapshot(runtime)["folders"]
    assert len(path) == own + 1
    base = subprocess.check_output([str(interpreter.path), "-I", "-c", "import site; print(site.getsitepackages()[0])"])
    assert path[-1] == base.decode().strip()


@pytest.mark.skipif(os.name != "posix", reason="only POSIX has such file names")
def test_a_name_that_is_no_unicode(tmp_path: pathlib.Path, runtime: pathlib.Path, folder: pathlib.Path) -> None:
    os.mkdir(os.fsencode(folder) + b"/demo_\xff-1.dist-info")
    names = [each["name"] for each in snapshot(runtime)["distributions"]]
    assert "demo_\N{REPLACEMENT CHARACTER}" in names
