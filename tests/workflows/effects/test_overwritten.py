"""Our write and somebody else's change: what we may have written stays on record, the rest is planned again."""

from typing import Any, Final

import pytest

from bot.words.requests.notes import note_words
from tests.bot.words.refused import worded_refusal
from tests.workflows.core.builders import AMARA, BRUNO, CHIE, RILEY, SAM, TENANT, noted
from tests.workflows.effects.applying import (
    FORBIDDEN,
    NO_ANSWER,
    OPEN,
    SYNCHRONIZED,
    decided,
    put,
    retried,
    revocation,
    synchronizing,
)
from tests.workflows.world import World
from workflows.app.schedule.ticker import tick
from workflows.core.errors.raised import Refused
from workflows.core.errors.refusal_codes import RefusalCode
from workflows.core.partners.partnership import PartnershipState
from workflows.core.requests.commands.automatic import Stop
from workflows.core.requests.effects import Prepare
from workflows.core.requests.request import AccessRequest, RequestState
from workflows.ports.tenant import TenantRefused, TenantUnavailable

S = RequestState
FOREIGN: Final[dict[str, Any]] = {"inboundTrust": {"isMfaAccepted": True, "isHybridAzureADJoinedDeviceAccepted": True}}
"""What somebody else sets, over whatever stands."""
CREATE, CHANGE = None, OPEN


async def unconfirmed(world: World, request: AccessRequest) -> AccessRequest:
    """Write everything; the tenant does not show it yet."""
    world.tenant.lag = 99
    request = await world.settled((await put(world, request)).id)
    assert request.state is S.UNCONFIRMED
    return request


def everything_said(world: World, *requests: AccessRequest) -> str:
    """What people were told and what the cards showed."""
    shown = [f"{note_words(one.note)} {note_words(one.asked_again)}" for one in (*world.notifier.requests, *requests)]
    return " ".join([text for _, text, _ in world.notifier.told] + shown)


async def assert_overwritten(world: World, request: AccessRequest) -> None:
    """Check that the partner is on record, with its review due now, and that nothing of it is disowned."""
    assert request.state is S.OVERWRITTEN, note_words(request.note)
    assert "othing was written" not in everything_said(world, request)
    stored = await world.store.partnership(TENANT)
    assert stored is not None
    assert (stored.state, stored.request_id, stored.sponsor) == (PartnershipState.ACTIVE, request.id, SAM)
    assert stored.next_review_at == world.clock.now()
    for person in (RILEY, SAM):
        assert "Somebody else changed the partner's settings" in world.notifier.texts_to(person.chat_id)[-1]
    assert await world.all_requests() == []
    await tick(service=world.service, store=world.store, directory=world.directory, clock=world.clock)
    await world.reviews.check()
    await world.settle()
    [asked] = world.notifier.asked[-1]
    assert asked.record.state is PartnershipState.REVIEW_DUE
    await world.keep(SAM, "Checked with their admin")
    assert (SAM.chat_id, "not_as_approved") in await world.refusals()


# --- something of ours may stand ---


@pytest.mark.parametrize("before", [CREATE, CHANGE], ids=["create", "change"])
async def test_a_write_whose_answer_was_lost_and_that_somebody_changed_is_never_disowned(
    world: World, before: dict[str, Any] | None
) -> None:
    """The POST (or PATCH) was taken, its answer lost; before the retry somebody edits the partner in the portal."""
    request = await put(world, decided(before))
    world.script.fail("tenant.write", NO_ANSWER, after=True)
    waiting = await world.settled(request.id)
    assert (waiting.state, waiting.writing_since) == (S.APPLYING, world.clock.now())
    world.tenant.edit(TENANT, **FOREIGN)
    stands = dict(world.tenant.partners[TENANT])
    request = await retried(world, request)
    assert world.tenant.partners[TENANT] == stands, "nothing is written over somebody else's change"
    assert len(world.tenant.attempts) == 1
    entry = next(one for one in await world.store.history() if one.command == "record_overwritten")
    assert (entry.request_id, entry.tenant_id, entry.details["image"]) == (request.id, TENANT, stands)
    await assert_overwritten(world, request)


@pytest.mark.parametrize("before", [CREATE, CHANGE], ids=["create", "change"])
async def test_an_unconfirmed_change_that_somebody_changed_is_overwritten(
    world: World, before: dict[str, Any] | None
) -> None:
    request = await unconfirmed(world, decided(before))
    world.tenant.edit(TENANT, **FOREIGN)
    await assert_overwritten(world, await retried(world, request))
    assert len(world.tenant.attempts) == 1


