"""A second request about a partner names the first: whose it is, since when, what it asks, what to do."""

from typing import Any

import pytest

from bot.words.refusals.sentences import fact_words
from bot.words.sentences import day
from tests.workflows.core.builders import AMARA, BRUNO, CHIE, DANA, NOW, RILEY, TENANT
from tests.workflows.world import World
from workflows.app.requests.forms import InvalidForm
from workflows.app.requests.open_request import may_withdraw, open_request_about, open_request_fact
from workflows.core.requests.effects import Apply
from workflows.ports.tenant import TenantUnavailable

SENT = f"sent on {day(NOW)}"


async def said_at_the_field(world: World, **form: Any) -> str:
    """What sending says at the target's field."""
    with pytest.raises(InvalidForm) as caught:
        await world.file(**form)
    return fact_words(caught.value.problems["target"])


async def test_ones_own_open_request_is_named_with_what_to_do(world: World) -> None:
    first = await world.waiting()
    assert await said_at_the_field(world, template="guest-collaboration") == (
        f"You have an open access request for this partner: {first.id} (“Trusted partner”, 180 days), {SENT}, waiting "
        "for approval. Wait until it ends, edit it, or withdraw it first."
    )
    assert may_withdraw(first, RILEY.chat_id)


async def test_somebody_elses_is_named_with_whom_to_ask(world: World) -> None:
    first = await world.waiting()
    said = await said_at_the_field(world, requester=DANA)
    assert said.startswith(f"Riley has an open access request for this partner: {first.id}")
    assert said.endswith("ask Riley to withdraw it.")
    assert not may_withdraw(first, DANA.chat_id)


async def test_what_is_approved_already_can_only_be_waited_for(world: World) -> None:
    first = await world.waiting()
    for person in (AMARA, BRUNO, CHIE):
        await world.approve(first, person, but=Apply)
    said = await said_at_the_field(world, requester=DANA)
    assert "approved" in said
    assert said.endswith("Wait until it ends.")
    first = await world.request(first.id)
    assert not may_withdraw(first, RILEY.chat_id)


async def test_one_that_is_still_being_prepared_counts_for_the_form(world: World) -> None:
    """Sent a moment ago: its tenant is known from the form."""
    first = await world.file()
    said = await said_at_the_field(world, requester=DANA)
    assert said.startswith(f"Somebody else has an open access request for this partner: {first}")
    assert "being prepared" in said
    own = await said_at_the_field(world)
    assert own.startswith(f"You have an open access request for this partner: {first}")


async def test_of_two_that_are_prepared_at_one_moment_one_continues(world: World) -> None:
    first = await world.file()
    world.script.fail("tenant.find", TenantUnavailable("No answer."))
    second = await world.file(requester=DANA, sponsor=DANA.chat_id)
    await world.settle()
    states = {(await world.request(one)).state.value for one in (first, second)}
    assert states == {"awaiting_approval", "unfit"}


async def test_the_form_is_told_of_it_before_anything_is_sent(world: World) -> None:
    assert await world.intake.open_request(TENANT) is None
    first = await world.waiting()
    assert await world.intake.open_request(TENANT) == first
    assert await open_request_about(TENANT, records=world.store, ignored_id=first.id) is None


async def test_in_a_written_request_nobody_asks_in_person(world: World) -> None:
    first = await world.waiting()
    assert fact_words(open_request_fact(first, None)).startswith("Riley has an open access request")
