# Copyright (c) 2026 the mlfleet authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Changes that come about, and those that are refused before anything is touched."""

from __future__ import annotations

import contextlib
import dataclasses
import fcntl
import json
import pathlib
import subprocess
import sys
import typing as t
import zipfile

import pytest
from ansible_collections.mlfleet.packages.plugins.plugin_utils._errors import HostProblem

from testbed import changeable, interpreters, site_packages
from testbed.agent_changes import STATE, Change, ask, change, change_arguments, sha256, whole_tree
from testbed.changeable import ChangeableRuntime
from testbed.interpreters import Interpreter
from testbed.virtual_environments import Recipe
from testbed.wheels import Wheel

NEWEST = max(interpreters.find_one_per_minor(), key=lambda found: found.minor)
PACKAGE = {"demo/__init__.py": "from demo.inner import value\n", "demo/inner.py": "value = 1\n"}


def demo(version: str, **more: t.Any) -> Wheel:
    """A package with a script; each version has a module that the others lack."""
    modules = {**PACKAGE, f"demo/only_{version.replace('.', '_')}.py": "", **more.pop("modules", {})}
    return Wheel("Demo", version, modules=modules, scripts=("demo-tool = demo.inner:print",), **more)


@pytest.fixture
def changed(interpreter: Interpreter, tmp_path: pathlib.Path) -> ChangeableRuntime:
    """A runtime on every CPython."""
    return changeable.fresh(tmp_path / "runtime", Recipe(interpreter))


@pytest.fixture
def newest(tmp_path: pathlib.Path) -> ChangeableRuntime:
    """A runtime for what does not depend on the version."""
    return changeable.fresh(tmp_path / "runtime", Recipe(NEWEST))


def run(runtime: ChangeableRuntime, program: str) -> str:
    return subprocess.check_output([str(runtime.python), "-I", "-B", "-c", program], text=True).strip()


def litter(runtime: ChangeableRuntime) -> set[str]:
    """What is left in the state folder besides what belongs there."""
    return {path.name for path in (runtime.prefix / STATE).iterdir()} - {"lock", "baseline.json"}


def test_the_life_of_a_distribution(changed: ChangeableRuntime, tmp_path: pathlib.Path) -> None:
    before = whole_tree(changed.prefix)
    for number, version in enumerate(["1.0", "2.0", "0.9", "0.9"]):
        answer = change(changed, tmp_path / str(number), Change((demo(version),), imports=("demo.inner",)))
        assert (answer["outcome"], answer["kind"], answer["detail"]) == ("changed", None, None)
        assert ["Demo", version] in [[each["name"], each["version"]] for each in answer["snapshot"]["distributions"]]
        assert changed.installed()["demo"] == version
        modules = {path.name for path in (changed.site_packages / "demo").glob("only_*.py")}
        assert modules == {f"only_{version.replace('.', '_')}.py"}
        assert (changed.prefix / "bin" / "demo-tool").exists()
    answer = change(changed, tmp_path / "removal", Change(remove=("demo",)))
    assert answer["outcome"] == "changed"
    assert whole_tree(changed.prefix) == before
    assert litter(changed) == set()


def test_everything_that_came_is_compiled(changed: ChangeableRuntime, tmp_path: pathlib.Path) -> None:
    wheel = demo("1.0", modules={"demo/template.py": "print 'for Python 2'\n", "demo/deep/er.py": ""})
    change(changed, tmp_path / "wheels", Change((wheel,)))
    sources = {path.relative_to(changed.site_packages) for path in (changed.site_packages / "demo").rglob("*.py")}
    tag = run(changed, "import sys; print(sys.implementation.cache_tag)")
    compiled = {each for each in sources if (changed.site_packages / _compiled(each, tag)).exists()}
    assert sources - compiled == {pathlib.Path("demo/template.py")}
    # As the import system checks it: with another time or size of the source, the file would be written anew.
    path = _compiled(pathlib.Path("demo/inner.py"), tag)
    words = (changed.site_packages / path).read_bytes()[:16]
    subprocess.run([str(changed.python), "-I", "-c", "import demo.inner"], check=True)
    assert (changed.site_packages / path).read_bytes()[:16] == words


def _compiled(source: pathlib.Path, tag: str) -> pathlib.Path:
    return source.parent / "__pycache__" / f"{source.stem}.{tag}.pyc"


