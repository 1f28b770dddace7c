# Copyright (c) 2026 the mlfleet authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Wheels from URLs, against a real server."""

from __future__ import annotations

import base64
import collections.abc as c
import contextlib
import http.server
import pathlib
import socket
import ssl
import sys
import threading
import typing as t

import pytest
from ansible_collections.mlfleet.packages.plugins.plugin_utils import _fetch
from ansible_collections.mlfleet.packages.plugins.plugin_utils._fetch import Way
from ansible_collections.mlfleet.packages.plugins.plugin_utils._wheel import WheelProblem

from testbed.wheels import Wheel
from testbed.winrm import tls

WHEEL = Wheel("foo", modules={"foo.py": "x = 1\n" * 500_000})
NAME = WHEEL.expected_file_name()
LOGIN = "Basic " + base64.b64encode(b"user:pass word").decode()


class Handler(http.server.BaseHTTPRequestHandler):
    """Serves the wheel, and what goes wrong on the way to one."""

    seen: list[tuple[str, str | None]]
    elsewhere: str

    def do_GET(self) -> None:
        self.seen.append((self.path, self.headers["Authorization"]))
        name = self.path.split("?")[0].split("/")[1]
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            getattr(self, name)()

    def good(self) -> None:
        self.answer(200, WHEEL.content())

    def private(self) -> None:
        if self.headers["Authorization"] == LOGIN:
            self.good()
        else:
            self.answer(404, b"")

    def cut(self) -> None:
        self.answer(200, WHEEL.content()[:-100], length=len(WHEEL.content()))

    def other(self) -> None:
        self.answer(200, Wheel("foo", "2.0").content())

    def page(self) -> None:
        self.answer(200, b"\n<!DOCTYPE html><title>Log on</title>")

    def words(self) -> None:
        self.answer(200, b"words")

    def empty(self) -> None:
        self.answer(200, b"")

    def moved(self) -> None:
        self.answer(302, b"", Location=f"{self.elsewhere}/good/{NAME}")

    def circle(self) -> None:
        self.answer(302, b"", Location=f"{self.elsewhere}/circle/{NAME}")

    def local(self) -> None:
        self.answer(302, b"", Location="file:///etc/passwd")

    def missing(self) -> None:
        self.answer(404, b"<html>gone</html>")

    def forbidden(self) -> None:
        self.answer(403, b"")

    def broken(self) -> None:
        self.answer(500, b"")

    def answer(self, status: int, content: bytes, length: int | None = None, **headers: str) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content) if length is None else length))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: object) -> None:
        """Nothing: the output belongs to pytest."""


class Server(http.server.ThreadingHTTPServer):
    """A client that does not trust the certificate goes away, which is no error here."""

    def handle_error(self, request: t.Any, client_address: t.Any) -> None:
        assert isinstance(sys.exc_info()[1], OSError)


@contextlib.contextmanager
def serving(handler: type[Handler], tls_context: ssl.SSLContext | None = None) -> c.Iterator[str]:
    """The URL of a server that runs."""
    with Server(("127.0.0.1", 0), handler) as running:
        if tls_context:
            running.socket = tls_context.wrap_socket(running.socket, server_side=True)
        thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield f"{'https' if tls_context else 'http'}://127.0.0.1:{running.server_port}"
        finally:
            running.shutdown()
            thread.join()


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch, tmp_path: pathlib.Path) -> c.Iterator[type[Handler]]:
    """The handler of a server that runs; `elsewhere` is its URL."""
    monkeypatch.setenv("no_proxy", "127.0.0.1,localhost")
    monkeypatch.setenv("NETRC", str(tmp_path / "no netrc"))
    handler = t.cast("type[Handler]", type("OwnHandler", (Handler,), {"seen": []}))
    with serving(handler) as handler.elsewhere:
        yield handler


def fetch(folder: pathlib.Path, url: str, sha256: str = WHEEL.sha256(), name: str = NAME) -> pathlib.Path:
    return _fetch.fetcher(folder)(url, sha256, name)


def problem(folder: pathlib.Path, url: str) -> str:
    with pytest.raises(WheelProblem) as caught:
        fetch(folder, url)
    left = [path for path in folder.rglob("*") if path.is_file()]
    assert left == []
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_a_wheel_is_fetched_once(server: type[Handler], tmp_path: pathlib.Path) -> None:
    path = fetch(tmp_path, f"{server.elsewhere}/good/{NAME}")
    assert path == tmp_path / WHEEL.sha256() / NAME
    assert path.read_bytes() == WHEEL.content()
    assert fetch(tmp_path, f"{server.elsewhere}/good/{NAME}") == path
    assert len(server.seen) == 1
    assert [each.name for each in path.parent.iterdir()] == [NAME]


def test_a_damaged_copy_is_fetched_again(server: type[Handler], tmp_path: pathlib.Path) -> None:
    path = fetch(tmp_path, f"{server.elsewhere}/good/{NAME}")
    path.write_bytes(b"damaged")
    assert fetch(tmp_path, f"{server.elsewhere}/good/{NAME}").read_bytes() == WHEEL.content()
    assert len(server.seen) == 2


