# Copyright (c) 2026 the mlfleet authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This file is private to mlfleet.packages: it may change in any release.
"""What a wheel needs, learned with as few bytes as possible."""

from __future__ import annotations

import dataclasses
import hashlib
import http.client
import pathlib
import typing as t

from ansible_collections.mlfleet.packages.plugins.plugin_utils import _fetch, _packages, _wheel
from ansible_collections.mlfleet.packages.plugins.plugin_utils._candidates import Wheel
from ansible_collections.mlfleet.packages.plugins.plugin_utils._errors import HostProblem
from ansible_collections.mlfleet.packages.plugins.plugin_utils._locking._indexes import Indexes, Session
from ansible_collections.mlfleet.packages.plugins.plugin_utils._locking._request import LockedWheel, Request
from ansible_collections.mlfleet.packages.plugins.plugin_utils._packages import Package
from ansible_collections.mlfleet.packages.plugins.plugin_utils._wheel import WheelProblem

if t.TYPE_CHECKING:
    import unearth


def of_file(wheel: Wheel) -> LockedWheel:
    """The lock of a wheel that lies on the controller."""
    path = pathlib.Path(wheel.path).absolute()
    sha256 = wheel.sha256 or _wheel.digest(path)
    return LockedWheel(wheel.name, wheel.version, wheel.file_name, sha256, path=path, size=wheel.size)


def of_link(link: unearth.Link, session: Session, request: Request) -> Package:
    """What the wheel behind a link would install: from the index (PEP 658), or from the whole wheel."""
    try:
        if link.is_file:
            return _packages.from_wheel(_wheel.read(link.file_path))
        if link.dist_info_link is not None:
            text = _published(link, session)
            if text is not None:
                return _packages.from_wheel(_wheel.described(link.filename, text, _fetch.without_secrets(link.url)))
        return _packages.from_wheel(_wheel.read(_whole(link, request)))
    except WheelProblem as problem:
        raise HostProblem(str(problem)) from None


def _published(link: unearth.Link, session: Session) -> str | None:
    """The METADATA that the index gives by itself; None where it does not, or not the one that it promised."""
    page = session.page(f"{link.url_without_fragment}.metadata")
    promised = link.dist_info_metadata if isinstance(link.dist_info_metadata, dict) else {}
    if page is None or promised.get("sha256") not in (None, hashlib.sha256(page.content).hexdigest()):
        return None
    return page.content.decode("utf-8", "surrogateescape")


def _whole(link: unearth.Link, request: Request) -> pathlib.Path:
    fetch = _fetch.fetcher(request.cache / "wheels", request.indexes.way)
    return fetch(link.url_without_fragment, sha256(link, request), link.filename)


def sha256(link: unearth.Link, request: Request) -> str:
    """The sha256 that an index states; that of the file where it states none or one of another kind."""
    stated = (link.hash_option or {}).get("sha256")
    if stated:
        return stated[0].lower()
    if link.is_file:
        return _wheel.digest(link.file_path)
    url = _fetch.without_secrets(link.url)
    raise HostProblem(f"the index states no sha256 of {url}, so that nobody could check the wheel; use another index")


def of_url(wheel: LockedWheel, indexes: Indexes) -> Wheel | None:
    """What a locked wheel says of itself, if its server tells that by itself (PEP 658)."""
    if wheel.url is None:
        return None
    page = Session(indexes).page(f"{wheel.url}.metadata")
    if page is None:
        return None
    where = _fetch.without_secrets(wheel.url)
    found = _wheel.described(wheel.file_name, page.content.decode("utf-8", "surrogateescape"), where)
    return dataclasses.replace(found, sha256=wheel.sha256, size=wheel.size or 0)


def size_of_url(wheel: LockedWheel, indexes: Indexes) -> int | None:
    """How large a wheel is by the words of its server; None where it does not say."""
    if wheel.url is None:
        return None
    try:
        with _fetch.opened(indexes.logged_in(wheel.url), indexes.ca_bundle, method="HEAD") as response:
            length = response.headers.get("Content-Length", "")
    except (OSError, ValueError, http.client.HTTPException):
        # Nobody needs it: whatever is wrong with the server shows when the wheel is fetched.
        return None
    return int(length) if length.isdigit() else None
