# Copyright (c) 2026 the mlfleet authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This file is private to mlfleet.packages: it may change in any release.
"""The work of the module wheelhouse: lock for every target, bring the locked wheels together, prove them closed.

Nothing is written before everything is there and proven; only wheels that are whole and right stay after a failure, so
that the next run need not fetch them again.
"""

from __future__ import annotations

import collections.abc as c
import concurrent.futures
import contextlib
import dataclasses
import pathlib
import shutil
import time
import typing as t

from ansible_collections.mlfleet.packages.plugins.plugin_utils import (
    _declaration,
    _fetch,
    _requirements_file,
    _sources,
    _wheel,
    _wheelhouse_store,
)
from ansible_collections.mlfleet.packages.plugins.plugin_utils._candidates import Wheel
from ansible_collections.mlfleet.packages.plugins.plugin_utils._declaration import Entry
from ansible_collections.mlfleet.packages.plugins.plugin_utils._errors import HostProblem
from ansible_collections.mlfleet.packages.plugins.plugin_utils._locking import (
    _closure,
    _indexes,
    _metadata,
    _pylock_writer,
    _resolver,
    _targets,
    _uv,
)
from ansible_collections.mlfleet.packages.plugins.plugin_utils._locking._pylock_writer import Written
from ansible_collections.mlfleet.packages.plugins.plugin_utils._locking._request import (
    Goal,
    LockedWheel,
    Question,
    Request,
    Unresolvable,
)
from ansible_collections.mlfleet.packages.plugins.plugin_utils._sources import Find
from ansible_collections.mlfleet.packages.plugins.plugin_utils._wheel import WheelProblem
from ansible_collections.mlfleet.packages.plugins.plugin_utils._wheelhouse_store import OnEvent, Store

# Version of the structure of the result, for those who keep results.
FORMAT = 1
PRESENT, LOCKED, PRUNED = "present", "locked", "pruned"

ARGUMENT_SPEC: dict[str, t.Any] = {
    "path": {"type": "path", "required": True},
    "targets": {"type": "list", "elements": "raw", "default": []},
    "from_instances": {"type": "list", "elements": "dict", "default": []},
    "packages": {"type": "list", "elements": "raw", "default": []},
    "requirements": {"type": "list", "elements": "path", "default": []},
    "constraints": {"type": "list", "elements": "str", "default": []},
    "allow_protected": {"type": "list", "elements": "str", "default": []},
    "index_url": {"type": "str"},
    "extra_index_urls": {"type": "list", "elements": "str", "default": []},
    "find_links": {"type": "list", "elements": "str", "default": []},
    "no_index": {"type": "bool", "default": False},
    "ca_bundle": {"type": "path"},
    "state": {"type": "str", "choices": [PRESENT, LOCKED, PRUNED], "default": PRESENT},
    "upgrade": {"type": "bool", "default": False},
    "jobs": {"type": "int", "default": 8},
    "time_limit": {"type": "int", "default": 1800},
}


@dataclasses.dataclass(frozen=True)
class Controller:
    """What the work needs of the machine it runs on."""

    find: Find
    place: c.Callable[[str], pathlib.Path]
    """From the path in an option to where it is, whether or not there is something yet."""
    cache: pathlib.Path
    check: bool
    on_event: OnEvent


def build(arguments: dict[str, t.Any], controller: Controller) -> dict[str, t.Any]:
    """The wheelhouse as it is after the task, or, in check mode, as it would be."""
    _check(arguments)
    store = Store(controller.place(arguments["path"]))
    if arguments["state"] == PRUNED and not store.folder.is_dir():
        raise HostProblem(f"there is no wheelhouse {store.folder}; correct the option path")
    with contextlib.nullcontext() if controller.check else _wheelhouse_store.alone(store.folder):
        if arguments["state"] == PRUNED:
            return _pruned(store, controller)
        request = _request(arguments, controller)
        goals = _targets.goals(arguments["targets"], arguments["from_instances"])
        return _Build(store, request, goals, arguments, controller).run()


