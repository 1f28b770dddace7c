# Copyright (c) 2026 the mlfleet authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Lays distributions down in a site-packages folder in every way in which Python tools have recorded them.

Every function takes a `Wheel` as the description of the distribution, whatever it is recorded as, and returns the path
of the record it made.
"""

from __future__ import annotations

import collections.abc as c
import dataclasses
import io
import json
import pathlib
import zipfile

from testbed import wheels
from testbed.wheels import Wheel

OLD_PYTHON = "py3.7"


def install(
    folder: pathlib.Path,
    wheel: Wheel,
    installer: str = "pip",
    requested: bool = True,
    direct_url: c.Mapping[str, object] | None = None,
) -> pathlib.Path:
    """As pip records a wheel: the dist-info folder with INSTALLER, REQUESTED, direct_url.json and its own RECORD."""
    added = {"INSTALLER": f"{installer}\n".encode()} if installer else {}
    added |= {"REQUESTED": b""} if requested else {}
    added |= {"direct_url.json": json.dumps(direct_url).encode()} if direct_url is not None else {}
    members = wheel.members() | {f"{wheel.dist_info}/{name}": content for name, content in added.items()}
    _write(folder, members)
    own_path = f"{wheel.dist_info}/RECORD"
    if "RECORD" not in wheel.left_out:
        content = wheel.record if wheel.record is not None else wheels.record(members, own_path)
        _write(folder, {own_path: content})
    return folder / wheel.dist_info


def editable(folder: pathlib.Path, wheel: Wheel, project: pathlib.Path) -> pathlib.Path:
    """As `pip install -e` of today (PEP 660): the modules stay in the project, a .pth file points there."""
    _write(project, _encoded(wheel.sources()))
    pointer = {f"__editable__.{wheel.stem}.pth": f"{project}\n"}
    without_modules = dataclasses.replace(wheel, modules=pointer)
    origin = {"url": project.as_uri(), "dir_info": {"editable": True}}
    return install(folder, without_modules, direct_url=origin)


def egg_info_folder(folder: pathlib.Path, wheel: Wheel) -> pathlib.Path:
    """As pip recorded source distributions before it built wheels of them (`setup.py install` by setuptools)."""
    name = f"{wheel.stem}-{OLD_PYTHON}.egg-info"
    sources = wheel.sources()
    described = _egg_metadata(wheel) | {"installed-files.txt": "".join(f"../{path}\n" for path in sources).encode()}
    _write(folder, _encoded(sources) | {f"{name}/{file}": content for file, content in described.items()})
    return folder / name


def egg_info_file(folder: pathlib.Path, wheel: Wheel) -> pathlib.Path:
    """As plain distutils records: one file, with neither requirements nor a list of files."""
    name = f"{wheel.stem}-{OLD_PYTHON}.egg-info"
    _write(folder, _encoded(wheel.sources()) | {name: _pkg_info(wheel)})
    return folder / name


def egg_folder(folder: pathlib.Path, wheel: Wheel) -> pathlib.Path:
    """As easy_install left an unpacked egg, on the path by easy-install.pth."""
    name = _egg_name(wheel)
    _write(folder, {f"{name}/{path}": content for path, content in _egg_members(wheel).items()})
    _add_to_path(folder, f"./{name}")
    return folder / name


def egg_zip(folder: pathlib.Path, wheel: Wheel) -> pathlib.Path:
    """As easy_install left an egg that may stay a zip file."""
    name = _egg_name(wheel)
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for path, content in _egg_members(wheel).items():
            archive.writestr(path, content)
    _write(folder, {name: buffer.getvalue()})
    _add_to_path(folder, f"./{name}")
    return folder / name


def egg_link(folder: pathlib.Path, wheel: Wheel, project: pathlib.Path) -> pathlib.Path:
    """As `setup.py develop` leaves it: the egg-info lies in the project, an .egg-link file points there."""
    egg_info = f"{wheel.escaped_name}.egg-info"
    described = {f"{egg_info}/{file}": content for file, content in _egg_metadata(wheel).items()}
    _write(project, _encoded(wheel.sources()) | described)
    _write(folder, {f"{wheel.name}.egg-link": f"{project}\n.".encode()})
    _add_to_path(folder, str(project))
    return folder / f"{wheel.name}.egg-link"


def conda(prefix: pathlib.Path, folder: pathlib.Path, wheel: Wheel, build: str = "py37_0") -> pathlib.Path:
    """As conda records a Python package: JSON below the prefix, besides the dist-info folder of its build."""
    dist_info = install(folder, wheel, installer="conda", requested=False)
    files = [*(folder / path for path in wheel.sources()), *sorted(dist_info.iterdir())]
    described = {
        "name": wheel.name.lower(),
        "version": wheel.version,
        "build": build,
        "build_number": 0,
        "channel": "defaults",
        "subdir": "noarch",
        "depends": ["python >=3.7,<3.8.0a0"],
        "files": [path.relative_to(prefix).as_posix() for path in files],
    }
    name = f"conda-meta/{wheel.name.lower()}-{wheel.version}-{build}.json"
    _write(prefix, {name: json.dumps(described, indent=2).encode()})
    return prefix / name


def leftover(folder: pathlib.Path, wheel: Wheel) -> pathlib.Path:
    """What a pip that was stopped while it uninstalled leaves: the same, under names that begin with a tilde."""
    removed = install(folder, wheel)
    for name in wheel.top_level:
        for path in folder.glob(f"{name}*"):
            if path != removed:
                path.rename(path.with_name(f"~{path.name[1:]}"))
    return removed.rename(removed.with_name(f"~{removed.name[1:]}"))


def without_metadata(folder: pathlib.Path, wheel: Wheel) -> pathlib.Path:
    return install(folder, dataclasses.replace(wheel, left_out=(*wheel.left_out, "METADATA")))


def with_metadata_not_utf8(folder: pathlib.Path, wheel: Wheel) -> pathlib.Path:
    """An author's name in Latin-1: what packages from before 2015 carry."""
    text = wheel.metadata_text() + "Author: Jos\N{LATIN SMALL LETTER E WITH ACUTE}\n"
    return install(folder, dataclasses.replace(wheel, metadata=text.encode("latin-1")))


