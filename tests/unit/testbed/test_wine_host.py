# Copyright (c) 2026 the mlfleet authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A Wine host is a Windows machine with SQL Server's Python: for its interpreter, its cmd.exe and its registry."""

from __future__ import annotations

import collections.abc as c
import json
import pathlib
import time
import typing as t

import pytest

from testbed import layouts, site_packages
from testbed.hosts import Host
from testbed.wheels import Wheel
from testbed.wine import host as wine_host
from testbed.wine.toolchain import Missing

pytestmark = pytest.mark.wine

HOME_2019 = r"C:\Program Files\Microsoft SQL Server\MSSQL15.MSSQLSERVER\PYTHON_SERVICES"
HOME_2022 = r"C:\Program Files\Python310"
PYTHON = rf"{HOME_2019}\python.exe"
CMD = r"C:\Windows\system32\cmd.exe"


@pytest.fixture(scope="module")
def parts() -> wine_host.Parts:
    prepared = wine_host.prepare(["3.7", "3.10"])
    if isinstance(prepared, Missing):
        pytest.skip(prepared.reason)
    return prepared


@pytest.fixture(scope="module")
def host(parts: wine_host.Parts, tmp_path_factory: pytest.TempPathFactory) -> c.Iterator[wine_host.WineHost]:
    made = wine_host.WineHost("wine", tmp_path_factory.mktemp("wine") / "host", parts)
    try:
        made.apply(layouts.merge(layouts.sql2019(), layouts.sql2022("SQL01", bound_by_short_path=True)))
        yield made
    finally:
        made.close()
    assert made.living() == []


def run(host: wine_host.WineHost, command_line: str, data: bytes = b"") -> tuple[int, bytes, bytes]:
    return host.start(command_line, {}).communicate(data)


def ask(host: wine_host.WineHost, expression: str, python: str = PYTHON, **environment: str) -> t.Any:
    """What an expression is inside a Windows Python."""
    printing = f"import json, os, platform, sys, winreg; print(json.dumps({expression}))"
    code, stdout, stderr = host.start(f'"{python}" -I -S -c "{printing}"', environment).communicate()
    assert (code, stderr) == (0, b"")
    return json.loads(stdout)


def wait_until(condition: c.Callable[[], bool]) -> None:
    while not condition():
        time.sleep(0.01)


def test_it_is_a_host(host: wine_host.WineHost) -> None:
    as_host: Host = host
    assert as_host.name == "wine"


@pytest.mark.parametrize(("home", "version"), [(HOME_2019, [3, 7]), (HOME_2022, [3, 10])])
def test_python_takes_it_for_windows(host: wine_host.WineHost, home: str, version: list[int]) -> None:
    facts = "[os.name, sys.platform, list(sys.version_info[:2]), 'MSC v.' in sys.version, sys.executable, sys.prefix]"
    python = rf"{home}\python.exe"
    assert ask(host, facts, python) == ["nt", "win32", version, True, python, home]


def test_extension_modules_of_windows_load(host: wine_host.WineHost) -> None:
    code, stdout, stderr = run(host, f'"{PYTHON}" -I -c "import _ssl, ctypes, hashlib, msvcrt; print(_ssl.__file__)"')
    assert (code, stdout.strip().decode(), stderr) == (0, rf"{HOME_2019}\DLLs\_ssl.pyd", b"")


@pytest.mark.parametrize("home", [HOME_2019, HOME_2022])
def test_markers_see_windows_10(host: wine_host.WineHost, home: str) -> None:
    facts = "[platform.system(), platform.release(), platform.machine()]"
    assert ask(host, facts, rf"{home}\python.exe") == ["Windows", "10", "AMD64"]


