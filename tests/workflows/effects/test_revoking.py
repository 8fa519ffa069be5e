"""Revoking comes first, whatever else is open about the partner, and does not end before the block is verified."""

from dataclasses import replace
from typing import Any, Final

import pytest

from bot.words.requests.notes import note_words
from tests.workflows.app.requests.test_restoring import file as restore
from tests.workflows.core.builders import AMARA, BRUNO, CHIE, DANA, NOW, RILEY, SAM, TENANT, closed_document, person
from tests.workflows.core.builders import partnership as usual_partnership
from tests.workflows.core.builders import request as usual_request
from tests.workflows.effects.applying import NO_ANSWER, retried
from tests.workflows.fakes import HOME
from tests.workflows.world import CONTOSO, World
from workflows.core.errors.raised import Refused
from workflows.core.partners.partnership import Partnership, PartnershipState
from workflows.core.plans.plan import TenantIdentity
from workflows.core.requests.commands.partner_record import Revoke
from workflows.core.requests.effects import Apply, CheckPermission, Prepare
from workflows.core.requests.request import AccessRequest, RequestId, RequestKind, RequestState
from workflows.core.settings.documents import to_document
from workflows.core.settings.model import CLOSED, TenantId
from workflows.partner_lookup.identifying import identify_partner
from workflows.ports.audit_log import AuditEntry
from workflows.ports.records import Commit
from workflows.ports.tenant import TenantUnavailable

S = RequestState
BLOCKS: Final = {name.value: to_document(setting) for name, setting in CLOSED.items()}
FOREIGN: Final[dict[str, Any]] = {"inboundTrust": {"isMfaAccepted": True}, "b2bDirectConnectInbound": None}
OTHER: Final = TenantId("fab0fab0-2222-4aaa-8bbb-0123456789a2")
MOVED: Final = TenantIdentity(
    tenant_id=OTHER, display_name="Contoso Two", default_domain="contosotwo.example", typed_name="contoso.com"
)
WANT_REVOKE: Final = Revoke(actor=DANA.chat_id, target=TENANT, reason="Contract ended")
BUSY = TenantUnavailable("Microsoft Graph is busy.", retry_after=3600.0)


async def unconfirmed(world: World) -> AccessRequest:
    """Have Contoso opened so far that everything is written and the tenant does not show it."""
    world.tenant.lag = 99
    request = await world.settled((await world.approved()).id)
    assert request.state is S.UNCONFIRMED
    world.tenant.lag = 0
    world.tenant.show(TENANT)
    return request


async def revocations(world: World) -> list[AccessRequest]:
    """The revocations of Contoso, newest first."""
    found = await world.store.requests_for(TENANT, 99)
    return [one for one in found if one.fields.kind is RequestKind.REVOCATION]


async def assert_blocked(world: World, tenant_id: TenantId = TENANT) -> None:
    """Check that the tenant shows every block, that this is on record, and that nothing is under way any more."""
    stands = world.tenant.partners[tenant_id]
    assert {name: stands[name] for name in BLOCKS} == BLOCKS
    stored = await world.store.partnership(tenant_id)
    assert stored is not None
    assert stored.state is PartnershipState.REVOKED
    assert await world.all_requests() == []


# --- what is open about the partner is stopped first ---


async def test_an_unconfirmed_change_that_somebody_changed_is_revoked_at_once(world: World) -> None:
    """The change was never read back. The blocks are sent in the same minute."""
    request = await unconfirmed(world)
    world.tenant.edit(TENANT, **FOREIGN)
    assert await world.store.count_pending(world.clock.now()) == (0, 1, 0), "its Apply waits in the partner's lane"
    await world.revoke(DANA)
    stopped = await world.request(request.id)
    assert stopped.state is S.STOPPED
    assert note_words(stopped.note) == (
        "Dana closed this partner before the change was verified, so the change was stopped."
    )
    assert [one.method for one in world.tenant.writes] == ["POST", "PATCH"]
    assert world.tenant.writes[-1].body == BLOCKS
    await assert_blocked(world)
    world.clock.advance(hours=2)
    await world.settle()
    assert (await world.request(request.id)) == stopped, "the Apply that waited ends quietly"
    assert await world.store.count_pending(world.clock.now()) == (0, 0, 0)
    await assert_blocked(world)


