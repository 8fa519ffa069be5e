"""Applying: compare, write what is missing, read back; never twice, never over somebody else's change."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

import pytest

from bot.words.notes import note_words, stored_words
from tests.workflows.core.builders import (
    AMARA,
    BRUNO,
    CHIE,
    DANA,
    HASHES,
    RILEY,
    SAM,
    TENANT,
    access_plan,
    approval,
    closed_document,
)
from tests.workflows.core.builders import request as usual
from tests.workflows.fakes import BLANK, PARTNERS, Crash, FakeTenant, FixedClock
from tests.workflows.world import CONTOSO, World, open_world
from workflows.core.partners.partnership import PartnershipState
from workflows.core.plans.drift import three_way
from workflows.core.plans.plan import Plan, plan_access, plan_revocation
from workflows.core.requests.alarms import AlarmCode
from workflows.core.requests.effects import Apply
from workflows.core.requests.request import AccessRequest, RequestKind, RequestState
from workflows.core.settings.canonical import JsonObject
from workflows.core.settings.documents import means_the_same, to_document
from workflows.core.settings.model import BLOCK_ALL, AutomaticRedemption, IdentitySynchronization, Property, TenantId
from workflows.effects.apply import READ_BACK_AFTER
from workflows.ports.directory import DirectoryUnavailable
from workflows.ports.tenant import TenantRefused, TenantUnavailable

S = RequestState
OTHER_TENANT = TenantId("0ddba11d-0000-4000-8000-000000000001")
OPEN: dict[str, Any] = {
    "tenantId": TENANT,
    "inboundTrust": {"isMfaAccepted": False, "isCompliantDeviceAccepted": True},
    "b2bCollaborationInbound": None,
    "crossCloudMeetingConfiguration": {"inboundAllowed": True},
}
BLOCKED: Final = to_document(BLOCK_ALL)
SYNCHRONIZED: dict[str, Any] = {
    **OPEN,
    "identitySynchronization": {"displayName": "theirs", "userSyncInbound": {"isSyncAllowed": True}},
}
NO_ANSWER = TenantUnavailable("Microsoft Graph does not answer.")
FORBIDDEN = TenantRefused(403, "Authorization_RequestDenied", "Insufficient privileges (request-id 1).")
INVALID = TenantRefused(400, "Request_BadRequest", "Invalid property (request-id 1).")


def decided(before: JsonObject | None = None) -> AccessRequest:
    """An access request whose whole chain has approved it; nothing is written yet."""
    plan = access_plan(before)
    chain = [approval(person, stage, digest=plan.digest) for person, stage in ((AMARA, 0), (BRUNO, 1), (CHIE, 1))]
    request = usual(S.APPLYING, decisions=tuple(chain))
    return replace(request, prepared=replace(request.known, plan=plan))


def synchronizing(before: JsonObject | None) -> AccessRequest:
    """A decided access request of two operations: the partner, then its synchronization policy (PUT or PATCH)."""
    plan = plan_access(
        tenant_id=TENANT,
        before=before,
        settings={
            Property.AUTOMATIC_REDEMPTION: AutomaticRedemption(inbound=True),
            Property.IDENTITY_SYNCHRONIZATION: IdentitySynchronization(is_allowed=True),
        },
        template="trusted-partner",
        template_hash=HASHES["trusted-partner"],
        duration=timedelta(days=90),
    )
    chain = [approval(person, stage, digest=plan.digest) for person, stage in ((AMARA, 0), (BRUNO, 1), (CHIE, 1))]
    request = usual(S.APPLYING, decisions=tuple(chain))
    return replace(request, prepared=replace(request.known, plan=plan))


def revocation(before: JsonObject | None) -> AccessRequest:
    """A revocation that is ready to be written."""
    request = usual(S.APPLYING, RequestKind.REVOCATION)
    plan = plan_revocation(tenant_id=TENANT, default={}, before=before)
    return replace(request, prepared=replace(request.known, plan=plan))


async def put(world: World, request: AccessRequest) -> AccessRequest:
    """Store a decided request, with the tenant as it was when the plan was made."""
    before = request.known.plan.before
    if before is not None:
        world.tenant.partners[TENANT] = dict(before)
    return await world.put(request)


async def retried(world: World, request: AccessRequest) -> AccessRequest:
    """Let a minute pass, then try what waited."""
    world.clock.advance(minutes=2)
    return await world.settled(request.id)


def told(image: JsonObject | None) -> JsonObject:
    """An image without what the service shows of every partner."""
    return {name: value for name, value in (image or {}).items() if name not in BLANK}


def assert_stands(world: World, plan: Plan) -> None:
    """Check that the tenant shows the plan's image and that every operation was written exactly once, in order."""
    assert plan.tenant_id == TENANT
    assert means_the_same(told(plan.image_after()), told(world.tenant.partners[TENANT]))
    assert world.tenant.writes == list(plan.operations)


