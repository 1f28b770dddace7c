# Copyright (c) 2026 the mlfleet authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Requirements files, read as pip reads them."""

from __future__ import annotations

import optparse
import pathlib

import hypothesis
import hypothesis.strategies as st
import pytest
from ansible_collections.mlfleet.packages.plugins.plugin_utils import _requirements_file
from ansible_collections.mlfleet.packages.plugins.plugin_utils._declaration import Line
from pip._internal.exceptions import RequirementsFileParseError
from pip._internal.network.session import PipSession
from pip._internal.req import req_file

ONE, TWO = "1" * 64, "ab" * 32
# A busy machine is no fault of the code.
UNHURRIED = hypothesis.settings(
    deadline=None,
    suppress_health_check=[hypothesis.HealthCheck.function_scoped_fixture, hypothesis.HealthCheck.too_slow],
)


def read(folder: pathlib.Path, text: str | bytes, name: str = "requirements.txt") -> tuple[tuple[Line, ...], list[str]]:
    raw = text if isinstance(text, bytes) else text.encode()
    (folder / name).write_bytes(raw)
    lines, problems = _requirements_file.read(folder / name)
    return lines, [problem.replace(f"{folder}/", "") for problem in problems]


def texts(lines: tuple[Line, ...]) -> list[str]:
    return [line.text for line in lines]


def problems(folder: pathlib.Path, text: str | bytes) -> list[str]:
    return read(folder, text)[1]


def test_what_a_line_is(tmp_path: pathlib.Path) -> None:
    text = f"""\
# words
pandas>=1.1 ; python_version < "3.8" and sys_platform == 'win32'   # why

numpy==1.21.6 \\
    --hash=sha256:{ONE} \\
    --hash sha256:{TWO.upper()}
name[extra]@https://host/x-1.0-py3-none-any.whl#sha256={ONE}
"""
    lines, wrong = read(tmp_path, text)
    where = f"{tmp_path}/requirements.txt, line "
    assert wrong == []
    assert lines == (
        Line("pandas>=1.1 ; python_version < \"3.8\" and sys_platform == 'win32'", frozenset(), where + "2", False),
        Line("numpy==1.21.6", frozenset({ONE, TWO}), where + "4", False),
        Line(f"name[extra]@https://host/x-1.0-py3-none-any.whl#sha256={ONE}", frozenset(), where + "7", False),
    )


@pytest.mark.parametrize("raw", [b"\xef\xbb\xbfa\r\nb\r\n", b"a\nb", b"a\rb\r", b"  a  \n\n\tb\n\\\n", b"a\\\n\nb"])
def test_lines_however_they_end(raw: bytes, tmp_path: pathlib.Path) -> None:
    lines, wrong = read(tmp_path, raw)
    assert (texts(lines), wrong) == (["a", "b"], [])


def test_a_comment_ends_a_continued_line(tmp_path: pathlib.Path) -> None:
    lines, _wrong = read(tmp_path, "a \\\n# words \\\nb # c \\\nd\ne#f\n")
    assert texts(lines) == ["a", "b", "e#f"]


def test_nested_files(tmp_path: pathlib.Path) -> None:
    (tmp_path / "in it").mkdir()
    (tmp_path / "in it" / "more.txt").write_text("b\n-c limits.txt\n")
    (tmp_path / "in it" / "limits.txt").write_text("c<2\n--requirement=../x.txt\n")
    (tmp_path / "x.txt").write_text("d\n")
    lines, wrong = read(tmp_path, '-r "in it/more.txt"\n-rx.txt\n--constraint x.txt\na\n')
    assert wrong == []
    assert [(line.text, line.constraint) for line in lines] == [
        ("b", False),
        ("c<2", True),
        ("d", True),
        ("d", False),
        ("a", False),
    ]
    assert lines[1].where.endswith("in it/limits.txt, line 1")


def test_a_circle_is_a_problem(tmp_path: pathlib.Path) -> None:
    (tmp_path / "other.txt").write_text("b\n-c requirements.txt\n")
    lines, wrong = read(tmp_path, "-r other.txt\na\n-r other.txt\n-r ./requirements.txt\n")
    assert texts(lines) == ["b", "a"]
    assert wrong == [
        "other.txt, line 2 names requirements.txt, which names this file again; take one of the two out",
        "requirements.txt, line 4 names requirements.txt, which names this file again; take one of the two out",
    ]


