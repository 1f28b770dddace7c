# Copyright (c) 2026 the mlfleet authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Changes of a runtime, asked of the agent without a controller."""

from __future__ import annotations

import collections.abc as c
import dataclasses
import hashlib
import pathlib
import stat
import typing as t

from testbed import agent_calls
from testbed.changeable import ChangeableRuntime
from testbed.wheels import Wheel

Pairs = t.Sequence[t.Sequence[str]]
STATE = ".mlfleet"
STAYS = {STATE, f"{STATE}/lock", f"{STATE}/baseline.json"}


@dataclasses.dataclass(frozen=True)
class Change:
    """One request. Where nothing is said of before and after, they are what they should be."""

    wheels: tuple[Wheel, ...] = ()
    remove: tuple[str, ...] = ()
    imports: tuple[str, ...] = ()
    before: Pairs | None = None
    after: Pairs | None = None
    seconds: int = 60

    def arguments(self, runtime: ChangeableRuntime) -> dict[str, t.Any]:
        """What the operations apply and change have in common."""
        before = runtime.installed()
        after = {name: version for name, version in before.items() if name not in self.remove}
        after |= {wheel.name.lower().replace("_", "-").replace(".", "-"): wheel.version for wheel in self.wheels}
        return {
            "before": pairs(before) if self.before is None else self.before,
            "after": pairs(after) if self.after is None else self.after,
            "remove": list(self.remove),
            "imports": list(self.imports),
        }


def pairs(installed: c.Mapping[str, str]) -> Pairs:
    """As a request has them."""
    return [[name, version] for name, version in installed.items()]


def change(runtime: ChangeableRuntime, folder: pathlib.Path, wanted: Change) -> dict[str, t.Any]:
    """Puts the wheels into the folder and asks the runtime's own interpreter."""
    return ask(runtime, change_arguments(runtime, folder, wanted))


def ask(runtime: ChangeableRuntime, arguments: dict[str, t.Any]) -> dict[str, t.Any]:
    """The same with a request that is there already."""
    answer: dict[str, t.Any] = agent_calls.ask(runtime.python, "change", **arguments)
    return answer


def change_arguments(runtime: ChangeableRuntime, folder: pathlib.Path, wanted: Change) -> dict[str, t.Any]:
    """The whole request; its wheels are in the folder then."""
    paths = [wheel.write(folder) for wheel in wanted.wheels]
    folder.mkdir(exist_ok=True)
    return {
        **wanted.arguments(runtime),
        "folder": str(folder),
        "seconds": wanted.seconds,
        "install": [{"file_name": path.name, "sha256": sha256(path)} for path in paths],
    }


def sha256(path: pathlib.Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def whole_tree(prefix: pathlib.Path) -> dict[str, str]:
    """Everything below the prefix with its mode and content, but for what is meant to stay after a change."""
    found = {path.relative_to(prefix).as_posix(): path for path in prefix.rglob("*")}
    return {name: _described(path) for name, path in sorted(found.items()) if name not in STAYS}


def _described(path: pathlib.Path) -> str:
    mode = stat.filemode(path.lstat().st_mode)
    if path.is_symlink():
        return f"{mode} {path.readlink()}"
    return mode if path.is_dir() else f"{mode} {sha256(path)}"
