# Copyright (c) 2026 the mlfleet authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This file is private to mlfleet.packages: it may change in any release.
"""WinRM without PowerShell: Ansible's connection logs on and opens the shell, pywinrm runs the interpreter in it.

Only public parts are used: the connection's `protocol` and `shell_id`, and the methods of pywinrm's Protocol.
"""

from __future__ import annotations

import collections.abc as c
import math
import time
import typing as t

from ansible.errors import AnsibleConnectionFailure
from ansible.utils.display import Display
from ansible_collections.mlfleet.packages.plugins.plugin_utils._errors import HostProblem, HostUnreachable
from ansible_collections.mlfleet.packages.plugins.plugin_utils._transport._carrier import Command, Ended, shown

try:
    from requests.exceptions import RequestException
    from winrm.exceptions import WinRMError, WinRMOperationTimeoutError, WinRMTransportError, WSManFaultError

    HAS_PYWINRM = True
except ImportError:
    HAS_PYWINRM = False

# An envelope may hold 500 KB where nobody has changed the quota; base64 makes these 267 KB.
SEND_BYTES = 200_000
SECONDS_TO_END = 10
# ERROR_WSMAN_QUOTA_MAX_OPERATIONS: the shell has run as many commands as it may, a new one may run more.
SHELL_IS_USED_UP = 0x803381A6

display = Display()


class WinrmDirect:
    """Runs command lines of cmd.exe in the shell of Ansible's winrm connection."""

    def __init__(self, connection: t.Any) -> None:
        if not HAS_PYWINRM:
            advice = "install the requirements.txt of this collection next to ansible-core"
            raise HostProblem(f"the controller has no pywinrm, or one older than 0.5.0; {advice}")
        self._connection = connection

    def run(self, command: Command, on_output: c.Callable[[bytes], None]) -> Ended:
        """Runs the command; its processes are gone afterwards, however it ended."""
        deadline = time.monotonic() + command.seconds
        shell_id, command_id = self._start(command.line)
        refused = None
        try:
            refused = self._send(shell_id, command_id, command.stdin)
            if refused is not None:
                # It has ended without reading, and its output tells why; or it waits for what will never come.
                deadline = min(deadline, time.monotonic() + SECONDS_TO_END)
            return self._receive(shell_id, command_id, deadline, on_output)
        except WinRMOperationTimeoutError:
            if refused is not None:
                raise HostProblem(f"it does not take its input ({shown(str(refused))}); {_TRY_POWERSHELL}") from None
            raise HostProblem(f"it did not answer within {command.seconds} seconds; {_AFTER_HANG}") from None
        except (WinRMError, WinRMTransportError, RequestException) as error:
            message = f"the connection was lost during the call ({shown(str(error))}); {_AFTER_LOSS}"
            raise HostUnreachable(message) from None
        finally:
            self._clean_up(shell_id, command_id)

    def _start(self, line: str) -> tuple[str, str]:
        self._connect()
        try:
            return self._connection.shell_id, self._run_command(line)
        except WSManFaultError as fault:
            if getattr(fault, "wmierror_code", None) != SHELL_IS_USED_UP:
                raise HostProblem(f"WinRM does not start a command ({shown(str(fault))}); {_TRY_POWERSHELL}") from None
        except (WinRMError, WinRMTransportError, RequestException) as error:
            raise HostUnreachable(f"WinRM does not answer ({shown(str(error))}); {_AFTER_LOSS}") from None
        # Nothing was started, so that trying once more is safe.
        self._connection.close()
        self._connect()
        return self._connection.shell_id, self._run_command(line)

    def _connect(self) -> None:
        try:
            self._connection._connect()
        except AnsibleConnectionFailure as failure:
            raise HostUnreachable(_logon_problem(str(failure))) from None

    def _run_command(self, line: str) -> str:
        # Console mode would make an end of file out of a control character in the input.
        return t.cast(
            str, self._connection.protocol.run_command(self._connection.shell_id, line, console_mode_stdin=False)
        )

    def _send(self, shell_id: str, command_id: str, stdin: bytes) -> Exception | None:
        """An interpreter that does not start takes no input; what it says comes with its output, so go on."""
        for start in range(0, len(stdin), SEND_BYTES):
            chunk = stdin[start : start + SEND_BYTES]
            try:
                self._connection.protocol.send_command_input(
                    shell_id, command_id, chunk, end=start + SEND_BYTES >= len(stdin)
                )
            except WSManFaultError as fault:
                return t.cast(Exception, fault)
        return None

    def _receive(self, shell_id: str, command_id: str, deadline: float, on_output: c.Callable[[bytes], None]) -> Ended:
        """Reads until the command has ended. pywinrm itself would wait for a hung one for ever."""
        protocol = self._connection.protocol
        usual = protocol.operation_timeout_sec
        errors = b""
        try:
            while True:
                remaining = deadline - time.monotonic()
                protocol.operation_timeout_sec = max(1, min(usual, math.ceil(remaining)))
                try:
                    output, error, exit_code, done = protocol.get_command_output_raw(shell_id, command_id)
                except WinRMOperationTimeoutError:
                    if time.monotonic() >= deadline:
                        raise
                    continue
                errors = (errors + error)[-4096:]
                on_output(output)
                if done:
                    return Ended(exit_code, shown(errors))
                if time.monotonic() >= deadline:
                    raise WinRMOperationTimeoutError()
        finally:
            protocol.operation_timeout_sec = usual

    def _clean_up(self, shell_id: str, command_id: str) -> None:
        try:
            self._connection.protocol.cleanup_command(shell_id, command_id)
        except Exception:  # whatever broke, the command must not stay
            self._close_shell(shell_id)

    def _close_shell(self, shell_id: str) -> None:
        """pywinrm ties message encryption to the socket: once that is broken, only a new logon can reach the shell."""
        try:
            self._connection.reset()
            self._connection.protocol.close_shell(shell_id, close_session=False)
        except Exception as error:
            display.warning(
                f"a command may still be running on the host, which cannot be reached any more: {shown(str(error))}"
            )


_AFTER_HANG = "its command was ended; look at what keeps the host busy, or raise the option time_limit"
_AFTER_LOSS = "check that the host and its WinRM service are up, then run the task again"
_TRY_POWERSHELL = "if this host forbids plain commands, set mlfleet_transport to powershell for it"


def _logon_problem(message: str) -> str:
    if "credentials were rejected" in message:
        advice = "check ansible_user, ansible_password and ansible_winrm_transport"
    elif "certificate verify failed" in message.lower() or "CERTIFICATE_VERIFY_FAILED" in message:
        advice = "make the controller trust its certificate, with ansible_winrm_ca_trust_path for example"
    else:
        advice = "check ansible_host and ansible_port, and that the WinRM service listens there"
    return f"no WinRM connection ({shown(message)}); {advice}"
