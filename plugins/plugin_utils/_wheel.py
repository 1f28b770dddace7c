# Copyright (c) 2026 the mlfleet authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This file is private to mlfleet.packages: it may change in any release.
"""What a wheel is and says, read without unpacking it. A wheel that lies or could do harm is refused here."""

from __future__ import annotations

import collections.abc as c
import dataclasses
import email.message
import email.parser
import functools
import hashlib
import pathlib
import re
import stat
import typing as t
import zipfile
import zlib

from ansible_collections.mlfleet.packages.plugins.plugin_utils._candidates import Wheel
from packaging.tags import Tag
from packaging.utils import canonicalize_name, is_normalized_name, parse_wheel_filename
from packaging.version import InvalidVersion, Version

MEMBERS_LIMIT = 50_000
METADATA_LIMIT = 1024 * 1024
# More than any wheel that was ever published, less than would fill a disk unnoticed.
UNPACKED_LIMIT = 20 * 1024**3
# What file systems take; without it, a short lie such as py3.py3.py3... stands for millions of tags.
FILE_NAME_LIMIT = 255

# https://learn.microsoft.com/en-us/windows/win32/fileio/naming-a-file
_RESERVED_BY_WINDOWS = re.compile(
    r"(con|prn|aux|nul|conin\$|conout\$|(com|lpt)[0-9\u00b9\u00b2\u00b3])(\.|$)", re.IGNORECASE
)
_FILE_NAME = re.compile(r"[A-Za-z0-9._+!-]+")
_NEVER_IN_A_PATH = re.compile(r"[\x00-\x1f\x7f-\x9f\\:]")
_NEVER_IN_A_PATH_OF_WINDOWS = re.compile(r'[*?"<>|]')
# No UTF-8 has it, but the JSON of a host can; email takes it for raw bytes, and fails.
_HALF_A_CHARACTER = re.compile("[\ud800-\udfff]")
_SCHEME_OF_MODULES = re.compile(r"[^/]+\.data/(?:purelib|platlib)/")
_PACKAGE = re.compile(r"([^/]+)/__init__(?:\.[^/]*)?\.(?:py|pyc|pyd|so)")
# A shared library beside the modules, libx.so, is none of them.
_MODULE = re.compile(r"(?!lib[^/.]*\.so$)([^/.]+)(?:\.py|(?:\.[^/]+)?\.(?:pyd|so))")
# Top-level names that many distributions bring by mistake, and that break what imports them.
_NOT_FOR_IMPORT = frozenset(
    ("test", "tests", "testing", "doc", "docs", "example", "examples", "benchmark", "benchmarks", "setup", "conftest")
)


class WheelProblem(Exception):
    """One sentence that names a wheel file, what is wrong with it, and what to do."""


class HostWheel(t.Protocol):
    """What a host tells of a wheel file that lies there."""

    @property
    def path(self) -> str: ...
    @property
    def file_name(self) -> str: ...
    @property
    def sha256(self) -> str | None: ...
    @property
    def size(self) -> int | None: ...
    @property
    def unpacked(self) -> int | None: ...
    @property
    def metadata(self) -> str | None: ...
    @property
    def members(self) -> tuple[str, ...] | None: ...
    @property
    def problem(self) -> str | None: ...


@dataclasses.dataclass(frozen=True)
class FileName:
    """What the name of a wheel file says."""

    name: str
    version: Version
    build: tuple[()] | tuple[int, str]
    tags: frozenset[Tag]


class _Fault(Exception):
    """What is wrong with a wheel, to be completed to `<file> <fault>; <what to do>`."""


@dataclasses.dataclass(frozen=True)
class _Facts:
    """What METADATA says."""

    title: str
    version: str
    requires: tuple[str, ...]
    requires_python: str
    extras: frozenset[str]
    licence: str


def file_name(text: str) -> FileName:
    """The parts of a wheel's file name; a WheelProblem where it is none."""
    try:
        if len(text) > FILE_NAME_LIMIT or not _FILE_NAME.fullmatch(text):
            raise ValueError
        name, version, build, tags = parse_wheel_filename(text)
        if not is_normalized_name(name):
            raise ValueError
    except ValueError:
        raise WheelProblem(
            f"{text[:100]!r} is no name of a wheel; give the file back the name it was built with "
            "(name-version-python-abi-platform.whl)"
        ) from None
    return FileName(name, version, build, tags)


def digest(path: pathlib.Path) -> str:
    """The sha256 of a file."""
    found = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(1024 * 1024):
            found.update(block)
    return found.hexdigest()


@functools.cache
def digest_once(path: str) -> str:
    """The sha256 of a file that stays as it is during the task: several runtimes ask for it."""
    return digest(pathlib.Path(path))


