# Copyright (c) 2026 the mlfleet authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a wheel says, and the wheels that are refused because they lie or could do harm."""

from __future__ import annotations

import hashlib
import io
import pathlib
import typing as t
import zipfile

import hypothesis
import hypothesis.strategies as st
import pytest
from ansible_collections.mlfleet.packages.plugins.plugin_utils import _wheel
from ansible_collections.mlfleet.packages.plugins.plugin_utils._candidates import Wheel as Candidate
from ansible_collections.mlfleet.packages.plugins.plugin_utils._snapshot import HostWheel
from ansible_collections.mlfleet.packages.plugins.plugin_utils._wheel import WheelProblem
from packaging.tags import Tag
from packaging.version import Version

from testbed.wheels import Wheel

FOO = "foo-1.0-py3-none-any.whl"
# A busy machine is no fault of the code.
UNHURRIED = hypothesis.settings(
    deadline=None,
    suppress_health_check=[hypothesis.HealthCheck.function_scoped_fixture, hypothesis.HealthCheck.too_slow],
)


def read(wheel: Wheel, folder: pathlib.Path) -> Candidate:
    return _wheel.read(wheel.write(folder))


def problem(wheel: Wheel, folder: pathlib.Path) -> str:
    path = wheel.write(folder)
    with pytest.raises(WheelProblem) as caught:
        _wheel.read(path)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def packed(path: pathlib.Path, entries: t.Iterable[tuple[zipfile.ZipInfo, bytes]]) -> pathlib.Path:
    """A foo 1.0 with these entries beside its own."""
    path.parent.mkdir()
    with zipfile.ZipFile(io.BytesIO(Wheel("foo").content())) as plain, zipfile.ZipFile(path, "w") as archive:
        for name in plain.namelist():
            archive.writestr(name, plain.read(name))
        for entry, content in entries:
            archive.writestr(entry, content)
    return path


def test_what_a_wheel_says(tmp_path: pathlib.Path) -> None:
    wheel = Wheel(
        "Foo.Bar",
        "1.0rc1",
        "cp37.cp38-abi3-win_amd64",
        requires=("pytz (>=2011k)", "numpy >= 1.9 ; python_version < '3.8'"),
        extras={"Plot_It": ("matplotlib",)},
        requires_python=">=3.6, <4",
        build="2b",
    )
    path = wheel.write(tmp_path)
    said = _wheel.read(path)
    assert (said.name, said.version, said.build) == ("foo-bar", Version("1.0rc1"), (2, "b"))
    assert said.tags == {Tag("cp37", "abi3", "win_amd64"), Tag("cp38", "abi3", "win_amd64")}
    assert said.requires[:2] == ("pytz (>=2011k)", "numpy >= 1.9 ; python_version < '3.8'")
    assert (said.requires_python, said.extras) == (">=3.6, <4", frozenset(["plot-it"]))
    assert (said.path, said.file_name, said.size) == (str(path), path.name, path.stat().st_size)
    with zipfile.ZipFile(path) as archive:
        assert said.unpacked == sum(len(archive.read(name)) for name in archive.namelist())
    assert (said.on_host, said.sha256, said.allowed) == (False, None, frozenset())
    assert _wheel.digest(path) == wheel.sha256()


@pytest.mark.parametrize(
    ("name", "version", "changes"),
    [
        ("pytz", "2018.9", {"metadata": b"Metadata-Version: 2.1\r\nName: pytz\r\nVersion: 2018.9\r\n\r\nWords\r\n"}),
        ("a", "1.0", {"metadata": b"\xef\xbb\xbfMetadata-Version: 1.1\nName: A\nVersion: 1.0.0\nAuthor: \xc3\xa9\n"}),
        ("a", "1.0", {"metadata": b"Name: a\nVersion: 1\nDescription: long\n        text\n        \n        end\n"}),
        ("a", "1.0", {"metadata": b"Name: a\nVersion: 1.0\nContent-Type: message/rfc822\n\nX: y\n\ntext"}),
        ("a", "1.0rc1", {"metadata": b"Name: a\nVersion: 1.0.0-RC1\n"}),
        ("a", "1.0+local.1", {}),
        ("zope.interface", "4.6.0", {}),
    ],
)
def test_wheels_of_older_tools_pass(name: str, version: str, changes: dict[str, t.Any], tmp_path: pathlib.Path) -> None:
    assert read(Wheel(name, version, **changes), tmp_path).version == Version(version)


