#!/usr/bin/python
# Copyright (c) 2026 the mlfleet authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# The implementation is the action plugin of the same name.

from __future__ import annotations

DOCUMENTATION = r"""
module: stage
short_description: Brings wheels to a host ahead of a change
version_added: 1.0.0
description:
  - Brings the wheels that the runtimes of a host are going to need into the store of that host, so that a later change
    by M(mlfleet.packages.python_packages) finds them there and sends nothing. No runtime is touched.
  - The host is asked once which wheels its store lacks, and only those travel. What was broken off goes on where it
    ended. A file appears in the store only after its sha256 was checked.
  - Over P(ansible.builtin.winrm#connection), large transfers use several shells side by side.
  - The store is one folder for all runtimes of a host, C(%ProgramData%\mlfleet\store) on Windows. On Linux it is
    C(/var/lib/mlfleet/store) if the account may write there, or else C(.local/share/mlfleet/store) in its home. The
    variable C(mlfleet_store) names another one.
author:
  - the mlfleet authors (@mlfleet)
extends_documentation_fragment:
  - mlfleet.packages.agent
requirements:
  - On the controller, C(packaging) 26.1 or newer; C(tomli) for locks with Python 3.10.
attributes:
  check_mode:
    description: Can run in C(check_mode) and tell which wheels and how many bytes would travel.
    support: full
  diff_mode:
    description: Shows what has changed or would change in C(diff_mode).
    support: none
  idempotent:
    description: A second run sends nothing.
    support: full
options:
  instances:
    description:
      - Names of the instances whose runtimes are meant, V(MSSQLSERVER) for the default instance. Without names, all.
      - An instance stands for the runtime that SQL Server uses for it.
    type: list
    elements: str
    default: []
  runtimes:
    description:
      - Further runtimes that are meant, each by its home, its interpreter, or a folder that holds several homes.
    type: list
    elements: str
    default: []
  wheelhouse:
    description:
      - A folder on the controller with the wheels.
      - Without O(locks), the locks in this folder (C(pylock.toml) and C(pylock.*.toml)) say which of its wheels are
        meant. If there are none, all wheels are meant that at least one of the runtimes can install.
    type: path
  locks:
    description:
      - Locks (PEP 751) on the controller, or folders with locks. Of these, all that fit a runtime count for it; that
        none fits is an error.
    type: list
    elements: path
    default: []
  source:
    description:
      - Where the bytes come from. V(controller) sends them over the connection of Ansible.
      - With V(url), the host gets them from a web server, and with V(share) from a file server. The sha256 is checked
        in either case. What was broken off begins anew.
    type: str
    choices:
      - controller
      - url
      - share
    default: controller
  url:
    description:
      - With O(source=url), the URL under which a web server offers the folder O(wheelhouse).
      - The host must trust the certificate of the server. There is no way to send a password.
    type: str
  share:
    description:
      - With O(source=share), the path under which the host sees the folder O(wheelhouse), such as
        C(\\files\wheelhouse).
      - Windows passes a logon over the network on to a second machine only with CredSSP or Kerberos delegation.
    type: str
  keep_days:
    description:
      - Removes wheels from the store that no task has wanted for so many days. V(0) keeps them.
      - The wheels of this task always stay.
    type: int
    default: 0
  keep_mb:
    description:
      - Removes wheels from the store, those first that were not wanted for longest, until it has no more than so many
        megabytes. V(0) keeps them.
      - The wheels of this task always stay.
    type: int
    default: 0
notes:
  - The variable C(mlfleet_streams) says how many transfers may run side by side over WinRM; V(4) is the default. The
    quota of the service may leave fewer.
  - The variable C(mlfleet_winrm_envelope_kb) is the C(MaxEnvelopeSizekb) of the WinRM service where it is not the
    default of V(500).
  - With C(-v), each wheel is shown with its bytes and its rate when it was sent.
"""

EXAMPLES = r"""
- name: Bring what the locks of the wheelhouse demand to the hosts, days before the change
  mlfleet.packages.stage:
    wheelhouse: wheelhouse

- name: See how many bytes would travel
  mlfleet.packages.stage:
    wheelhouse: wheelhouse
  check_mode: true
  register: staged

- name: Let the hosts fetch the wheels from a web server in their own data centre
  mlfleet.packages.stage:
    wheelhouse: wheelhouse
    source: url
    url: https://wheels.example.com/wheelhouse

- name: Stage for one instance, and remove what was not wanted for half a year
  mlfleet.packages.stage:
    instances:
      - SQL01
    wheelhouse: wheelhouse
    locks:
      - wheelhouse/pylock.sql2019.toml
    keep_days: 180
"""

RETURN = r"""
format:
  description: Version of this structure.
  type: int
  returned: success
  sample: 1
store:
  description: The folder of the store on the host.
  type: str
  returned: success
  sample: C:\ProgramData\mlfleet\store
sent_bytes:
  description: How many bytes of wheels travelled to the host or, in check mode, would travel.
  type: int
  returned: success
  sample: 20120000
wheels:
  description: The wheels that the runtimes are going to need, each once.
  type: list
  elements: dict
  returned: success
  contains:
    file_name:
      description: The name of the file.
      type: str
      sample: numpy-1.21.6-cp37-cp37m-win_amd64.whl
    sha256:
      description: The hash of its content.
      type: str
    size:
      description: Its bytes.
      type: int
    status:
      description: V(there) if the store had it, V(sent) if it was brought there, V(would send) in check mode.
      type: str
      sample: sent
runtimes:
  description: The runtimes that are meant.
  type: list
  elements: dict
  returned: success
  contains:
    home:
      description: The folder of the runtime.
      type: str
      sample: C:\Program Files\Microsoft SQL Server\MSSQL15.MSSQLSERVER\PYTHON_SERVICES
    instances:
      description: The instances that use it.
      type: list
      elements: str
      sample: [MSSQLSERVER]
    target:
      description: What it can install.
      type: str
      sample: cp37-win_amd64 at 3.7.1
    locks:
      description: The locks that fit it.
      type: list
      elements: str
    wheels:
      description: The wheels for it, by the names of their files.
      type: list
      elements: str
collected:
  description:
    - The wheels that were removed from the store or, in check mode, would be, with C(file_name), C(sha256) and C(size).
  type: list
  elements: dict
  returned: success
"""
