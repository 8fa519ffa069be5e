"""A click that hands over a partner: who may, who can be the sponsor, and what it means for open requests."""

import pytest

from tests.workflows.core.builders import AMARA, BRUNO, CHIE, DANA, RILEY, SAM, TENANT
from tests.workflows.world import World
from workflows.app.schedule.ticker import tick
from workflows.core.errors.raised import Refused
from workflows.core.errors.refusal_codes import RefusalCode
from workflows.core.partners.partnership import Partnership
from workflows.core.people import Person, PersonId
from workflows.core.policy.reviews.sponsorship import HandoverState
from workflows.core.requests.commands.people import (
    AcceptSponsorship,
    DeclineSponsorship,
    ProposeSponsor,
    WithdrawHandover,
)
from workflows.core.requests.effects import Apply
from workflows.core.requests.request import AccessRequest, RequestState
from workflows.ports.tenant import Account, TenantUnavailable


def account(person: Person, *, is_enabled: bool = True, is_member: bool = True) -> Account:
    mail = f"{person.name.lower()}@woodgrove.com"
    return Account(id=person.id, name=person.name, mail=mail, is_enabled=is_enabled, is_member=is_member)


@pytest.fixture
async def opened(world: World) -> World:
    """A world in which Contoso is open, and Sam is its sponsor."""
    await world.opened()
    world.directory.assign(SAM, "")
    world.directory.assign(RILEY, "")
    return world


async def record(world: World) -> Partnership:
    found = await world.store.partnership(TENANT)
    assert found is not None
    return found


async def propose(world: World, actor: Person, proposed: Person) -> None:
    await world.click(ProposeSponsor(actor=actor.chat_id, tenant_id=TENANT, proposed=proposed.chat_id))


async def accept(world: World, actor: Person, number: int = 1) -> None:
    await world.click(AcceptSponsorship(actor=actor.chat_id, tenant_id=TENANT, number=number))


async def waiting_extension(world: World) -> AccessRequest:
    """A request for more, of Riley, who is its sponsor, that waits for approval."""
    return await world.waiting(sponsor=RILEY.chat_id, days=365)


async def test_the_sponsor_hands_over_and_the_new_one_answers(opened: World) -> None:
    await propose(opened, SAM, AMARA)
    asked = await record(opened)
    assert asked.handover is not None
    assert (asked.sponsor, asked.handover.proposed, asked.handover.state) == (SAM, AMARA, HandoverState.OPEN)
    assert opened.notifier.handovers[-1].handover == asked.handover
    await accept(opened, AMARA)
    assert (await record(opened)).sponsor == AMARA
    await opened.review()
    await opened.keep(SAM)
    assert (SAM.chat_id, "not_the_sponsor") in await opened.refusals()
    await opened.keep(AMARA)
    assert (await record(opened)).attestations[-1].person == AMARA


@pytest.mark.parametrize(
    ("manager", "may"),
    [
        (account(CHIE), True),
        (account(CHIE, is_enabled=False), False),
        (account(CHIE, is_member=False), False),
        (account(BRUNO), False),
        (None, False),
    ],
    ids=["the manager", "a disabled manager", "a manager who is a guest", "somebody else's manager", "no manager"],
)
async def test_the_manager_may_propose_when_entra_says_so_now(
    opened: World, manager: Account | None, may: bool
) -> None:
    if manager is not None:
        opened.tenant.accounts = [manager]
        opened.tenant.manager_of = {SAM.id: manager.id}
    await propose(opened, CHIE, AMARA)
    assert ((await record(opened)).handover is not None) is may
    assert ((CHIE.chat_id, "may_not_propose_sponsor") in await opened.refusals()) is not may


async def test_a_manager_who_cannot_be_read_is_not_refused_but_waits(opened: World) -> None:
    opened.script.fail("tenant.managers", TenantUnavailable("Entra does not answer."))
    await propose(opened, DANA, AMARA)
    assert (await record(opened)).handover is None
    assert await opened.refusals() == []
    opened.clock.advance(hours=1)
    await opened.settle()
    assert (await record(opened)).handover is not None


@pytest.mark.parametrize(
    "code",
    [
        RefusalCode.WORKSPACE_GUEST,
        RefusalCode.OTHER_WORKSPACE,
        RefusalCode.NOT_A_PERSON,
        RefusalCode.DEACTIVATED,
        RefusalCode.ACCOUNT_NOT_A_MEMBER,
    ],
)
async def test_only_a_full_member_can_be_the_sponsor(opened: World, code: RefusalCode) -> None:
    opened.directory.refusals[AMARA.chat_id] = Refused(code)
    await propose(opened, SAM, AMARA)
    assert (await record(opened)).handover is None
    assert (SAM.chat_id, "sponsor_refused") in await opened.refusals()


async def test_who_was_disabled_since_cannot_accept(opened: World) -> None:
    await propose(opened, SAM, AMARA)
    opened.directory.refusals[AMARA.chat_id] = Refused(RefusalCode.ACCOUNT_NOT_A_MEMBER)
    await accept(opened, AMARA)
    assert (await record(opened)).sponsor == SAM


