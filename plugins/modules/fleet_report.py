#!/usr/bin/python
# Copyright (c) 2026 the mlfleet authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# The implementation is the action plugin of the same name.

from __future__ import annotations

DOCUMENTATION = r"""
module: fleet_report
short_description: Writes a drift report on many hosts
version_added: 1.0.0
description:
  - Merges what M(mlfleet.packages.python_packages) returned for each host of the play into one report, and writes it to
    a folder of the controller as C(report.json), C(report.md), C(report.xml) (JUnit) and C(report.html).
  - Hosts that were unreachable, failed, were not asked, or gave an answer that cannot be relied on are in it as
    unknown, never as clean.
  - It talks to no host. Run it once, with C(run_once), when all hosts have been asked. The role
    P(mlfleet.packages.drift_report#role) does both.
author:
  - the mlfleet authors (@mlfleet)
attributes:
  check_mode:
    description: Can run in C(check_mode) without changing hosts.
    support: full
    details: The report is written in check mode as well.
  diff_mode:
    description: Says what changed.
    support: none
  idempotent:
    description: A second run changes nothing.
    support: N/A
    details: A report is no state. The task never says that it changed something.
options:
  folder:
    description: The folder that the report is written to. It is made where it does not exist.
    type: path
    required: true
  title:
    description: The title of the report.
    type: str
    default: Package drift
  previous:
    description:
      - The C(report.json) of an earlier report, to see what appeared since and what was fixed.
      - Without it, the one that is about to be replaced in O(folder), if there is one.
    type: path
  variable:
    description: The name of the variable that the results of M(mlfleet.packages.python_packages) were registered in.
    type: str
    default: drift_report_result
"""

EXAMPLES = r"""
- name: Look at all hosts
  mlfleet.packages.python_packages:
    instances: all
    wheelhouse: files/wheelhouse
    packages:
      - click>=7,<8
  check_mode: true
  ignore_errors: true
  ignore_unreachable: true
  register: drift

- name: Write the report
  mlfleet.packages.fleet_report:
    folder: /srv/reports/drift
    variable: drift
  run_once: true
  delegate_to: localhost
"""

RETURN = r"""
format:
  description: Version of this structure.
  type: int
  returned: success
  sample: 1
clean:
  description: Whether every host is known to be as declared.
  type: bool
  returned: success
  sample: false
sentence:
  description: The report in one sentence.
  type: str
  returned: success
  sample: "3 hosts, 5 instances: 3 clean, 1 drifted, 0 refused, 0 failed, 1 unknown"
hosts:
  description: Number of hosts.
  type: int
  returned: success
  sample: 3
instances:
  description: >-
    Number of instances by status. A runtime that no instance uses, and a host of which nothing is known, count as one.
  type: dict
  returned: success
  sample: {clean: 3, drifted: 1, refused: 0, failed: 0, unknown: 1}
drift:
  description: Number of packages that drift, by the kind of drift, over all instances.
  type: dict
  returned: success
  sample: {protected: 0, version: 2, missing: 1, tampered: 0, extra: 0, broken: 0}
drifted_hosts:
  description: Names of hosts that are not as declared, the first twenty.
  type: list
  elements: str
  returned: success
  sample: [sql1]
unknown_hosts:
  description: Names of hosts of which nothing or not everything is known, the first twenty.
  type: list
  elements: str
  returned: success
  sample: [sql3]
names_left_out:
  description: How many names the two lists lack.
  type: int
  returned: success
  sample: 0
appeared:
  description: Number of differences that an earlier report had not; null without one.
  type: int
  returned: success
  sample: 1
fixed:
  description: Number of differences of an earlier report that are gone; null without one.
  type: int
  returned: success
  sample: 4
files:
  description: The paths of the report, by their ending.
  type: dict
  returned: success
  sample: {html: /srv/reports/drift/report.html, json: /srv/reports/drift/report.json}
"""
