"""The command line in its own process: all problems once, on standard error, with status 2."""

import asyncio
import json
import os
import re
import signal
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import pytest
from typer.testing import CliRunner

import bot
from bot.sandbox.http.faults import Fault
from bot.sandbox.server import Sandbox
from bot.terminal.cli import app
from tests.bot.bot_under_test import free_port
from tests.bot.conftest import OURS
from tests.waiting import LONGEST_WAIT, killed_when_it_hangs
from tests.warm import command as warm_command

pytestmark = pytest.mark.bot
ROOT: Final = Path(bot.__file__).parents[1]

Ended = tuple[int | None, str, str]


def environment(given: Mapping[str, str]) -> dict[str, str]:
    """These settings and no others."""
    bare = {name: value for name, value in os.environ.items() if not name.startswith(OURS)}
    return {**bare, "PYTHONPATH": str(ROOT), "COLUMNS": "200", **given}


async def started(*arguments: str, folder: Path, given: Mapping[str, str]) -> asyncio.subprocess.Process:
    """Start `python -m bot …` in a folder, with these settings and no others."""
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "bot", *arguments),
        env=environment(given),
        cwd=folder,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )


async def typed(*arguments: str, folder: Path, given: Mapping[str, str]) -> Ended:
    """Run `python -m bot …` to its end: status, standard output, standard error."""
    process = await started(*arguments, folder=folder, given=given)
    with killed_when_it_hangs(process):
        out, err = await process.communicate()
    return process.returncode, out.decode(), err.decode()


async def ended(*arguments: str, folder: Path, given: Mapping[str, str] | None = None) -> Ended:
    """Run `gatehouse …` to its end in a process that has imported it already."""
    return await warm_command.run_command(*arguments, folder=folder, environment=environment(given or {}))


def problems(result: Ended, expected_status: int = 2) -> list[str]:
    """Assert that a start was refused in one message on standard error, and return the listed problems."""
    status, out, err = result
    assert status == expected_status, err
    assert out == ""
    assert "Traceback" not in err
    lines = err.splitlines()
    assert lines[0] == "Gatehouse cannot start:"
    assert all(line.startswith("- ") for line in lines[1:])
    return [line.removeprefix("- ").partition(":")[0] for line in lines[1:]]


@pytest.fixture
def good(world: Sandbox, tmp_path: Path) -> dict[str, str]:
    """Settings with which the bot would start."""
    return {**world.bot_settings(free_port(), free_port()), "DATABASE_URL": f"sqlite:///{tmp_path}/gatehouse.db"}


NEEDED: Final = [
    "SLACK_BOT_TOKEN",
    "SLACK_SIGNING_SECRET",
    "SLACK_CHANNEL",
    "SLACK_TEAM_ID",
    "AZURE_TENANT_ID",
    "AZURE_CLIENT_ID",
]


async def test_without_settings_all_that_is_needed_is_listed(tmp_path: Path) -> None:
    assert problems(await typed("run", folder=tmp_path, given={})) == NEEDED


async def test_the_templates_are_checked_at_start(tmp_path: Path, good: dict[str, str]) -> None:
    templates = tmp_path / "templates"
    templates.mkdir()
    (templates / "one.toml").write_text("title = 1\n")
    (templates / "two.toml").write_text("= not toml\n")
    named = problems(await ended("run", folder=tmp_path, given=good | {"GATEHOUSE_TEMPLATES": str(templates)}))
    assert any("one.toml" in name for name in named)
    assert any("two.toml" in name for name in named)


async def test_settings_and_templates_are_listed_in_one_message(tmp_path: Path, good: dict[str, str]) -> None:
    templates = tmp_path / "templates"
    templates.mkdir()
    (templates / "one.toml").write_text("title = 1\n")
    given = good | {"GATEHOUSE_TEMPLATES": str(templates), "SLACK_CHANNEL": "#partner-access", "PORT": "0"}
    named = problems(await ended("run", folder=tmp_path, given=given))
    assert named[:2] == ["SLACK_CHANNEL", "PORT"]
    assert any("one.toml" in name for name in named)