# --- the plain way ---


async def test_a_decided_request_is_written_once_and_read_back(world: World) -> None:
    request = await put(world, decided())
    request = await world.settled(request.id)
    assert (request.state, note_words(request.note), request.confirmed_at) == (S.APPLIED, "", world.clock.now())
    assert_stands(world, request.known.plan)
    assert [(one.method, one.path) for one in world.tenant.writes] == [("POST", PARTNERS)]
    assert world.rests == [0.0]
    assert world.tenant.fresh == ["contoso.com"]
    partnership = await world.store.partnership(TENANT)
    assert partnership is not None
    assert (partnership.state, partnership.sponsor, partnership.request_id) == (
        PartnershipState.ACTIVE,
        SAM,
        request.id,
    )
    assert ("gatehouse", "record_applied", "accepted") in await world.log()
    [text] = world.notifier.texts_to(RILEY.chat_id)
    assert text.startswith("Our half of the access for Contoso Ltd (contoso.com) is set and was read back from the")
    assert world.notifier.texts_to(SAM.chat_id) == [text]
    assert world.notifier.halves == [(partnership, False)]


async def test_an_existing_partner_is_patched_and_keeps_what_the_plan_does_not_name(world: World) -> None:
    request = await put(world, decided(OPEN))
    request = await world.settled(request.id)
    assert request.state is S.APPLIED
    assert [one.method for one in world.tenant.writes if not one.may_be_refused] == ["PATCH"]
    stands = world.tenant.partners[TENANT]
    assert stands["inboundTrust"] == {"isMfaAccepted": True, "isCompliantDeviceAccepted": True}
    assert stands["crossCloudMeetingConfiguration"] == {"inboundAllowed": True}


async def test_the_audit_log_keeps_what_was_read_back(world: World) -> None:
    request = await world.settled((await put(world, decided())).id)
    entry = next(one for one in await world.store.history(request_id=request.id) if one.command == "record_applied")
    assert means_the_same(told(request.known.plan.image_after()), told(entry.details["image"]))
    assert entry.tenant_id == TENANT


async def test_a_plan_that_stands_already_is_confirmed_without_a_write(world: World) -> None:
    request = await put(world, decided())
    world.tenant.partners[TENANT] = dict(request.known.plan.image_after() or {})
    assert (await world.settled(request.id)).state is S.APPLIED
    assert world.tenant.attempts == []


@pytest.mark.parametrize(
    "state",
    [S.PREPARING, S.AWAITING_APPROVAL, S.REJECTED, S.WITHDRAWN, S.EXPIRED, S.UNFIT, S.STOPPED, S.OVERWRITTEN, S.FAILED],
)
async def test_nothing_is_read_or_written_for_a_request_that_is_not_decided(world: World, state: RequestState) -> None:
    """Not even where a stored Apply is performed late or once more."""
    request = await world.put(replace(decided(), state=state, prepared=decided().prepared))
    await world.applier.apply(request.id)
    assert await world.request(request.id) == request
    assert [call for call in world.script.calls if not call.startswith("store.")] == []


async def test_performing_a_finished_apply_again_does_nothing(world: World) -> None:
    request = await world.settled((await put(world, decided())).id)
    calls = list(world.script.calls)
    for _ in range(3):
        await world.applier.apply(request.id)
    assert world.script.calls == calls
    await world.applier.apply(replace(request, id=type(request.id)("r-unknown")).id)
    assert world.script.calls == calls


# --- what is checked once more before the first write ---


