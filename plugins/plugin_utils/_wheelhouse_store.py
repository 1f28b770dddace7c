# Copyright (c) 2026 the mlfleet authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This file is private to mlfleet.packages: it may change in any release.
"""The files of a wheelhouse: wheels by their sha256, locks, and a manifest that tells what is there."""

from __future__ import annotations

import collections.abc as c
import concurrent.futures
import contextlib
import dataclasses
import fcntl
import json
import os
import pathlib
import re
import shutil
import threading
import time
import typing as t

from ansible_collections.mlfleet.packages.plugins.plugin_utils import _fetch, _wheel
from ansible_collections.mlfleet.packages.plugins.plugin_utils._candidates import Wheel
from ansible_collections.mlfleet.packages.plugins.plugin_utils._errors import HostProblem
from ansible_collections.mlfleet.packages.plugins.plugin_utils._fetch import Way
from ansible_collections.mlfleet.packages.plugins.plugin_utils._locking import _pylock_writer
from ansible_collections.mlfleet.packages.plugins.plugin_utils._locking._pylock_writer import STORE, Written
from ansible_collections.mlfleet.packages.plugins.plugin_utils._locking._request import LockedWheel
from ansible_collections.mlfleet.packages.plugins.plugin_utils._wheel import WheelProblem

# Version of the manifest.
FORMAT = 1
MANIFEST = "manifest.json"

OnEvent = c.Callable[[dict[str, t.Any]], None]


@dataclasses.dataclass(frozen=True)
class Store:
    """A wheelhouse as a folder."""

    folder: pathlib.Path
    shared: pathlib.Path | None = None
    """Where the wheels are, if several wheelhouses have them in common."""

    @property
    def wheels(self) -> pathlib.Path:
        """The folder with the wheels, each below its sha256."""
        return self.shared or self.folder / STORE

    def place(self, wheel: LockedWheel) -> pathlib.Path:
        return self.wheels / wheel.sha256 / wheel.file_name

    def has(self, wheel: LockedWheel) -> bool:
        """Whether it is there, and is what the lock says."""
        place = self.place(wheel)
        return place.is_file() and _wheel.digest(place) == wheel.sha256

    def locks(self) -> list[Written]:
        """All locks of the wheelhouse."""
        paths = sorted(self.folder.glob("pylock.*.toml")) + sorted(self.folder.glob("pylock.toml"))
        return [written for written in map(_pylock_writer.read, paths) if written is not None]

    def manifest(self) -> dict[str, t.Any] | None:
        """The manifest; None where there is none yet."""
        path = self.folder / MANIFEST
        try:
            found = json.loads(path.read_text("utf-8"))
            if found["format"] != FORMAT or not all(isinstance(each["sha256"], str) for each in found["wheels"]):
                raise ValueError
        except FileNotFoundError:
            return None
        except OSError as error:
            raise HostProblem(f"{path} cannot be read ({error.strerror}); check its permissions") from None
        except (ValueError, KeyError, TypeError):
            raise HostProblem(f"{path} is no manifest of format {FORMAT}; restore it, or delete it") from None
        return t.cast("dict[str, t.Any]", found)

    def unreferenced(self) -> list[pathlib.Path]:
        """The folders of wheels that no lock refers to."""
        wanted = {wheel.sha256 for written in self.locks() for wheel in written.wheels}
        # Anything else in there was not put there by this task.
        there = (each for each in self.folder.glob(f"{STORE}/*/") if re.fullmatch("[0-9a-f]{64}", each.name))
        return sorted(each for each in there if each.name not in wanted)


