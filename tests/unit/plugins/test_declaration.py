# Copyright (c) 2026 the mlfleet authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The declaration: what is taken, and every mistake at once with its place."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.mlfleet.packages.plugins.plugin_utils import _declaration, _python_packages
from ansible_collections.mlfleet.packages.plugins.plugin_utils._declaration import Declaration, Line
from ansible_collections.mlfleet.packages.plugins.plugin_utils._errors import HostProblem
from hypothesis import given
from hypothesis import strategies as st

DEFAULTS = {name: spec.get("default") for name, spec in _python_packages.ARGUMENT_SPEC.items()}
SHA = "a" * 64
WHEEL = "demo_a-1.0-py3-none-any.whl"


def declared(*packages: t.Any, lines: tuple[Line, ...] = (), **options: t.Any) -> Declaration:
    return _declaration.declaration({**DEFAULTS, "packages": list(packages), **options}, lines)


def mistake(*packages: t.Any, **options: t.Any) -> str:
    with pytest.raises(HostProblem) as raised:
        declared(*packages, **options)
    return str(raised.value)


def test_a_requirement_with_everything() -> None:
    (entry,) = declared("Demo.A[X,y_z]>=1,<2; python_version < '4'").entries
    assert (entry.where, entry.name, str(entry.specifier)) == ("packages[0]", "demo-a", "<2,>=1")
    assert (entry.extras, str(entry.marker)) == (frozenset({"x", "y-z"}), 'python_version < "4"')


@pytest.mark.parametrize(
    ("version", "specifier"), [("==0.24.*", "==0.24.*"), ("1.10", "==1.10"), (">=1, <2", "<2,>=1"), ("", "")]
)
def test_the_version_of_a_dictionary(version: str, specifier: str) -> None:
    (entry,) = declared({"name": "demo", "version": version}).entries
    assert str(entry.specifier) == specifier


@pytest.mark.parametrize(
    ("value", "kind", "sha256"),
    [
        (f"files/{WHEEL}", "wheel", None),
        ({"wheel": f"files/{WHEEL}", "sha256": SHA.upper()}, "wheel", SHA),
        (f"demo-a @ file:///srv/{WHEEL}", "wheel", None),
        ({"host_wheel": rf"C:\Downloads\{WHEEL}"}, "host_wheel", None),
        (f"demo-a @ https://example.com/x/{WHEEL}#sha256={SHA}", "url", SHA),
        ({"url": f"https://example.com/{WHEEL}", "sha256": SHA, "name": "Demo_A"}, "url", SHA),
    ],
)
def test_one_particular_wheel(value: t.Any, kind: str, sha256: str | None) -> None:
    (entry,) = declared(value).entries
    assert (entry.name, str(entry.specifier)) == ("demo-a", "==1.0")
    assert entry.source is not None
    assert (entry.source.kind, entry.source.file_name, entry.source.sha256) == (kind, WHEEL, sha256)


def test_every_mistake_is_told_at_once() -> None:
    said = mistake(
        "demo-a=>1", {"name": "demo-b", "state": "gone"}, 7, "demo-c; moon == 'full'", allow_protected=["a;b"]
    )
    for part in ("packages[0] is 'demo-a=>1'", "packages[1] has the state 'gone'", "packages[2] is 7", "packages[3]"):
        assert part in said
    assert "allow_protected: 'a;b' is no name of a package" in said
    assert said.endswith("correct the task, nothing was done")


@pytest.mark.parametrize(
    ("value", "part"),
    [
        ({"version": "1"}, "packages[0] has no name"),
        ({"name": "demo", "versoin": "1"}, "packages[0] has the unknown key 'versoin'"),
        ({"name": "demo", "version": 1.1}, "the version 1.1, which is no text; put it into quotes"),
        ({"name": "demo", "version": "one"}, "the version 'one', which is no version specifier"),
        ({"name": "demo>=1", "version": "1"}, "say the version in the key version"),
        ({"name": "demo", "sha256": SHA}, "has a sha256, which goes with the keys wheel, host_wheel and url only"),
        ({"name": "demo", "extras": ["a b"]}, "has the extras ['a b'], which is no list of names"),
        ({"wheel": WHEEL, "url": "x"}, "names a wheel, which says all"),
        ({"wheel": WHEEL, "state": "absent"}, "names a wheel, which says all"),
        ({"wheel": WHEEL, "name": "other"}, "calls 'other' what is a wheel of demo-a"),
        ({"wheel": "demo-1.0.tar.gz"}, "names 'demo-1.0.tar.gz', which is no wheel"),
        ({"wheel": WHEEL, "sha256": "12"}, "has the sha256 '12'; it must be 64 hexadecimal digits"),
        (f"other @ file:///srv/{WHEEL}", "calls 'other' what is a wheel of demo-a"),
        (f"demo-a @ https://example.com/{WHEEL}", "has a URL without a hash; add its sha256"),
        (f"demo-a @ ftp://example.com/{WHEEL}#sha256={SHA}", "begins with 'ftp'; it must be https or http"),
        ("demo-a @ git+https://example.com/demo-a.git", "packages[0]"),
        ("demo-a @ https://example.com/demo-a-1.0.tar.gz#sha256=" + SHA, "which is no wheel"),
        (None, "packages[0] is None, neither a requirement nor a dictionary"),
    ],
)
def test_a_mistake_is_told_with_its_place_and_value(value: t.Any, part: str) -> None:
    assert part in mistake(value)


