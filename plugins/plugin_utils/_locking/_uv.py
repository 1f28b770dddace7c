# Copyright (c) 2026 the mlfleet authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This file is private to mlfleet.packages: it may change in any release.
"""Locking by uv, which knows the markers and tags of other machines. It runs on the controller only.

What a runtime has already is shown to uv as a folder of wheels that hold nothing but metadata: so it can be chosen also
where no index has it, and where its own metadata is older than what uv reads.
"""

from __future__ import annotations

import collections.abc as c
import contextlib
import importlib
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import urllib.parse
import urllib.request
import zipfile

from ansible_collections.mlfleet.packages.plugins.plugin_utils import _secrets, _wheel
from ansible_collections.mlfleet.packages.plugins.plugin_utils._errors import HostProblem
from ansible_collections.mlfleet.packages.plugins.plugin_utils._locking import _metadata
from ansible_collections.mlfleet.packages.plugins.plugin_utils._locking._indexes import Indexes, Session
from ansible_collections.mlfleet.packages.plugins.plugin_utils._locking._request import (
    LockedWheel,
    Question,
    Unresolvable,
)
from ansible_collections.mlfleet.packages.plugins.plugin_utils._packages import Package
from ansible_collections.mlfleet.packages.plugins.plugin_utils._target import Target
from packaging import pylock
from packaging.version import Version

# As a statement, mypy would want tomli also where Python is new enough to have its own.
tomllib = importlib.import_module("tomllib" if sys.version_info >= (3, 11) else "tomli")

OLDEST_PYTHON = Version("3.6")
# Higher than that of any wheel of an index: of two wheels of one release, uv takes the one with the higher number.
_BUILD = "999999999"
_WINDOWS = {
    "win_amd64": "x86_64-pc-windows-msvc",
    "win32": "i686-pc-windows-msvc",
    "win_arm64": "aarch64-pc-windows-msvc",
}
_MANYLINUX = re.compile(r"manylinux_2_(\d+)_(x86_64|aarch64)")
_KNOWN_GLIBC = (17, 28, *range(31, 41))
# Passwords, proxies and patience are the user's; everything else that uv reads would change what is locked.
_KEPT_VARIABLES = re.compile(
    r"UV_INDEX_.+_(USERNAME|PASSWORD)|UV_KEYRING_PROVIDER|UV_HTTP_.+|UV_(SYSTEM_CERTS|NATIVE_TLS)"
)
_ONE_AT_A_TIME = threading.Lock()
_OLD_METADATA = re.compile(r"could not be parsed|invalid metadata")


class NotReadable(Unresolvable):
    """uv cannot read the metadata of a release that is wanted."""


def knows(target: Target) -> bool:
    """Whether uv resolves for this target."""
    return target.python >= OLDEST_PYTHON and _platform(target) is not None


def _platform(target: Target) -> str | None:
    platform = target.tags[0].platform
    match = _MANYLINUX.fullmatch(platform)
    if match:
        fits = [each for each in _KNOWN_GLIBC if each <= int(match[1])]
        return f"{match[2]}-manylinux_2_{fits[-1]}" if fits else None
    return _WINDOWS.get(platform)


def lock(question: Question, seconds: float) -> tuple[LockedWheel, ...]:
    """The wheels of a question."""
    with tempfile.TemporaryDirectory(prefix="mlfleet-lock-") as name:
        folder = pathlib.Path(name)
        stubs = _write_stubs(question, folder / "base")
        (folder / "requirements.txt").write_text("".join(_requirements(question)), "utf-8")
        (folder / "constraints.txt").write_text("".join(_constraints(question)), "utf-8")
        (folder / "pylock.toml").write_text(_preferences(question), "utf-8")
        arguments = _arguments(question, folder)
        if excluded := _without_version(question):
            (folder / "excluded.txt").write_text("".join(f"{name}\n" for name in excluded), "utf-8")
            arguments += ["--excludes", str(folder / "excluded.txt")]
        _run(question, arguments, seconds)
        return _locked(question, folder / "pylock.toml", stubs)


