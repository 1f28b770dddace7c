# Copyright (c) 2026 the mlfleet authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a folder of wheels offers for a package."""

from __future__ import annotations

import os
import pathlib

import pytest
from ansible_collections.mlfleet.packages.plugins.plugin_utils._candidates import Offer
from ansible_collections.mlfleet.packages.plugins.plugin_utils._wheel import WheelProblem
from ansible_collections.mlfleet.packages.plugins.plugin_utils._wheelhouse import Wheelhouse

from testbed.wheels import Wheel


def versions(offer: Offer) -> list[str]:
    return [str(wheel.version) for wheel in offer.wheels]


def test_the_newest_comes_first(tmp_path: pathlib.Path) -> None:
    for version in ("1.9", "1.10", "1.10rc1", "1.2"):
        Wheel("foo", version).write(tmp_path)
    assert versions(Wheelhouse(tmp_path).named("foo")) == ["1.10", "1.10rc1", "1.9", "1.2"]


def test_names_are_compared_normalised(tmp_path: pathlib.Path) -> None:
    Wheel("Foo.Bar").write(tmp_path)
    Wheel("foo").write(tmp_path)
    assert [wheel.file_name for wheel in Wheelhouse(tmp_path).named("foo-bar").wheels] == [
        "Foo_Bar-1.0-py3-none-any.whl"
    ]


def test_only_what_is_asked_for_is_read(tmp_path: pathlib.Path) -> None:
    Wheel("foo").write(tmp_path)
    (tmp_path / "bar-1.0-py3-none-any.whl").write_text("no wheel")
    house = Wheelhouse(tmp_path)
    first = house.named("foo")
    assert (versions(first), first.rejected) == (["1.0"], ())
    Wheel("foo", "2.0").write(tmp_path)
    assert house.named("foo") is first
    assert house.named("nothing") == Offer()


def test_folders_below_are_searched(tmp_path: pathlib.Path) -> None:
    wheel = Wheel("foo")
    path = wheel.write(tmp_path / wheel.sha256()[:2] / wheel.sha256())
    house = Wheelhouse(tmp_path)
    assert versions(house.named("foo")) == ["1.0"]
    assert house.files(path.name) == (path,)
    assert house.files("foo-2.0-py3-none-any.whl") == house.files("README") == ()


def test_what_is_rejected_is_told_with_the_package(tmp_path: pathlib.Path) -> None:
    Wheel("foo").write(tmp_path)
    Wheel("foo", "2.0", left_out=("RECORD",)).write(tmp_path)
    for name in ("foo-3.0.tar.gz", "foo-x-py3-none-any.whl", "foo-1.1-py3-none-any.whl.part", "README", "bar-1.0.zip"):
        (tmp_path / name).write_text("x")
    offer = Wheelhouse(tmp_path).named("foo")
    assert versions(offer) == ["1.0"]
    reasons = {each.file_name: each.reason for each in offer.rejected}
    assert sorted(reasons) == ["foo-2.0-py3-none-any.whl", "foo-3.0.tar.gz", "foo-x-py3-none-any.whl"]
    assert reasons["foo-3.0.tar.gz"] == f"{tmp_path / 'foo-3.0.tar.gz'} is no wheel; build one from it first"
    assert "has no RECORD" in reasons["foo-2.0-py3-none-any.whl"]
    assert "is no name of a wheel" in reasons["foo-x-py3-none-any.whl"]
    assert offer.reasons == tuple(reasons[each.file_name] for each in offer.rejected)


def test_folders_that_are_no_wheelhouse(tmp_path: pathlib.Path) -> None:
    with pytest.raises(WheelProblem, match=r"the option wheelhouse names .*/gone, of which .* \(No such file"):
        Wheelhouse(tmp_path / "gone").named("foo")
    (tmp_path / "foo-1.0.tar.gz").write_text("x")
    with pytest.raises(WheelProblem, match=r"the option wheelhouse names .*, which holds no wheel"):
        Wheelhouse(tmp_path).named("foo")
    with pytest.raises(WheelProblem, match=r"the option wheelhouse names .*Not a directory"):
        Wheelhouse(tmp_path / "foo-1.0.tar.gz").named("foo")


def test_a_circle_of_links_is_not_walked(tmp_path: pathlib.Path) -> None:
    Wheel("foo").write(tmp_path)
    os.symlink(tmp_path, tmp_path / "again")
    assert len(Wheelhouse(tmp_path).named("foo").wheels) == 1