async def test_a_revocation_that_does_not_see_our_own_write_yet_waits_for_it_and_closes(world: World) -> None:
    """Planned from what the directory shows, which is nothing: its POST meets our own partner, and is planned again."""
    world.tenant.lag = 99
    request = await world.settled((await world.approved()).id)
    assert request.state is S.UNCONFIRMED
    world.tenant.lag = 0
    await world.revoke(DANA)
    (revocation,) = await revocations(world)
    assert (revocation.state, revocation.plan.before) == (S.APPLYING, None)
    assert "does not show it yet" in note_words(revocation.note)
    world.tenant.show(TENANT)
    world.clock.advance(minutes=2)
    await world.settle()
    assert [one.method for one in world.tenant.writes] == ["POST", "PATCH"]
    await assert_blocked(world)


@pytest.mark.parametrize("is_taken", [True, False], ids=["taken", "not taken"])
async def test_an_access_apply_that_waits_for_an_hour_does_not_delay_a_revocation(world: World, is_taken: bool) -> None:
    request = await world.approved()
    world.script.fail("tenant.write", BUSY, after=is_taken)
    waiting = await world.settled(request.id)
    assert (waiting.state, waiting.writing_since) == (S.APPLYING, world.clock.now())
    await world.revoke(DANA)
    assert (await world.request(request.id)).state is S.STOPPED
    assert [one.method for one in world.tenant.writes] == (["POST", "PATCH"] if is_taken else ["POST"])
    await assert_blocked(world)
    world.clock.advance(days=1)
    await world.settle()
    await assert_blocked(world)


async def test_a_write_that_lands_while_the_revocation_is_planned_is_closed_too(world: World) -> None:
    """The write was already sent when the request was stopped: the plan to block is made again."""
    request = await world.approved()

    async def revoke_during_the_write() -> None:
        await world.service.store_click(WANT_REVOKE, key="revoke-1")
        await world.settle(but=Apply)
        assert [one.state for one in await revocations(world)] == [S.APPLYING]

    world.script.during_next_call("tenant.write", revoke_during_the_write)
    await world.applier.apply(request.id)
    assert (await world.request(request.id)).state is S.STOPPED
    assert [one.method for one in world.tenant.writes] == ["POST"]
    await world.settle()
    assert [one.method for one in world.tenant.writes] == ["POST", "PATCH"]
    await assert_blocked(world)


@pytest.mark.parametrize("state", [S.PREPARING, S.AWAITING_APPROVAL, S.APPLYING, S.UNCONFIRMED])
@pytest.mark.parametrize("target", [TENANT, "contoso.com"])
async def test_every_open_access_request_of_the_partner_is_stopped(
    world: World, state: RequestState, target: str
) -> None:
    """In whatever state; its requester is told who blocked the partner."""
    if state is S.PREPARING:
        request = await world.request(await world.file())
        await world.settle(but=Prepare)
    elif state is S.AWAITING_APPROVAL:
        request = await world.waiting()
        await world.approve(request, AMARA)
    else:
        request = await (world.approved() if state is S.APPLYING else unconfirmed(world))
    assert (await world.request(request.id)).state is state
    await world.service.store_click(replace(WANT_REVOKE, target=target), key="revoke-1")
    (check,) = [one for one in await world.store.pending(world.clock.now(), 9) if one.lane == "judge:revoke-1"]
    await world.performer.perform(check.effect)
    await world.store.mark_done(check.id)
    request = await world.request(request.id)
    assert request.state is S.STOPPED
    assert note_words(request.note).startswith("Dana closed this partner")
    await world.settle()
    assert await world.request(request.id) == request
    text = f"your request {request.id} was stopped. {note_words(request.note)}"
    assert world.notifier.texts_to(RILEY.chat_id)[-1].endswith(text)
    await assert_blocked(world)


async def test_one_whose_tenant_is_not_known_yet_is_stopped_by_its_name(world: World) -> None:
    """The look-up of the domain took too long, so the request contains only the typed name."""
    request = await world.put(usual_request(S.PREPARING))
    assert (request.observation, request.prepared) == (None, None)
    await world.revoke(DANA, target="contoso.com", but=Prepare)
    assert (await world.request(request.id)).state is S.STOPPED


async def test_requests_about_other_partners_continue(world: World) -> None:
    await world.opened()
    world.tenant.add_tenant(replace(MOVED, typed_name=MOVED.default_domain))
    other = await world.waiting(target=MOVED.default_domain)
    await world.revoke(DANA)
    assert await world.request(other.id) == other
    assert [one.id for one in await world.all_requests()] == [other.id]