def without_name(folder: pathlib.Path, wheel: Wheel) -> pathlib.Path:
    return install(folder, dataclasses.replace(wheel, metadata=_without_header(wheel, "Name")))


def without_version(folder: pathlib.Path, wheel: Wheel) -> pathlib.Path:
    return install(folder, dataclasses.replace(wheel, metadata=_without_header(wheel, "Version")))


def _egg_name(wheel: Wheel) -> str:
    return f"{wheel.stem}-{OLD_PYTHON}.egg"


def _egg_members(wheel: Wheel) -> dict[str, bytes]:
    described = _egg_metadata(wheel) | {"zip-safe": b"\n"}
    return _encoded(wheel.sources()) | {f"EGG-INFO/{file}": content for file, content in described.items()}


def _egg_metadata(wheel: Wheel) -> dict[str, bytes]:
    described = {
        "PKG-INFO": _pkg_info(wheel),
        "SOURCES.txt": "".join(f"{path}\n" for path in wheel.sources()).encode(),
        "dependency_links.txt": b"\n",
        "top_level.txt": "".join(f"{name}\n" for name in wheel.top_level).encode(),
    }
    required = _requires_txt(wheel)
    return described | ({"requires.txt": required.encode()} if required else {})


def _pkg_info(wheel: Wheel) -> bytes:
    """PKG-INFO as setuptools and distutils wrote it then: metadata 1.x, which has no requirements."""
    if wheel.metadata is not None:
        return wheel.metadata
    return dataclasses.replace(wheel, metadata_version="1.1", requires=(), extras={}).metadata_text().encode()


def _requires_txt(wheel: Wheel) -> str:
    """The sections of requires.txt: none, [extra], [:marker] and [extra:marker]."""
    sections: dict[str, list[str]] = {}
    for extra, requirements in {"": wheel.requires, **wheel.extras}.items():
        for requirement in requirements:
            wanted, marker = wheels.split_marker(requirement)
            sections.setdefault(f"{extra}:{marker}" if marker else extra, []).append(wanted)
    # Lines without a section can only stand first.
    ordered = sorted(sections.items(), key=lambda section: section[0] != "")
    return "\n".join(
        "".join([f"[{title}]\n" * bool(title), *(f"{line}\n" for line in lines)]) for title, lines in ordered
    )


def _without_header(wheel: Wheel, header: str) -> bytes:
    lines = wheel.metadata_text().splitlines(keepends=True)
    return "".join(line for line in lines if not line.startswith(f"{header}:")).encode()


def _add_to_path(folder: pathlib.Path, line: str) -> None:
    with open(folder / "easy-install.pth", "a") as file:
        file.write(f"{line}\n")


def _encoded(sources: c.Mapping[str, str]) -> dict[str, bytes]:
    return {path: source.encode() for path, source in sources.items()}


def _write(folder: pathlib.Path, members: c.Mapping[str, bytes]) -> None:
    for path, content in members.items():
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)
