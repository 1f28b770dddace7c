# Copyright (c) 2026 the mlfleet authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A simulated Windows host: a folder as its drive C:, a JSON file as its registry, Linux programs as its programs."""

from __future__ import annotations

import collections.abc as c
import contextlib
import dataclasses
import os
import pathlib
import re
import signal
import subprocess
import threading
import typing as t
import uuid

from testbed import hosts, processes, reg_exe, registry
from testbed.cmd_exe import arguments, command_line, grammar, interpreter

ROOT_VARIABLE = "MLFLEET_TESTBED_ROOT"
_PROCESS_VARIABLE = "MLFLEET_TESTBED_PROCESS"
_SYSTEM_PATH = "/usr/local/bin:/usr/bin:/bin"
# What ends a process that was killed from outside; TerminateJobObject leaves the choice to its caller.
_KILLED = 1

_ENVIRONMENT: c.Mapping[str, str] = {
    "ComSpec": r"C:\Windows\system32\cmd.exe",
    "OS": "Windows_NT",
    "Path": r"C:\Windows\system32;C:\Windows;C:\Windows\System32\Wbem;C:\Windows\System32\WindowsPowerShell\v1.0",
    "PATHEXT": ".COM;.EXE;.BAT;.CMD",
    "PROCESSOR_ARCHITECTURE": "AMD64",
    "ProgramData": r"C:\ProgramData",
    "ProgramFiles": r"C:\Program Files",
    "ProgramFiles(x86)": r"C:\Program Files (x86)",
    "SystemDrive": "C:",
    "SystemRoot": r"C:\Windows",
    "TEMP": r"C:\Users\tester\AppData\Local\Temp",
    "TMP": r"C:\Users\tester\AppData\Local\Temp",
    "USERNAME": "tester",
    "USERPROFILE": r"C:\Users\tester",
    "windir": r"C:\Windows",
}
# Programs every Windows has and this host has not: to call them unknown would be a lie.
_KNOWN_TO_WINDOWS = frozenset(
    {"attrib", "certutil", "chcp", "cscript", "find", "findstr", "hostname", "icacls", "ipconfig", "more", "msiexec"}
    | {"net", "netsh", "ping", "powershell", "robocopy", "sc", "schtasks", "setx", "sort", "systeminfo", "takeown"}
    | {"taskkill", "tasklist", "timeout", "tree", "wevtutil", "where", "whoami", "winrs", "wmic", "xcopy"}
)


@dataclasses.dataclass(frozen=True)
class Invocation:
    """A call of a program that is a Python function. What reads its input or takes time must be an executable."""

    host: SimulatedHost
    argv: tuple[str, ...]
    environment: c.Mapping[str, str]


Program: t.TypeAlias = "c.Callable[[Invocation], interpreter.Reply] | pathlib.Path"


class SimulatedHost:
    """Implements hosts.Host. `programs` maps names such as "powershell.exe" to what stands in for them."""

    def __init__(
        self,
        name: str,
        root: pathlib.Path,
        *,
        environment: c.Mapping[str, str] | None = None,
        programs: c.Mapping[str, Program] | None = None,
    ) -> None:
        self.name = name
        self.root = root
        self.registry = registry.Registry(root / "registry.json")
        self.environment = {**_ENVIRONMENT, "COMPUTERNAME": name.upper(), **(environment or {})}
        self.programs: c.Mapping[str, Program] = {
            "reg.exe": _reg,
            **{name.lower(): program for name, program in (programs or {}).items()},
        }
        self._lock = threading.Lock()
        self._running: set[_Process] = set()
        for folder in (self.environment["SystemRoot"], self.environment["TEMP"]):
            self.place(folder).mkdir(parents=True, exist_ok=True)

    def place(self, windows_path: str) -> pathlib.Path:
        """Where a Windows path lies below the root, whether or not it exists; letter case of what exists wins."""
        drive, parts = _split_path(windows_path, self.environment["USERPROFILE"])
        place = self.root / drive
        for part in parts:
            place = place / (_spelled(place, part) or part)
        return place

    def start(self, command_line: str, environment: c.Mapping[str, str]) -> hosts.HostProcess:
        """Starts a command line: https://learn.microsoft.com/windows/win32/api/processthreadsapi CreateProcessW."""
        process = _Process(self, command_line, {**self.environment, **environment})
        process.prepare()
        with self._lock:
            self._running.add(process)
        process.begin()
        return process

    def living(self) -> list[str]:
        """The command lines running now: what was started here, and every Linux process that came of it."""
        with self._lock:
            started = [process.line for process in self._running]
        return started + [line for line in map(processes.command_line, self._processes()) if line]

    def close(self) -> None:
        """Ends what runs. The root belongs to whoever made it and stays."""
        with self._lock:
            running = list(self._running)
        for process in running:
            process.kill()
        processes.end_all(self._processes)

    def _processes(self) -> list[int]:
        return processes.find(ROOT_VARIABLE, str(self.root))

    def ended(self, process: _Process) -> None:
        """A process reports its end."""
        with self._lock:
            self._running.discard(process)


