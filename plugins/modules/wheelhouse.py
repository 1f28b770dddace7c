#!/usr/bin/python
# Copyright (c) 2026 the mlfleet authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# The implementation is the action plugin of the same name.

from __future__ import annotations

DOCUMENTATION = r"""
module: wheelhouse
short_description: Locks packages for the Pythons of a fleet and builds a folder of exactly the locked wheels
version_added: 1.0.0
description:
  - Resolves a declaration once for each target, which is a full Python version on a platform, with the markers and tags
    of that target and not with those of the controller, and writes one standard lock (PEP 751) per target,
    C(pylock.NAME.toml).
  - What a runtime has already counts. What satisfies stays out of the lock, and protected packages keep their version.
  - Downloads exactly the locked wheels, several at a time, each checked by its sha256. A download that broke off goes
    on where it ended. Targets that need the same wheel share one copy.
  - Proves for every target that each requirement of each wheel is met by the lock or by what is there already.
    If not, the task fails with the name of the requirement and of the package that has it.
  - Nothing is built and no package code is run. Only wheels are ever locked.
  - A second run finds everything done, and asks no index. If something is wrong, no lock and no manifest is written.
author:
  - the mlfleet authors (@mlfleet)
requirements:
  - On the controller, Python 3.10 or newer, ansible-core 2.16 or newer, C(packaging) 26.1 or newer, C(resolvelib) 1.0
    or newer, C(uv), C(unearth) and C(tomli-w); C(tomli) with Python 3.10.
attributes:
  action:
    description: Runs as an action plugin on the controller, and does not connect to any host.
    support: full
  async:
    description: Can be used with C(async).
    support: none
  check_mode:
    description: >-
      Can run in C(check_mode) and tell the truth. It resolves, which asks the indexes, and tells what would be locked
      and fetched.
    support: full
  diff_mode:
    description: Shows what has changed or would change in C(diff_mode).
    support: none
  platform:
    description: The operating systems of the controller.
    support: full
    platforms: posix
options:
  path:
    description:
      - The folder of the wheelhouse on the controller. It is made if it is not there.
      - The option O(mlfleet.packages.python_packages#module:wheelhouse) takes it as it is, with a lock from it as
        O(mlfleet.packages.python_packages#module:lock).
    type: path
    required: true
  targets:
    description:
      - What to lock for. Each entry is a dictionary, or a text such as V(cp37-win_amd64 at 3.7.1).
      - A dictionary has the keys C(python) (the full version, which decides what fits) and C(platform) (a platform tag
        such as V(win_amd64) or V(manylinux_2_28_x86_64)).
      - It may have C(name) (part of the lock's file name), C(abi), C(implementation) (V(cp)) and C(base), which is what
        the runtimes have already, as a list of C(name==version) or as a dictionary.
    type: list
    elements: raw
    default: []
  from_instances:
    description:
      - Results of M(mlfleet.packages.instance_info) with O(mlfleet.packages.instance_info#module:packages=true). Their
        runtimes become targets, equal ones only once.
      - The base of such a target is what all of its runtimes have in the same version.
    type: list
    elements: dict
    default: []
  packages:
    description:
      - What shall be locked, as in O(mlfleet.packages.python_packages#module:packages).
      - Entries for wheels on a host and for single instances are refused.
    type: list
    elements: raw
    default: []
  requirements:
    description:
      - Requirements files on the controller, as in O(mlfleet.packages.python_packages#module:requirements).
    type: list
    elements: path
    default: []
  constraints:
    description: Versions that a package must have if it is needed at all, such as V(numpy<2).
    type: list
    elements: str
    default: []
  allow_protected:
    description:
      - Load-bearing packages that a lock may hold in another version than the base, as in
        O(mlfleet.packages.python_packages#module:allow_protected).
    type: list
    elements: str
    default: []
  index_url:
    description:
      - The package index. Without it, that of the variables E(UV_DEFAULT_INDEX), E(UV_INDEX_URL) and E(PIP_INDEX_URL)
        of the controller, or else PyPI.
      - Users and passwords for it come from its address, from C(.netrc), or, if the address names a user, from the
        keyring. They are never written anywhere.
    type: str
  extra_index_urls:
    description:
      - Further indexes, asked before O(index_url). A package comes from the first index that has it. Without it, those
        of the variables E(UV_INDEX), E(UV_EXTRA_INDEX_URL) and E(PIP_EXTRA_INDEX_URL).
    type: list
    elements: str
    default: []
  find_links:
    description: Folders of wheels on the controller, or addresses of pages with links to wheels, besides the indexes.
    type: list
    elements: str
    default: []
  no_index:
    description: Whether to ask no index at all. O(find_links) must have everything then.
    type: bool
    default: false
  ca_bundle:
    description: A file with the certificates that vouch for the indexes.
    type: path
  state:
    description:
      - With V(present), locks and wheels. With V(locked), locks only. With V(pruned), wheels that no lock of the
        wheelhouse refers to are removed, and nothing else is done.
    type: str
    choices:
      - present
      - locked
      - pruned
    default: present
  upgrade:
    description:
      - Whether to lock the newest versions that there are. Otherwise what is locked stays, as far as it still does.
    type: bool
    default: false
  jobs:
    description: How many targets are resolved, and how many wheels are downloaded, at a time.
    type: int
    default: 8
  time_limit:
    description: Seconds after which the task is given up. What was downloaded by then is kept for the next run.
    type: int
    default: 1800
notes:
  - It does the same for whichever host it runs, so run it once, with C(run_once) or C(delegate_to=localhost).
seealso:
  - module: mlfleet.packages.python_packages
  - module: mlfleet.packages.instance_info
"""