def test_upper_case_and_dots_in_the_folder(tmp_path: pathlib.Path) -> None:
    wheel = Wheel("foo-bar")
    source = wheel.write(tmp_path / "as made")
    renamed = tmp_path / "Foo.Bar-1.0-py3-none-any.whl"
    with zipfile.ZipFile(source) as plain, zipfile.ZipFile(renamed, "w") as archive:
        for name in plain.namelist():
            archive.writestr(name.replace("foo_bar-1.0.dist", "Foo.Bar-1.0.0.dist"), plain.read(name))
    assert _wheel.read(renamed).name == "foo-bar"


def test_broken_lines_are_joined(tmp_path: pathlib.Path) -> None:
    folded = Wheel("a", metadata_lines=("Requires-Dist: numpy (>=1.9);", "    python_version < '3'"))
    assert read(folded, tmp_path).requires == ("numpy (>=1.9); python_version < '3'",)


@pytest.mark.parametrize(
    ("member", "words"),
    [
        ("../evil.py", "outside"),
        ("foo/../../evil.py", "outside"),
        ("/etc/evil", "outside"),
        ("foo\\..\\evil.py", "outside"),
        ("C:/evil.py", "outside"),
        ("foo.py:stream", "outside"),
        ("foo//evil.py", "outside"),
        ("foo/. ./evil.py", "outside"),
        ("foo/.../evil.py", "outside"),
        ("foo/new\nline.py", "outside"),
        ("foo/escape\x1b[2J.py", "outside"),
        ("foo/nul.py", "Windows cannot store"),
        ("CON", "Windows cannot store"),
        ("foo/com1.x/y.py", "Windows cannot store"),
        ("foo/what?.py", "Windows cannot store"),
        ("foo.py", "twice"),
        ("FOO.PY", "twice"),
        ("foo.py.", "twice"),
    ],
)
def test_hostile_members(member: str, words: str, tmp_path: pathlib.Path) -> None:
    assert words in problem(Wheel("foo", raw_members=((member, b"x"),)), tmp_path)


def test_a_name_with_a_nul(tmp_path: pathlib.Path) -> None:
    path = Wheel("foo", raw_members=(("safe.pyXevil.py", b""),)).write(tmp_path)
    path.write_bytes(path.read_bytes().replace(b"safe.pyX", b"safe.py\0"))
    with pytest.raises(WheelProblem, match="under a second name"):
        _wheel.read(path)


@pytest.mark.parametrize("member", ["foo/aux.py", "FOO.py", "a?b"])
def test_what_only_windows_cannot_store_may_be_in_a_wheel_for_linux(member: str, tmp_path: pathlib.Path) -> None:
    raw = ((member, b""),)
    assert read(Wheel("foo", tag="cp311-cp311-manylinux_2_17_x86_64", raw_members=raw), tmp_path).name == "foo"
    problem(Wheel("foo", tag="cp311-cp311-win_amd64", raw_members=raw), tmp_path)


def test_folders_as_members_do_no_harm(tmp_path: pathlib.Path) -> None:
    assert read(Wheel("foo", raw_members=(("foo/", b""), ("foo/", b""))), tmp_path).name == "foo"


def test_links_are_refused(tmp_path: pathlib.Path) -> None:
    link = zipfile.ZipInfo("foo/link")
    link.external_attr = 0o120777 << 16
    with pytest.raises(WheelProblem, match="'foo/link', which is a link"):
        _wheel.read(packed(tmp_path / "x" / FOO, [(link, b"/etc/passwd")]))


