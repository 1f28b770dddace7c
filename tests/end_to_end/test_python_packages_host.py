# Copyright (c) 2026 the mlfleet authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""source: host: the host's own pip, set up for an index of its own, says what it would take and downloads it."""

from __future__ import annotations

import collections.abc as c
import contextlib
import pathlib
import typing as t

import pytest

from end_to_end.conftest import ChangeableSite
from testbed import ad_hoc, index_server, interpreters
from testbed.agent_changes import whole_tree
from testbed.changeable import ChangeableRuntime
from testbed.virtual_environments import Recipe
from testbed.wheels import Wheel

STORE = r"C:\ProgramData\mlfleet\store"
OFFERED = (
    Wheel("demo-a", "1.0", requires=("demo-b>=1",)),
    Wheel("demo-a", "2.0", requires=("demo-b>=2", "demo-w; sys_platform == 'win32'")),
    Wheel("demo-b", "1.0"),
    Wheel("demo-b", "2.0"),
    Wheel("demo-c", extras={"more": ("demo-b",)}),
    Wheel("lonely", requires=("nowhere",)),
)


class HostSite(ChangeableSite):
    """A site whose pips are set up for an index."""

    index: index_server.Index

    def set_up_pip(self, url: str, *settings: str) -> None:
        """As an administrator would, in the pip.ini of each home."""
        for runtime in self.runtimes.values():
            lines = ["[global]", f"index-url = {url}", "retries = 0", *settings]
            (runtime.prefix / "pip.conf").write_text("\n".join([*lines, ""]))

    def task(self, *packages: t.Any, **more: t.Any) -> dict[str, t.Any]:
        return {"instances": ["MSSQLSERVER"], "packages": list(packages), "source": "host", **more}

    def checked(self, *packages: t.Any, **more: t.Any) -> ad_hoc.HostResult:
        """A check, which leaves everything as it was."""
        before = self.everything()
        seen = self.run(self.task(*packages, **more), "--check").only()
        assert self.everything() == before
        self.assert_clean()
        return seen

    def changed(self, *packages: t.Any, **more: t.Any) -> ad_hoc.HostResult:
        """A check and a real run, which say the same."""
        checked = self.checked(*packages, **more)
        real = self.run(self.task(*packages, **more)).only()
        assert (real.status, real.message) == ("CHANGED", "")
        assert (plans(real), notes(real)) == (plans(checked), notes(checked))
        self.assert_clean()
        return real

    def refused(self, *packages: t.Any, **more: t.Any) -> str:
        """What a check and a real run say, which changes nothing either."""
        checked = self.checked(*packages, **more)
        before = self.everything()
        real = self.run(self.task(*packages, **more)).only()
        assert self.everything() == before
        assert (checked.status, real.status) == ("FAILED!", "FAILED!")
        assert checked.message == real.message
        self.assert_clean()
        return real.message

    def everything(self) -> list[dict[str, str]]:
        """All files of the host and of its runtimes."""
        return [whole_tree(self.host.root), *(whole_tree(runtime.prefix) for runtime in self.runtimes.values())]


def plans(result: ad_hoc.HostResult) -> list[list[tuple[str, str, str]]]:
    return [[(each["action"], each["package"], each["to"]) for each in r["plan"]] for r in result.result["runtimes"]]


def notes(result: ad_hoc.HostResult) -> list[list[str]]:
    return [each["notes"] for each in result.result["runtimes"]]


@contextlib.contextmanager
def made(folder: pathlib.Path, pip: str, first: int = 7) -> c.Iterator[HostSite]:
    interpreter = interpreters.find_first([(3, minor) for minor in range(first, 12)])
    if interpreter is None:
        pytest.skip(f"needs a CPython with venv that runs pip {pip}")
    with contextlib.ExitStack() as opened:
        index = opened.enter_context(index_server.serving(*OFFERED))
        site = HostSite(folder, opened, Recipe(interpreter, pip=pip))
        site.index = index
        site.set_up_pip(index.simple)
        site.serve()
        yield site


@pytest.fixture
def host_site(tmp_path: pathlib.Path) -> c.Iterator[HostSite]:
    with made(tmp_path, "24.0") as site:
        yield site


@pytest.fixture
def runtime(host_site: HostSite) -> ChangeableRuntime:
    """That of MSSQLSERVER, in which nothing but the load-bearing packages is protected."""
    host_site.default.adopt()
    return host_site.default


