# Copyright (c) 2026 the mlfleet authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The checkout is an Ansible collection from any folder."""

from __future__ import annotations

import pathlib

from tooling import collection_path


def test_the_link_leads_back_to_the_checkout_even_when_that_moved(tmp_path: pathlib.Path) -> None:
    checkout = tmp_path / "anywhere"
    checkout.mkdir()
    (checkout / "galaxy.yml").write_text("x")
    place = collection_path.link(checkout, checkout / ".work" / "collections")
    assert place == checkout / ".work/collections/ansible_collections/mlfleet/packages"
    assert (place / "galaxy.yml").read_text() == "x"
    assert collection_path.link(checkout, checkout / ".work" / "collections") == place
    moved = checkout.rename(tmp_path / "elsewhere")
    assert (moved / ".work/collections/ansible_collections/mlfleet/packages/galaxy.yml").read_text() == "x"


def test_a_link_that_leads_elsewhere_is_replaced(tmp_path: pathlib.Path) -> None:
    place = tmp_path / ".work/collections/ansible_collections/mlfleet/packages"
    place.parent.mkdir(parents=True)
    place.symlink_to(tmp_path / "gone")
    assert collection_path.link(tmp_path, tmp_path / ".work" / "collections").resolve() == tmp_path.resolve()
