"""An adoption: filed, prepared, approved and recorded. Nothing is ever written to the tenant."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest

from bot.words.refusals.sentences import fact_words
from bot.words.requests.notes import note_words
from tests.workflows.core.builders import AMARA, BRUNO, CHIE, DANA, MALLORY, NOW, RILEY, SAM, TENANT
from tests.workflows.world import CATALOG, World
from workflows.app.adoption.adopt_intake import AdoptForm
from workflows.app.requests.forms import InvalidForm
from workflows.app.requests.restoration.restore_intake import RestoreForm
from workflows.app.schedule.ticker import tick
from workflows.core.checks.findings import FindingCode
from workflows.core.errors.facts import Fact
from workflows.core.errors.refusal_codes import RefusalCode
from workflows.core.partners.partnership import PartnershipState
from workflows.core.people import ADMIN, ChatId, Person, PersonId
from workflows.core.plans.planning import plan_access
from workflows.core.policy.risk import RiskLevel, risk_for_approval
from workflows.core.posture.adoption.adoption_plan import settings_digest
from workflows.core.requests.effects import Apply
from workflows.core.requests.request import AccessRequest, RequestKind, RequestState
from workflows.core.settings.block import BLOCK
from workflows.core.settings.partner_changes import PartnerChange
from workflows.ports.tenant import TenantRefused, TenantUnavailable

S = RequestState
ALL_USERS = [{"target": "AllUsers", "targetType": "user"}]
ALL_APPLICATIONS = [{"target": "AllApplications", "targetType": "application"}]
WIDE = {
    "b2bCollaborationInbound": {
        "usersAndGroups": {"accessType": "allowed", "targets": ALL_USERS},
        "applications": {"accessType": "allowed", "targets": ALL_APPLICATIONS},
    },
    "inboundTrust": {"isMfaAccepted": True, "isCompliantDeviceAccepted": True},
}


def settings_of(template: str) -> dict[str, Any]:
    """What a shipped template sets for a partner that had nothing."""
    found = CATALOG.templates[template]
    plan = plan_access(
        tenant_id=TENANT,
        before=None,
        settings=found.settings,
        template=template,
        template_hash=found.content_hash,
        duration=found.longest,
    )
    return dict(plan.configuration_after() or {})


def configure(world: World, settings: Mapping[str, Any]) -> None:
    """Configure Contoso outside of Gatehouse."""
    world.tenant.delete(TENANT)
    world.tenant.edit(TENANT, **{name: value for name, value in settings.items() if name != "tenantId"})


def made_by(world: World, *people: Person, ago: timedelta = timedelta(hours=1)) -> None:
    """Let the audit log say who added and changed Contoso."""
    world.tenant.tenant_settings.changes[TENANT] = [
        PartnerChange(
            at=world.clock.now() - ago + timedelta(minutes=number),
            activity="Update a partner cross-tenant access setting",
            changed_by=person.name,
            is_ours=False,
            user_id=person.id,
            is_creation=number == 0,
        )
        for number, person in enumerate(people)
    ]


def form(world: World, **filled: Any) -> AdoptForm:
    usual = {
        "requester": RILEY.chat_id,
        "tenant_id": TENANT,
        "shown_settings": settings_digest(world.tenant.partners.get(TENANT)),
        "justification": "Their engineers work with us since 2024",
        "sponsor": SAM.chat_id,
        "days": 180,
    }
    return AdoptForm(**{**usual, **filled})


async def file(world: World, **filled: Any) -> AccessRequest:
    request_id = await world.adopt_intake().file(form(world, **filled), key=world.key())
    return await world.settled(request_id)


async def problems(world: World, **filled: Any) -> dict[str, str]:
    with pytest.raises(InvalidForm) as caught:
        await world.adopt_intake().file(form(world, **filled), key=world.key())
    return {name: one.code for name, one in caught.value.problems.items()}


async def test_what_stands_becomes_the_record_and_nothing_is_written(world: World) -> None:
    """It has the sponsor, the end and the reviews of the approval, and is read back once more before it is stored."""
    configure(world, WIDE)
    made_by(world, MALLORY)
    request = await file(world)
    assert request.state is S.AWAITING_APPROVAL, note_words(request.note)
    assert request.fields.kind is RequestKind.ADOPTION
    assert request.plan.operations == ()
    assert [stage.quorum for stage in request.require_prepared().stages] == [1, 2]
    assert risk_for_approval(request.plan, {}).level is RiskLevel.HIGH
    for person in (AMARA, BRUNO):
        await world.approve(request, person)
    assert (await world.request(request.id)).state is S.AWAITING_APPROVAL
    await world.approve(request, CHIE)
    request = await world.request(request.id)
    assert request.state is S.APPLIED, note_words(request.note)
    record = await world.store.partnership(TENANT)
    assert record is not None
    assert record.state is PartnershipState.ACTIVE
    assert record.is_adopted
    assert (record.template, record.template_title) == ("", "")
    assert record.sponsor == SAM
    assert record.ends_at == NOW + timedelta(days=180)
    assert record.stages == request.require_prepared().stages
    assert world.tenant.attempts == []
    log = [command for _, command, _ in await world.log(of=request.id)]
    assert log[0] == "submit"
    assert log[-1] == "record_applied"
    entry = (await world.store.history(request_id=request.id, limit=1))[0]
    assert entry.details["digest"] == request.plan.digest


async def test_a_template_that_gives_exactly_these_settings_decides(world: World) -> None:
    """One approver of that template is enough when its risk asks for no more, and the author is known."""
    configure(world, settings_of("guest-collaboration"))
    world.tenant.default = {"isServiceDefault": True, **BLOCK}
    made_by(world, MALLORY)
    request = await file(world)
    prepared = request.require_prepared()
    assert prepared.template_title == "Guest collaboration"
    assert request.plan.adoption is not None
    assert request.plan.adoption.equal_template == "guest-collaboration"
    assert [(stage.title, stage.quorum) for stage in prepared.stages][:1] == [("Security", 1)]
    codes = {finding.code for finding in prepared.findings}
    assert FindingCode.EQUALS_NO_TEMPLATE not in codes
    assert FindingCode.MADE_BY in codes


async def test_nobody_whom_the_log_names_as_author_decides(world: World) -> None:
    """Neither as the first nor as a later author; they are not asked, and a click is refused with the reason."""
    world.directory.assign(DANA, "security data-owner admin")
    configure(world, WIDE)
    made_by(world, MALLORY, BRUNO)
    request = await file(world)
    assert {one.id for one in request.require_prepared().authors} == {MALLORY.id, BRUNO.id}
    await world.approve(request, AMARA)
    await world.approve(request, BRUNO)
    assert (BRUNO.chat_id, RefusalCode.AUTHOR_MAY_NOT_DECIDE) in await world.refusals()
    for person in (CHIE, DANA):
        await world.approve(request, person)
    assert (await world.request(request.id)).state is S.APPLIED


@pytest.mark.parametrize("why", ["log_unreadable", "too_old", "not_a_person"])
async def test_an_unknown_author_asks_for_one_approver_more(world: World, why: str) -> None:
    configure(world, WIDE)
    if why == "log_unreadable":
        world.script.fail("surroundings.read_partner_changes", TenantRefused(403, "Forbidden", "No"), times=9)
    elif why == "not_a_person":
        made_by(world, Person(id=MALLORY.id, chat_id=MALLORY.chat_id, name="A script"))
        [entry] = world.tenant.tenant_settings.changes[TENANT]
        world.tenant.tenant_settings.changes[TENANT] = [
            PartnerChange(at=entry.at, activity=entry.activity, changed_by="A script", is_ours=False, is_creation=True)
        ]
    request = await file(world)
    prepared = request.require_prepared()
    [finding] = [one for one in prepared.findings if one.code is FindingCode.AUTHOR_UNKNOWN]
    assert finding.values["why"] == why
    assert [(stage.role, stage.quorum) for stage in prepared.stages] == [("security", 1), ("data-owner", 2), (ADMIN, 1)]
    for person in (AMARA, BRUNO, CHIE):
        await world.approve(request, person)
    assert (await world.request(request.id)).state is S.AWAITING_APPROVAL
    await world.approve(request, DANA)
    assert (await world.request(request.id)).state is S.APPLIED


async def test_a_change_while_it_waits_needs_new_approval(world: World) -> None:
    """The click that finds it does not count, nor do the approvals before; the new plan is of the new settings."""
    configure(world, WIDE)
    made_by(world, MALLORY)
    request = await file(world)
    await world.approve(request, AMARA)
    world.tenant.edit(TENANT, inboundTrust={"isMfaAccepted": True})
    await world.approve(request, BRUNO)
    assert (BRUNO.chat_id, RefusalCode.ADOPTED_SETTINGS_CHANGED) in await world.refusals()
    again = await world.request(request.id)
    assert again.state is S.AWAITING_APPROVAL
    assert again.decisions == ()
    assert again.plan.digest != request.plan.digest
    assert again.plan.before is not None
    assert again.plan.before["inboundTrust"] == {"isMfaAccepted": True}
    assert again.drift is not None


async def test_a_log_that_names_no_longer_every_author_needs_new_approval_with_one_approver_more(world: World) -> None:
    """An application's change that is logged late, or a log that cannot be read: the author is not known any more."""
    world.directory.assign(DANA, "security data-owner admin")
    configure(world, WIDE)
    made_by(world, MALLORY)
    request = await file(world)
    before = sum(stage.quorum for stage in request.require_prepared().stages)
    await world.approve(request, AMARA)
    entry = world.tenant.tenant_settings.changes[TENANT][0]
    world.tenant.tenant_settings.changes[TENANT].append(
        PartnerChange(at=world.clock.now(), activity=entry.activity, changed_by="A script", is_ours=False)
    )
    await world.approve(request, BRUNO)
    again = await world.request(request.id)
    assert (again.state, again.decisions) == (S.AWAITING_APPROVAL, ())
    assert sum(stage.quorum for stage in again.require_prepared().stages) == before + 1


