# Copyright (c) 2026 the mlfleet authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A package index of wheels from the wheel factory, with everything that goes wrong with real ones."""

from __future__ import annotations

import base64
import collections.abc as c
import contextlib
import dataclasses
import hashlib
import http.server
import json
import re
import threading
import urllib.parse

from testbed.wheels import Wheel

JSON = "application/vnd.pypi.simple.v1+json"
LOGIN_PAGE = b"<!DOCTYPE html><title>Sign in</title><form><input type='password' name='p'></form>"


@dataclasses.dataclass(frozen=True)
class Seen:
    """One request that was answered."""

    path: str
    authorization: str | None
    range: str | None


@dataclasses.dataclass
class Index:
    """What a server offers, and how it misbehaves. A test may change it while it runs."""

    wheels: list[Wheel]
    login: str = ""
    """`user:password` that every request must come with."""
    html: bool = False
    """Pages as of PEP 503, in place of the JSON of PEP 691."""
    metadata: bool = True
    """Whether METADATA can be had by itself (PEP 658)."""
    hashes: bool = True
    """Whether the sha256 of files is told in JSON, which PEP 691 leaves open."""
    status: int = 200
    """The status of every page of the index."""
    login_page: bool = False
    ranges: bool = True
    cut: dict[str, int] = dataclasses.field(default_factory=dict)
    """File name to how many of the next answers break off in the middle."""
    archives: list[str] = dataclasses.field(default_factory=list)
    """The names of source archives that are listed besides, and can be had by nobody."""
    swapped: dict[str, bytes] = dataclasses.field(default_factory=dict)
    """File name to what is sent in its place."""
    swapped_after: dict[str, tuple[int, bytes]] = dataclasses.field(default_factory=dict)
    """File name to how many more true answers there are, and what is sent from then on."""
    published: dict[str, bytes] = dataclasses.field(default_factory=dict)
    """File name to the METADATA that the index tells in place of the true one."""
    seen: list[Seen] = dataclasses.field(default_factory=list)
    url: str = ""

    @property
    def simple(self) -> str:
        """The address to give to a task."""
        return f"{self.url}/simple"

    def fetched(self) -> list[str]:
        """The files that were asked for, in their order."""
        return [each.path.rpartition("/")[2] for each in self.seen if each.path.endswith(".whl")]

    def asked(self) -> list[str]:
        """The packages whose page was asked for."""
        return [each.path.split("/")[2] for each in self.seen if each.path.startswith("/simple/")]

    def named(self, name: str) -> list[Wheel]:
        return [wheel for wheel in self.wheels if re.sub(r"[-_.]+", "-", wheel.name).lower() == name]


