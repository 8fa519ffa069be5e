"""Work that nobody waits for waits until every payload is answered, but never for long."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from slack_bolt.async_app import AsyncAck, AsyncApp
from slack_bolt.authorization import AuthorizeResult

from bot.slack.answers.background import Background
from bot.slack.inbound import receive
from bot.slack.inbound.receive import Inbound
from tests.bot.bot_under_test import click
from tests.waiting import LONGEST_WAIT
from workflows.core.people import ChatId


class Slow:
    """A receiver whose listener answers when the test says so."""

    def __init__(self) -> None:
        self.may_answer = asyncio.Event()

        async def authorize() -> AuthorizeResult:
            return AuthorizeResult(enterprise_id=None, team_id="T0WOODGROVE", bot_token="xoxb-canary")

        async def listen(ack: AsyncAck) -> None:
            await self.may_answer.wait()
            await ack()

        bolt = AsyncApp(authorize=authorize, process_before_response=True, request_verification_enabled=False)
        bolt.action("approve")(listen)
        self.inbound = Inbound(bolt=bolt, send_message=self._tell, background=Background(), redact=str)

    async def _tell(self, person: ChatId, text: str, channel: str) -> None:
        raise AssertionError(f"{person} is told: {text}")


@pytest.fixture
async def slow() -> AsyncIterator[Slow]:
    """Make a slow receiver; at the end everything is answered."""
    made = Slow()
    yield made
    made.may_answer.set()


async def test_it_is_quiet_when_nothing_arrived(slow: Slow) -> None:
    quiet = asyncio.create_task(slow.inbound.until_quiet())
    await asyncio.sleep(0)
    assert quiet.done()


async def test_it_is_quiet_when_the_last_of_several_payloads_is_answered(slow: Slow) -> None:
    clicks = [asyncio.create_task(slow.inbound.take(click("approver1", "approve", str(number)))) for number in range(3)]
    await asyncio.sleep(0.01)
    quiet = asyncio.create_task(slow.inbound.until_quiet())
    await asyncio.sleep(0.01)
    assert not quiet.done()
    slow.may_answer.set()
    assert [answer.status for answer in await asyncio.gather(*clicks)] == [200] * 3
    await quiet


async def test_a_payload_that_is_never_answered_stops_nothing(slow: Slow, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(receive, "_MAX_QUIET_WAIT_SECONDS", 0.02)
    hung = asyncio.create_task(slow.inbound.take(click("approver1", "approve", "1")))
    await asyncio.sleep(0.01)
    async with asyncio.timeout(LONGEST_WAIT):
        await slow.inbound.until_quiet()
    assert not hung.done()
    hung.cancel()


async def test_it_is_quiet_again_after_a_payload_that_nobody_can_read(slow: Slow) -> None:
    assert (await slow.inbound.take({"type": "nothing"})).status == 400
    quiet = asyncio.create_task(slow.inbound.until_quiet())
    await asyncio.sleep(0)
    assert quiet.done()
