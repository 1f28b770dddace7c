# Copyright (c) 2026 the mlfleet authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Thirty real wheels, installed by the agent with all that it does for safety, against one bare pip install."""

from __future__ import annotations

import collections.abc as c
import dataclasses
import functools
import hashlib
import os
import pathlib
import shutil
import subprocess
import tempfile
import typing as t

from ansible_collections.mlfleet.packages.plugins.module_utils._agent.bootstrap import ARGUMENTS
from ansible_collections.mlfleet.packages.plugins.plugin_utils._protocol import AnswerReader, Request
from packaging.utils import parse_wheel_filename

from bench import environments, interleaved
from bench.interleaved import Comparison, Contender
from testbed import changeable, package_index
from testbed.changeable import ChangeableRuntime
from testbed.interpreters import Interpreter
from testbed.virtual_environments import Recipe
from testbed.wine import cache

KEPT = environments.KEPT.parent / "bench-wheels"
ROUNDS = 7
OURS = "the agent: checked, set aside, installed, compiled, verified, imported"
FIRST, AGAIN = "`pip install --no-index --no-deps`", "`pip install --no-index --no-deps --force-reinstall`"

# With the module that shows whether it works. Closed under what they import; numpy and pandas are 40 % of the bytes.
WHEELS: c.Mapping[str, str] = {
    "attrs==26.1.0": "attr",
    "babel==2.18.0": "babel",
    "beautifulsoup4==4.15.0": "bs4",
    "botocore==1.44.5": "botocore",
    "certifi==2026.10.18": "certifi",
    "charset-normalizer==3.5.2": "charset_normalizer",
    "click==8.5.1": "click",
    "debugpy==1.8.22": "debugpy",
    "greenlet==3.5.6": "greenlet",
    "idna==3.20": "idna",
    "jinja2==3.1.6": "jinja2",
    "jmespath==1.1.0": "jmespath",
    "lxml==6.1.3": "lxml.etree",
    "markupsafe==3.0.4": "markupsafe",
    "networkx==3.6.1": "networkx",
    "numpy==2.4.6": "numpy",
    "pandas==2.3.3": "pandas",
    "prompt-toolkit==3.0.53": "prompt_toolkit",
    "pygments==2.21.0": "pygments",
    "python-dateutil==4.0.0": "dateutil",
    "pytz==2026.6": "pytz",
    "pyyaml==6.0.3": "yaml",
    "requests==2.34.2": "requests",
    "six==1.17.0": "six",
    "soupsieve==4.1.1": "soupsieve",
    "sqlalchemy==2.1.9": "sqlalchemy",
    "typing-extensions==4.16.0": "typing_extensions",
    "tzdata==2026.6": "tzdata",
    "urllib3==2.8.0": "urllib3",
    "wcwidth==0.9.4": "wcwidth",
}

HEAD = f"""## What it costs to install {len(WHEELS)} wheels

{len(WHEELS)} real wheels, pure and binary (`tests/bench/thirty_wheels.py`), into a new environment, and once more into
one that has all of them already: then the agent sets everything aside first. pip reads the wheels from a folder; the
agent is sent them, and verifies their hashes, compiles to byte code like pip, compares the outcome with the plan, and
imports a module of each. Median of {ROUNDS} rounds in which the commands take turns, each in a copy of the environment
made before.

"""


@dataclasses.dataclass(frozen=True)
class Situation:
    """Environments to begin with, one for each contender, copied again before each run."""

    title: str
    peer: str
    words: tuple[str, ...]
    start: pathlib.Path
    interpreter: Interpreter
    folder: pathlib.Path

    def runtime(self, name: str) -> ChangeableRuntime:
        return ChangeableRuntime(self.folder / name, self.interpreter)

    def renew(self, name: str) -> None:
        """A copy of the start; written to the disk, so that nothing of this is left to do while others are measured."""
        shutil.rmtree(self.folder / name, ignore_errors=True)
        shutil.copytree(self.start, self.folder / name, symlinks=True)
        os.sync()


def download(interpreter: Interpreter) -> list[pathlib.Path]:
    """The wheels for this interpreter, downloaded once."""
    key = cache.digest(interpreter.name, *WHEELS)
    folder = cache.made_once(KEPT / key, functools.partial(_download, interpreter))
    return sorted(folder.glob("*.whl"))


def _download(interpreter: Interpreter, folder: pathlib.Path) -> None:
    words = ["-qq", "--no-deps", "--only-binary=:all:", f"--dest={folder}", *WHEELS]
    command = [str(interpreter.path), "-m", "pip", "download", "--disable-pip-version-check", *words]
    if subprocess.run(command, env=package_index.connected(os.environ), check=False).returncode != 0:
        raise SystemExit("the real wheels to measure with cannot be had")


