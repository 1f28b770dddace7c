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

from ansible import errors
from ansible.module_utils.parsing.convert_bool import boolean
from ansible_collections.mlfleet.packages.plugins.plugin_utils import _layers
from ansible_collections.mlfleet.packages.plugins.plugin_utils._errors import HostProblem

OPTION = "from_inventory"
PACKAGES = "packages"
# They say together what a task is about.
SUBJECTS = ("instances", "runtimes", "runtime")
# What would be passed over in silence, and what to set in its place.
MISTAKEN = {
    "mlfleet_packages": f"a layer such as {_layers.PREFIX}{_layers.ORDER[0]}",
    "mlfleet_runtime": "mlfleet_runtimes",
}
# What a template that comes to `omit` raises from 2.19 on; before, it is a text that nobody else has.
_OMITTED: t.Any = getattr(errors, "AnsibleValueOmittedError", ())

Options = c.Mapping[str, t.Any]
Template = c.Callable[[t.Any], t.Any]


def options(known: c.Collection[str], given: Options, variables: Options, template: Template) -> Options:
    """What the task says, with what the inventory says of the rest of the known options."""
    if not _wished(given.get(OPTION)):
        return given
    _check(variables)

    def value_of(variable: str) -> t.Any:
        return _value(variable, variables, template)

    about = any(given.get(each) for each in SUBJECTS)
    taken = {*given, PACKAGES, *(SUBJECTS if about else ()), *(("runtimes",) if "runtime" in given else ())}
    names = {each: f"mlfleet_{each}" for each in known if each not in taken and f"mlfleet_{each}" in variables}
    said = {option: value for option, name in names.items() if (value := value_of(name)) not in ("", None)}
    if PACKAGES not in given:
        said[PACKAGES] = _layers.of_host(variables, value_of)
    if not about and "instances" not in said and not said.get("runtimes"):
        said["instances"] = ["all"]
    return {**said, **given}


def _wished(value: t.Any) -> bool:
    try:
        return bool(boolean(value, strict=False))
    except TypeError:  # a list, which is left to the check of the options
        return False


def _check(variables: Options) -> None:
    for name, instead in MISTAKEN.items():
        if name in variables:
            raise HostProblem(f"{name} is no variable that anything is taken from; set {instead} in its place")
    # Ansible makes variables out of facts, also of those that a host tells.
    told = sorted(name for name in variables.get("ansible_facts") or () if name.startswith("mlfleet_"))
    if told:
        raise HostProblem(f"{told[0]} is a fact, which may come from the host itself; set it in the inventory")


def _value(name: str, variables: Options, template: Template) -> t.Any:
    try:
        value = template(variables[name])
    except _OMITTED:
        return None
    except Exception as error:  # before 2.19, that of whatever filter went wrong
        raise HostProblem(
            f"the variable {name} cannot be evaluated ({_shown(error)}); correct it in the inventory"
        ) from None
    omitted = variables.get("omit")
    return _without(value, omitted) if isinstance(omitted, str) else value


def _shown(error: Exception) -> str:
    # Before 2.19, an error holds the whole template, where a password can be told from nothing.
    return type(error).__name__ if "://" in str(error) else str(error)


def _without(value: t.Any, omitted: str) -> t.Any:
    """None, or the value without the parts that are omitted, as Ansible itself leaves them out from 2.19 on."""
    if isinstance(value, dict):
        return {key: _without(each, omitted) for key, each in value.items() if each != omitted}
    if isinstance(value, list):
        return [_without(each, omitted) for each in value if each != omitted]
    return None if value == omitted else value
