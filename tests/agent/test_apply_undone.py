# Copyright (c) 2026 the mlfleet authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Changes that fail in the middle: the runtime is then what it was, byte for byte."""

from __future__ import annotations

import json
import os
import pathlib
import subprocess
import time
import typing as t

import pytest
from ansible_collections.mlfleet.packages.plugins.module_utils._agent.bootstrap import ARGUMENTS
from ansible_collections.mlfleet.packages.plugins.plugin_utils._protocol import Request

from testbed import agent_calls, changeable, interpreters
from testbed.agent_changes import STATE, Change, change, change_arguments, pairs, whole_tree
from testbed.changeable import ChangeableRuntime
from testbed.interpreters import Interpreter
from testbed.virtual_environments import Recipe
from testbed.wheels import Wheel

NEWEST = max(interpreters.find_one_per_minor(), key=lambda found: found.minor)
UNKNOWN_FORMAT = b"Wheel-Version: 9.0\nGenerator: testbed (1.0)\nRoot-Is-Purelib: true\nTag: py3-none-any\n"


@pytest.fixture
def runtime(interpreter: Interpreter, tmp_path: pathlib.Path) -> ChangeableRuntime:
    """A runtime on every CPython, with some packages that a pip has installed and compiled."""
    return furnished(changeable.fresh(tmp_path / "runtime", Recipe(interpreter)), tmp_path)


@pytest.fixture
def newest(tmp_path: pathlib.Path) -> ChangeableRuntime:
    """The same for what does not depend on the version."""
    return furnished(changeable.fresh(tmp_path / "runtime", Recipe(NEWEST)), tmp_path)


def furnished(runtime: ChangeableRuntime, tmp_path: pathlib.Path) -> ChangeableRuntime:
    installed = [
        Wheel("alpha", "1.0", modules={"alpha/__init__.py": "", "alpha/old.py": "", "alpha/data.txt": "one"}),
        Wheel("beta", "1.0", scripts=("beta-tool = beta:main",)),
        Wheel("corp.one", modules={"corp/one.py": "", "corp/shared.py": "one = 1\n"}),
    ]
    paths = [str(wheel.write(tmp_path / "furniture")) for wheel in installed]
    words = ["-I", "-m", "pip", "install", "-q", "--disable-pip-version-check", "--no-index", "--no-deps", *paths]
    subprocess.run([str(runtime.python), *words], check=True)
    (runtime.site_packages / "alpha" / "notes.txt").write_text("of nobody")
    (runtime.site_packages / "nobodys.py").write_text("owner = None\n")
    return runtime


def upgraded(**more: t.Any) -> tuple[Wheel, ...]:
    return (
        Wheel("alpha", "2.0", modules={"alpha/__init__.py": "", "alpha/new.py": "", "alpha/sub/deep.py": ""}, **more),
        Wheel("beta", "2.0", scripts=("beta-tool = beta:main", "second-tool = beta:main")),
        Wheel("gamma", "1.0", modules={"gamma/__init__.py": "", "gamma-1.0.data/data/share/gamma/x": "x"}),
        Wheel("corp.two", "1.0", modules={"corp/two.py": "", "corp_two-1.0.data/headers/two.h": ""}),
    )


def litter(runtime: ChangeableRuntime) -> set[str]:
    return {path.name for path in (runtime.prefix / STATE).iterdir()} - {"lock", "baseline.json"}


def assert_restored(runtime: ChangeableRuntime, folder: pathlib.Path, wanted: Change, kind: str) -> dict[str, t.Any]:
    """That this fails, and that nothing is to be seen of it."""
    before = whole_tree(runtime.prefix)
    answer = change(runtime, folder, wanted)
    assert (answer["outcome"], answer["kind"]) == ("restored", kind), answer
    assert whole_tree(runtime.prefix) == before
    assert litter(runtime) == set()
    told = {(each["name"], each["version"]) for each in answer["snapshot"]["distributions"]}
    assert ("alpha", "1.0") in told
    return answer


def test_pip_fails_in_the_middle(runtime: ChangeableRuntime, tmp_path: pathlib.Path) -> None:
    # A file where the wheel needs a folder: no pip notices before it is the turn of this wheel. Its name stands between
    # those that are replaced, because some pips begin at the end.
    (runtime.site_packages / "aztec").write_text("a file")
    broken = Wheel("aztec", "1.0", modules={"aztec/__init__.py": ""})
    answer = assert_restored(runtime, tmp_path / "wheels", Change((*upgraded(), broken)), "pip")
    assert "Successfully uninstalled" in answer["pip"]
    assert "aztec" in answer["detail"]


