"""A partner keeps its approval policy: from the record through the form, preparing and applying to the revoke."""

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from bot.words.findings.finding import finding_words
from bot.words.requests.notes import note_words
from bot.words.sentences import day
from tests.workflows.core.builders import AMARA, BRUNO, CHIE, DANA, TENANT, partnership
from tests.workflows.world import CATALOG, World, restarted
from workflows.app.requests.restoration.restore_intake import RestoreForm
from workflows.core.people import Role
from workflows.core.policy.template import Stage
from workflows.core.requests.request import AccessRequest, RequestState
from workflows.ports.audit_log import AuditEntry
from workflows.ports.records import Commit
from workflows.store.codec import PARTNERSHIP, dump, load

PILOT = {
    "pilot_group": "5f0a1b2c-0001-4d3e-8f90-a1b2c3d4e5f6",
    "project_group": "5f0a1b2c-0002-4d3e-8f90-a1b2c3d4e5f6",
    "partner_application": "5f0a1b2c-0003-4d3e-8f90-a1b2c3d4e5f6",
}
WHOLE = CATALOG.templates["regulated-project"].stages
EVERYBODY = (AMARA, BRUNO, CHIE)


async def opened(world: World, template: str, *people: Any, **form: Any) -> AccessRequest:
    """Open Contoso by a template, the whole kind."""
    request = await world.waiting(template=template, **form)
    for person in people:
        await world.approve(await world.request(request.id), person)
    request = await world.request(request.id)
    assert request.state is RequestState.APPLIED, (request.state, note_words(request.note))
    return request


async def pilot(world: World) -> AccessRequest:
    """Open Contoso for a pilot group, by three people; the two ids of the partner's are nobody here."""
    for name in ("pilot_group", "partner_application"):
        world.tenant.tenant_settings.names[PILOT[name]] = None
    return await opened(world, "regulated-project", *EVERYBODY, days=90, placeholders=PILOT)


async def record(world: World) -> Any:
    found = await world.store.partnership(TENANT)
    assert found is not None
    return found


def codes(request: AccessRequest) -> set[str]:
    return {finding.code for finding in request.require_prepared().findings}


async def test_a_weaker_template_over_a_partner_needs_the_chain_under_which_it_stands(world: World) -> None:
    await pilot(world)
    assert (await record(world)).stages == WHOLE
    request = await world.waiting(template="guest-collaboration", days=365)
    assert request.require_prepared().stages == WHOLE
    await world.approve(request, AMARA)
    assert (await world.request(request.id)).state is RequestState.AWAITING_APPROVAL
    for person in (BRUNO, CHIE):
        await world.approve(await world.request(request.id), person)
    assert (await world.request(request.id)).state is RequestState.APPLIED
    assert (await record(world)).template == "guest-collaboration"
    assert (await record(world)).stages == WHOLE, "it is kept for the next one, too"


async def test_the_card_of_a_change_of_template_says_what_it_replaces(world: World) -> None:
    await pilot(world)
    request = await world.waiting(template="guest-collaboration", days=365)
    (said,) = [finding_words(one) for one in request.require_prepared().findings if one.code == "replaces_template"]
    before, after = world.clock.now() + timedelta(days=90), world.clock.now() + timedelta(days=365)
    for fact in ("Regulated project", "Guest collaboration", day(before), day(after), "30", "90"):
        assert fact in said
    (kept,) = [finding_words(one) for one in request.require_prepared().findings if one.code == "keeps_approval_policy"]
    assert "2 of “Data owners”" in kept


async def test_a_new_partner_says_nothing_of_replacing(world: World) -> None:
    request = await world.waiting(template="guest-collaboration", days=180)
    assert request.require_prepared().stages == CATALOG.templates["guest-collaboration"].stages
    assert not codes(request) & {"replaces_template", "keeps_approval_policy"}


async def test_a_longer_time_needs_the_chain_too(world: World) -> None:
    await opened(world, "guest-collaboration", AMARA, days=90)
    changed = replace(await record(world), stages=WHOLE)
    await store(world, changed)
    world.clock.advance(days=30)
    renewal = await world.waiting(template="guest-collaboration", days=180)
    assert renewal.plan.operations == ()
    assert renewal.require_prepared().stages == WHOLE
    assert "replaces_template" not in codes(renewal)


async def test_narrowing_stays_easy_and_keeps_the_policy(world: World) -> None:
    await opened(world, "trusted-partner", *EVERYBODY)
    request = await world.waiting(template="guest-collaboration", days=90)
    assert [stage.quorum for stage in request.require_prepared().stages] == [1]
    await world.approve(request, AMARA)
    assert (await world.request(request.id)).state is RequestState.APPLIED
    assert (await record(world)).stages == CATALOG.templates["trusted-partner"].stages


