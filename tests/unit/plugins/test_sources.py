# Copyright (c) 2026 the mlfleet authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the wheels of a task come from."""

from __future__ import annotations

import pathlib
import typing as t

import pytest
from ansible_collections.mlfleet.packages.plugins.plugin_utils import _declaration, _python_packages, _sources
from ansible_collections.mlfleet.packages.plugins.plugin_utils._errors import HostProblem
from ansible_collections.mlfleet.packages.plugins.plugin_utils._sources import Sources

from testbed.wheels import Wheel

DEFAULTS = {name: spec.get("default") for name, spec in _python_packages.ARGUMENT_SPEC.items()}


def find(path: str) -> str:
    if not pathlib.Path(path).exists():
        raise FileNotFoundError(path)
    return path


def sources(
    tmp_path: pathlib.Path, *packages: t.Any, wheelhouse: str | None = None, lock: str | None = None
) -> Sources:
    declared = _declaration.declaration({**DEFAULTS, "packages": list(packages)})
    return _sources.sources(declared, wheelhouse, lock, find, tmp_path / "cache")


def test_a_single_wheel_comes_on_top_of_the_wheelhouse(tmp_path: pathlib.Path) -> None:
    Wheel("foo").write(tmp_path / "house")
    single = str(Wheel("foo", "2.0").write(tmp_path))
    gathered = _sources.Gathered("", *_parts(sources(tmp_path, single, wheelhouse=str(tmp_path / "house"))))
    assert [str(wheel.version) for wheel in gathered.named("foo").wheels] == ["2.0", "1.0"]
    assert gathered.named("bar").wheels == ()


def _parts(found: Sources) -> tuple[t.Any, t.Any]:
    return found.wheelhouse, tuple(found.files.values())


def test_the_hash_of_a_wheel(tmp_path: pathlib.Path) -> None:
    wheel = Wheel("foo", "2.0")
    gathered = _sources.Gathered("", *_parts(sources(tmp_path, str(wheel.write(tmp_path)))))
    (read,) = gathered.named("foo").wheels
    assert gathered.digest(read) == wheel.sha256()


@pytest.mark.parametrize(
    ("options", "part"),
    [
        ({"wheelhouse": "/nowhere"}, "the option wheelhouse names /nowhere, which is not on the controller"),
        ({"wheelhouse": "/dev"}, "the option wheelhouse names /dev, which holds no wheel"),
        ({"lock": "/nowhere.toml"}, "the option lock names /nowhere.toml, which is not on the controller"),
    ],
)
def test_what_is_not_there_is_told_by_its_option(tmp_path: pathlib.Path, options: dict[str, str], part: str) -> None:
    with pytest.raises(HostProblem, match=part):
        sources(tmp_path, "foo", **options)


def test_a_wheel_that_is_none_is_told_by_its_entry(tmp_path: pathlib.Path) -> None:
    path = tmp_path / "foo-1.0-py3-none-any.whl"
    path.write_bytes(b"no zip")
    with pytest.raises(HostProblem, match=r"packages\[0\]: .*foo-1.0-py3-none-any.whl"):
        sources(tmp_path, str(path))
