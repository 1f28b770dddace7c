# Copyright (c) 2026 the mlfleet authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""`make demo`: the drift of a small fleet is shown, mended by a rollout, made again by hand, and found again."""

from __future__ import annotations

import collections.abc as c
import json
import os
import pathlib
import shutil
import subprocess
import sys
import typing as t

from testbed import interpreters, layouts
from testbed.fleet import Fleet, FleetHost
from testbed.virtual_environments import Recipe
from testbed.wheels import Wheel

DRIFT, ROLLOUT = "mlfleet.packages.drift", "mlfleet.packages.rollout"
FOLDER = pathlib.Path(__file__).resolve().parents[2] / ".work" / "demo"
REPORT = pathlib.Path("drift-report")

HOSTS = {
    "sql-berlin": layouts.merge(layouts.sql2019(), layouts.sql2019("SALES")),
    "sql-dublin": layouts.sql2019("SALES"),
    "sql-lisbon": layouts.sql2022("REPORTING"),
    "sql-oslo": layouts.merge(layouts.sql2022("STOCK"), layouts.sql2022("ORDERS")),
    "sql-vienna": layouts.sql2019("ANALYTICS"),
}
# Stand-ins of these names, each a few lines long: nothing is downloaded for them.
CLICK_OLD, CLICK = Wheel("click", "6.7"), Wheel("click", "7.1.2")
COLORAMA, TQDM = Wheel("colorama", "0.4.6"), Wheel("tqdm", "4.64.1", requires=("colorama",))
URLLIB3, URLLIB3_NEW = Wheel("urllib3", "1.26.20"), Wheel("urllib3", "2.2.3")
PYCRYPTO = Wheel("pycrypto", "2.6.1")
FOUND = {
    "sql-berlin": [CLICK_OLD],
    "sql-dublin": [CLICK_OLD, COLORAMA, TQDM, URLLIB3],
    "sql-lisbon": [CLICK, COLORAMA, TQDM, URLLIB3],
    "sql-oslo": [CLICK, COLORAMA, TQDM, PYCRYPTO],
    "sql-vienna": [CLICK, COLORAMA, TQDM, URLLIB3_NEW],
}
COMMON = {
    "mlfleet_wheelhouse": "{{ inventory_dir }}/wheelhouse",
    "mlfleet_layer_fleet": ["click>=7,<8", "tqdm", "urllib3>=1.26.5", {"name": "pycrypto", "state": "absent"}],
}
OWN: c.Mapping[str, c.Mapping[str, t.Any]] = {
    "sql-berlin": {"mlfleet_peer_group": "ag-sales"},
    "sql-dublin": {"mlfleet_peer_group": "ag-sales"},
    "sql-vienna": {"mlfleet_layer_host": [{"name": "urllib3", "version": "<2", "narrows": True}]},
}


def main() -> int:
    interpreter = interpreters.find_first([(3, minor) for minor in (7, 8, 9, 10, 11, 12, 13, 14)])
    if interpreter is None:
        sys.exit("no CPython with venv and ensurepip found (on Debian: apt-get install python3-venv)")
    shutil.rmtree(FOLDER, ignore_errors=True)
    for wheel in (CLICK_OLD, CLICK, COLORAMA, TQDM, URLLIB3, URLLIB3_NEW):
        wheel.write(FOLDER / "wheelhouse")
    _tell(f"A fleet of {len(HOSTS)} simulated SQL Server hosts behind a WinRM endpoint, with real Pythons")
    fleet = Fleet(FOLDER / "hosts", Recipe(interpreter), HOSTS)
    _age(fleet.hosts)
    with fleet:
        fleet.write_inventory(FOLDER / "inventory.json", COMMON, OWN)
        told = list(_story(fleet))
    shutil.rmtree(FOLDER / "hosts")
    _tell(f"The last report, to be opened in a browser: {FOLDER / REPORT / 'report.html'}", line="")
    return int(told != [set(HOSTS) - {"sql-lisbon"}, set(), {"sql-vienna"}])


def _story(fleet: Fleet) -> c.Iterator[set[str]]:
    """What is shown, one step after the other; after each report, the hosts that are not as declared."""
    _show_declaration()
    _tell("1. The drift: nothing is changed, every difference is found")
    yield _drift()
    _tell("2. The rollout: a look at all hosts, a canary, then the others; the two peers are never in one batch")
    _play(ROLLOUT)
    _tell("3. The fleet is clean")
    yield _drift()
    broken = fleet.hosts["sql-vienna"].runtime
    broken.damage("click.py")
    broken.lay(PYCRYPTO)
    _tell("4. On sql-vienna somebody edits a file of click and installs pycrypto, by hand. The next report finds both")
    yield _drift()


def _age(hosts: c.Mapping[str, FleetHost]) -> None:
    """The state in which the story begins: what was there from the beginning, and what time has made of it."""
    for name, host in hosts.items():
        for runtime in host.runtimes.values():
            runtime.adopt()
            runtime.lay_many(FOUND[name])
    hosts["sql-vienna"].runtime.damage("tqdm.py")


def _show_declaration() -> None:
    print("What shall be there, from the inventory:\n")
    for name, value in COMMON.items():
        print(f"    {name}: {json.dumps(value)}")
    for host, variables in OWN.items():
        for name, value in variables.items():
            print(f"    {host}: {name}: {json.dumps(value)}")


def _drift() -> set[str]:
    _play(DRIFT)
    report = json.loads((FOLDER / REPORT / "report.json").read_text())
    return {host["name"] for host in report["hosts"] if host["status"] != "clean"}


def _play(name: str) -> None:
    _tell(f"$ ansible-playbook -i inventory.json {name}", line="")
    program = pathlib.Path(sys.executable).parent / "ansible-playbook"
    quiet = {"ANSIBLE_DISPLAY_SKIPPED_HOSTS": "false", "ANSIBLE_LOCALHOST_WARNING": "false"}
    colour = {"ANSIBLE_FORCE_COLOR": "true"} if sys.stdout.isatty() else {}
    subprocess.run(
        [str(program), "-i", "inventory.json", name],
        check=False,
        cwd=FOLDER,
        env={**os.environ, "PWD": str(FOLDER), **quiet, **colour},
        stdin=subprocess.DEVNULL,
    )


def _tell(text: str, line: str = "=") -> None:
    bold, plain = ("\033[1m", "\033[0m") if sys.stdout.isatty() else ("", "")
    print(f"\n{bold}{text}{plain}" + (f"\n{line * 100}" if line else ""), flush=True)


if __name__ == "__main__":
    sys.exit(main())
