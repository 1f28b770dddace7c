# Copyright (c) 2026 the mlfleet authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This file is private to mlfleet.packages: it may change in any release.
"""The store of a host, seen from the controller: it is asked what it lacks, and gets only that."""

from __future__ import annotations

import collections.abc as c
import concurrent.futures
import contextvars
import dataclasses
import pathlib
import time
import typing as t

from ansible_collections.mlfleet.packages.plugins.plugin_utils import _store_plan
from ansible_collections.mlfleet.packages.plugins.plugin_utils._agent_host import AgentHost
from ansible_collections.mlfleet.packages.plugins.plugin_utils._errors import HostProblem
from ansible_collections.mlfleet.packages.plugins.plugin_utils._snapshot import checked
from ansible_collections.mlfleet.packages.plugins.plugin_utils._store_plan import Held, Item, Part
from ansible_collections.mlfleet.packages.plugins.plugin_utils._transport._carrier import Carrier

BLOCK = 256 * 1024
MEBIBYTE = 1024 * 1024


@dataclasses.dataclass(frozen=True)
class Staging:
    """What of some wheels is in a store, and what has to go there."""

    held: Held
    parts: tuple[Part, ...]

    @property
    def items(self) -> tuple[Item, ...]:
        """The wheels that are not there, in the order in which they are sent."""
        return tuple(dict.fromkeys(part.item for part in self.parts))

    @property
    def lacking(self) -> frozenset[str]:
        """The sha256 of the wheels that are not there."""
        return frozenset(item.sha256 for item in self.items)

    @property
    def bytes(self) -> int:
        """How many bytes have to travel."""
        return _store_plan.size(self.parts)

    def whole(self) -> Staging:
        """Without use for what has come already."""
        return dataclasses.replace(self, parts=tuple(Part(item, 0, item.size) for item in self.items))

    def check_space(self, needed: int) -> None:
        """Refuses what the volume of the store cannot take."""
        free = self.held.free_bytes
        if needed > free:
            sizes = f"about {needed // MEBIBYTE + 1} MiB, and its volume has {free // MEBIBYTE} MiB left"
            advice = "make room there, or name a store on another volume in the variable mlfleet_store"
            raise HostProblem(f"the store {self.held.store} needs {sizes}; {advice}")

    def check_there(self, there: c.Collection[str]) -> None:
        """Refuses to go on without a wheel."""
        missing = sorted({part.item.file_name for part in self.parts if part.item.sha256 not in there})
        if missing:
            raise HostProblem(f"the store {self.held.store} has not got all of {missing[0]}; run the task again")


@dataclasses.dataclass(frozen=True)
class Limits:
    """What a store is to be kept to; 0 is none."""

    days: int
    megabytes: int


@dataclasses.dataclass(frozen=True)
class Removed:
    """A wheel that is not in the store any more."""

    file_name: str
    sha256: str
    size: int


@dataclasses.dataclass(frozen=True)
class _Received:
    there: tuple[str, ...]


@dataclasses.dataclass(frozen=True)
class _Collected:
    removed: tuple[Removed, ...]


def look(host: AgentHost, items: c.Iterable[Item], seconds: int, use: bool) -> Staging:
    """One question for all wheels; use: whether the store shall remember that they were wanted."""
    by_content = {item.sha256: item for item in items}
    listed = [_described(item) for item in by_content.values()]
    arguments = {"store": host.store or "", "wheels": listed, "use": use}
    held = checked(Held, host.ask("store_query", arguments, seconds))
    return Staging(held, _store_plan.lacking(by_content.values(), held))


def send(host: AgentHost, staging: Staging, seconds: int) -> None:
    """Sends what is lacking. Whatever came stays there if it ends before its time, so that the next run goes on."""
    if not staging.parts:
        return
    check_space_to_send(host, staging)
    with host.carrier.side_by_side(_stream_count(host, staging)) as carriers:
        streams = _store_plan.streams(staging.parts, len(carriers))
        transfers = [
            _Transfer(host, carrier, staging.held.store, stream, seconds)
            for carrier, stream in zip(carriers, streams, strict=False)
        ]
        there = _run(transfers)
    staging.check_there(there)