async def test_a_change_right_after_our_write_is_overwritten_at_the_first_attempt(world: World) -> None:
    """The read-back is the first to see it: there was no attempt before this one, and still it is ours."""
    request = await put(world, decided())

    async def edit() -> None:
        world.tenant.edit(TENANT, **FOREIGN)

    async def edit_before_the_next_read() -> None:
        world.script.during_next_call("tenant.read_partner", edit)

    world.script.during_next_call("tenant.write", edit_before_the_next_read)
    await assert_overwritten(world, await world.settled(request.id))
    assert len(world.tenant.writes) == 1


async def test_a_partner_deleted_after_our_change_is_overwritten_too(world: World) -> None:
    """Without a configuration the defaults apply: neither the approved nor the earlier settings are active."""
    request = await unconfirmed(world, decided(CHANGE))
    world.tenant.delete(TENANT)
    request = await retried(world, request)
    entry = next(one for one in await world.store.history() if one.command == "record_overwritten")
    assert "image" not in entry.details, "there is none"
    await assert_overwritten(world, request)


async def test_what_may_have_been_written_is_remembered_over_a_crash(world: World) -> None:
    """Announced before it is sent: also where it is not known whether it was sent at all."""
    request = await put(world, decided())
    world.script.fail("tenant.write", NO_ANSWER)
    await world.settle()
    world.tenant.edit(TENANT, **FOREIGN)
    await assert_overwritten(world, await retried(world, request))
    assert world.tenant.writes == []


async def test_a_write_is_announced_once_however_often_it_is_tried(world: World) -> None:
    request = await put(world, decided())
    world.script.fail("tenant.write", NO_ANSWER, times=3)
    await world.settle()
    announced = (await world.request(request.id)).writing_since
    for _ in range(2):
        assert (await retried(world, request)).writing_since == announced
    assert (await retried(world, request)).state is S.APPLIED
    entries = [one for one in await world.store.history(request_id=request.id) if one.command == "record_writing"]
    assert [one.details["digest"] for one in entries] == [request.plan.digest]


async def test_what_is_set_already_is_not_announced_as_a_write(world: World) -> None:
    request = await put(world, decided())
    world.tenant.edit(TENANT, **dict(request.plan.configuration_after() or {}))
    request = await world.settled(request.id)
    assert (request.state, request.writing_since) == (S.APPLIED, None)
    assert [command for _, command, _ in await world.log()] == ["put", "record_applied"]


# --- several writes ---


async def test_a_policy_that_somebody_made_after_our_first_write_is_overwritten(world: World) -> None:
    """The PUT meets a policy of somebody else's, but what the POST before it wrote is ours."""
    request = await put(world, synchronizing(CREATE))

    async def make_the_policy() -> None:
        world.tenant.edit(TENANT, identitySynchronization={"userSyncInbound": {"isSyncAllowed": False}})

    async def before_the_second_write() -> None:
        world.script.during_next_call("tenant.write", make_the_policy)

    world.script.during_next_call("tenant.write", before_the_second_write)
    await assert_overwritten(world, await world.settled(request.id))
    assert [one.method for one in world.tenant.attempts] == ["POST", "PUT"]
    assert [one.method for one in world.tenant.writes] == ["POST"]


async def test_our_own_whole_change_behind_an_old_answer_is_no_drift(world: World) -> None:
    """Both writes were accepted, but an old read shows no partner: the POST finds more than it would have created."""
    request = await put(world, synchronizing(CREATE))
    world.script.fail("tenant.write", NO_ANSWER, on=2, after=True)
    waiting = await world.settled(request.id)
    assert waiting.state is S.APPLYING
    world.tenant._stale[TENANT] = (1, None)
    request = await retried(world, request)
    assert (request.state, note_words(request.asked_again)) == (S.APPLIED, "")


async def test_a_part_of_a_plan_for_what_became_a_service_provider_is_named(world: World) -> None:
    request = await put(world, synchronizing(CREATE))
    world.script.fail("tenant.write", NO_ANSWER, on=2)
    await world.settle()
    world.tenant.edit(TENANT, isServiceProvider=True)
    request = await retried(world, request)
    assert request.state is S.FAILED
    assert note_words(request.note).startswith("Only 1 of 2 changes is in the tenant (verified): ")
    assert "service provider of ours" in note_words(request.note)
    assert "Nothing was written" not in note_words(request.note)
    assert [one.method for one in world.tenant.writes] == ["POST"]