def for_one(
    store: Store, request: Request, goal: Goal, controller: Controller, seconds: int, run: str
) -> tuple[pathlib.Path, ...]:
    """Locks and loads for one target, into a wheelhouse of its own; the locked wheels.

    In one run, that of this name, one question has one answer, also where it is about the latest.
    """
    arguments = {"jobs": 8, "time_limit": seconds, "state": PRESENT}
    answered = store.folder / "run"
    with _wheelhouse_store.alone(store.folder):
        upgrade = request.upgrade and not (answered.exists() and answered.read_text("utf-8") == run)
        own = dict(_own(request.entries, request, controller))
        whole = dataclasses.replace(request, own=own, upgrade=upgrade)
        _Build(store, whole, (goal,), arguments, controller).run()
        if request.upgrade:
            _pylock_writer.write({answered: run})
        written = _pylock_writer.read(_pylock_writer.path_of(store.folder, goal.name))
    return tuple(map(store.place, written.wheels)) if written else ()


def _check(arguments: dict[str, t.Any]) -> None:
    for option, most in (("time_limit", None), ("jobs", 64)):
        value = arguments[option]
        if value < 1 or (most and value > most):
            raise HostProblem(
                f"the option {option} is {value}; it must be at least 1{f' and at most {most}' * bool(most)}"
            )
    if arguments["state"] != PRUNED and not (arguments["packages"] or arguments["requirements"]):
        raise HostProblem("neither packages nor requirements declares anything; set one of the two options")


def _request(arguments: dict[str, t.Any], controller: Controller) -> Request:
    lines: list[t.Any] = []
    wrong: list[str] = []
    for path in arguments["requirements"]:
        found, mistakes = _requirements_file.read(pathlib.Path(_sources.found(controller.find, "requirements", path)))
        lines += found
        wrong += mistakes
    declared = _declaration.declaration({**arguments, "mode": "present", "verify_imports": ["none"]}, lines, wrong)
    constraints = [
        _declaration.entry(f"constraints[{number}]", each) for number, each in enumerate(arguments["constraints"])
    ]
    indexes = _indexes.indexes({**arguments, **_places(arguments, controller)})
    # As the task names them: where its folders lie differs between controllers, and their locks shall not.
    folders = tuple(_fetch.without_secrets(each) if "://" in each else each for each in arguments["find_links"])
    indexes = dataclasses.replace(indexes, named=(*indexes.named, *folders))
    request = Request(
        entries=declared.entries,
        constraints=(*declared.constraints, *constraints),
        own={},
        allow_protected=declared.allow_protected,
        indexes=indexes,
        cache=controller.cache,
        upgrade=arguments["upgrade"],
    )
    return dataclasses.replace(request, own=dict(_own(declared.entries, request, controller)))


def _places(arguments: dict[str, t.Any], controller: Controller) -> dict[str, t.Any]:
    """The options that name folders and files of the controller, looked up."""
    links = [
        each if "://" in each else _sources.found(controller.find, "find_links", each)
        for each in arguments["find_links"]
    ]
    bundle = arguments["ca_bundle"]
    return {
        "find_links": links,
        "ca_bundle": _sources.found(controller.find, "ca_bundle", bundle) if bundle else None,
    }


def _own(entries: c.Iterable[Entry], request: Request, controller: Controller) -> c.Iterator[tuple[str, Wheel]]:
    """The single wheels that entries name, with what they say of themselves."""
    fetch = _fetch.fetcher(request.cache / "wheels", request.indexes.way)
    for entry in entries:
        if entry.instances:
            raise HostProblem(
                f"{entry.where} is for single instances, which a lock cannot tell apart; lock for those in another task"
            )
        source = entry.source
        if source is None:
            continue
        if source.kind == _declaration.HOST:
            raise HostProblem(
                f"{entry.where} names a wheel on a host, which no lock can hold; copy it to the controller"
            )
        try:
            if source.kind == _declaration.URL:
                path = fetch(source.place, source.sha256 or "", source.file_name)
            else:
                path = pathlib.Path(_sources.found(controller.find, entry.where, source.place))
            digest = _wheel.digest(path)
            if source.sha256 and digest != source.sha256:
                raise HostProblem(
                    f"{entry.where} names {path}, which has the sha256 {digest}; compare it with its source"
                )
            yield entry.where, dataclasses.replace(_wheel.read(path), sha256=digest)
        except WheelProblem as problem:
            raise HostProblem(f"{entry.where}: {problem}") from None


