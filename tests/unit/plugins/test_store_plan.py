# Copyright (c) 2026 the mlfleet authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What travels to a store, and in which shares: every byte that is lacking once, and no other."""

from __future__ import annotations

import collections.abc as c

from ansible_collections.mlfleet.packages.plugins.plugin_utils import _store_plan
from ansible_collections.mlfleet.packages.plugins.plugin_utils._store_plan import Held, Item, Part, Range
from hypothesis import given
from hypothesis import strategies as st

MB = 1_000_000
PIECE = _store_plan.SMALLEST_PIECE


def item(name: str, size: int) -> Item:
    return Item(f"{name}-1.0-py3-none-any.whl", name * 64, size, f"/house/{name}")


A, B = item("a", 10), item("b", 20)


def held(*there: Item, partial: c.Iterable[Range] = ()) -> Held:
    return Held("/store", 10**12, tuple(each.sha256 for each in there), tuple(partial))


def bytes_of(parts: c.Iterable[Part]) -> list[tuple[str, int]]:
    return [(part.item.sha256, part.offset + n) for part in parts for n in range(part.length)]


def test_only_what_is_not_there() -> None:
    assert _store_plan.lacking([A, B], held(A)) == (Part(B, 0, 20),)


def test_only_what_has_not_come() -> None:
    ranges = [Range(B.sha256, 5, 5), Range(B.sha256, 12, 3), Range(A.sha256, 0, 4)]
    assert _store_plan.lacking([A, B], held(partial=ranges)) == (
        Part(A, 4, 6),
        Part(B, 0, 5),
        Part(B, 10, 2),
        Part(B, 15, 5),
    )


def test_pieces_that_are_all_there_are_still_to_be_put_together() -> None:
    ranges = [Range(A.sha256, 0, 7), Range(A.sha256, 5, 5)]
    assert _store_plan.lacking([A], held(partial=ranges)) == (Part(A, 10, 0),)


def whole(*items: Item) -> list[Part]:
    return [Part(each, 0, each.size) for each in items]


def test_a_wheel_in_pieces_needs_its_room_twice() -> None:
    assert _store_plan.needed_bytes([Part(A, 0, 10), Part(B, 15, 5)], 1, None) == 10 + 5 + 20
    assert _store_plan.needed_bytes(whole(A, B), 1, None) == 10 + 20


def test_what_is_cut_on_its_way_needs_its_room_twice() -> None:
    large = item("l", 300 * MB)
    assert _store_plan.needed_bytes(whole(large), 1, None) == 300 * MB
    assert _store_plan.needed_bytes(whole(large), 4, None) == 2 * 300 * MB
    assert _store_plan.needed_bytes(whole(A, B), 1, 15) == 10 + 20 + 20


def test_pieces_are_put_together_one_wheel_at_a_time_in_each_stream() -> None:
    large = [item(name, size * MB) for name, size in (("a", 20), ("b", 50), ("c", 40), ("d", 30))]
    assert _store_plan.needed_bytes(whole(*large), 1, MB) == (140 + 50) * MB
    assert _store_plan.needed_bytes(whole(*large), 2, MB) == (140 + 50 + 40) * MB


def test_the_room_is_enough_for_fewer_streams_too() -> None:
    """Three take a wheel each; if the service allows only two of them, the second wheel is cut."""
    wheels = whole(*(item(name, 200 * MB) for name in "abc"))
    assert _store_plan.needed_bytes(wheels, 3, None) == (600 + 200) * MB


def test_a_share_of_its_own_is_for_large_transfers() -> None:
    counts = [_store_plan.stream_count([Part(item("a", size * MB), 0, size * MB)], 4) for size in (1, 59, 60, 500)]
    assert counts == [1, 1, 2, 4]


def test_one_large_wheel_is_cut_into_equal_shares() -> None:
    large = item("a", 300 * MB)
    streams = _store_plan.streams([Part(large, 0, large.size)], 4)
    assert [[(part.offset, part.length) for part in stream] for stream in streams] == [
        [(number * 75 * MB, 75 * MB)] for number in range(4)
    ]


def test_small_wheels_are_not_cut() -> None:
    wheels = [item(name, 3 * MB) for name in "abcdef"]
    streams = _store_plan.streams([Part(each, 0, each.size) for each in wheels], 4)
    assert all(part.length == part.item.size for stream in streams for part in stream)


@st.composite
def worlds(draw: st.DrawFn) -> tuple[list[Item], Held]:
    items = [item(name, draw(st.integers(1, 60))) for name in "abcd"[: draw(st.integers(1, 4))]]
    there = draw(st.sets(st.sampled_from(items)))
    partial = [
        Range(each.sha256, draw(st.integers(0, each.size - 1)), draw(st.integers(1, each.size)))
        for each in items
        for _number in range(draw(st.integers(0, 3)))
    ]
    return items, held(*there, partial=partial)


@given(worlds())
def test_lacking_is_what_is_neither_there_nor_has_come(world: tuple[list[Item], Held]) -> None:
    items, said = world
    come = {(each.sha256, each.offset + n) for each in said.partial for n in range(each.length)}
    expected = [
        (each.sha256, n)
        for each in items
        if each.sha256 not in said.there
        for n in range(each.size)
        if (each.sha256, n) not in come
    ]
    parts = _store_plan.lacking(items, said)
    assert bytes_of(parts) == expected
    assert {part.item.sha256 for part in parts} == {each.sha256 for each in items} - set(said.there)


SIZES = st.lists(st.one_of(st.integers(1, 1000), st.integers(1, 100 * MB)), min_size=1, max_size=12)


def parts_of(sizes: c.Iterable[int]) -> list[Part]:
    return [Part(each, 0, each.size) for each in (item(chr(97 + n), size) for n, size in enumerate(sizes))]


def put_together(parts: c.Iterable[Part]) -> list[Part]:
    """Neighbours of one wheel as one part again."""
    found: list[Part] = []
    for part in parts:
        last = found[-1] if found else None
        if last and last.item == part.item and last.offset + last.length == part.offset:
            found[-1] = Part(last.item, last.offset, last.length + part.length)
        else:
            found.append(part)
    return found


@given(SIZES, st.integers(1, 6))
def test_shares_hold_everything_once_and_are_even(sizes: list[int], count: int) -> None:
    parts = parts_of(sizes)
    streams = _store_plan.streams(parts, count)
    assert put_together(part for stream in streams for part in stream) == parts
    assert len(streams) <= count
    fair = sum(sizes) / count
    # Before a small wheel is cut, a share may be smaller by a piece, or larger; the last one has what others left.
    assert all(_store_plan.size(stream) <= fair + count * PIECE for stream in streams)


@given(SIZES, st.integers(1, 6))
def test_no_piece_is_small_unless_its_wheel_is(sizes: list[int], count: int) -> None:
    for stream in _store_plan.streams(parts_of(sizes), count):
        assert all(part.length >= min(PIECE, part.item.size) for part in stream)


@given(st.lists(st.integers(0, 50), min_size=1, max_size=12), st.integers(1, 20))
def test_batches_hold_everything_once_and_keep_the_limit(sizes: list[int], limit: int) -> None:
    stream = [Part(item(chr(97 + n), 100), 0, size) for n, size in enumerate(sizes)]
    made = _store_plan.batches(stream, limit)
    assert put_together(part for batch in made for part in batch) == stream
    assert all(0 <= _store_plan.size(batch) <= limit for batch in made)
    assert _store_plan.batches(stream, None) == (tuple(stream),)