async def test_an_author_whom_the_chat_system_does_not_know_asks_for_one_approver_more(world: World) -> None:
    """The same person may decide with another account."""
    configure(world, WIDE)
    made_by(world, Person(id=PersonId("id-admin-account"), chat_id=ChatId(""), name="adm-x@woodgrove.com"))
    request = await file(world)
    [finding] = [one for one in request.require_prepared().findings if one.code is FindingCode.AUTHOR_UNKNOWN]
    assert finding.values["why"] == "not_in_chat"
    assert sum(stage.quorum for stage in request.require_prepared().stages) == 4


async def test_a_partner_that_changes_between_the_last_check_and_the_record_needs_new_approval(world: World) -> None:
    """Nothing was sent, so nothing was overwritten, and no record of what nobody approved is made."""
    configure(world, WIDE)
    made_by(world, MALLORY)
    request = await file(world)
    for person in (AMARA, BRUNO, CHIE):
        await world.approve(request, person, but=Apply)
    world.tenant.edit(TENANT, inboundTrust={"isMfaAccepted": True})
    reading_back = world.applier._read_back
    await reading_back.confirm(await world.request(request.id), pauses_seconds=(0.0,))
    assert (await world.request(request.id)).state in (S.PREPARING, S.AWAITING_APPROVAL)
    assert await world.store.partnership(TENANT) is None


