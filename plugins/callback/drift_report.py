# Copyright (c) 2026 the mlfleet authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
name: drift_report
type: aggregate
short_description: Writes a drift report at the end of a playbook of your own
version_added: 1.0.0
description:
  - Writes the report of the role P(mlfleet.packages.drift_report#role) when the playbook has ended, from the results of
    all its tasks with M(mlfleet.packages.python_packages), in check mode or not.
  - All hosts of a play with such a task are in the report. Those that could not be asked are in it as unknown.
  - It is off until it is enabled with C(callbacks_enabled = mlfleet.packages.drift_report).
author:
  - the mlfleet authors (@mlfleet)
requirements:
  - enabling in the configuration
options:
  folder:
    description:
      - The folder on the controller that the report is written to. It is made where it does not exist.
      - What the report is compared with is the C(report.json) that lies there already.
    type: path
    default: drift-report
    env:
      - name: MLFLEET_DRIFT_REPORT_FOLDER
    ini:
      - section: callback_drift_report
        key: folder
  title:
    description: The title of the report.
    type: str
    default: Package drift
    env:
      - name: MLFLEET_DRIFT_REPORT_TITLE
    ini:
      - section: callback_drift_report
        key: title
"""

import typing as t

from ansible.plugins.callback import CallbackBase
from ansible_collections.mlfleet.packages.plugins.plugin_utils._errors import HostProblem
from ansible_collections.mlfleet.packages.plugins.plugin_utils._fleet_report import _work

_MODULE = "mlfleet.packages.python_packages"
# What a report is made from. The rest of a result, such as its diff, would be held until the end for nothing.
_KEPT = ("format", "changed", "failed", "unreachable", "skipped", "msg", "instances", "runtimes", "results")


class CallbackModule(CallbackBase):
    """See DOCUMENTATION."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "aggregate"
    CALLBACK_NAME = "mlfleet.packages.drift_report"
    CALLBACK_NEEDS_ENABLED = True

    def __init__(self, *arguments: t.Any, **options: t.Any) -> None:
        super().__init__(*arguments, **options)
        self._play: t.Any = None
        self._results: dict[str, list[dict[str, t.Any]]] = {}
        self._setbacks: dict[str, dict[str, t.Any]] = {}

    def v2_playbook_on_play_start(self, play: t.Any) -> None:
        """Remembers the play, because only it knows all of its hosts."""
        self._play = play

    def v2_playbook_on_task_start(self, task: t.Any, is_conditional: bool) -> None:
        """From the first task of ours on, every host of the play is awaited."""
        if task.resolved_action == _MODULE:
            for host in self._play.get_variable_manager().get_vars(play=self._play)["ansible_play_hosts_all"]:
                self._results.setdefault(host, [])

    def v2_runner_on_ok(self, result: t.Any) -> None:
        """A host has answered."""
        self._keep(result)

    def v2_runner_on_failed(self, result: t.Any, ignore_errors: bool = False) -> None:
        """A host has refused, or something else kept it from answering."""
        # Callbacks are not told in the result itself.
        self._keep(result, {"failed": True}, setback=not ignore_errors)

    def v2_runner_on_unreachable(self, result: t.Any) -> None:
        """A host could not be reached, by our task or by one before it."""
        self._keep(result, {"unreachable": True}, setback=True)

    def v2_playbook_on_stats(self, stats: t.Any) -> None:
        """Writes the report."""
        if not self._results:
            self._display.warning(f"no task with {_MODULE} was started, so that there is no drift report")
            return
        results = {host: self._said(host, told) for host, told in self._results.items()}
        option = t.cast("t.Callable[[str], t.Any]", self.get_option)
        arguments = {"folder": option("folder"), "title": option("title"), "previous": None}
        try:
            written = _work.report(results, arguments, self._display.warning)
        except HostProblem as problem:
            self._display.warning(str(problem))
        else:
            self._display.display(f"{written['sentence']}\n{written['files']['html']}")

    def _keep(self, result: t.Any, outcome: dict[str, bool] | None = None, setback: bool = False) -> None:
        # pylint: disable=protected-access
        # The public names of these came with 2.19.
        host, task, told = result._host.get_name(), result._task, result._result
        kept = {key: told[key] for key in _KEPT if key in told} | (outcome or {})
        if task.resolved_action == _MODULE:
            self._results.setdefault(host, []).append(kept)
        elif setback:
            self._setbacks[host] = kept

    def _said(self, host: str, told: list[dict[str, t.Any]]) -> t.Any:
        """All that is known of a host; where it was never asked, what kept us from asking."""
        return {"results": told} if told else self._setbacks.get(host)
