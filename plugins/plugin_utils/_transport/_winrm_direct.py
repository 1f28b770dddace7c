# Copyright (c) 2026 the mlfleet authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This file is private to mlfleet.packages: it may change in any release.
"""WinRM without PowerShell: Ansible's connection logs on and opens the shell, pywinrm runs the interpreter in it.

Only public parts are used: the connection's `protocol` and `shell_id`, and the methods of pywinrm's Protocol.
"""

from __future__ import annotations

import collections.abc as c
import contextlib
import math
import time
import typing as t

from ansible.errors import AnsibleConnectionFailure
from ansible.utils.display import Display
from ansible_collections.mlfleet.packages.plugins.plugin_utils._errors import HostProblem, HostUnreachable
from ansible_collections.mlfleet.packages.plugins.plugin_utils._transport import _choice, _winrm_shells
from ansible_collections.mlfleet.packages.plugins.plugin_utils._transport._carrier import Carrier, Command, Ended, shown

try:
    from requests.exceptions import RequestException
    from winrm.exceptions import WinRMError, WinRMOperationTimeoutError, WinRMTransportError, WSManFaultError

    HAS_PYWINRM = True
except ImportError:
    HAS_PYWINRM = False

# MaxEnvelopeSizekb where nobody has changed it; in the messages of the service it is 512000.
ENVELOPE_KB = 500
# What pywinrm writes around the input are 1.9 KB, and 0.4 KB more if the message is encrypted.
AROUND_INPUT = 4096
SMALLEST_ENVELOPE_KB = 32
SECONDS_TO_END = 10
# ERROR_WSMAN_QUOTA_MAX_OPERATIONS: the shell has run as many commands as it may, a new one may run more.
SHELL_IS_USED_UP = 0x803381A6
# ERROR_BUSY: the input of before is still being handed on.
BUSY = 170
TOO_LARGE = 413

display = Display()