def read(path: pathlib.Path) -> Wheel:
    """The wheel in a file of the controller."""
    said = file_name(path.name)
    try:
        size = path.stat().st_size
        with zipfile.ZipFile(path) as archive:
            entries = archive.infolist()
            _check_entries(entries, size)
            paths = [entry.filename for entry in entries]
            _check_paths(paths, said.tags)
            folder = _dist_info(paths, said)
            _check_wheel_file(_text(archive, f"{folder}/WHEEL"))
            facts = _facts(_text(archive, f"{folder}/METADATA"), said)
    except _Fault as fault:
        raise WheelProblem(f"{path} {fault}; get it anew, or build it anew") from None
    except OSError as error:
        raise WheelProblem(f"{path} cannot be read ({error.strerror}); check its path and permissions") from None
    except (zipfile.BadZipFile, ValueError, NotImplementedError, EOFError, zlib.error):
        # All of these are words of zipfile for a file that is damaged, or no zip file in the first place.
        raise WheelProblem(f"{path} is damaged or no wheel at all; get it anew, or build it anew") from None
    unpacked = sum(entry.file_size for entry in entries)
    return _wheel(path.name, said, facts, paths, path=str(path), size=size, unpacked=unpacked)


def from_host(listing: HostWheel) -> Wheel:
    """The wheel in a file of the host, of which the host told what it holds."""
    said = file_name(listing.file_name)
    where = f"{listing.path} on the host"
    if listing.metadata is None or listing.members is None or listing.sha256 is None:
        raise WheelProblem(f"{where} cannot be used ({listing.problem or 'unreadable'}); put the wheel there anew")
    try:
        _check_paths(listing.members, said.tags)
        _dist_info(listing.members, said)
        facts = _facts(listing.metadata, said)
    except _Fault as fault:
        raise WheelProblem(f"{where} {fault}; put the wheel there anew") from None
    wheel = _wheel(
        listing.file_name,
        said,
        facts,
        listing.members,
        path=listing.path,
        size=listing.size or 0,
        unpacked=listing.unpacked or 0,
    )
    return dataclasses.replace(wheel, on_host=True, sha256=listing.sha256)


def described(name: str, metadata: str, where: str) -> Wheel:
    """The wheel that a METADATA is of, where only that is known (PEP 658)."""
    said = file_name(name)
    try:
        facts = _facts(metadata, said)
    except _Fault as fault:
        raise WheelProblem(f"{where} {fault}; ask those who run the index") from None
    return _wheel(name, said, facts, (), path=where, size=0, unpacked=0)


def _wheel(
    name: str, said: FileName, facts: _Facts, paths: c.Sequence[str], *, path: str, size: int, unpacked: int
) -> Wheel:
    return Wheel(
        name=said.name,
        version=said.version,
        file_name=name,
        tags=said.tags,
        build=said.build,
        requires=facts.requires,
        requires_python=facts.requires_python,
        extras=facts.extras,
        size=size,
        unpacked=unpacked,
        modules=_modules(paths, said.name),
        path=path,
        title=facts.title,
        raw_version=facts.version,
        licence=facts.licence,
    )


def _check_entries(entries: c.Sequence[zipfile.ZipInfo], size: int) -> None:
    if sum(entry.file_size for entry in entries) > UNPACKED_LIMIT:
        raise _Fault(f"says that it unpacks to more than {UNPACKED_LIMIT // 1024**3} GiB")
    if sum(entry.compress_size for entry in entries) > size:
        raise _Fault("says that its members are larger than it is itself")
    for entry in entries:
        # zipfile cuts a name at a NUL, and takes another one from an extra field: other programs do not.
        if entry.filename != entry.orig_filename:
            raise _Fault(f"has the member {_shown(entry.orig_filename)} under a second name")
        if stat.S_ISLNK(entry.external_attr >> 16):
            raise _Fault(f"has the member {_shown(entry.filename)}, which is a link")
        if entry.flag_bits & 1 or entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise _Fault(f"has the member {_shown(entry.filename)}, which not every Python can unpack")


def _check_paths(paths: c.Sequence[str], tags: frozenset[Tag]) -> None:
    """Every member must land below the folder that it is unpacked into, and be the only one that lands there."""
    if len(paths) > MEMBERS_LIMIT:
        raise _Fault(f"has more than {MEMBERS_LIMIT} members")
    # Wheels for Linux alone may hold what Windows cannot, and some do.
    for_windows = any(tag.platform == "any" or tag.platform.startswith("win") for tag in tags)
    seen = set()
    for path in paths:
        parts = path.removesuffix("/").split("/")
        if _NEVER_IN_A_PATH.search(path) or not all(part.rstrip(". ") for part in parts):
            raise _Fault(f"has the member {_shown(path)}, which could land outside of its folder")
        if for_windows and (_NEVER_IN_A_PATH_OF_WINDOWS.search(path) or any(map(_RESERVED_BY_WINDOWS.match, parts))):
            raise _Fault(f"has the member {_shown(path)}, which Windows cannot store")
        place = "/".join(part.rstrip(". ") for part in parts).lower() if for_windows else path
        if place in seen and not path.endswith("/"):
            raise _Fault(f"has the member {_shown(path)} twice")
        seen.add(place)


