# Copyright (c) 2026 the mlfleet authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This file is private to mlfleet.packages: it may change in any release.
"""pip, as old or as young as it is: only with options that it knows, and never with words of anybody else."""

import re

# Since which version of pip an option is known, and until which one it is needed.
# https://pip.pypa.io/en/stable/news/
OPTIONS = (
    ((0,), None, "--isolated"),
    ((0,), None, "--disable-pip-version-check"),
    ((0,), None, "--no-input"),
    ((10,), None, "--no-color"),
    # Python 3.5 was told of its end by pip 20, which was the last one for it.
    ((20, 0), (21,), "--no-python-version-warning"),
)
INSTALL_OPTIONS = (
    ((0,), None, "--no-index"),
    ((0,), None, "--no-deps"),
    ((0,), None, "--upgrade"),
    ((0,), None, "--force-reinstall"),
    # Compiling comes afterwards, in several processes.
    ((0,), None, "--no-compile"),
    ((0,), None, "--no-cache-dir"),
    ((10,), None, "--no-user"),
    ((10,), None, "--no-warn-script-location"),
    ((10,), None, "--progress-bar=off"),
    ((22, 1), None, "--root-user-action=ignore"),
)
UNINSTALL_OPTIONS = (((0,), None, "--yes"), ((22, 1), None, "--root-user-action=ignore"))
CREDENTIALS = re.compile(r"(://)[^/\s@]+@")


def install(version, listing):
    """The words for an installation of what the file lists."""
    return _words(version, "install", INSTALL_OPTIONS, listing)


def uninstall(version, listing):
    """The words for a removal of what the file lists."""
    return _words(version, "uninstall", UNINSTALL_OPTIONS, listing)


def _words(version, command, options, listing):
    numbers = tuple(int(number) for number in re.findall("[0-9]+", version)[:2])
    # -B: to run pip must not leave compiled files of pip behind.
    words = ["-I", "-B", "-m", "pip"] + _known(OPTIONS, numbers)
    return words + [command] + _known(options, numbers) + ["-r", listing]


def _known(options, numbers):
    return [option for since, until, option in options if since <= numbers and (until is None or numbers < until)]


def without_credentials(output):
    """What pip printed, as text without the passwords of URLs."""
    text = output.decode("utf-8", "replace").replace("\r\n", "\n").strip()
    return CREDENTIALS.sub(r"\1***@", text)
