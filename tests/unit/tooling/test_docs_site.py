# Copyright (c) 2026 the mlfleet authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The pages lie in the source of the site as in the checkout, and say what they should."""

from __future__ import annotations

import pathlib
import re
import stat

from ansible_collections.mlfleet.packages.plugins.plugin_utils._python_packages import ARGUMENT_SPEC

from tooling import docs_site, legs

CHECKOUT = pathlib.Path(__file__).resolve().parents[3]
# Groups that a play makes, and folders; nobody sets them. Packages come in layers, and one option says so.
NO_VARIABLES = {"mlfleet_agent", "mlfleet_rollout", "mlfleet_packages", "mlfleet_runtime", "mlfleet_from_inventory"}


def test_layout(tmp_path: pathlib.Path) -> None:
    source = tmp_path / "source"
    source.mkdir()
    (source / "of-yesterday.md").write_text("x")
    reference = docs_site.lay_out(CHECKOUT, source)
    assert {path.name for path in source.iterdir()} == {*docs_site.PAGES, "index.md", "reference"}
    guide = pathlib.PurePath("docs", "guides", "declaring-packages.md")
    assert (source / guide).read_text() == (CHECKOUT / guide).read_text()
    assert not (source / docs_site.SETTINGS).exists()
    assert stat.S_IMODE(reference.stat().st_mode) == 0o700


def test_every_variable_of_the_inventory_is_in_the_guide() -> None:
    rooms = [CHECKOUT / name for name in ("plugins", "roles", "playbooks")]
    files = [path for room in rooms for path in room.rglob("*") if path.suffix in {".py", ".yml"}]
    used = {name for path in files for name in re.findall(r"\bmlfleet_[a-z_]+", path.read_text(encoding="utf-8"))}
    used |= {f"mlfleet_{option}" for option in ARGUMENT_SPEC}
    layers = {name for name in used if name.startswith("mlfleet_layer_")}
    guide = (CHECKOUT / "docs" / "guides" / "connections.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| (`mlfleet_[^|]*)\|", guide, re.MULTILINE)
    told = {name for row in rows for name in re.findall(r"`(mlfleet_[a-z_]+)", row)}
    assert told == used - layers - NO_VARIABLES | {"mlfleet_layer_"}


def test_every_leg_and_every_room_of_the_test_bed_is_in_the_page_on_development() -> None:
    page = (CHECKOUT / "docs" / "development.md").read_text(encoding="utf-8")
    told = {name for row in re.findall(r"^\| (`.*?) \|", page, re.MULTILINE) for name in re.findall(r"`([^`]+)`", row)}
    bed = {path.stem for path in (CHECKOUT / "tests" / "testbed").iterdir() if not path.name.startswith("_")}
    short = {leg.replace("end_to_end_2.19", "_2.19").replace("end_to_end_latest", "_latest") for leg in legs.ALL}
    assert (bed | short) - told == set()
