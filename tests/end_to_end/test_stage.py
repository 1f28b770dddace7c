# Copyright (c) 2026 the mlfleet authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Staging over the loopback endpoint, which counts requests and bytes."""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import hashlib
import http.server
import json
import os
import pathlib
import re
import ssl
import subprocess
import sys
import threading
import typing as t

import pytest

from end_to_end.conftest import DEFAULT_HOME, Site
from testbed import ad_hoc, memory
from testbed.wheels import Wheel
from testbed.winrm import faults, quotas, tls

MODULE = "mlfleet.packages.stage"
STORE = r"C:\ProgramData\mlfleet\store"
KNOWN = {"mlfleet_interpreter": DEFAULT_HOME + r"\python.exe"}
MB = 1_000_000
# A command brings the program of the agent and a request besides.
COMMAND_BYTES = 70_000


def wheel(name: str, size: int) -> Wheel:
    """A wheel of about that size."""
    return Wheel(name, modules={f"{name}.py": "", f"{name}_data/data.txt": f"{name:<63}\n" * (size // 64)})


@pytest.fixture
def house(tmp_path: pathlib.Path) -> pathlib.Path:
    """A wheelhouse of three megabytes."""
    for name in ("one", "two", "three"):
        wheel(name, MB).write(tmp_path / "wheelhouse")
    return tmp_path / "wheelhouse"


def total(folder: pathlib.Path) -> int:
    return sum(path.stat().st_size for path in folder.iterdir())


@dataclasses.dataclass(frozen=True)
class Staged:
    """A run of the module, and what the endpoint saw of it."""

    run: ad_hoc.Run
    requests: int
    wire_bytes: int
    input_bytes: int
    shells: int
    commands: int

    @property
    def seen(self) -> ad_hoc.HostResult:
        return self.run.only()

    @property
    def statuses(self) -> dict[str, str]:
        return {each["file_name"].partition("-")[0]: each["status"] for each in self.seen.result["wheels"]}


def stage(site: Site, house: pathlib.Path, *arguments: str, options: t.Any = None, **variables: t.Any) -> Staged:
    before = len(site.endpoint.log("sql7"))
    run = site.run({"wheelhouse": str(house), **(options or {})}, *arguments, module=MODULE, **{**KNOWN, **variables})
    log = site.endpoint.log("sql7")[before:]
    return Staged(
        run,
        len(log),
        sum(each.bytes_in for each in log),
        sum(each.stdin_bytes for each in log),
        sum(each.action == "Create" and each.status == 200 for each in log),
        sum(each.action == "Command" for each in log),
    )


def visible(site: Site) -> dict[str, str]:
    """Name and true sha256 of what can be seen in the store; each in the folder that its sha256 names."""
    files = [path for path in site.host.place(STORE).rglob("*.whl") if path.is_file()]
    found = {path: hashlib.sha256(path.read_bytes()).hexdigest() for path in files}
    assert [path.parent.name for path in files] == list(found.values())
    return {path.name: sha256 for path, sha256 in found.items()}


def in_house(folder: pathlib.Path) -> dict[str, str]:
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.iterdir()}


def test_only_what_is_missing_travels(site: Site, house: pathlib.Path) -> None:
    site.serve()
    checked = stage(site, house, "--check")
    assert (checked.seen.status, checked.seen.result["sent_bytes"]) == ("CHANGED", total(house))
    assert checked.statuses == dict.fromkeys(("one", "two", "three"), "would send")
    assert not site.host.place(STORE).exists()

    first = stage(site, house, "-v")
    assert (first.seen.status, first.seen.result["sent_bytes"]) == ("CHANGED", total(house))
    assert (first.statuses, first.seen.result["store"]) == (dict.fromkeys(("one", "two", "three"), "sent"), STORE)
    assert visible(site) == in_house(house)
    assert "sent: file two-1.0-py3-none-any.whl, bytes 1" in first.run.output
    assert " MB/s" in first.run.output

    again = stage(site, house)
    assert (again.seen.status, again.seen.result["sent_bytes"], again.commands) == ("SUCCESS", 0, 2)
    assert again.input_bytes < again.commands * COMMAND_BYTES

    fourth = wheel("four", MB).write(house)
    added = stage(site, house)
    assert added.statuses == {"one": "there", "two": "there", "three": "there", "four": "sent"}
    assert added.seen.result["sent_bytes"] == fourth.stat().st_size
    assert added.input_bytes < fourth.stat().st_size + added.commands * COMMAND_BYTES
    assert visible(site) == in_house(house)
    site.assert_clean()


@pytest.mark.parametrize("effect", [faults.Effect.DROP_REQUEST, faults.Effect.DROP_ANSWER, faults.Effect.HTTP_500])
def test_after_a_connection_that_broke_only_the_rest_travels(
    site: Site, house: pathlib.Path, effect: faults.Effect
) -> None:
    site.serve()
    # The first two are the requests of what is asked before.
    site.endpoint.inject("sql7", faults.Fault(effect, action="Send", first=2 + 5))
    broken = stage(site, house)
    assert broken.seen.status == "UNREACHABLE!"
    assert "run the task again" in broken.seen.message
    assert len(visible(site)) == 1
    rest = stage(site, house)
    assert rest.seen.status == "CHANGED"
    assert sorted(rest.statuses.values()) == ["sent", "sent", "there"]
    # Five chunks had been taken. What is still on its way to the agent when its command ends is lost: under load, most
    # of two.
    assert MB < rest.seen.result["sent_bytes"] < total(house) - 3 * 350_000
    assert visible(site) == in_house(house)
    assert list(site.host.place(STORE + r"\incoming").iterdir()) == []
    site.assert_clean()


def test_side_by_side_with_few_requests_and_little_around_the_bytes(site: Site, tmp_path: pathlib.Path) -> None:
    for number in range(4):
        wheel(f"large{number}", 25 * MB).write(tmp_path / "large")
    size = total(tmp_path / "large")
    site.serve()
    staged = stage(site, tmp_path / "large")
    assert visible(site) == in_house(tmp_path / "large")
    assert staged.shells == 3
    assert staged.requests <= 3 * size / MB
    assert staged.wire_bytes <= 1.36 * size
    site.assert_clean()


@pytest.mark.parametrize("login", ["basic", "ntlm", "ntlm over TLS"])
def test_shells_of_their_own_for_each_login(site: Site, tmp_path: pathlib.Path, login: str) -> None:
    path = wheel("large", 62 * MB).write(tmp_path / "large")
    secure = login.endswith("TLS")
    site.serve(tls=secure)
    variables = {"ansible_winrm_transport": login.partition(" ")[0]}
    if secure:
        variables["ansible_winrm_ca_trust_path"] = str(site.endpoint.certificate)
    staged = stage(site, path.parent, **variables)
    assert (staged.seen.status, staged.shells) == ("CHANGED", 2)
    assert staged.wire_bytes <= 1.36 * path.stat().st_size
    assert visible(site) == in_house(path.parent)
    site.assert_clean()


def test_fewer_shells_where_the_quota_leaves_no_more(site: Site, tmp_path: pathlib.Path) -> None:
    path = wheel("large", 62 * MB).write(tmp_path / "large")
    site.serve(limits=quotas.Quotas(max_shells_per_user=1))
    staged = stage(site, path.parent)
    assert (staged.seen.status, staged.shells) == ("CHANGED", 1)
    assert visible(site) == in_house(path.parent)
    site.assert_clean()


def test_the_number_of_streams_is_a_variable(site: Site, tmp_path: pathlib.Path) -> None:
    path = wheel("large", 62 * MB).write(tmp_path / "large")
    site.serve()
    assert stage(site, path.parent, mlfleet_streams=1).shells == 1
    wrong = stage(site, path.parent, mlfleet_streams="many")
    assert "the variable mlfleet_streams is 'many'; it must be a number greater than 0" in wrong.seen.message


def test_a_service_that_takes_small_messages_only(site: Site, house: pathlib.Path) -> None:
    site.serve(limits=quotas.Quotas(max_envelope_size_kb=150))
    refused = stage(site, house)
    assert refused.seen.status == "FAILED!"
    assert "the WinRM service takes no requests of 500 KB; set mlfleet_winrm_envelope_kb" in refused.seen.message
    staged = stage(site, house, mlfleet_winrm_envelope_kb=150)
    assert (staged.seen.status, visible(site)) == ("CHANGED", in_house(house))
    site.assert_clean()


def test_over_powershell_it_goes_in_bounded_parts(site: Site, tmp_path: pathlib.Path) -> None:
    path = wheel("large", 20 * MB).write(tmp_path / "large")
    site.serve()
    staged = stage(site, path.parent, mlfleet_transport="powershell")
    assert (staged.seen.status, staged.commands) == ("CHANGED", 2 + 2)
    assert visible(site) == in_house(path.parent)
    site.assert_clean()


def test_on_this_machine_itself(tmp_path: pathlib.Path, house: pathlib.Path) -> None:
    wheel("large", 20 * MB).write(house)
    store = tmp_path / "store"
    local = {"ansible_connection": "local", "mlfleet_store": str(store), "mlfleet_interpreter": sys.executable}
    inventory = ad_hoc.write_inventory(tmp_path / "inventory.json", {"here": local})
    options = {"wheelhouse": str(house), "runtimes": [sys.executable]}
    first = ad_hoc.run(inventory, MODULE, options).only()
    assert (first.status, first.result["store"]) == ("CHANGED", str(store))
    files = list(store.rglob("*.whl"))
    assert {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in files} == in_house(house)
    again = ad_hoc.run(inventory, MODULE, options).only()
    assert (again.status, again.result["sent_bytes"]) == ("SUCCESS", 0)


def lock(*wheels: Wheel, requires_python: str = "", **hashes: str) -> str:
    """A lock that finds its wheels in the wheelhouse."""
    lines = ['lock-version = "1.0"', 'created-by = "a test"']
    lines += [f'requires-python = "{requires_python}"'] * bool(requires_python)
    for each in wheels:
        sha256 = hashes.get(each.name, each.sha256())
        lines += ["[[packages]]", f'name = "{each.name}"', f'version = "{each.version}"', "[[packages.wheels]]"]
        lines += [f'path = "{each.expected_file_name()}"', f'hashes = {{sha256 = "{sha256}"}}']
    return "\n".join(lines)


def test_the_locks_that_fit_say_what_is_meant(site: Site, house: pathlib.Path) -> None:
    (house / "pylock.old.toml").write_text(lock(wheel("two", MB), requires_python="<3"))
    (house / "pylock.new.toml").write_text(lock(wheel("one", MB), requires_python=">=3"))
    site.serve()
    staged = stage(site, house)
    assert staged.statuses == {"one": "sent"}
    (first, _second) = staged.seen.result["runtimes"]
    assert (first["locks"], first["wheels"]) == ([str(house / "pylock.new.toml")], ["one-1.0-py3-none-any.whl"])
    none = stage(site, house, options={"locks": [str(house / "pylock.old.toml")]})
    assert "no lock fits cp3" in none.seen.message
    assert "pylock.old.toml does not fit" in none.seen.message


def test_a_wheel_that_is_not_the_locked_one_is_not_sent(site: Site, house: pathlib.Path) -> None:
    wanted = wheel("one", MB)
    (house / wanted.expected_file_name()).write_bytes(dataclasses.replace(wanted, metadata_version="2.2").content())
    (house / "pylock.toml").write_text(lock(wanted))
    site.serve()
    for arguments in (["--check"], []):
        refused = stage(site, house, *arguments)
        assert refused.seen.status == "FAILED!"
        assert f"and should have {wanted.sha256()}; get the wheel anew" in refused.seen.message
    assert not site.host.place(STORE).exists()


@pytest.mark.parametrize(
    "options", [{"source": "url", "url": "http://127.0.0.1:1"}, {"source": "share", "share": "D:"}]
)
def test_a_wheel_beside_the_wheelhouse_is_found_by_no_host(
    site: Site, house: pathlib.Path, tmp_path: pathlib.Path, options: dict[str, str]
) -> None:
    other = wheel("four", MB).write(tmp_path / "other")
    (other.parent / "pylock.toml").write_text(lock(wheel("four", MB)))
    site.serve()
    for arguments in (["--check"], []):
        refused = stage(site, house, *arguments, options={**options, "locks": [str(other.parent)]})
        assert refused.seen.status == "FAILED!"
        assert f"{other} is not in the wheelhouse {house}; put it there" in refused.seen.message
    assert not site.host.place(STORE).exists()


def test_a_wheel_that_is_damaged_in_the_store_travels_again(site: Site, house: pathlib.Path) -> None:
    site.serve()
    stage(site, house)
    (one,) = site.host.place(STORE).rglob("one-*.whl")
    content = one.read_bytes()
    one.write_bytes(content[:-1] + b"x")
    assert stage(site, house).statuses == {"one": "sent", "two": "there", "three": "there"}
    assert one.read_bytes() == content


@contextlib.contextmanager
def volume(folder: pathlib.Path, mebibytes: int) -> t.Iterator[pathlib.Path]:
    """A real volume of that size."""
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={mebibytes}m", "tmpfs", str(folder)]
    if os.geteuid() != 0 or subprocess.run(mount, check=False, capture_output=True).returncode != 0:
        pytest.skip("needs the right to mount a volume")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


@pytest.mark.parametrize(
    ("mebibytes", "added", "needed"),
    # The second fits, but is cut on its way, and there twice while it is put together.
    [(3, 1, "4 MiB"), (30, 20, "4[0-4] MiB")],
    ids=["too large", "cut"],
)
def test_a_volume_that_is_too_small(
    tmp_path: pathlib.Path, house: pathlib.Path, mebibytes: int, added: int, needed: str
) -> None:
    wheel("four", added * MB).write(house)
    with volume(tmp_path / "volume", mebibytes) as small:
        local = {"ansible_connection": "local", "mlfleet_store": str(small), "mlfleet_interpreter": sys.executable}
        inventory = ad_hoc.write_inventory(tmp_path / "inventory.json", {"here": local})
        options = {"wheelhouse": str(house), "runtimes": [sys.executable]}
        for arguments in (["--check"], []):
            refused = ad_hoc.run(inventory, MODULE, options, *arguments).only()
            assert refused.status == "FAILED!"
            assert re.search(f"the store {small} needs about {needed}, and its volume has", refused.message)
            assert "or name a store on another volume in the variable mlfleet_store" in refused.message
        assert list(small.iterdir()) == []


def test_what_nobody_wants_any_more_is_collected(site: Site, house: pathlib.Path) -> None:
    site.serve()
    stage(site, house)
    for name in ("two", "three"):
        (house / wheel(name, MB).expected_file_name()).unlink()
    removed = {"two-1.0-py3-none-any.whl", "three-1.0-py3-none-any.whl"}
    for arguments, left in ((["--check"], 3), ([], 1)):
        seen = stage(site, house, *arguments, options={"keep_mb": 1}).seen
        assert (seen.status, {each["file_name"] for each in seen.result["collected"]}) == ("CHANGED", removed)
        assert len(visible(site)) == left
    seen = stage(site, house, options={"keep_mb": 1, "keep_days": 1}).seen
    assert (seen.status, seen.result["collected"]) == ("SUCCESS", [])


def test_a_check_collects_as_if_the_wheels_had_come(site: Site, house: pathlib.Path) -> None:
    site.serve()
    stage(site, house)
    for name in ("one", "two", "three"):
        (house / wheel(name, MB).expected_file_name()).unlink()
    wheel("four", MB).write(house)
    checked = stage(site, house, "--check", options={"keep_mb": 3}).seen
    assert len(checked.result["collected"]) == 2
    real = stage(site, house, options={"keep_mb": 3}).seen
    assert real.result["collected"] == checked.result["collected"]


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: t.Any) -> None:
        pass


@contextlib.contextmanager
def web_server(folder: pathlib.Path, context: ssl.SSLContext | None = None) -> t.Iterator[str]:
    """Offers a folder; its URL."""
    handler = functools.partial(_Quiet, directory=str(folder))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        if context:
            server.socket = context.wrap_socket(server.socket, server_side=True)
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"{'https' if context else 'http'}://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def test_the_host_gets_the_wheels_from_a_web_server(site: Site, house: pathlib.Path) -> None:
    wheel("deep", MB).write(house / "deeper in")
    site.serve()
    with web_server(house.parent) as url:
        options = {"source": "url", "url": f"{url}/wheelhouse/"}
        staged = stage(site, house, options=options)
        assert (staged.seen.status, set(staged.statuses.values())) == ("CHANGED", {"sent"})
        assert staged.input_bytes < staged.commands * COMMAND_BYTES
        assert set(visible(site)) == {f"{name}-1.0-py3-none-any.whl" for name in ("one", "two", "three", "deep")}
        again = stage(site, house, options=options)
        assert (again.seen.status, again.commands) == ("SUCCESS", 2)
    site.assert_clean()


def test_a_web_server_that_does_not_give_the_wheels(site: Site, house: pathlib.Path, tmp_path: pathlib.Path) -> None:
    site.serve()
    copy = tmp_path / "copy"
    copy.mkdir()
    with web_server(copy) as url:
        options = {"source": "url", "url": url}
        missing = stage(site, house, options=options).seen
        assert f"{url}/one-1.0-py3-none-any.whl cannot be fetched by this host: HTTP Error 404" in missing.message
        (copy / "one-1.0-py3-none-any.whl").write_text("<html>Please log in</html>")
        short = stage(site, house, options=options).seen
        assert "the wheel one-1.0-py3-none-any.whl ends" in short.message
        assert list(site.host.place(STORE + r"\incoming").iterdir()) == []
        swapped = (house / "one-1.0-py3-none-any.whl").read_bytes()[::-1]
        (copy / "one-1.0-py3-none-any.whl").write_bytes(swapped)
        other = stage(site, house, options=options).seen
        assert "have another sha256 than it; they were removed" in other.message
    assert visible(site) == {}
    assert list(site.host.place(STORE + r"\incoming").iterdir()) == []


def test_a_certificate_that_the_host_does_not_trust(site: Site, house: pathlib.Path, tmp_path: pathlib.Path) -> None:
    site.serve()
    with web_server(house, tls.make_certificate(tmp_path).server_context()) as url:
        refused = stage(site, house, options={"source": "url", "url": url}).seen
    assert "CERTIFICATE_VERIFY_FAILED" in refused.message
    assert visible(site) == {}


def test_the_host_gets_the_wheels_from_a_share(site: Site, house: pathlib.Path) -> None:
    site.serve()
    site.host.place("D:\\").mkdir()
    site.host.place("D:\\wheels").symlink_to(house)
    staged = stage(site, house, options={"source": "share", "share": "D:\\wheels"})
    assert (staged.seen.status, visible(site)) == ("CHANGED", in_house(house))
    refused = stage(site, house, options={"source": "share", "share": r"\\files\wheels", "runtimes": []})
    assert refused.seen.status == "SUCCESS"
    wheel("four", MB).write(house)
    refused = stage(site, house, options={"source": "share", "share": r"\\files\wheels"})
    assert r"\\files\wheels\four-1.0-py3-none-any.whl cannot be read" in refused.seen.message
    assert "a logon over the network is not passed on to a second machine" in refused.seen.message


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"source": "url"}, "the source url needs the options url and wheelhouse"),
        ({"source": "url", "url": "ftp://x"}, "the option url is no URL of https or http"),
        ({"source": "url", "url": "https://me:secret@x"}, "without a password"),
        ({"wheelhouse": "/nowhere"}, "the option wheelhouse names /nowhere, which is not on the controller"),
        ({"locks": ["/nowhere"]}, "the option locks names /nowhere, which is not on the controller"),
        ({"wheelhouse": None}, "neither wheelhouse nor locks say which wheels are meant"),
        ({"keep_days": -1}, "the option keep_days is -1"),
        ({"time_limit": 0}, "the option time_limit is 0"),
        ({"instances": ["SQL09"]}, "there is no instance SQL09"),
    ],
    ids=str,
)
def test_wrong_options(site: Site, house: pathlib.Path, options: dict[str, t.Any], message: str) -> None:
    site.serve()
    refused = stage(site, house, options=options)
    assert (refused.seen.status, message in refused.seen.message) == ("FAILED!", True), refused.seen.message
    assert "secret" not in refused.run.output


@pytest.mark.slow
@pytest.mark.one_release
@pytest.mark.parametrize("login", ["basic", "ntlm"])
def test_memory_of_the_controller_does_not_grow_with_the_wheel(site: Site, tmp_path: pathlib.Path, login: str) -> None:
    path = wheel("large", 300 * MB).write(tmp_path / "large")
    site.serve()
    variables = site.variables(**KNOWN, ansible_winrm_transport=login)
    inventory = ad_hoc.write_inventory(tmp_path / "inventory.json", {"sql7": variables})
    program = str(pathlib.Path(sys.executable).parent / "ansible")
    options = json.dumps({"wheelhouse": str(path.parent)})
    assert memory.peak_megabytes([program, "all", "-i", str(inventory), "-m", MODULE, "-a", options]) < 100
    assert list(visible(site)) == [path.name]