async def test_one_that_ends_by_itself_first_does_not_delay_the_revocation(world: World) -> None:
    request = await world.waiting()
    world.script.during_next_call(
        "store.commit", lambda: world.service.withdraw(request.id, RILEY.chat_id, key="withdraw-1")
    )
    await world.permission_check.check_click(CheckPermission(command=WANT_REVOKE, key="revoke-1"))
    assert (await world.request(request.id)).state is S.WITHDRAWN
    await world.settle()
    await assert_blocked(world)


async def test_who_may_not_revoke_stops_nothing(world: World) -> None:
    request = await world.approved()
    world.directory.assign(SAM, "security data-owner")
    await world.click(replace(WANT_REVOKE, actor=SAM.chat_id), but=Apply)
    assert await world.request(request.id) == request
    assert await world.refusals() == [(SAM.chat_id, "not_an_admin")]


# --- a revocation that does not come to its end ---


async def test_an_unconfirmed_revocation_gives_way_to_a_new_one(world: World) -> None:
    """Somebody opened the partner before the first was verified: an admin can revoke it again at once."""
    await world.opened()
    world.tenant.lag = 99
    await world.revoke(DANA)
    (first,) = await revocations(world)
    assert first.state is S.UNCONFIRMED
    world.tenant.lag = 0
    world.tenant.edit(TENANT, **FOREIGN)
    await world.revoke(SAM)
    assert await world.refusals() == []
    second, first = await revocations(world)
    assert (second.state, first.state) == (S.APPLIED, S.STOPPED)
    assert note_words(first.note).startswith("Sam closed this partner")
    assert [one.method for one in world.tenant.writes] == ["POST", "PATCH", "PATCH"]
    await assert_blocked(world)


@pytest.mark.parametrize("until", [Prepare, Apply], ids=["preparing", "applying"])
async def test_a_revocation_that_moves_is_not_asked_for_twice(world: World, until: type) -> None:
    await world.opened()
    await world.revoke(DANA, but=until)
    await world.revoke(SAM, but=until)
    assert await world.refusals() == [(SAM.chat_id, "under_way")]
    assert len(await world.all_requests()) == 1


# --- closed by somebody else ---


async def test_a_partner_closed_by_hand_is_recorded_as_revoked_without_a_write(world: World) -> None:
    """Our record says it is open, the tenant shows every block: there is only reading back to do."""
    await world.opened()
    world.tenant.edit(TENANT, **BLOCKS)
    written = len(world.tenant.attempts)
    await world.revoke(DANA)
    (request,) = await revocations(world)
    assert (request.state, request.plan.operations) == (S.APPLIED, ())
    assert request.writing_since is None
    assert len(world.tenant.attempts) == written
    assert world.notifier.texts_to(DANA.chat_id)[-1].startswith("contoso.com is blocked")
    await assert_blocked(world)
    assert "record_writing" not in [command for _, command, _ in await world.log(of=request.id)]


async def test_a_partner_closed_by_hand_and_opened_again_before_the_read_back_is_closed(world: World) -> None:
    await world.opened()
    world.tenant.edit(TENANT, **BLOCKS)
    await world.revoke(DANA, but=Apply)
    world.tenant.edit(TENANT, **FOREIGN)
    await world.settle()
    (request,) = await revocations(world)
    assert [one.method for one in request.plan.operations] == ["PATCH"]
    await assert_blocked(world)


@pytest.mark.parametrize("is_recorded", [False, True], ids=["never on record", "recorded as revoked"])
async def test_what_is_closed_already_is_proven_and_recorded_without_a_write(world: World, is_recorded: bool) -> None:
    """The person who confirms a revocation is told that the block is set, whoever set it."""
    if is_recorded:
        await world.opened()
        await world.revoke(DANA)
    else:
        world.tenant.partners[TENANT] = closed_document()
    written = len(world.tenant.attempts)
    await world.revoke(DANA)
    newest = (await world.store.requests_of(DANA.chat_id, 1))[0]
    assert (newest.state, newest.plan.operations) == (S.APPLIED, ())
    assert len(world.tenant.attempts) == written
    await assert_blocked(world)


