# Copyright (c) 2026 the mlfleet authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a lock demands of a target, and where the files are found."""

from __future__ import annotations

import dataclasses
import pathlib
import typing as t

import hypothesis
import hypothesis.strategies as st
import pytest
from ansible_collections.mlfleet.packages.plugins.plugin_utils import _lock, _wheel
from ansible_collections.mlfleet.packages.plugins.plugin_utils._errors import HostProblem
from ansible_collections.mlfleet.packages.plugins.plugin_utils._lock import LockProblem, Pin
from ansible_collections.mlfleet.packages.plugins.plugin_utils._sources import Sources
from ansible_collections.mlfleet.packages.plugins.plugin_utils._stage_selection import Offered
from ansible_collections.mlfleet.packages.plugins.plugin_utils._target import Target
from ansible_collections.mlfleet.packages.plugins.plugin_utils._wheel import WheelProblem
from ansible_collections.mlfleet.packages.plugins.plugin_utils._wheelhouse import Wheelhouse
from packaging.markers import default_environment
from packaging.version import Version

from testbed.wheels import Wheel

HASH = "0123456789abcdef" * 4
HEAD = 'lock-version = "1.0"\ncreated-by = "a test"\n'
PLATFORMS = ("win_amd64",)
# A busy machine is no fault of the code.
UNHURRIED = hypothesis.settings(
    deadline=None,
    suppress_health_check=[hypothesis.HealthCheck.function_scoped_fixture, hypothesis.HealthCheck.too_slow],
)


def target(version: str = "3.7.1", full: str = "") -> Target:
    """A Windows target, which the machine of the tests is not."""
    minor = Version(version).release[:2]
    nodot = "".join(map(str, minor))
    markers = {name: str(value) for name, value in default_environment().items()} | {
        "os_name": "nt",
        "sys_platform": "win32",
        "platform_system": "Windows",
        "python_version": ".".join(map(str, minor)),
        "python_full_version": full or version,
    }
    return Target(Version(version), markers, (f"cp{nodot}{'m' if minor < (3, 8) else ''}",), PLATFORMS)


def package(name: str, *files: str, more: str = "", version: str = "1.0") -> str:
    """One package of a lock with these wheels, each at a URL and in a folder."""
    wheels = ", ".join(
        f'{{name = "{file}", url = "https://host/{file}", path = "wheels/{file}", hashes = {{sha256 = "{HASH}"}}}}'
        for file in files
    )
    listed = f"wheels = [{wheels}]\n" if files else ""
    return f'[[packages]]\nname = "{name}"\nversion = "{version}"\n{more}{listed}'


def pins(folder: pathlib.Path, *parts: str, head: str = HEAD, at: Target | None = None) -> tuple[Pin, ...]:
    path = folder / "pylock.toml"
    path.write_text("\n".join([head, *parts]))
    return _lock.pins(path, at or target())


def problem(folder: pathlib.Path, *parts: str, **more: t.Any) -> str:
    with pytest.raises(LockProblem) as caught:
        pins(folder, *parts, **more)
    assert str(caught.value).startswith(f"{folder / 'pylock.toml'} ")
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_the_best_wheel_of_the_target_is_pinned(tmp_path: pathlib.Path) -> None:
    files = [
        f"foo_bar-1.0-{tag}.whl" for tag in ("cp311-cp311-manylinux1_x86_64", "py3-none-any", "cp37-cp37m-win_amd64")
    ]
    assert pins(tmp_path, package("foo-bar", *files)) == (
        Pin(
            name="foo-bar",
            version=Version("1.0"),
            file_name=files[2],
            sha256=frozenset([HASH]),
            path=str(tmp_path / "wheels" / files[2]),
            url=f"https://host/{files[2]}",
            size=None,
        ),
    )