async def test_a_change_after_the_last_approval_needs_new_approval(world: World) -> None:
    configure(world, WIDE)
    made_by(world, MALLORY)
    request = await file(world)
    for person in (AMARA, BRUNO, CHIE):
        await world.approve(request, person, but=Apply)
    assert (await world.request(request.id)).state is S.APPLYING
    world.tenant.edit(TENANT, inboundTrust={"isMfaAccepted": False})
    again = await world.settled(request.id)
    assert again.state is S.AWAITING_APPROVAL
    assert again.decisions == ()
    assert await world.store.partnership(TENANT) is None


async def test_an_author_whom_the_log_names_late_is_excluded_by_a_new_plan(world: World) -> None:
    """Entra writes its log some minutes late: at the next approval, or at the end, it is read again."""
    world.directory.assign(DANA, "security data-owner admin")
    configure(world, WIDE)
    made_by(world, MALLORY)
    request = await file(world)
    await world.approve(request, AMARA)
    made_by(world, MALLORY, CHIE)
    await world.approve(request, BRUNO)
    again = await world.request(request.id)
    assert {one.id for one in again.require_prepared().authors} == {MALLORY.id, CHIE.id}
    assert again.decisions == ()
    assert "Chie" in note_words(again.asked_again)


async def test_an_author_whom_the_log_names_after_the_last_approval_stops_the_record(world: World) -> None:
    world.directory.assign(DANA, "security data-owner admin")
    configure(world, WIDE)
    made_by(world, MALLORY)
    request = await file(world)
    for person in (AMARA, BRUNO, CHIE):
        await world.approve(request, person, but=Apply)
    made_by(world, MALLORY, CHIE)
    again = await world.settled(request.id)
    assert again.state is S.AWAITING_APPROVAL, note_words(again.note)
    assert await world.store.partnership(TENANT) is None


