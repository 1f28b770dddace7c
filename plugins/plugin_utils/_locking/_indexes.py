# Copyright (c) 2026 the mlfleet authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This file is private to mlfleet.packages: it may change in any release.
"""The indexes that packages come from: their addresses, the passwords for them, and their pages."""

from __future__ import annotations

import collections.abc as c
import contextlib
import dataclasses
import functools
import http.client
import json
import netrc
import os
import pathlib
import re
import typing as t
import urllib.error
import urllib.parse
import urllib.request

import unearth
import unearth.auth
from ansible_collections.mlfleet.packages.plugins.plugin_utils import _fetch
from ansible_collections.mlfleet.packages.plugins.plugin_utils._errors import HostProblem
from ansible_collections.mlfleet.packages.plugins.plugin_utils._fetch import Way

PAGE_LIMIT = 64 * 1024**2

# The names by which pip and uv know them: an address with a password in it belongs there rather than into a playbook.
_INDEX_VARIABLES = ("UV_DEFAULT_INDEX", "UV_INDEX_URL", "PIP_INDEX_URL")
_EXTRA_VARIABLES = ("UV_INDEX", "UV_EXTRA_INDEX_URL", "PIP_EXTRA_INDEX_URL")

# A page of a package index asks nobody for a password.
_LOGIN_PAGE = re.compile(rb"<input[^>]+type\s*=\s*[\"']?password|<title>\s*(log ?[io]n|sign ?in)", re.IGNORECASE)


class IndexProblem(HostProblem):
    """One sentence on an index that gives no answer, and what to do."""


@dataclasses.dataclass(frozen=True)
class Page:
    """An answer, in the words of unearth's `Response`."""

    status_code: int
    headers: c.Mapping[str, str]
    url: str
    content: bytes
    reason_phrase: str = ""
    encoding: str | None = None

    def json(self) -> t.Any:
        return json.loads(self.content)

    def iter_bytes(self, chunk_size: int | None = None) -> c.Iterator[bytes]:
        yield self.content

    def raise_for_status(self) -> None:
        """Nothing: what is no page was raised before."""


@dataclasses.dataclass(frozen=True)
class Indexes:
    """Where to look for packages: in all of the folders, and in the first index that has the package."""

    urls: tuple[str, ...]
    find_links: tuple[str, ...]
    ca_bundle: str | None = None
    named: tuple[str, ...] = ()
    """What a lock is made from, for those who read it: as the task names it, without passwords."""

    @property
    def way(self) -> Way:
        return Way(self.logged_in, self.ca_bundle)

    def logged_in(self, url: str) -> str:
        """The URL with the user and password of the index on the same server, or of the keyring."""
        parts = urllib.parse.urlsplit(url)
        if "@" in parts.netloc or parts.scheme not in ("http", "https"):
            return url
        places = (urllib.parse.urlsplit(each) for each in (*self.urls, *self.find_links))
        logins = [each.netloc.rpartition("@")[0] for each in places if _server(each) == _server(parts)]
        login = next(filter(None, logins), "")
        if login and ":" not in login and not _in_netrc(parts.hostname or ""):
            login = _from_keyring(parts.netloc, login) or login
        return urllib.parse.urlunsplit(parts._replace(netloc=f"{login}@{parts.netloc}")) if login else url


def indexes(arguments: c.Mapping[str, t.Any], environment: c.Mapping[str, str] | None = None) -> Indexes:
    """The indexes that a task names, or else those that the environment of the controller does."""
    environment = os.environ if environment is None else environment
    main = arguments["index_url"] or _first(environment, _INDEX_VARIABLES) or _public()
    extra = arguments["extra_index_urls"] or (_first(environment, _EXTRA_VARIABLES) or "").split()
    if arguments["no_index"] and not arguments["find_links"]:
        raise HostProblem("no_index is set and find_links names no folder, so that there is nowhere to look; set it")
    urls = [] if arguments["no_index"] else [*map(_without_name, extra), main]
    found = tuple(url.rstrip("/") for url in urls)
    for number, url in enumerate(found):
        _check_url(url, "index_url" if number == len(found) - 1 else f"extra_index_urls[{number}]")
    return Indexes(found, tuple(arguments["find_links"]), arguments["ca_bundle"], tuple(map(_shown, found)))


def _public() -> str:
    """The index of everybody, for those who name none: a finder without any source goes there."""
    return str(unearth.PackageFinder().sources[0]["url"])


def _first(environment: c.Mapping[str, str], names: c.Iterable[str]) -> str | None:
    return next(filter(None, (environment.get(name) for name in names)), None)


def _without_name(url: str) -> str:
    """UV_INDEX may give an index a name: `internal=https://...`."""
    return re.sub(r"^[A-Za-z0-9_-]+=(?=[a-z]+://)", "", url)


