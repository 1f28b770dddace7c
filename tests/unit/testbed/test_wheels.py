# Copyright (c) 2026 the mlfleet authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The wheels of the factory are wheels to pip, of an old age and of today, and lie only where they are told to."""

from __future__ import annotations

import base64
import csv
import hashlib
import io
import json
import pathlib
import subprocess
import zipfile

import pytest

from testbed import interpreters, virtual_environments
from testbed.virtual_environments import CannotInstall, Recipe
from testbed.wheels import Wheel

# minor version of Python, pip ("" for the one that comes with it)
PIPS = [((3, 6), "9.0.1"), ((3, 7), "9.0.1"), ((3, 13), "")]


def installing_python(minor: tuple[int, int], pip: str, folder: pathlib.Path) -> pathlib.Path:
    """A fresh environment, so that nothing is installed but what the test installs."""
    interpreter = interpreters.find_first([minor])
    if interpreter is None:
        pytest.skip(f"no CPython {minor[0]}.{minor[1]}")
    try:
        return virtual_environments.fresh(folder / "environment", Recipe(interpreter, pip=pip))
    except CannotInstall as error:
        pytest.skip(f"pip {pip} cannot be had: {error}")


def pip(python: pathlib.Path, *arguments: str) -> str:
    command = [str(python), "-m", "pip", *arguments, "--disable-pip-version-check"]
    return subprocess.run(command, stdout=subprocess.PIPE, check=True, text=True).stdout


def normalised(name: str) -> str:
    # pip 9 lists the name as setuptools has it, with a dash for the dot.
    return name.lower().replace(".", "-")


@pytest.mark.parametrize(("minor", "version"), PIPS)
def test_pip_installs_it_with_what_it_requires(minor: tuple[int, int], version: str, tmp_path: pathlib.Path) -> None:
    python = installing_python(minor, version, tmp_path)
    wheels = tmp_path / "wheels"
    Wheel(
        "Demo.App",
        "2.0",
        requires=("demo-lib>=1.5",),
        extras={"fast": ("demo-speed",)},
        scripts=("demo = demo_app:main",),
    ).write(wheels)
    Wheel("demo-lib", "1.4").write(wheels)
    Wheel("demo-lib", "1.5").write(wheels)
    Wheel("demo-speed", "0.1").write(wheels)

    pip(python, "install", "--no-index", "--find-links", str(wheels), "demo.app[fast]")

    listed = {normalised(entry["name"]): entry["version"] for entry in json.loads(pip(python, "list", "--format=json"))}
    assert listed.items() >= {"demo-app": "2.0", "demo-lib": "1.5", "demo-speed": "0.1"}.items()
    printed = subprocess.run([str(python.parent / "demo")], stdout=subprocess.PIPE, check=True, text=True).stdout
    assert printed == "2.0\n"


def test_pip_refuses_the_wrong_tag(tmp_path: pathlib.Path) -> None:
    python = installing_python((3, 13), "", tmp_path)
    wheel = Wheel("demo", tag="cp37-cp37m-win_amd64").write(tmp_path)
    refused = subprocess.run(
        [str(python), "-m", "pip", "install", "--no-index", str(wheel)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert refused.returncode == 1
    assert "not a supported wheel on this platform" in refused.stderr


def test_record_holds_the_hash_and_size_of_every_member(tmp_path: pathlib.Path) -> None:
    path = Wheel("demo", modules={"demo/__init__.py": "A = 1\n", "demo/data, more.py": "B = 2\n"}).write(tmp_path)
    with zipfile.ZipFile(path) as archive:
        contents = {name: archive.read(name) for name in archive.namelist()}
    recorded = {row[0]: row[1:] for row in csv.reader(io.StringIO(contents["demo-1.0.dist-info/RECORD"].decode()))}
    assert recorded.pop("demo-1.0.dist-info/RECORD") == ["", ""]
    del contents["demo-1.0.dist-info/RECORD"]
    assert recorded == {
        name: [
            "sha256=" + base64.urlsafe_b64encode(hashlib.sha256(content).digest()).decode().rstrip("="),
            str(len(content)),
        ]
        for name, content in contents.items()
    }


def test_the_same_description_gives_the_same_bytes() -> None:
    one, other = Wheel("demo", "1.0", requires=("x",)), Wheel("demo", "1.0", requires=("x",))
    assert one.content() == other.content()
    assert one.sha256() == hashlib.sha256(one.content()).hexdigest()
    assert one.content() != Wheel("demo", "1.0", requires=("y",)).content()


@pytest.mark.parametrize(
    ("wheel", "name"),
    [
        (Wheel("demo"), "demo-1.0-py3-none-any.whl"),
        (Wheel("Demo.pkg-x", "1.0-1"), "Demo_pkg_x-1.0_1-py3-none-any.whl"),
        (Wheel("demo", build="7", tag="cp37-cp37m-win_amd64"), "demo-1.0-7-cp37-cp37m-win_amd64.whl"),
        (Wheel("demo", file_name="liar-9.whl"), "liar-9.whl"),
    ],
)
def test_file_names(wheel: Wheel, name: str, tmp_path: pathlib.Path) -> None:
    assert wheel.write(tmp_path).name == name


def test_a_compressed_tag_set_is_spelled_out() -> None:
    wheel = Wheel("demo", tag="py2.py3-none-any").members()["demo-1.0.dist-info/WHEEL"].decode()
    assert [line for line in wheel.splitlines() if line.startswith("Tag:")] == [
        "Tag: py2-none-any",
        "Tag: py3-none-any",
    ]
    assert "Root-Is-Purelib: true" in wheel
    assert b"Root-Is-Purelib: false" in Wheel("demo", tag="cp37-cp37m-win_amd64").members()["demo-1.0.dist-info/WHEEL"]


def test_metadata_says_what_it_was_told_and_nothing_else() -> None:
    wheel = Wheel(
        "demo",
        requires=("pytz (>=2011k)",),
        extras={"x": ("a", "b; python_version < '3'")},
        requires_python=">=3.5",
        metadata_lines=("Author: someone",),
    )
    assert wheel.metadata_text() == (
        "Metadata-Version: 2.1\nName: demo\nVersion: 1.0\nRequires-Python: >=3.5\n"
        "Requires-Dist: pytz (>=2011k)\nProvides-Extra: x\nRequires-Dist: a; extra == 'x'\n"
        "Requires-Dist: b; (python_version < '3') and extra == 'x'\nAuthor: someone\n"
    )


def test_a_wrong_wheel_is_wrong_only_where_it_was_told_to_be(tmp_path: pathlib.Path) -> None:
    path = Wheel(
        "demo",
        metadata=b"Name: other\n",
        record=b"",
        left_out=("WHEEL",),
        raw_members=(("../outside.py", b"1"), ("demo.py", b"2")),
    ).write(tmp_path)
    with zipfile.ZipFile(path) as archive:
        names = [entry.filename for entry in archive.infolist()]
        assert archive.read("demo-1.0.dist-info/METADATA") == b"Name: other\n"
        assert archive.read("demo-1.0.dist-info/RECORD") == b""
    assert names.count("demo.py") == 2
    assert "../outside.py" in names
    assert "demo-1.0.dist-info/WHEEL" not in names
