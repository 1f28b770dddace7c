# Copyright (c) 2026 the mlfleet authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This file is private to mlfleet.packages: it may change in any release.
"""The base of all actions of this collection: checked options, failures in one sentence, nothing secret in a result."""

from __future__ import annotations

import collections.abc as c
import gc
import pathlib
import typing as t

from ansible import constants as C
from ansible.errors import AnsibleError
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible.module_utils.common.parameters import remove_values
from ansible.module_utils.errors import UnsupportedError
from ansible.plugins.action import ActionBase
from ansible.utils.display import Display
from ansible_collections.mlfleet.packages.plugins.plugin_utils import _secrets
from ansible_collections.mlfleet.packages.plugins.plugin_utils._errors import HostProblem, HostUnreachable

display = Display()
# Ansible shows the options of a task from -vvv on. In all results of a large fleet they would fill the controller.
SHOWS_OPTIONS = 3


class CheckedAction(ActionBase):
    """An action with an `argument_spec`. Subclasses give `perform`."""

    # One call is one command, which ends with its connection or its process.
    _supports_async = False
    _supports_check_mode = True
    _supports_diff = False

    argument_spec: t.ClassVar[dict[str, t.Any]] = {}
    _validator: t.ClassVar[ArgumentSpecValidator]

    def __init_subclass__(cls, **options: t.Any) -> None:
        super().__init_subclass__(**options)
        # Ansible loads an action before it forks a worker for each host, and this takes a millisecond.
        cls._validator = ArgumentSpecValidator(cls.argument_spec)

    def perform(self, arguments: dict[str, t.Any], name: str, variables: dict[str, t.Any]) -> dict[str, t.Any]:
        """The result of the task on the host of this name, from checked arguments."""
        raise NotImplementedError

    def options(self, variables: dict[str, t.Any]) -> c.Mapping[str, t.Any]:
        """The options before they are checked: what the task says, unless a subclass knows more."""
        return t.cast("dict[str, t.Any]", self._task.args)

    def run(self, tmp: str | None = None, task_vars: dict[str, t.Any] | None = None) -> dict[str, t.Any]:
        """Runs the task; Ansible calls this. A HostProblem becomes its failure."""
        # The worker was forked with all that Ansible holds. A garbage collection would look through it, for nothing,
        # and copy each page of memory that it touches: a fifth of the CPU time for one of 200 hosts.
        gc.freeze()
        variables = task_vars or {}
        result: dict[str, t.Any] = super().run(tmp, variables)
        name = str(variables.get("inventory_hostname", "the host"))
        hidden: c.Collection[str] = ()
        arguments: dict[str, t.Any] = {}
        try:
            options = self.options(variables)
            validation = self._validator.validate(options)
            arguments, hidden = validation.validated_parameters, validation._no_log_values
            if validation.error_messages:
                raise HostProblem(self._wrong_options(validation.errors, options, variables))
            result.update(self.perform(arguments, name, variables))
            if result.get("failed"):
                result["msg"] = f"{name}: {result['msg']}"
        except HostUnreachable as problem:
            result.update(unreachable=True, msg=f"{name}: {problem}")
        except HostProblem as problem:
            result.update(failed=True, msg=f"{name}: {problem}")
        if display.verbosity >= SHOWS_OPTIONS:
            result["invocation"] = {"module_args": arguments}
        # It copies the whole result, also where there is nothing to remove.
        shown = remove_values(result, hidden) if hidden else result
        return t.cast("dict[str, t.Any]", _secrets.masked(shown))

    def find_file(self, path: str) -> str:
        """A file or folder of the controller that an option names, looked for where Ansible looks for files."""
        try:
            return t.cast(str, self._find_needle("files", path))  # type: ignore[no-untyped-call]
        except AnsibleError:
            raise FileNotFoundError(path) from None

    def place(self, path: str) -> pathlib.Path:
        """Where a file or folder of the controller is, or, if it is not there yet, belongs: beside the playbook."""
        try:
            return pathlib.Path(self.find_file(path))
        except FileNotFoundError:
            return pathlib.Path(self._loader.path_dwim(path))

    @property
    def cache(self) -> pathlib.Path:
        """Where this collection keeps what it fetched for the user of the controller."""
        return pathlib.Path(C.config.get_config_value("ANSIBLE_HOME")) / "mlfleet"

    def _wrong_options(self, errors: t.Any, options: c.Iterable[str], variables: c.Container[str]) -> str:
        unsupported = any(isinstance(error, UnsupportedError) for error in errors.errors)
        others = (f"mlfleet_{option}" for option in options if option not in self._task.args)
        taken = ", ".join(variable for variable in others if variable in variables)
        said = "; ".join(errors.messages) + (f" (of variables, the task takes {taken})" if taken else "")
        return f"{self._task.action}: {'unsupported option ' if unsupported else ''}{said}"


def show(name: str, event: dict[str, t.Any]) -> None:
    """Progress is shown while the task runs, for those who asked for it with -v."""
    words = [f"{key} {value}" for key, value in event.items() if key != "step"]
    display.v(f"{event.get('step', 'working')}: {', '.join(words)}", host=name)