async def test_only_a_confirmed_revoke_resets_it(world: World) -> None:
    await pilot(world)
    await world.revoke(DANA)
    assert (await record(world)).stages == ()
    request = await world.waiting(template="guest-collaboration", days=90)
    assert request.require_prepared().stages == CATALOG.templates["guest-collaboration"].stages


async def test_a_record_without_a_policy_derives_it_from_what_was_applied(world: World) -> None:
    """Also where the last applied change was a narrowing by one approver."""
    await opened(world, "trusted-partner", *EVERYBODY)
    await opened(world, "guest-collaboration", AMARA, days=90)
    await store(world, replace(await record(world), stages=()))
    request = await world.waiting(template="teams-shared-channels", days=90)
    assert sum(stage.quorum for stage in request.require_prepared().stages) == 3


async def test_a_record_whose_request_is_lost_has_its_templates_policy(world: World) -> None:
    await pilot(world)
    await store(world, replace(await record(world), stages=()))
    await world.store.execute("delete from requests")
    request = await world.waiting(template="guest-collaboration", days=90)
    assert request.require_prepared().stages == WHOLE


async def test_where_a_role_of_the_old_chain_is_gone_the_strongest_chain_decides(world: World) -> None:
    await opened(world, "guest-collaboration", AMARA, days=90)
    council = Stage(title="Works council", role=Role("council"), quorum=1)
    await store(world, replace(await record(world), stages=(council,)))
    request = await world.waiting(template="teams-shared-channels", days=90)
    assert sum(stage.quorum for stage in request.require_prepared().stages) == 3
    assert "council" not in {stage.role for stage in request.require_prepared().stages}


async def test_putting_a_change_back_needs_it_too(world: World) -> None:
    """What a narrowing took away is opened again by no weaker chain than the partner's."""
    await opened(world, "guest-collaboration", AMARA, days=90)
    narrowed = await opened(
        world, "contractor-portal", AMARA, days=90, placeholders={"portal_application": PILOT["pilot_group"]}
    )
    await store(world, replace(await record(world), stages=WHOLE))
    intake = world.restore_intake()
    form = RestoreForm(
        requester=DANA.chat_id,
        tenant_id=TENANT,
        restored_request_id=narrowed.id,
        justification="Too narrow",
        sponsor=DANA.chat_id,
        days=90,
    )
    found, _ = await intake.propose(form)
    assert found.stages == WHOLE


async def test_the_card_and_the_form_of_a_restore_say_what_it_replaces(world: World) -> None:
    """As a change of template does: whose template, until when, and how often it is looked at."""
    first = await opened(world, "guest-collaboration", AMARA, days=365)
    world.clock.advance(minutes=1)
    intake = world.restore_intake()
    form = RestoreForm(
        requester=DANA.chat_id,
        tenant_id=TENANT,
        restored_request_id=first.id,
        justification="Opened by mistake",
        sponsor=DANA.chat_id,
        days=90,
    )
    found, _ = await intake.propose(form)
    request = await world.settled(await intake.file(form, key=world.key()))
    before, after = world.clock.now() + timedelta(days=365), world.clock.now() + timedelta(days=90)
    wanted = (
        f"It replaces “Guest collaboration” by “Trusted partner”. End: {day(before)} before, about "
        f"{day(after)} after. Review: every 90 days before, every 30 days after."
    )
    for findings in (found.findings, request.require_prepared().findings):
        assert [finding_words(one) for one in findings if one.code == "replaces_template"] == [wanted]
    for person in EVERYBODY:
        await world.approve(await world.request(request.id), person)
    known = await record(world)
    assert (known.template, known.ends_at, known.review_interval) == ("trusted-partner", after, timedelta(days=30))


async def test_settings_made_by_hand_are_weighed_with_the_template(world: World) -> None:
    """A template that opens little, over synchronization that somebody switched on, needs the people for both."""
    synchronizes = {"userSyncInbound": {"isSyncAllowed": True}}
    redeems = {"inboundAllowed": True, "outboundAllowed": None}
    world.tenant.edit(TENANT, identitySynchronization=synchronizes, automaticUserConsentSettings=redeems)
    request = await world.waiting(template="guest-collaboration", days=90)
    assert sum(stage.quorum for stage in request.require_prepared().stages) >= 3


async def test_the_policy_survives_a_restart(world: World) -> None:
    await pilot(world)
    async with restarted(world) as again:
        assert (await record(again)).stages == WHOLE


async def store(world: World, known: Any) -> None:
    """Put a record as an older version would have left it."""
    entry = AuditEntry(
        key=world.key(), at=world.clock.now(), actor="test", command="put", outcome="accepted", details={}
    )
    assert await world.store.commit(Commit(entry=entry, partnership=replace(known, version=known.version + 1)))


@pytest.mark.parametrize("name", ["stages", "sponsor_gone_at"])
def test_records_from_before_load(name: str) -> None:
    document = json.loads(dump(PARTNERSHIP, partnership(stages=())))
    del document[name]
    assert load(PARTNERSHIP, json.dumps(document)) == partnership(stages=())
