# Copyright (c) 2026 the mlfleet authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This file is private to mlfleet.packages: it may change in any release.
"""Wheels from URLs: fetched by the controller, once, and kept only with the right hash."""

from __future__ import annotations

import collections.abc as c
import hashlib
import http.client
import netrc
import os
import pathlib
import tempfile
import typing as t
import urllib.error
import urllib.parse

from ansible.module_utils.urls import open_url
from ansible_collections.mlfleet.packages.plugins.plugin_utils import _wheel
from ansible_collections.mlfleet.packages.plugins.plugin_utils._wheel import WheelProblem

SECONDS_OF_SILENCE = 60
SIZE_LIMIT = 4 * 1024**3
BLOCK = 1024 * 1024
MAGIC = b"PK\x03\x04"
"""A zip file with a member begins like this."""

_ADVICE = {
    401: "check the user and password (in the URL, or in the file .netrc)",
    403: "check the user and password (in the URL, or in the file .netrc)",
    407: "check the user and password of the proxy",
    404: "check the URL",
}
_OTHERWISE = "or put the wheel into the wheelhouse"


class _Fault(Exception):
    """Why a URL gives no wheel, to be completed to `<url> <fault>; <what to do>`."""


def fetcher(folder: pathlib.Path) -> c.Callable[[str, str, str], pathlib.Path]:
    """A function from URL, sha256 and file name to a file, which stays below this folder for the next time."""

    def fetch(url: str, sha256: str, file_name: str) -> pathlib.Path:
        _wheel.file_name(file_name)
        path = folder / sha256 / file_name
        shown = _without_secrets(url)
        try:
            if not (path.is_file() and _wheel.digest(path) == sha256):
                _download(url, sha256, path)
        except _Fault as fault:
            raise WheelProblem(f"{shown} {fault}, {_OTHERWISE}") from None
        except urllib.error.HTTPError as error:
            error.close()
            advice = _ADVICE.get(error.code, "try again later")
            raise WheelProblem(f"{shown} answers with the status {error.code}; {advice}, {_OTHERWISE}") from None
        except (OSError, ValueError, http.client.HTTPException, netrc.NetrcParseError) as error:
            raise WheelProblem(
                f"{shown} cannot be fetched ({_reason(error)}); check the URL and the controller's proxy, {_OTHERWISE}"
            ) from None
        return path

    return fetch


def _download(url: str, sha256: str, path: pathlib.Path) -> None:
    parts = urllib.parse.urlsplit(url)
    if parts.scheme not in ("https", "http"):
        raise _Fault("is no URL of https or http; name one")
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=path.parent) as unfinished, _opened(parts) as response:
        partial = pathlib.Path(unfinished, path.name + ".part")
        if _copy(response, partial) != sha256:
            raise _Fault(f"gives another file than the one with the sha256 {sha256}; compare the hash with its source")
        os.replace(partial, path)


def _opened(parts: urllib.parse.SplitResult) -> t.ContextManager[t.IO[bytes]]:
    # Taken apart here: the open_url of ansible-core 2.16 sends %40 and the like in a password as they are.
    login, _at, host = parts.netloc.rpartition("@")
    user, _colon, password = login.partition(":")
    response: t.ContextManager[t.IO[bytes]] = open_url(
        urllib.parse.urlunsplit(parts._replace(netloc=host)),
        timeout=SECONDS_OF_SILENCE,
        url_username=urllib.parse.unquote(user) or None,
        url_password=urllib.parse.unquote(password),
        # Without being asked: some package servers answer 404 to those who do not say who they are.
        force_basic_auth=bool(user),
        # Otherwise urllib hands the password on to wherever the server redirects to.
        unredirected_headers=["Authorization"],
    )
    return response


def _copy(response: t.IO[bytes], path: pathlib.Path) -> str:
    """Stores what a server sends, and gives its sha256."""
    found = hashlib.sha256()
    size = 0
    with path.open("wb") as file:
        while block := response.read(BLOCK):
            if size == 0 and not block.startswith(MAGIC):
                page = "a web page" if block.lstrip().startswith(b"<") else "something else"
                raise _Fault(f"gives {page} instead of a wheel; open it in a browser, it may want a login")
            size += len(block)
            if size > SIZE_LIMIT:
                raise _Fault(f"gives more than {SIZE_LIMIT // 1024**3} GiB; check the URL")
            found.update(block)
            file.write(block)
    return found.hexdigest()


def _without_secrets(url: str) -> str:
    """The URL for a message. User, password and query, in which storage services put signatures, are left out."""
    try:
        parts = urllib.parse.urlsplit(url)
    except ValueError:
        return "a URL that is none"
    return urllib.parse.urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))[:300]


def _reason(error: Exception) -> str:
    """What went wrong. Errors of the URL itself may quote it, so only their kind is told."""
    cause = getattr(error, "reason", error) if isinstance(error, urllib.error.URLError) else error
    return str(cause) if isinstance(cause, (OSError, str)) else cause.__class__.__name__