@pytest.mark.parametrize("command", [["run"], ["doctor"], ["posture"]], ids=" ".join)
async def test_an_env_file_in_another_encoding_is_one_problem(
    tmp_path: Path, good: dict[str, str], command: list[str]
) -> None:
    """No traceback, and nothing about what is missing because the file was not read."""
    (tmp_path / ".env").write_bytes("SLACK_CHANNEL=C0OTHER\n".encode("utf-16"))
    result = await ended(*command, folder=tmp_path, given=good)
    assert problems(result) == [".env"]
    assert "is not UTF-8 text; save it again in the encoding UTF-8" in result[2]


@pytest.mark.parametrize("command", [["run"], ["doctor"], ["posture"]], ids=" ".join)
async def test_a_misspelt_setting_is_named_with_the_near_one(
    tmp_path: Path, good: dict[str, str], command: list[str]
) -> None:
    given = good | {"GATEHOUSE_TEMPLATE": "/canary"}
    result = await ended(*command, folder=tmp_path, given=given)
    assert problems(result) == ["GATEHOUSE_TEMPLATE"]
    assert "Gatehouse knows no such setting; did you mean GATEHOUSE_TEMPLATES?" in result[2]
    assert "canary" not in result[2]


@pytest.mark.parametrize("content", [b"", b"x", b"x" * 5000], ids=["empty", "short", "no database"])
async def test_a_database_that_is_not_whole_is_refused_with_the_cure(
    tmp_path: Path, good: dict[str, str], content: bytes
) -> None:
    path = tmp_path / "gatehouse.db"
    path.write_bytes(content)
    path.chmod(0o600)  # otherwise the log warns of that, too
    result = await ended("run", folder=tmp_path, given=good | {"DATABASE_URL": f"sqlite:///{path}"})
    assert problems(result) == ["DATABASE_URL"]
    assert "restore the backup; see docs/operations.md" in result[2]
    assert path.read_bytes() == content


async def test_a_bot_ends_cleanly_and_tells_no_secret(tmp_path: Path, good: dict[str, str]) -> None:
    process = await started("run", folder=tmp_path, given=good)
    assert process.stdout is not None
    seen = b""
    try:
        async with asyncio.timeout(LONGEST_WAIT):
            while b'"ready"' not in seen:
                line = await process.stdout.readline()
                assert line, "it ended before it was ready"
                seen += line
            process.send_signal(signal.SIGTERM)
            out, err = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
    assert process.returncode == 0
    log = (seen + out + err).decode()
    assert "Traceback" not in log
    for name in ("SLACK_BOT_TOKEN", "SLACK_SIGNING_SECRET", "AZURE_CLIENT_SECRET"):
        assert good[name] not in log


# --- reading, without Slack ---


@pytest.fixture
def tenant_only(good: dict[str, str]) -> dict[str, str]:
    """The settings of who reads the tenant: none of Slack's, and no database that exists."""
    return {name: value for name, value in good.items() if not name.startswith(("SLACK_", "PORT", "HOST"))}


async def test_a_posture_without_slack_and_without_records(tmp_path: Path, tenant_only: dict[str, str]) -> None:
    status, out, err = await typed("posture", "--json", folder=tmp_path, given=tenant_only)
    assert (status, err) == (0, "")
    document = json.loads(out)
    assert document["records_read"] is False
    assert document["home_tenant_id"] == tenant_only["AZURE_TENANT_ID"]
    assert not (tmp_path / "gatehouse.db").exists()


async def test_a_posture_that_cannot_be_read_says_why(
    tmp_path: Path, world: Sandbox, tenant_only: dict[str, str]
) -> None:
    world.faults.add(Fault(target="graph", match="partners", times=9, status=403))
    status, out, err = await ended("posture", folder=tmp_path, given=tenant_only)
    assert (status, out) == (1, "")
    assert err.splitlines()[0] == "The posture could not be read:"
    assert "Policy.Read.All" in err


async def test_a_database_that_is_none_is_said(tmp_path: Path, tenant_only: dict[str, str]) -> None:
    (tmp_path / "other.db").write_text("no database")
    given = tenant_only | {"DATABASE_URL": f"sqlite:///{tmp_path}/other.db"}
    (tmp_path / "request.toml").write_text('partner = "contoso.com"\ntemplate = "guest-collaboration"\n')
    for command in (["posture"], ["plan", "request.toml"]):
        status, out, err = await ended(*command, folder=tmp_path, given=given)
        assert (status, out) == (1, "")
        assert "other.db cannot be read" in err
        assert "DATABASE_URL" in err


