"""At the start only the first listeners are there: what belongs to others waits, and an unknown payload is refused."""

import asyncio
from collections.abc import Awaitable, Callable

from slack_bolt.async_app import AsyncAck, AsyncApp
from slack_bolt.authorization import AuthorizeResult

from bot.slack.answers.background import Background
from bot.slack.inbound.receive import Inbound
from tests.bot.bot_under_test import click
from workflows.core.people import ChatId
from workflows.ports.records import StoreNotWritable, StoreTrouble


def bolt(*actions: str, heard: list[str], error: Exception | None = None) -> AsyncApp:
    """Make an app that listens to these buttons."""

    async def authorize() -> AuthorizeResult:
        return AuthorizeResult(enterprise_id=None, team_id="T0WOODGROVE", bot_token="xoxb-canary")

    made = AsyncApp(
        authorize=authorize,
        process_before_response=True,
        request_verification_enabled=False,
        raise_error_for_unhandled_request=True,
    )

    def listener(name: str) -> Callable[[AsyncAck], Awaitable[None]]:
        async def listen(ack: AsyncAck) -> None:
            if error is not None:
                raise error
            heard.append(name)
            await ack()

        return listen

    for name in actions:
        made.action(name)(listener(name))
    return made


async def nobody(person: ChatId, text: str, channel: str) -> None:
    """Tell nobody anything."""
    raise AssertionError(f"{person} is told: {text}")


async def test_what_has_no_listener_yet_waits_for_it() -> None:
    heard: list[str] = []
    first = bolt("approve", heard=heard)
    inbound = Inbound(bolt=first, send_message=None, background=Background(), redact=str)
    assert (await inbound.take(click("approver1", "approve", "1"))).status == 200
    later = [asyncio.create_task(inbound.take(click("approver1", name, "1"))) for name in ("keep", "nonsense")]
    await asyncio.sleep(0.01)
    assert not any(task.done() for task in later)
    inbound.complete(bolt("approve", "keep", heard=heard), nobody)
    assert [answer.status for answer in await asyncio.gather(*later)] == [200, 400]
    assert (await inbound.take(click("approver1", "approve", "2"))).status == 200
    assert heard == ["approve", "keep", "approve"]


async def test_who_clicked_is_told_when_messages_can_be_sent() -> None:
    """A click that cannot be stored is answered at once."""
    told: list[tuple[str, str]] = []

    async def tell(person: ChatId, text: str, channel: str) -> None:
        told.append((person, text))

    heard: list[str] = []
    locked = StoreNotWritable(StoreTrouble.LOCKED)
    background = Background()
    first = bolt("approve", heard=heard, error=locked)
    inbound = Inbound(bolt=first, send_message=None, background=background, redact=str)
    assert (await inbound.take(click("approver1", "approve", "1"))).status == 503
    await asyncio.sleep(0.01)
    assert told == []
    inbound.complete(bolt("approve", heard=heard), tell)
    await asyncio.sleep(0.01)
    ((_, text),) = told
    assert "nothing changed" in text
    await background.close()
