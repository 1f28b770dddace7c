# Copyright (c) 2026 the mlfleet authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This file is private to mlfleet.packages: it may change in any release.
"""Wheels from URLs: fetched by the controller, once, and kept only with the right hash.

What breaks off is continued where it stopped, if the server can do that: at once, and if need be in the next run.
"""

from __future__ import annotations

import collections.abc as c
import contextlib
import dataclasses
import errno
import fcntl
import http.client
import netrc
import os
import pathlib
import re
import typing as t
import urllib.error
import urllib.parse

from ansible.module_utils.urls import open_url
from ansible_collections.mlfleet.packages.plugins.plugin_utils import _wheel
from ansible_collections.mlfleet.packages.plugins.plugin_utils._wheel import WheelProblem

SECONDS_OF_SILENCE = 60
SIZE_LIMIT = 4 * 1024**3
BLOCK = 1024 * 1024
ATTEMPTS = 4
MAGIC = b"PK\x03\x04"
"""A zip file with a member begins like this."""

ADVICE = {
    401: "check the user and password (in the URL, or in the file .netrc)",
    403: "check the user and password (in the URL, or in the file .netrc)",
    407: "check the user and password of the proxy",
    404: "check the URL",
}
_OTHERWISE = "or put the wheel into the wheelhouse"
_OF_THE_DISK = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS, errno.EACCES, errno.EIO)


class _Fault(Exception):
    """Why a URL gives no wheel, to be completed to `<url> <fault>; <what to do>`."""


class _BrokenOff(_Fault):
    """The connection was lost in the middle of a file."""


def _same(url: str) -> str:
    return url


def _nobody_watches(file_name: str, size: int) -> None:
    pass


@dataclasses.dataclass(frozen=True)
class Way:
    """How to get at the servers."""

    logged_in: c.Callable[[str], str] = _same
    """Puts the user and the password that belong to a URL into it."""
    ca_bundle: str | None = None
    on_block: c.Callable[[str, int], None] = _nobody_watches
    """Called with a file name and what has come of the file; whatever it raises ends the fetch."""


def fetcher(folder: pathlib.Path, way: Way | None = None) -> c.Callable[[str, str, str], pathlib.Path]:
    """A function from URL, sha256 and file name to a file, which stays below this folder for the next time."""

    def fetch(url: str, sha256: str, file_name: str) -> pathlib.Path:
        _wheel.file_name(file_name)
        path = folder / sha256 / file_name
        shown = without_secrets(url)
        try:
            _provide(url, sha256, path, way or Way())
        except _Fault as fault:
            raise WheelProblem(f"{shown} {fault}, {_OTHERWISE}") from None
        except urllib.error.HTTPError as error:
            error.close()
            advice = ADVICE.get(error.code, "try again later")
            raise WheelProblem(f"{shown} answers with the status {error.code}; {advice}, {_OTHERWISE}") from None
        except (OSError, ValueError, http.client.HTTPException, netrc.NetrcParseError) as error:
            if of_the_disk(error):
                raise WheelProblem(
                    f"{file_name} cannot be stored in {path.parent} ({t.cast(OSError, error).strerror}); "
                    "make room, or let the user of the controller write there"
                ) from None
            raise WheelProblem(
                f"{shown} cannot be fetched ({reason(error)}); check the URL and the controller's proxy, {_OTHERWISE}"
            ) from None
        return path

    return fetch


def of_the_disk(error: Exception) -> bool:
    """Whether a file could not be written, rather than read from the net."""
    return isinstance(error, OSError) and not isinstance(error, urllib.error.URLError) and error.errno in _OF_THE_DISK


def _provide(url: str, sha256: str, path: pathlib.Path, way: Way) -> None:
    if _right(path, sha256):
        return
    parts = urllib.parse.urlsplit(url)
    if parts.scheme not in ("https", "http"):
        raise _Fault("is no URL of https or http; name one")
    if way.ca_bundle and not pathlib.Path(way.ca_bundle).is_file():
        raise _Fault(f"cannot be fetched, since ca_bundle names {way.ca_bundle}, which is no file; correct that option")
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        with _alone(path.with_name(path.name + ".part")) as partial:
            # Somebody else may have fetched it while this one waited.
            if not _right(path, sha256):
                _download(url, sha256, partial, way)
                os.replace(partial, path)
            partial.unlink(missing_ok=True)
    except BaseException:
        with contextlib.suppress(OSError):
            path.parent.rmdir()
        raise


def _right(path: pathlib.Path, sha256: str) -> bool:
    return path.is_file() and _wheel.digest(path) == sha256


@contextlib.contextmanager
def _alone(partial: pathlib.Path) -> c.Iterator[pathlib.Path]:
    """Keeps other processes away from a file that is not whole yet."""
    while True:
        with partial.open("ab") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            if _is_at(file, partial):
                yield partial
                return


def _is_at(file: t.IO[bytes], path: pathlib.Path) -> bool:
    """Whether an open file still has its name: whoever had it may be done with it."""
    try:
        return os.path.samestat(os.fstat(file.fileno()), path.stat())
    except FileNotFoundError:
        return False