class _KilledError(Exception):
    """Nothing more of this command line may run."""


class _Process:
    """A command line with its pipes; implements hosts.HostProcess and, for cmd, interpreter.Machine."""

    def __init__(self, host: SimulatedHost, line: str, environment: c.Mapping[str, str]) -> None:
        self.line = line
        self.environment = environment
        self._host = host
        self._mark = uuid.uuid4().hex
        self._lock = threading.Lock()
        self._killed = False
        self._started_something = False
        self._sessions: set[int] = set()
        self._ended = threading.Event()
        self._exit_code = 0

    def prepare(self) -> None:
        """Finds out what to run, so that what cannot run is refused before anything starts."""
        program, rest = self._split_program(self.line)
        self._action = self._cmd(rest) if _is_cmd(program) else self._direct(program, rest)

    def begin(self) -> None:
        """Runs it in a thread of its own."""
        stdin_end, stdin = os.pipe()
        stdout, stdout_end = os.pipe()
        stderr, stderr_end = os.pipe()
        self.stdin: t.BinaryIO = os.fdopen(stdin, "wb", buffering=0)
        self.stdout: t.BinaryIO = os.fdopen(stdout, "rb", buffering=0)
        self.stderr: t.BinaryIO = os.fdopen(stderr, "rb", buffering=0)
        streams = interpreter.Streams(stdin_end, stdout_end, stderr_end)
        threading.Thread(target=self._run, args=(streams,), name=f"process-{self._host.name}", daemon=True).start()

    def wait(self) -> int:
        """Waits for the end."""
        self._ended.wait()
        return self._exit_code

    def kill(self) -> None:
        """Ends everything that was started, whether or not the command line itself has ended."""
        with self._lock:
            self._killed = True
        if self._started_something:
            processes.end_all(self._descendants)

    def _descendants(self) -> list[int]:
        with self._lock:
            return processes.find(_PROCESS_VARIABLE, self._mark, self._sessions)

    def exists(self, path: str) -> bool:
        """For cmd: whether a path names something."""
        place = self._host.place(path)
        return place.is_dir() if path.endswith(("\\", "/")) else place.exists()

    def read(self, path: str) -> bytes:
        """For cmd: the content of a file."""
        place = self._host.place(path)
        if not place.is_file():
            raise FileNotFoundError(path)
        return place.read_bytes()

    def launch(self, program: str, rest: str, streams: interpreter.Streams) -> int:
        """For cmd: runs a program."""
        name = program.replace('"', "")
        if _is_cmd(name):
            return self._cmd(rest)(streams)
        found = self._find(name)
        if found is None:
            folder = re.match(r"(.*)[\\/]", name)
            raise interpreter.ProgramNotFoundError(folder is None or self.exists(folder[1] + "\\"))
        return self._call(found, name, rest, streams)

    def _run(self, streams: interpreter.Streams) -> None:
        try:
            self._exit_code = self._action(streams)
        except (BrokenPipeError, _KilledError):
            self._exit_code = _KILLED
        except NotImplementedError as error:
            with contextlib.suppress(OSError):
                streams.write(f"This test bed does not do that: {error}\r\n".encode(), failed=True)
            self._exit_code = _KILLED
        finally:
            # First the exit code, then the end of the streams, which is what others wait for.
            self._exit_code = _KILLED if self._killed else self._exit_code
            self._ended.set()
            self._host.ended(self)
            for handle in (streams.stdin, streams.stdout, streams.stderr):
                os.close(handle)

    def _split_program(self, line: str) -> tuple[str, str]:
        """CreateProcess tries an unquoted path with blanks piece by piece."""
        program, rest = arguments.split_program(line)
        if line.startswith('"') or _is_cmd(program):
            return program, rest
        for blank in [*re.finditer(r"[ \t]|$", line)]:
            name = line[: blank.start()]
            if name and self._find(name, (".exe",)) is not None:
                return name, line[blank.start() :]
        return program, rest

    def _cmd(self, rest: str) -> c.Callable[[interpreter.Streams], int]:
        try:
            command_line.check_length(self.line)
            text = command_line.command_of(rest, lambda name: self._find(name) is not None)
            expanded = grammar.expand(text, {**self.environment, "CD": self.environment["USERPROFILE"]})
            command_line.check_length(expanded)
        except command_line.LineTooLongError:
            return _line_too_long
        tree = grammar.parse(expanded)
        return lambda streams: interpreter.Interpreter(self).run(tree, streams)

    def _direct(self, program: str, rest: str) -> c.Callable[[interpreter.Streams], int]:
        found = self._find(program, (".exe",))
        if found is None:
            raise FileNotFoundError(program)
        return lambda streams: self._call(found, program, rest, streams)

    def _find(self, name: str, extensions: tuple[str, ...] = ()) -> Program | None:
        base = re.split(r"[\\/]", name)[-1].lower()
        plugged = self._host.programs.get(base) or self._host.programs.get(f"{base}.exe")
        if plugged is not None:
            return plugged
        tried = extensions or tuple(self.environment.get("PATHEXT", ".EXE").split(";"))
        for folder in self._folders(name):
            for extension in ("", *tried):
                place = self._host.place(f"{folder}{name}{extension}")
                if place.is_file() and ("." in base or extension):
                    return _runnable(place)
        if base.removesuffix(".exe") in _KNOWN_TO_WINDOWS:
            raise grammar.UnsupportedCommandError(f"the program {name}")
        return None

    def _folders(self, name: str) -> list[str]:
        if re.search(r"[\\/:]", name):
            return [""]
        path = next((value for key, value in self.environment.items() if key.lower() == "path"), "")
        return ["", *(f"{folder.rstrip(chr(92))}\\" for folder in path.split(";") if folder)]

    def _call(self, program: Program, name: str, rest: str, streams: interpreter.Streams) -> int:
        argv = arguments.split(rest)
        if not isinstance(program, pathlib.Path):
            reply = program(Invocation(self._host, (name, *argv), self.environment))
            streams.write(reply.stdout.encode())
            streams.write(reply.stderr.encode(), failed=True)
            return reply.exit_code
        with self._lock:
            if self._killed:
                raise _KilledError
            child = self._start([str(program), *argv], streams)
            self._started_something = True
            self._sessions.add(child.pid)
        os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
        with self._lock:
            # Once it is waited for, its number may become somebody else's.
            self._sessions.discard(child.pid)
            code = child.wait()
            if self._killed:
                raise _KilledError
        return _windows_exit_code(code)

    def _start(self, argv: list[str], streams: interpreter.Streams) -> subprocess.Popen[bytes]:
        try:
            return subprocess.Popen(
                argv,
                stdin=streams.stdin,
                stdout=streams.stdout,
                stderr=streams.stderr,
                env=self._linux_environment(),
                cwd=self._host.place(self.environment["USERPROFILE"]),
                start_new_session=True,
            )
        except OSError as error:
            raise grammar.UnsupportedCommandError(f"to run {argv[0]}: {error.strerror}") from error

    def _linux_environment(self) -> dict[str, str]:
        marks = {ROOT_VARIABLE: str(self._host.root), _PROCESS_VARIABLE: self._mark, "PATH": _SYSTEM_PATH}
        return {**self.environment, **marks}