def _arguments(question: Question, folder: pathlib.Path) -> list[str]:
    target = question.goal.target
    words = [str(folder / "requirements.txt"), "--constraints", str(folder / "constraints.txt")]
    words += ["--python-platform", _platform(target) or "", "--python-version", str(target.python)]
    words += ["--only-binary", ":all:", "--generate-hashes", "--format", "pylock.toml", "--no-header", "--quiet"]
    # Only asked what it is: with wheels alone, nothing is ever built or run.
    words += ["--python", sys.executable, "--output-file", str(folder / "pylock.toml")]
    words += ["--find-links", str(folder / "base")] if question.goal.base else []
    indexes = question.request.indexes
    words += ["--no-index"] if not indexes.urls else []
    words += [word for each in indexes.find_links if "://" not in each for word in ("--find-links", each)]
    return words


def _environment(indexes: Indexes, cache: pathlib.Path) -> dict[str, str]:
    """What uv learns from its environment: there nobody else sees the passwords in the addresses."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("UV_", "PIP_", "PYTHON", "VIRTUAL_ENV")) or _KEPT_VARIABLES.fullmatch(name)
    }
    kept |= {"UV_NO_CONFIG": "1", "UV_PYTHON_DOWNLOADS": "never", "UV_NO_PROGRESS": "1", "NO_COLOR": "1"}
    kept["UV_CACHE_DIR"] = str(cache)
    if indexes.urls:
        *extra, main = indexes.urls
        kept |= {"UV_DEFAULT_INDEX": main, "UV_INDEX": " ".join(extra)}
    if remote := [indexes.logged_in(each) for each in indexes.find_links if "://" in each]:
        kept["UV_FIND_LINKS"] = ",".join(remote)
    if indexes.ca_bundle:
        kept["SSL_CERT_FILE"] = indexes.ca_bundle
    if shutil.which("keyring"):
        kept.setdefault("UV_KEYRING_PROVIDER", "subprocess")
    return kept


def program() -> str:
    """The uv of the controller's own Python, or the one on its path."""
    # The module sysconfig, which uv asks, is not made for two threads that ask it first.
    with _ONE_AT_A_TIME, contextlib.suppress(ImportError, FileNotFoundError):
        return os.fsdecode(importlib.import_module("uv").find_uv_bin())
    found = shutil.which("uv")
    if found is None:
        raise HostProblem("there is no uv on the controller, which locks; install it there (pip install uv)")
    return found


