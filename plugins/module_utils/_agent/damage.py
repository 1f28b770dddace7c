# Copyright (c) 2026 the mlfleet authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This file is private to mlfleet.packages: it may change in any release.
"""Files of distributions that are no longer what was installed."""

import os

from . import file_lists, metadata

NONE, SIZE, HASH = DEPTHS = ("none", "size", "hash")
NAME_LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_."
BLOCK = 1024 * 1024


def find(snapshot, names, depth):
    """One finding for each damaged distribution among the named ones and what they need."""
    found = []
    for number in _asked(snapshot["distributions"], names) if depth != NONE else ():
        each = snapshot["distributions"][number]
        folder = snapshot["folders"][each["location"]]
        bad = list(_bad_files(each, folder, depth))
        if bad:
            finding = {"distribution": number, "path": bad[0][0], "detail": bad[0][1], "files": len(bad)}
            found.append(finding)
    return found


def _asked(distributions, names):
    """Their numbers. Markers are left alone: to look at too many does no harm."""
    by_name = {metadata.normalised(each["name"]): number for number, each in reversed(list(enumerate(distributions)))}
    asked = set()
    waiting = [metadata.normalised(name) for name in names]
    while waiting:
        number = by_name.get(waiting.pop())
        if number is not None and number not in asked:
            asked.add(number)
            waiting += [_required(text) for text in distributions[number]["requires"]]
    return sorted(asked)


def _required(requirement):
    """The name at the begin of a requirement of any age."""
    return metadata.normalised(requirement[: len(requirement) - len(requirement.lstrip(NAME_LETTERS))])


def _bad_files(distribution, folder, depth):
    """(path as recorded, what is wrong with it) of each file that is damaged."""
    if distribution["record"] != "dist-info" or _installed_by_conda(folder, distribution):
        return
    try:
        recorded = file_lists.rows(file_lists.path_of(distribution, folder))
    except OSError:  # without a list, nothing can be said
        return
    by_folder = {}
    for path, digest, size in recorded:
        if size.isdigit() and not path.endswith(".pyc") and not _outside(path):
            inside, _slash, name = path.replace("\\", "/").rpartition("/")
            by_folder.setdefault(inside, {})[name] = (path, digest, int(size))
    for inside in sorted(by_folder):
        yield from _bad_in_folder(os.path.join(folder, inside), by_folder[inside], depth)


def _installed_by_conda(folder, distribution):
    # conda rewrites prefixes in files after it has recorded them.
    installer = metadata.read(os.path.join(folder, distribution["metadata"], "INSTALLER"))
    return (installer or b"").strip() == b"conda"


def _outside(path):
    """Scripts and data files, which pip or a script of the package may have written anew."""
    return path.startswith(("..", "/", "\\")) or path[1:2] == ":"


def _bad_in_folder(place, wanted, depth):
    sizes = _sizes(place, wanted)
    for name in sorted(wanted):
        path, digest, size = wanted[name]
        if name not in sizes:
            yield path, "missing"
        elif sizes[name] != size:
            yield path, "another size"
        elif depth == HASH:
            try:
                differs = _differs(os.path.join(place, name), digest)
            except OSError:  # another account's, or on a bad sector
                yield path, "cannot be read"
                continue
            if differs:
                yield path, "other content"


def _sizes(place, wanted):
    """name -> size. Listing a folder gives all sizes at once on Windows, where asking for each is slow."""
    found = {}
    try:
        for entry in os.scandir(place):
            if entry.name in wanted and entry.is_file():
                found[entry.name] = entry.stat().st_size
    except OSError:
        pass
    for name in set(wanted) - set(found):
        # A folder that ignores the case of letters may spell the name in another way.
        path = os.path.join(place, name)
        if os.path.isfile(path):
            found[name] = os.path.getsize(path)
    return found


def _differs(path, digest):
    """Whether the content has another hash than the recorded one; hashes of unknown kinds say nothing."""
    kind, _equals, expected = digest.partition("=")
    if kind not in ("sha256", "sha384", "sha512"):
        return False
    from base64 import urlsafe_b64encode
    from hashlib import new

    hashed = new(kind)
    with open(path, "rb") as stream:
        for block in iter(lambda: stream.read(BLOCK), b""):
            hashed.update(block)
    return urlsafe_b64encode(hashed.digest()).rstrip(b"=").decode("ascii") != expected.rstrip("=")
