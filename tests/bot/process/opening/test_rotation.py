"""Secrets in files, replaced while the bot runs: what is right is used at once, and what is wrong changes nothing."""

import asyncio
import os
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import pytest
from multidict import CIMultiDict, CIMultiDictProxy
from structlog.testing import capture_logs

from bot.process.opening.rotation import Rotation
from bot.process.settings import Settings, SettingsProblems, load_settings
from bot.process.web.server import SigningSecrets
from bot.sandbox.http.faults import Fault
from bot.sandbox.seed import TEAM_ID
from bot.sandbox.server import Sandbox
from bot.slack.inbound.identity import IdentityCheck
from bot.slack.outbound.client import SlackClient
from tests.bot.bot_under_test import SLACK_IDS, eventually
from tests.bot.signing import signed
from workflows.intervals import REPLACED_SECRET_ACCEPTED_FOR

NOW: Final = datetime(2027, 3, 1, 9, tzinfo=UTC)
OLD: Final = "0123456789abcdef0123456789abcdef"
NEW: Final = "fedcba9876543210fedcba9876543210"
BODY: Final = b"command=/partner"


@dataclass(slots=True)
class HandClock:
    """Shows the time that a test sets."""

    at: datetime = NOW

    def now(self) -> datetime:
        """Return it."""
        return self.at


@dataclass(slots=True)
class Scene:
    """A rotation with its files, and what it has put into use."""

    rotation: Rotation
    secrets: SigningSecrets
    client: SlackClient
    clock: HandClock
    signing_file: Path
    token_file: Path
    learned: list[str] = field(default_factory=list)

    def accepts(self, secret: str) -> bool:
        """Tell whether a request signed with a secret now is accepted."""
        headers = CIMultiDict(signed(BODY, secret=secret, at=self.clock.at.timestamp()))
        return self.secrets.has_signed(CIMultiDictProxy(headers), BODY, now=self.clock.at)

    async def put(self, path: Path, text: str | bytes) -> list[dict[str, Any]]:
        """Replace a file as a rotation does, in one step, and give the lines of the log that follow."""
        new = path.with_suffix(".new")
        new.write_bytes(text.encode() if isinstance(text, str) else text)
        new.replace(path)
        with capture_logs() as logged:
            await self.rotation.check()
        return [dict(line) for line in logged]


class NoStore:
    """Has no marks."""

    async def mark(self, _: str) -> None:
        """Nothing is known from before."""

    async def save_mark(self, name: str, value: str) -> None:
        """Nothing is kept."""


@pytest.fixture
async def scene(world: Sandbox, settings: Settings, tmp_path: Path) -> AsyncIterator[Scene]:
    """Both secrets in files, a bot token that the simulated Slack knows, and no bot."""
    token = settings.slack_bot_token.get_secret_value()
    signing_file, token_file = tmp_path / "signing", tmp_path / "token"
    signing_file.write_text(f"{OLD}\n")
    token_file.write_text(token)
    changed = settings.model_copy(
        update={"slack_signing_secret_file": signing_file, "slack_bot_token_file": token_file}
    )
    client, clock, secrets, learned = (
        SlackClient(token=token, base_url=settings.slack_api_url, redact=str),
        HandClock(),
        SigningSecrets(OLD),
        list[str](),
    )
    store: Any = NoStore()
    identity = IdentityCheck(client=client, store=store, team_id=TEAM_ID, enterprise_id=None, app_id=None)
    assert await identity.begin(await client.auth_test()) == ""
    rotation = Rotation(changed, clock, secrets, client, learned.extend, identity)
    await rotation.check()
    yield Scene(rotation, secrets, client, clock, signing_file, token_file, learned)
    await client.close()