def _download(url: str, sha256: str, partial: pathlib.Path, way: Way) -> None:
    for attempt in range(1, ATTEMPTS + 1):
        begin = partial.stat().st_size
        try:
            _continue(url, partial, way)
        except _BrokenOff:
            # Without progress, the next attempt will not make any either.
            if attempt == ATTEMPTS or partial.stat().st_size <= begin:
                _leave_what_helps(partial)
                raise
            continue
        except _Fault:
            partial.unlink()
            raise
        except BaseException:
            _leave_what_helps(partial)
            raise
        if _wheel.digest(partial) == sha256:
            return
        os.truncate(partial, 0)
        if begin == 0:
            break
    partial.unlink()
    raise _Fault(f"gives another file than the one with the sha256 {sha256}; compare the hash with its source")


def _leave_what_helps(partial: pathlib.Path) -> None:
    if partial.stat().st_size == 0:
        partial.unlink()


def _continue(url: str, partial: pathlib.Path, way: Way) -> None:
    """Adds what is missing of a file."""
    have = partial.stat().st_size
    headers = {"Range": f"bytes={have}-"} if have else {}
    try:
        response = opened(way.logged_in(url), way.ca_bundle, headers=headers)
    except urllib.error.HTTPError as error:
        if error.code != http.HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE or not have:
            raise
        error.close()
        return  # there is no more of it: the hash tells whether it is right
    with response:
        continued = _continues(response, have)
        with partial.open("ab" if continued else "wb") as file:
            _copy(response, file, have if continued else 0, way)


def _continues(response: t.Any, have: int) -> bool:
    """Whether the answer goes on where the file ends; otherwise it is the whole file."""
    if not have or response.status != http.HTTPStatus.PARTIAL_CONTENT:
        return False
    begin = re.match(r"bytes (\d+)-", response.headers.get("Content-Range", ""))
    return begin is not None and int(begin[1]) == have


def opened(url: str, ca_bundle: str | None = None, headers: dict[str, str] | None = None, method: str = "GET") -> t.Any:
    """The answer of a server.

    Threads may ask at once if all of them trust the same certificates: open_url keeps how it asks in a global variable,
    and what differs between our requests, such as the password, in the request.
    """
    parts = urllib.parse.urlsplit(url)
    # Taken apart here: the open_url of ansible-core 2.16 sends %40 and the like in a password as they are.
    login, _at, host = parts.netloc.rpartition("@")
    user, _colon, password = login.partition(":")
    return open_url(
        urllib.parse.urlunsplit(parts._replace(netloc=host)),
        method=method,
        headers=headers,
        timeout=SECONDS_OF_SILENCE,
        ca_path=ca_bundle,
        url_username=urllib.parse.unquote(user) or None,
        url_password=urllib.parse.unquote(password),
        # Without being asked: some package servers answer 404 to those who do not say who they are.
        force_basic_auth=bool(user),
        # Otherwise urllib hands the password on to wherever the server redirects to.
        unredirected_headers=["Authorization"],
    )


def _copy(response: t.Any, file: t.IO[bytes], size: int, way: Way) -> None:
    """Stores what a server sends, of a file of which there is a part of this size already."""
    length = response.headers.get("Content-Length", "")
    whole = size + int(length) if length.isdigit() else None
    begin = size
    while block := _block(response, size, whole):
        if size == 0 and not block.startswith(MAGIC):
            page = "a web page" if block.lstrip().startswith(b"<") else "something else"
            raise _Fault(f"gives {page} instead of a wheel; open it in a browser, it may want a login")
        size += len(block)
        if size > SIZE_LIMIT:
            raise _Fault(f"gives more than {SIZE_LIMIT // 1024**3} GiB; check the URL")
        file.write(block)
        way.on_block(pathlib.Path(file.name).name.removesuffix(".part"), size)
    if whole is not None and size < whole:
        if begin == 0 and response.headers.get("Accept-Ranges") != "bytes":
            file.truncate(0)
        raise _BrokenOff(f"breaks off after {size} of {whole} bytes; try again later")


def _block(response: t.Any, size: int, whole: int | None) -> bytes:
    try:
        return t.cast(bytes, response.read(BLOCK))
    except (OSError, http.client.HTTPException) as error:
        if whole is None:
            raise
        # What came before is good: the size tells that something is missing.
        raise _BrokenOff(f"breaks off after {size} of {whole} bytes ({reason(error)}); try again later") from None


def without_secrets(url: str) -> str:
    """The URL for a message. User, password and query, in which storage services put signatures, are left out."""
    try:
        parts = urllib.parse.urlsplit(url)
    except ValueError:
        return "a URL that is none"
    return urllib.parse.urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))[:300]


def reason(error: Exception) -> str:
    """What went wrong. Errors of the URL itself may quote it, so only their kind is told."""
    cause = getattr(error, "reason", error) if isinstance(error, urllib.error.URLError) else error
    return str(cause) if isinstance(cause, (OSError, str)) else cause.__class__.__name__
