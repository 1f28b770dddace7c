# Copyright (c) 2026 the mlfleet authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Changes by pips of every age, and what the agent makes of their words."""

from __future__ import annotations

import importlib
import pathlib
import typing as t

import pytest

from testbed import changeable, interpreters
from testbed.agent_changes import Change, change, whole_tree
from testbed.changeable import ChangeableRuntime
from testbed.virtual_environments import Recipe
from testbed.wheels import Wheel

# The agent has no annotations, which Python 3.5 would not understand.
AGENT = "ansible_collections.mlfleet.packages.plugins.module_utils._agent"
CALLS: t.Any = importlib.import_module(f"{AGENT}.pip_calls")
WORDS: t.Any = importlib.import_module(f"{AGENT}.pip_words")
PIPS = [
    ((3, 6), "9.0.1"),
    ((3, 6), "18.1"),
    ((3, 6), "21.3.1"),
    ((3, 7), "9.0.1"),
    ((3, 7), "19.0.3"),
    ((3, 7), "20.2.4"),
    ((3, 7), "21.3.1"),
    ((3, 7), "24.0"),
    ((3, 10), "20.2.4"),
    ((3, 10), "22.3.1"),
    ((3, 13), ""),
]


@pytest.fixture(params=PIPS, ids=lambda pair: "{}.{}-{}".format(*pair[0], pair[1] or "its own"))
def runtime(request: pytest.FixtureRequest, tmp_path: pathlib.Path) -> ChangeableRuntime:
    minor, pip = request.param
    interpreter = interpreters.find_first([minor])
    if interpreter is None:
        pytest.skip("there is no CPython {}.{}".format(*minor))
    return changeable.fresh(tmp_path / "runtime", Recipe(interpreter, pip=pip))


def demo(version: str) -> Wheel:
    modules = {"demo/__init__.py": f"v = {version!r}\n", f"demo/only_{version[0]}.py": "", "demo/data.txt": version}
    modules[f"demo-{version}.data/scripts/plain-tool"] = "#!python\n"
    return Wheel("demo", version, modules=modules, scripts=("demo-tool = demo:v",))


def test_every_kind_of_change(runtime: ChangeableRuntime, tmp_path: pathlib.Path) -> None:
    before = whole_tree(runtime.prefix)
    other = Wheel("other", modules={"other.py": ""})
    for number, version in enumerate(["1.0", "2.0", "2.0", "1.0"]):
        wanted = Change((demo(version), other), imports=("demo", "other"))
        answer = change(runtime, tmp_path / str(number), wanted)
        assert answer["outcome"] == "changed", answer
        assert runtime.installed()["demo"] == version
        assert (runtime.site_packages / "demo" / "data.txt").read_text() == version
        assert len(list((runtime.site_packages / "demo" / "__pycache__").iterdir())) == 2
    at_last = whole_tree(runtime.prefix)
    taking = Wheel("taking", modules={"nobodys.txt": "taken", "other.py": "taken = True\n"})
    (runtime.site_packages / "nobodys.txt").write_text("nobody's")
    answer = change(runtime, tmp_path / "broken", Change((demo("2.0"), taking), imports=("no.such",)))
    assert answer["outcome"] == "restored", answer
    assert (runtime.site_packages / "nobodys.txt").read_text() == "nobody's"
    (runtime.site_packages / "nobodys.txt").unlink()
    assert whole_tree(runtime.prefix) == at_last
    answer = change(runtime, tmp_path / "removal", Change(remove=("demo", "other")))
    assert answer["outcome"] == "changed", answer
    assert whole_tree(runtime.prefix) == before


def test_a_wheel_for_another_platform(runtime: ChangeableRuntime, tmp_path: pathlib.Path) -> None:
    before = whole_tree(runtime.prefix)
    answer = change(runtime, tmp_path / "wheels", Change((Wheel("demo", tag="cp35-cp35m-win_amd64"),)))
    assert (answer["outcome"], answer["kind"]) == ("restored", "pip-tag")
    assert whole_tree(runtime.prefix) == before


@pytest.mark.parametrize(
    ("version", "known", "unknown"),
    [
        ("8.1.2", {"--isolated", "--no-compile"}, {"--no-color", "--no-user", "--root-user-action=ignore"}),
        ("9.0.1", {"--force-reinstall"}, {"--progress-bar=off", "--no-warn-script-location"}),
        ("10.0", {"--no-user", "--no-color", "--progress-bar=off"}, {"--no-python-version-warning"}),
        ("20.0.dev1", {"--no-python-version-warning"}, {"--root-user-action=ignore"}),
        ("21.0", {"--no-user"}, {"--no-python-version-warning"}),
        ("22.0.4", {"--no-user"}, {"--root-user-action=ignore"}),
        ("22.1b1", {"--root-user-action=ignore"}, {"--no-python-version-warning"}),
        ("26.0", {"--root-user-action=ignore"}, {"--no-python-version-warning"}),
    ],
)
def test_options_are_those_of_the_age(version: str, known: set[str], unknown: set[str]) -> None:
    words = CALLS.install(version, "wheels.txt")
    assert known <= set(words)
    assert not unknown & set(words)
    assert words[-2:] == ["-r", "wheels.txt"]
    assert words[: words.index("install")][:4] == ["-I", "-B", "-m", "pip"]


@pytest.mark.parametrize(
    ("said", "kind"),
    [
        ("Cannot uninstall 'X'. It is a distutils installed project and thus we cannot", "pip-distutils"),
        ("Defaulting to user installation because normal site-packages is not writeable", "pip-token"),
        ("x-1-cp35-none-win_amd64.whl is not a supported wheel on this platform.", "pip-tag"),
        ("PermissionError: [WinError 32] The process cannot access the file because it is being used by", "pip-locked"),
        ("PermissionError: [WinError 5] Access is denied: 'c:\\\\x'", "pip-locked"),
        ("PermissionError: [Errno 13] Permission denied: '/usr/lib'", "pip-denied"),
        ("OSError: [Errno 28] No space left on device", "pip-space"),
        ("FileNotFoundError: [Errno 2] No such file or directory: '%s'" % ("C:\\x" * 70), "pip-path"),
        ("FileNotFoundError: [Errno 2] No such file or directory: 'C:\\x'", "pip"),
        ("pip is configured with locations that require TLS/SSL, however the ssl module", "pip-tls"),
        ("ERROR: No matching distribution found for x", "pip-missing"),
        ("C:\\python.exe: No module named pip", "pip-absent"),
        ("error: externally-managed-environment", "pip-managed"),
        ("", "pip"),
    ],
)
def test_words_of_pip(said: str, kind: str) -> None:
    found, advice = WORDS.kind_and_advice(said)
    assert found == kind
    assert advice


def test_the_line_that_says_it() -> None:
    said = "Processing ./x.whl\nERROR: x is broken\n\nWARNING: There is a newer pip\n"
    assert WORDS.last_line(said) == "ERROR: x is broken"
    assert WORDS.last_line("Traceback (most recent call last):\nOSError: [Errno 5] x\n") == "OSError: [Errno 5] x"
    assert WORDS.last_line("") == "it said nothing"


def test_passwords_do_not_come_along() -> None:
    said = b"Looking in indexes: https://me:secret@host/simple, http://token@other/\r\n ssh://git@x/y"
    assert CALLS.without_credentials(said) == (
        "Looking in indexes: https://***@host/simple, http://***@other/\n ssh://***@x/y"
    )