async def test_an_unknown_partner_has_no_sponsor(world: World) -> None:
    await propose(world, DANA, AMARA)
    assert (DANA.chat_id, "unknown_partner") in await world.refusals()


async def test_a_partner_that_is_revoked_meanwhile_gets_no_sponsor(opened: World) -> None:
    await propose(opened, SAM, AMARA)
    await opened.revoke(DANA)
    closed = await record(opened)
    assert closed.handover is not None
    assert closed.handover.state is HandoverState.STOPPED
    assert opened.notifier.handovers[-1].handover == closed.handover, "the question is updated"
    await accept(opened, AMARA)
    assert (AMARA.chat_id, "revoked") in await opened.refusals()


async def test_answers_that_do_not_count_are_refused_and_recorded(opened: World) -> None:
    await propose(opened, SAM, AMARA)
    await accept(opened, BRUNO)
    await opened.click(DeclineSponsorship(actor=AMARA.chat_id, tenant_id=TENANT, number=1))
    await accept(opened, AMARA)
    assert (await record(opened)).sponsor == SAM
    refused = await opened.refusals()
    assert (BRUNO.chat_id, "not_the_proposed") in refused
    assert (AMARA.chat_id, "no_open_handover") in refused


async def test_whoever_proposed_withdraws_the_question(opened: World) -> None:
    await propose(opened, SAM, AMARA)
    await opened.click(WithdrawHandover(actor=DANA.chat_id, tenant_id=TENANT, number=1))
    assert (DANA.chat_id, "not_the_proposer") in await opened.refusals()
    await opened.click(WithdrawHandover(actor=SAM.chat_id, tenant_id=TENANT, number=1))
    known = await record(opened)
    assert known.handover is not None
    assert known.handover.state is HandoverState.WITHDRAWN
    assert opened.notifier.handovers[-1].handover == known.handover, "the question is updated"
    await accept(opened, AMARA)
    assert (AMARA.chat_id, "no_open_handover") in await opened.refusals()
    assert (await record(opened)).sponsor == SAM


async def test_a_sponsor_who_hands_over_cannot_then_approve(opened: World) -> None:
    """The attack: the sponsor is an approver, gives the partner to a friend, and approves what the friend asks for."""
    opened.directory.assign(SAM, "security data-owner")
    await propose(opened, SAM, DANA)
    await accept(opened, DANA)
    more = await waiting_extension(opened)
    assert {person.id for person in more.require_prepared().partner_sponsors} == {SAM.id, DANA.id}
    await opened.approve(more, SAM)
    assert (SAM.chat_id, "partner_sponsor") in await opened.refusals()
    assert (await opened.request(more.id)).decisions == ()


async def test_an_open_request_names_a_new_sponsor_and_an_earlier_approval_is_void(opened: World) -> None:
    more = await waiting_extension(opened)
    await opened.approve(more, AMARA)
    assert (await opened.request(more.id)).verdict().open_stage == 1
    await propose(opened, SAM, AMARA)
    await accept(opened, AMARA)
    named = await opened.request(more.id)
    assert AMARA in named.require_prepared().partner_sponsors
    assert named.verdict().open_stage == 0, "the approval does not count any more"
    (entry,) = [one for one in await opened.store.history() if one.command == "record_sponsors"]
    assert PersonId(AMARA.id) in entry.details["accounts"]


async def test_an_approval_is_void_also_when_everybody_had_approved(opened: World) -> None:
    """The last approver accepts the sponsorship between the approval and the write: nothing is written."""
    opened.directory.assign(BRUNO, "")
    opened.directory.assign(RILEY, "data-owner")
    more = await opened.waiting(requester=BRUNO, sponsor=BRUNO.chat_id, days=365)
    await propose(opened, SAM, AMARA)
    for person in (AMARA, RILEY, CHIE):
        await opened.approve(more, person, but=Apply)
    approved = await opened.request(more.id)
    assert approved.state is RequestState.APPLYING
    before = len(opened.tenant.writes)
    await opened.click(AcceptSponsorship(actor=AMARA.chat_id, tenant_id=TENANT, number=1), but=Apply)
    await opened.settle()
    after = await opened.request(more.id)
    assert after.state is RequestState.AWAITING_APPROVAL
    assert len(opened.tenant.writes) == before
    assert AMARA not in [decision.person for decision in after.decisions]


async def test_time_reminds_once_and_then_ends_the_question(opened: World) -> None:
    await propose(opened, SAM, AMARA)
    for days in (3.1, 1, 3, 1):
        opened.clock.advance(days=days)
        await tick(service=opened.service, store=opened.store, directory=opened.directory, clock=opened.clock)
        await opened.settle()
    commands = [command for _, command, _ in await opened.log()]
    assert (commands.count("remind_handover"), commands.count("expire_handover")) == (1, 1)
    ended = await record(opened)
    assert ended.handover is not None
    assert (ended.handover.state, ended.sponsor) == (HandoverState.EXPIRED, SAM)
