# Copyright (c) 2026 the mlfleet authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The legs of a test run. `make test` runs them all; tests/tooling/run.py closes with a table of what became of each.

The sessions do not use nox's own virtual environments: several legs share one, and one is made again only when
the requirement files change.
"""

from __future__ import annotations

import collections.abc as c
import contextlib
import dataclasses
import os
import pathlib
import shutil
import subprocess
import sys
import time

import nox

CHECKOUT = pathlib.Path(__file__).resolve().parent
WORK = CHECKOUT / ".work"
TESTS = CHECKOUT / "tests"

sys.path.insert(0, str(TESTS))

from testbed import interpreters, package_index, virtual_environments  # noqa: E402
from tooling import collection_path, docs_site, legs, sanity_home, system_packages  # noqa: E402

RESULTS = pathlib.Path(os.environ.get(legs.RESULTS_VARIABLE, WORK / "results"))

nox.options.sessions = list(legs.ALL)
nox.options.error_on_external_run = False


@dataclasses.dataclass(frozen=True)
class Controller:
    """A release of ansible-core with the Pythons it runs on, the wished one first."""

    name: str
    requirement: str
    minors: tuple[tuple[int, int], ...]
    requirement_files: tuple[str, ...] = ("requirements.txt", "tests/requirements/test.txt")


OLDEST = Controller("core-2.16", "ansible-core~=2.16.0", ((3, 10), (3, 11), (3, 12)))
# Every leg that needs only one release uses this one.
MAIN = Controller(
    "core-2.19",
    "ansible-core~=2.19.0",
    ((3, 11), (3, 12), (3, 13)),
    (
        "requirements.txt",
        "tests/requirements/test.txt",
        "tests/requirements/quality.txt",
        "tests/requirements/tooling.txt",
    ),
)
LATEST = Controller("core-latest", "ansible-core>=2.20", ((3, 12), (3, 13), (3, 14)))

# An environment of its own, because what builds the site has nothing to do with the tests.
DOCS = Controller("docs", "ansible-core~=2.19.0", MAIN.minors, ("tests/requirements/docs.txt",))

# Only what users need, so that it is made quickly, and with any ansible-core that the Python at hand can run.
DEMO = Controller("demo", "ansible-core>=2.16", ((3, 11), (3, 12), (3, 13), (3, 14), (3, 10)), ("requirements.txt",))

ORDINARY_TESTS = "not wine and not ssh and not browser"


class NotRun(Exception):
    """This leg cannot run on this machine; the message is the reason."""


@contextlib.contextmanager
def leg(name: str) -> c.Iterator[None]:
    """Leaves the outcome of a leg behind, unless the leg did so itself."""
    result = RESULTS / f"{name}.json"
    result.unlink(missing_ok=True)
    begin = time.monotonic()
    outcome = legs.Outcome(name, "passed")
    try:
        yield
    except NotRun as reason:
        outcome = legs.Outcome(name, "not run", str(reason))
    except BaseException as error:
        outcome = legs.Outcome(name, "failed", str(error) or type(error).__name__)
        raise
    finally:
        if not result.exists():
            legs.store(RESULTS, dataclasses.replace(outcome, seconds=time.monotonic() - begin))


def programs(controller: Controller) -> pathlib.Path:
    """The bin folder of the environment with this ansible-core."""
    interpreter = interpreters.find_first(controller.minors)
    if interpreter is None:
        wished = " or ".join(f"{major}.{minor}" for major, minor in controller.minors)
        raise NotRun(f"{controller.name} needs CPython {wished} with venv, none found")
    recipe = virtual_environments.Recipe(
        interpreter,
        requirements=(controller.requirement,),
        requirement_files=tuple(CHECKOUT / file for file in controller.requirement_files),
    )
    return virtual_environments.prepare(WORK / "environments" / controller.name, recipe).parent


def environment(bin_folder: pathlib.Path) -> dict[str, str]:
    """What programs under test see: nothing of the user's own Ansible, Python and pip settings."""
    collection_path.link(CHECKOUT, WORK / "collections")
    # An empty file of our own, because ansible-lint takes nothing that does not end in .cfg.
    configuration = WORK / "ansible.cfg"
    configuration.touch()
    kept = {name: value for name, value in os.environ.items() if not name.startswith("ANSIBLE_")}
    return {
        **package_index.isolated(kept),
        "PATH": os.pathsep.join([str(bin_folder), os.environ.get("PATH", os.defpath)]),
        "LC_ALL": "C.UTF-8",
        "ANSIBLE_CONFIG": str(configuration),
        "ANSIBLE_HOME": str(WORK / "ansible"),
        "ANSIBLE_COLLECTIONS_PATH": str(WORK / "collections"),
    }


