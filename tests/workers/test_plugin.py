"""A run of pytest with forked workers says of each test what a run in one process would say."""

import os
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Final

import pytest

PROJECT: Final = Path(__file__).parents[2]
CONFTEST: Final = """
from tests.workers.plugin import ForkedWorkers

def pytest_configure(config):
    config.pluginmanager.register(ForkedWorkers(3))
"""
TESTS: Final = """
import os, sys, time, warnings
from pathlib import Path
import pytest

RAN = Path(__file__).parent / "ran"

@pytest.fixture(autouse=True)
def _noted(request):
    with RAN.open("a") as file:
        file.write(f"{os.getpid()} {os.environ['PYTEST_XDIST_WORKER']} {request.node.name}\\n")

@pytest.fixture(scope="module")
def shared():
    yield
    with RAN.open("a") as file:
        file.write(f"{os.getpid()} {os.environ['PYTEST_XDIST_WORKER']} over\\n")

@pytest.mark.parametrize("number", range(12))
def test_passes(number, shared, tmp_path):
    time.sleep(0.01)
    assert tmp_path.is_dir()

@pytest.mark.xdist_group("one")
@pytest.mark.parametrize("number", range(5))
def test_group(number):
    time.sleep(0.02)

def test_fails():
    print("said by it")
    assert [1, 2] == [1, 3]

@pytest.mark.timeout(0.5)
def test_hangs():
    time.sleep(60)

def test_skips():
    pytest.skip("not here")

@pytest.mark.xfail(strict=True)
def test_fails_as_expected():
    assert False

def test_warns():
    warnings.warn("be careful")

def test_ends_its_process():
    os._exit(7)
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which these tests ran."""
    folder = tmp_path_factory.mktemp("inner")
    (folder / "conftest.py").write_text(CONFTEST)
    (folder / "test_inner.py").write_text(TESTS)
    (folder / "pytest.ini").write_text("[pytest]\nmarkers = xdist_group\n")
    return folder


@pytest.fixture(scope="module")
def said(folder: Path) -> str:
    """Return what the run printed."""
    plugins = [f"-pno:{name}" for name in ("cacheprovider", "schemathesis", "anyio", "asyncio", "pytest_cov")]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *plugins, "-rA", f"--basetemp={folder / 'temp'}", str(folder)],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(PROJECT), "PYTEST_ADDOPTS": ""},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == pytest.ExitCode.TESTS_FAILED, done.stdout + done.stderr
    assert done.stderr == ""
    return done.stdout


def ran(folder: Path) -> list[list[str]]:
    """List which process and worker ran which test."""
    return [line.split() for line in (folder / "ran").read_text().splitlines()]


def test_every_test_is_run_once_and_its_outcome_counts(folder: Path, said: str) -> None:
    assert "3 failed, 18 passed, 1 skipped, 1 xfailed, 1 warning in" in said
    counted = Counter(name for _, _, name in ran(folder) if name != "over")
    assert set(counted.values()) == {1}
    assert len(counted) == 23


def test_a_failure_is_told_with_its_values_and_what_it_printed(said: str) -> None:
    assert "assert [1, 2] == [1, 3]" in said
    assert "said by it" in said
    assert re.search(r"UserWarning: be careful", said)
    assert re.search(r"SKIPPED \[1\] .*not here", said)


def test_a_test_that_hangs_fails_with_the_line_where_it_hangs(said: str) -> None:
    assert "Timeout (>0.5s) from pytest-timeout" in said
    assert ">       time.sleep(60)" in said


def test_a_process_that_ends_fails_its_test_and_no_other(said: str) -> None:
    assert "The worker's process ended in this test; status 7." in said
    assert len(re.findall("^FAILED", said, flags=re.MULTILINE)) == 3


@pytest.mark.usefixtures("said")
def test_a_group_is_run_by_one_process_and_the_others_by_several(folder: Path) -> None:
    assert len({process for process, _, name in ran(folder) if name.startswith("test_group")}) == 1
    assert len({process for process, _, name in ran(folder) if name.startswith("test_passes")}) > 1


@pytest.mark.usefixtures("said")
def test_every_process_ends_the_fixtures_that_it_began(folder: Path) -> None:
    crashed = {process for process, _, name in ran(folder) if name == "test_ends_its_process"}
    began = {process for process, _, name in ran(folder) if name.startswith("test_passes")}
    assert began - crashed <= {process for process, _, name in ran(folder) if name == "over"}


@pytest.mark.usefixtures("said")
def test_every_worker_has_a_name_of_its_own(folder: Path) -> None:
    names = {process: worker for process, worker, _ in ran(folder)}
    assert len(set(names.values())) == len(names)
