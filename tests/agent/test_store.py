# Copyright (c) 2026 the mlfleet authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The store of a host: what comes is whole and right before it can be seen, and what broke off is not lost."""

from __future__ import annotations

import concurrent.futures
import dataclasses
import io
import os
import pathlib
import re
import shutil
import subprocess
import time
import typing as t

import pytest
from ansible_collections.mlfleet.packages.plugins.module_utils._agent import (
    announced,
    host,
    refusal,
    store,
    store_collect,
    store_receive,
)
from ansible_collections.mlfleet.packages.plugins.module_utils._agent.bootstrap import ARGUMENTS
from ansible_collections.mlfleet.packages.plugins.plugin_utils._errors import HostProblem
from ansible_collections.mlfleet.packages.plugins.plugin_utils._protocol import Request

from testbed import interpreters, memory
from testbed.agent_stores import Content, Place, content, expected
from testbed.interpreters import Interpreter

NEWEST = max(interpreters.find_one_per_minor(), key=lambda found: found.minor)
A, B, C = content("a", 200_000), content("b", 70_000), content("c", 65_536)
DAY = 24 * 3600


@pytest.fixture
def source(tmp_path: pathlib.Path) -> pathlib.Path:
    """A share with A."""
    path = tmp_path / "share" / A.file_name
    path.parent.mkdir()
    path.write_bytes(A.data)
    return path


@pytest.fixture
def place(tmp_path: pathlib.Path) -> Place:
    return Place(tmp_path / "deep" / "store", NEWEST.path)


def test_the_life_of_a_store_on_every_python(interpreter: Interpreter, tmp_path: pathlib.Path) -> None:
    place = Place(tmp_path / "store", interpreter.path)
    asked = place.query(A, B)
    assert (asked["store"], asked["there"], asked["partial"]) == (str(place.folder), [], [])
    assert not place.folder.exists()
    assert place.receive([A.part(0, 150_000), B.part()], A.data[:150_000] + B.data) == [B.sha256]
    asked = place.query(A, B)
    assert asked["there"] == [B.sha256]
    assert asked["partial"] == [{"sha256": A.sha256, "offset": 0, "length": 150_000}]
    assert place.receive([A.part(150_000)], A.data[150_000:]) == [A.sha256]
    assert place.visible() == expected(A, B)
    assert place.query(A, B)["there"] == [A.sha256, B.sha256]
    assert place.incoming() == []
    assert place.collect(A, most_bytes=1) == [B.file_name]
    assert place.visible() == expected(A)


def test_what_came_before_the_end_stays(place: Place) -> None:
    with pytest.raises(HostProblem, match=r"the wheel a-1\.0\S+ ends 99999 bytes too early"):
        place.receive([B.part(), A.part()], B.data + A.data[:100_001])
    assert place.visible() == expected(B)
    assert place.query(A)["partial"] == [{"sha256": A.sha256, "offset": 0, "length": 100_001}]
    assert place.receive([A.part(100_001)], A.data[100_001:]) == [A.sha256]
    assert place.visible() == expected(A, B)


def test_a_receiver_that_is_killed_leaves_what_it_got(place: Place) -> None:
    request = Request("store_receive", {"store": str(place.folder), "parts": [A.part()]})
    with subprocess.Popen([str(place.interpreter), *ARGUMENTS], stdin=subprocess.PIPE) as process:
        assert process.stdin is not None
        process.stdin.write(request.stdin() + A.data[:131_072])
        process.stdin.flush()
        while not place.query(A)["partial"] or place.query(A)["partial"][0]["length"] < 131_072:
            time.sleep(0.05)
        process.kill()
    assert place.visible() == {}
    assert place.receive([A.part(131_072)], A.data[131_072:]) == [A.sha256]
    assert place.visible() == expected(A)


