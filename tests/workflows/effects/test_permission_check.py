"""Permission checks of clicks: with today's roles, once each, in one order; refusals are recorded and sent."""

import asyncio
import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import pytest

from bot.words.refusals.sentences import fact_words
from bot.words.requests.notes import note_words, refusal_words
from tests.workflows.core.builders import AMARA, BRUNO, CHIE, DANA, MALLORY, RILEY, SAM, TENANT, closed_document, person
from tests.workflows.fakes import BLANK, HOME, FakeDirectory
from tests.workflows.world import CATALOG, CONTOSO, World, restarted
from workflows.catalog.catalog import Catalog
from workflows.core.errors.facts import fact_from_value
from workflows.core.errors.raised import Refused
from workflows.core.errors.refusal_codes import RefusalCode
from workflows.core.partners.partnership import PartnershipState
from workflows.core.people import CurrentRoles, Person
from workflows.core.policy.approval import Choice
from workflows.core.policy.reviews.terms import AttestedText, MfaAttestation
from workflows.core.requests.commands.clicks import Click
from workflows.core.requests.commands.partner_record import Revoke
from workflows.core.requests.commands.request import Reject
from workflows.core.requests.effects import Apply, CheckPermission
from workflows.core.requests.notes import NoteCode
from workflows.core.requests.request import RequestId, RequestKind, RequestState
from workflows.core.settings.documents import is_equivalent
from workflows.ports.people_directory import PeopleDirectoryUnavailable
from workflows.ports.tenant import TenantRefused, TenantUnavailable

S = RequestState
MORE_OWNERS = tuple(person(f"Owner{number}") for number in range(8))


async def judge_at_once(world: World, *clicks: Click) -> None:
    """Check clicks in parallel, as the queue worker does; a failed check is repeated."""
    pending = [await world.received(click) for click in clicks]
    for _ in range(5):
        outcomes = await asyncio.gather(*map(world.permission_check.check_click, pending), return_exceptions=True)
        if not any(outcomes):
            return
    raise AssertionError(outcomes)


# --- who may approve ---


async def test_the_whole_chain_leads_to_applying(world: World) -> None:
    request = await world.waiting()
    for approver, state in ((AMARA, S.AWAITING_APPROVAL), (BRUNO, S.AWAITING_APPROVAL), (CHIE, S.APPLYING)):
        await world.approve(request, approver, but=Apply)
        request = await world.request(request.id)
        assert request.state is state
    assert [decision.person for decision in request.decisions] == [AMARA, BRUNO, CHIE]
    assert await world.refusals() == []
    assert world.tenant.attempts == []
    assert [line for line in await world.log(of=request.id) if line[1] in ("want_approve", "approve")] == [
        (AMARA.chat_id, "want_approve", "received"),
        (AMARA.chat_id, "approve", "accepted"),
        (BRUNO.chat_id, "want_approve", "received"),
        (BRUNO.chat_id, "approve", "accepted"),
        (CHIE.chat_id, "want_approve", "received"),
        (CHIE.chat_id, "approve", "accepted"),
    ]


@pytest.mark.threats("C1")
@pytest.mark.parametrize(
    ("actor", "code", "words"),
    [
        (RILEY, "own_request", "You can't approve your own request"),
        (SAM, "sponsor", "because you are the partner's sponsor"),
        (BRUNO, "not_your_turn", "“Security” decides before your stage"),
        (MALLORY, "not_an_approver", "you do not have the role “security”"),
        (person("Unknown"), "not_one_account", "no account"),
    ],
    ids=lambda value: getattr(value, "name", ""),
)
async def test_a_refused_approval_is_recorded_and_said_where_it_was_clicked(
    world: World, actor: Person, code: str, words: str
) -> None:
    request = await world.waiting()
    await world.approve(request, actor)
    assert await world.request(request.id) == request
    assert await world.refusals() == [(actor.chat_id, code)]
    ((told, text, channel),) = [one for one in world.notifier.told if one[0] == actor.chat_id]
    assert words in text
    assert (told, channel) == (actor.chat_id, "C-PARTNERS")
    entry = (await world.store.history(limit=1))[0]
    assert (entry.command, entry.request_id, entry.details["code"]) == ("want_approve", request.id, code)
    assert fact_words(fact_from_value(entry.details)) == text


