# Copyright (c) 2026 the mlfleet authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This file is private to mlfleet.packages: it may change in any release.
"""What the controller must know of a wheel that lies on this host, as it would know it of one of its own."""

from . import wheel_file
from .host import this as host

MOST_MEMBERS = 20000


def of(path):
    """The description; a wheel that cannot be used has a problem instead."""
    known = {"path": path, "file_name": host.paths.basename(path), "problem": None}
    for name in ("sha256", "size", "unpacked", "metadata", "members"):
        known[name] = None
    try:
        known.update(_read(path))
    except OSError as error:
        known["problem"] = "cannot be read: %s" % (error.strerror or error)
    except wheel_file.Unusable as error:
        known["problem"] = str(error)
    return known


def _read(path):
    if not host.paths.isabs(path) or "\0" in path or not path.lower().endswith(".whl"):
        raise wheel_file.Unusable("is no absolute path of a wheel")
    with host.open_binary(path) as stream:
        sha256, size = wheel_file.sha256_of(stream)
        wheel = wheel_file.WheelFile(stream)
        if len(wheel.members) > MOST_MEMBERS:
            raise wheel_file.Unusable("has more than %d members" % MOST_MEMBERS)
        try:
            text = wheel.metadata.decode("utf-8")
        except UnicodeDecodeError:
            raise wheel_file.Unusable("has a METADATA that is not UTF-8")
    return {"sha256": sha256, "size": size, "unpacked": wheel.unpacked, "metadata": text, "members": wheel.members}