class _Handler(http.server.BaseHTTPRequestHandler):
    index: Index
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        index = self.index
        authorization, asked = self.headers["Authorization"], self.headers["Range"]
        path = urllib.parse.unquote(self.path.split("?")[0])
        index.seen.append(Seen(path, authorization, asked))
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            if index.login and authorization != "Basic " + base64.b64encode(index.login.encode()).decode():
                self._answer(401, b"", {"WWW-Authenticate": 'Basic realm="index"'})
            elif path.startswith("/simple/"):
                self._page(path.split("/")[2])
            elif path.startswith("/files/"):
                self._file(path.rpartition("/")[2])
            else:
                self._answer(404, b"")

    do_HEAD = do_GET

    def _page(self, name: str) -> None:
        index = self.index
        wheels = index.named(name)
        archives = [each for each in index.archives if each.rpartition("-")[0].replace("_", "-") == name]
        if index.status != 200:
            self._answer(index.status, b"")
        elif index.login_page:
            self._answer(200, LOGIN_PAGE, {"Content-Type": "text/html"})
        elif not wheels and not archives:
            self._answer(404, b"")
        elif index.html:
            self._answer(200, self._html(wheels), {"Content-Type": "text/html; charset=utf-8"})
        else:
            files = [self._listed(wheel) for wheel in wheels]
            files += [{"filename": each, "url": f"{index.url}/files/{each}", "hashes": {}} for each in archives]
            page = {"meta": {"api-version": "1.0"}, "name": name, "files": files}
            self._answer(200, json.dumps(page).encode(), {"Content-Type": JSON})

    def _listed(self, wheel: Wheel) -> dict[str, object]:
        found: dict[str, object] = {
            "filename": wheel.expected_file_name(),
            "url": self._address(wheel),
            "hashes": {"sha256": wheel.sha256()} if self.index.hashes else {},
            "size": len(wheel.content()),
        }
        if wheel.requires_python:
            found["requires-python"] = wheel.requires_python
        if self.index.metadata:
            found["core-metadata"] = {"sha256": hashlib.sha256(self._metadata(wheel)).hexdigest()}
        return found

    def _html(self, wheels: c.Iterable[Wheel]) -> bytes:
        links = [
            f'<a href="{self._address(wheel)}#sha256={wheel.sha256()}" '
            f'data-requires-python="{wheel.requires_python.replace("<", "&lt;").replace(">", "&gt;")}">'
            f"{wheel.expected_file_name()}</a><br>"
            for wheel in wheels
        ]
        return "".join(["<!DOCTYPE html><html><body>", *links, "</body></html>"]).encode()

    def _address(self, wheel: Wheel) -> str:
        return f"{self.index.url}/files/{wheel.sha256()[:8]}/{urllib.parse.quote(wheel.expected_file_name())}"

    def _file(self, name: str) -> None:
        index = self.index
        wheel = next(
            (each for each in index.wheels if each.expected_file_name() == name.removesuffix(".metadata")), None
        )
        if wheel is None or (name.endswith(".metadata") and not index.metadata):
            self._answer(404, b"")
        elif name.endswith(".metadata"):
            self._answer(200, self._metadata(wheel))
        else:
            self._wheel(name, self._content(wheel, name))

    def _content(self, wheel: Wheel, name: str) -> bytes:
        left, other = self.index.swapped_after.get(name, (1, b""))
        if left <= 0:
            return other
        if name in self.index.swapped_after:
            self.index.swapped_after[name] = (left - 1, other)
        return self.index.swapped.get(name, wheel.content())

    def _metadata(self, wheel: Wheel) -> bytes:
        return self.index.published.get(wheel.expected_file_name(), wheel.metadata_text().encode())

    def _wheel(self, name: str, content: bytes) -> None:
        index = self.index
        headers = {"Accept-Ranges": "bytes"} if index.ranges else {}
        asked = re.fullmatch(r"bytes=(\d+)-", self.headers["Range"] or "")
        begin = int(asked[1]) if asked and index.ranges else 0
        if begin:
            headers["Content-Range"] = f"bytes {begin}-{len(content) - 1}/{len(content)}"
        rest = content[begin:]
        cut = self.command == "GET" and index.cut.get(name, 0) > 0
        if cut:
            index.cut[name] -= 1
        self._answer(206 if begin else 200, rest[: len(rest) // 2] if cut else rest, headers, len(rest))
        self.close_connection = self.close_connection or cut

    def _answer(
        self, status: int, content: bytes, headers: c.Mapping[str, str] | None = None, length: int | None = None
    ) -> None:
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content) if length is None else length))
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(content)

    def log_message(self, format: str, *args: object) -> None:
        """Nothing: the output belongs to pytest."""


@contextlib.contextmanager
def serving(*wheels: Wheel) -> c.Iterator[Index]:
    """An index that runs."""
    index = Index(list(wheels))
    handler = type("_OwnHandler", (_Handler,), {"index": index})
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as running:
        index.url = f"http://127.0.0.1:{running.server_port}"
        running.daemon_threads = True
        thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield index
        finally:
            running.shutdown()
            thread.join()