@pytest.mark.parametrize("lost", ["role", "account"])
@pytest.mark.parametrize(("person", "stage"), [(AMARA, 0), (CHIE, 1)], ids=["security", "data owner"])
async def test_a_decider_who_lost_role_or_account_reopens_the_stage(
    world: World, person: Any, stage: int, lost: str
) -> None:
    request = await put(world, decided())
    if lost == "role":
        world.directory.assign(person, "")
    else:
        world.directory.remove(person)
    request = await world.settled(request.id)
    assert request.state is S.AWAITING_APPROVAL
    assert world.tenant.attempts == []
    assert request.verdict().open_stage == stage
    assert person not in [decision.person for decision in request.decisions]
    assert len(request.decisions) == 2
    assert f"{person.name} no longer holds the role" in note_words(request.note)
    assert "Nothing was written" in note_words(request.note)
    assert await world.log() == [("test", "put", "accepted"), ("gatehouse", "reopen", "accepted")]


async def test_a_reopened_stage_can_be_decided_by_somebody_else_and_is_then_written(world: World) -> None:
    request = await world.approved()
    world.directory.assign(AMARA, "")
    request = await world.settled(request.id)
    newcomer = replace(AMARA, id=type(AMARA.id)("id-nina"), chat_id=type(AMARA.chat_id)("U-NINA"), name="Nina")
    world.directory.assign(newcomer, "security")
    await world.approve(request, newcomer)
    request = await world.request(request.id)
    assert request.state is S.APPLIED
    assert [decision.person.name for decision in request.decisions] == ["Bruno", "Chie", "Nina"]
    assert len(world.tenant.writes) == 1


@pytest.mark.parametrize("moved", ["elsewhere", "nowhere"])
async def test_a_domain_that_moved_stops_the_request(world: World, moved: str) -> None:
    request = await put(world, decided())
    if moved == "elsewhere":
        world.tenant.tenants["contoso.com"] = replace(CONTOSO, tenant_id=OTHER_TENANT)
    else:
        del world.tenant.tenants["contoso.com"]
    request = await world.settled(request.id)
    assert request.state is S.STOPPED
    assert world.tenant.attempts == []
    assert world.tenant.partners == {}
    assert (OTHER_TENANT if moved == "elsewhere" else "no tenant") in note_words(request.note)
    assert await world.store.partnership(TENANT) is None
    assert world.notifier.texts_to(RILEY.chat_id) == [
        f"Your request for Contoso Ltd (contoso.com) ended as stopped. {note_words(request.note)}"
    ]


async def test_a_revocation_needs_neither_the_domain_nor_anybodys_role(world: World) -> None:
    request = await put(world, revocation(OPEN))
    world.tenant.tenants.clear()
    world.directory.people.clear()
    assert (await world.settled(request.id)).state is S.APPLIED
    assert [call for call in world.script.calls if call.startswith(("directory", "tenant.find"))] == []


# --- drift ---


@pytest.mark.parametrize(
    ("before", "now"),
    [
        (None, OPEN),
        (OPEN, None),
        (OPEN, {**OPEN, "b2bDirectConnectInbound": BLOCKED}),
        (OPEN, {**OPEN, "crossCloudMeetingConfiguration": {"inboundAllowed": False}}),
        (OPEN, SYNCHRONIZED),
        (OPEN, {**OPEN, "inboundTrust": {"isMfaAccepted": True}}),
    ],
    ids=["appeared", "vanished", "a setting", "an undeclared field", "synchronization", "half of the plan"],
)
async def test_a_partner_that_changed_is_planned_and_asked_again(
    world: World, before: JsonObject | None, now: JsonObject | None
) -> None:
    """Nothing is written, and what was decided on the old plan counts no more."""
    request = await put(world, decided(before))
    old = request.known.plan.digest
    world.tenant.partners.pop(TENANT, None)
    if now is not None:
        world.tenant.partners[TENANT] = dict(now)
    await world.applier.apply(request.id)
    drifted = await world.request(request.id)
    assert drifted.state is S.PREPARING
    assert "planned and asked again" in note_words(drifted.asked_again)
    unknown_to_us = {"crossCloudMeetingConfiguration"}
    is_unknown_only = (
        now is not None
        and before is not None
        and {k: v for k, v in now.items() if before.get(k) != v}.keys() == unknown_to_us
    )
    blames = "Somebody changed this partner's settings" in note_words(drifted.asked_again)
    assert blames is not is_unknown_only, "nobody is blamed for what Gatehouse does not know"
    assert drifted.drift == three_way(request.known.plan, now)
    request = await world.settled(request.id)
    assert request.state is S.AWAITING_APPROVAL
    assert request.known.plan.digest != old
    assert request.known.plan.before == now
    assert request.verdict().counted == ((), ())
    assert world.tenant.attempts == []
    assert world.tenant.partners.get(TENANT) == now


