"""A restore: requested, planned from the current settings, approved, applied; a revocation stops it."""

import asyncio
import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from bot.words.findings.finding import finding_words
from bot.words.refusals.sentences import fact_words
from bot.words.requests.notes import note_words
from bot.words.requests.titles import prepared_title
from tests.workflows.core.builders import AMARA, BRUNO, CHIE, DANA, MALLORY, RILEY, SAM, TENANT, request
from tests.workflows.effects.applying import OPEN, put, synchronizing
from tests.workflows.world import CATALOG, World
from workflows.app.requests.forms import InvalidForm
from workflows.app.requests.restoration import restore_intake
from workflows.app.requests.restoration.restore_intake import RestoreForm
from workflows.app.schedule.ticker import tick
from workflows.catalog.catalog import Catalog
from workflows.core.checks.findings import Severity
from workflows.core.partners.partnership import PartnershipState
from workflows.core.people import Role
from workflows.core.plans.plan import TenantIdentity
from workflows.core.requests.alarms import AlarmCode
from workflows.core.requests.effects import Apply
from workflows.core.requests.notes import NoteCode
from workflows.core.requests.request import AccessRequest, RequestId, RequestKind, RequestState
from workflows.core.settings.documents import to_document
from workflows.core.settings.model import BLOCK_ALL, InboundTrust, Property
from workflows.ports.tenant import TenantRefused, TenantUnavailable
from workflows.store.codec import REQUEST, dump, load

S = RequestState
OPENED = {"isMfaAccepted": True, "isCompliantDeviceAccepted": True}


def form(change: AccessRequest | str, **filled: Any) -> RestoreForm:
    usual = {
        "requester": RILEY.chat_id,
        "tenant_id": TENANT,
        "restored_request_id": change if isinstance(change, str) else change.id,
        "justification": "Revoked by mistake",
        "sponsor": SAM.chat_id,
        "days": 180,
    }
    return RestoreForm(**{**usual, **filled})


async def file(world: World, change: AccessRequest, **filled: Any) -> AccessRequest:
    """File a restore request; nothing of what follows is performed."""
    return await world.request(await world.restore_intake().file(form(change, **filled), key=world.key()))


async def problems(world: World, filled: RestoreForm) -> dict[str, str]:
    with pytest.raises(InvalidForm) as caught:
        await world.restore_intake().file(filled, key=world.key())
    return {name: fact_words(one) for name, one in caught.value.problems.items()}


async def newest(world: World) -> AccessRequest:
    return (await world.store.requests_for(TENANT, 1))[0]


@pytest.fixture
async def revocation(world: World) -> AccessRequest:
    """Contoso was opened, then revoked."""
    await world.opened()
    world.clock.advance(minutes=1)
    await world.revoke(DANA)
    revoked = await newest(world)
    assert (revoked.fields.kind, revoked.state) == (RequestKind.REVOCATION, S.APPLIED)
    world.clock.advance(minutes=1)
    return revoked


async def test_a_revocation_is_restored_by_the_whole_chain(world: World, revocation: AccessRequest) -> None:
    opened = revocation.plan.before
    waiting = await world.settled((await file(world, revocation)).id)
    assert waiting.state is S.AWAITING_APPROVAL, note_words(waiting.note)
    known = waiting.require_prepared()
    assert known.template_title == "Trusted partner"
    assert prepared_title(known) == f"Restore of {revocation.id} (approval policy of “Trusted partner”)"
    assert known.stages == CATALOG.templates["trusted-partner"].stages
    assert known.restored is not None
    assert (known.restored.request_id, known.restored.person) == (revocation.id, DANA)
    for person in (AMARA, BRUNO):
        await world.approve(waiting, person)
    assert (await world.request(waiting.id)).state is S.AWAITING_APPROVAL
    assert len(world.tenant.writes) == 2
    await world.approve(waiting, CHIE)
    done = await world.request(waiting.id)
    assert done.state is S.APPLIED, note_words(done.note)
    for name in Property:
        assert (world.tenant.partners[TENANT].get(name) or None) == ((opened or {}).get(name) or None) or name in (
            Property.INBOUND_TRUST,
            Property.AUTOMATIC_REDEMPTION,
        )
    assert world.tenant.partners[TENANT]["inboundTrust"] == {**OPENED, "isHybridAzureADJoinedDeviceAccepted": None}
    partnership = await world.store.partnership(TENANT)
    assert partnership is not None
    assert partnership.state is PartnershipState.ACTIVE
    assert (partnership.template, partnership.request_id) == ("trusted-partner", waiting.id)
    assert (partnership.template_title, partnership.restored_from) == ("Trusted partner", revocation.id)
    assert partnership.review_interval == CATALOG.templates["trusted-partner"].review_interval
    assert partnership.ends_at == world.clock.now() + timedelta(days=180)


