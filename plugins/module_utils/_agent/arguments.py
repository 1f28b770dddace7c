# Copyright (c) 2026 the mlfleet authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This file is private to mlfleet.packages: it may change in any release.
"""What an operation takes: the controller is not trusted to have sent it."""

from .refusal import Refusal


def check(arguments, kinds):
    """Refuses arguments that are unknown, missing or of another type. kinds: name -> type, or [type] for a list."""
    if not isinstance(arguments, dict) or set(arguments) != set(kinds):
        raise Refusal("arguments-malformed", "it takes exactly the arguments %s" % ", ".join(sorted(kinds)))
    for name, kind in kinds.items():
        value = arguments[name]
        values = value if isinstance(kind, list) and isinstance(value, list) else [value]
        if not all(_is(each, kind[0] if isinstance(kind, list) else kind) for each in values):
            raise Refusal("arguments-malformed", "the argument %s is of the wrong type" % name)
        if isinstance(kind, list) and not isinstance(value, list):
            raise Refusal("arguments-malformed", "the argument %s is not a list" % name)


def _is(value, kind):
    # True is an int for Python, and no number for anybody else.
    return isinstance(value, kind) and (kind is bool or not isinstance(value, bool))
