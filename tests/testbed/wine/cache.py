# Copyright (c) 2026 the mlfleet authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is made once and used again by later runs: each thing in a folder named by the digest of its recipe."""

from __future__ import annotations

import collections.abc as c
import contextlib
import errno
import fcntl
import hashlib
import os
import pathlib
import shutil
import tempfile

DEFAULT_FOLDER = pathlib.Path(__file__).resolve().parents[3] / ".work" / "testbed"


def digest(*parts: str | bytes) -> str:
    """A short name for a recipe."""
    encoded = (part if isinstance(part, bytes) else part.encode() for part in parts)
    return hashlib.sha256(b"".join(len(part).to_bytes(8, "big") + part for part in encoded)).hexdigest()[:16]


def made_once(folder: pathlib.Path, make: c.Callable[[pathlib.Path], None]) -> pathlib.Path:
    """Calls `make` with an empty folder unless this one was finished before; a half-made one is never seen."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    with _locked(folder):
        if not folder.is_dir():
            _make_aside(folder, make)
    return folder


def _make_aside(folder: pathlib.Path, make: c.Callable[[pathlib.Path], None]) -> None:
    aside = pathlib.Path(tempfile.mkdtemp(prefix=".making-", dir=folder.parent))
    try:
        make(aside)
        aside.rename(folder)
    except BaseException:
        shutil.rmtree(aside, ignore_errors=True)
        raise


def lay_out(source: pathlib.Path, target: pathlib.Path) -> None:
    """A second tree with the same files, without their bytes. For files that nobody opens for writing."""
    shutil.copytree(source, target, symlinks=True, copy_function=_link, dirs_exist_ok=True)


def _link(source: str, target: str) -> None:
    try:
        os.link(source, target)
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
        os.symlink(source, target)


@contextlib.contextmanager
def _locked(folder: pathlib.Path) -> c.Iterator[None]:
    # Test workers are processes: two of them may want the same thing at once.
    with open(folder.parent / f".{folder.name}.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