def _reg(call: Invocation) -> interpreter.Reply:
    return reg_exe.run(call.argv[1:], call.host.registry)


def _line_too_long(streams: interpreter.Streams) -> int:
    streams.write(b"The command line is too long.\r\n", failed=True)
    return 1


def _is_cmd(program: str) -> bool:
    return re.fullmatch(r"(?:C:\\Windows\\System32\\)?cmd(?:\.exe)?", program, re.IGNORECASE) is not None


def _runnable(place: pathlib.Path) -> pathlib.Path:
    if place.suffix.lower() in (".bat", ".cmd") or not os.access(place, os.X_OK):
        raise grammar.UnsupportedCommandError(f"to run {place.name}, which is no executable file")
    return place


def _split_path(path: str, current: str) -> tuple[str, list[str]]:
    if re.match(r"[\\/]{2}", path):
        raise grammar.UnsupportedCommandError(f"the network or device path {path}")
    matched = re.match(r"(?:([a-z]):)?([\\/]?)(.*)", path.replace("/", "\\"), re.IGNORECASE | re.DOTALL)
    drive, rooted, rest = matched.groups() if matched else (None, "", path)
    if not rooted:
        rest = f"{current[2:]}\\{rest}"
    parts: list[str] = []
    for part in rest.split("\\"):
        if part == "..":
            parts = parts[:-1]
        elif part not in ("", "."):
            parts.append(part.rstrip(". ") or part)
    return (drive or "C").upper(), parts


def _spelled(folder: pathlib.Path, name: str) -> str | None:
    if os.path.lexists(folder / name):
        return name
    with contextlib.suppress(OSError):
        return next((found for found in os.listdir(folder) if found.lower() == name.lower()), None)
    return None


def _windows_exit_code(code: int) -> int:
    crashes = {-signal.SIGSEGV: 0xC0000005, -signal.SIGABRT: 3, -signal.SIGKILL: _KILLED}
    return crashes.get(code, code & 0xFFFFFFFF)
