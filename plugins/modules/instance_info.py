#!/usr/bin/python
# Copyright (c) 2026 the mlfleet authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# The implementation is the action plugin of the same name.

from __future__ import annotations

DOCUMENTATION = r"""
module: instance_info
short_description: Facts of SQL Server Machine Learning Services instances and of their runtimes
version_added: 1.0.0
description:
  - Finds the SQL Server instances with Machine Learning Services of a host and the Python runtimes that belong to
    them, and tells what each runtime is and, if asked for, which packages it has.
  - On Windows the registry and the launcher configuration tell where the runtimes are. Two instances may share one
    runtime, and one instance may have two. Standalone Machine Learning Server homes are found as well.
  - On Linux the runtimes of SQL Server for Linux and conda prefixes are found; virtual environments and other
    interpreters are looked at when O(runtimes) names them.
  - Everything comes in one call. The host is asked by a small program that is run by its own Python, sent over the wire
    with the call, and leaves nothing behind.
author:
  - the mlfleet authors (@mlfleet)
extends_documentation_fragment:
  - mlfleet.packages.agent
attributes:
  check_mode:
    description: Can run in C(check_mode) and tell the truth, because it changes nothing.
    support: full
  diff_mode:
    description: Shows what has changed or would change in C(diff_mode).
    support: none
options:
  instances:
    description:
      - Names of the instances to look at, V(MSSQLSERVER) for the default instance. Without names, all of them.
      - An instance that is not there is an error.
    type: list
    elements: str
    default: []
  runtimes:
    description:
      - Further runtimes to look at, each by its home, its interpreter, or a folder that holds several homes.
      - A place without a runtime is an error.
    type: list
    elements: str
    default: []
  packages:
    description: Whether to list the packages of each runtime, and what is odd about them.
    type: bool
    default: false
"""

EXAMPLES = r"""
- name: Find the instances of a host
  mlfleet.packages.instance_info:
  register: found

- name: Which Python does each instance have
  ansible.builtin.debug:
    msg: "{{ item.instances | join(', ') }}: Python {{ item.snapshot.interpreter.version }} in {{ item.home }}"
  loop: "{{ found.runtimes }}"
  loop_control:
    label: "{{ item.home }}"

- name: List the packages of two instances
  mlfleet.packages.instance_info:
    instances:
      - MSSQLSERVER
      - SQL01
    packages: true

- name: Look at the virtual environments of a Linux host
  mlfleet.packages.instance_info:
    runtimes:
      - /srv/environments
    packages: true
"""

RETURN = r"""
format:
  description: Version of this structure.
  type: int
  returned: success
  sample: 1
instances:
  description: The instances, sorted by name.
  type: list
  elements: dict
  returned: success
  contains:
    name:
      description: Name of the instance.
      type: str
      sample: SQL01
    id:
      description: Identifier of the instance in the registry.
      type: str
      sample: MSSQL15.SQL01
    release:
      description: Release of SQL Server, null if its version is not known to this collection.
      type: str
      sample: "2019"
    version:
      description: Version at setup.
      type: str
      sample: 15.0.2000.5
    patch_level:
      description: Version after the last update. When it changes, an update may have replaced packages.
      type: str
      sample: 15.0.4375.4
    edition:
      description: Edition.
      type: str
      sample: Standard Edition
    features:
      description: The feature list of setup.
      type: list
      elements: str
      sample: [SQL_Engine_Core_Inst=3, AdvancedAnalytics=3]
    path:
      description: Folder of the instance.
      type: str
      sample: C:\Program Files\Microsoft SQL Server\MSSQL15.SQL01\MSSQL
    launchpad:
      description: The service that starts the runtimes, null where there is none.
      type: dict
      contains:
        service:
          description: Name of the service.
          type: str
          sample: MSSQLLaunchpad$SQL01
        account:
          description: The account that it runs as.
          type: str
          sample: NT Service\MSSQLLaunchpad$SQL01
    runtimes:
      description: Homes of the runtimes that belong to the instance.
      type: list
      elements: str
      sample: ['C:\Program Files\Microsoft SQL Server\MSSQL15.SQL01\PYTHON_SERVICES']
    effective_runtime:
      description: The home that SQL Server uses, as far as the launcher configuration tells; null if it does not.
      type: str
      sample: C:\Program Files\Microsoft SQL Server\MSSQL15.SQL01\PYTHON_SERVICES
    configured_home:
      description: The home in the launcher configuration, as it stands there.
      type: str
      sample: C:\PROGRA~1\MICROS~1\MSSQL15.SQL01\PYTHON_SERVICES
runtimes:
  description: The runtimes, each once, also where several instances use it.
  type: list
  elements: dict
  returned: success
  contains:
    home:
      description: Home of the runtime.
      type: str
      sample: C:\Program Files\Microsoft SQL Server\MSSQL15.SQL01\PYTHON_SERVICES
    interpreter:
      description: Its interpreter.
      type: str
      sample: C:\Program Files\Microsoft SQL Server\MSSQL15.SQL01\PYTHON_SERVICES\python.exe
    instances:
      description: Names of the instances that it belongs to.
      type: list
      elements: str
      sample: [SQL01]
    origin:
      description: >-
        How it was found: V(setup), V(launcher), V(ml-server), V(conda), V(virtual-environment) or V(named).
      type: str
      sample: setup
    named:
      description: Whether O(runtimes) names it.
      type: bool
      sample: false
    problem:
      description: Why it has no snapshot; null if it has one. A problem makes the task fail.
      type: str
      sample: its interpreter ended with exit code 1 and no answer
    snapshot:
      description: What the runtime has now.
      type: dict
      contains:
        interpreter:
          description: Version, ABI, platform and marker environment of the interpreter.
          type: dict
          sample: {version: 3.7.1, implementation: cpython, abi_flags: m, pointer_bits: 64, platform: win-amd64}
        pip_version:
          description: Version of its pip, null without one. Only with O(packages=true).
          type: str
          sample: 18.1
        folders:
          description: The folders that were looked at, in the order of the interpreter. Only with O(packages=true).
          type: list
          elements: str
        distributions:
          description: >-
            The installed distributions in that order, each with C(name), C(version), C(record) (one of V(dist-info),
            V(egg-info), V(distutils), V(egg), V(egg-link), V(conda-meta)), C(location), C(metadata), C(requires),
            C(installer), C(direct_url), C(editable), C(shadowed) and C(conda_build). Only with O(packages=true).
          type: list
          elements: dict
          sample: [{name: pandas, version: 0.23.4, record: dist-info, requires: ['numpy (>=1.9.0)']}]
        oddities:
          description: >-
            What an operator must know, each with C(kind) (one of V(duplicate), V(leftover), V(unreadable),
            V(user-site), V(environment)), C(path) and C(detail). Only with O(packages=true).
          type: list
          elements: dict
          sample: [{kind: leftover, path: '...\~andas', detail: ~andas is what pip leaves behind ...}]
"""