def test_pieces_may_overlap_and_come_in_any_order(place: Place) -> None:
    for offset, length in ((120_000, 80_000), (40_000, 20_000), (30_000, 100_000), (0, 35_000)):
        there = place.receive([A.part(offset, length)], A.data[offset : offset + length])
    assert there == [A.sha256]
    assert (place.visible(), place.incoming()) == (expected(A), [])


def test_all_pieces_there_and_nobody_who_put_them_together(place: Place) -> None:
    place.receive([A.part(0, 100_000)], A.data[:100_000])
    (piece,) = (place.folder / "incoming").iterdir()
    (place.folder / "incoming" / re.sub("-0-.{16}", "-100000-0123456789abcdef", piece.name)).write_bytes(
        A.data[100_000:]
    )
    assert place.query(A)["partial"] == [{"sha256": A.sha256, "offset": 0, "length": A.size}]
    assert place.receive([A.part(A.size)], b"") == [A.sha256]
    assert (place.visible(), place.incoming()) == (expected(A), [])


@pytest.mark.parametrize("whole", [True, False], ids=["whole", "in pieces"])
def test_pieces_go_when_their_wheel_is_there(place: Place, whole: bool) -> None:
    """Also those that were not needed for it."""
    place.receive([A.part(0, 100)], A.data[:100])
    place.receive([B.part(0, 100)], B.data[:100])
    place.receive([A.part(50, 50)], A.data[50:100])
    place.receive([A.part(0 if whole else 100)], A.data[0 if whole else 100 :])
    assert place.visible() == expected(A)
    assert [name.partition("-")[0] for name in place.incoming()] == [B.sha256]


def test_a_part_that_comes_when_its_wheel_is_there(place: Place) -> None:
    """Another controller was faster, and its agent removed the pieces."""
    place.put(A)
    assert place.receive([A.part(100, 50)], A.data[100:150]) == [A.sha256]
    assert (place.visible(), place.incoming()) == (expected(A), [])


def test_what_a_host_gets_itself_comes_whole_or_not_at_all(place: Place, source: pathlib.Path) -> None:
    for data, words in ((A.data[:-1], "ends 1 bytes too early"), (A.data[1:] + b"x", "have another sha256")):
        source.write_bytes(data)
        with pytest.raises(HostProblem, match=words):
            place.pull((A, str(source)))
        assert (place.visible(), place.incoming()) == ({}, [])
    source.write_bytes(A.data)
    place.receive([A.part(0, 100)], A.data[:100])
    assert place.pull((A, str(source))) == [A.sha256]
    assert (place.visible(), place.incoming()) == (expected(A), [])


def test_a_source_that_breaks_off_leaves_nothing(place: Place) -> None:
    """This one can be opened, and not be read."""
    with pytest.raises(HostProblem, match="breaks off"):
        place.pull((A, "/proc/self/mem"))
    assert place.incoming() == []


def test_several_receivers_side_by_side_on_one_wheel(place: Place) -> None:
    large = content("large", 4_000_000)
    parts = [large.part(number * 500_000, 500_000) for number in range(8)]
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        answers = list(
            pool.map(lambda part: place.receive([part], large.data[part["offset"] :][: part["length"]]), parts)
        )
    assert [large.sha256] in answers
    assert (place.visible(), place.incoming()) == (expected(large), [])


def test_the_same_wheel_from_two_controllers_at_once(place: Place) -> None:
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda _number: place.receive([A.part()], A.data), range(4)))
    assert answers == [[A.sha256]] * 4
    assert (place.visible(), place.incoming()) == (expected(A), [])


@pytest.mark.parametrize("offsets", [(0,), (0, 90_000)], ids=["whole", "in pieces"])
def test_bytes_that_are_not_those_of_the_wheel(place: Place, offsets: tuple[int, ...]) -> None:
    other = bytes(reversed(A.data))
    ends = (*offsets[1:], A.size)
    with pytest.raises(HostProblem, match="have another sha256 than it; they were removed"):
        for start, end in zip(offsets, ends, strict=True):
            place.receive([A.part(start, end - start)], other[start:end])
    assert (place.visible(), place.incoming()) == ({}, [])
    place.put(A)
    assert place.visible() == expected(A)


