# Copyright (c) 2026 the mlfleet authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This file is private to mlfleet.packages: it may change in any release.
"""JSON for the agent, through the accelerator that the json module itself stands on.

Importing json costs as much as starting the interpreter a second time, because it imports re. Its C
accelerator does all the work and costs nothing.
"""

from _json import encode_basestring_ascii, make_encoder, make_scanner


class _ScannerSettings(object):
    """What the accelerator asks of the decoder that it belongs to."""

    strict = True
    object_hook = object_pairs_hook = None
    parse_float = float
    parse_int = int
    memo = {}

    @staticmethod
    def parse_constant(text):
        raise ValueError("%s is not JSON" % text)


def decode(text):
    """The value that a JSON text holds; ValueError for anything else, also for what is nested too deep."""
    try:
        value, end = make_scanner(_ScannerSettings)(text, 0)
    # SystemError: the accelerator of 3.10 and 3.11 raises an exception of json.decoder, which is not imported.
    except (StopIteration, RecursionError, SystemError):
        raise ValueError("no JSON value, or one that is nested too deep")
    if text[end:].strip(" \t\r\n"):
        raise ValueError("text after the JSON value")
    return value


def encode(value):
    """ASCII JSON text, with sorted keys, so that equal values give equal texts."""
    # markers, default, encoder, indent, key separator, item separator, sort_keys, skipkeys, allow_nan
    encoder = make_encoder({}, repr, encode_basestring_ascii, None, ":", ",", True, False, False)
    text = "".join(encoder(value, 0))
    if "\\ud" in text:
        from . import surrogates

        text = "".join(encoder(surrogates.replaced(value), 0))
    return text
