"""A click that asks, answers or comments: who is asked is identified, and a refused text is given back."""

import pytest

from tests.workflows.core.builders import AMARA, CHIE, DANA, RILEY, SAM
from tests.workflows.world import World
from workflows.core.conversation.remarks import RemarkId, RemarkKind
from workflows.core.errors.raised import Refused
from workflows.core.errors.refusal_codes import RefusalCode
from workflows.core.people import Person
from workflows.core.requests.commands.request import Answer, Ask, Comment, Reject
from workflows.core.requests.request import AccessRequest


async def ask(world: World, request: AccessRequest, actor: Person, *asked: Person, text: str = "Which sites?") -> None:
    people = tuple(person.chat_id for person in asked)
    await world.click(Ask(actor=actor.chat_id, request_id=request.id, text=text, asked=people))


async def answer(world: World, request: AccessRequest, actor: Person, text: str = "Two.") -> None:
    await world.click(Answer(actor=actor.chat_id, request_id=request.id, question=RemarkId("1"), text=text))


async def stored(world: World, request: AccessRequest) -> AccessRequest:
    found = await world.store.request(request.id)
    assert found is not None
    return found


async def test_a_question_is_asked_of_accounts_and_answered(world: World) -> None:
    request = await world.waiting()
    await ask(world, request, AMARA, RILEY, CHIE, RILEY)
    asked = await stored(world, request)
    [question] = asked.remarks
    assert [person.id for person in question.asked] == [RILEY.id, CHIE.id], "each person once"
    assert asked.clock_stop is not None
    await answer(world, request, CHIE)
    answered = await stored(world, request)
    assert [one.kind for one in answered.remarks] == [RemarkKind.QUESTION, RemarkKind.ANSWER]
    assert answered.clock_stop is None
    entries = [one.command for one in await world.store.history(request_id=request.id, limit=100)]
    assert {"want_ask", "ask", "want_answer", "answer"} <= set(entries)


async def test_who_is_not_a_full_member_cannot_be_asked(world: World) -> None:
    request = await world.waiting()
    world.directory.refusals[CHIE.chat_id] = Refused(RefusalCode.WORKSPACE_GUEST)
    await ask(world, request, AMARA, RILEY, CHIE)
    assert (await stored(world, request)).remarks == ()
    assert (AMARA.chat_id, "cannot_be_asked") in await world.refusals()
    await ask(world, request, AMARA, AMARA)
    assert (AMARA.chat_id, "nobody_asked") in await world.refusals()


async def test_a_text_that_is_refused_is_given_back_to_its_author(world: World) -> None:
    request = await world.waiting()
    await ask(world, request, AMARA, RILEY)
    await world.click(
        Reject(actor=AMARA.chat_id, request_id=request.id, digest=request.plan.digest, reason="No contract")
    )
    await answer(world, request, RILEY, "Two, with care.")
    assert (RILEY.chat_id, "not_now") in await world.refusals()
    [text] = [one for one in world.notifier.texts_to(RILEY.chat_id) if "Two, with care." in one]
    assert "Your text was not recorded" in text


@pytest.mark.parametrize(("actor", "is_recorded"), [(SAM, True), (RILEY, True), (DANA, True)])
async def test_who_has_to_do_with_a_request_comments(world: World, actor: Person, is_recorded: bool) -> None:
    request = await world.waiting()
    await world.click(Comment(actor=actor.chat_id, request_id=request.id, text="I agree."))
    assert bool((await stored(world, request)).remarks) is is_recorded