def test_what_old_pythons_cannot_unpack_is_refused(tmp_path: pathlib.Path) -> None:
    entry = zipfile.ZipInfo("foo/x")
    entry.compress_type = zipfile.ZIP_LZMA
    with pytest.raises(WheelProblem, match="'foo/x', which not every Python can unpack"):
        _wheel.read(packed(tmp_path / "x" / FOO, [(entry, b"x" * 100)]))


def test_encrypted_members_are_refused(tmp_path: pathlib.Path) -> None:
    path = Wheel("foo").write(tmp_path)
    raw = bytearray(path.read_bytes())
    raw[raw.index(b"PK\x01\x02") + 8] |= 1
    path.write_bytes(raw)
    with pytest.raises(WheelProblem, match="not every Python can unpack"):
        _wheel.read(path)


def test_too_many_members(tmp_path: pathlib.Path) -> None:
    entries = [(zipfile.ZipInfo(f"foo/{number}"), b"") for number in range(_wheel.MEMBERS_LIMIT)]
    with pytest.raises(WheelProblem, match="more than 50000 members"):
        _wheel.read(packed(tmp_path / "x" / FOO, entries))


@pytest.mark.parametrize(("offset", "words"), [(20, "larger than it is itself"), (24, "unpacks to more than 20 GiB")])
def test_sizes_that_lie(offset: int, words: str, tmp_path: pathlib.Path) -> None:
    path = Wheel("foo", raw_members=tuple((f"foo/{number}", b"") for number in range(8))).write(tmp_path)
    raw = path.read_bytes()
    # Every entry of the central directory claims three GiB.
    pieces = raw.split(b"PK\x01\x02")
    claimed = [piece[: offset - 4] + (3 * 1024**3).to_bytes(4, "little") + piece[offset:] for piece in pieces[1:]]
    path.write_bytes(b"PK\x01\x02".join([pieces[0], *claimed]))
    with pytest.raises(WheelProblem, match=words):
        _wheel.read(path)


def test_metadata_of_10_mb_is_refused_unread(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = Wheel("foo", metadata=b"Name: foo\nVersion: 1.0\nSummary: " + b"x" * 10_000_000).write(tmp_path)
    read_member, members = zipfile.ZipFile.read, []

    def watched(archive: zipfile.ZipFile, name: str) -> bytes:
        members.append(name)
        return read_member(archive, name)

    monkeypatch.setattr(zipfile.ZipFile, "read", watched)
    with pytest.raises(WheelProblem, match="METADATA of more than 1 MiB"):
        _wheel.read(path)
    assert members == ["foo-1.0.dist-info/WHEEL"]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"left_out": ("METADATA",)}, "has no METADATA"),
        ({"left_out": ("WHEEL",)}, "has no WHEEL"),
        ({"left_out": ("RECORD",)}, "has no RECORD"),
        ({"metadata": b"Name: foo\nVersion: 1.0\nAuthor: \xe9\n"}, "METADATA that is no UTF-8"),
        ({"metadata": b"Name: bar\nVersion: 1.0\n"}, "METADATA that calls it 'bar'"),
        ({"metadata": b"Name: foo\nName: foo\nVersion: 1.0\n"}, "METADATA that calls it 'foo, foo'"),
        ({"metadata": b"Version: 1.0\n"}, "METADATA that calls it ''"),
        ({"metadata": b""}, "METADATA that calls it ''"),
        ({"metadata": b"Name: foo\nVersion: 1.1\n"}, "METADATA with the version '1.1'"),
        ({"metadata": b"Name: foo\nVersion: ?\n"}, "METADATA with the version '?'"),
        ({"metadata": b"Name: foo\n"}, "METADATA with the version ''"),
        ({"wheel_file": b"Wheel-Version: 2.0\n"}, "wheel format '2.0'"),
        ({"wheel_file": b""}, "wheel format ''"),
        ({"raw_members": (("bar-1.0.dist-info/METADATA", b""),)}, "has 2 folders"),
        ({"file_name": "bar-1.0-py3-none-any.whl"}, "'foo-1.0.dist-info', which is not of the distribution"),
        ({"file_name": "foo-1.1-py3-none-any.whl"}, "'foo-1.0.dist-info', which is not of the distribution"),
    ],
)
def test_wheels_that_lie(changes: dict[str, t.Any], words: str, tmp_path: pathlib.Path) -> None:
    assert words in problem(Wheel("foo", **changes), tmp_path)


