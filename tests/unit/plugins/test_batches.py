# Copyright (c) 2026 the mlfleet authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Batches: every host once, no two peers together, no batch larger than its size."""

from __future__ import annotations

import itertools
import typing as t

import pytest
from ansible_collections.mlfleet.packages.plugins.plugin_utils import _batches
from ansible_collections.mlfleet.packages.plugins.plugin_utils._errors import HostProblem
from hypothesis import given
from hypothesis import strategies as st

HOSTS = [f"h{number}" for number in range(12)]
SIZES = st.one_of(st.integers(1, 12), st.integers(1, 100).map(lambda share: f"{share}%"))


@given(
    hosts=st.lists(st.sampled_from(HOSTS), unique=True),
    peers=st.dictionaries(st.sampled_from(HOSTS), st.frozensets(st.sampled_from("abc"))),
    sizes=st.lists(SIZES, min_size=1, max_size=4),
)
def test_rules_of_batches(hosts: list[str], peers: dict[str, frozenset[str]], sizes: list[t.Any]) -> None:
    found = _batches.batches(hosts, peers, sizes)
    assert sorted(itertools.chain(*found)) == sorted(hosts)
    for number, batch in enumerate(found):
        size = sizes[min(number, len(sizes) - 1)]
        limit = size if isinstance(size, int) else max(1, len(hosts) * int(size[:-1]) // 100)
        assert 1 <= len(batch) <= limit
        for one, other in itertools.combinations(batch, 2):
            assert not peers.get(one, frozenset()) & peers.get(other, frozenset())
            assert hosts.index(one) < hosts.index(other)
    if hosts:
        assert found[0][0] == hosts[0]


def test_without_peers_the_batches_are_those_of_serial() -> None:
    assert _batches.batches(HOSTS, {}, [1, "25%", "100%"]) == [HOSTS[:1], HOSTS[1:4], HOSTS[4:]]


def test_a_host_is_not_overtaken_without_need() -> None:
    peers = {"h0": frozenset({"a"}), "h1": frozenset({"a"}), "h2": frozenset({"a", "b"}), "h3": frozenset({"b"})}
    assert _batches.batches(HOSTS[:5], peers, [9]) == [["h0", "h3", "h4"], ["h1"], ["h2"]]


@pytest.mark.parametrize("size", [0, -1, "0%", "ten", "10 %%", True, None, 1.5])
def test_what_is_no_size(size: t.Any) -> None:
    with pytest.raises(HostProblem, match="is no size of a batch"):
        _batches.batches(HOSTS, {}, [1, size])


def test_there_must_be_a_size() -> None:
    with pytest.raises(HostProblem, match="there is no size of a batch"):
        _batches.batches(HOSTS, {}, [])


def test_names_of_peer_groups() -> None:
    assert _batches.peer_groups("ag1") == frozenset({"ag1"})
    assert _batches.peer_groups(["ag1", "cluster"]) == frozenset({"ag1", "cluster"})
    assert _batches.peer_groups([]) == frozenset()


@pytest.mark.parametrize("value", [1, None, {"ag1": 1}, [1], [""], ""])
def test_what_is_no_peer_group(value: t.Any) -> None:
    with pytest.raises(HostProblem, match="mlfleet_peer_group is "):
        _batches.peer_groups(value)
