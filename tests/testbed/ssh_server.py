# Copyright (c) 2026 the mlfleet authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A real OpenSSH server on the loopback address, for the account that runs the tests."""

from __future__ import annotations

import dataclasses
import getpass
import os
import pathlib
import shutil
import socket
import subprocess
import time
import types

SSHD = shutil.which("sshd", path=os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin", "/sbin"]))


@dataclasses.dataclass
class SshServer:
    """A server that knows one key. `forced` is run in place of every command (SSH_ORIGINAL_COMMAND holds it)."""

    folder: pathlib.Path
    forced: pathlib.Path | None = None

    def __enter__(self) -> SshServer:
        assert SSHD is not None
        self.folder.mkdir(parents=True, exist_ok=True)
        for key in ("host_key", "user_key"):
            make = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(self.folder / key)]
            subprocess.run(make, check=True, stdin=subprocess.DEVNULL)
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port: int = free.getsockname()[1]
        pathlib.Path("/run/sshd").mkdir(exist_ok=True)  # sshd of Debian refuses to start without it
        self._server = subprocess.Popen(
            [SSHD, "-D", "-e", "-f", str(self._write_settings())], stderr=subprocess.DEVNULL
        )
        self._wait()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: types.TracebackType | None
    ) -> None:
        self._server.terminate()
        self._server.wait()

    def _write_settings(self) -> pathlib.Path:
        lines = [
            f"Port {self.port}",
            "ListenAddress 127.0.0.1",
            f"HostKey {self.folder / 'host_key'}",
            f"AuthorizedKeysFile {self.folder / 'user_key.pub'}",
            "PermitRootLogin prohibit-password",
            "PasswordAuthentication no",
            "StrictModes no",
            "UsePAM no",
            f"PidFile {self.folder / 'pid'}",
            *([f"ForceCommand {self.forced}"] if self.forced else []),
        ]
        settings = self.folder / "sshd_config"
        settings.write_text("\n".join([*lines, ""]), encoding="utf-8")
        return settings

    def _wait(self) -> None:
        for _attempt in range(200):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            time.sleep(0.05)
        raise AssertionError("sshd does not listen")

    def variables(self) -> dict[str, object]:
        """The connection variables of this host."""
        return {
            "ansible_connection": "ssh",
            "ansible_host": "127.0.0.1",
            "ansible_port": self.port,
            "ansible_user": getpass.getuser(),
            "ansible_ssh_private_key_file": str(self.folder / "user_key"),
            "ansible_ssh_common_args": "-o UserKnownHostsFile=/dev/null -o ControlMaster=no",
        }