async def test_after_drift_the_new_plan_is_approved_and_written_over_what_stands_now(world: World) -> None:
    request = await world.approved()
    world.tenant.partners[TENANT] = dict(OPEN)
    request = await world.settled(request.id)
    assert request.state is S.AWAITING_APPROVAL
    for person in (AMARA, BRUNO, CHIE):
        await world.approve(request, person)
    request = await world.request(request.id)
    assert request.state is S.APPLIED
    assert_stands(world, request.known.plan)
    assert [one.method for one in world.tenant.writes] == ["PATCH"]


# --- 409 ---


async def test_a_partner_that_exists_with_the_same_content_is_adopted(world: World) -> None:
    """Our own POST may have been taken by a call that broke off, and its copy of the directory read may be old."""
    request = await put(world, decided())
    world.tenant.partners[TENANT] = dict(request.known.plan.image_after() or {})
    world.tenant._stale[TENANT] = (1, None)
    request = await world.settled(request.id)
    assert request.state is S.APPLIED
    assert len(world.tenant.attempts) == 1
    assert world.tenant.writes == []


async def test_a_partner_that_exists_with_other_content_is_not_overwritten(world: World) -> None:
    request = await put(world, decided())
    world.tenant.partners[TENANT] = dict(OPEN)
    world.tenant._stale[TENANT] = (1, None)
    request = await world.settled(request.id)
    assert request.state is S.AWAITING_APPROVAL
    assert request.known.plan.before == OPEN
    assert world.tenant.writes == []
    assert world.tenant.partners[TENANT] == OPEN


async def test_a_partner_that_exists_but_does_not_show_yet_is_no_drift(world: World) -> None:
    """The POST broke off after it was taken, and the directory still shows nothing: wait for it, do not plan again."""
    world.tenant.lag = 3
    request = await put(world, decided())
    world.script.fail("tenant.write", NO_ANSWER, after=True)
    request = await world.settled(request.id)
    assert request.state is S.APPLYING
    request = await retried(world, request)
    assert (request.state, note_words(request.asked_again)) == (S.APPLYING, "")
    assert "does not show it yet" in note_words(request.note)
    request = await retried(world, request)
    assert request.state is S.APPLIED
    assert_stands(world, request.known.plan)


async def test_a_partner_that_exists_but_cannot_be_read_waits(world: World) -> None:
    request = await put(world, decided())
    world.tenant.partners[TENANT] = dict(request.known.plan.image_after() or {})
    world.tenant._stale[TENANT] = (1, None)
    world.script.fail("tenant.read_partner", FORBIDDEN, on=2)
    request = await world.settled(request.id)
    assert request.state is S.APPLYING
    assert "exists already but cannot be read" in note_words(request.note)
    assert (await retried(world, request)).state is S.APPLIED
    assert world.tenant.writes == []


# --- read-back ---


async def test_a_write_that_does_not_show_is_unconfirmed_then_applied_without_a_second_write(world: World) -> None:
    world.tenant.lag = len(READ_BACK_AFTER)
    request = await put(world, decided())
    request = await world.settled(request.id)
    assert request.state is S.UNCONFIRMED
    assert "does not show the change yet" in note_words(request.note)
    assert world.rests == list(READ_BACK_AFTER)
    assert await world.store.partnership(TENANT) is None
    request = await retried(world, request)
    assert (request.state, note_words(request.note)) == (S.APPLIED, "")
    assert_stands(world, request.known.plan)