@pytest.mark.parametrize("how", ["access", "restore", "half decided"])
async def test_a_blocked_partner_about_to_be_opened_again_is_stopped_by_revoking_again(world: World, how: str) -> None:
    """Revoked; somebody asks for it back; an admin says no once more: later approvals change nothing."""
    await world.opened()
    world.clock.advance(minutes=1)
    await world.revoke(DANA)
    world.clock.advance(minutes=1)
    if how == "restore":
        (revoked,) = await revocations(world)
        waiting = await world.settled((await restore(world, revoked)).id)
    else:
        waiting = await world.waiting()
    if how == "half decided":
        await world.approve(waiting, AMARA)
    waiting = await world.request(waiting.id)
    assert waiting.state is S.AWAITING_APPROVAL, note_words(waiting.note)
    written = len(world.tenant.attempts)
    await world.revoke(DANA)
    assert await world.refusals() == []
    stopped = await world.request(waiting.id)
    assert (stopped.state, note_words(stopped.note)) == (
        S.STOPPED,
        "Dana closed this partner before the change was verified, so the change was stopped.",
    )
    assert ("gatehouse", "stop", "accepted") in await world.log(of=waiting.id)
    assert [one.state for one in await revocations(world)] == [S.APPLIED, S.APPLIED]
    assert "is blocked" in world.notifier.texts_to(DANA.chat_id)[-1]
    for approver in (AMARA, BRUNO, CHIE):
        await world.approve(waiting, approver)
    assert {outcome for _, outcome in await world.refusals()} == {"not_now"}
    assert len(world.tenant.attempts) == written
    await assert_blocked(world)


# --- a name that leads elsewhere now ---


async def record(world: World, identity: TenantIdentity, state: PartnershipState = PartnershipState.ACTIVE) -> None:
    """Store a partnership as version 1."""
    entry = AuditEntry(key=world.key(), at=NOW, actor="t", command="put", outcome="accepted", details={})
    is_revoked = state is PartnershipState.REVOKED
    known = usual_partnership(
        version=1,
        identity=identity,
        state=state,
        request_id=RequestId("r-0"),
        next_review_at=None if is_revoked else usual_partnership().next_review_at,
    )
    assert await world.store.commit(Commit(entry=entry, partnership=known))


async def met(world: World, target: str = "contoso.com") -> tuple[TenantId, Partnership | None]:
    """Whom a command that names `target` meets."""
    identity, known = await identify_partner(target, store=world.store, tenant=world.tenant)
    assert known is None or known.identity.tenant_id == identity.tenant_id
    return identity.tenant_id, known


def item(world: World) -> None:
    """Let contoso.com lead to another tenant from now on."""
    world.tenant.tenants["contoso.com"] = MOVED
    world.tenant.tenants[OTHER] = MOVED


@pytest.mark.parametrize("is_recorded", [False, True], ids=["not on record", "on record"])
async def test_a_name_whose_old_tenant_is_revoked_leads_where_it_leads_now(world: World, is_recorded: bool) -> None:
    """Opened under A, revoked; the domain moved to B, and B is open: closing “contoso.com” must close B."""
    await world.opened()
    await world.revoke(DANA)
    item(world)
    world.tenant.edit(OTHER, **FOREIGN)
    if is_recorded:
        await record(world, MOVED)
    old, written = dict(world.tenant.partners[TENANT]), len(world.tenant.writes)
    tenant_id, known = await met(world)
    assert (tenant_id, known is not None) == (OTHER, is_recorded)
    await world.revoke(DANA, target="contoso.com")
    assert await world.refusals() == []
    assert [one.path.rpartition("/")[2] for one in world.tenant.writes[written:]] == [OTHER]
    assert world.tenant.partners[TENANT] == old
    await assert_blocked(world, OTHER)


async def test_a_name_with_a_live_record_that_leads_elsewhere_now_is_ambiguous(world: World) -> None:
    """Two tenants are possible and none is taken; each can be named by its id."""
    await world.opened()
    item(world)
    written = len(world.tenant.writes)
    await world.revoke(DANA, target="contoso.com")
    assert await world.refusals() == [(DANA.chat_id, "ambiguous_name")]
    said = world.notifier.texts_to(DANA.chat_id)[-1]
    assert f"Type the tenant ID that you mean: {', '.join(sorted([TENANT, OTHER]))}." in said
    assert len(world.tenant.writes) == written
    assert await world.all_requests() == []
    assert (await met(world, TENANT))[0] == TENANT
    assert (await met(world, OTHER))[0] == OTHER
    await world.revoke(DANA, target=TENANT)
    await assert_blocked(world)
    assert (await met(world))[0] == OTHER, "once the old one is closed, the name is clear"


