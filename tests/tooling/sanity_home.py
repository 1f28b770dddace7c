# Copyright (c) 2026 the mlfleet authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A home folder for ansible-test: where it keeps its virtual environments, and from where it can fill them.

ansible-test makes an environment for each kind of check and starts with a `get-pip` script from a server of the Ansible
project, unless its cache holds one. It passes nothing on to pip but HOME and PATH. This home therefore brings a script
that takes pip from the package index, and the pip configuration of the machine as a file.
"""

from __future__ import annotations

import ast
import configparser
import os
import pathlib
import re
import subprocess

_GET_PIP = '''\
"""Stands in for get-pip: installs the wanted pip with a pip wheel from the package index."""

import runpy
import sys

sys.path.insert(0, {wheel!r})
sys.argv[1:] = ["install", *(argument for argument in sys.argv[1:] if not argument.startswith("--no-"))]
runpy.run_module("pip", run_name="__main__", alter_sys=True)
'''


def prepare(home: pathlib.Path, python: pathlib.Path) -> None:
    """Fills the home for the ansible-test of the environment that `python` belongs to."""
    cache = home / ".ansible" / "test" / "cache"
    cache.mkdir(parents=True, exist_ok=True)
    _write_pip_configuration(home / ".config" / "pip" / "pip.conf", python)
    # A checkout of another owner is none of this run's business, but git refuses to list its files.
    (home / ".gitconfig").write_text("[safe]\n\tdirectory = *\n")
    for version in _wanted_pips(python):
        script = cache / f"get_pip_{version.replace('.', '_')}.py"
        if not script.exists():
            script.write_text(_GET_PIP.format(wheel=str(_download_pip(version, home / "wheels", python))))


def install_requirements(home: pathlib.Path, python: pathlib.Path, requirements: pathlib.Path) -> None:
    """Gives the import test what a controller has: its own environments know nothing of a collection's requirements."""
    lines = [line for line in requirements.read_text().splitlines() if not line.startswith(("#", "ansible-core"))]
    for environment in (home / ".ansible" / "test" / "venv" / "sanity.import.plugin").glob("*/*/bin/python"):
        stamp = environment.with_name("requirements-installed")
        if not stamp.exists() or stamp.read_text() != "\n".join(lines):
            command = [str(python), "-m", "pip", "--python", str(environment), "install", "--quiet"]
            subprocess.run([*command, *filter(None, lines)], check=True, stdin=subprocess.DEVNULL)
            stamp.write_text("\n".join(lines))


def _wanted_pips(python: pathlib.Path) -> list[str]:
    where = "import ansible_test; print(ansible_test.__path__[0])"
    place = subprocess.check_output([str(python), "-c", where], text=True)
    source = pathlib.Path(place.strip(), "_internal", "python_requirements.py").read_text()
    return sorted(set(re.findall(r"\bpip='([0-9.]+)'", source)))


def _download_pip(version: str, folder: pathlib.Path, python: pathlib.Path) -> pathlib.Path:
    command = [str(python), "-m", "pip", "download", "--quiet", "--no-deps", "--dest", str(folder), f"pip=={version}"]
    subprocess.run(command, check=True, stdin=subprocess.DEVNULL)
    return next(folder.glob(f"pip-{version}-*.whl"))


def _write_pip_configuration(path: pathlib.Path, python: pathlib.Path) -> None:
    listed = subprocess.check_output([str(python), "-m", "pip", "config", "list"], text=True, stdin=subprocess.DEVNULL)
    configuration = configparser.RawConfigParser()
    configuration.add_section("global")
    if authorities := os.environ.get("REQUESTS_CA_BUNDLE") or os.environ.get("SSL_CERT_FILE"):
        configuration.set("global", "cert", authorities)
    for section, name, value in re.findall(r"^(:env:|[\w-]+)\.([\w-]+)=(.*)$", listed, re.MULTILINE):
        section = "global" if section == ":env:" else section
        if not configuration.has_section(section):
            configuration.add_section(section)
        configuration.set(section, name, str(ast.literal_eval(value)))
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(path, "w") as file:
        configuration.write(file)