def test_winreg_reads_what_the_layout_says(host: wine_host.WineHost) -> None:
    key = r"SOFTWARE\Microsoft\Microsoft SQL Server\MSSQL15.MSSQLSERVER\Setup"
    access = "winreg.KEY_READ | winreg.KEY_WOW64_64KEY"
    opened = f"winreg.OpenKey(winreg.HKEY_LOCAL_MACHINE, r'{key}', 0, {access})"
    assert ask(host, f"winreg.QueryValueEx({opened}, 'SQLPath')") == [
        r"C:\Program Files\Microsoft SQL Server\MSSQL15.MSSQLSERVER\MSSQL",
        1,
    ]


def test_every_kind_of_registry_value_arrives(host: wine_host.WineHost) -> None:
    values = {
        "text": ("REG_SZ", 'a "quoted" \\ text, Grüße €'),
        "expanded": ("REG_EXPAND_SZ", r"%ProgramW6432%\Ordner mit ü"),
        "number": ("REG_DWORD", "4294967295"),
        "": ("REG_SZ", "of the key itself"),
    }
    host.apply(layouts.SqlServerLayout(registry={r"HKLM\SOFTWARE\mlfleet test": values}))
    opened = r"winreg.OpenKey(winreg.HKEY_LOCAL_MACHINE, r'SOFTWARE\mlfleet test')"
    assert ask(host, f"[winreg.QueryValueEx({opened}, name) for name in ('text', 'expanded', 'number', '')]") == [
        [values["text"][1], 1],
        [values["expanded"][1], 2],
        [4294967295, 4],
        [values[""][1], 1],
    ]


def test_a_key_without_values_is_made_too(host: wine_host.WineHost) -> None:
    host.apply(layouts.SqlServerLayout(registry={r"HKLM\SOFTWARE\mlfleet empty": {}}))
    opened = r"winreg.OpenKey(winreg.HKEY_LOCAL_MACHINE, r'SOFTWARE\mlfleet empty')"
    assert ask(host, f"winreg.QueryInfoKey({opened})[:2]") == [0, 0]


def test_reg_query_finds_the_instances(host: wine_host.WineHost) -> None:
    query = r'reg query "HKLM\SOFTWARE\Microsoft\Microsoft SQL Server" /s /v SQLPath /reg:64'
    code, stdout, stderr = run(host, f"{CMD} /c {query}")
    blocks = [
        rf"""
HKEY_LOCAL_MACHINE\SOFTWARE\Microsoft\Microsoft SQL Server\{identifier}\Setup
    SQLPath    REG_SZ    C:\Program Files\Microsoft SQL Server\{identifier}\MSSQL
"""
        for identifier in ("MSSQL15.MSSQLSERVER", "MSSQL16.SQL01")
    ]
    expected = "".join(blocks) + "\nSearch complete. Number of matches found: 2\n"
    assert (code, stdout.decode(), stderr) == (0, expected.replace("\n", "\r\n"), b"")


def test_the_launcher_configuration_leads_to_the_runtime(host: wine_host.WineHost) -> None:
    config = host.place(r"C:\Program Files\Microsoft SQL Server\MSSQL16.SQL01\MSSQL\Binn\pythonlauncher.config")
    short = config.read_text().splitlines()[0].removeprefix("PYTHONHOME=")
    assert short == r"C:\PROGRA~1\PYTHON~1"
    assert ask(host, f"os.path.samefile(r'{short}', r'{HOME_2022}')") is True
    assert ask(host, "sys.prefix", rf"{short}\python.exe") == short


CONDITION = f'if exist "{PYTHON}" ("{PYTHON}" -I -S -c "print(1)")'
OTHERWISE = f'if exist "C:\\nowhere\\python.exe" (exit 4) else ("{PYTHON}" -I -S -c "print(2)")'


@pytest.mark.parametrize(
    ("line", "printed"),
    [
        (CONDITION, b"1\r\n"),
        (f'"{CONDITION}"', b"1\r\n"),
        (OTHERWISE, b"2\r\n"),
        (f'"{OTHERWISE}"', b"2\r\n"),
        (f'""{PYTHON}" -I -S -c "print(3)""', b"3\r\n"),
    ],
)
def test_cmd_sees_the_quotes_of_the_raw_line(host: wine_host.WineHost, line: str, printed: bytes) -> None:
    assert run(host, f"{CMD} /c {line}") == (0, printed, b"")


