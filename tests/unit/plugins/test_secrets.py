# Copyright (c) 2026 the mlfleet authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""No password of a URL is shown or written."""

from __future__ import annotations

import pytest
from ansible_collections.mlfleet.packages.plugins.plugin_utils import _secrets


@pytest.mark.parametrize("login", ["user:secret@", "user:sec@ret@", "secret@", "user:sec%40ret@", ":secret@"])
def test_user_and_password_are_masked_or_left_out(login: str) -> None:
    told = {"a": [f"see https://{login}host/simple, or 'http://{login}other'"]}
    assert _secrets.masked(told) == {"a": ["see https://***@host/simple, or 'http://***@other'"]}
    assert _secrets.without_user_info(f"https://{login}host/a@b") == "https://host/a@b"


def test_what_is_no_login_stays() -> None:
    assert _secrets.masked("pip @ https://host/a@1.0, me@host") == "pip @ https://host/a@1.0, me@host"
