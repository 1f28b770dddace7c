# Copyright (c) 2026 the mlfleet authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


class ModuleDocFragment:
    """What all modules of this collection that talk to a host have in common."""

    DOCUMENTATION = r"""
requirements:
  - On the controller, Python 3.10 or newer and ansible-core 2.16 or newer; C(pywinrm) for hosts over WinRM.
  - On the host, any CPython 3.5 or newer; the one of a SQL Server instance will do. Nothing is installed there.
attributes:
  action:
    description: Runs as an action plugin on the controller, which talks to the host by itself.
    support: full
  async:
    description: Can be used with C(async).
    support: none
  platform:
    description: The operating systems of the hosts.
    support: full
    platforms: windows, posix
options:
  time_limit:
    description:
      - Seconds after which a call that has not ended is given up. Its processes on the host are ended then.
      - A runtime whose interpreter hangs is named after three quarters of this time.
    type: int
    default: 300
notes:
  - Windows hosts are reached over the connections P(ansible.builtin.winrm#connection),
    P(ansible.builtin.psrp#connection) and P(ansible.builtin.ssh#connection), Linux hosts over
    P(ansible.builtin.ssh#connection) and P(ansible.builtin.local#connection).
  - All login options of these connections work, because Ansible opens them.
  - Over WinRM no PowerShell is started. The variable C(mlfleet_transport) can be V(auto) (the default), V(direct)
    or V(powershell), the last for the rare host that forbids plain commands.
  - The variable C(mlfleet_interpreter) names the interpreter that runs the agent on a host, and saves the question
    for it. Without it, Windows hosts are asked for one, in the registry.
  - C(become) works on Linux hosts. On Windows, log on as the account that may read the runtimes.
  - On Linux hosts C(timeout) of coreutils is needed.
"""
