"""Proposals with the shipped templates: what is offered, what is proven, and the whole way to the tenant."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from bot.words.refusals.sentences import fact_words
from tests.workflows.core.builders import AMARA, BRUNO, CHIE, MALLORY, NOW, RILEY, SAM
from tests.workflows.world import CATALOG, World
from workflows.app.requests.edits.less_access import LessAccess, unchanged
from workflows.app.requests.forms import InvalidForm, refill
from workflows.core.people import ChatId, Person
from workflows.core.requests.commands.editing import (
    AcceptProposal,
    DeclineProposal,
    LessAsked,
    ProposeLess,
    RequestChanges,
)
from workflows.core.requests.request import AccessRequest, RequestState

DEVICES = "inboundTrust.isCompliantDeviceAccepted"
MFA = "inboundTrust.isMfaAccepted"
REDEMPTION = "automaticUserConsentSettings.inboundAllowed"


EVERYBODY = {
    "usersAndGroups": {"accessType": "allowed", "targets": [{"target": "AllUsers", "targetType": "user"}]},
    "applications": {"accessType": "allowed", "targets": [{"target": "AllApplications", "targetType": "application"}]},
}
DEFAULT = {
    "b2bCollaborationInbound": EVERYBODY,
    "inboundTrust": {
        "isMfaAccepted": False,
        "isCompliantDeviceAccepted": False,
        "isHybridAzureADJoinedDeviceAccepted": False,
    },
}


@pytest.fixture(autouse=True)
def usual_default(world: World) -> None:
    """The default of a tenant that nobody has changed: every guest may come in, and nothing is trusted."""
    world.tenant.default = DEFAULT


def less_access(world: World) -> LessAccess:
    return LessAccess(
        store=world.store,
        tenant=world.tenant,
        directory=world.directory,
        catalog=world.catalog,
        clock=world.clock,
    )


def less_of(request: AccessRequest, **changes: Any) -> LessAsked:
    return replace(unchanged(request), **changes)


async def problem(world: World, request: AccessRequest, **changes: Any) -> dict[str, str]:
    """What the window says about a proposal; empty when it is one."""
    try:
        await less_access(world).check(request, less_of(request, **changes))
    except InvalidForm as invalid:
        return {name: fact_words(fact) for name, fact in invalid.problems.items()}
    return {}


async def propose(world: World, request: AccessRequest, person: Person = AMARA, **changes: Any) -> AccessRequest:
    less = less_of(request, **changes)
    click = ProposeLess(
        actor=person.chat_id, request_id=request.id, digest=request.plan.digest, less=less, reason="Enough."
    )
    await world.click(click)
    return await world.request(request.id)


async def accept(world: World, request: AccessRequest, number: int = 1, person: Person = RILEY) -> AccessRequest:
    click = AcceptProposal(actor=person.chat_id, request_id=request.id, digest=request.plan.digest, number=number)
    await world.click(click)
    return await world.request(request.id)


async def test_the_window_offers_only_what_certainly_gives_less(world: World) -> None:
    request = await world.waiting()
    choices = await less_access(world).choices(request)
    assert set(choices.parts) == {MFA, DEVICES, REDEMPTION}, "without its own list, the default would let everybody in"
    assert choices.templates[0].name == "trusted-partner"
    assert "block" not in [template.name for template in choices.templates]
    assert choices.placeholders == ()
    assert [duration.days for duration in choices.durations] == [90, 180]


async def test_what_gives_more_or_nothing_less_is_said_at_its_field(world: World) -> None:
    request = await world.waiting()
    assert await problem(world, request, days=90) == {}
    assert await problem(world, request, left_out=(DEVICES,)) == {}
    assert set(await problem(world, request)) == {"settings"}
    assert set(await problem(world, request, days=365)) == {"duration"}
    assert set(await problem(world, request, days=91)) == {"duration"}
    assert set(await problem(world, request, ends_on="2999-01-01")) == {"end_date"}
    assert set(await problem(world, request, template="subsidiary-synchronization")) == {"template"}
    assert set(await problem(world, request, template="no-such")) == {"template"}
    assert set(await problem(world, request, left_out=("b2bCollaborationInbound",))) == {"settings"}
    everything = (MFA, DEVICES, REDEMPTION, "b2bCollaborationInbound")
    assert "Nothing of" in (await problem(world, request, left_out=everything))["settings"]


async def test_an_earlier_last_day_is_less(world: World) -> None:
    request = await world.waiting()
    day = (NOW + timedelta(days=30)).date().isoformat()
    assert await problem(world, request, ends_on=day) == {}
    await world.service.withdraw(request.id, RILEY.chat_id, key="w")
    dated = await world.waiting(ends_on=day, days=0)
    assert set(await problem(world, dated, ends_on="", days=90)) == {"duration"}
    assert await problem(world, dated, left_out=(DEVICES,)) == {}, "the day stays as it is"


async def test_less_is_proposed_accepted_and_approved_by_its_proposer(world: World) -> None:
    request = await propose(world, await world.waiting(), left_out=(DEVICES,))
    assert request.proposal is not None
    assert request.proposal.fields.left_out == (DEVICES,)
    await accept(world, request)
    again = await world.settled(request.id)
    assert (again.state, again.fields.left_out, again.plan.left_out) == (
        RequestState.AWAITING_APPROVAL,
        (DEVICES,),
        (DEVICES,),
    )
    assert again.plan.template_hash == request.plan.template_hash
    for person in (AMARA, BRUNO, CHIE):
        await world.approve(await world.request(request.id), person)
    done = await world.settled(request.id)
    assert done.state is RequestState.APPLIED
    record = await world.store.partnership(done.plan.tenant_id)
    assert record is not None
    assert record.left_out == (DEVICES,)
    after = done.plan.configuration_after() or {}
    assert after["inboundTrust"] == {"isMfaAccepted": True}
    assert refill(done, RILEY.chat_id, CATALOG, NOW).form.left_out == (DEVICES,), "an extension keeps it"


async def test_accepting_twice_or_by_somebody_else_changes_nothing(world: World) -> None:
    request = await propose(world, await world.waiting(), days=90)
    assert (await accept(world, request, person=AMARA)).version == request.version
    assert (await accept(world, request, number=2)).version == request.version
    await accept(world, request)
    again = await world.settled(request.id)
    assert (await accept(world, request)).version == again.version
    assert [code for code, _ in await world.refusals()] != []


async def test_a_newer_proposal_replaces_the_older(world: World) -> None:
    first = await propose(world, await world.waiting(), days=90)
    second = await propose(world, first, left_out=(DEVICES,))
    assert second.proposal is not None
    assert second.proposal.number == 2
    assert (await accept(world, second, number=1)).version == second.version
    assert (await accept(world, second, number=2)).fields.left_out == (DEVICES,)


@pytest.mark.parametrize("person", [RILEY, SAM, MALLORY])
async def test_nobody_else_proposes_or_asks(world: World, person: Person) -> None:
    request = await world.waiting()
    assert (await propose(world, request, person, days=90)).proposal is None
    changes = RequestChanges(
        actor=person.chat_id, request_id=request.id, digest=request.plan.digest, text="Ask for less."
    )
    await world.click(changes)
    assert (await world.request(request.id)).version == request.version


async def test_a_proposal_that_is_no_less_is_refused_after_the_window_too(world: World) -> None:
    """The window can be sent by anybody with other values."""
    request = await world.waiting()
    assert (await propose(world, request, days=365)).proposal is None
    assert (await propose(world, request, template="no-such")).proposal is None


async def test_clicks_about_a_request_that_is_closed_or_unknown_are_refused(world: World) -> None:
    request = await propose(world, await world.waiting(), days=90)
    await world.service.withdraw(request.id, RILEY.chat_id, key="w")
    closed = await accept(world, request)
    assert closed.state is RequestState.WITHDRAWN
    await world.click(
        DeclineProposal(
            actor=ChatId(RILEY.chat_id), request_id=request.id, digest=request.plan.digest, number=1, reason="No"
        )
    )
    assert (await world.request(request.id)).version == closed.version


async def test_declining_keeps_the_request(world: World) -> None:
    request = await propose(world, await world.waiting(), days=90)
    decline = DeclineProposal(
        actor=RILEY.chat_id, request_id=request.id, digest=request.plan.digest, number=1, reason="We need it."
    )
    await world.click(decline)
    after = await world.request(request.id)
    assert (after.proposal, after.plan.digest) == (None, request.plan.digest)


async def test_changes_are_requested_by_who_may_decide(world: World) -> None:
    request = await world.waiting()
    await world.click(
        RequestChanges(actor=AMARA.chat_id, request_id=request.id, digest=request.plan.digest, text="Ask for less.")
    )
    after = await world.request(request.id)
    assert after.changes_requested is not None
    assert after.changes_requested.text == "Ask for less."
