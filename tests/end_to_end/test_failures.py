# Copyright (c) 2026 the mlfleet authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every way in which a call can go wrong ends in one clear sentence, and with nothing left on the host."""

from __future__ import annotations

import socket
import typing as t

import pytest

from end_to_end.conftest import DEFAULT_HOME, NAMED_HOME, Site
from testbed import ad_hoc, layouts
from testbed.winrm.faults import Effect, Fault

PYTHON = DEFAULT_HOME + r"\python.exe"
HANGS = "#!/bin/sh\nsleep 1000\n"


def assert_one_sentence(message: str, *parts: str) -> None:
    assert message.startswith("sql7: ")
    assert "\n" not in message
    assert "Traceback" not in message
    assert ad_hoc.PASSWORD not in message
    for part in parts:
        assert part in message


def test_a_wrong_password(site: Site) -> None:
    site.serve()
    seen = site.run(ansible_password="guessed").only()
    assert seen.status == "UNREACHABLE!"
    assert_one_sentence(seen.message, "credentials were rejected", "check ansible_user, ansible_password")
    site.assert_clean()


def test_a_closed_port(site: Site) -> None:
    site.serve()
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
    seen = site.run(ansible_port=port).only()
    assert seen.status == "UNREACHABLE!"
    assert_one_sentence(seen.message, "no WinRM connection", "check ansible_host and ansible_port")


def test_the_only_interpreter_does_not_start(site: Site) -> None:
    site.replace_program(DEFAULT_HOME, "#!/bin/sh\necho no python35.dll >&2\nexit 53\n")
    site.serve()
    seen = site.run(mlfleet_interpreter=PYTHON).only()
    assert seen.status == "FAILED!"
    assert_one_sentence(
        seen.message, f"the interpreter {PYTHON} gave no answer (exit code 53", "no python35.dll", "repair"
    )
    site.assert_clean()


def test_the_interpreter_of_one_instance_does_not_start(site: Site) -> None:
    site.replace_program(NAMED_HOME, "#!/bin/sh\nexit 53\n")
    site.serve()
    seen = site.run({"packages": True}).only()
    assert seen.status == "FAILED!"
    assert_one_sentence(seen.message, f"the runtime {NAMED_HOME} of SQL01", "exit code 53", "repair it")
    # What could be seen is told all the same.
    healthy, broken = seen.result["runtimes"]
    assert healthy["snapshot"]["distributions"]
    assert broken["snapshot"] is None
    site.assert_clean()


def test_the_broken_instance_can_be_left_out(site: Site) -> None:
    site.replace_program(NAMED_HOME, "#!/bin/sh\nexit 53\n")
    site.serve()
    assert site.run({"instances": ["MSSQLSERVER"]}).only().status == "SUCCESS"


def test_garbage_is_no_answer(site: Site) -> None:
    site.replace_program(DEFAULT_HOME, "#!/bin/sh\nprintf 'MLFLEET 00 result 2 {}\\nActivating base...'\n")
    site.serve()
    seen = site.run(mlfleet_interpreter=PYTHON).only()
    assert seen.status == "FAILED!"
    assert_one_sentence(seen.message, "gave no answer", "it said: ", "Activating base...")
    site.assert_clean()


def test_garbage_around_an_answer_does_no_harm(site: Site) -> None:
    path = site.host.place(PYTHON)
    path.write_text(
        path.read_text().replace("#!/bin/sh\n", "#!/bin/sh\nprintf 'Activating base...\\r\\nno line feed'\n")
    )
    site.serve()
    assert site.run().only().status == "SUCCESS"


def test_a_host_that_hangs(site: Site) -> None:
    site.replace_program(DEFAULT_HOME, HANGS)
    site.serve()
    seen = site.run({"time_limit": 2}, mlfleet_interpreter=PYTHON).only()
    assert seen.status == "FAILED!"
    assert_one_sentence(seen.message, "did not answer within 2 seconds", "raise the option time_limit")
    # The command itself is ended; that Ansible closes the shell later is not what ends it.
    assert [each.action for each in site.endpoint.log("sql7")][-2:] == ["Signal", "Delete"]
    site.assert_clean()


def test_the_runtime_of_one_instance_hangs(site: Site) -> None:
    site.replace_program(NAMED_HOME, HANGS)
    site.serve()
    seen = site.run({"time_limit": 8}).only()
    assert seen.status == "FAILED!"
    assert_one_sentence(seen.message, f"the runtime {NAMED_HOME} of SQL01", "did not answer within 6 seconds")
    site.assert_clean()


