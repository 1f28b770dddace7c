# Copyright (c) 2026 the mlfleet authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""cmd.exe: how it unwraps its command line, and the part of its language that is understood."""

from __future__ import annotations

import collections.abc as c
import contextlib
import os
import re

import hypothesis
import hypothesis.strategies as st
import pytest

from testbed.cmd_exe import command_line, grammar, interpreter

EXECUTABLE = r"C:\Program Files\p.exe"


@pytest.mark.parametrize(
    ("arguments", "command"),
    [
        (" /c echo hi", "echo hi"),
        (' /c "echo hi"', "echo hi"),
        # Exactly two quotes around the name of an executable with a blank in it: they stay.
        (f' /c "{EXECUTABLE}"', f'"{EXECUTABLE}"'),
        (f' /c "{EXECUTABLE}" -I', f'"{EXECUTABLE}" -I'),
        # No blank between the quotes, no executable, special characters, a third quote, /s: they go.
        (r' /c "C:\p.exe"', r"C:\p.exe"),
        (r' /c "C:\Program Files\other.exe"', r"C:\Program Files\other.exe"),
        (r' /c "C:\Program Files (x86)\p.exe"', r"C:\Program Files (x86)\p.exe"),
        (f' /c ""{EXECUTABLE}" -c "x y""', f'"{EXECUTABLE}" -c "x y"'),
        (f' /c "{EXECUTABLE}" -c "x y"', f'{EXECUTABLE}" -c "x y'),
        (f' /s /c "{EXECUTABLE}"', EXECUTABLE),
        # The last quote goes wherever it stands, and what follows it stays.
        (' /c "a" b" tail', 'a" b tail'),
        (' /c "never closed', "never closed"),
        (" /d /q /C echo hi", "echo hi"),
    ],
)
def test_quotes_around_the_command(arguments: str, command: str) -> None:
    assert command_line.command_of(arguments, lambda name: name == EXECUTABLE) == command


@pytest.mark.parametrize("arguments", ["", " /k echo", " /v:on /c echo", " echo /c"])
def test_other_ways_to_start_cmd_are_refused(arguments: str) -> None:
    with pytest.raises(grammar.UnsupportedCommandError):
        command_line.command_of(arguments, lambda name: False)


def test_a_line_may_have_8191_characters() -> None:
    command_line.check_length("x" * 8191)
    with pytest.raises(command_line.LineTooLongError):
        command_line.check_length("x" * 8192)


@pytest.mark.parametrize(
    ("text", "expanded"),
    [
        ("%ROOT%", "C:\\W"),
        ('"%root%"', '"C:\\W"'),
        ("'%Root%'", "'C:\\W'"),
        ("%nosuch%", "%nosuch%"),
        ("100% of %root%", "100% of C:\\W"),
        ("%no%root%", "%noC:\\W"),
        ("%%root%%", "%C:\\W%"),
        ("%", "%"),
        ("^%root^%", "^%root^%"),
    ],
)
def test_percent_expansion_outside_of_batch_files(text: str, expanded: str) -> None:
    assert grammar.expand(text, {"ROOT": "C:\\W"}) == expanded


@pytest.mark.parametrize("text", ["%root:~0,2%", "%root:a=b%", "%DATE%", "%random%"])
def test_computed_variables_are_refused(text: str) -> None:
    with pytest.raises(grammar.UnsupportedCommandError):
        grammar.expand(text, {"ROOT": "C:\\W"})


@pytest.mark.parametrize(
    "text",
    [
        "a | b",
        "a > file.txt",
        "a < file.txt",
        "a 3>nul",
        "a ^",
        "(a",
        "()",
        "",
        "&",
        "a)b & ) c",
        "for %x in (1) do echo %x",
        "set A=1",
        "cd.. & dir",
        "if 1==1 echo x",
        "if exist *.txt echo x",
        "if exist a (b) & c",
        "a\nb",
        "a \0",
        "start/wait x",
        "echo(x",
    ],
)
def test_what_is_not_understood_is_refused(text: str) -> None:
    with pytest.raises(grammar.UnsupportedCommandError):
        grammar.parse(text)


class _Machine:
    """A machine that has one file and whose programs only report what they were given."""

    environment: c.Mapping[str, str] = {"NAME": "value"}

    def __init__(self) -> None:
        self.launched: list[tuple[str, str]] = []

    def exists(self, path: str) -> bool:
        return path == r"C:\is here"

    def read(self, path: str) -> bytes:
        if path != r"C:\is here":
            raise FileNotFoundError(path)
        return b"content"

    def launch(self, program: str, arguments: str, streams: interpreter.Streams) -> int:
        if program.startswith("no"):
            raise interpreter.ProgramNotFoundError(folder_exists=program == "nosuch")
        self.launched.append((program, arguments))
        streams.write(f"<{program}>".encode())
        streams.write(f"!{program}!".encode(), failed=True)
        return int(program[3:]) if re.fullmatch("end[0-9]", program) else 0


def _run(text: str, machine: _Machine | None = None) -> tuple[str, str, int]:
    """Small outputs only: they have to fit into a pipe."""
    with contextlib.ExitStack() as opened:
        out, out_end = os.pipe()
        err, err_end = os.pipe()
        streams = interpreter.Streams(-1, out_end, err_end)
        code = interpreter.Interpreter(machine or _Machine()).run(grammar.parse(text), streams)
        os.close(out_end)
        os.close(err_end)
        texts = [opened.enter_context(os.fdopen(end, newline="")).read() for end in (out, err)]
        return texts[0], texts[1], code