EXAMPLES = r"""
- name: Look at all instances of the fleet
  mlfleet.packages.instance_info:
    packages: true
  register: found

- name: Build a wheelhouse for all of their Pythons
  mlfleet.packages.wheelhouse:
    path: files/wheelhouse
    from_instances: "{{ ansible_play_hosts | map('extract', hostvars, 'found') | list }}"
    packages:
      - pandas
      - scikit-learn
      - click
  run_once: true

- name: Build one for SQL Server 2017 and 2019 as they come
  mlfleet.packages.wheelhouse:
    path: files/wheelhouse
    targets:
      - name: sql2017
        python: "3.5.2"
        platform: win_amd64
      - name: sql2019
        python: "3.7.1"
        platform: win_amd64
        base:
          - numpy==1.15.4
          - pandas==0.23.4
    requirements:
      - files/requirements.txt
  delegate_to: localhost
  run_once: true

- name: See what newer versions there are
  mlfleet.packages.wheelhouse:
    path: files/wheelhouse
    targets:
      - cp310-win_amd64 at 3.10.2
    packages:
      - pandas
    upgrade: true
  check_mode: true
  delegate_to: localhost
  run_once: true

- name: Remove the wheels that no lock needs any more
  mlfleet.packages.wheelhouse:
    path: files/wheelhouse
    state: pruned
  delegate_to: localhost
  run_once: true

- name: Install what was locked
  mlfleet.packages.python_packages:
    instances: all
    lock: files/wheelhouse/pylock.sql2019.toml
    wheelhouse: files/wheelhouse
"""

RETURN = r"""
format:
  description: Version of this structure.
  type: int
  returned: success
  sample: 1
targets:
  description: The targets, each with its lock.
  type: list
  elements: dict
  returned: success
  contains:
    name:
      description: Name of the target.
      type: str
      sample: sql2019
    lock:
      description: Path of its lock.
      type: str
      sample: /srv/playbooks/files/wheelhouse/pylock.sql2019.toml
    wheels:
      description: Number of wheels in the lock.
      type: int
      sample: 16
    bytes:
      description: Size of these wheels together, as far as it is known.
      type: int
      sample: 66698454
    packages:
      description: The locked packages with their versions.
      type: dict
      sample: {"pandas": "1.3.5"}
fetched:
  description: The wheels that were fetched, or would be.
  type: list
  elements: str
  returned: success
  sample: [pandas-1.3.5-cp37-cp37m-win_amd64.whl]
removed:
  description: The wheels that were removed, or would be.
  type: list
  elements: str
  returned: success
  sample: []
bytes:
  description: Size of all wheels together, each counted once.
  type: int
  returned: success
  sample: 200328231
licences:
  description: The packages by licence, as their metadata says it.
  type: dict
  returned: success
  sample: {"BSD-3-Clause": [click, pandas]}
notes:
  description: What is worth knowing and forbids nothing, such as requirements that follow no standard.
  type: list
  elements: str
  returned: success
  sample: []
"""