def test_two_hung_runtimes_cost_no_more_time_than_one(site: Site) -> None:
    site.apply(layouts.sql2019("SQL02"))
    site.replace_program(NAMED_HOME, HANGS)
    site.replace_program(NAMED_HOME.replace("SQL01", "SQL02"), HANGS)
    site.serve()
    seen = site.run({"time_limit": 8}).only()
    assert_one_sentence(seen.message, f"the runtime {NAMED_HOME} of SQL01", "did not answer within 6 seconds")
    assert [bool(each["problem"]) for each in seen.result["runtimes"]] == [False, True, True]
    site.assert_clean()


def test_the_runtime_of_one_instance_answers_nonsense(site: Site) -> None:
    answer = "#!/bin/sh\nread program\nread nonce rest\necho\necho MLFLEET $nonce result 5 {oops\n"
    site.replace_program(NAMED_HOME, answer)
    site.serve()
    seen = site.run().only()
    assert_one_sentence(seen.message, f"the runtime {NAMED_HOME} of SQL01", "and no answer")


def test_an_answer_that_is_cut_in_half(site: Site) -> None:
    site.replace_program(
        DEFAULT_HOME,
        '#!/bin/sh\nread program\nread nonce rest\necho\nprintf \'MLFLEET %s result 1000 {"insta\' "$nonce"\n',
    )
    site.serve()
    seen = site.run(mlfleet_interpreter=PYTHON).only()
    assert_one_sentence(seen.message, f"the answer of {PYTHON} was cut off in the middle")
    site.assert_clean()


@pytest.mark.parametrize(
    "answer", ['{"instances": 1}', "[]", '{"instances": [], "runtimes": [{}], "missing": []}', '{"more": 1}', "null"]
)
def test_a_host_that_lies(site: Site, answer: str) -> None:
    script = f"#!/bin/sh\nread program\nread nonce rest\necho\necho MLFLEET $nonce result {len(answer)} '{answer}'\n"
    site.replace_program(DEFAULT_HOME, script)
    site.serve()
    seen = site.run(mlfleet_interpreter=PYTHON).only()
    assert seen.status == "FAILED!"
    assert_one_sentence(seen.message, "answer")


@pytest.mark.parametrize("transport", ["basic", "ntlm"])
@pytest.mark.parametrize("effect", [Effect.DROP_ANSWER, Effect.TRUNCATE_ANSWER, Effect.DROP_REQUEST, Effect.HTTP_500])
@pytest.mark.parametrize("action", ["Send", "Receive"])
def test_a_connection_that_breaks_during_the_call(site: Site, action: str, effect: Effect, transport: str) -> None:
    site.replace_program(DEFAULT_HOME, HANGS if action == "Send" else site.host.place(PYTHON).read_text())
    site.serve()
    site.endpoint.inject("sql7", Fault(effect, action))
    seen = site.run(mlfleet_interpreter=PYTHON, ansible_winrm_transport=transport).only()
    assert seen.status == "UNREACHABLE!"
    assert_one_sentence(seen.message, "the connection was lost during the call", "run the task again")
    assert site.host.living() == []


@pytest.mark.parametrize("effect", [Effect.DROP_ANSWER, Effect.DROP_REQUEST, Effect.HTTP_500])
def test_a_connection_that_breaks_at_the_start(site: Site, effect: Effect) -> None:
    site.serve()
    site.endpoint.inject("sql7", Fault(effect, "Command"))
    seen = site.run(mlfleet_interpreter=PYTHON).only()
    assert seen.status == "UNREACHABLE!"
    assert_one_sentence(seen.message, "WinRM does not answer")
    site.assert_clean()


def test_slow_answers_are_waited_for(site: Site) -> None:
    site.serve()
    site.endpoint.inject("sql7", Fault(Effect.SLOW, count=None, delay=0.2))
    assert site.run().only().status == "SUCCESS"


def test_no_secret_is_in_any_output(site: Site) -> None:
    site.serve()
    for variables in ({}, {"ansible_password": "Other-secret-8"}):
        output = site.run({"packages": True}, "-vvv", **t.cast("dict[str, t.Any]", variables)).output
        assert ad_hoc.PASSWORD not in output
        assert "Other-secret-8" not in output