def test_many_files_are_shared_among_interpreters(newest: ChangeableRuntime, tmp_path: pathlib.Path) -> None:
    wheel = demo("1.0", modules={f"demo/m{number}.py": f"x = {number}\n" for number in range(400)})
    assert change(newest, tmp_path / "wheels", Change((wheel,)))["outcome"] == "changed"
    assert len(list((newest.site_packages / "demo" / "__pycache__").glob("*.pyc"))) == 403


def test_data_scripts_and_headers(changed: ChangeableRuntime, tmp_path: pathlib.Path) -> None:
    before = whole_tree(changed.prefix)
    data = "Demo-1.0.data"
    files = {
        "data/share/demo/words.txt": "words",
        "scripts/old-tool": "#!python\n",
        "headers/demo.h": "",
        "purelib/demo_pure.py": "",
    }
    wheel = demo("1.0", modules={f"{data}/{name}": text for name, text in files.items()})
    answer = change(changed, tmp_path / "one", Change((wheel,), imports=("demo_pure",)))
    assert answer["outcome"] == "changed"
    assert (changed.prefix / "share" / "demo" / "words.txt").read_text() == "words"
    assert str(changed.prefix) in (changed.prefix / "bin" / "old-tool").read_text()
    installed = whole_tree(changed.prefix)
    answer = change(changed, tmp_path / "two", Change((demo("2.0"),), imports=("no.such",)))
    assert answer["outcome"] == "restored"
    assert whole_tree(changed.prefix) == installed
    assert change(changed, tmp_path / "three", Change(remove=("demo",)))["outcome"] == "changed"
    assert _files(whole_tree(changed.prefix)) == _files(before)


def _files(tree: dict[str, str]) -> dict[str, str]:
    # Some pips leave the folders of data files behind, empty.
    return {name: each for name, each in tree.items() if not each.startswith("d")}


def test_two_distributions_share_a_folder(changed: ChangeableRuntime, tmp_path: pathlib.Path) -> None:
    one = Wheel("corp.one", modules={"corp/one.py": ""})
    two = Wheel("corp.two", modules={"corp/two.py": ""})
    answer = change(changed, tmp_path / "both", Change((one, two), imports=("corp.one", "corp.two")))
    assert answer["outcome"] == "changed"
    answer = change(changed, tmp_path / "removal", Change(remove=("corp-one",), imports=("corp.two",)))
    assert answer["outcome"] == "changed"
    assert not (changed.site_packages / "corp" / "one.py").exists()


def test_removing_and_installing_at_once(changed: ChangeableRuntime, tmp_path: pathlib.Path) -> None:
    changed.lay(demo("1.0"))
    wanted = Change((Wheel("other"),), remove=("demo",), imports=("other",))
    assert change(changed, tmp_path / "wheels", wanted)["outcome"] == "changed"
    assert "demo" not in changed.installed()
    assert changed.installed()["other"] == "1.0"


def test_an_egg_info_with_a_list_of_files(changed: ChangeableRuntime, tmp_path: pathlib.Path) -> None:
    before = whole_tree(changed.prefix)
    site_packages.egg_info_folder(changed.site_packages, Wheel("Demo", "1.0"))
    laid = whole_tree(changed.prefix)
    answer = change(changed, tmp_path / "one", Change((Wheel("Demo", "2.0"),), imports=("no.such",)))
    assert answer["outcome"] == "restored"
    assert whole_tree(changed.prefix) == laid
    answer = change(changed, tmp_path / "two", Change((Wheel("Demo", "2.0"),), imports=("demo",)))
    assert answer["outcome"] == "changed"
    assert change(changed, tmp_path / "three", Change(remove=("demo",)))["outcome"] == "changed"
    assert whole_tree(changed.prefix) == before


def test_the_baseline_is_kept_once(newest: ChangeableRuntime, tmp_path: pathlib.Path) -> None:
    at_first = sorted(newest.installed())
    for number, version in enumerate(["1.0", "2.0"]):
        change(newest, tmp_path / str(number), Change((demo(version),)))
    assert json.loads((newest.prefix / STATE / "baseline.json").read_text()) == at_first