@pytest.fixture
def accepted(world: Sandbox, monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """The bot tokens that the simulated Slack accepts; a test adds and removes some."""
    assert world.slack_simulator is not None
    tokens = {world.slack_simulator.credentials.bot_token}
    api: Any = world.slack_simulator._api
    check: Callable[..., None] = api._check_token
    own = world.slack_simulator.credentials.bot_token
    monkeypatch.setattr(api, "_check_token", lambda token, method: check(own if token in tokens else "no", method))
    return tokens


# --- the signing secret ---


@pytest.mark.threats("A11")
async def test_the_old_secret_ends_when_its_file_says(scene: Scene) -> None:
    cut = NOW + timedelta(minutes=3)
    await scene.put(scene.signing_file, f"{NEW}\n{OLD} until {cut.isoformat()}\n")
    assert (scene.accepts(NEW), scene.accepts(OLD)) == (True, True)
    scene.clock.at = cut - timedelta(seconds=1)
    assert scene.accepts(OLD)
    scene.clock.at = cut
    assert (scene.accepts(NEW), scene.accepts(OLD)) == (True, False)


@pytest.mark.threats("A11")
async def test_an_old_secret_whose_end_has_passed_is_refused_at_once(scene: Scene) -> None:
    """So a leaked secret is ended."""
    await scene.put(scene.signing_file, f"{NEW}\n{OLD} until 2027-01-01T00:00:00Z\n")
    assert (scene.accepts(NEW), scene.accepts(OLD)) == (True, False)


@pytest.mark.threats("A11")
async def test_a_file_without_an_old_secret_leaves_the_one_before_ten_minutes(scene: Scene) -> None:
    await scene.put(scene.signing_file, NEW)
    await scene.rotation.check(is_asked=True)  # reading it again moves no end
    scene.clock.at += REPLACED_SECRET_ACCEPTED_FOR - timedelta(seconds=1)
    await scene.rotation.check(is_asked=True)
    assert (scene.accepts(NEW), scene.accepts(OLD)) == (True, True)
    scene.clock.at += timedelta(seconds=1)
    assert (scene.accepts(NEW), scene.accepts(OLD)) == (True, False)


WRONG_FILES: Final[dict[str, str | bytes]] = {
    "empty": "",
    "only a line end": "\n",
    "too short": "short",
    "a space": f"{NEW} {OLD}",
    "not text": b"\xff\xfe\x00",
    "not ASCII": "ü" * 32,
    "three lines": f"{NEW}\n{OLD} until 2027-03-01T09:03:00Z\n{OLD}",
    "an old one without its end": f"{NEW}\n{OLD}",
    "an end without a zone": f"{NEW}\n{OLD} until 2027-03-01T09:03:00",
    "an end that is no time": f"{NEW}\n{OLD} until tomorrow",
    "the old one is the present one": f"{NEW}\n{NEW} until 2027-03-01T09:03:00Z",
    "far too long": NEW * 5000,
}


@pytest.mark.threats("A11")
@pytest.mark.parametrize("name", WRONG_FILES)
async def test_a_wrong_file_is_named_in_one_line_and_changes_nothing(scene: Scene, name: str) -> None:
    logged = await scene.put(scene.signing_file, WRONG_FILES[name])
    assert [(line["event"], line["file"]) for line in logged] == [("secret_file_refused", "SLACK_SIGNING_SECRET_FILE")]
    assert NEW not in str(logged)
    assert OLD not in str(logged)
    assert (scene.accepts(OLD), scene.accepts(NEW)) == (True, False)
    with capture_logs() as again:
        await scene.rotation.check()
    assert again == [], "it is named once"


async def test_a_file_that_is_gone_changes_nothing_and_a_right_one_is_used(scene: Scene) -> None:
    scene.signing_file.unlink()
    with capture_logs() as logged:
        await scene.rotation.check()
        await scene.rotation.check()
    assert [line["event"] for line in logged] == ["secret_file_refused"]
    assert scene.accepts(OLD)
    await scene.put(scene.signing_file, NEW)
    assert scene.accepts(NEW)


# --- the bot token ---


@pytest.mark.threats("A11")
async def test_a_new_token_is_used_from_the_next_call_on(scene: Scene, accepted: set[str]) -> None:
    old, new = scene.client.token, "xoxb-new-token-of-the-same-app"
    accepted.add(new)
    logged = await scene.put(scene.token_file, f"{new}\n")
    assert [line["event"] for line in logged] == ["bot_token_replaced"]
    accepted.discard(str(old))
    assert (await scene.client.auth_test())["ok"]
    assert (await scene.client.api_call("users.info", http_verb="GET", params={"user": SLACK_IDS["requester"]}))["ok"]
    assert scene.learned == [new], "before it was used, so that no log has it"


@pytest.mark.threats("A11")
@pytest.mark.parametrize("why", ["unknown to Slack", "of another workspace", "of another app"])
async def test_a_token_that_is_not_ours_is_refused(scene: Scene, world: Sandbox, accepted: set[str], why: str) -> None:
    old, new = scene.client.token, "xoxb-token-of-somebody-else"
    if why != "unknown to Slack":
        accepted.add(new)
    if why == "of another workspace":
        other = {"ok": True, "team_id": "T0OTHER", "bot_id": "B1"}
        world.faults.add(Fault(target="slack", method="auth.test", body=other))
        world.faults.add(Fault(target="slack", method="bots.info", body={"ok": True, "bot": {"app_id": "A0OTHER"}}))
    if why == "of another app":
        world.faults.add(Fault(target="slack", method="bots.info", body={"ok": True, "bot": {"app_id": "A0OTHER"}}))
    logged = await scene.put(scene.token_file, new)
    assert [(line["event"], line["file"]) for line in logged] == [("secret_file_refused", "SLACK_BOT_TOKEN_FILE")]
    assert new not in str(logged)
    assert scene.client.token == old


async def test_a_token_is_tried_again_while_slack_does_not_answer(
    scene: Scene, world: Sandbox, accepted: set[str]
) -> None:
    new = "xoxb-new-token-of-the-same-app"
    accepted.add(new)
    world.faults.add(Fault(target="slack", method="auth.test", status=503, times=2))
    assert [line["event"] for line in await scene.put(scene.token_file, new)] == ["secret_file_waits"]
    await scene.rotation.check()
    assert scene.client.token != new
    await scene.rotation.check()
    assert scene.client.token == new


async def test_being_asked_looks_at_once(scene: Scene) -> None:
    look_now = asyncio.Event()
    running = asyncio.create_task(scene.rotation.run(look_now))
    await asyncio.sleep(0)
    version = scene.signing_file.stat()
    scene.signing_file.write_text(f"{NEW}\n")
    os.utime(scene.signing_file, ns=(version.st_atime_ns, version.st_mtime_ns))  # as if it were the same file
    look_now.set()

    async def is_used() -> bool:
        return scene.accepts(NEW)

    await eventually(is_used)
    running.cancel()


# --- at the start ---


@pytest.fixture
def files(settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder for the secrets, which are not in the environment."""
    for name in ("SLACK_BOT_TOKEN", "SLACK_SIGNING_SECRET", "AZURE_CLIENT_SECRET"):
        monkeypatch.delenv(name)
    for name, text in {
        "SLACK_BOT_TOKEN": "xoxb-token-in-a-file\n",
        "SLACK_SIGNING_SECRET": f"{NEW}\n{OLD} until 2027-03-01T09:03:00Z\n",
        "AZURE_CLIENT_SECRET": "azure-secret-in-a-file\r\n",
    }.items():
        (tmp_path / name).write_text(text)
        monkeypatch.setenv(f"{name}_FILE", str(tmp_path / name))
    return tmp_path


def test_every_secret_may_be_in_a_file(files: Path) -> None:
    settings = load_settings()
    assert settings.slack_bot_token.get_secret_value() == "xoxb-token-in-a-file"
    assert settings.slack_signing_secret.get_secret_value() == NEW
    assert settings.slack_signing_secret_old.get_secret_value() == OLD
    assert settings.slack_signing_secret_old_until == datetime(2027, 3, 1, 9, 3, tzinfo=UTC)
    assert os.environ["AZURE_CLIENT_SECRET"] == "azure-secret-in-a-file", "azure-identity reads it there"
    assert load_settings() == settings, "also a second time"


def test_a_secret_with_two_places_or_a_wrong_file_is_named(files: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SLACK_BOT_TOKEN", "xoxb-another-token")
    (files / "SLACK_SIGNING_SECRET").write_text("")
    with pytest.raises(SettingsProblems) as refused:
        load_settings()
    assert [problem.partition(":")[0] for problem in refused.value.problems] == [
        "SLACK_BOT_TOKEN_FILE",
        "SLACK_SIGNING_SECRET_FILE",
    ]
    assert "xoxb" not in str(refused.value)


@pytest.mark.threats("A11")
def test_no_command_takes_a_secret_on_its_command_line() -> None:
    """Everybody on the machine can read command lines."""
    import typer.main

    from bot.terminal.cli import app

    def options(command: Any) -> list[str]:
        own = [option for parameter in command.params for option in parameter.opts]
        return own + [one for inner in getattr(command, "commands", {}).values() for one in options(inner)]

    found = options(typer.main.get_command(app))
    assert len(found) > 20
    assert [one for one in found if "token" in one or "secret" in one or "password" in one] == []


def test_an_old_secret_in_the_environment_needs_its_end(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SLACK_SIGNING_SECRET_OLD", OLD)
    with pytest.raises(SettingsProblems, match="SLACK_SIGNING_SECRET_OLD_UNTIL"):
        load_settings()
    monkeypatch.setenv("SLACK_SIGNING_SECRET_OLD_UNTIL", "2027-03-01T09:03:00")
    with pytest.raises(SettingsProblems, match="SLACK_SIGNING_SECRET_OLD_UNTIL"):
        load_settings()
    monkeypatch.setenv("SLACK_SIGNING_SECRET_OLD_UNTIL", "2027-03-01T09:03:00Z")
    assert load_settings().slack_signing_secret_old_until == datetime(2027, 3, 1, 9, 3, tzinfo=UTC)
