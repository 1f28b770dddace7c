# Copyright (c) 2026 the mlfleet authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The controller's side of the conversation, on whatever a host may send."""

from __future__ import annotations

import base64
import contextlib
import json
import typing as t
import zlib

import hypothesis
import hypothesis.strategies as st
import pytest
from ansible_collections.mlfleet.packages.plugins.plugin_utils._errors import HostProblem
from ansible_collections.mlfleet.packages.plugins.plugin_utils._protocol import AnswerReader
from ansible_collections.mlfleet.packages.plugins.plugin_utils._snapshot import observation

NONCE = "0123456789abcdef"


def line(kind: str, value: t.Any, nonce: str = NONCE) -> bytes:
    text = json.dumps(value)
    return f"MLFLEET {nonce} {kind} {len(text)} {text}\n".encode()


def reader_of(*pieces: bytes) -> tuple[AnswerReader, list[dict[str, t.Any]]]:
    events: list[dict[str, t.Any]] = []
    reader = AnswerReader(NONCE, events.append)
    for piece in pieces:
        reader.feed(piece)
    return reader, events


@hypothesis.given(st.data())
def test_an_answer_is_found_however_it_is_cut_and_whatever_is_around_it(data: st.DataObject) -> None:
    noise = st.binary(max_size=60).map(lambda raw: raw.replace(b"\n", b"\r") + b"\n")
    stream = data.draw(noise) + line("event", {"step": "x"}) + data.draw(noise) + line("result", [1, "\u00e9"])
    stream += data.draw(noise)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=5)))
    pieces = [stream[start:end] for start, end in zip([0, *cuts], [*cuts, len(stream)], strict=True)]
    reader, events = reader_of(*pieces)
    assert reader.result() == [1, "\u00e9"]
    assert events == [{"step": "x"}]
    assert not reader.cut


@hypothesis.given(st.lists(st.binary(max_size=200), max_size=5))
def test_garbage_is_never_a_result(pieces: list[bytes]) -> None:
    reader, events = reader_of(*pieces)
    assert reader.result() is None
    assert events == []
    assert reader.noise.isprintable()


@hypothesis.given(st.binary(max_size=80), st.sampled_from(["result", "error", "event", "packed", "", "x"]))
def test_a_line_with_the_right_nonce_is_read_or_refused(rest: bytes, kind: str) -> None:
    body = rest.replace(b"\n", b" ").rstrip(b"\r")
    with contextlib.suppress(HostProblem):
        reader, _events = reader_of(f"MLFLEET {NONCE} {kind} {len(body)} ".encode() + body + b"\n")
        reader.result()


def packed(text: bytes) -> bytes:
    body = base64.b64encode(zlib.compress(text))
    return f"MLFLEET {NONCE} packed {len(body)} ".encode() + body + b"\n"


def test_a_packed_answer_is_unpacked() -> None:
    reader, _events = reader_of(packed(b'{"a": "\\u00e9"}'))
    assert reader.result() == {"a": "\u00e9"}


@pytest.mark.parametrize(
    "body", [b"%%%%", b"eJw", base64.b64encode(b"not packed"), base64.b64encode(zlib.compress(b"1")[:-9])]
)
def test_what_only_looks_packed_is_refused(body: bytes) -> None:
    with pytest.raises(HostProblem, match=r"the agent's answer (cannot be unpacked|is not JSON)"):
        reader_of(f"MLFLEET {NONCE} packed {len(body)} ".encode() + body + b"\n")


def test_a_small_answer_does_not_become_a_huge_one() -> None:
    with pytest.raises(HostProblem, match="bytes cannot hold such an answer"):
        reader_of(packed(b"[" + b"{}," * 100_000 + b"{}]"))


def test_an_answer_is_unpacked_once() -> None:
    reader, _events = reader_of(packed(b"1") + packed(b"2"))
    assert reader.result() == 1


def test_the_nonce_of_another_call_is_noise() -> None:
    reader, _events = reader_of(line("result", 1, "f" * 16))
    assert reader.result() is None
    assert reader.noise.startswith("MLFLEET ffff")


@pytest.mark.parametrize("end", [1, 20, -1])
def test_a_cut_answer_is_told_from_none(end: int) -> None:
    whole = line("result", {"a": "b" * 50})
    reader, _events = reader_of(whole[: len(f"MLFLEET {NONCE} ") + end] if end > 0 else whole[:end])
    assert reader.cut
    assert reader.result() is None


def test_a_line_that_was_wrapped_is_cut() -> None:
    whole = line("result", {"a": "b" * 50})
    reader, _events = reader_of(whole[:60] + b"\r\n" + whole[60:])
    assert (reader.cut, reader.result()) == (True, None)


def test_an_error_is_raised_in_the_words_of_the_agent() -> None:
    reader, _events = reader_of(line("error", {"code": "x", "message": "no such thing"}))
    with pytest.raises(HostProblem, match="the agent refused: no such thing"):
        reader.result()


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
)
KEYS = st.sampled_from(
    ["instances", "runtimes", "missing", "home", "snapshot", "interpreter", "named", "problem", "name"]
)


@hypothesis.given(st.recursive(JSON, lambda inner: st.lists(inner) | st.dictionaries(KEYS, inner, max_size=4)))
def test_what_is_no_observation_is_refused(value: t.Any) -> None:
    if value == {"instances": [], "runtimes": [], "missing": []}:
        return
    with pytest.raises(HostProblem, match="is not what it should be"):
        observation(value)


def test_a_distribution_in_a_folder_that_is_not_listed_is_refused() -> None:
    distribution = {"name": "x", "version": "1", "record": "dist-info", "metadata": "x", "requires": [], "location": 1}
    facts = dict.fromkeys(["executable", "prefix", "base_prefix", "version", "build", "implementation"], "x")
    facts |= {"abi_flags": "", "platform": "x", "cache_tag": None, "libc": None}
    interpreter = {**facts, "extension_suffixes": [], "pointer_bits": 64, "markers": {}}
    snapshot = {"interpreter": interpreter, "folders": ["/x"], "distributions": [distribution], "oddities": []}
    runtime = {"home": "/x", "interpreter": "/x/python", "origin": "named", "named": True, "snapshot": snapshot}
    answer = {"instances": [], "runtimes": [runtime], "missing": []}
    with pytest.raises(HostProblem, match="in a folder that is not listed"):
        observation(answer)
    distribution["location"] = 0
    assert observation(answer).runtimes[0].home == "/x"


def test_the_smallest_observation() -> None:
    seen = observation({"instances": [], "runtimes": [], "missing": []})
    assert (seen.instances, seen.runtimes, seen.missing) == ((), (), ())
