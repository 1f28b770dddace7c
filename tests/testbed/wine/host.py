# Copyright (c) 2026 the mlfleet authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A Windows host under Wine, with SQL Server's layout and real Windows Pythons in it."""

from __future__ import annotations

import collections.abc as c
import dataclasses
import itertools
import os
import pathlib
import shutil
import tempfile
import uuid

from testbed import processes
from testbed.layouts import Runtime, SqlServerLayout
from testbed.wine import cache, interpreter, launch, prefix, registry_file, toolchain, windows_processes
from testbed.wine.toolchain import Missing, Toolchain

# A runtime's own, since tests install into them; the rest of a home is the same file on all hosts.
_OWN_FOLDERS = ("Lib/site-packages", "Scripts")

_BUILD_HOME = r"C:\Build\Python"
_INSTALL_PIP = rf'"{_BUILD_HOME}\python.exe" -I -m ensurepip'


class CommandFailed(Exception):
    """A command that sets the host up did not work."""


@dataclasses.dataclass(frozen=True)
class Parts:
    """What all Wine hosts of this machine are made from; finished, and written to by nobody."""

    toolchain: Toolchain
    prefix: pathlib.Path
    launcher: pathlib.Path
    pythons: c.Mapping[str, pathlib.Path]
    """Version to home, with the pip that its standard library bundles."""


def prepare(versions: c.Iterable[str] = (), folder: pathlib.Path = cache.DEFAULT_FOLDER) -> Parts | Missing:
    """Makes what is not in the cache folder yet, with these Python versions; what is missing if it cannot."""
    tools = toolchain.find()
    if isinstance(tools, Missing):
        return tools
    bare: dict[str, pathlib.Path] = {}
    for version in versions:
        home = interpreter.prepare(version, tools, folder)
        if isinstance(home, Missing):
            return home
        bare[version] = home
    parts = Parts(tools, prefix.prepare(tools, folder), launch.prepare(tools, folder), bare)
    return dataclasses.replace(parts, pythons={version: _with_pip(parts, version) for version in bare})


def _with_pip(parts: Parts, version: str) -> pathlib.Path:
    bare = parts.pythons[version]
    recipe = cache.digest(parts.prefix.name, _INSTALL_PIP)
    return cache.made_once(bare.with_name(f"{bare.name}-pip-{recipe}"), lambda home: _install_pip(parts, version, home))


def _install_pip(parts: Parts, version: str, home: pathlib.Path) -> None:
    """As in SQL Server's own runtimes, pip.exe goes on naming the machine and the folder it was made in."""
    with tempfile.TemporaryDirectory(prefix="mlfleet-") as scratch:
        host = WineHost("builder", pathlib.Path(scratch) / "host", parts)
        try:
            host.apply(SqlServerLayout(runtimes=(Runtime(_BUILD_HOME, version),)))
            host.run(_INSTALL_PIP)
            shutil.copytree(host.place(_BUILD_HOME), home, dirs_exist_ok=True)
        finally:
            host.close()


class WineHost:
    """One Wine prefix; a Host. Its folder is made for it, and removed with it."""

    def __init__(self, name: str, folder: pathlib.Path, parts: Parts) -> None:
        self.name = name
        self._parts = parts
        self._folder = folder
        self._prefix = folder / "prefix"
        self._scratch = folder / "commands"
        self._mark = uuid.uuid4().hex
        self._numbers = itertools.count(1)
        self._scratch.mkdir(parents=True)
        prefix.copy(parts.prefix, self._prefix)
        self._keeper = launch.Keeper(parts.toolchain, parts.launcher, self._prefix)

    def start(self, command_line: str, environment: c.Mapping[str, str]) -> launch.Command:
        """Starts a command line, exactly as a WinRM service hands it to CreateProcess.

        FileNotFoundError if there is no such program.
        """
        parts = self._parts
        return launch.start(
            parts.toolchain.wine,
            parts.launcher,
            self._prefix,
            f"{self._mark}-{next(self._numbers)}",
            self._scratch,
            command_line,
            environment,
        )

    def living(self) -> list[str]:
        """The command lines of the processes that are running on this host now, without Wine's own."""
        running = processes.find("WINEPREFIX", str(self._prefix))
        return [line for line in map(windows_processes.command_line, running) if line]

    def close(self) -> None:
        """Ends what runs and removes what was made for this host."""
        prefix.stop(self._parts.toolchain, self._prefix)
        self._keeper.close()
        shutil.rmtree(self._folder)

    def place(self, windows_path: str) -> pathlib.Path:
        """Where a path of drive C: is on this machine, be it there or not; letters match in either case."""
        drive, *names = pathlib.PureWindowsPath(windows_path).parts
        if drive.upper() != "C:\\":
            raise ValueError(f"{windows_path} is not an absolute path on drive C:")
        found = self._prefix / "drive_c"
        for name in names:
            found = _entry(found, name)
        return found

    def site_packages(self, home: str) -> pathlib.Path:
        """Of the runtime in this home; wheels may be unpacked straight into it."""
        return self.place(rf"{home}\Lib\site-packages")

    def apply(self, layout: SqlServerLayout) -> None:
        """Lays it out, on top of what is there; every runtime has pip."""
        for runtime in layout.runtimes:
            self._lay_out_runtime(runtime)
        for windows_path, text in layout.files.items():
            path = self.place(windows_path)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(text.encode())
        for alias, windows_path in layout.aliases.items():
            # Wine makes short names of its own, with a hash in them; a link has the name that Windows would give.
            self.place(alias).symlink_to(self.place(windows_path).name)
        if layout.registry:
            self._import_registry(registry_file.render(layout.registry))

    def _lay_out_runtime(self, runtime: Runtime) -> None:
        source, home = self._parts.pythons[runtime.version], self.place(runtime.home)
        home.parent.mkdir(parents=True, exist_ok=True)
        cache.lay_out(source, home)
        for own in filter(pathlib.Path.is_dir, (source / name for name in _OWN_FOLDERS)):
            target = home / own.relative_to(source)
            shutil.rmtree(target)
            shutil.copytree(own, target)

    def _import_registry(self, text: str) -> None:
        file = self._scratch / "layout.reg"
        file.write_text(text, encoding=registry_file.ENCODING, newline="")
        self.run(f'reg import "{launch.windows_path(file)}"')

    def run(self, command_line: str) -> None:
        """A command that must work."""
        code, stdout, stderr = self.start(command_line, {}).communicate()
        if code:
            said = (stdout + stderr).decode(errors="replace").strip()
            raise CommandFailed(f"{command_line} ended with {code}: {said}")


def _entry(folder: pathlib.Path, name: str) -> pathlib.Path:
    if folder.is_dir() and not os.path.lexists(folder / name):
        alike = (entry for entry in folder.iterdir() if entry.name.lower() == name.lower())
        return next(alike, folder / name)
    return folder / name
