# Copyright (c) 2026 the mlfleet authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This file is private to mlfleet.packages: it may change in any release.
"""What has to travel to a store, and how it is divided among transfers that run side by side."""

from __future__ import annotations

import collections.abc as c
import dataclasses

# A shell and a command of its own are six requests over WinRM; for fewer bytes, they would be too large a part.
BYTES_PER_STREAM = 30_000_000
# Pieces have to be put together again, so that small ones are not worth a cut.
SMALLEST_PIECE = 2_000_000


@dataclasses.dataclass(frozen=True)
class Item:
    """One wheel file of the controller."""

    file_name: str
    sha256: str
    size: int
    path: str


@dataclasses.dataclass(frozen=True)
class Range:
    """What has come already of a wheel that the store does not have."""

    sha256: str
    offset: int
    length: int


@dataclasses.dataclass(frozen=True)
class Held:
    """What a store says of the wheels that it was asked for."""

    store: str
    free_bytes: int
    there: tuple[str, ...]
    partial: tuple[Range, ...]


@dataclasses.dataclass(frozen=True)
class Part:
    """Some bytes of a wheel, or all."""

    item: Item
    offset: int
    length: int

    def cut(self, length: int) -> tuple[Part, Part]:
        """The first bytes, and the rest."""
        rest = Part(self.item, self.offset + length, self.length - length)
        return dataclasses.replace(self, length=length), rest


def lacking(items: c.Iterable[Item], held: Held) -> tuple[Part, ...]:
    """The bytes that the store has not got. One whose pieces are all there has an empty part, to be put together."""
    parts: list[Part] = []
    for item in items:
        if item.sha256 not in held.there:
            ranges = sorted((each.offset, each.length) for each in held.partial if each.sha256 == item.sha256)
            parts += _gaps(item, ranges) or [Part(item, item.size, 0)]
    return tuple(parts)


def _gaps(item: Item, ranges: c.Iterable[tuple[int, int]]) -> list[Part]:
    found = []
    position = 0
    for offset, length in [*ranges, (item.size, 0)]:
        if offset > position:
            found.append(Part(item, position, offset - position))
        position = max(position, offset + length)
    return found


def size(parts: c.Iterable[Part]) -> int:
    """The bytes of all of them."""
    return sum(part.length for part in parts)


def stream_count(parts: c.Iterable[Part], most: int) -> int:
    """How many transfers are worth while."""
    return min(most, max(1, size(parts) // BYTES_PER_STREAM))


def streams(parts: c.Iterable[Part], count: int) -> tuple[tuple[Part, ...], ...]:
    """The same bytes in order, in no more than count shares of about the same size."""
    waiting = list(reversed([*parts]))
    share = -(-size(waiting) // count)
    made = []
    for _number in range(count - 1):
        made.append(_take(waiting, share))
    made.append(tuple(reversed(waiting)))
    return tuple(stream for stream in made if stream)


def _take(waiting: list[Part], share: int) -> tuple[Part, ...]:
    """The next parts, up to a share. Only large ones are cut."""
    taken: list[Part] = []
    room = share
    while waiting and room > 0:
        part = waiting.pop()
        if part.length - room >= SMALLEST_PIECE:
            if room < SMALLEST_PIECE:
                waiting.append(part)
                break
            part, rest = part.cut(room)
            waiting.append(rest)
        taken.append(part)
        room -= part.length
    return tuple(taken)


def batches(stream: c.Iterable[Part], limit: int | None) -> tuple[tuple[Part, ...], ...]:
    """A stream in commands that take no more than limit bytes each."""
    made: list[list[Part]] = [[]]
    room = limit
    for whole in stream:
        part = whole
        while room is not None and part.length > room:
            first, part = part.cut(room)
            made[-1] += [first] if first.length else []
            made.append([])
            room = limit
        made[-1].append(part)
        room = None if room is None else room - part.length
    return tuple(tuple(batch) for batch in made if batch)


def needed_bytes(parts: c.Sequence[Part], count: int, limit: int | None) -> int:
    """What the volume of the store must take if there are up to count streams, with up to limit bytes a command."""
    # There may be fewer than wished for, which cuts other wheels.
    return max(_needed_bytes(streams(parts, number), limit) for number in range(1, count + 1))


def _needed_bytes(shares: c.Sequence[tuple[Part, ...]], limit: int | None) -> int:
    """A wheel that comes in pieces is there twice while they are put together: one at a time in each stream."""
    parts = [part for share in shares for batch in batches(share, limit) for part in batch]
    joined = {part.item.sha256: part.item.size for part in parts if part.length < part.item.size}
    return size(parts) + sum(sorted(joined.values(), reverse=True)[: len(shares)])
