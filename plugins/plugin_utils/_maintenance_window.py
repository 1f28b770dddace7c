# Copyright (c) 2026 the mlfleet authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This file is private to mlfleet.packages: it may change in any release.
"""Maintenance windows: when a host may be changed. What counts is the clock on the wall in its time zone."""

from __future__ import annotations

import collections.abc as c
import dataclasses
import datetime
import re
import typing as t
import zoneinfo

from ansible_collections.mlfleet.packages.plugins.plugin_utils._errors import HostProblem

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
VARIABLE = "mlfleet_maintenance_window"
_KEYS = ("days", "from", "to", "timezone")
_TIME = re.compile(r"(\d\d):(\d\d)\Z")
_WHOLE_DAY = 24 * 60


@dataclasses.dataclass(frozen=True)
class Window:
    """A time of day on some days. Where it ends before it begins, it ends on the day after."""

    days: tuple[str, ...]
    """Those on which it begins, as in DAYS."""
    begin: int
    """Minutes after midnight."""
    end: int
    timezone: zoneinfo.ZoneInfo

    def is_open(self, now: datetime.datetime) -> bool:
        """Whether this moment, which knows its time zone, lies within."""
        # Not in elapsed time: on the two days of the year on which the clock jumps, people go by the clock as well.
        local = now.astimezone(self.timezone)
        minute = local.hour * 60 + local.minute
        today, yesterday = DAYS[local.weekday()], DAYS[local.weekday() - 1]
        if self.begin < self.end:
            return today in self.days and self.begin <= minute < self.end
        return (today in self.days and minute >= self.begin) or (yesterday in self.days and minute < self.end)

    @property
    def title(self) -> str:
        days = "daily" if self.days == DAYS else ", ".join(self.days)
        return f"{days} {_clock(self.begin)} to {_clock(self.end)} {self.timezone.key}"


def windows(value: t.Any) -> tuple[Window, ...]:
    """What the variable of a host says: one window or a list of them."""
    return tuple(_window(each) for each in (value if isinstance(value, list) else [value]))


def closed(found: c.Sequence[Window], now: datetime.datetime) -> str:
    """Why nothing may be changed now; empty where it may, also for a host without windows."""
    if not found or any(window.is_open(now) for window in found):
        return ""
    return f"its maintenance window is {' and '.join(window.title for window in found)}"


def _window(value: t.Any) -> Window:
    if not isinstance(value, dict):
        raise HostProblem(f"{VARIABLE} is {value!r}; it must have the keys {', '.join(_KEYS)}")
    unknown = [key for key in value if key not in _KEYS]
    if unknown:
        raise HostProblem(f"{VARIABLE} has the unknown key {unknown[0]!r}; the keys are {', '.join(_KEYS)}")
    begin, end = _minutes(value, "from"), _minutes(value, "to")
    if begin in (end, _WHOLE_DAY):
        advice = "write '00:00' to '24:00' for a whole day"
        raise HostProblem(f"{VARIABLE} goes from {value['from']} to {value['to']}, which is no time span; {advice}")
    return Window(_days(value.get("days", list(DAYS))), begin, end, _timezone(value.get("timezone", "UTC")))


def _minutes(value: dict[t.Any, t.Any], key: str) -> int:
    # YAML makes the number 1320 of 22:00 without quotes.
    text = value.get(key)
    match = _TIME.match(text) if isinstance(text, str) else None
    minutes = int(match[1]) * 60 + int(match[2]) if match else -1
    if match is None or int(match[2]) > 59 or minutes > _WHOLE_DAY:
        raise HostProblem(f"{VARIABLE} has {key}: {text!r}; write hours and minutes in quotes, such as '22:00'")
    return minutes


def _days(value: t.Any) -> tuple[str, ...]:
    names = [str(each).lower() for each in value] if isinstance(value, list) else []
    if not names or not set(names) <= set(DAYS):
        raise HostProblem(f"{VARIABLE} has days: {value!r}; write a list of {', '.join(DAYS)}")
    return tuple(day for day in DAYS if day in names)


def _timezone(value: t.Any) -> zoneinfo.ZoneInfo:
    try:
        return zoneinfo.ZoneInfo(str(value))
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        advice = "write one such as Europe/Berlin; where no zone is known at all, install the Python package tzdata"
        raise HostProblem(f"{VARIABLE} has the unknown timezone {value!r}; {advice}") from None


def _clock(minutes: int) -> str:
    return f"{minutes // 60:02}:{minutes % 60:02}"
