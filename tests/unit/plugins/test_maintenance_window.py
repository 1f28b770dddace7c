# Copyright (c) 2026 the mlfleet authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Maintenance windows: midnight, time zones, the two days on which the clock jumps, and what is no window."""

from __future__ import annotations

import datetime
import typing as t

import pytest
from ansible_collections.mlfleet.packages.plugins.plugin_utils import _maintenance_window
from ansible_collections.mlfleet.packages.plugins.plugin_utils._errors import HostProblem
from hypothesis import given
from hypothesis import strategies as st

BERLIN = "Europe/Berlin"


def is_open(value: t.Any, moment: str) -> bool:
    """Whether a host with this variable may be changed at this moment (with its offset)."""
    return not _maintenance_window.closed(_maintenance_window.windows(value), datetime.datetime.fromisoformat(moment))


def window(begin: str, end: str, **more: t.Any) -> dict[str, t.Any]:
    return {"from": begin, "to": end, **more}


@pytest.mark.parametrize(
    ("moment", "expected"),
    [
        # 2026-01-03 is a Saturday.
        ("2026-01-03T21:59+00:00", False),
        ("2026-01-03T22:00+00:00", True),
        ("2026-01-03T23:59+00:00", True),
        ("2026-01-04T00:00+00:00", True),
        ("2026-01-04T03:59+00:00", True),
        ("2026-01-04T04:00+00:00", False),
        ("2026-01-04T22:30+00:00", False),
        # It is Saturday's night that counts, not the early hours of Saturday.
        ("2026-01-03T03:00+00:00", False),
    ],
)
def test_a_window_across_midnight(moment: str, expected: bool) -> None:
    assert is_open(window("22:00", "04:00", days=["Sat"]), moment) is expected


@pytest.mark.parametrize(
    ("moment", "expected"),
    [
        # In summer Berlin is two hours ahead of UTC, in winter one.
        ("2026-07-01T20:00+00:00", True),
        ("2026-07-01T19:59+00:00", False),
        ("2026-01-01T20:30+00:00", False),
        ("2026-01-01T21:00+00:00", True),
        ("2026-01-01T16:00-05:00", True),
    ],
)
def test_the_time_zone_of_the_window_counts(moment: str, expected: bool) -> None:
    assert is_open(window("22:00", "23:00", timezone=BERLIN), moment) is expected


@pytest.mark.parametrize(
    ("moment", "expected"),
    [
        # 2026-03-29: 01:59 is followed by 03:00.
        ("2026-03-29T00:59+00:00", False),
        ("2026-03-29T01:00+00:00", True),
        ("2026-03-29T01:14+00:00", True),
        ("2026-03-29T01:15+00:00", False),
        # 2026-10-25: 02:59 is followed by 02:00, once.
        ("2026-10-25T00:29+00:00", False),
        ("2026-10-25T00:30+00:00", True),
        ("2026-10-25T01:00+00:00", False),
        ("2026-10-25T01:30+00:00", True),
        ("2026-10-25T02:14+00:00", True),
        ("2026-10-25T02:15+00:00", False),
    ],
)
def test_when_the_clock_jumps_what_it_shows_counts(moment: str, expected: bool) -> None:
    assert is_open(window("02:30", "03:15", timezone=BERLIN), moment) is expected


def test_several_windows_none_and_a_whole_day() -> None:
    both = [window("01:00", "02:00"), window("13:00", "14:00", days=["mon"])]
    assert is_open(both, "2026-01-05T13:30+00:00")
    assert is_open(both, "2026-01-06T01:30+00:00")
    assert not is_open(both, "2026-01-06T13:30+00:00")
    assert is_open([], "2026-01-06T13:30+00:00")
    sunday = window("00:00", "24:00", days=["sun"])
    assert is_open(sunday, "2026-01-04T23:59+00:00")
    assert not is_open(sunday, "2026-01-05T00:00+00:00")


def test_the_sentence() -> None:
    found = _maintenance_window.windows([window("22:00", "04:00", days=["sun", "sat"]), window("01:00", "02:00")])
    now = datetime.datetime(2026, 1, 5, 12, tzinfo=datetime.timezone.utc)
    expected = "its maintenance window is sat, sun 22:00 to 04:00 UTC and daily 01:00 to 02:00 UTC"
    assert _maintenance_window.closed(found, now) == expected


MINUTES = st.integers(0, 24 * 60 - 1)


@given(begin=MINUTES, end=MINUTES, days=st.sets(st.sampled_from(_maintenance_window.DAYS), min_size=1))
def test_in_a_week_a_window_is_open_as_long_as_it_says(begin: int, end: int, days: set[str]) -> None:
    if begin == end:
        return
    shown = [f"{minutes // 60:02}:{minutes % 60:02}" for minutes in (begin, end)]
    found = _maintenance_window.windows(window(*shown, days=sorted(days)))
    monday = datetime.datetime(2026, 1, 5, tzinfo=datetime.timezone.utc)
    # Openings and closings happen on whole minutes; a step that divides neither would miss some.
    week = 7 * 24 * 60
    edges = sorted({(day * 24 * 60 + edge) % week for day in range(7) for edge in (begin, end)})
    spans = zip(edges, [*edges[1:], edges[0] + week], strict=True)
    open_minutes = sum(
        until - since
        for since, until in spans
        if not _maintenance_window.closed(found, monday + datetime.timedelta(minutes=since))
    )
    assert open_minutes == len(days) * ((end - begin) % (24 * 60))


@pytest.mark.parametrize(
    ("value", "part"),
    [
        ("22:00-04:00", "must have the keys days, from, to, timezone"),
        ({"from": "22:00", "to": "04:00", "day": ["sat"]}, "the unknown key 'day'"),
        # What YAML makes of 22:00 without quotes.
        ({"from": 1320, "to": "04:00"}, "has from: 1320; write hours and minutes in quotes"),
        ({"from": "22:00"}, "has to: None"),
        ({"from": "22:60", "to": "23:00"}, "has from: '22:60'"),
        ({"from": "24:01", "to": "23:00"}, "has from: '24:01'"),
        ({"from": "22:00", "to": "22:00"}, "which is no time span"),
        ({"from": "24:00", "to": "22:00"}, "which is no time span"),
        ({"from": "22:00", "to": "23:00", "days": "sat"}, "has days: 'sat'"),
        ({"from": "22:00", "to": "23:00", "days": []}, "has days: []"),
        ({"from": "22:00", "to": "23:00", "days": ["someday"]}, "has days: ['someday']"),
        ({"from": "22:00", "to": "23:00", "timezone": "Mars/Base"}, "the unknown timezone 'Mars/Base'"),
        ({"from": "22:00", "to": "23:00", "timezone": "../etc"}, "the unknown timezone '../etc'"),
    ],
)
def test_what_is_no_window(value: t.Any, part: str) -> None:
    with pytest.raises(HostProblem) as raised:
        _maintenance_window.windows(value)
    assert part in str(raised.value)
    assert str(raised.value).startswith("mlfleet_maintenance_window ")
