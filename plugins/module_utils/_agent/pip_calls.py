# Copyright (c) 2026 the mlfleet authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This file is private to mlfleet.packages: it may change in any release.
"""pip, as old or as young as it is: only with options that it knows, and never with words of anybody else."""

import re

# Since which version of pip an option is known, and until which one it is needed.
# https://pip.pypa.io/en/stable/news/
OPTIONS = (
    ((0,), None, "--disable-pip-version-check"),
    ((0,), None, "--no-input"),
    ((10,), None, "--no-color"),
    # Python 3.5 was told of its end by pip 20, which was the last one for it.
    ((20, 0), (21,), "--no-python-version-warning"),
)
# Another interpreter that the settings of the host name is not the runtime in question.
HOST_OPTIONS = (((22, 3), None, "--python="),)
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
# For pip as the host has set it up. With a target, it would take nothing that is installed here into account.
RESOLVE_OPTIONS = (
    "--dry-run",
    "--only-binary=:all:",
    "--no-cache-dir",
    "--upgrade-strategy=only-if-needed",
    "--no-user",
    "--target=",
    "--progress-bar=off",
    "--root-user-action=ignore",
)
DOWNLOAD_OPTIONS = ("--no-deps", "--require-hashes", "--only-binary=:all:", "--no-cache-dir", "--progress-bar=off")
NEWEST = ("--upgrade",)
AGAIN = ("--force-reinstall", "--no-deps")
CREDENTIALS = re.compile(r"(://)[^/\s@]+@")


def install(version, listing):
    """The words for an installation of what the file lists."""
    return _words(version, "install", INSTALL_OPTIONS, listing)


def uninstall(version, listing):
    """The words for a removal of what the file lists."""
    return _words(version, "uninstall", UNINSTALL_OPTIONS, listing)


def of_host(version, log):
    """The words before any command of the pip that the host has set up; the log is not where its settings want it."""
    known = _known(OPTIONS + HOST_OPTIONS, numbers(version))
    return ["-I", "-B", "-m", "pip"] + known + ["--log=" + log]


def resolve(report, listing, limits, options):
    """The words for the question what pip would install, answered in the report."""
    words = ["install"] + list(RESOLVE_OPTIONS + tuple(options))
    return words + ["--report", report, "-r", listing, "-c", limits]


def download(folder, listing):
    """The words for a download of exactly what the file lists."""
    return ["download"] + list(DOWNLOAD_OPTIONS) + ["--dest", folder, "-r", listing]


def numbers(version):
    """The first two numbers of a version of pip."""
    return tuple(int(number) for number in re.findall("[0-9]+", version)[:2])


def _words(version, command, options, listing):
    # -B: to run pip must not leave compiled files of pip behind.
    words = ["-I", "-B", "-m", "pip", "--isolated"] + _known(OPTIONS, numbers(version))
    return words + [command] + _known(options, numbers(version)) + ["-r", listing]


def _known(options, age):
    return [option for since, until, option in options if since <= age and (until is None or age < until)]


def without_credentials(output):
    """What pip printed, as text without the passwords of URLs."""
    text = output.decode("utf-8", "replace").replace("\r\n", "\n").strip()
    return CREDENTIALS.sub(r"\1***@", text)