async def test_a_whole_plan_for_what_became_a_service_provider_is_confirmed(world: World) -> None:
    request = await put(world, decided(CREATE))
    world.script.fail("tenant.write", NO_ANSWER, after=True)
    await world.settle()
    world.tenant.edit(TENANT, isServiceProvider=True)
    assert (await retried(world, request)).state is S.APPLIED
    assert len(world.tenant.attempts) == 1


async def test_a_change_of_ours_on_what_became_a_service_provider_is_overwritten(world: World) -> None:
    request = await put(world, decided(CHANGE))
    world.script.fail("tenant.write", NO_ANSWER, after=True)
    await world.settle()
    world.tenant.edit(TENANT, isServiceProvider=True)
    await assert_overwritten(world, await retried(world, request))


# --- nothing of ours stands ---


async def test_a_conflict_with_other_content_is_planned_again_and_announces_nothing_any_more(world: World) -> None:
    """A 409 answers our only write: somebody else created the partner while the read still showed none."""
    request = await put(world, decided())
    world.tenant.edit(TENANT, **FOREIGN)
    world.tenant._stale[TENANT] = (1, None)
    request = await world.settled(request.id)
    assert (request.state, request.writing_since) == (S.AWAITING_APPROVAL, None)
    assert "Somebody changed this partner's settings" in note_words(request.asked_again)
    assert world.tenant.writes == []
    assert await world.store.partnership(TENANT) is None


async def test_a_change_before_our_first_write_is_planned_again(world: World) -> None:
    """Waiting for the directory is no writing."""
    request = await put(world, decided())
    world.script.fail("directory.current_roles", NO_ANSWER)
    waiting = await world.settled(request.id)
    assert (waiting.state, waiting.writing_since) == (S.APPLYING, None)
    world.tenant.edit(TENANT, **FOREIGN)
    request = await retried(world, request)
    assert (request.state, request.decisions) == (S.AWAITING_APPROVAL, ())
    assert await world.store.partnership(TENANT) is None


async def test_after_a_new_plan_a_change_is_drift_again(world: World) -> None:
    """What a former plan announced does not stick to the next one."""
    request = await put(world, decided())
    world.tenant.edit(TENANT, **FOREIGN)
    world.tenant._stale[TENANT] = (1, None)
    request = await world.settled(request.id)
    for person in (AMARA, BRUNO, CHIE):
        await world.approve(request, person)
        if person is BRUNO:
            world.tenant.edit(TENANT, isInMultiTenantOrganization=True)
    request = await world.request(request.id)
    assert request.state is S.AWAITING_APPROVAL
    assert world.tenant.writes == []


@pytest.mark.parametrize("way", ["undone before it is planned", "planned, then undone"])
async def test_drift_that_is_undone_asks_everybody_again_for_the_same_plan(world: World, way: str) -> None:
    """The same digest comes again; what was approved before counts nothing, and everybody can approve once more."""
    request = await world.approved()
    digest, clicks = request.plan.digest, [decision.person for decision in request.decisions]
    world.tenant.edit(TENANT, **FOREIGN)
    if way == "undone before it is planned":
        await world.settle(but=Prepare)
    else:
        await world.settle()
        other = await world.request(request.id)
        assert other.plan.digest != digest
        await world.approve(other, AMARA)
    world.tenant.delete(TENANT)
    if way == "planned, then undone":
        for person in (BRUNO, CHIE):
            await world.approve(other, person)
    request = await world.settled(request.id)
    assert (request.state, request.plan.digest) == (S.AWAITING_APPROVAL, digest)
    assert (request.decisions, request.verdict().open_stage) == ((), 0)
    assert note_words(request.asked_again)
    for person in (AMARA, BRUNO):
        await world.approve(request, person)
        assert (await world.request(request.id)).state is S.AWAITING_APPROVAL
    await world.approve(request, CHIE)
    request = await world.request(request.id)
    assert (request.state, [decision.person for decision in request.decisions]) == (S.APPLIED, clicks)
    assert world.tenant.writes == list(request.plan.operations)
    assert await world.refusals() == []


# --- a revocation is planned again until it holds ---


@pytest.mark.parametrize("before", [OPEN, SYNCHRONIZED], ids=["one write", "two writes"])
@pytest.mark.parametrize("when", ["applying", "unconfirmed"])
async def test_a_revocation_that_somebody_undoes_is_planned_again_until_it_is_verified(
    world: World, before: dict[str, Any], when: str
) -> None:
    if when == "unconfirmed":
        request = await unconfirmed(world, revocation(before))
    else:
        request = await put(world, revocation(before))
        world.script.fail("tenant.write", NO_ANSWER, after=True)
        request = await world.settled(request.id)
        assert (request.state, request.writing_since is None) == (S.APPLYING, False)
    world.tenant.lag = 0
    world.tenant.edit(TENANT, **FOREIGN)
    request = await retried(world, request)
    assert request.state is S.APPLIED, note_words(request.note)
    assert request.plan.before is not None
    assert request.plan.before["inboundTrust"] == FOREIGN["inboundTrust"]
    assert world.tenant.partners[TENANT]["inboundTrust"]["isMfaAccepted"] is False
    stored = await world.store.partnership(TENANT)
    assert stored is not None
    assert stored.state is PartnershipState.REVOKED
    assert "record_overwritten" not in [command for _, command, _ in await world.log()]