def test_markers_are_those_of_the_target(tmp_path: pathlib.Path) -> None:
    found = pins(
        tmp_path,
        package("windows", "windows-1.0-py3-none-any.whl", more="marker = \"sys_platform == 'win32'\"\n"),
        package("linux", "linux-1.0-py3-none-any.whl", more="marker = \"sys_platform == 'linux'\"\n"),
        package("old", "old-1.0-py3-none-any.whl", more="marker = \"python_full_version < '3.7.2'\"\n"),
        package("extra", "extra-1.0-py3-none-any.whl", more="marker = \"'x' in extras\"\n"),
        head=HEAD + "extras = ['x']\nenvironments = [\"sys_platform == 'win32'\"]\nrequires-python = '>=3.7.1'",
    )
    assert [pin.name for pin in found] == ["windows", "old"]


@pytest.mark.parametrize(
    ("python", "heads", "chosen"),
    [
        ("3.7.4", [">=3.7.1,==3.7.*", ">=3.7.4,==3.7.*"], [1]),
        ("3.7.4", [">=3.7.4,==3.7.*", "==3.7.*"], [0]),
        ("3.7.2", [">=3.7.1,==3.7.*", ">=3.7.4,==3.7.*"], [0]),
        ("3.7.12", [">=3.7.4", ">=3.7.12", ">=3.7.9"], [1]),
        ("3.7.4", [">=3.7.1,==3.7.*", ">=3.7.1"], [0, 1]),
        ("3.7.4", [">=3.7.1,==3.7.*", "!=3.7.3"], [0, 1]),
        ("3.7.4", [">=3.7.1,==3.7.*", ""], [0, 1]),
    ],
)
def test_of_several_locks_that_for_the_latest_python_is_meant(
    python: str, heads: list[str], chosen: list[int], tmp_path: pathlib.Path
) -> None:
    paths = [tmp_path / f"pylock.{number}.toml" for number in range(len(heads))]
    for path, head in zip(paths, heads, strict=True):
        said = f"requires-python = '{head}'\n" if head else ""
        path.write_text(HEAD + said + package("foo", "foo-1.0-py3-none-any.whl"))
    assert list(_lock.fitting(paths, target(python))) == [paths[number] for number in chosen]


@pytest.mark.parametrize("full", ["3.13.0+", "3.13.0rc1"])
def test_odd_versions_of_python(full: str, tmp_path: pathlib.Path) -> None:
    old = package("old", "old-1.0-py3-none-any.whl", more="marker = \"python_full_version < '3.12'\"\n")
    new = package("new", "new-1.0-py3-none-any.whl", more="marker = \"python_full_version >= '3.12'\"\n")
    assert [pin.name for pin in pins(tmp_path, old, new, at=target("3.13.0", full))] == ["new"]


@pytest.mark.parametrize(
    ("entry", "words"),
    [
        (
            'sdist = {name = "foo-1.0.tar.gz", path = "foo-1.0.tar.gz", hashes = {sha256 = "0"}}',
            "only a source archive",
        ),
        ('archive = {url = "https://host/foo.zip", hashes = {sha256 = "0"}}', "a single archive"),
        ('directory = {path = "foo"}', "a folder of sources"),
        ('vcs = {type = "git", url = "https://host/foo", commit-id = "0"}', "a repository of sources"),
    ],
)
def test_only_wheels(entry: str, words: str, tmp_path: pathlib.Path) -> None:
    found = problem(tmp_path, package("foo", more=entry + "\n"))
    assert f"has of foo {words}, and no wheel for cp37-win_amd64 at 3.7.1; build a wheel of it" in found


def test_a_source_archive_beside_a_wheel_that_does_not_fit(tmp_path: pathlib.Path) -> None:
    more = f'sdist = {{url = "https://host/foo-1.0.tar.gz", hashes = {{sha256 = "{HASH}"}}}}\n'
    assert "only a source archive" in problem(tmp_path, package("foo", "foo-1.0-cp38-cp38-win_amd64.whl", more=more))
    assert len(pins(tmp_path, package("foo", "foo-1.0-py3-none-any.whl", more=more))) == 1


