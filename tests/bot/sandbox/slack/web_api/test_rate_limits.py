"""Slack's rate limits: off by default; when enforced, each method and each channel is counted for itself, with 429."""

from datetime import UTC, datetime, timedelta

import pytest
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot.sandbox.server import Sandbox
from bot.sandbox.slack.web_api.api import METHODS
from bot.sandbox.slack.web_api.rate_limits import PER_MINUTE, POSTING, POSTS_AT_ONCE, TIERS, RateLimited, RateLimits
from tests.bot.bot_under_test import SLACK_IDS
from tests.bot.sandbox.control_client import Control


class Clock:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.now = datetime(2026, 11, 27, 12, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def advance(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


@pytest.fixture
def clock() -> Clock:
    """A clock that a test moves."""
    return Clock()


@pytest.fixture
def limits(clock: Clock) -> RateLimits:
    """Enforced limits."""
    limits = RateLimits(clock)
    limits.enforce(is_enforced=True)
    return limits


@pytest.mark.parametrize(("method", "tier"), [("usergroups.list", 2), ("chat.update", 3), ("users.info", 4)])
def test_a_minutes_calls_may_come_at_once_and_grow_back_evenly(
    limits: RateLimits, clock: Clock, method: str, tier: int
) -> None:
    for _ in range(PER_MINUTE[tier]):
        limits.take(method, {})
    with pytest.raises(RateLimited) as refused:
        limits.take(method, {})
    pause = 60 / PER_MINUTE[tier]
    assert refused.value.retry_after >= pause
    assert refused.value.retry_after - pause < 1
    clock.advance(refused.value.retry_after)
    limits.take(method, {})
    clock.advance(60)
    for _ in range(PER_MINUTE[tier]):
        limits.take(method, {})
    with pytest.raises(RateLimited):
        limits.take(method, {})


def test_each_channel_takes_one_message_a_second_after_a_short_burst(limits: RateLimits, clock: Clock) -> None:
    for channel in ("C1", "C2"):
        for _ in range(POSTS_AT_ONCE):
            limits.take(POSTING, {"channel": channel})
        with pytest.raises(RateLimited) as refused:
            limits.take(POSTING, {"channel": channel})
        assert refused.value.retry_after == 1
    for _ in range(10):
        clock.advance(1)
        limits.take(POSTING, {"channel": "C1"})
        with pytest.raises(RateLimited):
            limits.take(POSTING, {"channel": "C1"})


def test_a_refused_call_is_not_counted_and_methods_do_not_share_a_limit(limits: RateLimits, clock: Clock) -> None:
    for _ in range(PER_MINUTE[2]):
        limits.take("usergroups.list", {})
    for _ in range(100):
        with pytest.raises(RateLimited):
            limits.take("usergroups.list", {})
    limits.take("conversations.info", {})
    clock.advance(3)
    limits.take("usergroups.list", {})


def test_they_are_off_by_default(clock: Clock) -> None:
    limits = RateLimits(clock)
    for _ in range(1000):
        limits.take("usergroups.list", {})


def test_every_method_of_a_tier_exists_and_every_tier_has_a_number() -> None:
    assert set(TIERS) | {POSTING} <= set(METHODS)
    assert set(TIERS.values()) == set(PER_MINUTE)


async def test_a_call_above_the_limit_is_answered_as_slack_does(sandbox: Sandbox, control: Control) -> None:
    assert sandbox.slack_simulator is not None
    token = sandbox.slack_simulator.credentials.bot_token
    client = AsyncWebClient(token=token, base_url=f"{sandbox.url}slack/api/", retry_handlers=[])
    assert (await control.post("slack/limits", enforced=True))["enforced"] is True
    for _ in range(20):
        await client.usergroups_list()
    with pytest.raises(SlackApiError) as refused:
        await client.usergroups_list()
    response = refused.value.response
    assert (response.status_code, response["error"], response.headers["Retry-After"]) == (429, "ratelimited", "3")
    assert sandbox.slack_log.entries[-1]["status"] == 429
    await client.users_info(user=SLACK_IDS["requester"])
    sandbox.clock.advance(3)
    await client.usergroups_list()
    assert (await control.post("slack/limits", enforced=False))["enforced"] is False
    for _ in range(30):
        await client.usergroups_list()
