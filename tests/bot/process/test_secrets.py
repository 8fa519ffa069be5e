"""Secrets that Graph or Slack repeat in an error appear in no log, record, message or terminal output."""

import io
import json
import logging
from collections.abc import Iterator

import pytest
import structlog
from rich.console import Console

from bot.process.app import running
from bot.process.logs.logs import configure_logs
from bot.process.logs.redactor import redactor_of
from bot.process.settings import Settings
from bot.sandbox.http.faults import Fault
from bot.sandbox.server import Sandbox
from bot.terminal.doctor import examine
from tests.bot.bot_under_test import BotUnderTest, click, request_values, submission
from tests.bot.records_file import file_of
from tests.warm.short_pauses import SHORT_PAUSES


def secrets(settings: Settings, world: Sandbox) -> list[str]:
    """Everything that may not be seen anywhere."""
    assert world.authority is not None
    return [
        settings.slack_bot_token.get_secret_value(),
        settings.slack_signing_secret.get_secret_value(),
        world.authority.client_secret,
        world.authority.issue(),
    ]


def log_as_the_process_does(settings: Settings) -> None:
    """Write real lines. Loggers remember nothing of it, so that other tests find them as they were."""
    configure_logs(redactor_of(settings))
    structlog.configure(cache_logger_on_first_use=False)


def found_in(text: str, canaries: list[str]) -> list[str]:
    """Return the numbers of the test secrets that occur in a text, complete or by their first half."""
    return [f"number {number}" for number, one in enumerate(canaries) if one[: max(12, len(one) // 2)] in text]


async def everything_seen(gatehouse: BotUnderTest) -> str:
    """Join what is stored, and what was sent to Slack."""
    await gatehouse.store.probe()
    folder = file_of(gatehouse.settings).parent
    files = [file.read_bytes().decode(errors="replace") for file in folder.glob("gatehouse.db*")]
    sent = [json.dumps(entry["body"]) for entry in gatehouse.world.slack_log.entries]
    return "\n".join([*files, *sent, *[await gatehouse.told(person) for person in ("requester", "approver1", "admin")]])


@pytest.mark.parametrize("status", [400, 409, 503])
@pytest.mark.parametrize("is_html", [False, True], ids=["json", "a page"])
@pytest.mark.threats("E5")
async def test_what_graph_repeats_is_seen_nowhere(
    gatehouse: BotUnderTest, capsys: pytest.CaptureFixture[str], status: int, is_html: bool
) -> None:
    canaries = secrets(gatehouse.settings, gatehouse.world)
    log_as_the_process_does(gatehouse.settings)
    said = "You sent " + " and ".join(canaries)
    body = f"<html>{said}</html>" if is_html else {"error": {"code": "Odd", "message": said, "innerError": {}}}
    request = await gatehouse.file_request()
    gatehouse.world.faults.add(
        Fault(target="graph", method="POST", match="partners", status=status, body=body, times=30)
    )
    for approver in ("approver1", "approver2", "approver3"):
        await gatehouse.interact(click(approver, "approve", f"{request.id}:{request.plan.digest}"))
        await gatehouse.idle()
    gatehouse.world.faults.add(Fault(target="graph", match="findTenant", status=status, body=body, times=9))
    answer = await gatehouse.interact(
        submission("requester", "request_access", "", request_values("fabrikam.com", "trusted-partner"))
    )
    assert found_in(answer.text, canaries) == []
    assert found_in(await everything_seen(gatehouse), canaries) == []
    written = capsys.readouterr()
    assert "graph call" in written.out
    assert found_in(written.out + written.err, canaries) == []


@pytest.mark.threats("E5")
async def test_what_slack_repeats_is_seen_nowhere(gatehouse: BotUnderTest, capsys: pytest.CaptureFixture[str]) -> None:
    canaries = secrets(gatehouse.settings, gatehouse.world)
    log_as_the_process_does(gatehouse.settings)
    gatehouse.world.faults.add(
        Fault(
            target="slack",
            method="chat.postMessage",
            body={"ok": False, "error": f"you_sent {' '.join(canaries)}", "response_metadata": {"messages": canaries}},
            times=30,
        )
    )
    await gatehouse.control.post("command", user="requester", text="request contoso.com")
    await gatehouse.interact(
        submission("requester", "request_access", "", request_values("contoso.com", "trusted-partner"))
    )
    await gatehouse.idle()
    assert found_in(await everything_seen(gatehouse), canaries) == []
    written = capsys.readouterr()
    assert "you_sent" in written.out, "the error itself is said"
    assert found_in(written.out + written.err, canaries) == []


@pytest.mark.threats("E5")
async def test_a_secret_that_somebody_types_is_neither_stored_nor_shown(gatehouse: BotUnderTest) -> None:
    """People paste tokens into the wrong field."""
    canaries = secrets(gatehouse.settings, gatehouse.world)
    values = request_values("contoso.com", "trusted-partner", justification=f"Use {canaries[0]} for it")
    await gatehouse.interact(submission("requester", "request_access", "", values))
    await gatehouse.idle()
    assert "Use [redacted] for it" in await gatehouse.told("approver1")
    assert found_in(await everything_seen(gatehouse), canaries) == []


async def test_names_that_look_a_little_like_tokens_are_stored_and_shown_as_they_are(gatehouse: BotUnderTest) -> None:
    said = "Shares flexapp-cloud.com and taxapp-online.de with Ring Bearer Logistics"
    values = request_values("contoso.com", "trusted-partner", justification=said)
    await gatehouse.interact(submission("requester", "request_access", "", values))
    await gatehouse.idle()
    (request,) = await gatehouse.store.open_requests()
    assert request.fields.justification == said
    assert said in await gatehouse.told("approver1")


async def test_the_authority_may_repeat_the_client_secret(
    settings: Settings, world: Sandbox, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A wrong secret is a secret too: the doctor and the log of the start name the error without it."""
    wrong = "canary~client.secret+/= with a space"
    monkeypatch.setenv("AZURE_CLIENT_SECRET", wrong)
    log_as_the_process_does(settings)
    async with running(settings, SHORT_PAUSES):
        pass
    written = capsys.readouterr()
    assert "entra_out_of_reach" in written.out
    paper = io.StringIO()
    await examine(settings, Console(file=paper, width=800, color_system=None))
    assert "AADSTS7000215" in paper.getvalue()
    assert (
        found_in(written.out + written.err + paper.getvalue(), [wrong, settings.slack_bot_token.get_secret_value()])
        == []
    )


@pytest.fixture(autouse=True)
def usual_logs() -> Iterator[None]:
    """Leave the logs as they were."""
    handlers = logging.getLogger().handlers[:]
    level = logging.getLogger().level
    yield
    structlog.reset_defaults()
    logging.getLogger().handlers[:] = handlers
    logging.getLogger().setLevel(level)