def pip_contender(situation: Situation, wheels: list[pathlib.Path]) -> Contender:
    runtime = situation.runtime("peer")
    words = ("-m", "pip", "install", "--no-index", "--no-deps", "-q", *situation.words)
    command = (str(runtime.python), *words, *map(str, wheels))
    return Contender(
        situation.peer,
        command,
        prepare=functools.partial(situation.renew, "peer"),
        check=lambda _output: _check_installed(runtime, situation.peer),
    )


def agent_contender(situation: Situation, wheels: list[pathlib.Path]) -> Contender:
    situation.renew("ours")
    runtime = situation.runtime("ours")
    request = Request("apply", apply_arguments(runtime, wheels))

    def check(output: bytes) -> None:
        reader = AnswerReader(request.nonce, lambda event: None)
        reader.feed(output)
        (change,) = reader.result()["changes"]
        if change["outcome"] != "changed":
            raise SystemExit(f"the agent did not change the runtime: {change}")
        _check_installed(runtime, OURS)

    command = (str(runtime.python), *ARGUMENTS)
    stdin = request.stdin() + b"".join(wheel.read_bytes() for wheel in wheels)
    return Contender(OURS, command, stdin, prepare=functools.partial(situation.renew, "ours"), check=check)


def apply_arguments(runtime: ChangeableRuntime, wheels: list[pathlib.Path]) -> dict[str, t.Any]:
    """What the controller would ask of the agent."""
    before = runtime.installed()
    after = before | {name: str(version) for name, version, *_rest in map(_parsed, wheels)}
    change = {
        "home": str(runtime.prefix),
        # As the agent names the interpreter of a home.
        "interpreter": str(runtime.python.with_name("python3")),
        "before": sorted(map(list, before.items())),
        "after": sorted(map(list, after.items())),
        "remove": [],
        "install": [wheel.name for wheel in wheels],
        "imports": list(WHEELS.values()),
    }
    return {"seconds": 600, "wheels": [_sent(wheel) for wheel in wheels], "changes": [change]}


def _parsed(wheel: pathlib.Path) -> tuple[t.Any, ...]:
    return parse_wheel_filename(wheel.name)


def _sent(wheel: pathlib.Path) -> dict[str, t.Any]:
    content = wheel.read_bytes()
    sha256 = hashlib.sha256(content).hexdigest()
    return {"file_name": wheel.name, "sha256": sha256, "size": len(content), "path": None}


def _check_installed(runtime: ChangeableRuntime, name: str) -> None:
    installed = {f"{key}=={version}" for key, version in runtime.installed().items()}
    if missing := set(WHEELS) - installed:
        raise SystemExit(f"{name} did not install {', '.join(sorted(missing))}")
    bare = [path for path in runtime.site_packages.rglob("*.py") if not _byte_code(path, runtime.interpreter).exists()]
    if bare:
        raise SystemExit(f"{name} did not compile {len(bare)} files, such as {bare[0]}")


def _byte_code(path: pathlib.Path, interpreter: Interpreter) -> pathlib.Path:
    major, minor = interpreter.minor
    return path.parent / "__pycache__" / f"{path.stem}.cpython-{major}{minor}.pyc"


def compare(situation: Situation, wheels: list[pathlib.Path]) -> list[Comparison]:
    contenders = [pip_contender(situation, wheels), agent_contender(situation, wheels)]
    return interleaved.compare(contenders, situation.peer, ROUNDS, warm_up=1)


def situations(interpreter: Interpreter, folder: pathlib.Path, wheels: list[pathlib.Path]) -> list[Situation]:
    """Without any of the wheels, and with all of them."""
    bare = changeable.fresh(folder / "bare", Recipe(interpreter))
    full = changeable.fresh(folder / "full", Recipe(interpreter))
    first = Situation("a new environment", FIRST, (), bare.prefix, interpreter, folder)
    command = (str(full.python), "-m", "pip", "install", "--no-index", "--no-deps", "-q", *map(str, wheels))
    subprocess.run(command, env=package_index.isolated(os.environ), check=True)
    again = Situation("all of them there", AGAIN, ("--force-reinstall",), full.prefix, interpreter, folder)
    return [first, again]


def table(situation: Situation, comparisons: list[Comparison]) -> str:
    head = [f"### {situation.title}", "", f"| command | times {situation.peer} | middle half |", "| --- | ---: | --- |"]
    return "\n".join([*head, *(one.row() for one in comparisons), ""])


def section() -> str:
    """The part of the benchmark page."""
    interpreter = environments.small().interpreter
    wheels = download(interpreter)
    # Below the checkout, because /tmp is memory on some machines and a disk on others.
    KEPT.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="environments-", dir=KEPT) as folder:
        found = [
            table(situation, compare(situation, wheels))
            for situation in situations(interpreter, pathlib.Path(folder), wheels)
        ]
    return HEAD + "\n".join(found)
