# Copyright (c) 2026 the mlfleet authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A store on this machine, asked of the agent without a controller; and what others than the agent see in it."""

from __future__ import annotations

import collections.abc as c
import dataclasses
import hashlib
import pathlib
import typing as t

from testbed import agent_calls


@dataclasses.dataclass(frozen=True)
class Content:
    """A file that passes for a wheel as far as a store looks at it."""

    file_name: str
    data: bytes

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.data).hexdigest()

    @property
    def size(self) -> int:
        return len(self.data)

    def described(self) -> dict[str, t.Any]:
        return {"file_name": self.file_name, "sha256": self.sha256, "size": self.size}

    def part(self, offset: int = 0, length: int | None = None) -> dict[str, t.Any]:
        """From the offset on; to the end, unless a length is given."""
        return {**self.described(), "offset": offset, "length": self.size - offset if length is None else length}


def content(name: str, size: int) -> Content:
    """Bytes that differ from place to place and from name to name."""
    block = hashlib.sha512(name.encode()).digest()
    numbered = (block[:56] + number.to_bytes(8, "big") for number in range(size // 64 + 1))
    return Content(f"{name}-1.0-py3-none-any.whl", b"".join(numbered)[:size])


@dataclasses.dataclass(frozen=True)
class Place:
    """A folder for a store, and the interpreter that runs the agent."""

    folder: pathlib.Path
    interpreter: pathlib.Path

    def query(self, *wheels: Content, use: bool = True) -> dict[str, t.Any]:
        return self._ask("store_query", wheels=[each.described() for each in wheels], use=use)

    def receive(self, parts: c.Sequence[dict[str, t.Any]], sent: bytes) -> list[str]:
        """The sha256 of what has become whole."""
        there: list[str] = self._ask("store_receive", attachments=sent, parts=list(parts))["there"]
        return there

    def put(self, *wheels: Content) -> None:
        self.receive([each.part() for each in wheels], b"".join(each.data for each in wheels))

    def collect(self, *keep: Content, coming: c.Iterable[Content] = (), **limits: t.Any) -> list[str]:
        """The names of the files that were removed."""
        wheels = {"keep": [each.sha256 for each in keep], "coming": [each.described() for each in coming]}
        answer = self._ask("store_collect", **{"keep_days": 0, "most_bytes": 0, "remove": True, **wheels, **limits})
        return [each["file_name"] for each in answer["removed"]]

    def pull(self, *wheels: tuple[Content, str]) -> list[str]:
        """Lets the agent get wheels by itself, each from its place."""
        listed = [{**each.described(), "place": place} for each, place in wheels]
        there: list[str] = self._ask("store_pull", wheels=listed)["there"]
        return there

    def _ask(self, operation: str, attachments: bytes = b"", **arguments: t.Any) -> dict[str, t.Any]:
        answer: dict[str, t.Any] = agent_calls.ask(
            self.interpreter, operation, attachments=attachments, store=str(self.folder), **arguments
        )
        return answer

    def path(self, wheel: Content) -> pathlib.Path:
        return self.folder / wheel.sha256 / wheel.file_name

    def visible(self) -> dict[str, str]:
        """What passes for a wheel of the store: its path, and the sha256 of what it really holds."""
        files = [path for path in self.folder.rglob("*.whl") if path.is_file()]
        return {str(path.relative_to(self.folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}

    def incoming(self) -> list[str]:
        folder = self.folder / "incoming"
        return sorted(path.name for path in folder.iterdir()) if folder.is_dir() else []


def expected(*wheels: Content) -> dict[str, str]:
    """What `visible` finds if exactly these are there."""
    return {f"{each.sha256}/{each.file_name}": each.sha256 for each in wheels}