@dataclasses.dataclass(frozen=True)
class _Locked:
    """What one target gets."""

    question: Question
    wheels: tuple[LockedWheel, ...]
    before: Written | None
    path: pathlib.Path

    @property
    def goal(self) -> Goal:
        return self.question.goal


class _Build:
    """One run for all targets."""

    def __init__(
        self,
        store: Store,
        request: Request,
        goals: tuple[Goal, ...],
        arguments: dict[str, t.Any],
        controller: Controller,
    ) -> None:
        self._store = store
        self._request = request
        self._goals = goals
        self._jobs = arguments["jobs"]
        self._end = time.monotonic() + arguments["time_limit"]
        self._loads = arguments["state"] == PRESENT
        self._controller = controller
        self._manifest = store.manifest()

    def run(self) -> dict[str, t.Any]:
        """Lock, load, prove, write; the result of the task."""
        with concurrent.futures.ThreadPoolExecutor(min(self._jobs, len(self._goals))) as pool:
            locked = list(pool.map(self._locked, self._goals))
        wheels = {wheel.sha256: wheel for each in locked for wheel in each.wheels}
        missing = [wheel for wheel in wheels.values() if not self._store.has(wheel)] if self._loads else []
        if missing and not self._controller.check:
            loading = _wheelhouse_store.Loading(
                self._request.indexes.way, self._jobs, self._end, self._controller.on_event
            )
            _wheelhouse_store.load(self._store, missing, loading)
        locked, described = self._sized(locked, self._described(wheels.values()))
        notes = [note for each in locked for note in (*each.goal.notes, *self._proven(each, described))]
        texts = {each.path: _pylock_writer.text(each.question, each.wheels) for each in locked}
        changed = self._written(locked, texts, bool(missing))
        return _result(locked, missing, described, notes, changed)

    def _locked(self, goal: Goal) -> _Locked:
        """The wheels for one target: as they are locked already, unless the question has become another one."""
        path = _pylock_writer.path_of(self._store.folder, goal.name)
        before = _pylock_writer.read(path)
        entries = tuple(
            entry
            for entry in self._request.entries
            if entry.state != _declaration.ABSENT and entry.applies(goal.target.environment)
        )
        keep = before is not None and not self._request.upgrade
        earlier = {wheel.name: wheel.version for wheel in before.wheels} if before and keep else {}
        question = Question(goal, self._request, entries, earlier)
        if before and keep and before.terms == _pylock_writer.terms(question) and self._can_be_had(before):
            wheels = before.wheels
        else:
            wheels = self._resolved(question)
        _check_declared(question, wheels)
        if not self._request.upgrade:
            self._check_agreement(goal, before, wheels)
        return _Locked(question, wheels, before, path)

    def _can_be_had(self, before: Written) -> bool:
        return all(wheel.url or self._store.place(wheel).is_file() for wheel in before.wheels)

    def _resolved(self, question: Question) -> tuple[LockedWheel, ...]:
        try:
            return self._asked(question)
        except Unresolvable as first:
            # The host would refuse what breaks a package that stays; the proof says so in better words.
            try:
                return self._asked(dataclasses.replace(question, heard=False))
            except Unresolvable:
                raise HostProblem(_impossible(question, first)) from None

    def _asked(self, question: Question) -> tuple[LockedWheel, ...]:
        """Whoever knows the target answers; whatever uv cannot read, the other one can."""
        if _uv.knows(question.goal.target):
            with contextlib.suppress(_uv.NotReadable):
                return _uv.lock(question, self._seconds(question))
        return _resolver.lock(question, self._seconds(question))

    def _seconds(self, question: Question) -> float:
        left: float = self._end - time.monotonic()
        if left <= 0:
            raise HostProblem(f"{question.goal.description} was not locked in time; set time_limit higher")
        return left

    def _check_agreement(self, goal: Goal, before: Written | None, wheels: c.Iterable[LockedWheel]) -> None:
        """A file that was locked once must not become another one under the same name unnoticed."""
        known = [(wheel.file_name, wheel.sha256, before.path.name) for wheel in before.wheels] if before else []
        known += [
            (each["file_name"], each["sha256"], _wheelhouse_store.MANIFEST)
            for each in (self._manifest or {"wheels": []})["wheels"]
            if goal.name in each["targets"]
        ]
        for wheel in wheels:
            for file_name, sha256, where in known:
                if file_name == wheel.file_name and sha256 != wheel.sha256:
                    raise HostProblem(
                        f"{wheel.file_name} for {goal.name} has the sha256 {wheel.sha256}, and {where} knows it with "
                        f"{sha256}; find out who changed it, and lock with upgrade: true if that is right"
                    )

    def _described(self, wheels: c.Iterable[LockedWheel]) -> dict[str, Wheel]:
        """What the wheels say of themselves, by sha256; those of which nobody tells before they are fetched lack."""
        with concurrent.futures.ThreadPoolExecutor(self._jobs) as pool:
            wheels = list(wheels)
            found = pool.map(self._description, wheels)
            return {wheel.sha256: each for wheel, each in zip(wheels, found, strict=True) if each is not None}

    def _description(self, wheel: LockedWheel) -> Wheel | None:
        try:
            for place in (self._store.place(wheel), wheel.path):
                if place is not None and place.is_file():
                    return _wheel.read(place)
            return _metadata.of_url(wheel, self._request.indexes)
        except WheelProblem as problem:
            raise HostProblem(f"{wheel.name} {wheel.version}: {problem}") from None

    def _proven(self, locked: _Locked, described: c.Mapping[str, Wheel]) -> c.Iterator[str]:
        """Notes, if the lock is closed."""
        goal, question = locked.goal, locked.question
        known = [described[wheel.sha256] for wheel in locked.wheels if wheel.sha256 in described]
        unknown = {wheel.name for wheel in locked.wheels if wheel.sha256 not in described}
        found = _closure.prove(goal.target, question.entries, known, goal.base, unknown)
        if found.gaps:
            raise HostProblem(
                f"the lock for {goal.description} is not closed: {'; '.join(found.gaps)}; declare other versions, "
                "or lock with upgrade: true"
            )
        yield from (f"{goal.name}: {note}" for note in found.notes)
        if unknown:
            yield f"{goal.name}: what {', '.join(sorted(unknown))} needs is only known when the wheels are there"

    def _sized(self, locked: list[_Locked], described: dict[str, Wheel]) -> tuple[list[_Locked], dict[str, Wheel]]:
        """The same with the sizes of all wheels, as far as anybody tells them."""
        known = {wheel.sha256: wheel.size for each in locked for wheel in (each.before.wheels if each.before else ())}
        wheels = {wheel.sha256: wheel for each in locked for wheel in each.wheels}

        def size(wheel: LockedWheel) -> int | None:
            said = described.get(wheel.sha256)
            found = (said.size if said else None) or wheel.size or known.get(wheel.sha256)
            return found or _metadata.size_of_url(wheel, self._request.indexes)

        with concurrent.futures.ThreadPoolExecutor(self._jobs) as pool:
            sizes = dict(zip(wheels, pool.map(size, wheels.values()), strict=True))
        whole = [
            dataclasses.replace(
                each, wheels=tuple(dataclasses.replace(wheel, size=sizes[wheel.sha256]) for wheel in each.wheels)
            )
            for each in locked
        ]
        return whole, {key: dataclasses.replace(said, size=sizes[key] or 0) for key, said in described.items()}

    def _written(self, locked: list[_Locked], texts: c.Mapping[pathlib.Path, str], loaded: bool) -> bool:
        """Whether wheels, locks or the manifest are, or would be, other ones than before."""
        changed = [each.path for each in locked if each.before is None or each.before.text != texts[each.path]]
        if self._controller.check:
            return loaded or bool(changed) or bool(_outdated_manifest(self._store))
        _pylock_writer.write({path: texts[path] for path in changed})
        outdated = _outdated_manifest(self._store)
        _pylock_writer.write(outdated)
        return loaded or bool(changed) or bool(outdated)