@pytest.mark.parametrize(
    "name",
    [
        "foo.whl",
        "foo-1.0.tar.gz",
        "foo-x-py3-none-any.whl",
        "foo bar-1.0-py3-none-any.whl",
        "-index-url=x-1.0-py3-none-any.whl",
        "foo-1.0-1;rm-py3-none-any.whl",
        "foo-1.0-1/../../x-py3-none-any.whl",
        "f\u00f6o-1.0-py3-none-any.whl",
        "_foo-1.0-py3-none-any.whl",
        f"foo-1.0-{'py3.' * 100}py3-none-any.whl",
        "foo-1.0-py3-none-any.whl\n",
    ],
)
def test_names_that_are_no_wheels(name: str) -> None:
    with pytest.raises(WheelProblem, match="is no name of a wheel"):
        _wheel.file_name(name)


def test_files_that_cannot_be_read(tmp_path: pathlib.Path) -> None:
    with pytest.raises(WheelProblem, match=r"foo-1.0-py3-none-any.whl cannot be read \(No such file"):
        _wheel.read(tmp_path / FOO)
    (tmp_path / FOO).write_text("<html>")
    with pytest.raises(WheelProblem, match="is damaged or no wheel at all"):
        _wheel.read(tmp_path / FOO)


@pytest.mark.parametrize(
    ("name", "members", "expected"),
    [
        ("pytz", ["pytz/__init__.py", "pytz/zoneinfo/UTC", "pytz_extra/__init__.py"], ("pytz",)),
        ("Pillow", ["PIL/__init__.py", "PIL/_imaging.pyd"], ("PIL",)),
        ("scikit-learn", ["sklearn/__init__.py", "tests/__init__.py"], ("sklearn",)),
        ("six", ["six.py"], ("six",)),
        ("PyYAML", ["yaml/__init__.py", "_yaml/__init__.py"], ("yaml",)),
        ("x", ["one.cp37-win_amd64.pyd", "two.abi3.so", "three.so", "libx.so", "_four.pyd"], ("one", "three", "two")),
        ("x", ["x-1.0.data/purelib/one/__init__.py", "x-1.0.data/platlib/two.py"], ("one", "two")),
        ("x", ["x-1.0.data/scripts/one.py", "x-1.0.data/data/two/__init__.py"], ()),
        ("google-api", ["google/api/__init__.py", "google_api.pth"], ()),
        ("x", ["setup.py", "conftest.py", "Tests/__init__.py", "not-a-module.py", "1a.py", "caf\u00e9.py"], ()),
        ("cython", ["fast/__init__.cp37-win_amd64.pyd"], ("fast",)),
        ("Foo.Bar", ["foo_bar/__init__.py", "other.py"], ("foo_bar",)),
    ],
)
def test_modules(name: str, members: list[str], expected: tuple[str, ...], tmp_path: pathlib.Path) -> None:
    assert read(Wheel(name, modules=dict.fromkeys(members, "")), tmp_path).modules == expected


def listing(wheel: Wheel, **changes: t.Any) -> HostWheel:
    with zipfile.ZipFile(io.BytesIO(wheel.content())) as archive:
        facts = {
            "path": f"C:\\Downloads\\{wheel.expected_file_name()}",
            "file_name": wheel.expected_file_name(),
            "sha256": wheel.sha256(),
            "size": len(wheel.content()),
            "unpacked": sum(entry.file_size for entry in archive.infolist()),
            "metadata": wheel.metadata_text(),
            "members": tuple(archive.namelist()),
        }
    return HostWheel(**{**facts, **changes})


