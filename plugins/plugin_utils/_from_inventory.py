# Copyright (c) 2026 the mlfleet authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This file is private to mlfleet.packages: it may change in any release.
"""What the inventory says of a host, as options of python_packages: the variables mlfleet_<option>, and the layers.

The roles could say the same in templates, and did. Ansible compiles each of them anew for each host, which cost as much
as everything else of a drift check.
"""

from __future__ import annotations

import collections.abc as c
import typing as t

from ansible.module_utils.parsing.convert_bool import boolean
from ansible_collections.mlfleet.packages.plugins.plugin_utils import _layers
from ansible_collections.mlfleet.packages.plugins.plugin_utils._errors import HostProblem

OPTION = "from_inventory"
PACKAGES = "packages"
# They say together what a task is about.
SUBJECTS = ("instances", "runtimes", "runtime")

Options = c.Mapping[str, t.Any]


def options(known: c.Collection[str], given: Options, variables: Options, template: _layers.Template) -> Options:
    """What the task says, with what the inventory says of the rest of the known options."""
    if not boolean(given.get(OPTION, False), strict=False):
        return given
    about = any(given.get(each) for each in SUBJECTS)
    open_options = [each for each in known if each not in given and not (about and each in SUBJECTS)]
    said = {
        each: template(variables[variable]) for each in open_options if (variable := f"mlfleet_{each}") in variables
    }
    if PACKAGES in said:
        advice = f"declare them in a layer, such as {_layers.PREFIX}{_layers.ORDER[0]}"
        raise HostProblem(f"mlfleet_packages is no variable that packages are taken from; {advice}")
    if PACKAGES not in given:
        said[PACKAGES] = _layers.of_host(variables, template)
    if not about and not any(said.get(each) for each in SUBJECTS):
        said["instances"] = ["all"]
    # An empty text is how an inventory takes back for one host what it says of a group.
    return {**{option: value for option, value in said.items() if value not in ("", None)}, **given}