def test_new_files_are_as_readable_as_the_runtime(newest: ChangeableRuntime, tmp_path: pathlib.Path) -> None:
    arguments = change_arguments(newest, tmp_path / "wheels", Change((demo("1.0"),)))
    asking = (
        "import os, sys; os.umask(0o077);"
        "from testbed import agent_calls; import json, pathlib;"
        "print(agent_calls.ask(pathlib.Path(sys.argv[1]), 'change', **json.load(sys.stdin))['outcome'])"
    )
    newest.site_packages.chmod(0o755)
    done = subprocess.run(
        [sys.executable, "-c", f"import sys; sys.path[:0] = {sys.path!r}; {asking}", str(newest.python)],
        input=json.dumps(arguments),
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == "changed"
    modes = {oct(path.stat().st_mode & 0o777) for path in (newest.site_packages / "demo").rglob("*.py*")}
    assert modes == {"0o644"}


def test_settings_of_the_account_have_no_say(
    changed: ChangeableRuntime, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = tmp_path / "home"
    elsewhere = tmp_path / "elsewhere"
    for place in (home / ".pip" / "pip.conf", home / ".config" / "pip" / "pip.conf", changed.prefix / "pip.conf"):
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(f"[install]\ntarget = {elsewhere}\n[global]\nno-such-option = 1\nrequire-hashes = true\n")
    site = home / ".local" / "lib" / "python{}.{}".format(*changed.interpreter.minor) / "site-packages"
    site_packages.install(site, demo("9.0"))
    site_packages.install(elsewhere, demo("8.0"))
    (elsewhere / "sitecustomize.py").write_text("raise SystemExit('code of the account')\n")
    settings = {
        "HOME": home,
        "PIP_TARGET": elsewhere,
        "PIP_USER": "1",
        "PIP_REQUIRE_HASHES": "1",
        "PIP_CONFIG_FILE": home / ".pip" / "pip.conf",
        "PYTHONPATH": elsewhere,
        "PYTHONUSERBASE": home / ".local",
        "PYTHONOPTIMIZE": "2",
        "PYTHONPYCACHEPREFIX": elsewhere,
        "SOURCE_DATE_EPOCH": "1000000000",
    }
    for name, value in settings.items():
        monkeypatch.setenv(name, str(value))
    answer = change(changed, tmp_path / "wheels", Change((demo("1.0"),), imports=("demo",)))
    assert answer["outcome"] == "changed", answer
    assert (changed.site_packages / "demo" / "only_1_0.py").exists()
    cached = list((changed.site_packages / "demo" / "__pycache__").glob("inner.*.pyc"))
    assert [path.name.count("opt-") for path in cached] == [0]
    if changed.interpreter.minor >= (3, 7):
        assert cached[0].read_bytes()[4:8] == bytes(4)  # PEP 552: checked by time, not by hash


def test_a_runtime_that_has_moved_on(newest: ChangeableRuntime, tmp_path: pathlib.Path) -> None:
    planned = [*map(list, newest.installed().items())]
    newest.lay(Wheel("surprise"))
    before = whole_tree(newest.prefix)
    answer = change(newest, tmp_path / "wheels", Change((demo("1.0"),), before=planned))
    assert (answer["outcome"], answer["kind"], answer["snapshot"]) == ("untouched", "moved", None)
    assert "it has surprise 1.0" in answer["detail"]
    assert whole_tree(newest.prefix) == before


def test_one_change_at_a_time(changed: ChangeableRuntime, tmp_path: pathlib.Path) -> None:
    (changed.prefix / STATE).mkdir()
    before = whole_tree(changed.prefix)
    with open(changed.prefix / STATE / "lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        answer = change(changed, tmp_path / "wheels", Change((demo("1.0"),)))
    assert (answer["outcome"], answer["kind"]) == ("untouched", "busy")
    assert whole_tree(changed.prefix) == before
    assert change(changed, tmp_path / "wheels", Change((demo("1.0"),)))["outcome"] == "changed"


@pytest.mark.parametrize(
    ("wheel", "words"),
    [
        (demo("1.0", raw_members=(("../evil.py", b""),)), "does not stay in its folder"),
        (demo("1.0", raw_members=(("demo/../../evil.py", b""),)), "does not stay in its folder"),
        (demo("1.0", raw_members=(("/evil.py", b""),)), "does not stay in its folder"),
        (demo("1.0", raw_members=(("C:/evil.py", b""),)), "does not stay in its folder"),
        (demo("1.0", raw_members=(("demo\\..\\..\\evil.py", b""),)), "does not stay in its folder"),
        (demo("1.0", raw_members=(("demo/stream.py:hidden", b""),)), "does not stay in its folder"),
        (demo("1.0", raw_members=(("Demo-1.0.data/data/../../evil", b""),)), "does not stay in its folder"),
        (demo("1.0", raw_members=(("Other-2.dist-info/METADATA", b""),)), "has 2 .dist-info folders"),
        (
            demo("1.0", left_out=("METADATA", "WHEEL", "top_level.txt", "RECORD", "entry_points.txt")),
            "has 0 .dist-info",
        ),
        (demo("1.0", left_out=("METADATA",)), "has no Demo-1.0.dist-info/METADATA that can be read"),
        (demo("1.0", metadata=b"x" * 10_000_000), "of more than 1048576 bytes"),
        (Wheel("Liar", "1.0", file_name="Demo-1.0-py3-none-any.whl"), "holds 'Liar-1.0.dist-info'"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_wheels_that_pip_never_sees(
    newest: ChangeableRuntime, tmp_path: pathlib.Path, wheel: Wheel, words: str
) -> None:
    newest.lay(demo("0.1"))
    before = whole_tree(newest.prefix)
    answer = change(newest, tmp_path / "wheels", Change((wheel,)))
    assert (answer["outcome"], answer["kind"], answer["pip"]) == ("untouched", "wheel", None)
    assert words in answer["detail"]
    assert whole_tree(newest.prefix) == before
    assert litter(newest) == set()


@pytest.mark.parametrize("spoil", ["truncate", "replace", "remove"])
def test_wheels_are_checked_again(newest: ChangeableRuntime, tmp_path: pathlib.Path, spoil: str) -> None:
    wanted = Change((demo("1.0"),))
    arguments = change_arguments(newest, tmp_path / "wheels", wanted)
    (path,) = (tmp_path / "wheels").iterdir()
    if spoil == "remove":
        path.unlink()
    else:
        path.write_bytes(path.read_bytes()[:500] if spoil == "truncate" else demo("1.0", requires=("x",)).content())
    answer = ask(newest, arguments)
    assert (answer["outcome"], answer["kind"]) == ("untouched", "wheel")
    assert "Demo-1.0-py3-none-any.whl" in answer["detail"]


def test_what_is_no_zip_file(newest: ChangeableRuntime, tmp_path: pathlib.Path) -> None:
    arguments = change_arguments(newest, tmp_path / "wheels", Change((demo("1.0"),)))
    (path,) = (tmp_path / "wheels").iterdir()
    path.write_bytes(b"not a wheel")
    arguments["install"][0]["sha256"] = sha256(path)
    answer = ask(newest, arguments)
    assert (answer["outcome"], answer["kind"]) == ("untouched", "wheel")
    assert "is not a zip file" in answer["detail"]


def test_a_wheel_that_is_larger_than_the_volume(newest: ChangeableRuntime, tmp_path: pathlib.Path) -> None:
    arguments = change_arguments(newest, tmp_path / "wheels", Change((demo("1.0"),)))
    (path,) = (tmp_path / "wheels").iterdir()
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("demo/large.bin", b"")
        archive.infolist()[-1].file_size = 2**50
    arguments["install"][0]["sha256"] = sha256(path)
    answer = ask(newest, arguments)
    assert (answer["outcome"], answer["kind"]) == ("untouched", "space")


@pytest.mark.parametrize(
    "lay", [site_packages.egg_info_file, site_packages.egg_folder, site_packages.egg_zip, "without RECORD"]
)
@pytest.mark.parametrize("remove", [True, False])
def test_what_has_no_list_of_its_files(
    newest: ChangeableRuntime, tmp_path: pathlib.Path, lay: t.Any, remove: bool
) -> None:
    if lay == "without RECORD":
        newest.lay(demo("0.1", left_out=("RECORD",)))
    else:
        lay(newest.site_packages, demo("0.1"))
    installed = {**newest.installed(), "demo": "0.1"}
    before = whole_tree(newest.prefix)
    wanted = Change(remove=("demo",)) if remove else Change((demo("1.0"),))
    wanted = dataclasses.replace(wanted, before=[*installed.items()], after=[])
    answer = change(newest, tmp_path / "wheels", wanted)
    assert (answer["outcome"], answer["kind"]) == ("untouched", "unrecorded")
    assert "Demo" in answer["detail"]
    assert whole_tree(newest.prefix) == before


def test_a_runtime_without_pip(newest: ChangeableRuntime, tmp_path: pathlib.Path) -> None:
    for path in newest.site_packages.glob("pip-*.dist-info"):
        path.rename(path.with_suffix(".gone"))
    answer = change(newest, tmp_path / "wheels", Change((demo("1.0"),)))
    assert (answer["outcome"], answer["kind"]) == ("untouched", "pip-absent")


HOSTILE = [
    "--index-url=http://x",
    "-r",
    "a;b",
    "a&b",
    'a"b',
    "a b",
    "a\nb",
    "../a",
    "a/b",
    "",
    "a@b",
    "${HOME}",
    "a-",
    "\u0430",
]


@pytest.mark.parametrize("key", ["remove", "imports", "file_name"])
def test_words_that_are_no_names(newest: ChangeableRuntime, tmp_path: pathlib.Path, key: str) -> None:
    for word in HOSTILE:
        arguments = change_arguments(newest, tmp_path / "wheels", Change())
        if key == "file_name":
            arguments["install"] = [{"file_name": f"{word}-1.0-py3-none-any.whl", "sha256": "0" * 64}]
        else:
            arguments[key] = [word]
        with pytest.raises(HostProblem, match="that can be taken"):
            ask(newest, arguments)
    assert not (newest.prefix / STATE).exists()


@pytest.mark.parametrize(
    "instead",
    [
        {"folder": "wheels"},
        {"folder": 1},
        {"seconds": "60"},
        {"seconds": True},
        {"before": [["a"]]},
        {"after": [["a", 1]]},
        {"after": "pip"},
        {"install": ["a-1-py3-none-any.whl"]},
        {"install": [{"file_name": "a-1-py3-none-any.whl", "sha256": "A" * 64}]},
        {"install": [{"file_name": "a-1-py3-none-any.zip", "sha256": "0" * 64}]},
        {"install": [{"file_name": "a-1.whl", "sha256": "0" * 64}]},
        {"install": [{"file_name": "a_b-1-py3-none-any.whl", "sha256": "0" * 64}], "remove": ["A.B"]},
        {"more": 1},
    ],
)
def test_requests_that_are_none(newest: ChangeableRuntime, tmp_path: pathlib.Path, instead: dict[str, t.Any]) -> None:
    with pytest.raises(HostProblem):
        ask(newest, {**change_arguments(newest, tmp_path / "wheels", Change()), **instead})
    assert not (newest.prefix / STATE).exists()


def test_what_an_ended_change_could_not_remove(newest: ChangeableRuntime, tmp_path: pathlib.Path) -> None:
    ended = newest.prefix / STATE / "change-1"
    ended.mkdir(parents=True)
    (ended / "in-use").touch()
    assert change(newest, tmp_path / "wheels", Change((demo("1.0"),)))["outcome"] == "changed"
    assert litter(newest) == set()


def test_nothing_is_changed_on_top_of_half_a_change(newest: ChangeableRuntime, tmp_path: pathlib.Path) -> None:
    begun = newest.prefix / STATE / "change-2"
    begun.mkdir(parents=True)
    (begun / "manifest.json").write_text("{}")
    before = newest.tree()
    answer = change(newest, tmp_path / "wheels", Change((demo("1.0"),)))
    assert (answer["outcome"], answer["kind"]) == ("untouched", "interrupted")
    assert str(begun) in answer["detail"]
    assert newest.tree() == before


def test_no_process_stays(newest: ChangeableRuntime, tmp_path: pathlib.Path) -> None:
    background = "import subprocess, sys\nsubprocess.Popen([sys.executable, '-c', 'input()'], stdin=subprocess.PIPE)\n"
    wheel = demo("1.0", modules={"demo/__init__.py": background})
    answer = change(newest, tmp_path / "wheels", Change((wheel,), imports=("demo",)))
    assert answer["outcome"] == "changed"
    with contextlib.suppress(FileNotFoundError):
        assert str(newest.prefix) not in _running()


def _running() -> str:
    return subprocess.run(["ps", "-eo", "args"], capture_output=True, text=True, check=True).stdout
