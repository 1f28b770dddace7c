# Copyright (c) 2026 the mlfleet authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which package index is asked: the task's own, the one of the controller's environment, or that of everybody."""

from __future__ import annotations

import urllib.parse

from ansible_collections.mlfleet.packages.plugins.plugin_utils._locking import _indexes

OPTIONS = {"index_url": None, "extra_index_urls": [], "find_links": [], "no_index": False, "ca_bundle": None}


def test_the_task_goes_before_the_environment() -> None:
    environment = {"PIP_INDEX_URL": "https://pip.example.com/simple", "UV_INDEX_URL": "https://uv.example.com/simple"}
    named = {**OPTIONS, "index_url": "https://task.example.com/simple/"}
    assert _indexes.indexes(named, environment).urls == ("https://task.example.com/simple",)
    assert _indexes.indexes(OPTIONS, environment).urls == ("https://uv.example.com/simple",)


def test_without_any_there_is_one_of_everybody() -> None:
    (url,) = _indexes.indexes(OPTIONS, {}).urls
    parts = urllib.parse.urlsplit(url)
    assert (parts.scheme, parts.path) == ("https", "/simple")
    assert parts.hostname not in (None, "localhost")


def test_none_where_the_task_wants_none() -> None:
    assert _indexes.indexes({**OPTIONS, "no_index": True, "find_links": ["/wheels"]}, {}).urls == ()