def _run(question: Question, arguments: list[str], seconds: float) -> None:
    request = question.request
    try:
        ended = subprocess.run(
            [program(), "pip", "compile", *arguments],
            env=_environment(request.indexes, request.cache / "uv"),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=seconds,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise HostProblem(
            f"{question.goal.description} was not locked within {seconds:.0f} seconds; set time_limit higher"
        ) from None
    if ended.returncode == 0:
        return
    if _OLD_METADATA.search(ended.stderr):
        raise NotReadable(_sentence(ended.stderr))
    # uv takes a page without files for an index that lacks the package.
    Session(request.indexes).diagnose(entry.name for entry in question.entries)
    if ended.returncode != 1:
        raise HostProblem(f"uv cannot lock for {question.goal.description}: {_sentence(ended.stderr)}")
    raise Unresolvable(_sentence(ended.stderr))


def _sentence(text: str) -> str:
    """The words of uv on one line."""
    words = re.sub(r"^(error|cause|hint): ", "", " ".join(text.split()))
    return str(_secrets.masked(re.sub(r" (cause|hint): ", "; ", words)))[:1500].rstrip(". ")


def _requirements(question: Question) -> c.Iterator[str]:
    own = question.own()
    for entry in question.entries:
        extras = f"[{','.join(sorted(entry.extras))}]" if entry.extras else ""
        if entry.name in own:
            yield f"{entry.name}{extras} @ {pathlib.Path(own[entry.name].path).absolute().as_uri()}\n"
        else:
            yield f"{entry.name}{extras}{entry.specifier}\n"


def _constraints(question: Question) -> c.Iterator[str]:
    own = question.own()
    for limit in question.limits():
        if limit.name not in own:
            yield f"{limit.name}{limit.specifier}\n"


def _without_version(question: Question) -> list[str]:
    """Packages of the base with a version that uv cannot read: they stay, whatever is needed of them."""
    return sorted(name for name, package in question.goal.base.items() if package.version is None)


def _write_stubs(question: Question, folder: pathlib.Path) -> dict[str, str]:
    """A wheel of metadata for each package of the base; file name to package."""
    folder.mkdir()
    tag = question.goal.target.tags[0]
    stubs = {}
    for package in question.goal.base.values():
        if package.version is not None:
            stem = f"{package.name.replace('-', '_')}-{package.version}"
            name = f"{stem}-{_BUILD}-{tag.interpreter}-{tag.abi}-{tag.platform}.whl"
            _write_stub(folder / name, stem, package, _needs(question, package))
            stubs[name] = package.name
    return stubs


def _needs(question: Question, package: Package) -> c.Iterator[str]:
    """What it needs, as far as it follows the standards and is met now: what is broken already limits nothing."""
    base, environment = question.goal.base, question.goal.target.environment
    for need in package.needs:
        there = base.get(need.name)
        met = there is not None and there.meets(need)
        if need.specifier is not None and "@" not in need.text and (met or not need.applies(environment)):
            yield need.text


def _write_stub(path: pathlib.Path, stem: str, package: Package, needs: c.Iterable[str]) -> None:
    metadata = [f"Metadata-Version: 2.1\nName: {package.name}\nVersion: {package.version}\n"]
    metadata += [f"Requires-Dist: {need}\n" for need in needs]
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(f"{stem}.dist-info/METADATA", "".join(metadata))
        archive.writestr(f"{stem}.dist-info/WHEEL", "Wheel-Version: 1.0\n")
        archive.writestr(f"{stem}.dist-info/RECORD", "")


def _preferences(question: Question) -> str:
    """A lock of what is preferred: uv changes no more of it than it must."""
    latest = question.latest
    base = {name: package.version for name, package in question.goal.base.items() if package.version is not None}
    preferred = {name: version for name, version in {**question.earlier, **base}.items() if name not in latest}
    sections = [
        f'\n[[packages]]\nname = "{name}"\nversion = "{version}"\n'
        f'wheels = [{{url = "https://localhost/{name.replace("-", "_")}-{version}-py3-none-any.whl", '
        f'hashes = {{sha256 = "{"0" * 64}"}}}}]\n'
        for name, version in sorted(preferred.items())
    ]
    return 'lock-version = "1.0"\ncreated-by = "mlfleet.packages"\n' + ("".join(sections) or "packages = []\n")


def _locked(question: Question, path: pathlib.Path, stubs: c.Mapping[str, str]) -> tuple[LockedWheel, ...]:
    written = pylock.Pylock.from_dict(tomllib.loads(path.read_text("utf-8")))
    own = question.own()
    found = []
    for package in written.packages:
        if package.marker and not package.marker.evaluate(dict(question.goal.target.environment), context="lock_file"):
            continue
        if package.name in own:
            found.append(_metadata.of_file(own[package.name]))
        elif not any(wheel.filename in stubs for wheel in package.wheels or ()):
            found.append(_best(question.goal.target, package))
    return tuple(found)


def _best(target: Target, package: pylock.Package) -> LockedWheel:
    """The wheel of a package that fits best; uv also names others of the same platform."""
    ranked = []
    for wheel in package.wheels or ():
        said = _wheel.file_name(wheel.filename)
        rank = target.rank(said.tags)
        if rank is not None:
            ranked.append(((-rank, said.build), said.version, wheel))
    if not ranked:
        raise Unresolvable(f"no wheel of {package.name} {package.version} fits {target.description}")
    _key, version, best = max(ranked, key=lambda each: each[0])
    place = urllib.parse.urlsplit(best.url or "")
    local = pathlib.Path(urllib.request.url2pathname(place.path)) if place.scheme == "file" else None
    return LockedWheel(
        package.name,
        version,
        best.filename,
        best.hashes["sha256"].lower(),
        url=None if local or not best.url else _secrets.without_user_info(best.url).partition("#")[0],
        path=local or (pathlib.Path(best.path) if best.path else None),
        size=best.size,
    )
