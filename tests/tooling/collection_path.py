# Copyright (c) 2026 the mlfleet authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Makes the checkout, wherever it lies, an Ansible collection: Ansible wants ansible_collections/<namespace>/<name>."""

from __future__ import annotations

import pathlib


def link(checkout: pathlib.Path, collections: pathlib.Path) -> pathlib.Path:
    """Points collections/ansible_collections/mlfleet/packages at the checkout; that path."""
    place = collections / "ansible_collections" / "mlfleet" / "packages"
    place.parent.mkdir(parents=True, exist_ok=True)
    if place.is_symlink() and place.resolve() == checkout.resolve():
        return place
    place.unlink(missing_ok=True)
    # Relative, so that a checkout that is moved or mounted elsewhere stays whole.
    place.symlink_to(pathlib.Path(*[".."] * len(place.parent.relative_to(checkout).parts)), target_is_directory=True)
    return place