def test_cmd_loses_the_first_quote_of_a_line_that_starts_with_one(host: wine_host.WineHost) -> None:
    code, stdout, stderr = run(host, f'{CMD} /c "{PYTHON}" -I -S -c "print(1)"')
    assert (code, stdout) == (9009, b"")
    assert rf"'{PYTHON}" + '" -I' in stderr.decode()


@pytest.mark.parametrize("length", [8000, 30000])
def test_a_long_command_line_arrives_whole(host: wine_host.WineHost, length: int) -> None:
    start = f'"{PYTHON}" -I -S -c "import sys; print(len(sys.argv[1]), sys.argv[1][-3:])" '
    assert run(host, start + "ü" * (length - 3) + "end") == (0, f"{length} end\r\n".encode(), b"")


def test_every_byte_goes_through_the_pipes_unchanged(host: wine_host.WineHost) -> None:
    every_byte = bytes(range(256)) * 5000
    echo = "import sys; sys.stdout.buffer.write(sys.stdin.buffer.read()); sys.stderr.buffer.write(bytes(range(256)))"
    command_line = f'{CMD} /c if exist "{PYTHON}" ("{PYTHON}" -I -S -c "{echo}")'
    assert run(host, command_line, every_byte) == (0, every_byte, bytes(range(256)))


def test_output_arrives_while_the_command_runs(host: wine_host.WineHost) -> None:
    talk = "import sys; print(sys.stdin.readline().strip(), flush=True); print(sys.stdin.readline().strip())"
    process = host.start(f'"{PYTHON}" -I -S -c "{talk}"', {})
    process.stdin.write(b"one\n")
    assert process.stdout.readline() == b"one\r\n"
    assert process.communicate(b"two\n") == (0, b"two\r\n", b"")


@pytest.mark.parametrize(("code", "seen"), [(0, 0), (3, 3), (300, 300), (-5, 0xFFFFFFFB)])
@pytest.mark.parametrize("start", ["", f"{CMD} /c if 1==1 "])
def test_exit_codes_have_32_bits(host: wine_host.WineHost, start: str, code: int, seen: int) -> None:
    assert run(host, f'{start}"{PYTHON}" -I -S -c "import sys; sys.exit({code})"')[0] == seen


def test_the_environment_is_the_one_of_windows_and_of_the_shell(host: wine_host.WineHost) -> None:
    names = "[os.environ.get(name) for name in ('GREETING', 'HOME', 'SystemDrive', 'USERPROFILE')] + [os.getcwd()]"
    greeting, home, drive, profile, folder = ask(host, names, GREETING="Grüße=1")
    assert (greeting, home, drive, folder) == ("Grüße=1", None, "C:", profile)


def test_a_program_that_is_not_there_is_refused(host: wine_host.WineHost) -> None:
    with pytest.raises(FileNotFoundError, match="CreateProcess failed with 2"):
        host.start(r'"C:\nowhere\python.exe" -I', {})


def test_kill_ends_a_command_and_all_that_it_started(host: wine_host.WineHost) -> None:
    sleep = "import time; print('sleeping', flush=True); time.sleep(1000)"
    # With an environment of its own, so that nothing is handed down.
    start = f"subprocess.Popen([sys.executable, '-c', {sleep!r}], env=dict(SYSTEMROOT=os.environ['SYSTEMROOT']))"
    script = host.place(r"C:\sleepers.py")
    script.write_text(f"import os, subprocess, sys, time\n{start}\ntime.sleep(1000)\n")
    process = host.start(rf'{CMD} /c if exist "{PYTHON}" ("{PYTHON}" -I C:\sleepers.py)', {})
    assert process.stdout.readline() == b"sleeping\r\n"
    last_words = sorted(line.split()[-1] for line in host.living())
    assert last_words == [r"C:\sleepers.py", r"C:\sleepers.py)", 'time.sleep(1000)"']

    process.kill()
    assert host.living() == []
    assert (process.stdout.read(), process.stderr.read(), process.wait()) == (b"", b"", 1)
    process.communicate()


