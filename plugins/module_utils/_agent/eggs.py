# Copyright (c) 2026 the mlfleet authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This file is private to mlfleet.packages: it may change in any release.
"""The records that came before .dist-info: .egg-info folders and files, and eggs."""

import os

from . import metadata


def distribution(folder, name, editable, oddities):
    """Of an .egg, or of an .egg-info that is a folder (setuptools) or a single file (distutils)."""
    place = os.path.join(folder, name)
    if name.endswith(".egg"):
        record, read = "egg", _read_in_egg if os.path.isdir(place) else _read_in_zip
    elif os.path.isfile(place):
        return metadata.distribution(folder, name, "distutils", metadata.read(place, b"\n\n"), oddities)
    else:
        record, read = "egg-link" if editable else "egg-info", _read_in_folder
    found = metadata.distribution(folder, name, record, read(place, "PKG-INFO"), oddities)
    if editable:
        found["editable"] = True
    requires = read(place, "requires.txt")
    if requires and not found["requires"]:
        found["requires"] = _from_requires_txt(requires.decode("utf-8", "replace"))
    return found


def _read_in_folder(place, name):
    return metadata.read(os.path.join(place, name))


def _read_in_egg(place, name):
    return metadata.read(os.path.join(place, "EGG-INFO", name))


def _read_in_zip(place, name):
    from zipimport import ZipImportError, zipimporter

    try:
        return zipimporter(place).get_data(os.path.join(place, "EGG-INFO", name))
    except (ZipImportError, OSError, ValueError):
        return None


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