async def test_an_unconfirmed_request_only_reads_where_the_audit_log_cannot_be_read(world: World) -> None:
    """For a quarter of an hour: the directory is replicated, and nothing that opens is sent twice blindly."""
    world.tenant.lag = len(READ_BACK_AFTER) + 4
    world.script.fail("surroundings.read_partner_changes", FORBIDDEN, times=100)
    request = await put(world, decided())
    waiting = await world.settled(request.id)
    shown, log = len(world.notifier.requests), await world.log()
    for _ in range(4):
        request = await retried(world, request)
        assert request == waiting
        assert request.state is S.UNCONFIRMED
    assert (len(world.notifier.requests), await world.log()) == (shown, log), "a long wait stays quiet"
    request = await retried(world, request)
    assert request.state is S.APPLIED
    assert len(world.notifier.requests) == shown + 1
    assert_stands(world, request.known.plan)
    told = world.notifier.texts_to(RILEY.chat_id)
    assert len(told) == 1, "waiting for the read-back is shown on the card, and nobody is told again and again"


@pytest.mark.parametrize("error", [NO_ANSWER, FORBIDDEN], ids=["no answer", "refused"])
async def test_a_read_back_that_fails_leaves_only_reading_to_do(world: World, error: Exception) -> None:
    """Every write was taken: it is never claimed that nothing was written, and nothing is written again."""
    request = await put(world, decided())
    world.tenant.lag = 1
    world.script.fail("tenant.read_partner", error, on=2, times=3)
    world.script.fail("surroundings.read_partner_changes", FORBIDDEN)
    request = await world.settled(request.id)
    assert request.state is S.UNCONFIRMED
    assert "accepted but cannot be read back" in note_words(request.note)
    for _ in range(2):
        assert (await retried(world, request)).state is S.UNCONFIRMED
    assert (await retried(world, request)).state is S.UNCONFIRMED  # readable again, and not yet shown
    request = await retried(world, request)
    assert request.state is S.APPLIED
    assert_stands(world, request.known.plan)


# --- refused ---


async def test_a_refused_write_ends_the_request_and_says_that_nothing_stands(world: World) -> None:
    request = await put(world, decided())
    world.script.fail("tenant.write", INVALID)
    request = await world.settled(request.id)
    assert (request.state, note_words(request.note)) == (S.FAILED, f"Nothing was written. {INVALID.reason}")
    assert world.tenant.partners == {}
    assert await world.store.partnership(TENANT) is None
    assert world.notifier.texts_to(RILEY.chat_id) == [
        f"Your request for Contoso Ltd (contoso.com) ended as failed. {note_words(request.note)}"
    ]


async def test_a_refused_second_write_says_which_half_stands(world: World) -> None:
    request = await put(world, synchronizing(OPEN))
    assert len(request.known.plan.operations) == 2
    world.script.fail("tenant.write", INVALID, on=2)
    request = await world.settled(request.id)
    assert request.state is S.FAILED
    assert note_words(request.note) == (
        "1 of 2 writes stand in the tenant. Written: Automatic redemption. Not written: "
        f"Identity synchronization into this tenant. {INVALID.reason}"
    )
    assert [one.path for one in world.tenant.writes] == [f"{PARTNERS}/{TENANT}"]


async def test_a_refused_revocation_is_tried_until_it_is_taken_and_the_admins_know_at_once(world: World) -> None:
    """Whatever refuses it, and on whichever write: it never ends as failed."""
    request = await put(world, revocation(SYNCHRONIZED))
    assert len(request.known.plan.required) == 2
    world.script.fail("tenant.write", INVALID, on=2, times=20)
    for _ in range(20):
        request = await retried(world, request)
        assert request.state is S.APPLYING
        assert "1 of 3 writes stand in the tenant." in note_words(request.note)
        assert INVALID.reason in note_words(request.note)
        assert await world.store.partnership(TENANT) is None, "a half is not recorded as revoked"
        [alarm] = [one for one in await world.store.open_alarms() if one.code is AlarmCode.REVOCATION_WAITS]
        assert alarm.subject == request.id
        assert alarm.values["partner"] == "Contoso Ltd (contoso.com)"
        assert INVALID.reason in stored_words(alarm.values["reason"])
        await world.watching.look()
    assert (await retried(world, request)).state is S.APPLIED
    await world.watching.look()
    assert [one for one in await world.store.open_alarms() if one.code is AlarmCode.REVOCATION_WAITS] == []