@pytest.mark.parametrize("data", [A.data[:-1], A.data[:-1] + b"x", b""], ids=["truncated", "changed", "empty"])
def test_a_wheel_that_was_damaged_in_the_store_is_replaced(place: Place, data: bytes) -> None:
    place.put(A)
    place.path(A).write_bytes(data)
    assert (place.query(A)["there"], place.query(A)["partial"]) == ([], [])
    assert place.receive([A.part(0, 100_000)], A.data[:100_000]) == []
    assert place.receive([A.part(100_000)], A.data[100_000:]) == [A.sha256]
    assert place.visible() == expected(A)


def limited(folder: pathlib.Path, kilobytes: int) -> pathlib.Path:
    """An interpreter whose files cannot grow larger: the next best thing to a full disk."""
    script = folder / "python"
    # The shell of Debian counts in blocks of 512 bytes.
    script.write_text(f'#!/bin/dash\nulimit -f {2 * kilobytes}\nexec {NEWEST.path} "$@"\n')
    script.chmod(0o755)
    return script


def test_a_disk_that_becomes_full_is_emptied_again(place: Place, tmp_path: pathlib.Path) -> None:
    full = dataclasses.replace(place, interpreter=limited(tmp_path, 100))
    with pytest.raises(HostProblem, match=r"the store \S+ cannot take the wheel a-1\.0\S+: File too large"):
        full.receive([B.part(), A.part(), C.part()], B.data + A.data + C.data)
    assert (place.visible(), place.incoming()) == (expected(B), [])


def test_a_disk_that_becomes_full_while_pieces_are_put_together(place: Place, tmp_path: pathlib.Path) -> None:
    full = dataclasses.replace(place, interpreter=limited(tmp_path, 120))
    full.receive([A.part(0, 100_000)], A.data[:100_000])
    with pytest.raises(HostProblem, match="cannot take the wheel"):
        full.receive([A.part(100_000)], A.data[100_000:])
    assert place.visible() == {}
    assert place.query(A)["partial"] == [{"sha256": A.sha256, "offset": 0, "length": A.size}]


@pytest.mark.parametrize(
    ("length", "more", "left"),
    [(1000, 0, 0), (1000, 5, 5), (40_000_000, 0, 40_000_000 - announced.READ_AFTER_REFUSAL)],
    ids=["all", "not beyond what was announced", "not without end"],
)
def test_what_is_left_of_the_input_is_read_before_a_refusal(place: Place, length: int, more: int, left: int) -> None:
    """Whoever sends may listen only then."""
    place.folder.parent.mkdir()
    place.folder.write_text("a file in the way")
    part = {**A.part(), "size": length, "length": length}
    stream = io.BytesIO(bytes(length + more))
    with pytest.raises(refusal.Refusal, match="cannot be written to"):
        store_receive.operation({"store": str(place.folder), "parts": [part]}, None, b"", stream)
    assert len(stream.read()) == left


def test_a_store_that_cannot_be_made(place: Place) -> None:
    place.folder.parent.parent.mkdir(exist_ok=True)
    place.folder.parent.write_text("a file in the way")
    with pytest.raises(HostProblem, match=r"the store \S+ cannot be written to"):
        place.put(A)