def test_what_is_lacking_is_chosen_and_fetched_by_the_host(host_site: HostSite) -> None:
    real = host_site.changed("demo-a", instances=["all"])
    expected = [("install", "demo-b", "2.0"), ("install", "demo-a", "2.0")]
    assert plans(real) == [expected, expected]
    assert "chosen by the host's own pip 24.0" in notes(real)[0][0]
    for runtime in host_site.runtimes.values():
        assert {"demo-a": "2.0", "demo-b": "2.0"}.items() <= runtime.installed().items()
        assert runtime.pip_check() == []
    # Each runtime asks for itself, and the second one finds in the store what the first one downloaded.
    stored = sorted(path.name for path in host_site.host.place(STORE).rglob("*.whl"))
    assert stored == ["demo_a-2.0-py3-none-any.whl", "demo_b-2.0-py3-none-any.whl"]


def test_where_nothing_is_lacking_nobody_is_asked(host_site: HostSite) -> None:
    host_site.changed("demo-a<2", "demo-c[more]")
    host_site.index.seen.clear()
    commands = len(host_site.commands())
    again = host_site.run(host_site.task("demo-a<2", "demo-c[more]")).only()
    assert (again.status, notes(again)) == ("SUCCESS", [[]])
    assert host_site.index.seen == []
    assert len(host_site.commands()) - commands <= 2


def test_what_is_installed_and_satisfies_stays(host_site: HostSite, runtime: ChangeableRuntime) -> None:
    runtime.lay(Wheel("demo-b", "1.0"))
    assert plans(host_site.changed("demo-a<2")) == [[("install", "demo-a", "1.0")]]
    assert "demo_b-2.0" not in " ".join(host_site.index.fetched())


def test_a_protected_package_does_not_move(host_site: HostSite) -> None:
    host_site.default.lay(Wheel("demo-b", "1.0"))
    assert plans(host_site.checked("demo-a")) == [[("install", "demo-a", "1.0")]]
    assert "demo-b would go from 1.0 to 2.0" in host_site.refused("demo-a>=2")
    real = host_site.changed("demo-a>=2", allow_protected=["demo-b"])
    assert plans(real) == [[("upgrade", "demo-b", "2.0"), ("install", "demo-a", "2.0")]]


def test_what_nobody_declared_is_not_broken(host_site: HostSite, runtime: ChangeableRuntime) -> None:
    runtime.lay_many([Wheel("demo-b", "1.0"), Wheel("kept", requires=("demo-b<2",))])
    assert plans(host_site.checked("demo-a")) == [[("install", "demo-a", "1.0")]]
    assert "kept 1.0 needs demo-b<2 and would find 2.0" in host_site.refused("demo-b>=2")


def test_a_constraint_of_the_task_holds(
    host_site: HostSite, runtime: ChangeableRuntime, tmp_path: pathlib.Path
) -> None:
    (tmp_path / "constraints.txt").write_text("demo-b<2\n")
    (tmp_path / "wanted.txt").write_text("-c constraints.txt\ndemo-a\n")
    real = host_site.changed(requirements=[str(tmp_path / "wanted.txt")])
    assert plans(real) == [[("install", "demo-b", "1.0"), ("install", "demo-a", "1.0")]]


def test_the_latest_moves_nothing_else(host_site: HostSite, runtime: ChangeableRuntime) -> None:
    runtime.lay_many([Wheel("demo-b", "1.0"), Wheel("demo-c", "0.5")])
    latest = [{"name": "demo-b", "state": "latest"}, "demo-c"]
    assert plans(host_site.changed(*latest)) == [[("upgrade", "demo-b", "2.0")]]
    assert host_site.run(host_site.task(*latest)).only().status == "SUCCESS"
    host_site.index.wheels.append(Wheel("demo-b", "3.0"))
    assert plans(host_site.checked(*latest)) == [[("upgrade", "demo-b", "3.0")]]


def test_damaged_and_lacking_at_once(host_site: HostSite, runtime: ChangeableRuntime) -> None:
    runtime.lay(Wheel("demo-b", "1.0"))
    runtime.damage("demo_b.py")
    assert plans(host_site.changed("demo-b", "demo-c")) == [
        [("reinstall", "demo-b", "1.0"), ("install", "demo-c", "1.0")]
    ]


def test_a_wheel_of_the_controller_gets_its_needs_from_the_host(
    host_site: HostSite, runtime: ChangeableRuntime, tmp_path: pathlib.Path
) -> None:
    own = Wheel("own", requires=("demo-b",)).write(tmp_path / "files")
    assert plans(host_site.changed(str(own))) == [[("install", "demo-b", "2.0"), ("install", "own", "1.0")]]
    assert host_site.index.asked()[:1] == ["demo-b"]