@pytest.mark.parametrize(
    ("parts", "words"),
    [
        (
            [package("foo", "foo-1.0-cp38-cp38-win_amd64.whl")],
            "No wheel found matching the provided tags for package 'foo'",
        ),
        (
            [package("foo", "foo-1.0-py3-none-any.whl", more="requires-python = '>=3.8'\n")],
            "requirement '>=3.8' for package 'foo'",
        ),
        ([package("foo", "foo-1.0-py3-none-any.whl")] * 2, "Multiple packages with the name 'foo'"),
    ],
)
def test_what_does_not_fit(parts: list[str], words: str, tmp_path: pathlib.Path) -> None:
    found = problem(tmp_path, *parts)
    assert "does not fit cp37-win_amd64 at 3.7.1" in found
    assert words in found
    assert found.endswith("; lock for this target")


def locks(folder: pathlib.Path) -> tuple[pathlib.Path, ...]:
    """One for the target, one for Linux, and one for a later Python."""
    entry = package("foo", "foo-1.0-py3-none-any.whl")
    heads = {"here": "", "linux": "environments = [\"sys_platform == 'linux'\"]", "later": "requires-python = '>=3.8'"}
    for name, head in heads.items():
        (folder / f"pylock.{name}.toml").write_text("\n".join([HEAD + head, entry]))
    return tuple(folder / f"pylock.{name}.toml" for name in heads)


def test_the_locks_that_fit(tmp_path: pathlib.Path) -> None:
    here, *others = locks(tmp_path)
    found = _lock.fitting([*others, here], target())
    assert {path: [pin.name for pin in pinned] for path, pinned in found.items()} == {here: ["foo"]}


def from_a_task(paths: tuple[pathlib.Path, ...]) -> None:
    sources = Sources(wheelhouse=None, locks=paths, files=(), fetch=no_fetch)
    sources.candidates((), target(), lambda name, version: True)


def for_a_store(paths: tuple[pathlib.Path, ...]) -> None:
    Offered(house=None, locks=paths, fetch=no_fetch).selection(target())


@pytest.mark.parametrize("ask", [from_a_task, for_a_store])
def test_where_no_lock_fits_each_says_why(
    ask: t.Callable[[tuple[pathlib.Path, ...]], None], tmp_path: pathlib.Path
) -> None:
    _here, linux, later = locks(tmp_path)
    with pytest.raises(HostProblem) as caught:
        ask((linux, later))
    said = str(caught.value)
    assert said.startswith(f"no lock fits cp37-win_amd64 at 3.7.1: {linux} does not fit cp37-win_amd64 at 3.7.1 (")
    assert f"; lock for this target; {later} does not fit cp37-win_amd64 at 3.7.1 (" in said
    assert said.endswith("; lock for this target")


def test_where_there_is_no_lock_at_all() -> None:
    with pytest.raises(HostProblem, match=r"^no lock fits cp37-win_amd64 at 3\.7\.1: none was named$"):
        for_a_store(())


@pytest.mark.parametrize(
    ("head", "words"),
    [
        ("requires-python = '>=3.8'", "does not fit"),
        ("environments = [\"sys_platform == 'linux'\"]", "does not fit"),
        ('environments = ["sys_platform == "]', "is no lock as of PEP 751"),
        ("lock-version", "is no TOML"),
        ("x = " + "[" * 5000, "is no TOML"),
    ],
)
def test_a_head_that_does_not_fit(head: str, words: str, tmp_path: pathlib.Path) -> None:
    assert words in problem(tmp_path, package("foo", "foo-1.0-py3-none-any.whl"), head=HEAD + head)


@pytest.mark.parametrize(
    ("head", "words"),
    [
        ("", "Missing required value in 'lock-version'"),
        ('lock-version = "2.0"\ncreated-by = "x"\npackages = []', "pylock version 2.0 is not supported"),
        ("packages = 1", "is no lock as of PEP 751"),
    ],
)
def test_what_is_no_lock(head: str, words: str, tmp_path: pathlib.Path) -> None:
    assert words in problem(tmp_path, head=head)


def test_files_that_cannot_be_read(tmp_path: pathlib.Path) -> None:
    with pytest.raises(LockProblem, match=r"gone.toml cannot be read \(No such file or directory\); check its path"):
        _lock.pins(tmp_path / "gone.toml", target())
    (tmp_path / "pylock.toml").write_bytes(b"x = '\xe9'")
    with pytest.raises(LockProblem, match="is no TOML"):
        _lock.pins(tmp_path / "pylock.toml", target())