def test_a_wheel_on_a_host_is_what_it_would_be_here(tmp_path: pathlib.Path) -> None:
    wheel = Wheel("foo", requires=("bar",), extras={"x": ()}, requires_python=">=3")
    here, there = read(wheel, tmp_path), _wheel.from_host(listing(wheel))
    assert (there.on_host, there.sha256, there.path) == (True, wheel.sha256(), f"C:\\Downloads\\{FOO}")
    same = [
        "name",
        "version",
        "file_name",
        "tags",
        "build",
        "requires",
        "requires_python",
        "extras",
        "modules",
        "allowed",
    ]
    assert [getattr(here, each) for each in [*same, "size", "unpacked"]] == [
        getattr(there, each) for each in [*same, "size", "unpacked"]
    ]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"problem": "is no zip file", "metadata": None}, "is no zip file"),
        ({"members": None}, "unreadable"),
        ({"members": ("../x", "foo-1.0.dist-info/METADATA")}, "outside"),
        ({"members": ()}, "has 0 folders"),
        ({"metadata": "Name: bar\nVersion: 1.0\n"}, "calls it 'bar'"),
        ({"metadata": "Name: foo\nVersion: 1.0\nAuthor: \ud800\n"}, "METADATA that is no text"),
        ({"file_name": "x.whl"}, "is no name of a wheel"),
    ],
)
def test_a_host_is_not_believed(changes: dict[str, t.Any], words: str) -> None:
    with pytest.raises(WheelProblem, match=words):
        _wheel.from_host(listing(Wheel("foo"), **changes))


def outcome(raw: bytes, folder: pathlib.Path) -> str:
    (folder / FOO).write_bytes(raw)
    try:
        return _wheel.read(folder / FOO).name
    except WheelProblem as found:
        return str(found)


GENUINE = Wheel("foo", requires=("bar",)).content()


@UNHURRIED
@hypothesis.given(st.binary(max_size=300))
def test_any_bytes_are_a_wheel_or_refused(tmp_path_factory: pytest.TempPathFactory, raw: bytes) -> None:
    assert FOO in outcome(raw, tmp_path_factory.getbasetemp())


@hypothesis.settings(UNHURRIED, max_examples=400)
@hypothesis.given(
    st.lists(st.tuples(st.integers(0, len(GENUINE) - 1), st.integers(0, 255)), min_size=1, max_size=8), st.data()
)
def test_a_damaged_wheel_is_a_wheel_or_refused(
    tmp_path_factory: pytest.TempPathFactory, changes: list[tuple[int, int]], data: st.DataObject
) -> None:
    raw = bytearray(GENUINE)
    for position, value in changes:
        raw[position] = value
    cut = raw[: data.draw(st.sampled_from([len(raw), len(raw) // 2, len(raw) - 30]))]
    answer = outcome(bytes(cut), tmp_path_factory.getbasetemp())
    assert answer == "foo" or FOO in answer


@UNHURRIED
@hypothesis.given(st.binary(max_size=200), st.binary(max_size=80))
def test_any_metadata_is_read_or_refused(
    tmp_path_factory: pytest.TempPathFactory, metadata: bytes, wheel: bytes
) -> None:
    described = Wheel(
        "foo", metadata=b"Name: foo\nVersion: 1.0\n" + metadata, wheel_file=b"Wheel-Version: 1.0\n" + wheel
    )
    answer = outcome(described.content(), tmp_path_factory.getbasetemp())
    assert answer == "foo" or FOO in answer


@UNHURRIED
@hypothesis.given(st.text(max_size=60).map(lambda text: text + ".whl"))
def test_any_name_is_read_or_refused(text: str) -> None:
    try:
        assert _wheel.file_name(text).tags
    except WheelProblem as found:
        assert "is no name of a wheel" in str(found)


def test_a_digest_of_more_than_one_block(tmp_path: pathlib.Path) -> None:
    (tmp_path / "x").write_bytes(b"x" * 3_000_000)
    assert _wheel.digest(tmp_path / "x") == hashlib.sha256(b"x" * 3_000_000).hexdigest()