def _outdated_manifest(store: Store) -> dict[pathlib.Path, str]:
    """The text that the manifest should have by the locks and wheels that are there; nothing where it has that."""
    locks = store.locks()
    described = _there(store, locks)
    text = _wheelhouse_store.manifest_text([(_name(written.path), written) for written in locks], described)
    path = store.folder / _wheelhouse_store.MANIFEST
    right = path.read_text("utf-8") == text if path.exists() else not described
    return {} if right else {path: text}


def _check_declared(question: Question, wheels: c.Iterable[LockedWheel]) -> None:
    """What the resolvers are not told: absences, and hashes in requirements files."""
    by_name = {wheel.name: wheel for wheel in wheels}
    environment = question.goal.target.environment
    for entry in (*question.request.entries, *question.request.constraints):
        wheel = by_name.get(entry.name)
        if wheel is None or not entry.applies(environment):
            continue
        if entry.state == _declaration.ABSENT and entry.specifier.contains(wheel.version, prereleases=True):
            raise HostProblem(
                f"{entry.where} wants {entry.name} absent, and what is declared for {question.goal.description} needs "
                f"{entry.name} {wheel.version}; declare something else"
            )
        if entry.state != _declaration.ABSENT and entry.hashes and wheel.sha256 not in entry.hashes:
            raise HostProblem(
                f"{entry.where} does not allow {wheel.file_name} with the sha256 {wheel.sha256}; add that there, "
                "if it is right"
            )


