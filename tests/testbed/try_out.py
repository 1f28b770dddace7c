# Copyright (c) 2026 the mlfleet authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A first look at the collection without any Windows: two simulated hosts, and instance_info run on them by ansible."""

from __future__ import annotations

import pathlib
import sys
import tempfile

from testbed import ad_hoc, layouts, simulated, simulated_runtimes
from testbed.winrm.endpoint import Endpoint

PYTHON = pathlib.Path(sys.executable)
HOSTS = {
    "sql-berlin": layouts.merge(layouts.sql2019(), layouts.sql2019("SQL01")),
    "sql-lisbon": layouts.sql2017_cu22("ANALYTICS", switched=True),
}


def make_hosts(folder: pathlib.Path) -> list[simulated.SimulatedHost]:
    hosts = []
    for name, layout in HOSTS.items():
        host = simulated.SimulatedHost(name, folder / name)
        simulated_runtimes.apply(layout, host, PYTHON)
        hosts.append(host)
    return hosts


def main() -> int:
    with tempfile.TemporaryDirectory(prefix="mlfleet-try-") as name:
        folder = pathlib.Path(name)
        with Endpoint(make_hosts(folder), users={ad_hoc.USER: ad_hoc.PASSWORD}) as listening:
            variables = {host: ad_hoc.winrm_variables(listening, host) for host in HOSTS}
            inventory = ad_hoc.write_inventory(folder / "inventory.json", variables)
            print(f"$ cat inventory.json\n{inventory.read_text()}\n")
            print(f"$ ansible all -i inventory.json -m {ad_hoc.MODULE}")
            run = ad_hoc.run(inventory)
            print(run.output)
    found = [len(result.result.get("instances", [])) for result in run.hosts.values()]
    return int(found != [2, 1])


if __name__ == "__main__":
    sys.exit(main())