async def test_the_first_opening_is_restored_by_the_strongest_chain_and_nothing_is_deleted(
    world: World, revocation: AccessRequest
) -> None:
    first = (await world.store.requests_for(TENANT, 9))[-1]
    waiting = await world.settled((await file(world, first)).id)
    assert waiting.state is S.AWAITING_APPROVAL, note_words(waiting.note)
    assert sum(stage.quorum for stage in waiting.require_prepared().stages) == 3, "to inherit is no proven narrowing"
    assert "restores_inheritance" in {finding.code for finding in waiting.require_prepared().findings}
    for person in (AMARA, BRUNO, CHIE):
        await world.approve(waiting, person)
    assert (await world.request(waiting.id)).state is S.APPLIED
    assert all(world.tenant.partners[TENANT][name] is None for name in ("inboundTrust", "b2bCollaborationInbound"))
    assert {operation.method for operation in world.tenant.attempts} == {"POST", "PATCH"}


async def test_a_proven_narrowing_needs_one_approver_and_prolongs_nothing(
    world: World, revocation: AccessRequest
) -> None:
    """Put back the revocation, then put that back: everything closes again."""
    reopened = await world.settled((await file(world, revocation, days=90)).id)
    for person in (AMARA, BRUNO, CHIE):
        await world.approve(reopened, person)
    world.clock.advance(minutes=1)
    waiting = await world.settled((await file(world, await world.request(reopened.id))).id)
    assert [stage.quorum for stage in waiting.require_prepared().stages] == [1]
    await world.approve(waiting, AMARA)
    assert (await world.request(waiting.id)).state is S.APPLIED
    partnership = await world.store.partnership(TENANT)
    assert partnership is not None
    assert partnership.state is PartnershipState.REVOKED


# --- what is filed, and what is refused at the field ---


async def test_what_is_wrong_is_said_at_its_field(world: World, revocation: AccessRequest) -> None:
    assert set(await problems(world, form("R-AAAAAAAAAA", justification=" "))) == {"restores", "justification"}
    assert "Choose one" in (await problems(world, form("")))["restores"]
    assert "allows 90, 180" in (await problems(world, form(revocation, days=7)))["duration"]
    assert "at most" in (await problems(world, form(revocation, days=3650)))["duration"]
    world.directory.remove(SAM)
    assert set(await problems(world, form(revocation))) == {"sponsor"}
    assert set(await problems(world, form(revocation, requester=SAM.chat_id, sponsor=RILEY.chat_id))) == {"restores"}


async def test_another_partners_change_is_not_restored_here(world: World, revocation: AccessRequest) -> None:
    other = TenantIdentity(
        tenant_id=type(TENANT)("0a0a0a0a-1c1f-4a8a-9d30-1d2f00c0ffee"),
        display_name="Fabrikam",
        default_domain="fabrikam.com",
        typed_name="fabrikam.com",
    )
    world.tenant.add_tenant(other)
    found = await problems(world, form(revocation, tenant_id=other.tenant_id))
    assert f"{revocation.id}, because it is no change of this partner" in found["restores"]


async def test_the_current_settings_so_already_is_nothing_to_restored(world: World, revocation: AccessRequest) -> None:
    world.tenant.partners[TENANT] = dict(revocation.plan.before or {})
    assert "nothing to restore" in (await problems(world, form(revocation)))["restores"]


async def test_a_value_without_a_name_is_refused_at_the_field(world: World, revocation: AccessRequest) -> None:
    before = {
        **(revocation.plan.before or {}),
        "appServiceConnectInbound": {"applications": {"accessType": "unknownFutureValue"}},
    }
    change = replace(
        revocation,
        id=RequestId("R-BBBBBBBBBB"),
        prepared=replace(revocation.require_prepared(), plan=replace(revocation.plan, before=before)),
    )
    await world.put(change)
    assert "cannot be restored" in (await problems(world, form(change)))["restores"]


