# Copyright (c) 2026 the mlfleet authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Results of python_packages in check mode, made up: what a report on a fleet is made from."""

from __future__ import annotations

import collections.abc as c
import random
import typing as t

Result = dict[str, t.Any]
# Kind of drift to the action that ends it, and the releases before and after.
_MENDED_BY: c.Mapping[str, tuple[str, str | None, str | None]] = {
    "missing": ("install", None, "2.1.0"),
    "version": ("upgrade", "1.4.2", "2.1.0"),
    "tampered": ("reinstall", "2.1.0", "2.1.0"),
    "extra": ("remove", "0.9", None),
    "protected": ("upgrade", "1.15.4", "1.21.6"),
}
_REASONS = {
    "missing": "declared ==2.1.*, not installed",
    "version": "declared ==2.1.*, installed 1.4.2",
    "tampered": "declared ==2.1.*, damaged: core.py and 2 more: another size",
    "extra": "declared absent",
    "protected": "required by pandas 1.3.5 (numpy>=1.17.3), installed 1.15.4",
}
_PACKAGES = (
    *("catboost", "click", "cryptography", "joblib", "lightgbm", "matplotlib", "openpyxl", "pyodbc", "requests"),
    *("scikit-learn", "sqlalchemy", "statsmodels", "xgboost"),
)


def home(instance: str) -> str:
    """Where SQL Server 2019 keeps the runtime of an instance."""
    return rf"C:\Program Files\Microsoft SQL Server\MSSQL15.{instance}\PYTHON_SERVICES"


def runtime(*instances: str, place: str | None = None, **drift: str) -> Result:
    """A runtime with its drift: package to kind, with `_` for a hyphen."""
    found = {package.replace("_", "-"): kind for package, kind in drift.items()}
    plan = [_action(package, kind) for package, kind in found.items() if kind in _MENDED_BY]
    problems = [_problem(package) for package, kind in found.items() if kind == "protected"]
    return {
        "home": place or home(instances[0]),
        "instances": list(instances),
        "status": "refused" if problems else "drifted" if plan else "compliant",
        "changed": bool(plan) and not problems,
        "plan": plan,
        "drift": [difference(package, kind) for package, kind in found.items()],
        "problems": problems,
        "notes": [],
    }


def result(*runtimes: Result) -> Result:
    """What a task returns for a host with these runtimes."""
    refused = any(each["problems"] for each in runtimes)
    answer: Result = {
        "format": 1,
        "changed": not refused and any(each["changed"] for each in runtimes),
        "runtimes": list(runtimes),
        "instances": [
            {"name": name, "runtime": each["home"], "status": each["status"]}
            for each in runtimes
            for name in each["instances"]
        ],
    }
    return answer | {"failed": True, "msg": "the plan is refused; nothing was changed"} if refused else answer


def unreachable(host: str) -> Result:
    return {
        "unreachable": True,
        "changed": False,
        "msg": f"{host}: no WinRM connection (timed out); check ansible_host",
    }


def difference(package: str, kind: str) -> Result:
    """One entry of drift."""
    if kind == "broken":
        why = f"{package} 1.0 needs six>=1.12, and six 1.10 is there"
        return {"package": package, "kind": kind, "have": "1.0", "want": None, "why": why}
    _action_kind, have, want = _MENDED_BY[kind]
    return {"package": package, "kind": kind, "have": have, "want": want, "why": _REASONS[kind]}


def _action(package: str, kind: str) -> Result:
    action, before, after = _MENDED_BY[kind]
    wheel = f"{package.replace('-', '_')}-{after}-py3-none-any.whl" if after else None
    return {
        "action": action,
        "package": package,
        "from": before,
        "to": after,
        "reason": _REASONS[kind],
        "wheel": wheel,
    }


def _problem(package: str) -> Result:
    advice = "change the declaration, or name it in allow_protected"
    detail = f"{package} would go from 1.15.4 to 1.21.6 ({_REASONS['protected']}), and it is protected; {advice}"
    return {"kind": "protected", "package": package, "detail": detail}


def fleet(hosts: int, packages: int = len(_PACKAGES), seed: int = 7) -> dict[str, Result]:
    """A fleet in which about half of the instances are clean, with everything that a report can hold."""
    choice = random.Random(seed)
    names = [*_PACKAGES, *(f"package-{number}" for number in range(packages))][:packages]
    return dict(_host(number, names, choice) for number in range(hosts))


def _host(number: int, names: c.Sequence[str], choice: random.Random) -> tuple[str, Result]:
    name = f"sql-{('berlin', 'lisbon', 'oslo', 'tokyo')[number % 4]}-{number // 4 + 1:02d}"
    luck = choice.random()
    if luck < 0.04:
        return name, unreachable(name)
    if luck < 0.06:
        return name, {"changed": False, "answer": 42}
    instances = ("MSSQLSERVER", "SQL01")[: 1 + (number % 3 == 0)]
    return name, result(*(runtime(each, **_some_drift(names, choice)) for each in instances))


def _some_drift(names: c.Sequence[str], choice: random.Random) -> dict[str, str]:
    if choice.random() < 0.5:
        return {}
    kinds = ("missing", "version", "version", "tampered", "extra", "broken")
    # Few packages drift on many instances, and many on few.
    chosen = {names[int(len(names) * choice.random() ** 2)] for _draw in range(choice.randint(1, 5))}
    drift = {package: choice.choice(kinds) for package in sorted(chosen)}
    return drift | ({"numpy": "protected"} if choice.random() < 0.12 else {})
