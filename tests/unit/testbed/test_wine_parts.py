# Copyright (c) 2026 the mlfleet authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The parts of Wine hosts: made once, and their absence said in one sentence."""

from __future__ import annotations

import pathlib

import pytest

from testbed.interpreters import Interpreter
from testbed.wine import cache, interpreter, registry_file, toolchain, windows_processes
from testbed.wine.toolchain import Missing, Toolchain


def make_program(folder: pathlib.Path, name: str) -> pathlib.Path:
    program = folder / name
    program.touch(mode=0o755)
    return program


def test_what_is_missing_is_said_in_one_sentence(tmp_path: pathlib.Path) -> None:
    make_program(tmp_path, "x86_64-w64-mingw32-gcc")
    make_program(tmp_path, "wineserver")
    assert toolchain.find(str(tmp_path)) == Missing(
        "Wine hosts need wine64 or wine, x86_64-w64-mingw32-dlltool, "
        "x86_64-w64-mingw32-windres, which this machine does not have."
    )


def test_the_64_bit_loader_goes_first(tmp_path: pathlib.Path) -> None:
    tools = [f"x86_64-w64-mingw32-{tool}" for tool in ("gcc", "dlltool", "windres")]
    programs = {name: make_program(tmp_path, name) for name in ("wine", "wine64", "wineserver", *tools)}
    assert toolchain.find(str(tmp_path)) == Toolchain(
        programs["wine64"],
        programs["wineserver"],
        *(programs[tool] for tool in tools),
    )


def test_a_thing_is_made_once(tmp_path: pathlib.Path) -> None:
    calls = []

    def make(folder: pathlib.Path) -> None:
        calls.append(folder)
        (folder / "content").write_text("made")

    for _time in range(2):
        assert (cache.made_once(tmp_path / "thing", make) / "content").read_text() == "made"
    assert len(calls) == 1


def test_a_thing_that_failed_is_not_taken_for_made(tmp_path: pathlib.Path) -> None:
    def fail(folder: pathlib.Path) -> None:
        (folder / "half").touch()
        raise ValueError("in the middle")

    with pytest.raises(ValueError, match="in the middle"):
        cache.made_once(tmp_path / "thing", fail)
    made = cache.made_once(tmp_path / "thing", lambda folder: (folder / "whole").touch())
    assert [entry.name for entry in made.iterdir()] == ["whole"]
    assert not list(tmp_path.glob(".making-*"))


def test_recipes_are_told_apart_where_their_parts_join() -> None:
    assert cache.digest("ab", "c") != cache.digest("a", "bc")
    assert cache.digest("a") == cache.digest(b"a")


def test_a_tree_that_was_laid_out_is_independent(tmp_path: pathlib.Path) -> None:
    source, target = tmp_path / "source", tmp_path / "target"
    (source / "folder").mkdir(parents=True)
    (source / "folder" / "file").write_text("content")
    cache.lay_out(source, target)
    (target / "folder" / "new").touch()
    (target / "folder" / "file").unlink()
    assert [entry.name for entry in (source / "folder").iterdir()] == ["file"]
    assert (source / "folder" / "file").read_text() == "content"


def test_a_python_without_its_standard_library_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("testbed.interpreters.find", lambda: ())
    assert interpreter.find_standard_library(interpreter.RELEASES["3.7"]) == Missing(
        "A Windows Python 3.7 needs the standard library of a CPython 3.7."
    )


def test_the_standard_library_is_one_that_can_bring_pip(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    changed, whole = tmp_path / "changed", tmp_path / "whole"
    changed.mkdir()
    (whole / "ensurepip" / "_bundled").mkdir(parents=True)
    (whole / "ensurepip" / "_bundled" / "pip-22.0.4-py3-none-any.whl").touch()
    found = [Interpreter((3, 7, patch), answering(folder), True) for patch, folder in enumerate([whole, changed])]
    monkeypatch.setattr("testbed.interpreters.find", lambda: (Interpreter((3, 6, 1), tmp_path, True), *found))
    assert interpreter.find_standard_library(interpreter.RELEASES["3.7"]) == whole


def answering(folder: pathlib.Path) -> pathlib.Path:
    """Something to start that says where its standard library is."""
    program = folder.with_suffix(".sh")
    program.write_text(f"#!/bin/sh\nprintf %s '{folder}'\n")
    program.chmod(0o755)
    return program


# Only this leg fetches anything.
@pytest.mark.wine
def test_a_wheel_with_another_hash_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: pathlib.Path) -> None:
    release = interpreter.Release("3.7", "1.10.16", "cp37m", "0" * 64)
    monkeypatch.setitem(interpreter.RELEASES, "3.7", release)
    monkeypatch.setattr(interpreter, "find_standard_library", lambda _: tmp_path)
    unused = pathlib.Path("unused")
    answer = interpreter.prepare("3.7", Toolchain(*[unused] * 5), tmp_path / "cache")
    assert isinstance(answer, Missing)
    assert answer.reason.startswith("The Windows Python 3.7 inside panda3d could not be fetched: ")
    assert not [entry for entry in (tmp_path / "cache").iterdir() if entry.is_dir()]


def test_registry_files_escape_what_they_must() -> None:
    text = registry_file.render({r"HKLM\SOFTWARE\X": {'a"b': ("REG_SZ", 'c\\d"'), "": ("REG_DWORD", "0x10")}})
    assert text.split("\r\n") == [
        "Windows Registry Editor Version 5.00",
        "",
        r"[HKEY_LOCAL_MACHINE\SOFTWARE\X]",
        r'"a\"b"="c\\d\""',
        "@=dword:00000010",
        "",
        "",
    ]


def test_an_unknown_registry_type_is_refused() -> None:
    with pytest.raises(ValueError, match="REG_LINK is none of"):
        registry_file.render({r"HKLM\X": {"a": ("REG_LINK", "b")}})


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        (b"C:\\A B\\python.exe\0-c\0print(1)\0\0\0\0", r'"C:\A B\python.exe" -c print(1)'),
        (b"/usr/lib/wine/wine64\0C:\\python.exe\0-I\0", r"C:\python.exe -I"),
        (b"/usr/lib/wine/wine64\0/somewhere/launch.exe\0a\0", ""),
        (b"C:\\windows\\system32\\Services.exe\0\0", ""),
        (b"/usr/lib/wine/wineserver64\0-p0\0", ""),
        (b"", ""),
    ],
)
def test_command_lines_of_processes(monkeypatch: pytest.MonkeyPatch, raw: bytes, shown: str) -> None:
    monkeypatch.setattr(pathlib.Path, "read_bytes", lambda _: raw)
    assert windows_processes.command_line(1) == shown