def _check_url(url: str, option: str) -> None:
    try:
        parts = urllib.parse.urlsplit(url)
        usable = parts.scheme in ("http", "https", "file") and (parts.port is None or parts.port > 0)
    except ValueError:
        usable = False
    if not usable:
        # Not repeated here: what is no URL may hold a password anywhere.
        raise HostProblem(f"{option} is no address of an index; write one that begins with https://")


def _shown(url: str) -> str:
    return _fetch.without_secrets(url)


def _server(parts: urllib.parse.SplitResult) -> tuple[str, str]:
    return parts.scheme, parts.netloc.rpartition("@")[2].lower()


def _in_netrc(host: str) -> bool:
    try:
        return netrc.netrc(os.environ.get("NETRC")).authenticators(host) is not None
    except (OSError, netrc.NetrcParseError):
        return False


@functools.lru_cache(maxsize=100)
def _from_keyring(netloc: str, user: str) -> str:
    """The login that a keyring has for a user of a server, asked for as pip does."""
    provider = unearth.auth.get_keyring_provider()
    # A keyring is a program of somebody else, and may fail in its own ways.
    with contextlib.suppress(Exception):
        if provider and (found := provider.get_auth_info(netloc, urllib.parse.unquote(user))):
            return ":".join(urllib.parse.quote(each, safe="") for each in found)
    return ""


class Session:
    """Gets the pages of indexes, for unearth. What is wrong with a server is raised, not skipped."""

    def __init__(self, sources: Indexes) -> None:
        self._sources = sources

    def get(self, url: str, *, headers: c.Mapping[str, str] | None = None) -> Page:
        # An index that lacks a package is nothing to warn of, as unearth would.
        return self.page(url, headers) or Page(200, {"Content-Type": "text/html"}, url, b"")

    def page(self, url: str, headers: c.Mapping[str, str] | None = None) -> Page | None:
        """The answer of a server; None where there is no such page."""
        if url.startswith("file:"):
            return _local_page(url)
        try:
            found = self._sources.way.logged_in(url)
            with _fetch.opened(found, self._sources.ca_bundle, headers=dict(headers or {})) as response:
                content = response.read(PAGE_LIMIT)
                page = Page(response.status, response.headers, response.url, content)
        except urllib.error.HTTPError as error:
            error.close()
            if error.code == http.HTTPStatus.NOT_FOUND:
                return None
            raise IndexProblem(_bad_status(url, error.code)) from None
        except (OSError, ValueError, http.client.HTTPException, netrc.NetrcParseError) as error:
            advice = "check the URL, the option ca_bundle and the controller's proxy"
            raise IndexProblem(
                f"the index {_shown(url)} cannot be reached ({_fetch.reason(error)}); {advice}"
            ) from None
        if _wants_a_login(page, url):
            raise IndexProblem(
                f"the index {_shown(url)} answers with a login page; give a user and a password or token for it"
            )
        return page

    head = get

    def get_stream(
        self, url: str, *, headers: c.Mapping[str, str] | None = None
    ) -> contextlib.AbstractContextManager[Page]:
        return contextlib.nullcontext(self.get(url, headers=headers))

    def iter_secure_origins(self) -> c.Iterable[tuple[str, str, str]]:
        """Every server that the task names: uv does not ask either."""
        return [("*", "*", "*")]

    def diagnose(self, names: c.Iterable[str]) -> None:
        """Raises an IndexProblem if an index does not answer as one."""
        for url in self._sources.urls:
            for name in names:
                self.get(f"{url}/{name}/", headers={"Accept": "application/vnd.pypi.simple.v1+json, text/html;q=0.1"})


def _wants_a_login(page: Page, asked: str) -> bool:
    """Whether it is a page for people, or one of another server, where a list of files should be."""
    elsewhere = _server(urllib.parse.urlsplit(page.url)) != _server(urllib.parse.urlsplit(asked))
    is_page = page.headers.get("Content-Type", "").startswith("text/html") and b".whl" not in page.content
    return is_page and (_LOGIN_PAGE.search(page.content) is not None or (elsewhere and b"<a " not in page.content))


def _local_page(url: str) -> Page | None:
    path = pathlib.Path(urllib.request.url2pathname(urllib.parse.urlsplit(url).path))
    try:
        return Page(200, {"Content-Type": "text/html"}, url, path.read_bytes())
    except OSError:
        return None


def _bad_status(url: str, code: int) -> str:
    advice = {**_fetch.ADVICE, 401: "give a user and a password or token for it", 403: "check the user and password"}
    return f"the index {_shown(url)} answers with the status {code}; {advice.get(code, 'try again later')}"