async def test_a_name_that_leads_home_now_is_not_treated_as_the_partner(world: World) -> None:
    await world.opened()
    world.tenant.tenants["contoso.com"] = replace(CONTOSO, tenant_id=HOME)
    with pytest.raises(Refused) as refused:
        await met(world)
    assert refused.value.code == "ambiguous_name"
    await world.revoke(DANA)
    with pytest.raises(Refused) as refused:
        await met(world)
    assert refused.value.code == "own_tenant"


A, B = CONTOSO, replace(MOVED, typed_name="contoso.com")
LIVE, DUE, GONE = PartnershipState.ACTIVE, PartnershipState.REVIEW_DUE, PartnershipState.REVOKED


@pytest.mark.parametrize(
    ("records", "expected"),
    [
        ([(A, LIVE)], TENANT),
        ([(A, DUE)], TENANT),
        ([(A, GONE)], TENANT),
        ([(A, GONE), (B, LIVE)], OTHER),
        ([(A, LIVE), (B, GONE)], TENANT),
        ([(A, LIVE), (B, LIVE)], None),
        ([(A, GONE), (B, GONE)], None),
        ([], None),
    ],
    ids=["live", "due", "revoked", "B live", "A live", "both live", "both revoked", "none"],
)
async def test_when_entra_does_not_answer_exactly_one_record_decides(
    world: World, records: list[tuple[TenantIdentity, PartnershipState]], expected: TenantId | None
) -> None:
    for identity, state in records:
        await record(world, identity, state)
    world.script.fail("tenant.find", NO_ANSWER)
    if expected is None:
        with pytest.raises(TenantUnavailable):
            await met(world)
    else:
        tenant_id, known = await met(world)
        assert (tenant_id, known is not None) == (expected, True)


@pytest.mark.parametrize(
    ("records", "expected"),
    [
        ([(A, LIVE)], TENANT),
        ([(A, GONE)], TENANT),
        ([(A, GONE), (B, LIVE)], OTHER),
        ([(A, LIVE), (B, LIVE)], "ambiguous_name"),
        ([], "unknown_tenant"),
    ],
    ids=["live", "revoked", "B live", "both live", "none"],
)
async def test_when_the_name_leads_nowhere_any_more_the_records_decide(
    world: World, records: list[tuple[TenantIdentity, PartnershipState]], expected: str
) -> None:
    for identity, state in records:
        await record(world, identity, state)
    world.tenant.tenants.clear()
    if expected in (TENANT, OTHER):
        assert (await met(world))[0] == expected
    else:
        with pytest.raises(Refused) as refused:
            await met(world)
        assert refused.value.code == expected


async def test_a_tenant_id_on_record_needs_no_answer_from_entra(world: World) -> None:
    await record(world, A, GONE)
    calls = len(world.script.calls)
    assert (await met(world, TENANT))[0] == TENANT
    assert "tenant.find" not in world.script.calls[calls:]


async def test_a_revocation_by_name_waits_where_only_entra_could_tell(world: World) -> None:
    """It is performed when Entra answers. Nothing is stopped or written before."""
    world.tenant.edit(TENANT, **FOREIGN)
    request = await world.waiting()
    world.script.fail("tenant.find", NO_ANSWER)
    await world.revoke(DANA, target="contoso.com")
    assert await world.request(request.id) == request
    assert world.tenant.attempts == []
    request = await retried(world, request)
    assert request.state is S.STOPPED
    await assert_blocked(world)


NINA = person("Nina")


async def test_the_name_of_the_admin_who_stopped_it_is_read_by_approvers_as_well(world: World) -> None:
    world.directory.assign(NINA, "admin")
    request = await world.waiting()
    await world.click(replace(WANT_REVOKE, actor=NINA.chat_id))
    card = next(one for one in reversed(world.notifier.requests) if one.id == request.id)
    assert (card.state, note_words(card.note).startswith("Nina closed this partner")) == (S.STOPPED, True)
    for approver in (AMARA, BRUNO, CHIE):
        await world.approve(request, approver)
    assert {code for _, code in await world.refusals()} == {"not_now"}
    await assert_blocked(world)
