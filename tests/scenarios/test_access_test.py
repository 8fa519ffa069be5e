"""A week after access was opened its requester is asked whether it works; a No leads the others to the cause."""

from typing import Any

import pytest

from tests.scenarios import stage as stages
from tests.scenarios.stage import CHANNEL, DAY, Stage, buttons

pytestmark = pytest.mark.story

WORKS, FAILS, NOT_TRIED, FIND = "access_works", "access_fails", "access_not_tried", "diagnose_failure"
HOSTILE = "<!channel> they see <https://evil.example|Approve> *now*"


def words(message: dict[str, Any]) -> str:
    """The text of a message or window, with single spaces."""
    return " ".join(stages.words(message).split())


async def questions(stage: Stage, user: str = "requester") -> list[dict[str, Any]]:
    """The messages of a person that ask whether an access works, with their buttons."""
    return [message for message in await stage.direct(user) if WORKS in buttons(message)]


async def answer(stage: Stage, action: str, user: str = "requester") -> list[str]:
    """Answer the newest question; returns what that person alone was told."""
    return await stage.press(user, action, (await questions(stage, user))[-1]["ts"], channel=f"@{user}")


async def open_with_sponsor(stage: Stage) -> None:
    """Open an access of Riley's whose sponsor is somebody else."""
    ts = await stage.ask(sponsor="approver3", template="guest-collaboration")
    assert await stage.press("approver1", "approve", ts) == []


async def week(stage: Stage) -> None:
    """Let eight days pass, and wait for a working day: people are asked in their working hours."""
    await stage.later(8 * DAY)
    await stage.until_monday()


async def say_no(stage: Stage, **said: str) -> dict[str, Any]:
    """Choose No, and send its window; returns the answer with its `errors`."""
    ts = (await questions(stage))[-1]["ts"]
    opened = await stage.do("click", user="requester", action_id=FAILS, channel="@requester", ts=ts)
    values = {name: {name: value} for name, value in {"what_failed": HOSTILE, **said}.items()}
    sent = await stage.do("submit", user="requester", view_id=opened["opened"], values=values)
    await stage.rest()
    return sent


async def shown(stage: Stage, user: str = "requester") -> dict[str, Any]:
    """What `/partner show` answers to one person."""
    await stage.do("command", user=user, text="/partner show contoso.com")
    await stage.rest()
    found = (await stage.see("messages", channel=CHANNEL, user=user))["messages"]
    answer: dict[str, Any] = [message for message in found if message.get("is_ephemeral")][-1]
    return answer


async def reports(stage: Stage, user: str) -> list[dict[str, Any]]:
    return [message for message in await stage.direct(user) if FIND in buttons(message)]


async def cause(stage: Stage, user: str) -> str:
    """What Find the cause answers, to this person alone."""
    ts = (await reports(stage, user))[-1]["ts"]
    await stage.do("click", user=user, action_id=FIND, channel=f"@{user}", ts=ts)
    await stage.rest()
    found = (await stage.see("messages", channel=f"@{user}", user=user))["messages"]
    return words([message for message in found if message.get("is_ephemeral")][-1])


async def test_yes_after_a_week_is_recorded_and_asked_exactly_once(stage: Stage) -> None:
    await open_with_sponsor(stage)
    await stage.later(6 * DAY)
    assert await questions(stage) == [], "not before a week has passed"
    await week(stage)
    (question,) = await questions(stage)
    assert "does the access work?" in words(question)
    assert await questions(stage, "approver3") == [], "the sponsor is not asked while the requester is there"
    assert await questions(stage, "admin") == []
    await stage.kill_the_bot()
    await week(stage)
    assert len(await questions(stage)) == 1, "nobody is asked twice, and no answer is no answer"
    assert "said on" not in words(await shown(stage))
    await stage.do("click", user="requester", action_id="how_to_test", channel="@requester", ts=question["ts"])
    assert "correlation ID" in words((await stage.see("views", user="requester"))["views"][-1])
    assert await answer(stage, WORKS) == []
    assert await questions(stage) == []
    assert any("Riley Park said on" in words(message) for message in await stage.direct("requester"))
    assert "Works, as Riley Park said on" in words(await shown(stage))
    await week(stage)
    assert await questions(stage) == []


async def test_no_gives_the_sponsor_and_the_admins_what_was_said_and_the_cause(stage: Stage) -> None:
    await open_with_sponsor(stage)
    await week(stage)
    refused = await say_no(stage, failed_address="maria")
    assert "Enter one mail address" in refused["errors"]["failed_address"]
    noted = {"correlation_id": "0f3c-77", "failed_at": "Mar 12, 14:03 UTC"}
    sent = await say_no(stage, failed_address="maria@contoso.com", error_code="AADSTS500213", **noted)
    assert sent["errors"] == {}
    closed = " ".join(words((await stage.direct("requester"))[-1]).split())
    assert "and the admins were told. They look for the cause" in closed
    for user in ("approver3", "admin"):
        (report,) = await reports(stage, user)
        text = words(report)
        assert "Riley Park" in text
        assert "maria@contoso.com" in text
        assert "AADSTS500213" in text
        assert all(value in text for value in noted.values())
        assert "evil.example" in text, "shown as it was typed"
        assert "channel" in text
        assert not any(element in str(report["blocks"]) for element in ("'type': 'link'", "'type': 'broadcast'"))
    assert await reports(stage, "requester") == []
    seen_by_admin = await cause(stage, "admin")
    assert "maria@contoso.com" in seen_by_admin
    assert "Conditional Access" in seen_by_admin
    seen_by_sponsor = await cause(stage, "approver3")
    assert "Not known. About single people, admins and the help desk can ask." in seen_by_sponsor
    assert "maria" not in seen_by_sponsor, "whether somebody has an account is not for sponsors"
    assert "Conditional Access" not in seen_by_sponsor
    assert "Does not work, as Riley Park said on" in words(await shown(stage))
    # After the repair the sponsor has it asked again: at once is enough, because the question has an answer.
    ts = (await reports(stage, "approver3"))[-1]["ts"]
    (told,) = await stage.press("approver3", "ask_access_test", ts, channel="@approver3")
    assert "Riley Park is asked whether the access works" in told
    assert len(await questions(stage)) == 1
    assert await answer(stage, WORKS) == []
    assert "Works, as Riley Park said on" in words(await shown(stage))


async def test_not_tried_is_asked_once_more_and_others_are_refused(stage: Stage) -> None:
    await stage.open_access()
    await week(stage)
    assert await answer(stage, NOT_TRIED) == []
    assert any("You are asked once more" in words(message) for message in await stage.direct("requester"))
    await week(stage)
    assert len(await questions(stage)) == 1
    assert await answer(stage, NOT_TRIED) == []
    await week(stage)
    await week(stage)
    assert await questions(stage) == [], "after the second time somebody must ask for it"
    (refused,) = await stage.press("approver1", "ask_access_test", (await shown(stage, "approver1"))["ts"])
    assert "Only the requester, the sponsor, Riley Park, and admins" in refused
    assert await questions(stage) == []


async def test_a_revoked_partner_is_not_asked_about_and_an_open_question_ends(stage: Stage) -> None:
    await stage.open_access()
    await stage.revoke()
    await week(stage)
    assert await questions(stage) == []
    await stage.open_access()
    await week(stage)
    (question,) = await questions(stage)
    await stage.revoke()
    assert await questions(stage) == []
    (closed,) = [message for message in await stage.direct("requester") if message["ts"] == question["ts"]]
    assert "nobody has to say any more" in words(closed)