def test_pip_does_not_know_the_format(runtime: ChangeableRuntime, tmp_path: pathlib.Path) -> None:
    broken = Wheel("zeta", "1.0", wheel_file=UNKNOWN_FORMAT)
    answer = assert_restored(runtime, tmp_path / "wheels", Change((*upgraded(), broken)), "pip-wheel")
    assert "Wheel-Version (9.0)" in answer["detail"]
    assert answer["advice"] == "get the wheel again, or one that is made for a pip of this age"


def test_a_module_does_not_import(runtime: ChangeableRuntime, tmp_path: pathlib.Path) -> None:
    modules = {
        "bad.py": "import no_such_module_at_all\n",
        "worse.py": "raise SystemExit('left')\n",
        "noisy.py": "print('MLFLEET noise')\nraise ValueError('first\\nlast words')\n",
    }
    wanted = Change((*upgraded(), Wheel("bad", modules=modules)), imports=("alpha", "bad", "worse", "noisy", "beta"))
    answer = assert_restored(runtime, tmp_path / "wheels", wanted, "imports")
    assert "bad (ModuleNotFoundError: No module named 'no_such_module_at_all')" in answer["detail"]
    assert "worse (SystemExit: left)" in answer["detail"]
    assert "noisy (ValueError: last words)" in answer["detail"]
    assert "alpha" not in answer["detail"]
    assert "beta" not in answer["detail"]


def test_a_module_takes_the_interpreter_down(runtime: ChangeableRuntime, tmp_path: pathlib.Path) -> None:
    bad = Wheel("bad", modules={"bad.py": "import os\nos._exit(3)\n"})
    wanted = Change((*upgraded(), bad), imports=("alpha", "bad", "beta"))
    answer = assert_restored(runtime, tmp_path / "wheels", wanted, "imports")
    assert answer["detail"].endswith("does not import: bad (the interpreter ended with exit code 3)")


def test_a_module_that_never_comes_back(newest: ChangeableRuntime, tmp_path: pathlib.Path) -> None:
    bad = Wheel("bad", modules={"bad.py": "import time\ntime.sleep(600)\n"})
    wanted = Change((*upgraded(), bad), imports=("bad",), seconds=5)
    answer = assert_restored(newest, tmp_path / "wheels", wanted, "imports")
    assert "bad (the time was up)" in answer["detail"]


# In the midst of the modules, at the scripts, and at the very last file.
@pytest.mark.parametrize("pattern", ["alpha/sub/deep[.]py$", "second-tool", "gamma.*/RECORD.*[.]tmp$"])
def test_pip_never_comes_back(newest: ChangeableRuntime, tmp_path: pathlib.Path, pattern: str) -> None:
    # As with a virus scanner that holds a file: pip has removed the old version and hangs with the new one.
    (newest.site_packages / "sitecustomize.py").write_text(
        "import re, sys, time\n"
        "def hang(event, arguments):\n"
        f"    if event == 'open' and re.search({pattern!r}, str(arguments[0])):\n"
        "        time.sleep(600)\n"
        "sys.addaudithook(hang)\n"
    )
    assert_restored(newest, tmp_path / "wheels", Change(upgraded(), seconds=4), "time")


def test_it_becomes_something_else(runtime: ChangeableRuntime, tmp_path: pathlib.Path) -> None:
    planned = {**runtime.installed(), "alpha": "2.0", "beta": "2.0", "gamma": "1.1", "corp-two": "1.0"}
    wanted = Change(upgraded(), after=pairs(planned))
    answer = assert_restored(runtime, tmp_path / "wheels", wanted, "state")
    assert "it lacks gamma 1.1, and it has gamma 1.0" in answer["detail"]


def test_what_was_removed_comes_back(runtime: ChangeableRuntime, tmp_path: pathlib.Path) -> None:
    wanted = Change((Wheel("gamma"),), remove=("beta", "corp-one"), imports=("beta",))
    assert_restored(runtime, tmp_path / "wheels", wanted, "imports")


def test_files_of_others_come_back(runtime: ChangeableRuntime, tmp_path: pathlib.Path) -> None:
    taking = Wheel(
        "taking",
        modules={
            "corp/shared.py": "one = 2\n",
            "nobodys.py": "owner = 'taking'\n",
            "alpha/notes.txt": "taken",
            "taking-1.0.data/scripts/beta-tool": "#!python\n",
            "taking-1.0.data/data/pyvenv.cfg.d/x": "",
        },
    )
    assert_restored(runtime, tmp_path / "wheels", Change((taking,), imports=("no.such",)), "imports")


