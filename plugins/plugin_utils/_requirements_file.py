# Copyright (c) 2026 the mlfleet authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This file is private to mlfleet.packages: it may change in any release.
"""Requirements files of pip, as far as they say what to have. Where to get it from is said by the task alone.

The format: https://pip.pypa.io/en/stable/reference/requirements-file-format/
"""

from __future__ import annotations

import collections.abc as c
import os
import pathlib
import re
import shlex

from ansible_collections.mlfleet.packages.plugins.plugin_utils._declaration import Line

_COMMENT = re.compile(r"(?:^|(?<=\s))#.*$")
_VARIABLE = re.compile(r"\$\{[^}]*\}")
# Only these characters of an option are ever repeated: what follows may hold a password.
_OPTION = re.compile(r"--[a-z][a-z-]*|-[A-Za-z]")
_HASH = re.compile(r"(?P<algorithm>[a-z0-9_]{1,20}):(?P<digest>[0-9a-fA-F]+)")

_NESTED = {"-r": False, "--requirement": False, "-c": True, "--constraint": True}
_SOURCE = "name the folder with the wheels in the option wheelhouse of the task instead"
_ADVICE = {
    **dict.fromkeys(("-i", "--index-url", "--extra-index-url", "-f", "--find-links", "--no-index"), _SOURCE),
    "--trusted-host": _SOURCE,
    **dict.fromkeys(("-e", "--editable"), "build a wheel of it, and put that into the wheelhouse"),
    **dict.fromkeys(("--no-binary", "--only-binary", "--prefer-binary"), "take it out, only wheels are ever installed"),
    "--pre": "take it out, and name the pre-release in the requirement (>=1.0rc1)",
    "--require-hashes": "take it out, every hash that is stated is checked",
}


class _Mistake(Exception):
    """What is wrong with a line, and what to do."""


def read(path: pathlib.Path) -> tuple[tuple[Line, ...], tuple[str, ...]]:
    """The requirements in a file and those that it names, and all that is wrong with them, one sentence each."""
    reader = _Reader()
    reader.read(path, constraint=False, within=())
    return tuple(reader.lines), tuple(reader.problems)


class _Reader:
    """Reads a file and those that it names, each of them once."""

    def __init__(self) -> None:
        self.lines: list[Line] = []
        self.problems: list[str] = []
        self._done: set[tuple[str, bool]] = set()

    def read(self, path: pathlib.Path, constraint: bool, within: tuple[str, ...]) -> None:
        place = os.path.realpath(path)
        if (place, constraint) in self._done:
            return
        self._done.add((place, constraint))
        try:
            text = _text(path)
        except _Mistake as mistake:
            self.problems.append(f"{path} {mistake}")
            return
        for number, content in _logical_lines(text):
            where = f"{path}, line {number}"
            try:
                self._take(content, path, where, constraint, (*within, place))
            except _Mistake as mistake:
                self.problems.append(f"{where} {mistake}")

    def _take(self, content: str, path: pathlib.Path, where: str, constraint: bool, within: tuple[str, ...]) -> None:
        if _VARIABLE.search(content):
            raise _Mistake("names an environment variable; write its value, or template the file")
        if content.startswith("-"):
            nested, limits = _nested(content, path.parent)
            if os.path.realpath(nested) in within:
                raise _Mistake(f"names {nested}, which names this file again; take one of the two out")
            self.read(nested, constraint or limits, within)
            return
        text, options = _split(content)
        self.lines.append(Line(text, _hashes(options), where, constraint))


def _text(path: pathlib.Path) -> str:
    try:
        # A device or a pipe may never end.
        if not path.is_file():
            raise _Mistake("is no file; correct the path")
        text = path.read_text("utf-8-sig")
    except UnicodeDecodeError:
        raise _Mistake("is no UTF-8; save it as UTF-8") from None
    except OSError as error:
        raise _Mistake(f"cannot be read ({error.strerror}); check its path and permissions") from None
    if "\0" in text:
        raise _Mistake("is no text; correct the path")
    return text


def _logical_lines(text: str) -> c.Iterator[tuple[int, str]]:
    """Lines without comments, with what `\\` continues joined, and the number of the line where each begins."""
    pieces: list[str] = []
    begin = 1
    for number, line in enumerate([*text.splitlines(), ""], 1):
        begin = begin if pieces else number
        # As for pip, a line that is a comment ends what is continued before it and is itself not continued, and
        # more backslashes than one are none.
        if line.endswith("\\") and not line.lstrip().startswith("#"):
            pieces.append(line.strip("\\"))
            continue
        separator = " " if line.startswith("#") else ""
        content = _COMMENT.sub("", "".join([*pieces, separator, line])).strip()
        pieces = []
        if content:
            yield begin, content


def _nested(content: str, folder: pathlib.Path) -> tuple[pathlib.Path, bool]:
    """The file that a line names, and whether as one of constraints."""
    option = _option(content)
    if option not in _NESTED:
        raise _Mistake(f"has the option {option}; {_ADVICE.get(option, 'take it out')}")
    values = _words(content[len(option) :].removeprefix("=") if option.startswith("--") else content[len(option) :])
    if len(values) != 1:
        raise _Mistake(f"has the option {option}, which takes the name of one file; write one for each file")
    if "://" in values[0]:
        raise _Mistake(f"has the option {option} with a URL; fetch that file, and name the copy")
    return folder / values[0], _NESTED[option]


def _option(content: str) -> str:
    match = _OPTION.match(content)
    return match[0] if match else "-"


def _words(text: str) -> list[str]:
    try:
        return shlex.split(text)
    except ValueError:
        raise _Mistake("has a quotation mark without its other half; close it") from None


def _split(content: str) -> tuple[str, list[str]]:
    """The requirement, and the words after it that begin with the first option, as pip tells them apart."""
    words = content.split(" ")
    first = next((number for number, word in enumerate(words) if word.startswith("-")), len(words))
    return " ".join(words[:first]).strip(), _words(" ".join(words[first:]))


def _hashes(words: list[str]) -> frozenset[str]:
    found = set()
    rest = iter(words)
    for word in rest:
        option, equals, value = word.partition("=")
        if not word.startswith("-"):
            raise _Mistake("has more text after its options; write the requirement first")
        if option != "--hash":
            raise _Mistake(f"has the option {_option(word)} after a requirement; {_ADVICE.get(option, 'take it out')}")
        match = _HASH.fullmatch(value if equals else next(rest, ""))
        if not match or (match["algorithm"] == "sha256" and len(match["digest"]) != 64):
            raise _Mistake("has a --hash that is none; write --hash=sha256: and 64 hexadecimal digits")
        if match["algorithm"] != "sha256":
            raise _Mistake(f"has a hash by {match['algorithm']}; give the sha256 instead")
        found.add(match["digest"].lower())
    return frozenset(found)
