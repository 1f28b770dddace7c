# Copyright (c) 2026 the mlfleet authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a runtime can install, against what the pip of each interpreter says of itself."""

from __future__ import annotations

import json
import subprocess
import typing as t

import pytest
from ansible_collections.mlfleet.packages.plugins.plugin_utils._errors import HostProblem
from ansible_collections.mlfleet.packages.plugins.plugin_utils._snapshot import Interpreter
from ansible_collections.mlfleet.packages.plugins.plugin_utils._target import target
from packaging.markers import Marker, default_environment
from packaging.tags import Tag, parse_tag
from packaging.version import Version

from testbed import agent_calls, interpreters

# What pip itself installs by; the sys_tags of older releases of packaging lack cp37-none-any.
ORACLE = """
import json
from pip._internal.utils.compatibility_tags import get_supported
print(json.dumps([str(tag) for tag in get_supported()]))
"""
MARKERS = {name: str(value) for name, value in default_environment().items()}


def interpreter(version: str, platform: str = "win-amd64", flags: str = "", **changes: t.Any) -> Interpreter:
    facts: dict[str, t.Any] = {
        **dict.fromkeys(["executable", "prefix", "base_prefix", "build"], "x"),
        "version": version,
        "implementation": "cpython",
        "cache_tag": None,
        "abi_flags": flags,
        "extension_suffixes": (),
        "pointer_bits": 64,
        "platform": platform,
        "libc": None,
        "markers": MARKERS | {"python_full_version": version},
    }
    return Interpreter(**{**facts, **changes})


def names(found: tuple[Tag, ...]) -> list[str]:
    return [str(tag) for tag in found]


@pytest.mark.parametrize("found", interpreters.find_one_per_minor(), ids=lambda each: each.name)
def test_tags_are_those_of_the_interpreters_own_pip(found: interpreters.Interpreter) -> None:
    oracle = subprocess.run([str(found.path), "-I", "-c", ORACLE], capture_output=True, timeout=60, check=False)
    if b"No module named" in oracle.stderr:
        pytest.skip("its pip is older than 20.1, which brought this list")
    facts = agent_calls.ask(found.path, "snapshot", detail="interpreter")["interpreter"]
    said = target(Interpreter(**facts))
    expected = json.loads(oracle.stdout)
    # Where linux_x86_64 stands among them changed: last up to packaging 26.2, first from 26.3 on.
    plain = [tag for tag in expected if "-linux_" not in tag]
    assert [tag for tag in names(said.tags) if "-linux_" not in tag] == plain
    assert set(names(said.tags)) == set(expected)
    assert str(said.python) == found.name


@pytest.mark.parametrize(
    ("version", "flags", "platform", "first", "described"),
    [
        ("3.5.2", "m", "win-amd64", "cp35-cp35m-win_amd64", "cp35-win_amd64 at 3.5.2"),
        ("3.7.1", "m", "win-amd64", "cp37-cp37m-win_amd64", "cp37-win_amd64 at 3.7.1"),
        ("3.10.9", "", "win-amd64", "cp310-cp310-win_amd64", "cp310-win_amd64 at 3.10.9"),
        ("3.7.1", "m", "win32", "cp37-cp37m-win32", "cp37-win32 at 3.7.1"),
        ("3.13.0", "t", "win-amd64", "cp313-cp313t-win_amd64", "cp313-win_amd64 at 3.13.0"),
        ("3.13.0+", "", "win-amd64", "cp313-cp313-win_amd64", "cp313-win_amd64 at 3.13.0"),
        ("3.7.1rc1", "m", "win-amd64", "cp37-cp37m-win_amd64", "cp37-win_amd64 at 3.7.1"),
    ],
)
def test_windows(version: str, flags: str, platform: str, first: str, described: str) -> None:
    said = target(interpreter(version, platform, flags))
    assert names(said.tags)[0] == first
    assert said.description == described
    assert {tag.platform for tag in said.tags} == {platform.replace("-", "_"), "any"}


def test_all_tags_of_windows_3_5() -> None:
    # What pip 20.3.4, the last for 3.5, lists on Windows: `pip debug --verbose`.
    assert names(target(interpreter("3.5.2", flags="m")).tags) == [
        "cp35-cp35m-win_amd64",
        "cp35-abi3-win_amd64",
        "cp35-none-win_amd64",
        "cp34-abi3-win_amd64",
        "cp33-abi3-win_amd64",
        "cp32-abi3-win_amd64",
        *(f"{python}-none-win_amd64" for python in ("py35", "py3", "py34", "py33", "py32", "py31", "py30")),
        *(f"{python}-none-any" for python in ("cp35", "py35", "py3", "py34", "py33", "py32", "py31", "py30")),
    ]


