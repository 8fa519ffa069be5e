"""Reviews that nobody answers, in the whole bot: who is asked when, and what silence leads to."""

from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from tests.scenarios.stage import DAY, Stage, buttons, running_stage, words
from tests.scenarios.test_end_of_access import QUICK, days_pass, is_blocked, told
from tests.scenarios.test_show_and_close import shown

pytestmark = [pytest.mark.story]

PAUSES = (30, 3, 7, 14, 14, 14, 5)
"""The days from the approval to the first question, and between the questions."""


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncIterator[Stage]:
    """A sandbox of its own, whose bot looks often for what is due."""
    async with running_stage(Stage(data=tmp_path / "data", environment=QUICK, warm=True)) as running:
        yield running


async def questions(stage: Stage, user: str) -> list[dict[str, Any]]:
    """List the cards of Contoso's review that a person got."""
    return [one for one in await stage.direct(user) if "contoso.com" in one["text"] and _is_question(one)]


def _is_question(message: dict[str, Any]) -> bool:
    return "is this access still needed?" in message["text"] or "reminded again" in message["text"]


async def silence(stage: Stage, pauses: tuple[int, ...] = PAUSES) -> None:
    """Let nobody answer. The clock jumps from question to question."""
    for pause in pauses:
        await stage.later(pause * DAY + 60)


async def home_says(stage: Stage, user: str, text: str) -> bool:
    """Tell whether somebody's Home was shown and says something."""
    home = (await stage.see("home", user=user))["home"]
    return home is not None and text in words(home)


@pytest.mark.threats("G13")
async def test_sixty_days_of_silence_end_in_a_suspension_and_everybody_is_told_each_step(stage: Stage) -> None:
    """The bot is killed between two questions. Nobody gets one twice."""
    await stage.open_access()
    counts = []
    for index, pause in enumerate(PAUSES):
        await stage.later(pause * DAY + 60)
        if index in (2, 5):
            await stage.kill_the_bot()
            await stage.tick()
        counts.append([len(await questions(stage, user)) for user in ("requester", "approver2", "admin")])
    assert counts == [[1, 0, 0], [2, 0, 0], [3, 1, 0], [4, 2, 1], [5, 3, 2], [6, 4, 3], [7, 5, 4]]
    newest = (await questions(stage, "requester"))[-1]
    assert buttons(newest) == ["keep", "reduce", "revoke_review", "review_details"]
    text = words(newest)
    assert "Asked 7 times." in text
    assert "Without an answer:  suspended on" in text
    record = await shown(stage, "contoso.com")
    assert "Who was asked:" in record
    assert "(sponsor)" in record
    assert "(the sponsor's manager)" in record
    assert "1 admin" in record
    assert "Reminder 7:" in record
    for user in ("requester", "approver2"):  # the sponsor, and the sponsor's manager
        await stage.until(partial(home_says, stage, user, "Suspended without an answer on"), f"the Home of {user}")
    await days_pass(stage, 2.9)
    assert not await is_blocked(stage)
    await days_pass(stage, 0.2)
    assert await is_blocked(stage)
    assert "Reviews due" not in words((await stage.see("home", user="approver2"))["home"])
    for user in ("requester", "admin"):
        [result] = await told(stage, user, "suspended, because nobody answered its review")
        text = words(result)
        assert "Nobody has answered the review of" in text
        assert "Asked:" in text
        assert "Reminder 7:" in text
    cards = [one for one in await stage.direct("requester") if "nothing to review" in one["text"]]
    assert [buttons(card) for card in cards] == [[]], "the last question shows the result, and asks nothing more"


@pytest.mark.threats("G13")
async def test_reminders_that_slack_does_not_deliver_suspend_nobody_and_raise_an_alarm(stage: Stage) -> None:
    await stage.open_access()
    await silence(stage, PAUSES[:-1])
    await stage.do(
        "faults", target="slack", method="conversations.open", times=500, body={"ok": False, "error": "user_disabled"}
    )
    await stage.later(PAUSES[-1] * DAY + 60)
    await days_pass(stage, 3.2)
    await stage.call("DELETE", "faults")
    await stage.tick()
    assert not await is_blocked(stage)
    await days_pass(stage, 1)
    assert not await is_blocked(stage), "the last reminder was delivered only now"
    assert len(await questions(stage, "requester")) == 7


async def test_after_a_downtime_each_person_gets_one_message_and_answers_in_a_window(stage: Stage) -> None:
    for domain in ("contoso.com", "fabrikam.com", "northwind.com"):
        await stage.open_access(target=domain)
    await stage.later(100 * DAY)
    [message] = await lists(stage, 1)
    assert await told(stage, "admin", "wait for an answer") == []
    assert not await is_blocked(stage)
    windows = [block["accessory"]["action_id"] for block in message["blocks"] if "accessory" in block]
    assert windows == ["review_partner"] * 3
    value = next(block["accessory"]["value"] for block in message["blocks"] if "accessory" in block)
    await stage.do(
        "click", user="requester", action_id="review_partner", channel="@requester", ts=message["ts"], value=value
    )

    async def is_filled() -> bool:
        return "still needed" in words((await stage.see("views", user="requester"))["views"][-1])

    await stage.until(is_filled, "the window of the review")
    view = (await stage.see("views", user="requester"))["views"][-1]
    assert buttons(view) == ["keep", "reduce", "revoke_review", "review_details"]
    await stage.do("close", user="requester", view_id=view["id"])
    await stage.later(3 * DAY + 60)
    assert len(await lists(stage, 2)) == 2


async def lists(stage: Stage, count: int) -> list[dict[str, Any]]:
    """Wait until the requester has so many lists of reviews.

    After a downtime, the questions whether each access works come first. Slack takes about one message a second in a
    direct message, so it refuses the list at first, and the bot sends it again a second later.
    """

    async def are_sent() -> bool:
        return len(await told(stage, "requester", "3 reviews wait for an answer")) >= count

    await stage.until(are_sent, "the list of the reviews")
    return await told(stage, "requester", "wait for an answer")


async def test_a_template_that_escalates_asks_the_admins_on_and_keeps_an_alarm_open(stage: Stage) -> None:
    ts = await stage.ask(template="guest-collaboration")
    assert await stage.press("approver1", "approve", ts) == []
    await silence(stage, (90, *PAUSES[1:]))
    await days_pass(stage, 3.1)
    assert not await is_blocked(stage)
    [alarm] = await told(stage, "admin", "Nobody has answered the review for 60 days")
    assert "The template says that access without an answer stays." in words(alarm)
    await stage.later(12 * DAY)
    assert len(await questions(stage, "admin")) == 5