async def test_nobody_to_decide_is_said_at_the_field(world: World, revocation: AccessRequest) -> None:
    world.directory.roles.pop(BRUNO.id)
    assert "“Data owners”" in (await problems(world, form(revocation)))["restores"]


async def test_a_refusal_of_graph_is_said_at_the_field(world: World, revocation: AccessRequest) -> None:
    world.script.fail("tenant.find", TenantRefused(403, "denied", "No permission."), times=2)
    assert "Tell an admin" in (await problems(world, form(revocation)))["restores"]


async def test_what_cannot_be_read_in_time_is_filed_and_waits(
    world: World, revocation: AccessRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.script.fail("tenant.read_partner", TenantUnavailable("Graph does not answer."))
    filed = await file(world, revocation)
    assert (filed.state, filed.observation) == (S.PREPARING, None)
    assert filed.fields.template == "trusted-partner"
    assert (await world.settled(filed.id)).state is S.AWAITING_APPROVAL
    await world.service.withdraw(filed.id, RILEY.chat_id, key=world.key())
    monkeypatch.setattr(restore_intake, "TIMEOUT_SECONDS", 0.0)
    assert (await file(world, revocation)).observation is None


async def test_one_submission_delivered_twice_is_one_request(world: World, revocation: AccessRequest) -> None:
    filled = form(revocation)
    ids = await asyncio.gather(*(world.restore_intake().file(filled, key="submission-1") for _ in range(5)))
    assert len(set(ids)) == 1
    [entry] = [e for e in await world.store.history(request_id=ids[0]) if e.command == "submit"]
    assert (entry.details["kind"], entry.details["restores"]) == ("restoration", revocation.id)


# --- what happens between the filing and the end ---


async def test_a_revocation_stops_an_open_restore(world: World, revocation: AccessRequest) -> None:
    waiting = await world.settled((await file(world, revocation)).id)
    world.tenant.edit(TENANT, inboundTrust=OPENED)
    await world.revoke(DANA)
    stopped = await world.request(waiting.id)
    assert stopped.state is S.STOPPED
    assert [fact.code for fact in stopped.note] == [NoteCode.REVOKED_MEANWHILE]
    assert world.tenant.partners[TENANT]["inboundTrust"]["isMfaAccepted"] is False


async def test_a_revocation_stops_a_restore_that_is_still_being_prepared(
    world: World, revocation: AccessRequest
) -> None:
    world.script.fail("tenant.read_partner", TenantUnavailable("Graph does not answer."))
    filed = await file(world, revocation)
    world.tenant.edit(TENANT, inboundTrust=OPENED)
    await world.revoke(DANA)
    assert (await world.request(filed.id)).state is S.STOPPED


async def test_drift_before_the_first_write_asks_again_with_a_new_plan(world: World, revocation: AccessRequest) -> None:
    waiting = await world.settled((await file(world, revocation)).id)
    for person in (AMARA, BRUNO, CHIE):
        await world.approve(waiting, person, but=Apply)
    trust = to_document(InboundTrust(mfa=True, compliant_device=False, hybrid_joined_device=False))
    world.tenant.edit(TENANT, inboundTrust=trust)
    again = await world.settled(waiting.id)
    assert again.state is S.AWAITING_APPROVAL
    assert again.drift is not None
    assert again.plan.digest != waiting.plan.digest
    assert again.decisions == ()


async def test_a_changed_template_asks_again(world: World, revocation: AccessRequest) -> None:
    waiting = await world.settled((await file(world, revocation)).id)
    changed = replace(CATALOG.templates["trusted-partner"], content_hash="another")
    catalog = Catalog(templates={**CATALOG.templates, "trusted-partner": changed}, roles=CATALOG.roles)
    world.permission_check = replace(world.permission_check, catalog=catalog)
    world.performer = replace(
        world.performer, permission_check=world.permission_check, preparer=replace(world.preparer, catalog=catalog)
    )
    await world.approve(waiting, AMARA)
    again = await world.request(waiting.id)
    assert note_words(again.asked_again).startswith("The template changed")
    assert again.plan.template_hash == "another"


async def test_a_template_that_is_gone_leaves_it_to_the_strongest_chain(
    world: World, revocation: AccessRequest
) -> None:
    filed = await file(world, revocation)
    left = {name: one for name, one in CATALOG.templates.items() if name != "trusted-partner"}
    world.performer = replace(
        world.performer, preparer=replace(world.preparer, catalog=Catalog(templates=left, roles=CATALOG.roles))
    )
    waiting = await world.settled(filed.id)
    assert waiting.state is S.AWAITING_APPROVAL, note_words(waiting.note)
    assert waiting.plan.template in left
    assert waiting.plan.template != filed.fields.template


async def test_what_somebody_else_changed_after_a_write_is_overwritten_and_can_be_restored(
    world: World, revocation: AccessRequest
) -> None:
    """The write's answer was lost, then somebody used the portal: the current settings are not ours."""
    waiting = await world.settled((await file(world, revocation)).id)
    for person in (AMARA, BRUNO, CHIE):
        await world.approve(waiting, person, but=Apply)
    world.script.fail("tenant.write", TenantUnavailable("reset"), after=True)
    await world.settle()
    world.tenant.edit(TENANT, inboundTrust={"isMfaAccepted": True, "isCompliantDeviceAccepted": False})
    world.clock.advance(minutes=5)
    ended = await world.settled(waiting.id)
    assert ended.state is S.OVERWRITTEN, note_words(ended.note)
    assert ended.id in {one.id for one in await world.restore_intake().changes(TENANT)}
    await approved_settings_are_restored(world, ended)


async def approved_settings_are_restored(world: World, ended: AccessRequest) -> None:
    """The sweep tells the difference and offers Restore, which goes through as everywhere."""
    await world.sweep()
    (alarm,) = [one for one in await world.store.open_alarms() if one.code is AlarmCode.DRIFT]
    assert alarm.values["can_be_restored"]
    filled = await world.restore_intake().approved_form(RILEY.chat_id, TENANT, "As it was approved")
    assert filled.restored_request_id == ended.id
    waiting = await world.settled(await world.restore_intake().file(filled, key=world.key()))
    assert waiting.state is S.AWAITING_APPROVAL, note_words(waiting.note)
    for person in (AMARA, BRUNO, CHIE):
        await world.approve(waiting, person)
    assert (await world.request(waiting.id)).state is S.APPLIED
    assert (await world.sweep()).drifts == 0


@pytest.mark.parametrize("is_taken", [True, False], ids=["taken", "not taken"])
async def test_what_was_stopped_before_its_end_can_be_restored(world: World, is_taken: bool) -> None:
    """It is unknown whether the write arrived; the plan starts from the current settings."""
    setup = await world.approved()
    world.script.fail("tenant.write", TenantUnavailable("busy", retry_after=3600.0), after=is_taken)
    await world.settle()
    await world.revoke(DANA)
    setup = await world.request(setup.id)
    assert (setup.state, setup.writing_since is None) == (S.STOPPED, False)
    assert setup.id in {one.id for one in await world.restore_intake().changes(TENANT)}
    waiting = await world.settled((await file(world, setup)).id)
    assert waiting.state is S.AWAITING_APPROVAL, note_words(waiting.note)
    assert "restores_a_part" in {finding.code for finding in waiting.require_prepared().findings}
    for person in (AMARA, BRUNO, CHIE):
        await world.approve(waiting, person)
    assert (await world.request(waiting.id)).state is S.APPLIED
    assert world.tenant.partners[TENANT]["b2bCollaborationInbound"] is None


async def test_what_failed_before_its_end_can_be_restored(world: World) -> None:
    """The partner is written, but synchronization is refused: only a part is set."""
    setup = await put(world, synchronizing(OPEN))
    world.script.fail("tenant.write", TenantRefused(400, "invalid", "No."), on=2)
    setup = await world.settled(setup.id)
    assert setup.state is S.FAILED
    assert [one.id for one in await world.restore_intake().changes(TENANT)] == [setup.id]
    waiting = await world.settled((await file(world, setup)).id)
    assert waiting.state is S.AWAITING_APPROVAL, note_words(waiting.note)
    assert [one.method for one in waiting.plan.operations] == ["PATCH"]
    for person in (AMARA, BRUNO, CHIE):
        await world.approve(waiting, person)
    assert (await world.request(waiting.id)).state is S.APPLIED


async def test_the_approved_settings_of_a_partly_applied_change_can_be_restored(world: World) -> None:
    setup = await put(world, synchronizing(OPEN))
    world.script.fail("tenant.write", TenantRefused(400, "invalid", "No."), on=2)
    setup = await world.settled(setup.id)
    assert (setup.state, setup.applied_part) == (S.FAILED, 1)
    world.tenant.edit(TENANT, b2bDirectConnectInbound=to_document(BLOCK_ALL))
    await world.sweep()
    filled = await world.restore_intake().approved_form(RILEY.chat_id, TENANT, "As it was approved")
    waiting = await world.settled(await world.restore_intake().file(filled, key=world.key()))
    assert waiting.state is S.AWAITING_APPROVAL, note_words(waiting.note)
    assert waiting.require_prepared().restored is not None


async def test_a_group_that_was_deleted_meanwhile_is_restored_with_a_warning(world: World) -> None:
    """A restore cannot correct that, and the ID has no effect: the approvers see it."""
    ours, theirs, application = (f"5f0a1b2c-000{n}-4d3e-8f90-a1b2c3d4e5f6" for n in range(3))
    placeholders = {"pilot_group": theirs, "project_group": ours, "partner_application": application}
    world.tenant.tenant_settings.names[theirs] = None
    opened = await world.approved(template="regulated-project", days=90, placeholders=placeholders)
    assert (await world.settled(opened.id)).state is S.APPLIED
    world.clock.advance(minutes=1)
    await world.revoke(DANA)
    world.tenant.tenant_settings.names[ours] = None
    filed = await file(world, await newest(world), days=90)
    waiting = await world.settled(filed.id)
    assert waiting.state is S.AWAITING_APPROVAL, note_words(waiting.note)
    (gone,) = [one for one in waiting.require_prepared().findings if one.code == "target_gone"]
    assert gone.severity is Severity.WARNING
    assert ours in finding_words(gone)
    for person in (AMARA, BRUNO, CHIE):
        await world.approve(waiting, person)
    assert (await world.request(waiting.id)).state is S.APPLIED


async def test_undecided_it_expires(world: World, revocation: AccessRequest) -> None:
    waiting = await world.settled((await file(world, revocation)).id)
    world.clock.advance(days=30)
    await tick(service=world.service, store=world.store, directory=world.directory, clock=world.clock)
    assert (await world.settled(waiting.id)).state is S.EXPIRED


async def test_approved_by_somebody_who_lost_the_role_it_is_open_again(world: World, revocation: AccessRequest) -> None:
    waiting = await world.settled((await file(world, revocation)).id)
    for person in (AMARA, BRUNO, CHIE):
        await world.approve(waiting, person, but=Apply)
    world.directory.roles[CHIE.id] = frozenset({Role("nothing")})
    assert (await world.settled(waiting.id)).state is S.AWAITING_APPROVAL
    assert world.tenant.partners[TENANT]["inboundTrust"]["isMfaAccepted"] is False


def test_requests_that_were_stored_before_there_were_restores_still_load() -> None:
    document = json.loads(dump(REQUEST, request(S.APPLIED)))
    del document["particulars"]["restores"], document["prepared"]["restored"]
    assert load(REQUEST, json.dumps(document)) == request(S.APPLIED)


async def test_requester_and_sponsor_do_not_decide_on_it(world: World, revocation: AccessRequest) -> None:
    world.directory.assign(MALLORY, "security")
    filed = await file(world, revocation, requester=AMARA.chat_id)
    waiting = await world.settled(filed.id)
    await world.approve(waiting, AMARA)
    await world.approve(waiting, SAM)
    assert (await world.request(waiting.id)).decisions == ()


async def test_in_another_cloud_what_never_was_cannot_be_restored(world: World) -> None:
    """There, a tenant without settings is blocked, and one whose settings all inherit is not."""
    world.tenant.tenants.clear()
    world.tenant.tenant_settings.access_policy = {"allowedCloudEndpoints": ["microsoftonline.us"]}
    opened = await world.settled(await world.file(target=TENANT, template="trusted-partner"))
    for person in (AMARA, BRUNO, CHIE):
        await world.approve(opened, person)
    opened = await world.request(opened.id)
    assert opened.state is S.APPLIED, note_words(opened.note)
    found = await problems(world, form(opened))
    assert "Revoke the partner instead" in found["restores"]