def test_a_debug_build_also_takes_ordinary_extensions_from_3_8_on() -> None:
    assert names(target(interpreter("3.10.9", flags="d")).tags)[:2] == [
        "cp310-cp310d-win_amd64",
        "cp310-cp310-win_amd64",
    ]
    assert "cp37-cp37m-win_amd64" not in names(target(interpreter("3.7.1", flags="dm")).tags)


def platforms(**facts: t.Any) -> list[str]:
    said = target(interpreter("3.11.7", **facts))
    return [tag.platform for tag in said.tags if tag.abi == "cp311"]


def test_old_glibc_has_the_old_names() -> None:
    names_of_2_17 = platforms(platform="linux-x86_64", libc="glibc 2.17")
    assert names_of_2_17[:3] == ["manylinux_2_17_x86_64", "manylinux2014_x86_64", "manylinux_2_16_x86_64"]
    assert names_of_2_17[-3:] == ["manylinux_2_5_x86_64", "manylinux1_x86_64", "linux_x86_64"]
    assert platforms(platform="linux-aarch64", libc="glibc 2.18") == [
        "manylinux_2_18_aarch64",
        "manylinux_2_17_aarch64",
        "manylinux2014_aarch64",
        "linux_aarch64",
    ]


def test_musl() -> None:
    assert platforms(platform="linux-x86_64", libc="musl 1.1") == [
        "musllinux_1_1_x86_64",
        "musllinux_1_0_x86_64",
        "linux_x86_64",
    ]


@pytest.mark.parametrize("libc", [None, "", "glibc", "glibc x.y", "glibc 3.1", "glibc 2.99999999999"])
def test_an_unknown_libc_leaves_what_was_built_there(libc: str | None) -> None:
    assert platforms(platform="linux-x86_64", libc=libc) == ["linux_x86_64"]


def test_32_bits_below_a_64_bit_kernel() -> None:
    found = platforms(platform="linux-x86_64", libc="glibc 2.5", pointer_bits=32)
    assert found == ["manylinux_2_5_i686", "manylinux1_i686", "linux_i686"]


def test_the_best_tag_counts() -> None:
    said = target(interpreter("3.7.1", flags="m"))
    assert said.rank(parse_tag("py2.py3-none-any")) == said.tags.index(Tag("py3", "none", "any"))
    assert said.rank(parse_tag("py3.cp37-none.cp37m-any.win_amd64")) == 0
    assert said.rank(parse_tag("cp37-cp37m-manylinux1_x86_64")) is None
    assert said.rank([]) is None


@pytest.mark.parametrize(
    ("requires_python", "allowed"),
    [
        ("", True),
        (">=3.7,<3.8", True),
        (">=3.7.2", False),
        # Older than PEP 440, as real wheels have it: the rest of what they say decides.
        (">=3.8.*", True),
        ("three", True),
    ],
)
def test_a_requires_python_that_follows_no_standard_says_nothing(requires_python: str, allowed: bool) -> None:
    assert target(interpreter("3.7.1", flags="m")).allows(requires_python) is allowed


@pytest.mark.parametrize("version", ["3.13.0+", "3.7.1rc1", "3.5.2"])
def test_markers_of_odd_versions_can_be_evaluated(version: str) -> None:
    said = target(interpreter(version))
    assert Marker("python_full_version >= '3.5'").evaluate(dict(said.environment))
    assert said.python in (Version("3.13.0"), Version("3.7.1"), Version("3.5.2"))


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"platform": "darwin-arm64"}, "runs on 'darwin'"),
        ({"implementation": "pypy"}, "is 'pypy'"),
        ({"version": "nonsense"}, "has the version 'nonsense'"),
        ({"version": "3"}, "has the version '3'"),
        ({"markers": {}}, "does not tell its implementation_name"),
    ],
)
def test_what_is_no_target(changes: dict[str, t.Any], words: str) -> None:
    with pytest.raises(HostProblem, match=words):
        target(interpreter(**{"version": "3.10.9", **changes}))
