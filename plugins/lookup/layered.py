# Copyright (c) 2026 the mlfleet authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
name: layered
short_description: What fleet, group, host and instance declare, put together
version_added: 1.0.0
author:
  - the mlfleet authors (@mlfleet)
description:
  - Takes the variables C(mlfleet_layer_<name>) of a host, each a list of packages as
    O(mlfleet.packages.python_packages#module:packages) has them, and returns one list for that module.
  - The variable C(mlfleet_layers) names the layers, the farthest first. Without it, they are V(fleet), V(group) and
    V(host). A layer that the host has no variable for is passed over.
  - What a nearer layer says of a package replaces all that farther ones say of it. An entry with the key C(instances)
    is nearer for these instances than any entry without.
  - An entry with C(narrows) set to V(true) replaces nothing, but adds its version to what the farther layers say.
  - An entry with C(state) set to V(undeclared) takes back what the farther layers say.
  - Each entry of the answer carries the name of its layer as its C(origin), which is told in the plan.
  - M(mlfleet.packages.python_packages) does the same by itself with
    O(mlfleet.packages.python_packages#module:from_inventory), and so do the roles P(mlfleet.packages.converge#role) and
    P(mlfleet.packages.drift_report#role).
"""

EXAMPLES = r"""
- name: Keep the packages as the layers declare them
  mlfleet.packages.python_packages:
    instances: all
    wheelhouse: files/wheelhouse
    packages: "{{ query('mlfleet.packages.layered') }}"

- name: Layers in an inventory, here as variables of the task
  ansible.builtin.debug:
    msg: "{{ query('mlfleet.packages.layered') }}"
  vars:
    mlfleet_layers: [fleet, sql2019, host]
    mlfleet_layer_fleet:
      - urllib3>=1.26.5
      - click>=7,<8
    mlfleet_layer_sql2019:
      - {name: urllib3, version: "<2", narrows: true}
    mlfleet_layer_host:
      - {name: click, state: undeclared}
"""

RETURN = r"""
_list:
  description: The packages, each once unless markers or instances tell several entries apart.
  type: list
  elements: dict
"""

import typing as t

from ansible.errors import AnsibleLookupError
from ansible.plugins.lookup import LookupBase
from ansible_collections.mlfleet.packages.plugins.plugin_utils import _layers
from ansible_collections.mlfleet.packages.plugins.plugin_utils._errors import HostProblem


class LookupModule(LookupBase):
    """See the documentation above."""

    def run(self, terms: list[t.Any], variables: dict[str, t.Any] | None = None, **kwargs: t.Any) -> list[t.Any]:
        """The packages; Ansible calls this."""
        if terms or kwargs:
            raise AnsibleLookupError("mlfleet.packages.layered takes nothing; name the layers in mlfleet_layers")
        templar: t.Any = self._templar
        known = variables or {}
        try:
            return _layers.of_host(known, lambda name: templar.template(known[name]))
        except HostProblem as problem:
            raise AnsibleLookupError(str(problem)) from None