async def test_what_cannot_be_adopted_is_refused_with_the_reason(world: World) -> None:
    assert await problems(world) == {"adopts": RefusalCode.NOTHING_TO_ADOPT}
    configure(world, BLOCK)
    assert await problems(world) == {"adopts": RefusalCode.ADOPTS_A_BLOCK}
    configure(world, {**WIDE, "isServiceProvider": True})
    assert await problems(world) == {"adopts": RefusalCode.PLAN_BREAKS_RULES}
    world.tenant.delete(TENANT)
    await world.opened()
    assert await problems(world) == {"adopts": RefusalCode.ALREADY_AS_APPROVED}
    await world.revoke(DANA)
    assert await problems(world) == {"adopts": RefusalCode.ADOPTS_A_BLOCK}
    configure(world, WIDE)
    world.tenant.tenants.clear()
    world.tenant.tenant_settings.access_policy = {"allowedCloudEndpoints": ["microsoftonline.us"]}
    assert await problems(world) == {"adopts": RefusalCode.ADOPTS_OTHER_CLOUD}
    assert world.tenant.writes


async def test_an_open_request_about_the_partner_comes_first(world: World) -> None:
    configure(world, WIDE)
    await world.waiting()
    assert await problems(world) == {"adopts": RefusalCode.OPEN_REQUEST}


async def test_a_revoked_partner_that_was_opened_behind_the_bots_back_is_adopted_by_the_whole_chain(
    world: World,
) -> None:
    await world.opened()
    await world.revoke(DANA)
    world.clock.advance(hours=1)
    world.tenant.edit(TENANT, **WIDE)
    made_by(world, MALLORY, ago=timedelta(minutes=5))
    request = await file(world)
    assert [stage.quorum for stage in request.require_prepared().stages] == [1, 2]
    for person in (AMARA, BRUNO, CHIE):
        await world.approve(request, person)
    record = await world.store.partnership(TENANT)
    assert record is not None
    assert record.state is PartnershipState.ACTIVE


async def test_settings_of_no_template_are_extended_by_adopting_them_again(world: World) -> None:
    """No request can extend them, because no template gives them. A shorter time extends nothing."""
    configure(world, WIDE)
    made_by(world, MALLORY)
    request = await file(world)
    for person in (AMARA, BRUNO, CHIE):
        await world.approve(request, person)
    assert await problems(world, days=90) == {"duration": RefusalCode.ADOPTION_TOO_SHORT}
    again = await file(world, days=365)
    assert again.state is S.AWAITING_APPROVAL, note_words(again.note)


async def test_what_cannot_be_read_is_never_said_to_be_absent(world: World) -> None:
    configure(world, WIDE)
    for error in (TenantUnavailable("No answer"), TenantRefused(403, "Forbidden", "No")):
        world.script.fail("tenant.read_partner", error)
        [code] = (await problems(world)).values()
        assert code in (RefusalCode.NOT_READ_NOW, RefusalCode.ALL_LOOKUPS_REFUSED)
    assert await problems(world, shown_settings="0" * 64) == {"adopts": RefusalCode.ADOPTION_CHANGED_IN_FORM}
    assert await problems(world, days=7) == {"duration": RefusalCode.DURATION_NOT_OFFERED}
    assert await problems(world, days=9999) == {"duration": RefusalCode.DURATION_TOO_LONG}
    assert "justification" in await problems(world, justification=" ")
    assert await world.all_requests() == []