@contextlib.contextmanager
def alone(folder: pathlib.Path) -> c.Iterator[None]:
    """Keeps other tasks out of a wheelhouse: the same task may run for several hosts at once."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        number = os.open(folder, os.O_RDONLY)
    except OSError as error:
        raise HostProblem(
            f"the wheelhouse {folder} cannot be used ({error.strerror}); correct the option path"
        ) from None
    try:
        fcntl.flock(number, fcntl.LOCK_EX)
        yield
    finally:
        os.close(number)


@dataclasses.dataclass(frozen=True)
class Loading:
    """How wheels are brought into a wheelhouse."""

    way: Way
    jobs: int
    end: float
    """By time.monotonic()."""
    on_event: OnEvent


def load(store: Store, wheels: c.Iterable[LockedWheel], loading: Loading) -> None:
    """Brings wheels into the store, several at a time. If one cannot be had, the others are given up."""
    stop = threading.Event()

    def on_block(file_name: str, size: int) -> None:
        if stop.is_set():
            raise HostProblem("another wheel failed")
        if time.monotonic() > loading.end:
            raise HostProblem(
                f"{file_name} was not fetched within time_limit; run the task again to go on, or set time_limit higher"
            )

    fetch = _fetch.fetcher(store.wheels, dataclasses.replace(loading.way, on_block=on_block))
    with concurrent.futures.ThreadPoolExecutor(loading.jobs) as pool:
        futures = [pool.submit(_bring, store, wheel, fetch, loading.on_event) for wheel in wheels]
        try:
            for future in concurrent.futures.as_completed(futures):
                future.result()
        except BaseException:
            stop.set()
            pool.shutdown(cancel_futures=True)
            raise


def _bring(
    store: Store, wheel: LockedWheel, fetch: c.Callable[[str, str, str], pathlib.Path], on_event: OnEvent
) -> None:
    begin = time.monotonic()
    try:
        if wheel.url is not None:
            path = fetch(wheel.url, wheel.sha256, wheel.file_name)
        else:
            path = _copied(store.place(wheel), wheel)
        _wheel.read(path)
    except WheelProblem as problem:
        raise HostProblem(f"{wheel.name} {wheel.version}: {problem}") from None
    size = path.stat().st_size
    rate = size / 1e6 / max(time.monotonic() - begin, 1e-3)
    on_event({"step": "fetched", "file": wheel.file_name, "bytes": size, "rate": f"{rate:.1f} MB/s"})


def _copied(place: pathlib.Path, wheel: LockedWheel) -> pathlib.Path:
    """A wheel from another folder of the controller."""
    if wheel.path is None or not wheel.path.is_file():
        raise WheelProblem(f"{wheel.path or wheel.file_name} is not there any more; put it back, or lock with upgrade")
    partial = place.with_name(f".{place.name}.{os.getpid()}.{threading.get_ident()}.part")
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(wheel.path, partial)
        if _wheel.digest(partial) != wheel.sha256:
            raise WheelProblem(
                f"{wheel.path} is another file than the locked one; compare the two, or lock with upgrade"
            )
        os.replace(partial, place)
    except OSError as error:
        raise WheelProblem(f"{place} cannot be written ({error.strerror}); make room, or allow it") from None
    finally:
        with contextlib.suppress(OSError):
            partial.unlink(missing_ok=True)
            place.parent.rmdir()
    return place


def manifest_text(locks: c.Iterable[tuple[str, Written]], described: c.Mapping[str, Wheel]) -> str:
    """The manifest, from locks and what the wheels say of themselves, by sha256. Only what is there is listed."""
    targets: dict[str, list[str]] = {}
    wheels: dict[str, LockedWheel] = {}
    for name, written in locks:
        for wheel in written.wheels:
            targets.setdefault(wheel.sha256, []).append(name)
            wheels.setdefault(wheel.sha256, wheel)
    entries = [
        _entry(wheel, described[wheel.sha256], targets[wheel.sha256])
        for wheel in sorted(
            wheels.values(), key=lambda each: (each.name, str(each.version), each.file_name, each.sha256)
        )
        if wheel.sha256 in described
    ]
    return json.dumps({"format": FORMAT, "wheels": entries}, indent=2) + "\n"


def _entry(wheel: LockedWheel, said: Wheel, targets: list[str]) -> dict[str, t.Any]:
    return {
        "name": wheel.name,
        "version": str(wheel.version),
        "file_name": wheel.file_name,
        "path": _pylock_writer.place_of(wheel),
        "sha256": wheel.sha256,
        "size": said.size,
        "tags": sorted(map(str, said.tags)),
        "targets": sorted(targets),
        "origin": wheel.url or "a folder of the controller",
        "licence": said.licence or None,
    }
