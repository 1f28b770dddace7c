# Copyright (c) 2026 the mlfleet authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This file is private to mlfleet.packages: it may change in any release.
"""The one exception that ends a conversation with words meant for the person at the other end."""


class Refusal(Exception):
    """The agent will not or cannot do what was asked."""

    def __init__(self, code, message):
        super(Refusal, self).__init__(message)
        self.code = code
        self.message = message


def check_arguments(arguments, kinds):
    """Refuses arguments that are unknown, missing or of another type. kinds: name -> type, or [type] for a list."""
    if not isinstance(arguments, dict) or set(arguments) != set(kinds):
        expected = ", ".join(sorted(kinds)) or "none"
        raise Refusal("arguments-malformed", "the operation takes exactly these arguments: %s" % expected)
    for name, kind in kinds.items():
        value = arguments[name]
        if isinstance(kind, list):
            right = isinstance(value, list) and all(type(item) is kind[0] for item in value)
        else:
            right = type(value) is kind
        if not right:
            raise Refusal("arguments-malformed", "the argument %s is of the wrong type" % name)
    return arguments