async def test_drift_is_adopted_by_the_chain_under_which_the_partner_stands(world: World) -> None:
    """The record then is what stands: the posture finds no difference, and an earlier sponsor is replaced."""
    opened = await world.opened()
    world.clock.advance(hours=2)
    world.tenant.edit(TENANT, inboundTrust={"isMfaAccepted": True, "isCompliantDeviceAccepted": False})
    made_by(world, MALLORY)
    request = await file(world, sponsor=MALLORY.chat_id)
    assert request.state is S.AWAITING_APPROVAL, note_words(request.note)
    assert request.require_prepared().stages == opened.require_prepared().stages
    for person in (AMARA, BRUNO, CHIE):
        await world.approve(request, person)
    record = await world.store.partnership(TENANT)
    assert record is not None
    assert record.request_id == request.id
    assert record.sponsor == MALLORY
    assert await problems(world, days=90) == {"duration": RefusalCode.ADOPTION_TOO_SHORT}


async def test_an_adopted_partner_is_revoked_and_restored(world: World) -> None:
    """The revocation keeps what stood before, and restoring it takes the same people as adopting it."""
    configure(world, WIDE)
    made_by(world, MALLORY)
    request = await file(world)
    for person in (AMARA, BRUNO, CHIE):
        await world.approve(request, person)
    await world.revoke(DANA)
    record = await world.store.partnership(TENANT)
    assert record is not None
    assert record.state is PartnershipState.REVOKED
    changes = await world.restore_intake().changes(TENANT)
    assert [change.fields.kind for change in changes] == [RequestKind.REVOCATION]
    back = RestoreForm(
        requester=RILEY.chat_id,
        tenant_id=TENANT,
        restored_request_id=changes[0].id,
        justification="Revoked by mistake",
        sponsor=SAM.chat_id,
        days=180,
    )
    restored = await world.settled(await world.restore_intake().file(back, key=world.key()))
    assert restored.require_prepared().stages == request.require_prepared().stages
    for person in (AMARA, BRUNO, CHIE):
        await world.approve(restored, person)
    assert (await world.request(restored.id)).state is S.APPLIED
    assert world.tenant.partners[TENANT]["inboundTrust"]["isMfaAccepted"] is True


async def test_a_revocation_stops_an_adoption(world: World) -> None:
    configure(world, WIDE)
    made_by(world, MALLORY)
    request = await file(world)
    await world.revoke(DANA)
    assert (await world.request(request.id)).state is S.STOPPED


async def test_it_expires_and_says_how_to_ask_again(world: World) -> None:
    configure(world, WIDE)
    made_by(world, MALLORY)
    request = await file(world)
    world.clock.advance(days=15)
    await tick(service=world.service, store=world.store, directory=world.directory, clock=world.clock)
    ended = await world.settled(request.id)
    assert ended.state is S.EXPIRED
    assert "/partner adopt" in note_words(ended.note)


def test_the_reader_of_the_refusals_is_told_what_to_do() -> None:
    for code, values in (
        (RefusalCode.NOTHING_TO_ADOPT, {"is_recorded": False}),
        (RefusalCode.NOTHING_TO_ADOPT, {"is_recorded": True}),
        (RefusalCode.ADOPTS_A_BLOCK, {"is_recorded": False}),
        (RefusalCode.ADOPTS_A_BLOCK, {"is_recorded": True}),
        (RefusalCode.ALREADY_AS_APPROVED, {"ends_at": None, "title": ""}),
    ):
        assert fact_words(Fact(code, values)).endswith(".")
    short = {"days": 90, "ends_at": "2027-05-25T00:00:00+00:00", "asked_from": "2027-03-01T00:00:00+00:00"}
    assert fact_words(Fact(RefusalCode.ADOPTION_TOO_SHORT, short)) == (
        "90 days from now are not longer than the approved access, which ends on May 25, 2027. Choose a longer "
        "duration, or ask for 90 days again from Mar 1, 2027."
    )
