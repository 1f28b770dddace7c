# Copyright (c) 2026 the mlfleet authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A Wine prefix, which is a Windows installation in a folder: made once as a template, laid out for each host."""

from __future__ import annotations

import os
import pathlib
import shutil
import subprocess

from testbed.wine import cache
from testbed.wine.toolchain import Toolchain

# Python >= 3.9 refuses to start on the Windows 7 that Wine 8 says it is.
_WINDOWS_VERSION = ("reg", "add", r"HKCU\Software\Wine", "/v", "Version", "/d", "win10", "/f")


def environment(prefix: pathlib.Path) -> dict[str, str]:
    """What a Wine program of this prefix sees of Unix: nothing of the person who runs the tests."""
    return {
        "HOME": str(prefix),
        "LC_ALL": "C.UTF-8",
        "PATH": os.defpath,
        "WINEDEBUG": "-all",
        # Not asked for .NET and a browser, and no menu entries made: that starts a desktop.
        "WINEDLLOVERRIDES": "mscoree,mshtml,winemenubuilder.exe=",
        "WINEPREFIX": str(prefix),
    }


def prepare(toolchain: Toolchain, folder: pathlib.Path) -> pathlib.Path:
    """A finished template below the cache folder, made now unless it is there."""
    version = subprocess.run([toolchain.wine, "--version"], check=True, capture_output=True).stdout
    recipe = cache.digest(version, pathlib.Path(__file__).read_bytes())
    return cache.made_once(folder / f"prefix-{recipe}", lambda prefix: _make(toolchain, prefix))


def copy(template: pathlib.Path, prefix: pathlib.Path) -> None:
    """A prefix of its own."""
    cache.lay_out(template, prefix)
    # The only files that Wine writes again, and it writes straight into those that have several links.
    for registry in template.glob("*.reg"):
        (prefix / registry.name).unlink()
        shutil.copy2(registry, prefix)


def stop(toolchain: Toolchain, prefix: pathlib.Path) -> None:
    """Ends every Wine process of the prefix, and waits for it."""
    for option in ("-k", "-w"):
        # -k answers 1 when none was running.
        subprocess.run([toolchain.wineserver, option], env=environment(prefix), stderr=subprocess.DEVNULL, check=False)


def _make(toolchain: Toolchain, prefix: pathlib.Path) -> None:
    for arguments in (("wineboot", "--init"), _WINDOWS_VERSION):
        subprocess.run(
            [toolchain.wine, *arguments],
            env=environment(prefix),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            check=True,
        )
    # Wine writes the registry when its server ends.
    subprocess.run([toolchain.wineserver, "-w"], env=environment(prefix), check=True)
    _detach_from_home(prefix)


def _detach_from_home(prefix: pathlib.Path) -> None:
    """Wine makes Desktop, Documents and others links into the home folder."""
    for entry in list((prefix / "drive_c" / "users").rglob("*")):
        if entry.is_symlink():
            entry.unlink()
            entry.mkdir()
