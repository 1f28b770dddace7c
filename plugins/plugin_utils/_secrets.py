# Copyright (c) 2026 the mlfleet authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This file is private to mlfleet.packages: it may change in any release.
"""Keeps the passwords of URLs out of everything that people get to see."""

from __future__ import annotations

import re
import typing as t

# Up to the last @ before the path: a password may hold one.
_USER_INFO = re.compile(r"(?<=://)[^/\s'\"]+@")


def without_user_info(url: str) -> str:
    """The URL for a file or a request: nothing stands in for user and password."""
    return _USER_INFO.sub("", url)


def masked(value: t.Any) -> t.Any:
    """The same text, list or dictionary without users and passwords in URLs."""
    if isinstance(value, str):
        return _USER_INFO.sub("***@", value)
    if isinstance(value, list):
        return [masked(each) for each in value]
    if isinstance(value, dict):
        return {key: masked(each) for key, each in value.items()}
    return value