@pytest.mark.parametrize("status", [400, 404, 409, 422])
@pytest.mark.parametrize("method", ["tenant.read_partner", "tenant.write"])
async def test_a_refusal_anywhere_in_a_revocation_is_outlasted(world: World, method: str, status: int) -> None:
    request = await put(world, revocation(OPEN))
    world.script.fail(method, TenantRefused(status, "Request_BadRequest", "No."), times=3)
    for _ in range(4):
        request = await retried(world, request)
    assert request.state is S.APPLIED
    assert world.tenant.writes == list(request.known.plan.operations)


async def test_a_partner_that_vanished_between_reading_and_writing_is_planned_again(world: World) -> None:
    request = await put(world, decided(OPEN))

    async def delete() -> None:
        world.tenant.delete(TENANT)

    world.script.meanwhile("tenant.write", delete)
    request = await world.settled(request.id)
    assert (request.state, request.known.plan.before) == (S.AWAITING_APPROVAL, None)
    assert world.tenant.writes == []


async def test_a_revoked_partner_that_vanished_meanwhile_is_blocked_anew(world: World) -> None:
    """Without settings of its own the tenant's defaults would apply to it."""
    request = await put(world, revocation(OPEN))

    async def delete() -> None:
        world.tenant.delete(TENANT)

    world.script.meanwhile("tenant.write", delete)
    request = await world.settled(request.id)
    assert request.state is S.APPLIED
    assert [one.method for one in world.tenant.writes] == ["POST"]
    assert means_the_same(closed_document(), told(world.tenant.partners[TENANT]))


async def test_a_partner_that_a_write_does_not_find_and_a_read_does_is_tried_again(world: World) -> None:
    """The directory is replicated: a write can meet a copy that is behind."""
    request = await put(world, decided(OPEN))
    world.script.fail("tenant.write", TenantRefused(404, "Request_ResourceNotFound", "No such partner."), times=2)
    for _ in range(3):
        request = await retried(world, request)
    assert request.state is S.APPLIED
    assert_stands(world, request.known.plan)


async def test_when_the_tenant_cannot_be_read_nothing_is_claimed_about_what_stands(world: World) -> None:
    """An earlier attempt was cut short after its write; then the read is refused for good."""
    request = await put(world, decided())
    world.script.fail("tenant.write", NO_ANSWER, after=True)
    await world.settle()
    world.script.fail("tenant.read_partner", INVALID)
    request = await retried(world, request)
    assert request.state is S.FAILED
    assert "not known" in note_words(request.note)
    assert INVALID.reason in note_words(request.note)
    assert "Nothing was written" not in note_words(request.note)


@pytest.mark.parametrize("method", ["tenant.find", "directory.roster"])
async def test_a_check_that_graph_refuses_for_good_ends_the_request_before_any_write(world: World, method: str) -> None:
    request = await put(world, decided())
    world.script.fail(method, INVALID)
    request = await world.settled(request.id)
    assert (request.state, note_words(request.note)) == (S.FAILED, f"Nothing was written. {INVALID.reason}")
    assert world.tenant.attempts == []


# --- two operations ---


async def test_a_half_applied_revocation_resumes_with_what_is_missing(world: World) -> None:
    request = await put(world, revocation(SYNCHRONIZED))
    world.script.fail("tenant.write", NO_ANSWER, on=2)
    request = await world.settled(request.id)
    assert request.state is S.APPLYING
    request = await retried(world, request)
    assert request.state is S.APPLIED
    assert_stands(world, request.known.plan)
    assert world.tenant.partners[TENANT]["identitySynchronization"] == {
        "displayName": "theirs",
        "userSyncInbound": {"isSyncAllowed": False},
    }
    needed = [one for one in world.tenant.attempts if not one.may_be_refused]
    assert [one.path.removeprefix(f"{PARTNERS}/{TENANT}") for one in needed] == [
        "",
        "/identitySynchronization",
        "/identitySynchronization",
    ]
    partnership = await world.store.partnership(TENANT)
    assert partnership is not None
    assert partnership.state is PartnershipState.REVOKED