@pytest.mark.parametrize("hashes", ['{md5 = "0"}', '{sha256 = "0123"}', '{sha256 = "../../x"}'])
def test_without_a_sha256(hashes: str, tmp_path: pathlib.Path) -> None:
    one = package("foo", "foo-1.0-py3-none-any.whl").replace(f'{{sha256 = "{HASH}"}}', hashes)
    assert "has no sha256 of foo's foo-1.0-py3-none-any.whl; lock again with hashes" in problem(tmp_path, one)


def test_an_upper_case_hash(tmp_path: pathlib.Path) -> None:
    one = package("foo", "foo-1.0-py3-none-any.whl").replace(HASH, HASH.upper())
    assert pins(tmp_path, one)[0].sha256 == {HASH}


@pytest.mark.parametrize("file", ["foo-1.0-1/../../x-py3-none-any.whl", "foo-1.0-1;x-py3-none-any.whl"])
def test_hostile_file_names(file: str, tmp_path: pathlib.Path) -> None:
    assert "cannot be followed for foo" in problem(tmp_path, package("foo", file))


FOO = Wheel("foo", tag="py3-none-any")


def pin(wheel: Wheel = FOO, **changes: t.Any) -> Pin:
    sha256 = frozenset([wheel.sha256()])
    plain = Pin(wheel.name, Version(wheel.version), wheel.expected_file_name(), sha256, None, None, None)
    return dataclasses.replace(plain, **changes)


def no_fetch(url: str, sha256: str, file_name: str) -> pathlib.Path:
    raise AssertionError(f"{url} is fetched")


def test_the_wheelhouse_comes_first(tmp_path: pathlib.Path) -> None:
    path = FOO.write(tmp_path / "house")
    other = FOO.write(tmp_path / "beside the lock")
    found = _lock.wheels([pin(path=str(other), url="https://host/x")], Wheelhouse(tmp_path / "house"), no_fetch)
    assert found == (dataclasses.replace(_wheel.read(path), allowed=frozenset([FOO.sha256()])),)


def test_the_build_with_the_right_hash_is_taken(tmp_path: pathlib.Path) -> None:
    builds = [Wheel("foo", modules={"foo.py": f"x = {number}"}) for number in range(3)]
    paths = [build.write(tmp_path / str(number)) for number, build in enumerate(builds)]
    house = Wheelhouse(tmp_path)
    found = _lock.wheels([pin(build) for build in builds], house, no_fetch)
    assert [wheel.path for wheel in found] == [str(path) for path in paths]
    # Which one is wrong is for the plan to say, with all others.
    assert _lock.wheels([pin()], house, no_fetch)[0].allowed == {FOO.sha256()}


def test_then_the_path_of_the_lock(tmp_path: pathlib.Path) -> None:
    path = FOO.write(tmp_path)
    Wheel("bar").write(tmp_path / "house")
    pinned = pin(path=str(path), url="https://host/x")
    for house in (None, Wheelhouse(tmp_path / "house")):
        assert _lock.wheels([pinned], house, no_fetch)[0].path == str(path)


def test_then_it_is_fetched(tmp_path: pathlib.Path) -> None:
    asked = []

    def fetch(*arguments: str) -> pathlib.Path:
        asked.append(arguments)
        return FOO.write(tmp_path)

    pinned = pin(path=str(tmp_path / "gone" / FOO.expected_file_name()), url="https://host/x")
    found = _lock.wheels([pinned], None, fetch)
    assert asked == [("https://host/x", FOO.sha256(), "foo-1.0-py3-none-any.whl")]
    assert found[0].allowed == {FOO.sha256()}


