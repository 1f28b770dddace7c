# Copyright (c) 2026 the mlfleet authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Takes the picture of a drift report that the documentation shows."""

from __future__ import annotations

import pathlib
import sys
import tempfile

from ansible_collections.mlfleet.packages.plugins.plugin_utils._fleet_report import _files, _merge, _since, _structure

from testbed import chromium, fleet_results

PICTURE = pathlib.Path(__file__).resolve().parents[2] / "docs" / "images" / "drift-report.png"


def main() -> int:
    program = chromium.find()
    if program is None:
        print(f"none of {', '.join(chromium.NAMES)} is there, so that no picture can be taken", file=sys.stderr)
        return 1
    fleet = fleet_results.fleet(60)
    # Since then, two hosts have become others.
    earlier = fleet | {name: fleet_results.fleet(8, seed=8)[name] for name in list(fleet)[4:6]}
    before = _since.earlier(_structure.plain(_merge.merge(earlier, "", "2026-11-20T06:00:09Z")))
    report = _merge.merge(fleet, "Package drift, SQL Server fleet", "2026-11-21T06:00:12Z", before)
    PICTURE.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, chromium.started(program) as browser:
        files = _files.write(report, pathlib.Path(folder))
        page = browser.new_page(viewport={"width": 1280, "height": 1040})
        page.goto(pathlib.Path(files["html"]).as_uri())
        page.click(".cell[aria-label^='numpy: protected']")
        page.screenshot(path=PICTURE)
    return 0


if __name__ == "__main__":
    sys.exit(main())