@pytest.mark.parametrize(
    "hostile",
    [
        *(
            "demo;calc",
            "demo & calc",
            'demo"',
            "demo'",
            "demo\nother",
            "demo`id`",
            "$(id)",
            "../demo",
            "..",
            "C:\\demo",
        ),
        *(
            "--index-url=https://example.com",
            "-r /etc/passwd",
            "-e .",
            "--pre",
            "",
            " ",
            "demo\0",
            "dem\u00f6",
            "a" * 9000 + "!",
        ),
    ],
)
def test_hostile_names_are_refused_in_every_place(hostile: str) -> None:
    assert "packages[0]" in mistake(hostile)
    assert "packages[0]" in mistake({"name": hostile})
    assert len(mistake(hostile)) < 1000
    assert "allow_protected" in mistake(allow_protected=[hostile])
    assert "verify_imports" in mistake(verify_imports=[hostile])
    assert "packages[0]" in mistake({"host_wheel": "C:\\x\\" + hostile})


def test_a_host_wheel_with_a_line_break_is_refused() -> None:
    assert "is no text of one line" in mistake({"host_wheel": "C:\\a\nb\\" + WHEEL})


def test_two_entries_for_one_name() -> None:
    assert "packages[1] declares demo-a, which packages[0] declares already" in mistake("demo.a", "Demo_A>=1")
    assert len(declared("demo; python_version < '3'", "demo; python_version >= '3'").entries) == 2
    one, other = {"name": "demo", "instances": ["A"]}, {"name": "demo", "version": "2", "instances": ["b"]}
    assert len(declared(one, other).entries) == 2
    assert "declares already" in mistake(one, {**other, "instances": ["a", "b"]})


def test_an_entry_for_instances_stands_beside_one_for_all() -> None:
    named = {"name": "demo", "version": "2", "instances": ["A"]}
    assert len(declared("demo", named).entries) == len(declared(named, "demo").entries) == 2
    assert "declares already" in mistake("demo", {"name": "demo", "instances": []})


def test_who_declared_an_entry_is_told_in_messages_and_reasons() -> None:
    (entry,) = declared({"name": "demo", "version": ">=2", "origin": "group sql2019"}).entries
    assert (entry.where, entry.wish) == ("packages[0] (by group sql2019)", "declared >=2 by group sql2019")
    (entry,) = declared({"name": "demo", "origin": "fleet"}).entries
    assert entry.wish == "declared by fleet"
    assert "packages[0] has the origin 7" in mistake({"name": "demo", "origin": 7})
    assert "which is no text of one line" in mistake({"name": "demo", "origin": "a\nb"})


def test_one_entry_by_itself() -> None:
    assert _declaration.entry("there", "Demo.A>=1").name == "demo-a"
    with pytest.raises(HostProblem, match=r"there\[3\] is 'demo=>1', which is no requirement .*; correct it there"):
        _declaration.entry("there[3]", "demo=>1")


def test_lines_of_requirements_files() -> None:
    found = declared(
        "demo-a",
        lines=(
            Line("demo-b==1.0", frozenset({SHA}), "requirements.txt, line 1", False),
            Line("demo-a<3", frozenset(), "limits.txt, line 1", True),
        ),
    )
    assert [(entry.where, entry.name, entry.hashes) for entry in found.entries] == [
        ("packages[0]", "demo-a", frozenset()),
        ("requirements.txt, line 1", "demo-b", frozenset({SHA})),
    ]
    assert [(each.name, str(each.specifier)) for each in found.constraints] == [("demo-a", "<3")]


@pytest.mark.parametrize(
    ("stated", "allowed"),
    [(frozenset(), {SHA}), ({SHA, "1" * 64}, {SHA}), ({"1" * 64}, None)],
    ids=["none", "both", "other"],
)
@pytest.mark.parametrize("constraint", [True, False])
def test_a_hash_in_a_url_counts_beside_those_of_its_line(
    stated: set[str], allowed: set[str] | None, constraint: bool
) -> None:
    line = Line(f"demo-a @ file:///wheels/{WHEEL}#sha256={SHA}", frozenset(stated), "limits.txt, line 1", constraint)
    if allowed is None:
        with pytest.raises(HostProblem, match="has a sha256 in its URL that is none of its --hash"):
            declared(lines=(line,))
    else:
        found = declared(lines=(line,))
        (entry,) = found.constraints if constraint else found.entries
        assert entry.hashes == allowed


@pytest.mark.parametrize(
    ("values", "imports"), [(["auto"], None), (["none"], ()), (["pandas", "sklearn.svm"], ("pandas", "sklearn.svm"))]
)
def test_what_is_imported(values: list[str], imports: tuple[str, ...] | None) -> None:
    assert declared("demo", verify_imports=values).imports == imports


@given(
    st.one_of(
        st.text(),
        st.dictionaries(st.sampled_from(_declaration.KEYS), st.one_of(st.text(), st.integers(), st.lists(st.text()))),
    )
)
def test_anything_is_an_entry_or_a_mistake(value: t.Any) -> None:
    try:
        (entry,) = declared(value).entries
    except HostProblem as problem:
        assert "packages[0]" in str(problem)
    else:
        assert entry.name.replace("-", "").isalnum()