async def test_a_plan_is_made_or_refused_or_no_request(tmp_path: Path, tenant_only: dict[str, str]) -> None:
    file = tmp_path / "request.toml"
    file.write_text('partner = "contoso.com"\ntemplate = "guest-collaboration"\n')
    status, out, err = await ended("plan", "request.toml", "--json", folder=tmp_path, given=tenant_only)
    assert (status, err) == (2, "")
    assert json.loads(out)["tenant"]["default_domain"] == "contoso.com"

    file.write_text('partner = "contoso.com"\ntemplate = "revoke"\nduration_days = 7\n')
    status, out, err = await ended("plan", "request.toml", folder=tmp_path, given=tenant_only)
    assert (status, out) == (1, "")
    assert "/partner revoke" in err

    file.write_text('partner = "contoso.com"\ntemplates = "merger"\n')
    status, out, err = await ended("plan", "request.toml", folder=tmp_path, given=tenant_only)
    assert (status, out) == (1, "")
    assert [line.split(": ")[0] for line in err.splitlines()[1:]] == ["- templates"]


async def test_a_plan_needs_templates_that_load(tmp_path: Path, tenant_only: dict[str, str]) -> None:
    given = tenant_only | {"GATEHOUSE_TEMPLATES": str(tmp_path / "none")}
    assert problems(await ended("plan", "request.toml", folder=tmp_path, given=given), 1) == ["GATEHOUSE_TEMPLATES"]


# --- without a process ---


def invoked(*arguments: str) -> Any:
    """Run the command line in this process."""
    return CliRunner(env={"COLUMNS": "200", "TERM": "dumb"}).invoke(app, arguments)


def test_the_doctor_needs_the_same_settings(bare_environment: Path) -> None:
    result = invoked("doctor")
    assert problems((result.exit_code, result.stdout, result.stderr)) == NEEDED


def test_only_accepts_two_simulators() -> None:
    result = invoked("sandbox", "--only", "nonsense", "--no-browser")
    assert result.exit_code == 2
    assert "--only: choose slack or entra" in result.output


@pytest.mark.parametrize(
    ("command", "status"),
    [(["posture"], 2), (["posture", "--json"], 2), (["plan", "request.toml"], 1), (["request", "request.toml"], 1)],
)
def test_reading_needs_no_slack_but_a_tenant(bare_environment: Path, command: list[str], status: int) -> None:
    result = invoked(*command)
    assert problems((result.exit_code, result.stdout, result.stderr), status) == ["AZURE_TENANT_ID", "AZURE_CLIENT_ID"]


def test_the_version_is_told() -> None:
    result = invoked("--version")
    assert result.exit_code == 0
    assert re.fullmatch(r"gatehouse \d+\.\d+\.\d+\S*\n", result.stdout)


@pytest.mark.parametrize("command", [[], ["sandbox"], ["run"], ["doctor"], ["posture"], ["plan"], ["request"]])
def test_help_is_there(command: list[str]) -> None:
    result = invoked(*command, "--help")
    assert result.exit_code == 0
    assert "Usage" in result.output


@pytest.mark.parametrize(
    "arguments", [["nonsense"], ["sandbox", "--port", "65536"], ["run", "--fast"], ["import"], ["posture", "--xml"]]
)
def test_what_it_does_not_know_is_a_usage_error(arguments: list[str]) -> None:
    assert invoked(*arguments).exit_code == 2


@pytest.mark.parametrize("command", ["plan", "request"])
@pytest.mark.parametrize("arguments", [[], ["a", "b"], ["a", "--xml"], ["a", "--column", "partner"]])
def test_wrong_options_of_a_plan_end_with_one_because_two_means_a_change(command: str, arguments: list[str]) -> None:
    result = invoked(command, *arguments)
    assert result.exit_code == 1
    assert "Usage" in result.output


def test_a_plan_has_one_format() -> None:
    assert invoked("plan", "a", "--json", "--format", "markdown").exit_code == 1
