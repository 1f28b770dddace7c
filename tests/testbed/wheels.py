# Copyright (c) 2026 the mlfleet authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The wheel factory: tiny real wheels of any name, version, tag and dependency, and wrong ones where a test needs them.

The same description always gives the same bytes, so a test may state a hash or compare two wheels.
"""

from __future__ import annotations

import base64
import collections.abc as c
import csv
import dataclasses
import hashlib
import io
import pathlib
import re
import warnings
import zipfile

# The oldest moment that a zip file can hold.
_EPOCH = (1980, 1, 1, 0, 0, 0)


@dataclasses.dataclass(frozen=True)
class Wheel:
    """What a wheel says and holds. The fields of the last group make it lie."""

    name: str
    version: str = "1.0"
    tag: str = "py3-none-any"
    """Python, ABI and platform; compressed sets such as `py2.py3-none-any` too."""
    requires: tuple[str, ...] = ()
    """Written down as they are: metadata older than the standards is possible."""
    extras: c.Mapping[str, tuple[str, ...]] = dataclasses.field(default_factory=dict)
    requires_python: str = ""
    modules: c.Mapping[str, str] | None = None
    """Path to source; without it, one module that knows its version."""
    scripts: tuple[str, ...] = ()
    """Console scripts, such as `demo = demo:main`."""
    build: str = ""
    metadata_version: str = "2.1"
    metadata_lines: tuple[str, ...] = ()
    """Further header lines, raw."""

    metadata: bytes | None = None
    """In place of the whole METADATA."""
    wheel_file: bytes | None = None
    """In place of the whole WHEEL."""
    record: bytes | None = None
    """In place of the whole RECORD."""
    left_out: tuple[str, ...] = ()
    """Names in the dist-info folder that are not written."""
    raw_members: tuple[tuple[str, bytes], ...] = ()
    """Further members, under exactly these names (`../x`, twice the same ...), absent from RECORD."""
    file_name: str = ""
    """In place of the name that fits what is inside."""

    @property
    def import_name(self) -> str:
        return re.sub(r"[-_.]+", "_", self.name).lower()

    @property
    def escaped_name(self) -> str:
        """The name as file names carry it; case is kept, as the tools of the time did."""
        return re.sub(r"[-_.]+", "_", self.name)

    @property
    def stem(self) -> str:
        return f"{self.escaped_name}-{self.version.replace('-', '_')}"

    @property
    def dist_info(self) -> str:
        return f"{self.stem}.dist-info"

    @property
    def top_level(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(path.split("/")[0].removesuffix(".py") for path in self.sources()))

    def sources(self) -> dict[str, str]:
        if self.modules is not None:
            return dict(self.modules)
        return {f"{self.import_name}.py": f'__version__ = "{self.version}"\n\n\ndef main():\n    print(__version__)\n'}

    def expected_file_name(self) -> str:
        return self.file_name or "-".join(filter(None, [self.stem, self.build, self.tag])) + ".whl"

    def metadata_text(self) -> str:
        """METADATA, which is also what an egg calls PKG-INFO."""
        lines = [f"Metadata-Version: {self.metadata_version}", f"Name: {self.name}", f"Version: {self.version}"]
        lines += [f"Requires-Python: {self.requires_python}"] * bool(self.requires_python)
        lines += [f"Requires-Dist: {requirement}" for requirement in self.requires]
        for extra, requirements in self.extras.items():
            lines.append(f"Provides-Extra: {extra}")
            lines += [f"Requires-Dist: {_for_extra(requirement, extra)}" for requirement in requirements]
        return "\n".join([*lines, *self.metadata_lines, ""])

    def members(self) -> dict[str, bytes]:
        """Path to content of what RECORD lists, without RECORD itself."""
        described = {
            "METADATA": self.metadata if self.metadata is not None else self.metadata_text().encode(),
            "WHEEL": self.wheel_file if self.wheel_file is not None else self._wheel_text().encode(),
            "top_level.txt": "".join(f"{name}\n" for name in self.top_level).encode(),
        }
        if self.scripts:
            described["entry_points.txt"] = "\n".join(["[console_scripts]", *self.scripts, ""]).encode()
        sources = {path: source.encode() for path, source in self.sources().items()}
        return sources | {
            f"{self.dist_info}/{name}": content for name, content in described.items() if name not in self.left_out
        }

    def content(self) -> bytes:
        """The bytes of the wheel."""
        members = self.members()
        closing = {} if "RECORD" in self.left_out else {f"{self.dist_info}/RECORD": self._record(members)}
        buffer = io.BytesIO()
        with warnings.catch_warnings(), zipfile.ZipFile(buffer, "w") as archive:
            # A member twice is what some test wants.
            warnings.filterwarnings("ignore", "Duplicate name", UserWarning)
            for path, content in [*members.items(), *closing.items(), *self.raw_members]:
                archive.writestr(_zip_entry(path), content)
        return buffer.getvalue()

    def sha256(self) -> str:
        return hashlib.sha256(self.content()).hexdigest()

    def write(self, folder: pathlib.Path) -> pathlib.Path:
        """Makes the wheel; its path."""
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / self.expected_file_name()
        path.write_bytes(self.content())
        return path

    def _record(self, members: c.Mapping[str, bytes]) -> bytes:
        return self.record if self.record is not None else record(members, f"{self.dist_info}/RECORD")

    def _wheel_text(self) -> str:
        pythons, abis, platforms = self.tag.split("-")
        tags = [f"{p}-{a}-{s}" for p in pythons.split(".") for a in abis.split(".") for s in platforms.split(".")]
        pure = "true" if tags[-1].endswith("-none-any") else "false"
        lines = ["Wheel-Version: 1.0", "Generator: testbed (1.0)", f"Root-Is-Purelib: {pure}"]
        lines += [f"Build: {self.build}"] * bool(self.build)
        return "\n".join([*lines, *(f"Tag: {tag}" for tag in tags), ""])


def record(members: c.Mapping[str, bytes], own_path: str) -> bytes:
    """RECORD for these files: path, hash and size of each, and itself without either."""
    text = io.StringIO()
    rows = csv.writer(text, lineterminator="\n")
    for path, content in members.items():
        digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
        rows.writerow([path, f"sha256={digest}", len(content)])
    rows.writerow([own_path, "", ""])
    return text.getvalue().encode()


def split_marker(requirement: str) -> tuple[str, str]:
    """A requirement without its marker, and the marker."""
    wanted, _semicolon, marker = requirement.partition(";")
    return wanted.strip(), marker.strip()


def _for_extra(requirement: str, extra: str) -> str:
    wanted, marker = split_marker(requirement)
    return f"{wanted}; ({marker}) and extra == '{extra}'" if marker else f"{wanted}; extra == '{extra}'"


def _zip_entry(path: str) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(path, _EPOCH)
    entry.external_attr = 0o100644 << 16
    # Stored, not deflated: the libraries that deflate do not agree on the bytes.
    entry.compress_type = zipfile.ZIP_STORED
    # Otherwise the byte for the writing system differs between machines.
    entry.create_system = 3
    return entry
