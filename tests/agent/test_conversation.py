# Copyright (c) 2026 the mlfleet authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The agent's side of the conversation: what it answers, and what it refuses."""

from __future__ import annotations

import binascii
import json
import pathlib
import typing as t
import zlib

import hypothesis
import hypothesis.strategies as st
import pytest
from ansible_collections.mlfleet.packages.plugins.plugin_utils._errors import HostProblem

from testbed import agent_calls, interpreters
from testbed.agent_calls import NONCE
from testbed.interpreters import Interpreter

GOOD = {"protocol": 1, "operation": "snapshot", "arguments": {"detail": "interpreter"}, "packed": False}
OBSERVE = {"places": [], "instances": [], "detail": "interpreter", "seconds": 9}
NEWEST = max(interpreters.find_one_per_minor(), key=lambda found: found.minor)


def answer_of(interpreter: Interpreter, body: bytes) -> tuple[str, t.Any]:
    """(kind, value) of the one line of answer."""
    said = agent_calls.converse(interpreter.path, f"{NONCE} ".encode() + body)
    (line,) = [line for line in said.stdout.split(b"\n") if line.startswith(f"MLFLEET {NONCE} ".encode())]
    assert line.isascii()
    _mark, _nonce, kind, size, text = line.split(b" ", 4)
    assert int(size) == len(text)
    return kind.decode(), json.loads(text)


def refusal_of(interpreter: Interpreter, request: t.Any) -> str:
    kind, value = answer_of(interpreter, json.dumps(request).encode() + b"\n")
    assert kind == "error"
    assert set(value) == {"code", "message"}
    code: str = value["code"]
    return code


def test_an_answer_carries_the_nonce_of_its_request(interpreter: Interpreter) -> None:
    kind, value = answer_of(interpreter, json.dumps(GOOD).encode() + b"\n")
    assert kind == "result"
    assert value["interpreter"]["version"] == interpreter.name


def test_a_long_result_is_packed_if_the_request_allows_it(interpreter: Interpreter) -> None:
    long = {**GOOD, "arguments": {"detail": "all"}}
    kind, value = answer_of(interpreter, json.dumps(long).encode() + b"\n")
    packed = agent_calls.converse(
        interpreter.path, f"{NONCE} {json.dumps({**long, 'packed': True})}\n".encode()
    ).stdout.split()
    assert (kind, packed[2]) == ("result", b"packed")
    assert json.loads(zlib.decompress(binascii.a2b_base64(packed[-1]))) == value
    assert len(packed[-1]) < len(json.dumps(value))


def test_a_short_result_is_not_packed(interpreter: Interpreter) -> None:
    assert answer_of(interpreter, json.dumps({**GOOD, "packed": True}).encode() + b"\n")[0] == "result"


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"packed": 1}, "request-malformed"),
        ({"protocol": 2}, "protocol-unknown"),
        ({"protocol": "1"}, "protocol-unknown"),
        ({"operation": "format"}, "operation-unknown"),
        ({"operation": ["snapshot"]}, "operation-unknown"),
        ({"operation": "os"}, "operation-unknown"),
        ({"arguments": {}}, "arguments-malformed"),
        ({"arguments": {"detail": 1}}, "arguments-malformed"),
        ({"arguments": {"detail": "everything"}}, "arguments-malformed"),
        ({"arguments": {"detail": "interpreter", "more": 1}}, "arguments-malformed"),
        ({"arguments": []}, "arguments-malformed"),
        ({"operation": "observe", "arguments": {**OBSERVE, "places": [1]}}, "arguments-malformed"),
        ({"operation": "observe", "arguments": {**OBSERVE, "places": "/opt"}}, "arguments-malformed"),
        ({"operation": "discover", "arguments": {"places": []}}, "operation-unknown"),
        ({"more": 1}, "request-malformed"),
    ],
)
def test_what_is_unknown_is_refused(change: dict[str, t.Any], code: str) -> None:
    assert refusal_of(NEWEST, {**GOOD, **change}) == code


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"\n", "request-malformed"),
        (b"[]\n", "request-malformed"),
        (b"{'protocol': 1}\n", "request-malformed"),
        (b'{"protocol": NaN, "operation": 1, "arguments": 1}\n', "request-malformed"),
        (b"[" * 100_000 + b"\n", "request-malformed"),
        ("{\u00e9}\n".encode(), "request-malformed"),
        (json.dumps(GOOD).encode() + b" {}\n", "request-malformed"),
        (json.dumps(GOOD).encode(), "request-incomplete"),
        (b'"' + b"x" * (1024 * 1024) + b'"\n', "request-incomplete"),
    ],
    ids=["empty", "list", "python", "nan", "deep", "not-ascii", "two", "cut", "large"],
)
def test_what_is_no_request_is_refused(interpreter: Interpreter, body: bytes, code: str) -> None:
    kind, value = answer_of(interpreter, body)
    assert (kind, value["code"]) == ("error", code)


@pytest.mark.parametrize("nonce", [b"", b"short", b"0123456789ABCDEF", b"0123456789abcde\xff", b"a" * 65])
def test_without_a_nonce_there_is_no_answer(nonce: bytes) -> None:
    said = agent_calls.converse(NEWEST.path, nonce + b" " + json.dumps(GOOD).encode() + b"\n")
    assert said.exit_code != 0
    assert said.stdout == b""
    assert "the request has no nonce" in said.stderr


@hypothesis.settings(max_examples=60, deadline=None)
@hypothesis.given(
    st.one_of(
        st.binary(max_size=200),
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.text(max_size=10),
            lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=12), inner, max_size=4),
        ).map(lambda value: json.dumps(value).encode()),
        st.fixed_dictionaries(
            {
                "protocol": st.just(1),
                "operation": st.sampled_from(["snapshot", "observe", "", "sys"]),
                "arguments": st.dictionaries(
                    st.sampled_from(["detail", "places", "seconds"]), st.text() | st.integers()
                ),
                "packed": st.booleans(),
            }
        ).map(lambda value: json.dumps(value).encode()),
    )
)
def test_nothing_that_is_sent_breaks_the_agent(body: bytes) -> None:
    kind, value = answer_of(NEWEST, body.replace(b"\n", b" ") + b"\n")
    assert kind == "error"
    assert value["code"] != "internal", value


def test_a_program_that_is_damaged_on_the_way_gives_no_answer() -> None:
    said = agent_calls.start(NEWEST.path, b"bm90IHRoZSBhZ2VudA==\n" + f"{NONCE} {json.dumps(GOOD)}\n".encode())
    assert said.exit_code != 0
    assert b"MLFLEET" not in said.stdout


def test_refusals_reach_the_person_at_the_other_end() -> None:
    with pytest.raises(HostProblem, match="the operation 'format' is not known to this agent"):
        agent_calls.ask(NEWEST.path, "format")


def test_an_observation_leaves_nothing_behind(runtime: pathlib.Path) -> None:
    home = runtime.parent.parent

    def tree() -> dict[str, float]:
        return {str(path.relative_to(home)): path.lstat().st_mtime for path in home.rglob("*")}

    before = tree()
    agent_calls.ask(runtime, "snapshot", detail="all")
    agent_calls.ask(runtime, "observe", places=[str(home)], instances=[], detail="all", seconds=60)
    assert tree() == before