def run_tests(
    session: nox.Session, name: str, controller: Controller, path: str, markers: str = ORDINARY_TESTS, workers: int = 2
) -> None:
    """One pytest run; leaves its outcome with the number of tests behind."""
    bin_folder = programs(controller)
    if not (CHECKOUT / path).exists():
        raise NotRun("there are no tests for it")
    report = RESULTS / f"{name}.xml"
    command = [str(bin_folder / "python"), "-m", "pytest", path, "-m", markers, f"--junitxml={report}"]
    # Not in pyproject.toml: who runs pytest by hand, with a debugger, wants neither limit nor workers.
    command += ["--timeout=300", *(["-n", str(workers), "--dist=loadfile"] if workers > 1 else [])]
    session.log(" ".join(command))
    begin = time.monotonic()
    ended = subprocess.run([*command, *session.posargs], cwd=CHECKOUT, env=environment(bin_folder), check=False)
    counts = legs.read_counts(report) if report.exists() else legs.Counts()
    outcome = legs.judge(name, ended.returncode, counts, time.monotonic() - begin)
    legs.store(RESULTS, outcome)
    if outcome.state == "failed":
        session.error(outcome.remark)


def run(session: nox.Session, bin_folder: pathlib.Path, program: str, *arguments: str, **variables: str) -> None:
    """Runs a program of one of our environments in the checkout."""
    session.run(
        str(bin_folder / program),
        *arguments,
        env={**environment(bin_folder), **variables},
        include_outer_env=False,
        external=True,
    )


@nox.session(venv_backend="none")
def lint(session: nox.Session) -> None:
    """ansible-lint (profile production), ruff and REUSE."""
    with leg("lint"):
        bin_folder = programs(MAIN)
        run(session, bin_folder, "ruff", "check")
        run(session, bin_folder, "ruff", "format", "--check")
        run(session, bin_folder, "reuse", "lint", "--quiet")
        run(session, bin_folder, "ansible-lint", "--offline", "--strict")


@nox.session(venv_backend="none")
def types(session: nox.Session) -> None:
    """mypy, strict, on the controller side and on the test bed."""
    with leg("types"):
        bin_folder = programs(MAIN)
        environment(bin_folder)
        plugins = "ansible_collections.mlfleet.packages.plugins"
        packages = [
            f"{plugins}.{room}" for room in ("plugin_utils", "action") if (CHECKOUT / "plugins" / room).exists()
        ]
        run(session, bin_folder, "mypy", *(word for package in packages for word in ("-p", package)))
        run(session, bin_folder, "mypy", "tests/testbed", "tests/tooling", "tests/bench", "noxfile.py")


@nox.session(venv_backend="none")
def agent_floor(session: nox.Session) -> None:
    """The agent keeps to Python 3.5; no such interpreter can be had, so its source is examined."""
    with leg("agent_floor"):
        if not (CHECKOUT / "plugins/module_utils/_agent").exists():
            raise NotRun("there is no agent")
        run(session, programs(MAIN), "vermin", "--target=3.5-", "--violations", "plugins/module_utils/_agent")


@nox.session(venv_backend="none")
def unit(session: nox.Session) -> None:
    """The controller side and the test bed, by themselves."""
    with leg("unit"):
        run_tests(session, "unit", MAIN, "tests/unit")


@nox.session(venv_backend="none")
def agent(session: nox.Session) -> None:
    """The agent on every CPython that is found."""
    with leg("agent"):
        session.log(f"CPython {', '.join(found.name for found in interpreters.find_one_per_minor())}")
        run_tests(session, "agent", MAIN, "tests/agent")


@nox.session(venv_backend="none")
def sanity(session: nox.Session) -> None:
    """ansible-test sanity, plain: with the interpreters of this machine and without containers."""
    with leg("sanity"):
        bin_folder = programs(MAIN)
        home = WORK / "sanity-home"
        sanity_home.prepare(home, bin_folder / "python")
        folders = [str(interpreter.path.parent) for interpreter in interpreters.find_one_per_minor()]
        variables = {
            "HOME": str(home),
            "PATH": os.pathsep.join([*folders, os.environ.get("PATH", os.defpath)]),
            # The checkout may lie in any folder; this is how ansible-test learns of the path made for it.
            "ANSIBLE_TEST_CONTENT_ROOT": str(collection_path.link(CHECKOUT, WORK / "collections")),
        }
        command = ("ansible-test", "sanity", "--color", "no")
        # Makes the environments of the import test, which then get the requirements.
        run(session, bin_folder, *command, "--test", "import", "plugins/action/instance_info.py", **variables)
        sanity_home.install_requirements(home, bin_folder / "python", CHECKOUT / "requirements.txt")
        run(session, bin_folder, *command, **variables)


def _end_to_end(session: nox.Session, name: str, controller: Controller) -> None:
    markers = ORDINARY_TESTS if controller is MAIN else f"{ORDINARY_TESTS} and not one_release"
    with leg(name):
        run_tests(session, name, controller, "tests/end_to_end", markers)


@nox.session(venv_backend="none", name="end_to_end_2.16")
def end_to_end_oldest(session: nox.Session) -> None:
    """Playbooks on the oldest supported ansible-core."""
    _end_to_end(session, "end_to_end_2.16", OLDEST)


