# Copyright (c) 2026 the mlfleet authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This file is private to mlfleet.packages: it may change in any release.
"""A wheel, as far as it must be known before pip gets to see it."""

import hashlib
import re
import zipfile

from . import metadata

MEMBER_LIMIT = 1024 * 1024
BLOCK = 64 * 1024
# PEP 427: name, version, perhaps a build number, and three tags. Nothing in it means anything to pip or to a shell.
FILE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._]*-[A-Za-z0-9._+!]+(-[0-9][A-Za-z0-9._]*)?(-[A-Za-z0-9._]+){3}\.whl")
SHA256 = re.compile("[0-9a-f]{64}")


class Unusable(Exception):
    """What is wrong with a wheel, as the end of a sentence."""


class WheelFile(object):
    """What a wheel holds: the names of its members, the size of all of them, and what its .dist-info folder says."""

    def __init__(self, stream):
        try:
            archive = zipfile.ZipFile(stream)
            infos = archive.infolist()
        except Exception as error:  # pylint: disable=broad-except  # zipfile has a dozen ways to say no
            raise Unusable("is not a zip file: %s" % error)
        for info in infos:
            # The name before zipfile made it fit for this system.
            if _leaves_the_folder(info.orig_filename):
                raise Unusable("has a member that does not stay in its folder: %s" % ascii(info.orig_filename)[:200])
        self.members = [info.filename for info in infos]
        self.unpacked = sum(info.file_size for info in infos)
        self.dist_info = _dist_info(self.members)
        self.metadata = _read(archive, self.dist_info + "/METADATA")
        entry_points = self.dist_info + "/entry_points.txt"
        self.entry_points = _read(archive, entry_points) if entry_points in self.members else b""


def _dist_info(members):
    found = {name.partition("/")[0] for name in members if "/" in name}
    found = sorted(name for name in found if name.endswith(".dist-info"))
    if len(found) != 1:
        raise Unusable("has %d .dist-info folders where there must be one" % len(found))
    return found[0]


def _read(archive, member):
    try:
        with archive.open(member) as stream:
            # More than the limit is never unpacked, whatever size the archive claims.
            content = stream.read(MEMBER_LIMIT + 1)
    except Exception as error:  # pylint: disable=broad-except  # as above
        raise Unusable("has no %s that can be read: %s" % (member, error))
    if len(content) > MEMBER_LIMIT:
        raise Unusable("has a %s of more than %d bytes" % (member, MEMBER_LIMIT))
    return content


def _leaves_the_folder(member):
    # A colon would be a drive, or a second stream of a file on Windows.
    return not member or member[0] == "/" or any(each in member for each in "\\:\0") or ".." in member.split("/")


def name_of(file_name):
    """The name that the file name gives, normalised."""
    return metadata.normalised(file_name.partition("-")[0])


def sha256_of(stream):
    """The hash and the size of what is left to read."""
    hashed = hashlib.sha256()
    size = 0
    for block in iter(lambda: stream.read(BLOCK), b""):
        hashed.update(block)
        size += len(block)
    return hashed.hexdigest(), size