@pytest.mark.parametrize("case", ["create and synchronize", "change and synchronize"])
async def test_a_policy_that_exists_already_but_does_not_show_is_waited_for(world: World, case: str) -> None:
    """The PUT broke off after it was taken, and the directory still shows the partner without its policy."""
    request = await put(world, CASES[case])
    assert [one.method for one in request.known.plan.operations][-1] == "PUT"
    world.script.fail("tenant.write", NO_ANSWER, on=2, after=True)
    request = await world.settled(request.id)
    halfway = {k: v for k, v in world.tenant.partners[TENANT].items() if k != "identitySynchronization"}
    world.tenant._stale[TENANT] = (2, halfway)
    request = await retried(world, request)
    assert (request.state, note_words(request.asked_again)) == (S.APPLYING, "")
    assert "does not show it yet" in note_words(request.note)
    request = await retried(world, request)
    assert request.state is S.APPLIED
    assert_stands(world, request.known.plan)


async def test_a_policy_that_somebody_else_made_meanwhile_is_drift(world: World) -> None:
    request = await put(world, CASES["change and synchronize"])
    policy = {"displayName": "theirs", "userSyncInbound": {"isSyncAllowed": False}}
    seen = {**OPEN, "automaticUserConsentSettings": {"inboundAllowed": True}}
    world.tenant.partners[TENANT] = {**seen, "identitySynchronization": policy}
    world.tenant._stale[TENANT] = (1, dict(seen))
    request = await world.settled(request.id)
    assert request.state is S.AWAITING_APPROVAL
    assert request.drift is not None
    (sync,) = [one for one in request.drift.settings if one.name == "identitySynchronization"]
    assert (sync.approved_from, sync.now) == (None, policy)
    assert world.tenant.writes == []


# --- who the partner has become ---


async def test_a_partner_that_became_a_service_provider_is_refused_with_the_reason(world: World) -> None:
    request = await put(world, decided(OPEN))
    world.tenant.partners[TENANT]["isServiceProvider"] = True
    request = await world.settled(request.id)
    assert request.state is S.STOPPED
    assert "service provider of ours" in note_words(request.note)
    assert note_words(request.note).endswith("Nothing was written.")
    assert world.tenant.attempts == []


async def test_closing_a_service_provider_is_not_refused(world: World) -> None:
    """Closing needs less than opening: what Graph says of it is Graph's to say."""
    request = await put(world, revocation({**OPEN, "isServiceProvider": True}))
    assert (await world.settled(request.id)).state is S.APPLIED


async def test_an_id_of_another_cloud_that_nobody_here_can_resolve_is_written(world: World) -> None:
    request = decided()
    known = request.known
    unresolved = replace(known.observation.identity, is_resolved=False, asked=TENANT)
    request = replace(
        request,
        particulars=replace(request.particulars, target=TENANT),
        prepared=replace(known, observation=replace(known.observation, identity=unresolved)),
    )
    world.tenant.tenants.clear()
    assert (await world.settled((await put(world, request)).id)).state is S.APPLIED


# --- no answer ---


@pytest.mark.parametrize(
    ("method", "error"),
    [
        ("tenant.read_partner", NO_ANSWER),
        ("tenant.find", NO_ANSWER),
        ("tenant.write", NO_ANSWER),
        ("directory.roster", DirectoryUnavailable("Slack does not answer.")),
    ],
)
async def test_a_neighbour_that_does_not_answer_is_waited_for_and_that_is_said_once(
    world: World, method: str, error: Exception
) -> None:
    request = await put(world, decided())
    world.script.fail(method, error, times=5)
    await world.settle()
    for _ in range(4):
        waiting = await retried(world, request)
        assert (waiting.state, note_words(waiting.note)) == (S.APPLYING, f"{error} Gatehouse keeps trying.")
    assert [text for text in world.notifier.texts_to(RILEY.chat_id) if "waits" in text] == [
        f"Your request for Contoso Ltd (contoso.com) waits: {error} Gatehouse keeps trying."
    ]
    assert len(world.notifier.requests) == 1
    request = await retried(world, request)
    assert (request.state, note_words(request.note)) == (S.APPLIED, "")
    assert_stands(world, request.known.plan)
    assert [outcome for _, command, outcome in await world.log() if command == "record_delayed"] == ["accepted"]


