# Copyright (c) 2026 the mlfleet authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This file is private to mlfleet.packages: it may change in any release.
"""Windows over psrp or ssh: PowerShell starts the same command line, and passes input and output through.

The script is a constant; what differs from call to call comes as data on standard input. Not tested with a
real PowerShell: the test bed has none.
"""

from __future__ import annotations

import base64
import collections.abc as c
import json
import typing as t

from ansible.errors import AnsibleConnectionFailure
from ansible_collections.mlfleet.packages.plugins.plugin_utils._errors import HostProblem, HostUnreachable
from ansible_collections.mlfleet.packages.plugins.plugin_utils._transport._carrier import Carrier, Command, Ended, shown

TIME_LIMIT_MARK = "MLFLEET-TIME-LIMIT"
# The input goes to the child's BaseStream, because PowerShell would re-encode what passes through a pipeline.
SCRIPT = """
$lines = @($input)
$call = ConvertFrom-Json -InputObject $lines[0]
$info = New-Object -TypeName System.Diagnostics.ProcessStartInfo
$info.FileName = $env:ComSpec
$info.Arguments = '/d /c ' + $call.line
$info.UseShellExecute = $false
$info.RedirectStandardInput = $true
$info.RedirectStandardOutput = $true
$info.RedirectStandardError = $true
$process = [System.Diagnostics.Process]::Start($info)
$output = $process.StandardOutput.ReadToEndAsync()
$errors = $process.StandardError.ReadToEndAsync()
$bytes = [System.Convert]::FromBase64String($lines[1])
try {
$process.StandardInput.BaseStream.Write($bytes, 0, $bytes.Length)
$process.StandardInput.Close()
} catch [System.IO.IOException] { }
if (-not $process.WaitForExit(1000 * $call.seconds)) {
taskkill.exe /T /F /PID $process.Id | Out-Null
'MLFLEET-TIME-LIMIT'
exit 1
}
$output.Result
[System.Console]::Error.Write($errors.Result)
exit $process.ExitCode
"""


class PowerShell(Carrier):
    """Runs command lines of cmd.exe through the public exec_command of any connection to Windows."""

    # The script reads it as one line, of which PowerShell keeps several copies.
    input_limit = 16 * 1024 * 1024

    def __init__(self, connection: t.Any) -> None:
        self._connection = connection

    def run(self, command: Command, on_output: c.Callable[[bytes], None]) -> Ended:
        """Runs the command; its output comes all at once, when it has ended."""
        call = json.dumps({"line": command.line, "seconds": command.seconds})
        in_data = call.encode("ascii") + b"\n" + base64.b64encode(b"".join(command.stdin)) + b"\n"
        try:
            exit_code, stdout, stderr = self._connection.exec_command(self._script(), in_data=in_data, sudoable=False)
        except AnsibleConnectionFailure as failure:
            advice = "check the connection variables of the host and that its service listens"
            raise HostUnreachable(f"no connection ({shown(str(failure))}); {advice}") from None
        if TIME_LIMIT_MARK.encode("ascii") in stdout:
            advice = "its command was ended; look at what keeps the host busy, or raise the option time_limit"
            raise HostProblem(f"it did not answer within {command.seconds} seconds; {advice}")
        on_output(stdout)
        return Ended(exit_code, shown(stderr))

    def _script(self) -> str:
        """winrm and psrp make a command of a script by themselves; over ssh nobody does, and its shell may be cmd."""
        if self._connection.transport.rpartition(".")[2] != "ssh":
            return SCRIPT
        return t.cast(str, self._connection._shell._encode_script(SCRIPT, strict_mode=False, preserve_rc=False))