def test_an_old_pip_cannot_tell(tmp_path: pathlib.Path) -> None:
    with made(tmp_path, "21.3.1") as site:
        message = site.refused("demo-a")
        assert "its pip is 21.3.1, and only pip 22.2 or newer can tell what it would install" in message
        assert "use the source controller, or declare a newer pip" in message
        assert site.index.seen == []


def test_an_index_that_is_down(host_site: HostSite) -> None:
    host_site.set_up_pip("http://me:secret@127.0.0.1:9/simple")
    message = host_site.refused("demo-a")
    assert "the host's index cannot be reached: http://" in message
    assert "Connection refused" in message
    assert "secret" not in message


def test_an_index_that_answers_nonsense(host_site: HostSite) -> None:
    host_site.index.status = 500
    assert "the host's index cannot be reached" in host_site.refused("demo-a")


def test_what_cannot_be_satisfied(host_site: HostSite) -> None:
    assert "No matching distribution found for nowhere>=1" in host_site.refused("nowhere>=1")
    message = host_site.refused("demo-a>=2", "demo-b<2")
    assert "the host's pip finds nothing that fits" in message
    assert "demo-a 2.0 depends on demo-b>=2" in message
    message = host_site.refused("lonely")
    assert "No matching distribution found for nowhere" in message
    # The files that pip was given are gone by then.
    assert "requirements.txt" not in message


def test_only_a_source_archive(host_site: HostSite) -> None:
    host_site.index.archives.append("demo_s-1.0.tar.gz")
    assert "has only source archives of demo-s" in host_site.refused("demo-s")


def test_an_index_that_sends_other_bytes(host_site: HostSite) -> None:
    name = "demo_b-2.0-py3-none-any.whl"
    other = Wheel("demo-b", "2.0", modules={"demo_b.py": "evil = True\n"}).content()
    host_site.index.metadata = False
    checked = host_site.checked("demo-b")
    assert checked.status == "CHANGED"
    before = [runtime.tree() for runtime in host_site.runtimes.values()]
    # pip itself compares what it downloads to be asked, so the file changes after that.
    host_site.index.swapped_after[name] = (1, other)
    real = host_site.run(host_site.task("demo-b")).only()
    assert real.status == "FAILED!"
    assert "sends another file than the one whose sha256 it told" in real.message
    assert "nothing was changed" in real.message
    assert [runtime.tree() for runtime in host_site.runtimes.values()] == before
    assert list(host_site.host.place(STORE).rglob("*.whl")) == []
    host_site.assert_clean()


def test_an_index_that_tells_lies_of_a_wheel(tmp_path: pathlib.Path) -> None:
    # Younger pips believe what an index says of a wheel, as long as they only look.
    with made(tmp_path, "25.3", first=9) as site:
        wheel = OFFERED[3]
        site.index.published[wheel.expected_file_name()] = wheel.metadata_text().encode() + b"Requires-Python: >=3\n"
        before = [runtime.tree() for runtime in site.runtimes.values()]
        real = site.run(site.task("demo-b", instances=["all"])).only()
        assert real.status == "FAILED!"
        assert "demo_b-2.0-py3-none-any.whl says something else of itself than" in real.message
        assert [runtime.tree() for runtime in site.runtimes.values()] == before
        assert [each["changed"] for each in real.result["runtimes"]] == [False, False]
        site.assert_clean()


def test_settings_about_other_places_do_not_matter(host_site: HostSite, tmp_path: pathlib.Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    settings = [
        f"target = {elsewhere}",
        f"log = {elsewhere}.log",
        f"cache-dir = {elsewhere}",
        "user = true",
        f"prefix = {elsewhere}",
    ]
    host_site.set_up_pip(host_site.index.simple, *settings)
    host_site.changed("demo-a")
    assert not list(tmp_path.glob("elsewhere*"))


@pytest.mark.parametrize(
    ("option", "value", "said"),
    [
        ("wheelhouse", ".", "wheelhouse"),
        ("lock", "pylock.toml", "lock"),
        ("index_url", "https://example.com/simple", "index_url"),
        ("index", False, "index: false"),
    ],
)
def test_two_options_that_contradict_each_other(host_site: HostSite, option: str, value: t.Any, said: str) -> None:
    seen = host_site.run(host_site.task("demo-a", **{option: value})).only()
    assert seen.status == "FAILED!"
    assert f"{said} says otherwise; remove one of the two options" in seen.message
    assert host_site.commands() == []