def test_files_that_were_never_compiled(newest: ChangeableRuntime, tmp_path: pathlib.Path) -> None:
    newest.lay(Wheel("delta", "1.0", modules={"delta/__init__.py": "", "delta/one.py": ""}))
    again = Wheel("delta", "1.1", modules={"delta/__init__.py": "", "delta/one.py": "", "delta/two.py": ""})
    assert_restored(newest, tmp_path / "wheels", Change((again,), imports=("no.such",)), "imports")


def test_links_and_times_come_back(newest: ChangeableRuntime, tmp_path: pathlib.Path) -> None:
    folder = newest.site_packages / "alpha"
    (folder / "old.py").unlink()
    (folder / "old.py").symlink_to("__init__.py")
    os.utime(folder / "data.txt", (1_000_000_000, 1_000_000_000))
    assert_restored(newest, tmp_path / "wheels", Change(upgraded(), imports=("no.such",)), "imports")
    assert (folder / "data.txt").stat().st_mtime == 1_000_000_000


def test_what_pip_could_not_remove(newest: ChangeableRuntime, tmp_path: pathlib.Path) -> None:
    wheel = Wheel("gamma", modules={"gamma.py": "", "~amma/locked.pyd": ""})
    answer = assert_restored(newest, tmp_path / "wheels", Change((wheel,)), "pip-locked")
    assert "~amma" in answer["detail"]


def test_leftovers_of_others_stay(newest: ChangeableRuntime, tmp_path: pathlib.Path) -> None:
    (newest.site_packages / "~ld").mkdir()
    (newest.site_packages / "~ld" / "locked.pyd").touch()
    assert_restored(newest, tmp_path / "wheels", Change(upgraded(), imports=("no.such",)), "imports")
    assert change(newest, tmp_path / "again", Change(upgraded()))["outcome"] == "changed"
    assert (newest.site_packages / "~ld" / "locked.pyd").exists()


def test_what_cannot_be_put_back_is_kept_and_named(newest: ChangeableRuntime, tmp_path: pathlib.Path) -> None:
    spoiling = (
        "import glob, sys\n"
        "for path in glob.glob(sys.prefix + '/.mlfleet/change-*/aside/*'):\n"
        "    open(path, 'a').write('spoilt')\n"
        "raise ValueError('so that it fails')\n"
    )
    answer = change(
        newest, tmp_path / "w", Change((*upgraded(), Wheel("bad", modules={"bad.py": spoiling})), imports=("bad",))
    )
    assert (answer["outcome"], answer["kind"]) == ("damaged", "imports")
    (folder,) = litter(newest)
    assert str(newest.prefix / STATE / folder) in answer["detail"]
    assert "is not what it was" in answer["detail"]
    assert (newest.prefix / STATE / folder / "manifest.json").exists()


def test_a_change_that_is_cut_off_can_be_understood(newest: ChangeableRuntime, tmp_path: pathlib.Path) -> None:
    before = whole_tree(newest.prefix)
    sleeping = Wheel("sleeping", modules={"sleeping.py": "import time\ntime.sleep(600)\n"})
    wanted = Change((*upgraded(), sleeping), imports=("sleeping",))
    request = Request("change", change_arguments(newest, tmp_path / "wheels", wanted))
    process = subprocess.Popen([str(newest.python), *ARGUMENTS], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL)
    assert process.stdin is not None
    with process:
        process.stdin.write(request.stdin())
        process.stdin.close()
        while not list((newest.prefix / STATE).glob("change-*/tmp/imported")):
            assert process.poll() is None
            time.sleep(0.05)
        process.kill()
    folder = agent_calls.ask(newest.python, "inspect", names=[], files="none")["readiness"]["interrupted"]
    assert pathlib.Path(folder).parent == newest.prefix / STATE
    manifest = json.loads((pathlib.Path(folder) / "manifest.json").read_text())
    # Somebody with no more than the manifest can go back.
    for path in manifest["brings"]:
        pathlib.Path(path).unlink(missing_ok=True)
    for number, (path, size) in enumerate(manifest["aside"]):
        kept = pathlib.Path(folder, "aside", str(number))
        assert kept.stat().st_size == size
        pathlib.Path(path).parent.mkdir(parents=True, exist_ok=True)
        kept.replace(path)
    after = whole_tree(newest.prefix)
    assert {name: after.get(name) for name in before} == before