class _Patience:
    """How long a command may still take; whatever the host takes from us is a sign of life."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self.renew()

    def renew(self) -> None:
        self._end = time.monotonic() + self._seconds

    def cut(self, seconds: float) -> None:
        self._end = min(self._end, time.monotonic() + seconds)

    @property
    def left(self) -> float:
        return self._end - time.monotonic()


class WinrmDirect(Carrier):
    """Runs command lines of cmd.exe in the shell of Ansible's winrm connection, or of one beside it."""

    several = True

    def __init__(self, connection: t.Any, envelope_kb: int | None = None) -> None:
        if not HAS_PYWINRM:
            advice = "install the requirements.txt of this collection next to ansible-core"
            raise HostProblem(f"the controller has no pywinrm, or one older than 0.5.0; {advice}")
        if envelope_kb is not None and envelope_kb < SMALLEST_ENVELOPE_KB:
            advice = "set it to the MaxEnvelopeSizekb of the WinRM service, or not at all"
            raise HostProblem(f"{_choice.ENVELOPE} is {envelope_kb}, less than {SMALLEST_ENVELOPE_KB}; {advice}")
        self._connection = connection
        self._envelope_kb = envelope_kb or ENVELOPE_KB

    @contextlib.contextmanager
    def side_by_side(self, count: int) -> c.Iterator[c.Sequence[Carrier]]:
        """Further shells, as many as the quota of the service leaves."""
        self._connect()
        with _winrm_shells.opened(self._connection.protocol, count - 1) as shells:
            yield [self, *(WinrmDirect(shell, self._envelope_kb) for shell in shells)]

    def run(self, command: Command, on_output: c.Callable[[bytes], None]) -> Ended:
        """Runs the command; its processes are gone afterwards, however it ended."""
        patience = _Patience(command.seconds)
        shell_id, command_id = self._start(command.line)
        refused = None
        try:
            refused = self._send(shell_id, command_id, command.stdin, patience)
            if refused is not None:
                # It has ended without reading, and its output tells why; or it waits for what will never come.
                patience.cut(SECONDS_TO_END)
            return self._receive(shell_id, command_id, patience, on_output)
        except WinRMOperationTimeoutError:
            if refused is not None:
                raise HostProblem(f"it does not take its input ({shown(str(refused))}); {_TRY_POWERSHELL}") from None
            raise HostProblem(f"it did not answer within {command.seconds} seconds; {_AFTER_HANG}") from None
        except (WinRMError, WinRMTransportError, RequestException) as error:
            if getattr(error, "code", None) == TOO_LARGE:
                raise HostProblem(_too_large(self._envelope_kb)) from None
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

    def _send(
        self, shell_id: str, command_id: str, stdin: c.Iterable[bytes], patience: _Patience
    ) -> WSManFaultError | None:
        """An interpreter that does not start takes no input; what it says comes with its output, so go on."""
        for chunk, last in _chunks(stdin, self._chunk_size()):
            try:
                self._send_chunk(shell_id, command_id, chunk, last, patience)
            except WSManFaultError as fault:
                return fault
        return None

    def _chunk_size(self) -> int:
        room = self._envelope_kb * 1024 - AROUND_INPUT
        if self._connection.protocol.transport.auth_method == "credssp":
            # It encrypts 16 KB at a time, and writes 0.4 KB around each.
            room -= room // 32
        return int(room // 4 * 3)

    def _send_chunk(self, shell_id: str, command_id: str, chunk: bytes, last: bool, patience: _Patience) -> None:
        protocol = self._connection.protocol
        while True:
            try:
                with self._operation_timeout(patience):
                    protocol.send_command_input(shell_id, command_id, chunk, end=last)
                patience.renew()
                return
            except WinRMOperationTimeoutError:
                # The service goes on handing it over, so it must not be sent again.
                if patience.left <= 0:
                    raise
                return
            except WSManFaultError as fault:
                if fault.wsman_fault_code != BUSY:
                    raise
                if patience.left <= 0:
                    raise WinRMOperationTimeoutError() from None
                time.sleep(1)

    @contextlib.contextmanager
    def _operation_timeout(self, patience: _Patience) -> c.Iterator[None]:
        """No single request lasts longer than there is patience for. pywinrm would wait for a hung one for ever."""
        protocol = self._connection.protocol
        usual = protocol.operation_timeout_sec
        protocol.operation_timeout_sec = max(1, min(usual, math.ceil(patience.left)))
        try:
            yield
        finally:
            protocol.operation_timeout_sec = usual

    def _receive(
        self, shell_id: str, command_id: str, patience: _Patience, on_output: c.Callable[[bytes], None]
    ) -> Ended:
        """Reads until the command has ended."""
        errors = b""
        while True:
            try:
                with self._operation_timeout(patience):
                    output, error, exit_code, done = self._connection.protocol.get_command_output_raw(
                        shell_id, command_id
                    )
            except WinRMOperationTimeoutError:
                if patience.left <= 0:
                    raise
                continue
            errors = (errors + error)[-4096:]
            on_output(output)
            if done:
                return Ended(exit_code, shown(errors))
            if patience.left <= 0:
                raise WinRMOperationTimeoutError()

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


def _chunks(blocks: c.Iterable[bytes], size: int) -> c.Iterator[tuple[bytes, bool]]:
    """The same bytes in chunks of this size, each with whether it is the last; none if there are no bytes."""
    waiting = bytearray()
    for block in blocks:
        waiting += block
        while len(waiting) > size:
            yield bytes(waiting[:size]), False
            del waiting[:size]
    if waiting:
        yield bytes(waiting), True


def _too_large(envelope_kb: int) -> str:
    advice = f"set {_choice.ENVELOPE} for it to its MaxEnvelopeSizekb (winrm get winrm/config)"
    return f"the WinRM service takes no requests of {envelope_kb} KB; {advice}"


def _logon_problem(message: str) -> str:
    if "credentials were rejected" in message:
        advice = "check ansible_user, ansible_password and ansible_winrm_transport"
    elif "certificate verify failed" in message.lower() or "CERTIFICATE_VERIFY_FAILED" in message:
        advice = "make the controller trust its certificate, with ansible_winrm_ca_trust_path for example"
    else:
        advice = "check ansible_host and ansible_port, and that the WinRM service listens there"
    return f"no WinRM connection ({shown(message)}); {advice}"