@pytest.mark.threats("B3", "B4")
async def test_whom_the_directory_refuses_never_approves(world: World) -> None:
    request = await world.waiting()
    refused = Refused(RefusalCode.WORKSPACE_GUEST)
    world.directory.refusals[AMARA.chat_id] = refused
    await world.approve(request, AMARA)
    assert await world.request(request.id) == request
    assert await world.refusals() == [(AMARA.chat_id, "workspace_guest")]
    assert world.notifier.texts_to(AMARA.chat_id) == [refusal_words(refused)]


@pytest.mark.threats("C3")
async def test_an_approval_is_checked_with_the_roles_of_today(world: World) -> None:
    """It does not matter who had the role when the request was shown."""
    request = await world.waiting()
    world.directory.assign(AMARA, "data-owner")
    world.directory.assign(MALLORY, "security")
    await world.approve(request, AMARA)
    await world.approve(request, MALLORY)
    assert await world.refusals() == [(AMARA.chat_id, "not_your_turn")]
    assert [decision.person for decision in (await world.request(request.id)).decisions] == [MALLORY]


@pytest.mark.threats("B4", "C3")
@pytest.mark.parametrize("lost", ["role", "account"])
async def test_an_earlier_approval_does_not_count_once_its_giver_lost_role_or_account(world: World, lost: str) -> None:
    """The chain is not complete by two data owners alone: the first stage is open again."""
    request = await world.waiting()
    await world.approve(request, AMARA)
    await world.approve(request, BRUNO)
    if lost == "role":
        world.directory.assign(AMARA, "")
    else:
        world.directory.remove(AMARA)
    await world.approve(request, CHIE)
    assert (await world.request(request.id)).state is S.AWAITING_APPROVAL
    assert await world.refusals() == [(CHIE.chat_id, "not_your_turn")]
    world.directory.assign(MALLORY, "security")
    await world.approve(request, MALLORY, but=Apply)
    await world.approve(request, CHIE, but=Apply)
    assert (await world.request(request.id)).state is S.APPLYING


