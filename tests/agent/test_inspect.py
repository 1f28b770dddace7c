# Copyright (c) 2026 the mlfleet authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a plan must know besides the packages: of this runtime, of all of them, and of wheels on the host."""

from __future__ import annotations

import base64
import hashlib
import io
import json
import pathlib
import shutil
import subprocess
import typing as t
import zipfile

import pytest
from ansible_collections.mlfleet.packages.plugins.plugin_utils._errors import HostProblem

from testbed import agent_calls, changeable, interpreters, site_packages
from testbed.changeable import ChangeableRuntime
from testbed.interpreters import Interpreter
from testbed.virtual_environments import Recipe
from testbed.wheels import Wheel

FOUND = interpreters.find_one_per_minor()
RUNNER = FOUND[len(FOUND) // 2]
PACKAGE = {"demo/__init__.py": "one = 1\n", "demo/inner/two.py": "two = 2\n", "demo/data.bin": "data"}
DEMO = Wheel("Demo", "1.0", modules=PACKAGE)


@pytest.fixture
def changed(interpreter: Interpreter, tmp_path: pathlib.Path) -> ChangeableRuntime:
    """A runtime on every CPython."""
    return changeable.fresh(tmp_path / "runtime", Recipe(interpreter))


@pytest.fixture
def newest(tmp_path: pathlib.Path) -> ChangeableRuntime:
    """A runtime for what does not depend on the version."""
    return changeable.fresh(tmp_path / "runtime", Recipe(FOUND[-1]))


@pytest.fixture
def oldest(tmp_path: pathlib.Path) -> ChangeableRuntime:
    """A runtime for what the oldest knows least of."""
    return changeable.fresh(tmp_path / "runtime", Recipe(FOUND[0]))


def inspect(runtime: ChangeableRuntime, *names: str, files: str = "none") -> dict[str, t.Any]:
    answer: dict[str, t.Any] = agent_calls.ask(runtime.python, "inspect", names=list(names), files=files)
    return answer


def damaged(runtime: ChangeableRuntime, *names: str, files: str = "size") -> dict[str, tuple[str, str, int]]:
    """Name to first path, what is wrong with it, and how many files are."""
    answer = inspect(runtime, *names, files=files)
    found = answer["readiness"]["damaged"]
    named = {answer["distributions"][each["distribution"]]["name"]: each for each in found}
    return {name: (each["path"], each["detail"], each["files"]) for name, each in named.items()}


def test_it_is_a_snapshot_and_more(changed: ChangeableRuntime) -> None:
    changed.lay(DEMO)
    answer = inspect(changed)
    ready = answer.pop("readiness")
    assert answer == agent_calls.ask(changed.python, "snapshot", detail="requirements")
    free = ready.pop("free_bytes")
    assert abs(free - shutil.disk_usage(changed.prefix).free) < 2**30
    purelib = "import sysconfig; print(sysconfig.get_path('purelib'))"
    said = subprocess.check_output([str(changed.python), "-I", "-c", purelib], text=True).strip()
    assert ready == {
        "writable": True,
        "site_packages": said,
        "baseline": None,
        "interrupted": None,
        "unrecorded": [],
        "damaged": [],
    }


def test_it_leaves_nothing_behind(changed: ChangeableRuntime) -> None:
    changed.lay(DEMO)
    before = sorted(changed.prefix.rglob("*"))
    inspect(changed, "demo", files="hash")
    assert sorted(changed.prefix.rglob("*")) == before


def test_a_folder_that_cannot_be_written(newest: ChangeableRuntime) -> None:
    # Access rights do not hold for root, whom tests may run as; a folder that is not there holds for everybody.
    newest.site_packages.rename(newest.prefix / "elsewhere")
    assert inspect(newest)["readiness"]["writable"] is False


@pytest.mark.parametrize(
    ("text", "baseline"),
    [('["pip", "numpy"]', ["pip", "numpy"]), ("[1]", None), ("{}", None), ("[", None), ("", None), ("\udcff", None)],
)
def test_the_baseline(newest: ChangeableRuntime, text: str, baseline: list[str] | None) -> None:
    (newest.prefix / ".mlfleet").mkdir()
    (newest.prefix / ".mlfleet" / "baseline.json").write_bytes(text.encode("utf-8", "surrogateescape"))
    assert inspect(newest)["readiness"]["baseline"] == baseline


def test_an_interrupted_change(newest: ChangeableRuntime) -> None:
    only_begun, interrupted = (newest.prefix / ".mlfleet" / name for name in ("change-1", "change-2"))
    for folder in (only_begun, interrupted):
        folder.mkdir(parents=True)
    assert inspect(newest)["readiness"]["interrupted"] is None
    (interrupted / "manifest.json").write_text("{}")
    assert inspect(newest)["readiness"]["interrupted"] == str(interrupted)


def test_distributions_without_a_list_of_their_files(newest: ChangeableRuntime, tmp_path: pathlib.Path) -> None:
    folder = newest.site_packages
    newest.lay(DEMO)
    site_packages.egg_info_folder(folder, Wheel("listed"))
    newest.lay(Wheel("recordless", left_out=("RECORD",)))
    unlisted = site_packages.egg_info_folder(folder, Wheel("unlisted"))
    (unlisted / "installed-files.txt").unlink()
    site_packages.egg_info_file(folder, Wheel("distutils-made"))
    site_packages.egg_folder(folder, Wheel("egg-folder"))
    site_packages.egg_zip(folder, Wheel("egg-zip"))
    site_packages.egg_link(folder, Wheel("linked"), tmp_path / "project")
    answer = inspect(newest)
    names = {answer["distributions"][number]["name"] for number in answer["readiness"]["unrecorded"]}
    assert names == {"recordless", "unlisted", "distutils-made", "egg-folder", "egg-zip", "linked"}


@pytest.mark.parametrize("files", ["size", "hash"])
def test_whole_distributions(changed: ChangeableRuntime, files: str) -> None:
    changed.lay(DEMO)
    assert damaged(changed, "demo", "pip", files=files) == {}


def test_files_of_another_size(changed: ChangeableRuntime) -> None:
    changed.lay(DEMO)
    changed.damage("demo/inner/two.py")
    (changed.site_packages / "demo" / "data.bin").unlink()
    assert damaged(changed, "demo") == {"Demo": ("demo/data.bin", "missing", 2)}
    (changed.site_packages / "demo" / "data.bin").write_text("data")
    assert damaged(changed, "demo") == {"Demo": ("demo/inner/two.py", "another size", 1)}
    assert damaged(changed, "demo", files="none") == {}
    assert damaged(changed, "pip") == {}


def test_files_of_the_same_size(newest: ChangeableRuntime) -> None:
    newest.lay(DEMO)
    (newest.site_packages / "demo" / "__init__.py").write_text("one = 7\n")
    assert damaged(newest, "demo", files="size") == {}
    assert damaged(newest, "demo", files="hash") == {"Demo": ("demo/__init__.py", "other content", 1)}


def test_a_file_that_cannot_be_read(newest: ChangeableRuntime) -> None:
    """This one is empty and can be opened, even by root, and not be read."""
    newest.lay_many([Wheel("demo", modules={"demo/__init__.py": "", "demo/two.py": "x"}), Wheel("other")])
    module = newest.site_packages / "demo" / "__init__.py"
    module.unlink()
    module.symlink_to("/proc/self/mem")
    newest.damage("other.py")
    assert damaged(newest, "demo", "other", files="hash") == {
        "demo": ("demo/__init__.py", "cannot be read", 1),
        "other": ("other.py", "another size", 1),
    }


def test_a_folder_that_is_gone(newest: ChangeableRuntime) -> None:
    newest.lay(DEMO)
    shutil.rmtree(newest.site_packages / "demo" / "inner")
    assert damaged(newest, "demo") == {"Demo": ("demo/inner/two.py", "missing", 1)}


def test_what_they_need_is_looked_at_too(newest: ChangeableRuntime) -> None:
    newest.lay(Wheel("top", requires=("Middle_One[extra]>=1; python_version < '3'",)))
    newest.lay(Wheel("middle.one", requires=("demo", "top", "not-there")))
    newest.lay(DEMO)
    newest.lay(Wheel("unrelated"))
    newest.damage("demo/__init__.py")
    newest.damage("unrelated.py")
    assert set(damaged(newest, "TOP")) == {"Demo"}


def test_what_may_differ(newest: ChangeableRuntime) -> None:
    newest.lay(Wheel("by-conda", modules={"by_conda.py": ""}), installer="conda")
    newest.damage("by_conda.py")
    outside = "../../../bin/tool,sha256=x,5\n/etc/no-such,sha256=x,5\nC:\\no\\such,sha256=x,5\n"
    own = "odd/__pycache__/x.pyc,sha256=x,5\nodd/unsized.py,,\nodd-1.0.dist-info/RECORD,,\n"
    newest.lay(Wheel("odd", modules={"odd/x.py": ""}, record=(outside + own).encode()))
    assert damaged(newest, "by-conda", "odd", files="hash") == {}


def test_names_that_csv_must_quote(newest: ChangeableRuntime) -> None:
    modules = {'demo/a,b "c".txt': "text", "demo/plain.py": ""}
    newest.lay(Wheel("Demo", modules=modules))
    assert damaged(newest, "demo", files="hash") == {}
    newest.damage('demo/a,b "c".txt')
    assert damaged(newest, "demo", files="hash") == {"Demo": ('demo/a,b "c".txt', "another size", 1)}


@pytest.mark.parametrize(
    ("algorithm", "detail"), [("sha512", "other content"), ("sha384", "other content"), ("md5", "")]
)
def test_other_hashes(newest: ChangeableRuntime, algorithm: str, detail: str) -> None:
    digest = base64.urlsafe_b64encode(hashlib.new(algorithm, b"good\n").digest()).rstrip(b"=").decode()
    newest.lay(Wheel("Demo", modules={"x.txt": "good\n"}, record=f"x.txt,{algorithm}={digest},5\n".encode()))
    assert damaged(newest, "demo", files="hash") == {}
    (newest.site_packages / "x.txt").write_text("evil\n")
    assert damaged(newest, "demo", files="hash") == ({"Demo": ("x.txt", detail, 1)} if detail else {})


@pytest.mark.parametrize(
    "record", [b"", b"\xff\xfe,,\n", b"x\n", b",,\n", b'"' + b"x" * 200_000, b"a,b,c,d,e\n", b"demo/\x00,sha256=x,5\n"]
)
def test_records_that_are_none(oldest: ChangeableRuntime, record: bytes) -> None:
    oldest.lay(Wheel("Demo", record=record))
    assert damaged(oldest, "demo", files="hash") == {}


@pytest.mark.parametrize("arguments", [{"names": [], "files": "all"}, {"names": "pip", "files": "none"}, {"names": []}])
@pytest.mark.parametrize("operation", ["inspect", "survey"])
def test_requests_that_are_none(operation: str, arguments: dict[str, t.Any]) -> None:
    if operation == "survey":
        arguments = {"places": [], "instances": [], "seconds": 1, "wheels": [], **arguments}
    with pytest.raises(HostProblem, match=r"argument|files must be"):
        agent_calls.ask(RUNNER.path, operation, **arguments)


def survey(place: pathlib.Path, wheels: list[str], **more: t.Any) -> dict[str, t.Any]:
    usual = {"places": [str(place)], "instances": [], "seconds": 60, "names": [], "files": "none", "wheels": wheels}
    arguments: dict[str, t.Any] = {**usual, **more}
    answer: dict[str, t.Any] = agent_calls.ask(RUNNER.path, "survey", **arguments)
    return answer


def test_a_survey_inspects_every_runtime(tmp_path: pathlib.Path) -> None:
    place = tmp_path / "place"
    place.mkdir()
    runtimes = [changeable.fresh(place / each.name, Recipe(each)) for each in (FOUND[0], RUNNER)]
    for runtime in runtimes:
        runtime.lay(DEMO)
        runtime.damage("demo/__init__.py")
    (place / "broken" / "bin").mkdir(parents=True)
    shutil.copy("/bin/false", place / "broken" / "bin" / "python3")
    seen = survey(place, [], names=["demo"], files="size")
    named = {each["home"]: each for each in seen["runtimes"] if each["named"]}
    for runtime in runtimes:
        asked = pathlib.Path(named[str(runtime.prefix)]["interpreter"])
        expected = agent_calls.ask(asked, "inspect", names=["demo"], files="size")
        told = named[str(runtime.prefix)]["snapshot"]
        expected["readiness"]["free_bytes"] = told["readiness"]["free_bytes"]
        assert told == expected
        assert len(told["readiness"]["damaged"]) == 1
    assert "exit code 1" in named[str(place / "broken")]["problem"]
    assert seen["wheels"] == []
    observed = agent_calls.ask(
        RUNNER.path, "observe", places=[str(place)], instances=[], detail="interpreter", seconds=60
    )
    assert set(seen) == {*observed, "wheels"}


def test_wheels_on_the_host(tmp_path: pathlib.Path) -> None:
    path = DEMO.write(tmp_path / "with a space")
    (described,) = survey(tmp_path, [str(path)])["wheels"]
    content = path.read_bytes()
    assert described == {
        "path": str(path),
        "file_name": "Demo-1.0-py3-none-any.whl",
        "sha256": hashlib.sha256(content).hexdigest(),
        "size": len(content),
        "unpacked": sum(map(len, DEMO.members().values())) + len(record_of(DEMO)),
        "metadata": DEMO.metadata_text(),
        "members": [*DEMO.members(), "Demo-1.0.dist-info/RECORD"],
        "problem": None,
    }


def record_of(wheel: Wheel) -> bytes:
    return zipfile.ZipFile(io.BytesIO(wheel.content())).read(f"{wheel.dist_info}/RECORD")


@pytest.mark.parametrize(
    ("wheel", "problem"),
    [
        (Wheel("demo", metadata=b"Name: d\xe9mo\n"), "METADATA that is not UTF-8"),
        (Wheel("demo", metadata=b"x" * 10_000_000), "of more than 1048576 bytes"),
        (Wheel("demo", left_out=("METADATA",)), "METADATA that can be read"),
        (Wheel("demo", raw_members=(("../x", b""),)), "does not stay in its folder"),
        (Wheel("demo", modules={f"m{number}.py": "" for number in range(20_001)}), "more than 20000 members"),
    ],
    ids=["latin-1", "large", "without", "hostile", "many"],
)
def test_wheels_with_a_problem(tmp_path: pathlib.Path, wheel: Wheel, problem: str) -> None:
    path = wheel.write(tmp_path / "wheels")
    (described,) = survey(tmp_path, [str(path)])["wheels"]
    assert problem in described["problem"]
    rest = {name: value for name, value in described.items() if name not in ("path", "file_name", "problem")}
    assert rest == dict.fromkeys(("sha256", "size", "unpacked", "metadata", "members"))


def test_paths_that_are_no_wheels(tmp_path: pathlib.Path) -> None:
    (tmp_path / "text.whl").write_text("not a zip file")
    (tmp_path / "folder.whl").mkdir()
    names = ["text.whl", "folder.whl", "none.whl", "text.txt", "n\0ul.whl"]
    wheels = survey(tmp_path, [*(str(tmp_path / name) for name in names), "relative.whl"])["wheels"]
    problems = [described["problem"] for described in wheels]
    assert "is not a zip file" in problems[0]
    assert "directory" in problems[1].lower()
    assert "No such file" in problems[2]
    assert problems[3] == problems[4] == problems[5] == "is no absolute path of a wheel"
    assert json.dumps(wheels).isascii()
