# Copyright (c) 2026 the mlfleet authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The part of cmd's language that the test bed speaks: text to a tree of commands.

Precedence from loose to tight is `&`, `||`, `&&`; `if` and `( )` are commands. What is outside of this part raises
UnsupportedCommandError, so that a test never rests on a guess about cmd.
"""

from __future__ import annotations

import collections.abc as c
import dataclasses
import re
import typing as t

_DELIMITERS = " \t,;="
_BLANKS = " \t"
_DIGITS = "0123456789"
# cmd has no such limit; the recursion of Python has.
_MOST_COMMANDS = 100

UNDERSTOOD = frozenset({"call", "echo", "exit", "type"})
# fmt: off
_NOT_UNDERSTOOD = frozenset({
    "assoc", "break", "cd", "chdir", "cls", "color", "copy", "date", "del", "dir", "else", "endlocal",
    "erase", "for", "ftype", "goto", "md", "mkdir", "mklink", "move", "path", "pause", "popd", "prompt",
    "pushd", "rd", "rem", "ren", "rename", "rmdir", "set", "setlocal", "shift", "start", "time",
    "title", "ver", "verify", "vol",
})
# fmt: on
# What may follow a built-in's name directly; cmd treats each built-in differently there.
_STUCK_TO_BUILTIN = '.:/\\[]+("'


class UnsupportedCommandError(NotImplementedError):
    """The command line needs a part of cmd that the test bed does not speak."""


@dataclasses.dataclass(frozen=True)
class Redirection:
    """Handle `source` goes where handle `target` goes; None is NUL."""

    source: int
    target: int | None


@dataclasses.dataclass(frozen=True)
class Simple:
    """A program or built-in: `name` as typed, `arguments` the raw text behind it."""

    name: str
    arguments: str
    redirections: tuple[Redirection, ...] = ()


@dataclasses.dataclass(frozen=True)
class Chain:
    """Two commands with `&`, `&&` or `||` between them."""

    operator: str
    left: Node
    right: Node


@dataclasses.dataclass(frozen=True)
class Block:
    """A parenthesised command."""

    body: Node
    redirections: tuple[Redirection, ...] = ()


@dataclasses.dataclass(frozen=True)
class IfExist:
    """`if [not] exist path ... [else ...]`."""

    wanted: bool
    path: str
    then: Node
    otherwise: Node | None


Node: t.TypeAlias = "Simple | Chain | Block | IfExist"


def expand(text: str, environment: c.Mapping[str, str]) -> str:
    """Percent expansion of a line that comes from no batch file: unknown names stay, and quotes protect nothing."""
    known = {name.lower(): value for name, value in environment.items()}
    parts = []
    place = 0
    while (start := text.find("%", place)) >= 0:
        end = text.find("%", start + 1)
        name = text[start + 1 : end].lower() if end > start else ""
        parts.append(text[place:start])
        if name in known:
            parts.append(known[name])
            place = end + 1
        else:
            _refuse_modified_variable(name, known)
            parts.append("%")
            place = start + 1
    return "".join([*parts, text[place:]])


def parse(text: str) -> Node:
    """The tree of an expanded line."""
    if re.search(r"[\x00\r\n]", text):
        raise UnsupportedCommandError("a line break or NUL inside a command line")
    parser = _Parser(text)
    tree = parser.chain("&", "||", "&&")
    if not parser.at_end():
        raise UnsupportedCommandError(f"{parser.rest()!r} where a command line should end")
    return tree


def _refuse_modified_variable(name: str, known: c.Collection[str]) -> None:
    base = name.partition(":")[0]
    if ":" in name and base in known:
        raise UnsupportedCommandError(f"the variable modifier in %{name}%")
    if base in ("cmdcmdline", "cmdextversion", "date", "random", "time"):
        raise UnsupportedCommandError(f"the computed variable %{name}%")


class _Parser:
    def __init__(self, text: str) -> None:
        self._text = text
        self._place = 0
        self._depth = 0
        self._commands = 0

    def rest(self) -> str:
        return self._text[self._place :]

    def at_end(self) -> bool:
        return self._place >= len(self._text)

    def chain(self, operator: str, *tighter: str) -> Node:
        """Commands with this operator or tighter ones between them."""
        left = self._operand(tighter)
        while self._sees_operator(operator):
            self._place += len(operator)
            self._skip(_BLANKS)
            if operator == "&" and (self.at_end() or self._closes()):
                break
            left = Chain(operator, left, self._operand(tighter))
        return left

    def _operand(self, tighter: tuple[str, ...]) -> Node:
        return self.chain(*tighter) if tighter else self._command()

    def _sees_operator(self, operator: str) -> bool:
        self._skip(_BLANKS)
        matched = re.match(r"&&?|\|\|?", self.rest())
        if matched and matched[0] == "|":
            raise UnsupportedCommandError("a pipe")
        return matched is not None and matched[0] == operator

    def _closes(self) -> bool:
        return self._depth > 0 and self.rest().startswith(")")

    def _command(self) -> Node:
        self._commands += 1
        if self._commands > _MOST_COMMANDS:
            raise UnsupportedCommandError(f"more than {_MOST_COMMANDS} commands in one line")
        self._skip(_DELIMITERS + "@")
        if self.rest().startswith("("):
            return self._block()
        if re.match(r"if[ \t]", self.rest(), re.IGNORECASE):
            return self._if()
        return self._simple()

    def _block(self) -> Block:
        self._place += 1
        self._depth += 1
        body = self.chain("&", "||", "&&")
        if not self._closes():
            raise UnsupportedCommandError("a parenthesis that is never closed")
        self._place += 1
        self._depth -= 1
        redirections = []
        self._skip(_BLANKS)
        while redirection := self._redirection(may_have_handle=True):
            redirections.append(redirection)
            self._skip(_BLANKS)
        return Block(body, tuple(redirections))

    def _if(self) -> IfExist:
        self._place += 2
        wanted = not self._keyword("not")
        if not self._keyword("exist"):
            raise UnsupportedCommandError(f"the condition of if {self.rest()!r}")
        self._skip(_BLANKS)
        path = self._word()
        if not path or re.search(r"[*?]", path):
            raise UnsupportedCommandError(f"if exist {path!r}")
        self._skip(_BLANKS)
        if not self.rest().startswith("("):
            # Without parentheses everything up to the end, operators included, belongs to the condition.
            return IfExist(wanted, path, self.chain("&", "||", "&&"), None)
        then = self._block()
        otherwise = self._else_branch() if self._keyword("else") else None
        self._skip(_BLANKS)
        if not self.at_end() and not self._closes():
            raise UnsupportedCommandError(f"{self.rest()!r} behind an if; put the if into parentheses")
        return IfExist(wanted, path, then, otherwise)

    def _else_branch(self) -> Node:
        self._skip(_BLANKS)
        return self._block() if self.rest().startswith("(") else self.chain("&", "||", "&&")

    def _simple(self) -> Simple:
        scanned = _Scanned()
        ended = False
        while not ended and not self.at_end():
            ended = (self._closes() and not scanned.quoted) or self._take_one(scanned)
        name, arguments = scanned.name_and_arguments()
        _refuse_unknown_builtin(name)
        return Simple(name, arguments, tuple(scanned.redirections))

    def _take_one(self, scanned: _Scanned) -> bool:
        """Takes the next character into a simple command; true at its end."""
        character = self._text[self._place]
        if character == '"':
            scanned.quoted = not scanned.quoted
        elif scanned.quoted:
            pass
        elif character in "&|":
            return True
        elif character in "<>" or (character in _DIGITS and scanned.handle_may_start()):
            redirection = self._redirection(may_have_handle=scanned.handle_may_start())
            if redirection is not None:
                scanned.redirections.append(redirection)
                return False
        elif character == "^":
            self._place += 1
            if self.at_end():
                raise UnsupportedCommandError("a caret at the end of a line")
            scanned.take(self._text[self._place], escaped=True)
            self._place += 1
            return False
        scanned.take(character)
        self._place += 1
        return False

    def _redirection(self, may_have_handle: bool) -> Redirection | None:
        matched = re.match(r"([0-9]?)(<|>>?)", self.rest())
        if matched is None or (matched[1] and not may_have_handle):
            return None
        self._place += matched.end()
        source = int(matched[1]) if matched[1] else 0 if matched[2] == "<" else 1
        duplicate = re.match(r"&([12])(?=[ \t,;=()&|<>]|$)", self.rest())
        if duplicate and matched[2] != "<":
            self._place += duplicate.end()
            return Redirection(source, int(duplicate[1]))
        self._skip(_BLANKS)
        target = self._word()
        if target.lower() != "nul" or source > 2:
            raise UnsupportedCommandError(f"the redirection {matched[0]}{target or self.rest()}")
        return Redirection(source, None)

    def _keyword(self, word: str) -> bool:
        self._skip(_BLANKS)
        if not re.match(rf"{word}(?=[ \t(]|$)", self.rest(), re.IGNORECASE):
            return False
        self._place += len(word)
        return True

    def _word(self) -> str:
        matched = re.match(r'(?:"[^"]*"|[^ \t,;=()&|<>^"])+', self.rest())
        if matched is None:
            return ""
        self._place += matched.end()
        return matched[0].replace('"', "")

    def _skip(self, characters: str) -> None:
        while not self.at_end() and self._text[self._place] in characters:
            self._place += 1


class _Scanned:
    """The text of a simple command while it is read."""

    def __init__(self) -> None:
        self.quoted = False
        self.redirections: list[Redirection] = []
        self._text: list[str] = []
        self._name_length = 0
        self._name_ended = False

    def take(self, character: str, escaped: bool = False) -> None:
        """One more character, which may be the one that ends the name."""
        ends_name = not escaped and not self.quoted and character in _DELIMITERS
        if self._name_length or not ends_name:
            self._name_ended = self._name_ended or ends_name
            self._text.append(character)
            self._name_length += not self._name_ended

    def handle_may_start(self) -> bool:
        """Whether a digit here can be the handle of a redirection rather than the end of a word."""
        return not self.quoted and (not self._text or self._text[-1] in _DELIMITERS)

    def name_and_arguments(self) -> tuple[str, str]:
        """The name as typed and the rest of the text."""
        text = "".join(self._text)
        name = text[: self._name_length]
        if not name:
            raise UnsupportedCommandError("an empty command")
        return name, text[self._name_length :]


def _refuse_unknown_builtin(name: str) -> None:
    matched = re.match(r"[a-z]*", name.lower())
    base = matched[0] if matched else ""
    alone = base == name.lower()
    stuck = not alone and name[len(base)] in _STUCK_TO_BUILTIN
    if base in _NOT_UNDERSTOOD and (alone or stuck):
        raise UnsupportedCommandError(f"the built-in {name}")
    if base in UNDERSTOOD | {"if"} and stuck and name.lower() != "echo.":
        raise UnsupportedCommandError(f"{name} without a space")
    if name.startswith((")", ":")):
        raise UnsupportedCommandError(f"a command that starts with {name[0]}")