def test_kill_leaves_other_commands_alone(host: wine_host.WineHost) -> None:
    wait = f'"{PYTHON}" -I -S -c "import sys; print(sys.stdin.read())"'
    one, other = host.start(wait, {}), host.start(wait, {})
    one.kill()
    one.communicate()
    assert other.communicate(b"still here") == (0, b"still here\r\n", b"")


def test_what_a_command_leaves_running_ends_with_it(host: wine_host.WineHost) -> None:
    script = host.place(r"C:\leaver.py")
    sleeper = "subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(1000)'])"
    script.write_text(f"import subprocess, sys\nsys.stdout.write(str({sleeper}.pid))\n")
    code, stdout, stderr = run(host, rf'"{PYTHON}" -I C:\leaver.py')
    assert (code, stdout.isdigit(), stderr) == (0, True, b"")
    wait_until(lambda: host.living() == [])


def test_closing_a_host_ends_what_runs_on_it(parts: wine_host.Parts, tmp_path: pathlib.Path) -> None:
    made = wine_host.WineHost("short", tmp_path / "host", parts)
    process = made.start(f"{CMD} /c pause", {})
    assert made.living()
    made.close()
    assert made.living() == []
    assert not (tmp_path / "host").exists()
    assert process.wait() == 1
    process.communicate()


def test_hosts_share_neither_files_nor_registry(parts: wine_host.Parts, tmp_path: pathlib.Path) -> None:
    codes = []
    for number in range(2):
        made = wine_host.WineHost("one of two", tmp_path / f"host-{number}", parts)
        try:
            made.apply(layouts.SqlServerLayout(runtimes=(layouts.Runtime(HOME_2019, "3.7"),)))
            commands = [r"reg query HKLM\SOFTWARE\OnlyThere", f'"{PYTHON}" -I -c "import only_there"']
            codes.append([run(made, command)[0] for command in commands])
            made.apply(layouts.SqlServerLayout(registry={r"HKLM\SOFTWARE\OnlyThere": {}}))
            site_packages.install(made.site_packages(HOME_2019), Wheel("only-there"))
            codes.append([run(made, command)[0] for command in commands])
        finally:
            # Wine writes the registry when a host ends.
            made.close()
    assert codes == [[1, 1], [0, 0], [1, 1], [0, 0]]


def test_two_runtimes_of_one_instance_have_their_own_packages(parts: wine_host.Parts, tmp_path: pathlib.Path) -> None:
    made = wine_host.WineHost("cu22", tmp_path / "host", parts)
    try:
        layout = layouts.sql2017_cu22(old="3.7", new="3.10")
        made.apply(layout)
        old, new = layout.runtimes
        site_packages.install(made.site_packages(new.home), Wheel("only-new"))
        codes = [run(made, rf'"{home}\python.exe" -I -c "import only_new"')[0] for home, _version in (old, new)]
        assert codes == [1, 0]
    finally:
        made.close()


def test_pip_installs_a_wheel_into_the_runtime(host: wine_host.WineHost) -> None:
    wheel = Wheel("demo", "1.2").write(host.place(r"C:\wheels"))
    install = f'"{PYTHON}" -I -m pip --isolated --no-cache-dir --disable-pip-version-check install -q --no-index'
    code, _rest, stderr = run(host, rf"{CMD} /c if 1==1 ({install} C:\wheels\{wheel.name})")
    assert (code, stderr) == (0, b"")
    listing = f'"{PYTHON}" -I -m pip --isolated --disable-pip-version-check list --format=json'
    listed = {entry["name"]: entry["version"] for entry in json.loads(run(host, listing)[1])}
    assert listed["demo"] == "1.2"
    assert (host.site_packages(HOME_2019) / "demo-1.2.dist-info" / "INSTALLER").read_text().strip() == "pip"