# --- what an admin can mend ---


@pytest.mark.parametrize("status", [401, 403])
@pytest.mark.parametrize("method", ["tenant.read_partner", "tenant.find", "directory.current_roles", "tenant.write"])
async def test_a_refusal_that_an_admin_can_mend_keeps_what_was_approved(world: World, method: str, status: int) -> None:
    """A secret that ran out, a consent that was taken back: mended days later, it is written without asking again."""
    request = await world.approved()
    refused = TenantRefused(status, "Authorization_RequestDenied", "Insufficient privileges (request-id 1).")
    # A refused look-up is told apart by another one.
    world.script.fail(method, refused, times=6 if (method, status) == ("tenant.find", 403) else 3)
    asked = len([one for one in world.notifier.requests if one.state is S.AWAITING_APPROVAL])
    for _ in range(3):
        waiting = await retried(world, request)
        assert waiting.state is S.APPLYING
        assert note_words(waiting.note).startswith(f"{refused} The request waits until an admin has corrected this.")
        assert waiting.decisions == request.decisions
        world.clock.advance(days=3)
    said = [text for text in world.notifier.texts_to(RILEY.chat_id) if "waits" in text]
    assert len(said) == 1, "a long wait is told once"
    assert world.tenant.writes == []
    request = await retried(world, request)
    assert (request.state, note_words(request.note)) == (S.APPLIED, "")
    assert world.tenant.writes == list(request.plan.operations)
    assert len([one for one in world.notifier.requests if one.state is S.AWAITING_APPROVAL]) == asked


async def test_a_refusal_that_an_admin_can_mend_is_raised_so_that_the_queue_tries_again(world: World) -> None:
    request = await put(world, decided())
    world.script.fail("tenant.write", FORBIDDEN)
    with pytest.raises(TenantUnavailable, match="waits_for_admin"):
        await world.applier.apply(request.id)


async def test_a_partly_written_revocation_that_is_forbidden_continues_where_it_stopped(world: World) -> None:
    request = await put(world, revocation(SYNCHRONIZED))
    world.script.fail("tenant.write", FORBIDDEN, on=2)
    waiting = await world.settled(request.id)
    assert waiting.state is S.APPLYING
    assert "corrected" in note_words(waiting.note)
    request = await retried(world, request)
    assert request.state is S.APPLIED
    assert world.tenant.writes == list(request.plan.operations)


# --- the request changes during the work ---


@pytest.mark.parametrize("method", ["tenant.read_partner", "tenant.find", "directory.current_roles", "tenant.write"])
@pytest.mark.parametrize("error", [None, NO_ANSWER, FORBIDDEN], ids=["answers", "no answer", "forbidden"])
async def test_an_apply_that_meets_a_request_moved_on_ends_quietly(
    world: World, method: str, error: Exception | None
) -> None:
    """An admin revoked the partner while it was being applied: nothing is raised, retried or said a second time."""
    request = await put(world, decided())
    stop = Stop(reason=noted("Dana revoked this partner before the change was confirmed."))
    world.script.during_next_call(method, lambda: world.service.advance(request.id, stop))
    if error is not None:
        world.script.fail(method, error)
    await world.applier.apply(request.id)
    request = await world.settled(request.id)
    assert (request.state, request.note) == (S.STOPPED, stop.reason)
    taken = 1 if method == "tenant.write" and error is None else 0
    assert len(world.tenant.writes) == taken, "only what was on its way when it was stopped"
    assert await world.store.partnership(TENANT) is None
    assert await world.store.count_pending(world.clock.now()) == (0, 0, 0)
    assert len(world.notifier.texts_to(RILEY.chat_id)) == 1


async def test_a_refusal_that_nobody_moved_on_for_is_not_hidden(world: World) -> None:
    request = await put(world, decided())
    world.script.fail("directory.current_roles", Refused(RefusalCode.OTHER_WORKSPACE))
    with worded_refusal(Refused, match="another workspace"):
        await world.applier.apply(request.id)
    assert (await world.request(request.id)).state is S.APPLYING