def _dist_info(paths: c.Sequence[str], said: FileName) -> str:
    """The one folder with the metadata, which must be of the distribution that the file name says."""
    tops = [path.partition("/")[0] for path in paths if "/" in path]
    folders = sorted({top for top in tops if top.endswith(".dist-info")})
    if len(folders) != 1:
        raise _Fault(f"has {len(folders)} folders that end in .dist-info, where a wheel has one")
    name, _dash, version = folders[0].removesuffix(".dist-info").rpartition("-")
    if canonicalize_name(name) != said.name or not _same_version(version, said.version):
        raise _Fault(f"has the folder {_shown(folders[0])}, which is not of the distribution in its file name")
    missing = [each for each in ("METADATA", "WHEEL", "RECORD") if f"{folders[0]}/{each}" not in paths]
    if missing:
        raise _Fault(f"has no {missing[0]}")
    return folders[0]


def _same_version(text: str, version: Version) -> bool:
    """Whether both are one version by PEP 440, however they are spelled."""
    try:
        return Version(text) == version
    except InvalidVersion:
        return False


def _text(archive: zipfile.ZipFile, path: str) -> str:
    if archive.getinfo(path).file_size > METADATA_LIMIT:
        raise _Fault(f"has a {path.rpartition('/')[2]} of more than {METADATA_LIMIT // 1024**2} MiB")
    try:
        # Some tools on Windows put a byte order mark before it.
        return archive.read(path).decode("utf-8-sig")
    except UnicodeDecodeError:
        raise _Fault(f"has a {path.rpartition('/')[2]} that is no UTF-8") from None


def _check_wheel_file(text: str) -> None:
    """PEP 427: a greater first number means a format that an installer does not know."""
    versions = _values(_header(text), "Wheel-Version")
    if len(versions) != 1 or versions[0].partition(".")[0] != "1":
        raise _Fault(f"is of the wheel format {_shown(', '.join(versions))}, where 1.0 is known")


def _facts(text: str, said: FileName) -> _Facts:
    if _HALF_A_CHARACTER.search(text):
        raise _Fault("has a METADATA that is no text")
    header = _header(text)
    names, versions = _values(header, "Name"), _values(header, "Version")
    if [canonicalize_name(name) for name in names] != [said.name]:
        raise _Fault(f"has a METADATA that calls it {_shown(', '.join(names))}, other than its file name")
    if len(versions) != 1 or not _same_version(versions[0], said.version):
        raise _Fault(f"has a METADATA with the version {_shown(', '.join(versions))}, other than its file name")
    return _Facts(
        title=names[0],
        version=versions[0],
        requires=tuple(_values(header, "Requires-Dist")),
        requires_python=", ".join(_values(header, "Requires-Python")),
        extras=frozenset(map(canonicalize_name, _values(header, "Provides-Extra"))),
        licence=_licence(header),
    )


def _licence(header: email.message.Message) -> str:
    classified = [
        value.rpartition(" :: ")[2] for value in _values(header, "Classifier") if value.startswith("License :: ")
    ]
    # The field License often holds the whole text; a name is short.
    named = [value for value in _values(header, "License") if len(value) <= 60 and value.upper() != "UNKNOWN"]
    found = [*_values(header, "License-Expression"), *named, *filter(None, [" or ".join(classified)])]
    return found[0] if found else ""


def _header(text: str) -> email.message.Message:
    # packaging.metadata.parse_email also reads the description, and fails on some that have a Content-Type.
    return email.parser.HeaderParser().parsestr(re.split(r"\r?\n\r?\n", text, maxsplit=1)[0])


def _values(header: email.message.Message, field: str) -> list[str]:
    """All values of a field, with the line breaks that older tools put into them taken out."""
    return [" ".join(str(value).split()) for value in header.get_all(field, [])]


def _modules(paths: c.Iterable[str], name: str) -> tuple[str, ...]:
    """The module named as the distribution, or else all that are not there by mistake."""
    inner = (path[match.end() :] if (match := _SCHEME_OF_MODULES.match(path)) else path for path in paths)
    matches = (_PACKAGE.fullmatch(path) or _MODULE.fullmatch(path) for path in inner)
    found = {match[1] for match in matches if match and match[1].isascii() and match[1].isidentifier()}
    own = {module for module in found if canonicalize_name(module) == name}
    public = {module for module in found if not module.startswith("_") and module.lower() not in _NOT_FOR_IMPORT}
    return tuple(sorted(own or public))


def _shown(text: str) -> str:
    return repr(text[:80])
