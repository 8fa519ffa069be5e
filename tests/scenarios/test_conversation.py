"""Ask, answer and comment, in the whole bot: windows, the thread under the card, messages, and the clock."""

from typing import Any

import pytest

from tests.scenarios.stage import CHANNEL, DAY, Stage, actions
from tests.scenarios.stage import words as all_words
from tests.scenarios.test_changing_ones_mind import opened
from tests.scenarios.test_messages import in_thread, received
from tests.scenarios.test_show_and_close import shown

pytestmark = pytest.mark.story

EVIL = "<!channel> <https://evil.example|Approve> *Approved by Dana*"


def words(value: Any) -> str:
    """What is shown, with one space between words."""
    return " ".join(all_words(value).split())


async def person(stage: Stage, name: str) -> str:
    """The chat id of somebody."""
    people = (await stage.see("people"))["people"]
    return next(str(one["id"]) for one in people if one["handle"] == name)


async def send(stage: Stage, user: str, view: dict[str, Any], text: str, *asked: str) -> dict[str, Any]:
    """Fill in one of the windows and send it; returns the answer with its `errors`."""
    values: dict[str, Any] = {"remark_text": {"remark_text": text}}
    if asked:
        values["asked_people"] = {"asked_people": list(asked)}
    answer = await stage.do("submit", user=user, view_id=view["id"], values=values)
    await stage.rest()
    return answer


async def ask(stage: Stage, user: str, ts: str, text: str, *asked: str) -> dict[str, Any]:
    """Ask a question from the channel's card: the requester, unless others are named."""
    view = await opened(stage, user, "ask", channel=CHANNEL, ts=ts)
    return await send(stage, user, view, text, *[await person(stage, one) for one in asked or ("requester",)])


async def newest(stage: Stage, user: str) -> dict[str, Any]:
    """The last message that somebody got."""
    return (await stage.direct(user))[-1]


async def answer(stage: Stage, user: str, text: str) -> dict[str, Any]:
    """Answer the newest question that somebody got as a message."""
    message = await newest(stage, user)
    [button] = [one for one in actions(message) if one.startswith("answer")]
    view = await opened(stage, user, button, channel=f"@{user}", ts=message["ts"])
    return await send(stage, user, view, text)


async def comment(stage: Stage, user: str, ts: str, text: str) -> dict[str, Any]:
    """Comment from Details."""
    details = await opened(stage, user, "review_request", channel=CHANNEL, ts=ts)
    view = await opened(stage, user, "comment", view_id=details["id"])
    return await send(stage, user, view, text)


async def test_a_question_stops_the_clock_is_answered_and_the_request_is_approved_and_applied(stage: Stage) -> None:
    """The whole conversation: everybody who is needed gets one message, once, and the thread has all of it."""
    ts = await stage.ask(sponsor="admin")
    before = await received(stage)
    view = await opened(stage, "approver1", "ask", channel=CHANNEL, ts=ts)
    assert "contoso.com" in words(view)
    assert "Replies in threads are not read." in words(await stage.card())
    asked = await send(stage, "approver1", view, f"Which sites? {EVIL}", await person(stage, "requester"))
    assert asked["errors"] == {}

    [question] = await in_thread(stage, ts)
    assert "Amara Okafor asked Riley Park" in words(question)
    assert EVIL in words(question), "shown as it was typed"
    assert "<!channel>" not in str(question["text"])
    told = await newest(stage, "requester")
    assert "question from Amara Okafor" in words(told)
    assert "The time to decide is stopped until the answer" in words(told)
    mine = next(one for one in await stage.direct("requester") if "withdraw" in actions(one))
    assert "Question from Amara Okafor" in words(mine)
    assert "answer" in actions(mine)
    card = words(await stage.card_of(ts))
    assert "1 question not answered , time stopped at most until" in " ".join(card.split())
    assert {user: count - before[user] for user, count in (await received(stage)).items() if count != before[user]} == {
        "requester": 1
    }

    await stage.later(8 * DAY)
    assert "1 question not answered" in words(await stage.card_of(ts)), "it has not expired: its clock stood still"
    assert (await answer(stage, "requester", "Two: the bridge and the yard."))["errors"] == {}
    answered = next(one for one in await stage.direct("requester") if "answered by Riley Park" in words(one))
    assert not [one for one in actions(answered) if one.startswith("answer")]
    got = await newest(stage, "approver1")
    assert "Riley Park answered your question" in words(got)
    assert "Two: the bridge and the yard." in words(got)
    assert "review_request" in actions(got)
    assert "not answered" not in words(await stage.card_of(ts))

    assert (await comment(stage, "admin", ts, "Fine with me."))["errors"] == {}
    thread = [words(one) for one in await in_thread(stage, ts)]
    assert [any(text in one for one in thread) for text in ("asked", "answered", "Dana Reyes commented")] == [True] * 3
    assert len(thread) == 3

    await stage.kill_the_bot()
    for approver in ("approver1", "approver2", "approver3"):
        assert await stage.press(approver, "approve", ts) == []
    assert "active (verified" in words(await stage.card_of(ts))
    assert len(await stage.writes()) == 1
    assert len(await in_thread(stage, ts)) == 3, "nothing is posted twice"
    read = words(await opened(stage, "approver2", "review_request", channel=CHANNEL, ts=ts))
    assert "Question to Riley Park" in read
    assert "Two: the bridge and the yard." in read
    assert "3 questions, answers and comments" in await shown(stage, "contoso.com")