@nox.session(venv_backend="none", name="end_to_end_2.19")
def end_to_end_main(session: nox.Session) -> None:
    """Playbooks on the ansible-core that everything else is tested with."""
    _end_to_end(session, "end_to_end_2.19", MAIN)


@nox.session(venv_backend="none", name="end_to_end_latest")
def end_to_end_latest(session: nox.Session) -> None:
    """Playbooks on the newest ansible-core that the Pythons of this machine can run."""
    _end_to_end(session, "end_to_end_latest", LATEST)


@nox.session(venv_backend="none")
def wine(session: nox.Session) -> None:
    """Everything that needs a real Windows CPython."""
    with leg("wine"):
        if reason := system_packages.provide(system_packages.WINE, WORK / "apt-get.log"):
            raise NotRun(reason)
        # One worker: a Wine prefix and its server are shared by all tests of a process.
        run_tests(session, "wine", MAIN, "tests", markers="wine", workers=1)


@nox.session(venv_backend="none")
def ssh(session: nox.Session) -> None:
    """Everything that needs an OpenSSH server."""
    with leg("ssh"):
        if reason := system_packages.provide(system_packages.SSH, WORK / "apt-get.log"):
            raise NotRun(reason)
        run_tests(session, "ssh", MAIN, "tests", markers="ssh", workers=1)


@nox.session(venv_backend="none")
def browser(session: nox.Session) -> None:
    """The drift report in a real browser."""
    with leg("browser"):
        if reason := system_packages.provide(system_packages.BROWSER, WORK / "apt-get.log"):
            raise NotRun(reason)
        run_tests(session, "browser", MAIN, "tests", markers="browser", workers=1)


@nox.session(venv_backend="none")
def build(session: nox.Session) -> None:
    """Builds the collection, installs it elsewhere, and reads the documentation of its modules from there."""
    with leg("build"):
        bin_folder = programs(MAIN)
        folder = RESULTS / "build"
        shutil.rmtree(folder, ignore_errors=True)
        galaxy = ("ansible-galaxy", "collection")
        run(session, bin_folder, *galaxy, "build", "--output-path", str(folder))
        (tarball,) = folder.glob("*.tar.gz")
        # Without the link to the checkout, which Ansible would find first.
        elsewhere = {"ANSIBLE_COLLECTIONS_PATH": str(folder)}
        run(session, bin_folder, *galaxy, "install", "--offline", "-p", str(folder), str(tarball), **elsewhere)
        modules = sorted(path.stem for path in (CHECKOUT / "plugins" / "modules").glob("*.py"))
        run(session, bin_folder, "ansible-doc", *(f"mlfleet.packages.{name}" for name in modules), **elsewhere)


@nox.session(venv_backend="none")
def docs(session: nox.Session) -> None:
    """Examines the documentation and builds the site from it, which is left in .work/docs/html."""
    with leg("docs"):
        bin_folder = programs(DOCS)
        folder = WORK / "docs"
        reference = docs_site.lay_out(CHECKOUT, folder / "source")
        here = str(collection_path.link(CHECKOUT, WORK / "collections"))
        # Sphinx reads every page anyway, and is stricter than rstcheck.
        examine = ("lint-collection-docs", "--plugin-docs", "--validate-collection-refs=all", "--skip-rstcheck", here)
        run(session, bin_folder, "antsibull-docs", *examine)
        write = ("collection", "--use-current", "--squash-hierarchy", "--fail-on-error", "--dest-dir", str(reference))
        run(session, bin_folder, "antsibull-docs", *write, "mlfleet.packages")
        shutil.rmtree(folder / "html", ignore_errors=True)
        strict = ("--nitpicky", "--fail-on-warning", "--keep-going", "--quiet")
        places = ("-c", str(CHECKOUT / docs_site.SETTINGS), str(folder / "source"), str(folder / "html"))
        run(session, bin_folder, "sphinx-build", *strict, *places)
        session.log(f"the site is in {folder / 'html' / 'index.html'}")


@nox.session(venv_backend="none")
def demo(session: nox.Session) -> None:
    """Drift and rollout on a small fleet of simulated hosts; leaves the report in .work/demo."""
    with leg("demo"):
        run(session, programs(DEMO), "python", "-m", "testbed.demo", PYTHONPATH="tests")


@nox.session(venv_backend="none")
def screenshot(session: nox.Session) -> None:
    """Takes the picture of the drift report in docs/images."""
    with leg("screenshot"):
        if reason := system_packages.provide(system_packages.BROWSER, WORK / "apt-get.log"):
            raise NotRun(reason)
        run(session, programs(MAIN), "python", "-m", "tooling.screenshot", PYTHONPATH=f"tests:{WORK / 'collections'}")


@nox.session(venv_backend="none")
def bench(session: nox.Session) -> None:
    """Measures, and writes docs/benchmarks.md."""
    with leg("bench"):
        run(session, programs(MAIN), "python", "-m", "bench", PYTHONPATH=f"tests:{WORK / 'collections'}")


if __name__ == "__main__":
    nox.main()
