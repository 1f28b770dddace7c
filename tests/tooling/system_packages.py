# Copyright (c) 2026 the mlfleet authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The few Debian packages that some legs need: installed where that is allowed, else the reason why not."""

from __future__ import annotations

import dataclasses
import os
import pathlib
import shutil
import subprocess


@dataclasses.dataclass(frozen=True)
class SystemParts:
    """Programs of which a leg needs one of each group, and the packages that bring them."""

    programs: tuple[tuple[str, ...], ...]
    packages: tuple[str, ...]

    def missing(self) -> list[str]:
        return [group[0] for group in self.programs if not any(map(_found, group))]


# Debian keeps wine64 off PATH; other distributions call the 64-bit program wine.
WINE = SystemParts(
    programs=(("/usr/lib/wine/wine64", "wine64", "wine"), ("x86_64-w64-mingw32-gcc",), ("x86_64-w64-mingw32-dlltool",)),
    packages=("wine64", "wine", "gcc-mingw-w64-x86-64"),
)
SSH = SystemParts(
    programs=(("/usr/sbin/sshd", "sshd"), ("ssh",), ("ssh-keygen",)),
    packages=("openssh-server", "openssh-client"),
)
# The font, because a picture without letters shows nothing.
BROWSER = SystemParts(
    programs=(("chromium", "chromium-browser", "google-chrome"),), packages=("chromium", "fonts-dejavu-core")
)


def provide(parts: SystemParts, log: pathlib.Path) -> str:
    """Installs what is missing where it may; the reason why something is still missing, empty when all is there."""
    missing = parts.missing()
    if not missing:
        return ""
    become = _become_root()
    if become is None:
        return f"{', '.join(missing)} not found, and not allowed to install {' '.join(parts.packages)}"
    print(f"installing with apt-get, log in {log.name}: {' '.join(parts.packages)}", flush=True)
    if not _install(become, parts.packages, log):
        return f"apt-get could not install {' '.join(parts.packages)}, see {log.name}"
    missing = parts.missing()
    return f"{', '.join(missing)} not found after installing {' '.join(parts.packages)}" if missing else ""


def _found(program: str) -> bool:
    return shutil.which(program) is not None


def _become_root() -> list[str] | None:
    if shutil.which("apt-get") is None:
        return None
    if os.geteuid() == 0:
        return []
    if shutil.which("sudo") is None:
        return None
    asked = subprocess.run(["sudo", "-n", "true"], stdin=subprocess.DEVNULL, capture_output=True, check=False)
    return ["sudo", "-n"] if asked.returncode == 0 else None


def _install(become: list[str], packages: tuple[str, ...], log: pathlib.Path) -> bool:
    apt_get = [*become, "env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "-q", "-y"]
    log.parent.mkdir(parents=True, exist_ok=True)
    with open(log, "ab") as output:
        # A failing update is no reason to stop: the lists that are there may do.
        subprocess.run([*apt_get, "update"], stdin=subprocess.DEVNULL, stdout=output, stderr=output, check=False)
        installed = subprocess.run(
            [*apt_get, "install", "--no-install-recommends", *packages],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            check=False,
        )
    return installed.returncode == 0