def test_a_store_is_not_seen_before_it_is_kept_from_others(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[bool] = []

    def fail(folder: str) -> None:
        seen.extend([pathlib.Path(folder).is_dir(), place.folder.exists()])
        raise OSError("icacls says no")

    monkeypatch.setattr(host.this, "keep_from_others", fail)
    with pytest.raises(refusal.Refusal, match="cannot be written to: icacls says no"):
        store.Store(f"{place.folder}/").make()
    assert seen == [True, False]
    assert list(place.folder.parent.iterdir()) == []


@pytest.mark.parametrize("outcome", ["protected", "denied"])
def test_a_store_that_another_receiver_makes_first(place: Place, monkeypatch: pytest.MonkeyPatch, outcome: str) -> None:
    def slow(folder: str) -> None:
        monkeypatch.undo()
        place.put(A)
        if outcome == "denied":
            raise OSError("icacls says no")

    monkeypatch.setattr(host.this, "keep_from_others", slow)
    store.Store(str(place.folder)).make()
    assert place.visible() == expected(A)
    assert list(place.folder.parent.iterdir()) == [place.folder]


@pytest.mark.parametrize(
    "part",
    [
        A.part() | {"file_name": "../a-1.0-py3-none-any.whl"},
        A.part() | {"sha256": "../" + "0" * 61},
        A.part(-1, 5),
        A.part(0, -5),
        A.part(5, A.size),
        A.part() | {"size": 0, "length": 0},
        A.part() | {"length": True},
    ],
    ids=str,
)
def test_parts_that_are_none_are_refused(place: Place, part: dict[str, t.Any]) -> None:
    with pytest.raises(HostProblem, match="the agent refused"):
        place.receive([part], A.data)
    assert not place.folder.exists()


@pytest.mark.parametrize("folder", ["store", "", "../x"])
def test_a_store_is_an_absolute_path(place: Place, folder: str) -> None:
    other = dataclasses.replace(place, folder=t.cast(pathlib.Path, folder))
    if folder:
        with pytest.raises(HostProblem, match="no absolute path"):
            other.query(A)
    else:
        assert pathlib.Path(other.query(A)["store"]).is_absolute()


def aged(place: Place, wheel: Content, days: float) -> None:
    then = time.time() - days * DAY
    os.utime(place.path(wheel).parent, (then, then))


def test_what_nobody_wants_is_collected_by_age(place: Place) -> None:
    place.put(A, B, C)
    for wheel, days in ((A, 40), (B, 40), (C, 10)):
        aged(place, wheel, days)
    assert place.collect(A, keep_days=30, remove=False) == [B.file_name]
    assert place.visible() == expected(A, B, C)
    assert place.collect(A, keep_days=30) == [B.file_name]
    assert place.visible() == expected(A, C)
    assert place.collect(keep_days=30) == [A.file_name]


def test_a_wheel_that_is_asked_for_counts_as_used(place: Place) -> None:
    place.put(A, B)
    aged(place, A, 40)
    aged(place, B, 40)
    place.query(A)
    place.query(B, use=False)
    assert place.collect(keep_days=30) == [B.file_name]


def test_what_was_not_wanted_longest_goes_first_until_the_rest_is_small_enough(place: Place) -> None:
    place.put(A, B, C)
    for wheel, days in ((A, 1), (B, 3), (C, 2)):
        aged(place, wheel, days)
    assert place.collect(most_bytes=A.size + C.size) == [B.file_name]
    assert place.collect(A, most_bytes=10) == [C.file_name]
    assert place.visible() == expected(A)


def test_a_check_counts_the_wheels_that_are_coming(place: Place) -> None:
    place.put(A, B)
    limits = {"most_bytes": A.size + B.size, "remove": False}
    assert place.collect(A, C, **limits) == []
    assert place.collect(A, C, coming=[C], **limits) == [B.file_name]
    # One that was damaged in the store comes again, and is there once.
    place.path(A).write_bytes(A.data[:-1])
    assert place.collect(A, coming=[A], **limits) == []


def test_what_is_no_wheel_is_not_collected(place: Place, tmp_path: pathlib.Path) -> None:
    place.put(A, B)
    notes = place.path(A).with_name("notes")
    notes.mkdir()
    (notes / "keep.txt").write_text("of somebody else")
    (place.path(A).parent / "link").symlink_to(place.path(B).parent, target_is_directory=True)
    foreign, linked = place.folder / ("0" * 64), place.folder / ("1" * 64)
    (foreign / "sub").mkdir(parents=True)
    elsewhere = tmp_path / "elsewhere" / C.file_name
    elsewhere.parent.mkdir()
    elsewhere.write_bytes(C.data)
    linked.symlink_to(elsewhere.parent)
    assert place.collect(B, most_bytes=1, remove=False) == [A.file_name]
    assert place.collect(B, most_bytes=1) == [A.file_name]
    assert place.visible() == expected(B)
    assert ((notes / "keep.txt").is_file(), (foreign / "sub").is_dir(), elsewhere.is_file()) == (True, True, True)
    assert place.collect(B, most_bytes=1) == []


@pytest.mark.parametrize(
    ("step", "at", "removed"),
    [("listdir", A.sha256, [B]), ("stat", A.file_name, [B]), ("unlink", A.file_name, [A, B]), ("rmdir", "", [A, B])],
    ids=["before it is listed", "before it is measured", "before its wheel is removed", "before its folder is"],
)
def test_another_controller_collects_at_the_same_moment(
    place: Place, monkeypatch: pytest.MonkeyPatch, step: str, at: str, removed: list[Content]
) -> None:
    place.put(A, B)
    aged(place, A, 2)
    aged(place, B, 1)
    real = getattr(os, step)

    def later(path: str, *arguments: t.Any, **options: t.Any) -> t.Any:
        if str(path).endswith(at):
            monkeypatch.undo()
            shutil.rmtree(place.path(A).parent)
        return real(path, *arguments, **options)

    monkeypatch.setattr(os, step, later)
    request = {"store": str(place.folder), "keep": [], "coming": [], "keep_days": 0, "most_bytes": 1, "remove": True}
    answer = store_collect.operation(request, None, b"", None)
    assert [each["file_name"] for each in answer["removed"]] == [each.file_name for each in removed]
    assert place.visible() == {}


def test_pieces_with_which_nobody_went_on_are_removed_after_a_week(place: Place) -> None:
    place.receive([A.part(0, 10)], A.data[:10])
    place.receive([B.part(0, 10)], B.data[:10])
    old = next(path for path in (place.folder / "incoming").iterdir() if path.name.startswith(A.sha256))
    os.utime(old, (time.time() - 8 * DAY,) * 2)
    place.put(C)
    assert [name.partition("-")[0] for name in place.incoming()] == [B.sha256]


def test_a_host_that_gets_wheels_itself_removes_old_pieces_too(place: Place, source: pathlib.Path) -> None:
    place.receive([B.part(0, 10)], B.data[:10])
    (old,) = (place.folder / "incoming").iterdir()
    os.utime(old, (time.time() - 8 * DAY,) * 2)
    place.pull((A, str(source)))
    assert place.incoming() == []


def test_what_is_no_piece_is_left_alone(place: Place, tmp_path: pathlib.Path) -> None:
    (tmp_path / "reports").mkdir()
    strange = [tmp_path / "reports" / name for name in ("report.xlsx", f"{A.sha256}-0-0123.part", f"{A.sha256}.part")]
    for path in strange:
        path.write_text("of somebody else")
        os.utime(path, (0, 0))
    place.folder.mkdir(parents=True)
    (place.folder / "incoming").symlink_to(tmp_path / "reports")
    place.put(C)
    place.collect(most_bytes=1)
    assert sorted((tmp_path / "reports").iterdir()) == sorted(strange)


@pytest.mark.slow
def test_memory_does_not_grow_with_the_wheel(place: Place) -> None:
    """300 MB, of which a third comes as a piece of its own, so that it has to be put together as well."""
    large = content("large", 300_000_000)
    for offset, length in ((0, 200_000_000), (200_000_000, 100_000_000)):
        request = Request("store_receive", {"store": str(place.folder), "parts": [large.part(offset, length)]})
        sent = (request.stdin(), large.data[offset : offset + length])
        assert memory.peak_megabytes([str(place.interpreter), *ARGUMENTS], sent) < 50
    assert place.visible() == expected(large)