def _impossible(question: Question, why: Unresolvable) -> str:
    held = [f"{name} {question.goal.base[name].raw}" for name in question.held]
    kept = f" (held at their version, unless allow_protected names them: {', '.join(held)})" if held else ""
    return f"{question.goal.description} cannot be locked: {why}{kept}; declare other versions, nothing was written"


def _pruned(store: Store, controller: Controller) -> dict[str, t.Any]:
    """Removes what no lock refers to."""
    removed = store.unreferenced()
    names = sorted(path.name for folder in removed for path in folder.glob("*.whl"))
    outdated = _outdated_manifest(store)
    if not controller.check:
        for folder in removed:
            shutil.rmtree(folder)
        _pylock_writer.write(outdated)
    locks = store.locks()
    described = _there(store, locks)
    return {
        **_summary(described),
        "changed": bool(removed or outdated),
        "targets": [_target(_name(each.path), each.path, each.wheels, described) for each in locks],
        "fetched": [],
        "removed": names,
        "notes": [],
    }


def _there(store: Store, locks: c.Iterable[Written]) -> dict[str, Wheel]:
    """What the locked wheels that are there say of themselves, by sha256."""
    wheels = {wheel.sha256: store.place(wheel) for written in locks for wheel in written.wheels}
    try:
        return {sha256: _wheel.read(place) for sha256, place in wheels.items() if place.is_file()}
    except WheelProblem as problem:
        raise HostProblem(f"{problem} (delete it, and run the task with state: present)") from None


def _name(path: pathlib.Path) -> str:
    """The target of a lock, by its file name."""
    return path.name.removeprefix("pylock.").removesuffix("toml").rstrip(".") or "pylock"


def _result(
    locked: list[_Locked], missing: list[LockedWheel], described: c.Mapping[str, Wheel], notes: list[str], changed: bool
) -> dict[str, t.Any]:
    return {
        **_summary(described),
        "changed": changed,
        "targets": [_target(each.goal.name, each.path, each.wheels, described) for each in locked],
        "fetched": sorted(wheel.file_name for wheel in missing),
        "removed": [],
        "notes": notes,
    }


def _target(
    name: str, path: pathlib.Path, wheels: c.Sequence[LockedWheel], described: c.Mapping[str, Wheel]
) -> dict[str, t.Any]:
    return {
        "name": name,
        "lock": str(path),
        "wheels": len(wheels),
        "bytes": sum(_size(wheel, described) for wheel in wheels),
        "packages": {wheel.name: str(wheel.version) for wheel in sorted(wheels, key=lambda each: each.name)},
    }


def _size(wheel: LockedWheel, described: c.Mapping[str, Wheel]) -> int:
    said = described.get(wheel.sha256)
    return (said.size if said else None) or wheel.size or 0


def _summary(described: c.Mapping[str, Wheel]) -> dict[str, t.Any]:
    licences: dict[str, list[str]] = {}
    for wheel in sorted(described.values(), key=lambda each: each.name):
        names = licences.setdefault(wheel.licence or "unknown", [])
        if wheel.name not in names:
            names.append(wheel.name)
    return {"format": FORMAT, "licences": licences, "bytes": sum(wheel.size for wheel in described.values())}
