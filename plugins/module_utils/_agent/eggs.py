# Copyright (c) 2026 the mlfleet authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This file is private to mlfleet.packages: it may change in any release.
"""The records that came before .dist-info: .egg-info folders and files, and eggs."""

import os

from . import metadata


def egg_info(folder, name, editable):
    """Of an .egg-info: a folder (setuptools) or a single file (distutils). (distribution, oddity or None)"""
    place = os.path.join(folder, name)
    if os.path.isfile(place):
        return metadata.from_header(folder, name, "distutils", metadata.read(place, b"\n\n"))
    found = metadata.from_header(
        folder, name, "egg-link" if editable else "egg-info", metadata.read(os.path.join(place, "PKG-INFO"), b"\n\n")
    )
    if editable:
        found[0]["editable"] = True
    _add_requires(found[0], metadata.read(os.path.join(place, "requires.txt")))
    return found


def egg(folder, name):
    """Of an egg: a folder or a zip file that holds an EGG-INFO. (distribution, oddity or None)"""
    place = os.path.join(folder, name)
    read = _read_in_folder if os.path.isdir(place) else _read_in_zip
    found = metadata.from_header(folder, name, "egg", read(place, "PKG-INFO"))
    _add_requires(found[0], read(place, "requires.txt"))
    return found


def _read_in_folder(place, name):
    return metadata.read(os.path.join(place, "EGG-INFO", name))


def _read_in_zip(place, name):
    from zipimport import ZipImportError, zipimporter

    try:
        return zipimporter(place).get_data(os.path.join(place, "EGG-INFO", name))
    except (ZipImportError, OSError, ValueError):
        return None


def _add_requires(distribution, raw):
    """requires.txt counts where the header has no requirements of its own."""
    if raw and not distribution["requires"]:
        distribution["requires"] = _from_requires_txt(raw.decode("utf-8", "replace"))


def _from_requires_txt(text):
    """As PEP 508; a section is headed `[extra]`, `[:marker]` or `[extra:marker]`."""
    found = []
    condition = ""
    for line in text.splitlines():
        line = line.strip()
        if line.startswith("["):
            condition = _condition(line.strip("[]"))
        elif line:
            found.append("%s; %s" % (line, condition) if condition else line)
    return found


def _condition(section):
    extra, _colon, marker = section.partition(":")
    if extra and marker:
        return '(%s) and extra == "%s"' % (marker, extra)
    return 'extra == "%s"' % extra if extra else marker
