# Copyright (c) 2026 the mlfleet authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This file is private to mlfleet.packages: it may change in any release.
"""SQL Server on Windows: its instances, and the runtimes that belong to them, as the registry tells."""

import ntpath

from . import host_windows as host

ROOT = "SOFTWARE\\Microsoft\\Microsoft SQL Server"
SERVICES = "SYSTEM\\CurrentControlSet\\Services"
RELEASES = {13: "2016", 14: "2017", 15: "2019", 16: "2022", 17: "2025"}
ML_SERVER_FOLDERS = ("140", "150")


def find(places):
    """The instances, their runtimes, those of ML Server, and those at the places that were named."""
    runtimes = _Runtimes()
    instances = []
    for name, identity in sorted(host.registry_values(ROOT + "\\Instance Names\\SQL").items()):
        instances.append(_instance(name, identity, runtimes))
    for home in _ml_server_homes(instances):
        runtimes.add(home, "ml-server")
    missing = [place for place in places if not runtimes.add_place(place)]
    return {"instances": instances, "runtimes": runtimes.found, "missing": missing}


class _Runtimes(object):
    """Each runtime once, however many instances use it and however its path is spelled."""

    def __init__(self):
        self.found = []
        self._by_path = {}

    def add(self, home, origin):
        """The home under which the runtime is known, or None where there is no interpreter."""
        home = ntpath.normpath(host.long_path(home))
        interpreter = ntpath.join(home, "python.exe")
        if not host.is_file(interpreter):
            return None
        key = ntpath.normcase(home)
        if key not in self._by_path:
            self._by_path[key] = {"home": home, "interpreter": interpreter, "origin": origin, "named": False}
            self.found.append(self._by_path[key])
        if origin == "named":
            self._by_path[key]["named"] = True
        return self._by_path[key]["home"]

    def add_place(self, place):
        """Whether the place is a home, its interpreter, or a folder that holds several homes."""
        if place.lower().endswith(".exe"):
            place = ntpath.dirname(place)
        if self.add(place, "named") or self.add(ntpath.join(place, "Scripts"), "named"):
            return True
        inside = [self.add(ntpath.join(place, name), "named") for name in host.folder_names(place)]
        return any(inside)


def _instance(name, identity, runtimes):
    setup = host.registry_values(ROOT + "\\" + identity + "\\Setup")
    path = host.expand(setup.get("SQLPath", "")).rstrip("\\")
    version = setup.get("PatchLevel") or setup.get("Version", "")
    launcher = _launcher(path)
    homes = [runtimes.add(home, "setup") for home in _setup_homes(path)]
    bound = runtimes.add(launcher["PYTHONHOME"], "launcher") if launcher.get("PYTHONHOME") else None
    homes = [home for home in homes if home]
    if bound and bound not in homes:
        homes.append(bound)
    return {
        "name": name,
        "id": identity,
        "release": _release(identity, version),
        "version": setup.get("Version", ""),
        "patch_level": setup.get("PatchLevel", ""),
        "edition": setup.get("Edition", ""),
        "features": setup.get("FeatureList", "").split(),
        "path": path,
        "launchpad": _launchpad(name),
        "runtimes": homes,
        "effective_runtime": bound or (homes[0] if len(homes) == 1 else None),
        "configured_home": launcher.get("PYTHONHOME"),
    }


def _setup_homes(path):
    """PYTHON_SERVICES and its later siblings (PYTHON_SERVICES.3.7 of 2017 CU22) stand beside the MSSQL folder."""
    root = ntpath.dirname(path)
    names = host.folder_names(root) if path else []
    return [ntpath.join(root, name) for name in names if name.upper().startswith("PYTHON_SERVICES")]


def _launcher(path):
    """The settings of pythonlauncher.config. The documentation names two places for it; Binn is the usual one."""
    for folder in (("Binn",), ("Log", "ExtensibilityLog")):
        text = host.read_text(ntpath.join(path, *(folder + ("pythonlauncher.config",)))) if path else None
        if text is not None:
            pairs = [line.partition("=") for line in text.splitlines()]
            return {key.strip().upper(): value.strip().strip('"') for key, _equals, value in pairs}
    return {}


def _launchpad(name):
    service = "MSSQLLaunchpad" if name.upper() == "MSSQLSERVER" else "MSSQLLaunchpad$" + name
    values = host.registry_values(SERVICES + "\\" + service)
    if not values:
        return None
    return {"service": service, "account": values.get("ObjectName", "")}


def _release(identity, version):
    """From the version; an instance ID is free text at setup, so it comes second."""
    for text in (version, identity.upper().replace("MSSQL", "", 1)):
        major = text.split(".")[0]
        if major.isdigit() and int(major) in RELEASES:
            return RELEASES[int(major)]
    return None


def _ml_server_homes(instances):
    """Standalone Machine Learning Server of the days of 2017 and 2019, which SQL Server itself does not use."""
    for number in ML_SERVER_FOLDERS:
        folder = host.registry_values(ROOT + "\\" + number).get("VerSpecificRootDir")
        yield ntpath.join(folder or host.expand("%ProgramFiles%\\Microsoft SQL Server\\" + number), "PYTHON_SERVER")
    yield host.expand("%ProgramFiles%\\Microsoft\\ML Server\\PYTHON_SERVER")