async def test_what_waits_is_raised_for_the_outbox_to_try_again(world: World) -> None:
    request = await put(world, decided())
    busy = TenantUnavailable("Microsoft Graph is busy.", retry_after=17.0)
    world.script.fail("tenant.write", busy)
    with pytest.raises(TenantUnavailable) as caught:
        await world.applier.apply(request.id)
    assert caught.value.retry_after == 17.0


# --- crashes ---

CASES: Final = {
    "create": decided(),
    "change": decided(OPEN),
    "create and synchronize": synchronizing(None),
    "change and synchronize": synchronizing(OPEN),
    "change and synchronize again": synchronizing(
        {**OPEN, "identitySynchronization": {"userSyncInbound": {"isSyncAllowed": False}}}
    ),
    "revoke with synchronization": revocation(SYNCHRONIZED),
}


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("case", CASES)
async def test_a_crash_at_any_call_neither_repeats_nor_loses_a_write(tmp_path: Path, case: str, when: str) -> None:
    """Kill the process around the first call to a neighbour, around the second, and so on; start again each time."""
    points = 0
    while await _crashed_at(points + 1, when == "after", tmp_path / f"{points}.db", CASES[case]):
        points += 1
    assert points >= 5, "read, checks, write, read-back, commit"


async def _crashed_at(point: int, is_after: bool, path: Path, request: AccessRequest) -> bool:
    """Apply with a crash at one point, restart, check the end; False when there is no such point."""
    tenant, clock = FakeTenant(), FixedClock()
    tenant.add_tenant(CONTOSO)
    crashed = False
    async with open_world(path, clock=clock, tenant=tenant) as world:
        await put(world, request)
        world.script.fail("", Crash(), on=point, after=is_after)
        try:
            await world.applier.apply(request.id)
        except Crash:
            crashed = True
    async with open_world(path, clock=clock, tenant=tenant) as world:
        done = await world.settled(request.id)
        assert done.state is S.APPLIED
        assert_stands(world, request.known.plan)
        assert [command for _, command, _ in await world.log()] == ["put", "record_writing", "record_applied"]
        assert await world.store.count_pending(clock.now()) == (0, 0, 0)
    return crashed


@pytest.mark.parametrize("case", CASES)
async def test_a_write_taken_by_a_call_that_broke_off_is_not_repeated(world: World, case: str) -> None:
    request = await put(world, CASES[case])
    world.script.fail("tenant.write", NO_ANSWER, after=True)
    request = await world.settled(request.id)
    assert request.state is S.APPLYING
    request = await retried(world, request)
    assert request.state is S.APPLIED
    assert_stands(world, request.known.plan)
    assert world.tenant.attempts == world.tenant.writes


# --- two requests about one partner ---


async def test_a_revocation_and_an_access_request_of_one_partner_share_a_lane(world: World) -> None:
    """What was approved is given up where it stands, and its stored Apply ends quietly; the partner ends closed."""
    request = await world.approved()
    world.tenant.partners[TENANT] = dict(OPEN)
    await world.revoke(DANA, but=Apply)
    assert await world.lanes() == [f"tenant:{TENANT}"]
    assert await world.store.count_pending(world.clock.now()) == (2, 0, 0)
    await world.settle()
    request = await world.request(request.id)
    assert request.state is S.STOPPED, note_words(request.note)
    assert note_words(request.note).startswith("Dana revoked this partner before the change was confirmed.")
    assert means_the_same(
        {k: v for k, v in world.tenant.partners[TENANT].items() if k != "crossCloudMeetingConfiguration"},
        closed_document(),
    )
    assert [one.method for one in world.tenant.writes if not one.may_be_refused] == ["PATCH"]


async def test_nothing_is_opened_before_graph_has_named_its_tenant(world: World) -> None:
    world.tenant.is_never_named = True
    request = await put(world, decided())
    request = await world.settled(request.id)
    assert (request.state, request.writing_since) == (S.APPLYING, None)
    assert "which tenant" in note_words(request.note)
    assert world.tenant.attempts == []
    world.tenant.is_never_named = False
    assert (await retried(world, request)).state is S.APPLIED


async def test_closing_does_not_wait_until_graph_has_named_its_tenant(world: World) -> None:
    world.tenant.is_never_named = True
    request = await put(world, revocation(OPEN))
    assert (await world.settled(request.id)).state is S.APPLIED
