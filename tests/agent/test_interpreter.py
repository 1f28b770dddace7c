# Copyright (c) 2026 the mlfleet authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The facts of an interpreter, against what its own standard library and pip's packaging say."""

from __future__ import annotations

import json
import pathlib
import subprocess
import typing as t

from testbed import agent_calls
from testbed.interpreters import Interpreter

ORACLE = """
import json, sys, sysconfig, importlib.machinery
from pip._vendor.packaging.markers import default_environment
print(json.dumps({
    "executable": sys.executable, "prefix": sys.prefix, "base_prefix": sys.base_prefix,
    "abi_flags": sys.abiflags, "platform": sysconfig.get_platform(), "cache_tag": sys.implementation.cache_tag,
    "extension_suffixes": importlib.machinery.EXTENSION_SUFFIXES, "markers": default_environment(),
}))
"""


def said_by_libraries(runtime: pathlib.Path) -> dict[str, t.Any]:
    answer: dict[str, t.Any] = json.loads(subprocess.check_output([str(runtime), "-I", "-c", ORACLE]))
    return answer


def test_facts_are_those_of_the_standard_library(runtime: pathlib.Path, interpreter: Interpreter) -> None:
    facts = agent_calls.ask(runtime, "snapshot", detail="interpreter")["interpreter"]
    expected = said_by_libraries(runtime)
    assert {name: facts[name] for name in expected} == expected
    assert facts["version"] == interpreter.name
    assert facts["pointer_bits"] == 64
    assert facts["libc"].startswith("glibc ")


def test_without_packages_nothing_else_is_told(runtime: pathlib.Path) -> None:
    assert set(agent_calls.ask(runtime, "snapshot", detail="interpreter")) == {"interpreter"}