def test_a_password_is_sent_at_once_and_only_there(server: type[Handler], tmp_path: pathlib.Path) -> None:
    url = server.elsewhere.replace("://", "://user:pass%20word@")
    assert fetch(tmp_path / "private", f"{url}/private/{NAME}").read_bytes() == WHEEL.content()
    assert fetch(tmp_path / "moved", f"{url}/moved/{NAME}").read_bytes() == WHEEL.content()
    assert server.seen == [
        (f"/private/{NAME}", LOGIN),
        (f"/moved/{NAME}", LOGIN),
        (f"/good/{NAME}", None),
    ]


@pytest.mark.parametrize(
    ("place", "words"),
    [
        ("page", "gives a web page instead of a wheel; open it in a browser"),
        ("words", "gives something else instead of a wheel"),
        ("empty", "gives another file than the one with the sha256"),
        ("other", "gives another file than the one with the sha256"),
        ("cut", "breaks off after"),
        ("missing", "answers with the status 404; check the URL"),
        ("forbidden", "answers with the status 403; check the user and password"),
        ("broken", "answers with the status 500; try again later"),
        ("circle", "answers with the status 302"),
        ("local", "answers with the status 302"),
    ],
)
def test_what_is_no_wheel(place: str, words: str, server: type[Handler], tmp_path: pathlib.Path) -> None:
    url = server.elsewhere.replace("://", "://user:secret@")
    found = problem(tmp_path, f"{url}/{place}/{NAME}?sig=secret#secret")
    assert found.startswith(f"{server.elsewhere}/{place}/{NAME} {words}")
    assert "secret" not in found


def test_too_much(server: type[Handler], tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_fetch, "SIZE_LIMIT", 2_000_000)
    assert "gives more than" in problem(tmp_path, f"{server.elsewhere}/good/{NAME}")


def test_a_server_that_is_not_there(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    assert "cannot be fetched ([Errno 111] Connection refused); check the URL" in problem(
        tmp_path, f"http://127.0.0.1:{port}/{NAME}"
    )


@pytest.mark.parametrize(
    "url",
    [
        "file:///etc/passwd",
        "ftp://user:secret@host/x.whl",
        "//user:secret@host/x.whl",
        "http://user:secret@[::1/x.whl",
        "http://user:sec:ret@secret@127.0.0.1:port/x.whl",
        "http://127.0.0.1:1/\u00e9?secret",
        "http:///x.whl",
        "https://user:secret@127.0.0.1:99999/a b",
        "",
    ],
)
def test_what_is_no_url(url: str, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("no_proxy", "*")
    assert "secret" not in problem(tmp_path, url)


def test_files_of_the_controller_are_no_urls(tmp_path: pathlib.Path) -> None:
    path = WHEEL.write(tmp_path / "there")
    assert "is no URL of https or http" in problem(tmp_path / "fetched", path.as_uri())


def test_a_certificate_that_nobody_vouches_for(server: type[Handler], tmp_path: pathlib.Path) -> None:
    with serving(server, tls.make_certificate(tmp_path).server_context()) as url:
        found = problem(tmp_path / "fetched", f"{url}/good/{NAME}")
    assert "cannot be fetched" in found
    assert "certificate verify failed" in found
    assert server.seen == []


def test_certificates_that_are_not_there(server: type[Handler], tmp_path: pathlib.Path) -> None:
    url, bundle = f"{server.elsewhere}/good/{NAME}", tmp_path / "gone.pem"
    with pytest.raises(WheelProblem) as caught:
        _fetch.fetcher(tmp_path / "fetched", Way(ca_bundle=str(bundle)))(url, WHEEL.sha256(), NAME)
    assert f"{url} cannot be fetched, since ca_bundle names {bundle}, which is no file; correct that option" in str(
        caught.value
    )
    assert server.seen == []


def test_a_file_that_is_gone_during_the_fetch_is_told_as_that(server: type[Handler], tmp_path: pathlib.Path) -> None:
    def gone(file_name: str, size: int) -> None:
        raise FileNotFoundError(2, "No such file or directory")

    fetch_and_lose = _fetch.fetcher(tmp_path / "fetched", Way(on_block=gone))
    with pytest.raises(WheelProblem, match=r"cannot be fetched \(\[Errno 2\] No such file or directory\)"):
        fetch_and_lose(f"{server.elsewhere}/good/{NAME}", WHEEL.sha256(), NAME)


def test_the_file_name_must_be_a_wheels(tmp_path: pathlib.Path) -> None:
    with pytest.raises(WheelProblem, match="is no name of a wheel"):
        fetch(tmp_path, "http://127.0.0.1:1/x", name="../../x.whl")


def test_a_damaged_netrc(server: type[Handler], tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "netrc").write_text("nonsense secret")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    found = problem(tmp_path / "fetched", f"{server.elsewhere}/good/{NAME}")
    assert "cannot be fetched (NetrcParseError)" in found
