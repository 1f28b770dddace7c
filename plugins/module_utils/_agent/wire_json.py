# Copyright (c) 2026 the mlfleet authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This file is private to mlfleet.packages: it may change in any release.
"""JSON for the agent, through the accelerator that the json module itself stands on.

Importing json costs as much as starting the interpreter a second time, because it imports re. Its C
accelerator does all the work and costs nothing. Where it is missing, json takes its place.
"""

try:
    from _json import encode_basestring_ascii, make_encoder, make_scanner
except ImportError:
    make_scanner = None


class _ScannerSettings(object):
    """What the accelerator asks of the decoder that it belongs to."""

    strict = True
    object_hook = None
    object_pairs_hook = None
    parse_float = float
    parse_int = int
    memo = {}

    @staticmethod
    def parse_constant(text):
        raise ValueError("%s is not JSON" % text)


def decode(text):
    """The value that a JSON text holds; ValueError for anything else, also for what is nested too deep."""
    if make_scanner is None:
        import json

        return json.loads(text)
    try:
        value, end = make_scanner(_ScannerSettings)(text, 0)
    except StopIteration:
        raise ValueError("no JSON value")
    except RecursionError:
        raise ValueError("nested too deep")
    if text[end:].strip(" \t\r\n"):
        raise ValueError("text after the JSON value")
    return value


def encode(value):
    """ASCII JSON text, with sorted keys, so that equal values give equal texts."""
    text = _encode(value)
    if "\\ud" in text:
        text = _encode(_without_lone_surrogates(value))
    return text


def _encode(value):
    if make_scanner is None:
        import json

        return json.dumps(value, sort_keys=True)
    # markers, default, encoder, indent, key separator, item separator, sort_keys, skipkeys, allow_nan
    encoder = make_encoder({}, _refuse, encode_basestring_ascii, None, ": ", ", ", True, False, False)
    return "".join(encoder(value, 0))


def _refuse(value):
    raise TypeError("%r cannot be written as JSON" % (value,))


def _without_lone_surrogates(value):
    """File names that are no valid Unicode would stop the controller from writing its result down."""
    if isinstance(value, str):
        return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if isinstance(value, dict):
        return {key: _without_lone_surrogates(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_without_lone_surrogates(item) for item in value]
    return value
