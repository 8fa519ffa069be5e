"""Ask Slack for its time when no other answer has come for a while, so that the clock can be compared."""

import asyncio
from typing import Final

import structlog
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot.process.opening.readers import ENOUGH_DATES, ClockSkew
from bot.process.web.health import clock_words
from bot.slack.errors import NO_ANSWER
from bot.words.sentences import counted
from workflows.intervals import CLOCK_ALARM_FROM

_PROBE_SECONDS: Final = 10.0

_log = structlog.get_logger()


async def ask_slack_for_dates(client: AsyncWebClient) -> None:
    """Call Slack as often as a comparison needs. The client's observer takes the dates."""
    for _ in range(ENOUGH_DATES):
        try:
            async with asyncio.timeout(_PROBE_SECONDS):
                await client.api_call("api.test", http_verb="GET", params={})
        except (SlackApiError, *NO_ANSWER):
            return


async def clock_result(skew: ClockSkew, client: AsyncWebClient) -> tuple[str, str]:
    """Ask Slack, and return what was found and what to do; the second is empty when there is nothing to do."""
    await ask_slack_for_dates(client)
    wrong_by = skew.wrong_by()
    if wrong_by is None:
        return "cannot be compared: neither Slack nor Microsoft Graph answered often enough", ""
    if abs(wrong_by) < CLOCK_ALARM_FROM:
        return f"wrong by less than {counted(int(abs(wrong_by).total_seconds()) + 1, 'second')}", ""
    return clock_words(wrong_by), "Correct the clock, and switch on its synchronization (NTP)"


async def keep_clock_compared(skew: ClockSkew, client: AsyncWebClient, check_seconds: float) -> None:
    """Ask Slack for its date whenever nothing else has asked for some time. Until cancelled."""
    while True:
        await asyncio.sleep(check_seconds)
        if skew.is_outdated:
            try:
                await ask_slack_for_dates(client)
            except Exception:
                _log.exception("clock_not_compared")
