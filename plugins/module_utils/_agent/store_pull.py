# Copyright (c) 2026 the mlfleet authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This file is private to mlfleet.packages: it may change in any release.
"""The operation store_pull: gets wheels from a web server or a share, where a task says that this host shall do so."""

from . import store, store_pieces, store_receive
from .arguments import check
from .host import this as host
from .refusal import Refusal

URLS = ("https://", "http://")
SECONDS_OF_SILENCE = 60
SECOND_HOP = (
    "a logon over the network is not passed on to a second machine, unless it is by CredSSP or with Kerberos "
    "delegation: allow one of these, open the share to those who are not logged on, or use the source url or controller"
)


def operation(arguments, answers, program, attachments):
    """Answers which wheels are there now."""
    check(arguments, {"store": str, "wheels": [dict]})
    store.check_wheels(arguments["wheels"], {"place": str})
    place = store.Store(arguments["store"])
    place.make()
    store_pieces.sweep(place)
    there = []
    for each in arguments["wheels"]:
        _pull(each, place)
        there.append(each["sha256"])
        answers.event(step="pulled", file=each["file_name"], done=len(there), of=len(arguments["wheels"]))
    return {"there": there}


def _pull(each, place):
    part = {key: each[key] for key in store.WHEEL}
    part.update(offset=0, length=each["size"])
    with _opened(each["place"]) as stream:
        store_receive.take(part, place, _Source(stream, each["place"]), goes_on=False)


class _Source(object):
    """Tells a source that breaks off from a store that cannot be written to."""

    def __init__(self, stream, where):
        self._stream = stream
        self._where = where

    def read(self, size):
        try:
            return self._stream.read(size)
        except Exception as error:  # pylint: disable=broad-except  # of the file system, of TLS, of HTTP
            words = "%s breaks off: %s; run the task again" % (ascii(self._where)[1:-1][:300], error)
            raise Refusal("source-broken", words)


def _opened(where):
    if where.startswith(URLS):
        return _response(where)
    if not host.paths.isabs(where):
        raise Refusal("arguments-malformed", "%s is neither a URL nor an absolute path" % ascii(where)[:200])
    try:
        return host.open_binary(where)
    except OSError as error:
        words = "%s cannot be read: %s" % (where, error.strerror or error)
        if where.startswith("\\\\"):
            words += "; " + SECOND_HOP
        raise Refusal("share-unreadable", words)


def _response(url):
    host.find_libraries()
    try:
        import ssl  # noqa: F401  # pylint: disable=unused-import
        from http.client import HTTPException
        from urllib.request import build_opener
    except ImportError as error:
        words = "this Python cannot load its TLS library (%s); use the source controller" % error
        raise Refusal("tls-unavailable", words)
    try:
        # It verifies certificates against what this machine trusts, and finds its proxy.
        return build_opener().open(url, timeout=SECONDS_OF_SILENCE)
    except (OSError, HTTPException, ValueError) as error:
        words = "%s cannot be fetched by this host: %s; open it there in a browser" % (ascii(url)[1:-1][:300], error)
        raise Refusal("url-unreachable", words)
