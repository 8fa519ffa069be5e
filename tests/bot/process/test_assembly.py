"""The bot as it is put together with the settings that nobody has changed."""

from pathlib import Path

import pytest

from bot.slack import ids
from tests.bot.bot_under_test import SLACK_IDS, BotUnderTest, click, request_values, submission
from workflows.core.requests.alarms import Alarm, AlarmCode
from workflows.core.requests.request import AccessRequest

MAX_APPROVALS = 6
"""What docs/operations.md promises."""


@pytest.fixture
def no_second_look(bare_environment: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ask nobody to look again at approvals of high risk: this is about their number."""
    monkeypatch.setenv("GATEHOUSE_SECOND_LOOK_FROM", "1000")


async def approve(gatehouse: BotUnderTest) -> AccessRequest:
    """Ask for a partner whose chain needs several people, let one approve, withdraw it; gives what was stored."""
    values = request_values("contoso.com", "trusted-partner")
    assert (await gatehouse.interact(submission("requester", ids.REQUEST_ACCESS, "", values))).status == 200
    await gatehouse.idle()
    (request,) = await gatehouse.store.open_requests()
    value = f"{request.id}:{request.plan.digest}"
    assert (await gatehouse.interact(click("approver1", "approve", value))).status == 200
    await gatehouse.idle()
    assert (await gatehouse.interact(click("requester", "withdraw", request.id))).status == 200
    await gatehouse.idle()
    stored = await gatehouse.store.request(request.id)
    assert stored is not None
    return stored


async def told(gatehouse: BotUnderTest, words: str) -> int:
    """Count the messages with these words that the approver can read."""
    answers = [
        await gatehouse.control.get("messages", channel=place, user="approver1")
        for place in (gatehouse.settings.slack_channel, "@approver1")
    ]
    return sum(words in message["text"] for answer in answers for message in answer["messages"])


async def alarms(gatehouse: BotUnderTest) -> list[Alarm]:
    """The alarms of limits that are open."""
    return [one for one in await gatehouse.store.open_alarms() if one.code is AlarmCode.LIMIT_REACHED]


async def test_the_usual_limit_of_approvals_is_said_before_kept_and_alarmed_once(
    no_second_look: None, gatehouse: BotUnderTest
) -> None:
    """From 80 % of six, a message says how many are left. The seventh is refused without any effect."""
    taken, near, alarmed = [], [], []
    for _ in range(MAX_APPROVALS + 1):
        request = await approve(gatehouse)
        taken.append([one.person.chat_id for one in request.decisions])
        near.append(await told(gatehouse, "approval in this hour"))
        alarmed.append(len(await alarms(gatehouse)))
    assert taken == [[SLACK_IDS["approver1"]]] * MAX_APPROVALS + [[]]
    assert near == [0, 0, 0, 0, 1, 2, 2]
    assert alarmed == [0, 0, 0, 0, 0, 1, 1]
    assert (await gatehouse.outcomes("approver1"))[-1] == ("want_approve", "limit_reached")
    assert await told(gatehouse, "You have reached the limit of 6 approvals an hour for one person.") == 1
    (alarm,) = await alarms(gatehouse)
    assert (alarm.values["limit"], alarm.values["what"]) == ("6", "approvals")