def test_a_missing_file(tmp_path: pathlib.Path) -> None:
    Wheel("bar").write(tmp_path / "house")
    words = r"the lock's foo 1.0 is missing, foo-1.0-py3-none-any.whl was looked for in "
    with pytest.raises(LockProblem, match=rf"{words}the wheelhouse .*/house and /gone/foo.whl; put it into"):
        _lock.wheels([pin(path="/gone/foo.whl")], Wheelhouse(tmp_path / "house"), no_fetch)
    with pytest.raises(LockProblem, match=rf"{words}no wheelhouse \(the option is not set\); put it into"):
        _lock.wheels([pin()], None, no_fetch)


def test_files_that_are_no_wheels_are_named_with_their_package(tmp_path: pathlib.Path) -> None:
    def fetch(url: str, sha256: str, file_name: str) -> pathlib.Path:
        raise WheelProblem("the reason")

    with pytest.raises(LockProblem, match=r"the lock's foo 1.0 cannot be had: the reason"):
        _lock.wheels([pin(url="https://host/x")], None, fetch)
    (tmp_path / "foo-1.0-py3-none-any.whl").write_text("words")
    with pytest.raises(LockProblem, match=r"the lock's foo 1.0 cannot be had: .* is damaged or no wheel"):
        _lock.wheels([pin()], Wheelhouse(tmp_path), no_fetch)


def test_a_file_under_another_name(tmp_path: pathlib.Path) -> None:
    path = Wheel("foo", "2.0").write(tmp_path)
    with pytest.raises(LockProblem, match=r"calls .*foo-2.0-py3-none-any.whl foo-1.0-py3-none-any.whl, for foo; give"):
        _lock.wheels([pin(path=str(path))], None, no_fetch)


VALUES = st.recursive(
    st.sampled_from(
        ["1.0", "foo", "foo-1.0-py3-none-any.whl", "extras == 'x'", "python_version > extras", "'x' in 'y'"]
    )
    | st.sampled_from(["platform_release > '2'", "os_name ~= '1'", ">=3", "==3.*", HASH, "https://host/x", "nonsense"])
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["name", "sha256", "path", "url", "hashes"]), inner, max_size=3)
    ),
)
TOP = ["lock-version", "environments", "requires-python", "extras", "default-groups", "created-by", "tool"]
OF_PACKAGE = [
    "version",
    "marker",
    "requires-python",
    "dependencies",
    "wheels",
    "sdist",
    "vcs",
    "archive",
    "index",
    "tool",
]
GOOD: dict[str, t.Any] = {
    "lock-version": "1.0",
    "created-by": "a test",
    "packages": [
        {"name": "foo", "wheels": [{"name": FOO.expected_file_name(), "path": "x", "hashes": {"sha256": HASH}}]}
    ],
}


def as_toml(value: t.Any) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key} = {as_toml(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(as_toml, value)) + "]"
    if isinstance(value, bool):
        return str(value).lower()
    return f'"{value}"' if isinstance(value, str) else repr(value)


def outcome(folder: pathlib.Path, raw: bytes) -> tuple[Pin, ...] | str:
    (folder / "pylock.toml").write_bytes(raw)
    try:
        return _lock.pins(folder / "pylock.toml", target())
    except LockProblem as found:
        return str(found)


@hypothesis.settings(UNHURRIED, max_examples=300)
@hypothesis.given(
    st.dictionaries(st.sampled_from(TOP), VALUES, max_size=2),
    st.dictionaries(st.sampled_from(OF_PACKAGE), VALUES, max_size=2),
)
def test_any_lock_is_followed_or_refused(
    tmp_path: pathlib.Path, top: dict[str, t.Any], inner: dict[str, t.Any]
) -> None:
    lock = {**GOOD, "packages": [{**GOOD["packages"][0], **inner}], **top}
    answer = outcome(tmp_path, "\n".join(f"{key} = {as_toml(value)}" for key, value in lock.items()).encode())
    assert "pylock.toml" in answer if isinstance(answer, str) else len(answer) <= 1


@UNHURRIED
@hypothesis.given(st.binary(max_size=60) | st.text(max_size=60).map(str.encode))
def test_any_bytes_are_refused(tmp_path: pathlib.Path, raw: bytes) -> None:
    answer = outcome(tmp_path, raw)
    assert isinstance(answer, str)
    assert "pylock.toml is no " in answer