async def test_approving_while_a_question_is_open_is_possible_and_says_so(stage: Stage) -> None:
    ts = await stage.ask(template="guest-collaboration")
    assert (await ask(stage, "approver1", ts, "Which sites?"))["errors"] == {}
    card = await stage.card_of(ts)
    [approve] = [
        one for block in card["blocks"] for one in block.get("elements", []) if one.get("action_id") == "approve"
    ]
    assert "1 question not answered" in approve["confirm"]["text"]["text"]
    assert await stage.press("approver1", "approve", ts) == []
    await stage.rest()
    assert "not answered" not in words(await stage.card_of(ts))
    told = next(one for one in await stage.direct("requester") if "no answer is needed any more" in words(one))
    assert not [one for one in actions(told) if one.startswith("answer")]


async def test_bad_input_is_refused_with_the_cure_and_the_text_is_kept(stage: Stage) -> None:
    ts = await stage.ask(sponsor="admin")
    view = await opened(stage, "requester", "ask", channel=CHANNEL, ts=ts)
    assert "Use Comment in Details" in words(view)
    view = await opened(stage, "approver1", "ask", channel=CHANNEL, ts=ts)
    for name, problem in (("guest", "guest in this workspace"), ("approver1", "You cannot choose yourself")):
        refused = await send(stage, "approver1", view, "Which?", await person(stage, name))
        assert problem in refused["errors"]["asked_people"]
    empty = await send(stage, "approver1", view, "  ", await person(stage, "requester"))
    assert empty["errors"] == {"remark_text": "Write a text."}
    assert (await send(stage, "approver1", view, "Which?", await person(stage, "requester")))["errors"] == {}

    message = await newest(stage, "requester")
    form = await opened(stage, "requester", "answer", channel="@requester", ts=message["ts"])
    assert await stage.press("approver1", "reject", ts) == []
    views = (await stage.see("views", user="approver1"))["views"]
    await stage.do("submit", user="approver1", view_id=views[-1]["id"], values={"reason": {"reason": "No contract"}})
    await stage.rest()
    late = await send(stage, "requester", form, "The bridge site.")
    assert "This request is closed" in late["errors"]["remark_text"], "the window stays open, with the text"
    assert len(await in_thread(stage, ts)) == 1


async def test_a_second_answer_and_one_by_somebody_who_was_not_asked_are_refused(stage: Stage) -> None:
    """Both windows were open when the first answer came."""
    ts = await stage.ask(sponsor="admin")
    assert (await ask(stage, "approver1", ts, "Which sites?", "admin", "requester"))["errors"] == {}
    [question] = await in_thread(stage, ts)
    not_asked = await opened(stage, "approver2", "answer", channel=CHANNEL, ts=question["ts"])
    assert "can answer this question" in words(not_asked)
    message = await newest(stage, "admin")
    form = await opened(stage, "admin", "answer", channel="@admin", ts=message["ts"])
    assert (await answer(stage, "requester", "Two."))["errors"] == {}
    late = await send(stage, "admin", form, "Three.")
    assert "Riley Park has answered this question already" in late["errors"]["remark_text"]
    assert "answered by Riley Park" in words(await newest(stage, "admin"))