def check_space_to_send(host: AgentHost, staging: Staging) -> None:
    """Refuses what the volume of the store cannot take, divided as `send` does."""
    count, limit = _stream_count(host, staging), host.carrier.input_limit
    staging.check_space(_store_plan.needed_bytes(staging.parts, count, limit))


def _stream_count(host: AgentHost, staging: Staging) -> int:
    return _store_plan.stream_count(staging.parts, host.streams if host.carrier.several else 1)


def pull(host: AgentHost, staging: Staging, place: c.Callable[[Item], str], seconds: int) -> None:
    """Lets the host itself get what is lacking, from the place where it finds each wheel: a URL, or a path."""
    if not staging.parts:
        return
    check_space_to_pull(staging)
    wheels = [{**_described(part.item), "place": place(part.item)} for part in staging.parts]
    answer = host.ask("store_pull", {"store": staging.held.store, "wheels": wheels}, seconds)
    staging.check_there(checked(_Received, answer).there)


def check_space_to_pull(staging: Staging) -> None:
    """Refuses what the volume of the store cannot take; what `pull` brings comes whole."""
    staging.check_space(staging.whole().bytes)


def collect(
    host: AgentHost, items: c.Iterable[Item], limits: Limits, seconds: int, coming: c.Iterable[Item] | None
) -> tuple[Removed, ...]:
    """Removes from the store what exceeds the limits, but for these wheels.

    Or tells what that would be, once those that are coming are there: for a check, which does not bring them.
    """
    arguments = {
        "store": host.store or "",
        "keep": [item.sha256 for item in items],
        "coming": [_described(item) for item in coming or ()],
        "keep_days": limits.days,
        "most_bytes": limits.megabytes * 1_000_000,
        "remove": coming is None,
    }
    return checked(_Collected, host.ask("store_collect", arguments, seconds)).removed


def _described(item: Item) -> dict[str, t.Any]:
    return {"file_name": item.file_name, "sha256": item.sha256, "size": item.size}


def _run(transfers: c.Sequence[_Transfer]) -> frozenset[str]:
    """What has become whole. If one breaks off, the others go on: what they bring need not be sent again."""
    if len(transfers) == 1:
        return transfers[0].run()
    with concurrent.futures.ThreadPoolExecutor(len(transfers)) as pool:
        # Ansible keeps what its display needs to know in the context of a thread.
        running = [pool.submit(contextvars.copy_context().run, transfer.run) for transfer in transfers]
    return frozenset().union(*(future.result() for future in running))


@dataclasses.dataclass(frozen=True)
class _Transfer:
    """One of several that run side by side."""

    host: AgentHost
    carrier: Carrier
    store: str
    stream: tuple[Part, ...]
    seconds: int

    def run(self) -> frozenset[str]:
        """The sha256 of what has become whole with it."""
        there: set[str] = set()
        for batch in _store_plan.batches(self.stream, self.carrier.input_limit):
            parts = [{**_described(part.item), "offset": part.offset, "length": part.length} for part in batch]
            arguments = {"store": self.store, "parts": parts}
            blocks = (block for part in batch for block in self._blocks(part))
            answer = self.host.ask("store_receive", arguments, self.seconds, blocks, self.carrier)
            there.update(checked(_Received, answer).there)
        return frozenset(there)

    def _blocks(self, part: Part) -> c.Iterator[bytes]:
        """The bytes of a part, as fast as they are taken."""
        begun = time.monotonic()
        yield from blocks(part.item.path, part.offset, part.length)
        seconds = max(time.monotonic() - begun, 0.001)
        rate = f"{part.length / seconds / 1e6:.1f} MB/s"
        self.host.on_event({"step": "sent", "file": part.item.file_name, "bytes": part.length, "rate": rate})


def blocks(path: str, offset: int, length: int) -> c.Iterator[bytes]:
    """A part of a wheel on the controller, as it is sent."""
    left = length
    try:
        with pathlib.Path(path).open("rb") as stream:
            stream.seek(offset)
            while left and (block := stream.read(min(BLOCK, left))):
                left -= len(block)
                yield block
    except OSError as error:
        raise HostProblem(f"{path} cannot be read ({error.strerror}); run the task again") from None
    if left:
        raise HostProblem(f"{path} became shorter while it was sent; run the task again")