def test_files_that_name_each_other_many_times_are_read_once(tmp_path: pathlib.Path) -> None:
    for number in range(40):
        (tmp_path / f"{number}.txt").write_text(f"p{number}\n" + f"-r {number + 1}.txt\n" * 2)
    (tmp_path / "40.txt").write_text("")
    lines, wrong = read(tmp_path, "-r 0.txt\n")
    assert (len(lines), wrong) == (40, [])


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("--index-url https://user:secret@host/simple", "has the option --index-url; name the folder with the wheels"),
        ("--extra-index-url=https://user:secret@host/", "has the option --extra-index-url; name the folder"),
        ("-ihttps://user:secret@host/", "has the option -i; name the folder"),
        ("-f secret", "has the option -f; name the folder"),
        ("-e ./secret", "has the option -e; build a wheel of it"),
        ("--editable=secret", "has the option --editable; build a wheel of it"),
        ("--pre", "has the option --pre; take it out, and name the pre-release"),
        ("--no-binary :all:", "has the option --no-binary; take it out, only wheels"),
        ("--require-hashes", "has the option --require-hashes; take it out"),
        ("--https://user:secret@host", "has the option --https; take it out"),
        ("-", "has the option -; take it out"),
        ("-r", "has the option -r, which takes the name of one file"),
        ("-r a secret", "has the option -r, which takes the name of one file"),
        ("-r https://user:secret@host/x.txt", "has the option -r with a URL; fetch that file"),
        ("-r 'secret", "has a quotation mark without its other half"),
        ("a ${SECRET}", "names an environment variable"),
        ("a --hash=md5:0123", "has a hash by md5; give the sha256 instead"),
        ("a --hash=sha256:0123", "has a --hash that is none"),
        ("a --hash", "has a --hash that is none"),
        ("a --hash=secret", "has a --hash that is none"),
        ("a --config-settings x=secret", "has the option --config-settings after a requirement; take it out"),
        (f"a --hash=sha256:{ONE} secret", "has more text after its options"),
    ],
)
def test_what_is_refused(line: str, words: str, tmp_path: pathlib.Path) -> None:
    lines, wrong = read(tmp_path, f"first\n{line}\nlast\n")
    assert texts(lines) == ["first", "last"]
    assert len(wrong) == 1
    assert wrong[0].startswith(f"requirements.txt, line 2 {words}")
    assert "secret" not in wrong[0]


def test_everything_wrong_is_found_at_once(tmp_path: pathlib.Path) -> None:
    assert len(problems(tmp_path, "-e x\n-r gone.txt\na --hash=sha1:00\n${A}\n")) == 4


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        ("caf\u00e9".encode("latin-1"), "is no UTF-8"),
        ("pandas".encode("utf-16"), "is no UTF-8"),
        (b"pan\0das", "is no text"),
        (b"-r gone.txt", "gone.txt is no file"),
        (b"-r .", "is no file"),
        (b"-r /dev/zero", "/dev/zero is no file"),
        (b"-r " + b"x" * 5000, "cannot be read (File name too long)"),
    ],
)
def test_files_that_cannot_be_read(raw: bytes, words: str, tmp_path: pathlib.Path) -> None:
    found = problems(tmp_path, raw)
    assert len(found) == 1
    assert words in found[0]


WORDS = st.sampled_from(
    ["a", "b==1", "#", " #c", "\\", "\n", "\r\n", " ", "\t", "; x", "-r x", "--hash=sha256:" + ONE, "'", "$"]
)


@UNHURRIED
@hypothesis.given(st.lists(WORDS, max_size=20).map("".join) | st.text(max_size=40) | st.binary(max_size=40))
def test_any_text_is_read_or_refused(tmp_path: pathlib.Path, text: str | bytes) -> None:
    lines, wrong = read(tmp_path, text if isinstance(text, bytes) else text.encode("utf-8", "replace"))
    assert all(line.text == line.text.strip() for line in lines)
    assert all(problem.count("; ") == 1 and "\n" not in problem for problem in wrong)


PLAIN = st.sampled_from(["a", "b==1", "#", " #c", "\\", "\n", "\r\n", " ", "\t", "; x", " --hash=sha256:" + ONE])


@UNHURRIED
@hypothesis.given(st.lists(PLAIN, max_size=20).map("".join))
def test_what_pip_reads_is_read(tmp_path: pathlib.Path, text: str) -> None:
    lines, wrong = read(tmp_path, text)
    try:
        expected = [
            parsed.requirement.strip()
            for parsed in req_file.parse_requirements(str(tmp_path / "requirements.txt"), session=PipSession())
        ]
    except (RequirementsFileParseError, optparse.OptParseError):
        assert wrong
        return
    if not wrong:
        assert texts(lines) == expected
