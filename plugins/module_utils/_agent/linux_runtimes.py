# Copyright (c) 2026 the mlfleet authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This file is private to mlfleet.packages: it may change in any release.
"""Linux: SQL Server's runtimes, conda prefixes, virtual environments, and interpreters that were named."""

import os

# 2019, and the places that its documentation names elsewhere; 2022 is configured in mssql.conf.
SQL_SERVER_2019 = (
    "/opt/mssql/mlservices/runtime/python/bin/python",
    "/opt/mssql/mlservices/bin/python/python",
)
MSSQL_CONF = "/var/opt/mssql/mssql.conf"
CONDA_ROOTS = ("/opt/conda", "/opt/anaconda3", "/opt/miniconda3", "/home/ec2-user/anaconda3")
INTERPRETERS = ("bin/python3", "bin/python")


def find(homes, places):
    """The instance of this machine, its runtimes, those of conda, and those at the places that were named."""
    found = {}
    instances = _sql_server(found)
    for root in _conda_prefixes(homes):
        _add(found, root, "conda")
    missing = [place for place in places if not _add_place(found, os.path.normpath(place))]
    return {"instances": instances, "runtimes": [found[home] for home in sorted(found)], "missing": missing}


def _add(found, home, origin, interpreters=INTERPRETERS):
    """The runtime of a home, or None where there is no interpreter."""
    for name in interpreters:
        interpreter = os.path.join(home, name)
        if os.access(interpreter, os.X_OK) and not os.path.isdir(interpreter):
            runtime = {"home": home, "interpreter": interpreter, "origin": origin, "named": False}
            return found.setdefault(home, runtime)
    return None


def _add_place(found, place):
    """Whether the place is a home, its interpreter, or a folder that holds several homes."""
    if os.path.isfile(place) and not os.path.basename(place).startswith("python"):
        return False  # it would be started
    if os.path.isfile(place):
        home = os.path.dirname(os.path.dirname(place))
        added = [_add(found, home, _kind(home), (place,))]
    else:
        added = [_add(found, place, _kind(place))]
        if added == [None]:
            inside = [os.path.join(place, name) for name in _names(place)]
            added = [_add(found, home, _kind(home)) for home in inside]
    for runtime in added:
        if runtime is not None:
            runtime["named"] = True
    return any(added)


def _kind(home):
    if os.path.isfile(os.path.join(home, "pyvenv.cfg")):
        return "virtual-environment"
    return "conda" if os.path.isdir(os.path.join(home, "conda-meta")) else "named"


def _sql_server(found):
    """The one instance that a Linux machine can have, with each runtime it may use."""
    interpreters = [path for path in SQL_SERVER_2019 if os.path.isfile(path)]
    configured = _configured_interpreter()
    if configured and os.path.isfile(configured):
        interpreters.append(configured)
    if not interpreters:
        return []
    for interpreter in interpreters:
        home = os.path.dirname(os.path.dirname(interpreter))
        found[home] = {"home": home, "interpreter": interpreter, "origin": "setup", "named": False}
    homes = [os.path.dirname(os.path.dirname(interpreter)) for interpreter in interpreters]
    return [
        {
            "name": "MSSQLSERVER",
            "id": "mssql",
            "release": "2022" if configured else "2019",
            "version": "",
            "patch_level": "",
            "edition": "",
            "features": [],
            "path": "/opt/mssql",
            "launchpad": {"service": "mssql-launchpadd", "account": ""},
            "runtimes": homes,
            "effective_runtime": homes[-1],
            "configured_home": configured,
        }
    ]


def _configured_interpreter():
    """pythonbinpath in the section extensibility of mssql.conf."""
    section = ""
    for line in _lines(MSSQL_CONF):
        line = line.strip()
        if line.startswith("["):
            section = line.strip("[]").strip().lower()
        key, _equals, value = line.partition("=")
        if section == "extensibility" and key.strip().lower() == "pythonbinpath":
            return value.strip()
    return None


def _conda_prefixes(homes):
    """Those that conda keeps a list of, and those at the usual places."""
    roots = list(CONDA_ROOTS)
    listed = []
    for home in homes:
        roots += [os.path.join(home, name) for name in ("anaconda3", "miniconda3", "miniforge3")]
        listed += [line.strip() for line in _lines(os.path.join(home, ".conda", "environments.txt"))]
    for root in roots:
        listed.append(root)
        listed += [os.path.join(root, "envs", name) for name in _names(os.path.join(root, "envs"))]
    return [each for each in listed if each and os.path.isdir(os.path.join(each, "conda-meta"))]


def _names(folder):
    try:
        return sorted(os.listdir(folder))
    except OSError:
        return []


def _lines(path):
    try:
        with open(path, "rb") as stream:
            return stream.read(1024 * 1024).decode("utf-8", "replace").splitlines()
    except OSError:
        return []