async def test_a_click_that_does_not_complete_the_chain_reads_nobody_else(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[list[str]] = []
    current_roles = FakeDirectory.current_roles

    async def noted(directory: FakeDirectory, people: Sequence[Person]) -> CurrentRoles:
        read.append([one.name for one in people])
        return await current_roles(directory, people)

    monkeypatch.setattr(FakeDirectory, "current_roles", noted)
    request = await world.waiting()
    for person_ in (AMARA, BRUNO, CHIE):
        await world.approve(request, person_, but=Apply)
    assert read == [["Amara"], ["Bruno"], ["Chie"], ["Chie", "Amara", "Bruno"]]
    await world.settle()
    assert read[-1] == ["Amara", "Bruno", "Chie"], "they are read again before the write"


async def test_who_lost_the_role_is_found_by_the_next_click_that_depends_on_it(world: World) -> None:
    """A second member of the first stage takes their place, although the second stage has begun."""
    request = await world.waiting()
    await world.approve(request, AMARA)
    world.directory.assign(AMARA, "")
    world.directory.assign(MALLORY, "security")
    await world.approve(request, BRUNO)
    await world.approve(request, MALLORY)
    await world.approve(request, CHIE, but=Apply)
    stored = await world.request(request.id)
    assert [one.person.name for one in stored.decisions] == ["Amara", "Bruno", "Mallory", "Chie"]
    assert stored.state is S.APPLYING


@pytest.mark.threats("C4")
async def test_a_card_of_another_version_is_refused(world: World) -> None:
    request = await world.waiting()
    await world.click(world.approval(request, AMARA, digest=type(request.plan.digest)("0" * 64)))
    assert await world.refusals() == [(AMARA.chat_id, "stale_card")]
    assert (await world.request(request.id)).decisions == ()


async def test_an_unknown_request_is_refused(world: World) -> None:
    request = await world.waiting()
    await world.click(replace(world.approval(request, AMARA), request_id=RequestId("R-NOWHERE")))
    assert await world.refusals() == [(AMARA.chat_id, "unknown_request")]


@pytest.mark.threats("C9")
async def test_a_rejection_ends_the_request_and_its_reason_reaches_the_requester(world: World) -> None:
    request = await world.waiting()
    await world.reject(request, AMARA, "Their last audit failed")
    ended = await world.request(request.id)
    assert (ended.state, note_words(ended.note)) == (S.REJECTED, "Rejected by Amara: Their last audit failed")
    assert "Their last audit failed" in world.notifier.texts_to(RILEY.chat_id)[-1]
    await world.approve(request, AMARA)
    assert await world.refusals() == [(AMARA.chat_id, "not_now")]
    assert await world.request(request.id) == ended
    assert world.tenant.attempts == []


@pytest.mark.threats("C8")
@pytest.mark.parametrize("late", [timedelta(0), timedelta(days=1)])
async def test_after_its_expiry_a_request_cannot_be_decided(world: World, late: timedelta) -> None:
    """Also where the clock has not been asked yet what is due."""
    request = await world.waiting()
    world.clock.moment = request.expires_at + late
    await world.approve(request, AMARA)
    assert await world.refusals() == [(AMARA.chat_id, "expired")]
    assert (await world.request(request.id)).decisions == ()


# --- repetition and concurrency ---


async def test_one_click_delivered_twenty_times_counts_once(world: World) -> None:
    """One after the other, all at once, and once more after a restart."""
    request = await world.waiting()
    click = world.approval(request, AMARA)
    for _ in range(20):
        await world.service.store_click(click, key="delivery-1")
    await asyncio.gather(*(world.service.store_click(click, key="delivery-1") for _ in range(20)))
    await world.settle()
    async with restarted(world) as again:
        await asyncio.gather(*(again.service.store_click(click, key="delivery-1") for _ in range(20)))
        await again.settle()
        stored = await again.request(request.id)
        assert [decision.person for decision in stored.decisions] == [AMARA]
        entries = [line for line in await again.log(of=request.id) if line[0] == AMARA.chat_id]
    assert entries == [(AMARA.chat_id, "want_approve", "received"), (AMARA.chat_id, "approve", "accepted")]


async def test_one_check_performed_many_times_counts_once(world: World) -> None:
    """The queue worker performs at least once: after a crash between the verdict and its end, or side by side."""
    request = await world.waiting()
    effect = await world.received(world.approval(request, AMARA), key="delivery-1")
    await asyncio.gather(*(world.permission_check.check_click(effect) for _ in range(10)))
    calls = list(world.script.calls)
    await world.permission_check.check_click(effect)
    assert world.script.calls == calls, "what is judged already is not asked about again"
    assert [decision.person for decision in (await world.request(request.id)).decisions] == [AMARA]
    refused = await world.received(world.approval(request, MALLORY), key="delivery-2")
    await asyncio.gather(*(world.permission_check.check_click(refused) for _ in range(10)))
    await world.settle()
    assert await world.refusals() == [(MALLORY.chat_id, "not_an_approver")]
    assert len(world.notifier.texts_to(MALLORY.chat_id)) == 1


@pytest.mark.threats("C2", "C6")
async def test_fifty_clicks_of_one_person_at_once_count_once(world: World) -> None:
    """Fifty deliveries with fifty keys by one person, who has the roles of both stages."""
    world.directory.assign(AMARA, "security data-owner")
    request = await world.waiting()
    await judge_at_once(world, *[world.approval(request, AMARA)] * 50)
    await world.settle()
    stored = await world.request(request.id)
    assert stored.state is S.AWAITING_APPROVAL
    assert [decision.person for decision in stored.decisions] == [AMARA]
    assert await world.refusals() == [(AMARA.chat_id, "already_decided")] * 49


@pytest.mark.threats("C6")
async def test_two_people_who_approve_at_once_both_count(world: World) -> None:
    """Each check sees the other approval, so the policy is complete and the request continues."""
    request = await world.waiting()
    await world.approve(request, AMARA)
    await judge_at_once(world, world.approval(request, BRUNO), world.approval(request, CHIE))
    stored = await world.request(request.id)
    assert {decision.person.name for decision in stored.decisions} == {"Amara", "Bruno", "Chie"}
    assert stored.state is S.APPLYING
    await world.settle()
    assert len(world.tenant.writes) == 1


async def test_who_approved_while_the_roles_were_read_still_counts(world: World) -> None:
    """The roles are read before Bruno decides and used after that. Without Bruno nobody could decide any more."""
    request = await world.waiting()
    await world.approve(request, AMARA)
    bruno = await world.received(world.approval(request, BRUNO), key="bruno")
    world.script.during_next_call("directory.current_roles", lambda: world.permission_check.check_click(bruno))
    await world.approve(request, CHIE, but=Apply)
    stored = await world.request(request.id)
    assert [decision.person.name for decision in stored.decisions] == ["Amara", "Bruno", "Chie"]
    assert stored.state is S.APPLYING


@pytest.mark.threats("C6")
async def test_many_people_who_approve_at_once_fill_the_quorum_and_no_more(world: World) -> None:
    request = await world.waiting()
    await world.approve(request, AMARA)
    for owner in MORE_OWNERS:
        world.directory.assign(owner, "data-owner")
    await judge_at_once(world, *(world.approval(request, owner) for owner in MORE_OWNERS))
    await world.settle()
    stored = await world.request(request.id)
    assert (stored.state, len(stored.decisions)) == (S.APPLIED, 3)
    assert len(world.tenant.writes) == 1
    assert {code for _, code in await world.refusals()} == {"not_now"}
    assert len(await world.refusals()) == len(MORE_OWNERS) - 2


@pytest.mark.threats("C6")
@pytest.mark.parametrize("turn", range(4))
async def test_of_an_approval_and_a_rejection_at_once_the_rejection_wins(world: World, turn: int) -> None:
    """Whichever was checked first. There is never a state that both have made, and nothing is written."""
    request = await world.waiting(template="guest-collaboration")
    world.directory.assign(MALLORY, "security")
    approve = world.approval(request, AMARA)
    reject = Reject(actor=MALLORY.chat_id, request_id=request.id, digest=approve.digest, reason="No")
    clicks: list[Click] = [approve, reject] if turn % 2 else [reject, approve]
    await judge_at_once(world, *clicks)
    await world.settle()
    stored = await world.request(request.id)
    assert (stored.state, world.tenant.attempts) == (S.REJECTED, [])
    assert stored.decisions[-1].choice is Choice.REJECT
    is_approved_first = len(stored.decisions) == 2
    assert [code for _, code in await world.refusals()] == ([] if is_approved_first else ["not_now"])
    assert "No" in world.notifier.texts_to(RILEY.chat_id)[-1]


@pytest.mark.threats("C6")
async def test_a_rejection_that_waits_for_its_check_is_checked_before_the_first_write(world: World) -> None:
    """It was received before the write; that the chat system did not answer meanwhile changes nothing."""
    request = await world.approved()
    world.script.fail("directory.identify", PeopleDirectoryUnavailable("Slack does not answer."), times=2)
    await world.reject(request, DANA, "No")
    for _ in range(2):
        waiting = await world.request(request.id)
        assert (waiting.state, world.tenant.attempts) == (S.APPLYING, [])
        assert NoteCode.REJECTION_UNCHECKED in [fact.code for fact in waiting.note]
        world.clock.advance(minutes=2)
        await world.settle()
    assert ((await world.request(request.id)).state, world.tenant.attempts) == (S.REJECTED, [])


@pytest.mark.threats("C6")
@pytest.mark.parametrize("who", [AMARA, DANA], ids=["who approved", "an admin"])
async def test_an_approved_request_of_which_nothing_is_written_can_be_rejected(world: World, who: Person) -> None:
    request = await world.approved()
    await world.reject(request, who, "They lost the contract")
    ended = await world.settled(request.id)
    assert (ended.state, world.tenant.attempts) == (S.REJECTED, [])
    assert "They lost the contract" in note_words(ended.note)


@pytest.mark.threats("C6")
async def test_a_rejection_after_the_first_write_was_stored_is_refused(world: World) -> None:
    """The partner is closed with a revocation then; the person is told so."""
    request = await world.approved()
    rejection = Reject(actor=DANA.chat_id, request_id=request.id, digest=request.plan.digest, reason="No")
    check = CheckPermission(command=rejection, key="late")
    world.script.during_next_call("tenant.write", lambda: world.permission_check.check_click(check))
    assert (await world.settled(request.id)).state is S.APPLIED
    assert await world.refusals() == [(DANA.chat_id, "cannot_reject_any_more")]


# --- neighbours that do not answer ---


@pytest.mark.threats("B4")
@pytest.mark.parametrize(
    "error", [PeopleDirectoryUnavailable("Slack does not answer."), TenantUnavailable("No answer.")]
)
@pytest.mark.parametrize("method", ["directory.identify", "directory.current_roles"])
async def test_a_click_that_cannot_be_checked_waits_says_so_once_and_counts_in_the_end(
    world: World, method: str, error: Exception
) -> None:
    request = await world.waiting()
    world.script.fail(method, error, times=3)
    await world.approve(request, AMARA)
    for _ in range(2):
        world.clock.advance(minutes=2)
        await world.settle()
        assert (await world.request(request.id)).decisions == ()
    (said,) = world.notifier.texts_to(AMARA.chat_id)
    assert said.startswith("Your click is received. Still checking your permission")
    world.clock.advance(minutes=2)
    await world.settle()
    assert [decision.person for decision in (await world.request(request.id)).decisions] == [AMARA]
    assert await world.refusals() == []


@pytest.mark.parametrize("method", ["directory.identify", "directory.current_roles"])
async def test_a_click_that_graph_refuses_to_check_is_refused_and_recorded(world: World, method: str) -> None:
    """Waiting does not help when a permission is missing: the person is told."""
    request = await world.waiting()
    world.script.fail(method, TenantRefused(403, "Authorization_RequestDenied", "Insufficient privileges."))
    await world.approve(request, AMARA)
    assert await world.refusals() == [(AMARA.chat_id, "cannot_be_judged")]
    (said,) = world.notifier.texts_to(AMARA.chat_id)
    assert "Insufficient privileges. Tell an admin" in said
    await world.approve(request, AMARA)
    assert [decision.person for decision in (await world.request(request.id)).decisions] == [AMARA]


# --- a template that changed ---


def changed_catalog(content_hash: str = "another") -> Catalog:
    """The shipped catalog after somebody edited a template."""
    edited = replace(CATALOG.templates["trusted-partner"], content_hash=content_hash)
    return replace(CATALOG, templates={**CATALOG.templates, "trusted-partner": edited})


@pytest.mark.threats("C11")
@pytest.mark.parametrize("click", ["approve", "reject"])
async def test_a_changed_template_is_planned_and_asked_again(world: World, click: str) -> None:
    request = await world.waiting()
    await world.approve(request, AMARA)
    async with restarted(world, catalog=changed_catalog()) as later:
        if click == "approve":
            await later.approve(request, BRUNO)
        else:
            await later.reject(request, BRUNO)
        again = await later.request(request.id)
        assert again.state is S.AWAITING_APPROVAL
        assert again.plan.digest != request.plan.digest
        assert again.verdict().counted_people == ((), ())
        assert "template changed" in note_words(again.asked_again)
        assert await later.refusals() == [(BRUNO.chat_id, "template_changed")]
        assert later.notifier.texts_to(BRUNO.chat_id)[0].endswith("Decide on the new card.")
        for approver in (AMARA, BRUNO, CHIE):
            await later.approve(again, approver)
        assert (await later.request(request.id)).state is S.APPLIED
        assert len(later.tenant.writes) == 1


async def test_a_template_that_is_gone_ends_the_request(world: World) -> None:
    request = await world.waiting()
    less = replace(CATALOG, templates={"guest-collaboration": CATALOG.templates["guest-collaboration"]})
    async with restarted(world, catalog=less) as again:
        await again.approve(request, AMARA)
        ended = await again.request(request.id)
    assert ended.state is S.UNFIT
    assert "no template “trusted-partner” any more" in note_words(ended.note)


# --- reviews ---


async def test_keep_is_for_the_sponsor_and_admins_when_a_review_is_due(world: World) -> None:
    request = await world.opened()
    await world.keep(SAM)
    await world.review()
    await world.keep(MALLORY)
    await world.keep(SAM, "The launch moved to July")
    await world.keep(DANA)
    assert await world.refusals() == [
        (SAM.chat_id, "not_due"),
        (MALLORY.chat_id, "not_the_sponsor"),
        (DANA.chat_id, "not_due"),
    ]
    stored = await world.store.partnership(TENANT)
    assert stored is not None
    assert stored.state is PartnershipState.ACTIVE
    assert [(one.person, one.reason) for one in stored.attestations] == [(SAM, "The launch moved to July")]
    assert stored.request_id == request.id


async def test_a_trusted_partner_is_kept_only_with_its_mfa_attested(world: World) -> None:
    """The template in force asks for it; the record says who attested, what, and until when."""
    await world.opened()
    await world.review()
    await world.keep(SAM, attests=None)
    assert await world.refusals() == [(SAM.chat_id, "mfa_not_attested")]
    await world.keep(SAM)
    stored = await world.store.partnership(TENANT)
    assert stored is not None
    [answer] = stored.attestations
    assert answer.mfa == MfaAttestation(text=AttestedText.EVERYBODY_USES_MFA, until=answer.at + timedelta(days=180))


async def test_keep_of_an_unknown_partner_is_refused(world: World) -> None:
    await world.keep(SAM)
    assert await world.refusals() == [(SAM.chat_id, "unknown_partner")]


# --- revocation ---


@pytest.mark.parametrize(("actor", "is_asked"), [(DANA, False), (DANA, True), (SAM, True)])
async def test_an_admin_or_the_sponsor_who_is_asked_revokes_alone(world: World, actor: Person, is_asked: bool) -> None:
    """An admin at any time, the sponsor in answer to a review."""
    await world.opened()
    world.directory.assign(SAM, "")
    if is_asked:
        await world.review()
    await world.revoke(actor)
    stored = await world.store.partnership(TENANT)
    assert stored is not None
    assert stored.state is PartnershipState.REVOKED
    assert [one.method for one in world.tenant.writes] == ["POST", "PATCH"]
    (newest, _) = await world.store.requests_for(TENANT, 9)
    assert (newest.fields.kind, newest.fields.requester) == (RequestKind.REVOCATION, actor.chat_id)
    assert newest.fields.justification == "Contract ended"
    assert world.notifier.texts_to(actor.chat_id)[-1].startswith("contoso.com is blocked")


@pytest.mark.parametrize("is_asked", [False, True], ids=["no review", "review due"])
@pytest.mark.parametrize("actor", [MALLORY, AMARA, RILEY], ids=["nobody", "approver", "requester"])
async def test_nobody_else_revokes(world: World, actor: Person, is_asked: bool) -> None:
    await world.opened()
    world.directory.assign(RILEY, "security data-owner")
    if is_asked:
        await world.review()
    await world.revoke(actor)
    assert await world.refusals() == [(actor.chat_id, "not_an_admin")]
    assert "Only partner admins can revoke" in world.notifier.texts_to(actor.chat_id)[-1]
    assert await world.all_requests() == []
    assert len(world.tenant.writes) == 1


async def test_the_sponsor_revokes_only_when_asked(world: World) -> None:
    await world.opened()
    world.directory.assign(SAM, "security data-owner")
    await world.revoke(SAM)
    assert await world.refusals() == [(SAM.chat_id, "not_an_admin")]
    assert len(world.tenant.writes) == 1


async def test_the_sponsor_of_another_partner_does_not_revoke_this_one(world: World) -> None:
    await world.opened()
    world.directory.assign(SAM, "")
    await world.review()
    other = replace(CONTOSO, tenant_id=type(TENANT)("fab0fab0-2222-4aaa-8bbb-0123456789a2"), default_domain="f.com")
    world.tenant.add_tenant(other)
    await world.revoke(SAM, target="f.com")
    assert await world.refusals() == [(SAM.chat_id, "not_an_admin")]


async def test_an_admin_closes_a_partner_that_gatehouse_never_opened(world: World) -> None:
    await world.revoke(DANA, target="contoso.com")
    assert [one.method for one in world.tenant.writes] == ["POST"]
    assert is_equivalent(closed_document(), {k: v for k, v in world.tenant.partners[TENANT].items() if k not in BLANK})
    stored = await world.store.partnership(TENANT)
    assert stored is not None
    assert (stored.state, stored.sponsor) == (PartnershipState.REVOKED, DANA)


async def test_a_second_revocation_while_one_is_open_is_refused(world: World) -> None:
    await world.opened()
    await world.revoke(DANA, but=Apply)
    (first,) = await world.all_requests()
    await world.revoke(SAM, but=Apply)
    assert await world.refusals() == [(SAM.chat_id, "under_way")]
    assert first.id in world.notifier.texts_to(SAM.chat_id)[-1]
    await world.settle()
    assert len(world.tenant.writes) == 2


async def test_what_is_revoked_already_is_not_written_again(world: World) -> None:
    await world.opened()
    await world.revoke(DANA)
    await world.revoke(DANA)
    assert len(world.tenant.writes) == 2
    assert await world.all_requests() == []
    text = world.notifier.texts_to(DANA.chat_id)[-1]
    assert re.search(
        r"is blocked \(request R-\w+\): Requested by .* B2B collaboration and direct connect are blocked", text
    ), text


async def test_two_revocations_at_one_moment_write_once(world: World) -> None:
    await world.opened()
    await judge_at_once(
        world,
        Revoke(actor=DANA.chat_id, target=TENANT, reason="Contract ended"),
        Revoke(actor=SAM.chat_id, target=TENANT, reason="Contract ended"),
    )
    await world.settle()
    assert [one.method for one in world.tenant.writes] == ["POST", "PATCH"]
    assert await world.all_requests() == []
    stored = await world.store.partnership(TENANT)
    assert stored is not None
    assert stored.state is PartnershipState.REVOKED


async def test_one_confirmed_revocation_is_submitted_once(world: World) -> None:
    await world.opened()
    effect = CheckPermission(command=Revoke(actor=DANA.chat_id, target=TENANT, reason=""), key="delivery-1")
    await asyncio.gather(*(world.permission_check.check_click(effect) for _ in range(10)))
    await world.permission_check.check_click(effect)
    assert len(await world.all_requests()) == 1
    await world.settle()
    assert await world.refusals() == []
    assert len(world.tenant.writes) == 2


@pytest.mark.parametrize(
    ("target", "code"),
    [("nowhere.example", "unknown_tenant"), ("00000000-1111-4222-8333-444444444444", "unknown_tenant")],
)
async def test_a_tenant_that_nobody_knows_is_not_revoked(world: World, target: str, code: str) -> None:
    await world.revoke(DANA, target=target)
    assert await world.refusals() == [(DANA.chat_id, code)]
    assert target in world.notifier.texts_to(DANA.chat_id)[0]


async def test_the_own_tenant_is_not_revoked(world: World) -> None:
    world.tenant.add_tenant(replace(CONTOSO, tenant_id=HOME, default_domain="woodgrove.com"))
    await world.revoke(DANA, target="woodgrove.com")
    assert await world.refusals() == [(DANA.chat_id, "own_tenant")]


@pytest.mark.parametrize("target", [TENANT, "contoso.com", "asked.example"])
async def test_a_partner_that_no_longer_resolves_is_still_revoked_by_our_own_record(world: World, target: str) -> None:
    world.tenant.add_tenant(CONTOSO, "asked.example")
    request = await world.waiting(target="asked.example")
    for approver in (AMARA, BRUNO, CHIE):
        await world.approve(request, approver)
    world.tenant.tenants.clear()
    await world.revoke(DANA, target=target)
    assert await world.refusals() == []
    stored = await world.store.partnership(TENANT)
    assert stored is not None
    assert stored.state is PartnershipState.REVOKED


async def test_an_admin_who_lost_the_role_revokes_no_more(world: World) -> None:
    await world.opened()
    world.directory.assign(DANA, "security")
    await world.revoke(DANA)
    assert await world.refusals() == [(DANA.chat_id, "not_an_admin")]