@pytest.mark.parametrize(
    ("text", "stdout", "code"),
    [
        ("echo hi", "hi\r\n", 0),
        ("echo  two  blanks ", " two  blanks \r\n", 0),
        ("@echo hi", "hi\r\n", 0),
        ("echo a & echo b", "a \r\nb\r\n", 0),
        ("echo a&echo b", "a\r\nb\r\n", 0),
        ('echo "a & b"', '"a & b"\r\n', 0),
        ("echo a ^& b ^> c", "a & b > c\r\n", 0),
        ("echo a^^b", "a^b\r\n", 0),
        ('echo "a^b"', '"a^b"\r\n', 0),
        ("echo.", "\r\n", 0),
        ("echo", "ECHO is on.\r\n", 0),
        ("echo x>nul", "", 0),
        ("echo x >nul 2>&1", "", 0),
        ("end3 && echo no", "<end3>", 3),
        ("end3 || echo yes", "<end3>yes\r\n", 0),
        ("end0 && echo yes", "<end0>yes\r\n", 0),
        ("end0 || echo no", "<end0>", 0),
        ("end0 && end3 || echo yes", "<end0><end3>yes\r\n", 0),
        ("end0 || echo no & echo yes", "<end0>yes\r\n", 0),
        ("(echo a & end4) && echo no", "a \r\n<end4>", 4),
        ("(echo a & echo b) >nul", "", 0),
        (r'if exist "C:\is here" (echo yes) else (echo no)', "yes\r\n", 0),
        (r'if not exist "C:\is here" (echo yes) else (echo no)', "no\r\n", 0),
        (r'IF EXIST "C:\other" (echo yes) ELSE echo no', "no\r\n", 0),
        (r'if exist "C:\other" echo a & echo b', "", 0),
        (r'if exist "C:\is here" (end0 "a)b" ")") else (exit 3)', "<end0>", 0),
        ("if exist C:\\other (echo a) else if exist C:\\other (echo b) else (exit 5)", "", 5),
        (r'type "C:\is here"', "content", 0),
        ("exit 7", "", 7),
        ("exit /b 7 & echo no", "", 7),
        ("exit -1", "", 0xFFFFFFFF),
        ("end3 & exit", "<end3>", 3),
        ("call echo %NAME%", "value\r\n", 0),
        ("echo a &", "a \r\n", 0),
    ],
)
def test_commands(text: str, stdout: str, code: int) -> None:
    assert (_run(text)[0], _run(text)[2]) == (stdout, code)


@pytest.mark.parametrize(
    ("text", "stdout", "stderr"),
    [
        ("end0 2>nul", "<end0>", ""),
        ("end0 1>nul", "", "!end0!"),
        ("end0 2>&1", "<end0>!end0!", ""),
        ("end0 >&2", "", "<end0>!end0!"),
        ("end0 2>&1 >nul", "!end0!", ""),
        (">nul end0", "", "!end0!"),
        ("echo told 1>&2", "", "told \r\n"),
        ("(end0) 2>nul", "<end0>", ""),
    ],
)
def test_redirections_are_applied_from_left_to_right(text: str, stdout: str, stderr: str) -> None:
    assert _run(text)[:2] == (stdout, stderr)


@pytest.mark.parametrize(
    ("text", "launched"),
    [
        (r'"C:\Program Files\p.exe" -c "a b" <nul', (r'"C:\Program Files\p.exe"', ' -c "a b" ')),
        ("p.exe a1>nul", ("p.exe", " a1")),
        ("p.exe a 1>nul b", ("p.exe", " a  b")),
        ("p.exe (x)", ("p.exe", " (x)")),
        (r"p.exe C:\a^ b", ("p.exe", r" C:\a b")),
        ('p.exe ^"x^" & q', ("p.exe", ' "x" ')),
        ("p,x", ("p", ",x")),
    ],
)
def test_a_program_gets_the_text_behind_its_name(text: str, launched: tuple[str, str]) -> None:
    machine = _Machine()
    _run(text, machine)
    assert machine.launched[0] == launched


@pytest.mark.parametrize(
    ("text", "stderr", "code"),
    [
        (
            "nosuch -x",
            "'nosuch' is not recognized as an internal or external command,\r\noperable program or batch file.\r\n",
            1,
        ),
        ("nosuch & exit", "'nosuch' is not recognized", interpreter.NOT_RECOGNIZED),
        (r"nowhere\x", "The system cannot find the path specified.\r\n", 1),
        ("type C:\\other", "The system cannot find the file specified.\r\n", 1),
    ],
)
def test_what_cmd_says_when_something_is_missing(text: str, stderr: str, code: int) -> None:
    answered = _run(text)
    assert answered[1].startswith(stderr)
    assert answered[2] == code


_words = ["nul", "if exist ", "not ", " else ", "echo ", "call ", "exit ", "end3"]
_pieces = st.sampled_from([*'&|()<>^"@ =;,%12', *_words])


@hypothesis.given(st.one_of(st.text(max_size=40), st.lists(_pieces, max_size=14).map("".join)))
def test_any_text_is_either_run_or_refused(text: str) -> None:
    try:
        code = _run(grammar.expand(text, {"1": "x"}))[2]
    except grammar.UnsupportedCommandError:
        return
    assert 0 <= code <= 0xFFFFFFFF
