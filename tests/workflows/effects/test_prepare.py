"""Preparing: people, tenant, plan and chain, or the reason why there can be none; waiting where nobody answers."""

import contextlib
import re
from dataclasses import replace
from datetime import timedelta

import pytest

from bot.words.requests.notes import note_words
from tests.workflows.core.builders import (
    AMARA,
    BRUNO,
    CHIE,
    DANA,
    RILEY,
    SAM,
    TENANT,
    closed_document,
    particulars,
    person,
)
from tests.workflows.core.builders import request as usual
from tests.workflows.fakes import HOME
from tests.workflows.world import CATALOG, CONTOSO, World, restarted
from workflows.core.errors.raised import Refused
from workflows.core.errors.refusal_codes import RefusalCode
from workflows.core.plans.plan import count_written
from workflows.core.policy.template import filled_settings
from workflows.core.requests.effects import Apply, Prepare
from workflows.core.requests.request import RequestKind, RequestState
from workflows.core.settings.documents import to_document
from workflows.ports.people_directory import PeopleDirectoryUnavailable
from workflows.ports.tenant import TenantRefused, TenantUnavailable

S = RequestState
TRUSTED = CATALOG.templates["trusted-partner"]
OPENED = {"tenantId": TENANT, **{name.value: to_document(setting) for name, setting in TRUSTED.settings.items()}}
NO_ANSWER = TenantUnavailable("Microsoft Graph does not answer.")


async def test_a_request_is_prepared_into_one_that_can_be_decided(world: World) -> None:
    request = await world.waiting(days=90)
    known = request.require_prepared()
    assert (known.requester, known.sponsor, known.template_title) == (RILEY, SAM, "Trusted partner")
    assert (known.stages, known.review_interval) == (TRUSTED.stages, TRUSTED.review_interval)
    assert known.plan.duration == timedelta(days=90)
    assert known.plan.template_hash == TRUSTED.content_hash
    assert known.observation.identity == CONTOSO
    assert (known.plan.before, count_written(known.plan, None)) == (None, 0)
    assert request.expires_at == request.created_at + TRUSTED.decide_within
    assert [shown.state for shown in world.notifier.requests] == [S.AWAITING_APPROVAL]
    assert world.tenant.attempts == []


async def test_what_the_form_has_just_seen_is_not_read_again(world: World) -> None:
    request_id = await world.file()
    calls = len(world.script.calls)
    await world.settled(request_id)
    # The preflight holds the domain's tenant against what Entra says of its id.
    assert [call for call in world.script.calls[calls:] if call.startswith("tenant.")] == ["tenant.home", "tenant.find"]


async def test_what_the_form_saw_too_long_ago_is_read_again(world: World) -> None:
    request_id = await world.file()
    world.clock.advance(minutes=10)
    world.tenant.partners[TENANT] = {"tenantId": TENANT, "protectedContentSharing": True}
    request = await world.settled(request_id)
    assert request.plan.before == world.tenant.partners[TENANT]
    assert request.require_prepared().observation.at == world.clock.now()


async def test_performing_prepare_again_changes_nothing(world: World) -> None:
    request = await world.waiting()
    await world.preparer.prepare(request.id)
    await world.preparer.prepare(type(request.id)("R-NOWHERE"))
    assert await world.request(request.id) == request


async def test_a_sponsor_who_is_the_requester_is_looked_up_once(world: World) -> None:
    request = await world.waiting(sponsor=RILEY.chat_id)
    assert (request.require_prepared().requester, request.require_prepared().sponsor) == (RILEY, RILEY)


@pytest.mark.parametrize(
    ("break_it", "words"),
    [
        (lambda world: world.directory.remove(SAM), "Entra must have exactly one account with the sponsor's"),
        (lambda world: world.directory.remove(RILEY), "Entra has no account"),
        (lambda world: world.tenant.tenants.clear(), "No Microsoft Entra tenant has the domain “contoso.com”"),
        (
            lambda world: world.tenant.add_tenant(replace(CONTOSO, tenant_id=HOME)),
            "“contoso.com” is our own tenant",
        ),
        (lambda world: world.directory.assign(CHIE, ""), "The stage “Data owners” needs 2 people"),
        (lambda world: world.directory.assign(AMARA, ""), "The stage “Security” needs 1 person"),
        (lambda world: world.tenant.partners.update({TENANT: dict(OPENED)}), "already a partner with the settings"),
    ],
    ids=["sponsor gone", "requester gone", "no tenant", "own tenant", "too few owners", "nobody", "nothing to change"],
)
async def test_what_can_never_become_a_plan_ends_with_the_reason(world: World, break_it: object, words: str) -> None:
    """The form had let it pass; in the meantime the world has changed."""
    assert callable(break_it)
    request_id = await world.file()
    world.clock.advance(minutes=11)
    break_it(world)
    request = await world.settled(request_id)
    assert request.state is S.UNFIT
    assert words in note_words(request.note)
    assert world.notifier.texts_to(RILEY.chat_id) == [
        f"contoso.com: your request {request.id} could not be carried out. {note_words(request.note)}",
    ]
    assert world.tenant.attempts == []


async def test_a_person_in_two_stages_does_not_make_a_chain(world: World) -> None:
    """One human counts once over the whole chain, so this request could never be approved."""
    request_id = await world.file()
    world.directory.assign(CHIE, "")
    world.directory.assign(AMARA, "security data-owner")
    request = await world.settled(request_id)
    assert (request.state, "so 1 person with this role is left" in note_words(request.note)) == (S.UNFIT, True)


async def test_a_second_open_request_about_a_tenant_is_unfit(world: World) -> None:
    """Both passed the form at one moment; the tenant id, not the domain, is what counts."""
    world.tenant.add_tenant(CONTOSO, "contoso.example")
    first = await world.file()
    world.script.fail("tenant.find", TenantUnavailable("No answer."))  # the form cannot tell which tenant it is
    second = await world.file(requester=DANA, sponsor=DANA.chat_id, target="contoso.example")
    await world.settle()
    filed = [await world.request(first), await world.request(second)]
    assert {request.state for request in filed} == {S.AWAITING_APPROVAL, S.UNFIT}
    (unfit,) = [request for request in filed if request.state is S.UNFIT]
    assert "has an open access request for this partner" in note_words(unfit.note)


@pytest.mark.parametrize(
    ("method", "error"),
    [
        ("directory.identify", PeopleDirectoryUnavailable("Slack does not answer.")),
        ("directory.holders", PeopleDirectoryUnavailable("Slack does not answer.")),
        ("tenant.find", NO_ANSWER),
        ("tenant.read_partner", NO_ANSWER),
    ],
)
async def test_a_system_that_does_not_answer_is_waited_for_and_that_is_said_once(
    world: World, method: str, error: Exception
) -> None:
    request_id = await world.file()
    world.clock.advance(minutes=11)
    world.script.fail(method, error, times=3)
    for _ in range(3):
        request = await world.settled(request_id)
        assert (request.state, note_words(request.note)) == (S.PREPARING, f"{error} Gatehouse keeps trying.")
        world.clock.advance(minutes=2)
    text = f"contoso.com: your request {request.id} waits. {note_words(request.note)}"
    assert world.notifier.texts_to(RILEY.chat_id) == [text]
    request = await world.settled(request_id)
    assert (request.state, note_words(request.note)) == (S.AWAITING_APPROVAL, "")


@pytest.mark.parametrize("status", [400, 404, 410])
@pytest.mark.parametrize("method", ["directory.identify", "tenant.find", "tenant.read_partner"])
async def test_a_lookup_that_graph_refuses_for_good_ends_the_request(world: World, method: str, status: int) -> None:
    request_id = await world.file()
    world.clock.advance(minutes=11)
    world.script.fail(method, TenantRefused(status, "Request_BadRequest", "Invalid request."))
    request = await world.settled(request_id)
    assert (request.state, note_words(request.note)) == (S.UNFIT, "Invalid request.")


@pytest.mark.parametrize("status", [401, 403])
@pytest.mark.parametrize("method", ["directory.identify", "tenant.find", "tenant.read_partner", "directory.holders"])
async def test_what_an_admin_can_mend_is_waited_for(world: World, method: str, status: int) -> None:
    """A secret that ran out or a consent that was taken back says nothing about the request."""
    request_id = await world.file()
    world.clock.advance(minutes=11)
    # A refused look-up is told apart by another one.
    times = 6 if (method, status) == ("tenant.find", 403) else 3
    refused = TenantRefused(status, "Authorization_RequestDenied", "Insufficient privileges.")
    world.script.fail(method, refused, times=times)
    with pytest.raises(TenantUnavailable, match="waits_for_admin"):
        await world.preparer.prepare(request_id)
    for _ in range(2):
        request = await world.settled(request_id)
        assert request.state is S.PREPARING
        assert note_words(request.note) == (
            "Insufficient privileges. The request waits until an admin has corrected this."
        )
        world.clock.advance(minutes=2)
    text = f"contoso.com: your request {request.id} waits. {note_words(request.note)}"
    assert world.notifier.texts_to(RILEY.chat_id) == [text]
    request = await world.settled(request_id)
    assert (request.state, note_words(request.note)) == (S.AWAITING_APPROVAL, "")


async def test_a_request_withdrawn_while_it_waits_stays_withdrawn(world: World) -> None:
    request_id = await world.file()
    await world.service.withdraw(request_id, RILEY.chat_id, key="w")
    assert (await world.settled(request_id)).state is S.WITHDRAWN


@pytest.mark.parametrize("error", [None, NO_ANSWER, TenantRefused(403, "no", "Refused.")], ids=repr)
async def test_a_request_withdrawn_while_it_is_being_prepared_stays_withdrawn(
    world: World, error: Exception | None
) -> None:
    """What preparing found out comes too late; that is no fault of anybody's."""
    request_id = await world.file()
    world.clock.advance(minutes=11)
    if error is not None:
        world.script.fail("tenant.find", error)
    world.script.during_next_call(
        "tenant.find", lambda: world.service.withdraw(request_id, RILEY.chat_id, key="withdraw-1")
    )
    with contextlib.suppress(TenantUnavailable):
        await world.preparer.prepare(request_id)
    assert (await world.settled(request_id)).state is S.WITHDRAWN


async def test_a_revocation_is_prepared_from_our_own_record_when_the_tenant_no_longer_resolves(world: World) -> None:
    await world.opened()
    world.tenant.tenants.clear()
    world.directory.assign(BRUNO, "")
    await world.revoke(DANA, but=Apply)
    (request,) = await world.all_requests()
    assert (request.fields.kind, request.state) == (RequestKind.REVOCATION, S.APPLYING)
    assert request.require_prepared().stages == ()
    assert (request.require_prepared().requester, request.require_prepared().sponsor) == (DANA, SAM)
    assert request.require_prepared().observation.identity == CONTOSO
    assert request.plan.before == world.tenant.partners[TENANT]


async def test_a_revocation_waits_for_graph_for_as_long_as_it_must(world: World) -> None:
    await world.opened()
    world.script.fail("tenant.read_partner", NO_ANSWER, times=3)
    await world.revoke(DANA)
    for _ in range(2):
        world.clock.advance(days=30)
        await world.settle()
    (request,) = await world.all_requests()
    assert request.state is S.PREPARING
    world.clock.advance(days=30)
    assert (await world.settled(request.id)).state is S.APPLIED
    assert len([text for text in world.notifier.texts_to(DANA.chat_id) if "waits" in text]) == 1


async def test_a_partner_that_is_closed_already_is_only_read_back(world: World) -> None:
    world.tenant.partners[TENANT] = closed_document()
    await world.revoke(DANA)
    assert await world.all_requests() == []
    text = world.notifier.texts_to(DANA.chat_id)[-1]
    assert re.search(
        r"is blocked \(request R-\w+\): Requested by .* B2B collaboration and direct connect are blocked", text
    ), text
    assert world.tenant.attempts == []


async def test_a_revocation_by_somebody_whose_account_is_gone_by_then_is_carried_out(world: World) -> None:
    """Dana was checked when she asked. Blocking does not depend on a second check."""
    await world.opened()
    await world.revoke(DANA, but=Prepare)
    world.directory.refusals[DANA.chat_id] = Refused(RefusalCode.DEACTIVATED)
    world.script.fail("directory.identify", PeopleDirectoryUnavailable("Slack does not answer."), times=9)
    calls = len(world.script.calls)
    (request,) = await world.all_requests()
    assert request.submitter == DANA
    request = await world.settled(request.id)
    assert (request.state, request.require_prepared().requester) == (S.APPLIED, DANA)
    assert [call for call in world.script.calls[calls:] if call.startswith("directory")] == []
    assert [one.method for one in world.tenant.writes] == ["POST", "PATCH"]


async def test_a_revocation_without_a_checked_submitter_asks_the_directory(world: World) -> None:
    """As records of before have none; who asked is then looked up, and waited for where nobody answers."""
    await world.opened()
    kind = RequestKind.REVOCATION
    request = await world.put(usual(S.PREPARING, kind, fields=replace(particulars(kind), requester=DANA.chat_id)))
    world.script.fail("directory.identify", PeopleDirectoryUnavailable("Slack does not answer."))
    assert (await world.settled(request.id)).state is S.PREPARING
    world.clock.advance(minutes=2)
    request = await world.settled(request.id)
    assert (request.state, request.require_prepared().requester) == (S.APPLIED, DANA)


async def test_a_stored_request_is_prepared_after_a_restart(world: World) -> None:
    request_id = await world.file()
    async with restarted(world) as again:
        assert (await again.settled(request_id)).state is S.AWAITING_APPROVAL


async def test_newcomers_count_for_the_chain(world: World) -> None:
    world.directory.assign(CHIE, "")
    world.directory.assign(person("Nina"), "data-owner")
    assert (await world.waiting()).state is S.AWAITING_APPROVAL


async def test_a_narrowing_is_decided_by_one_approver_of_the_first_stage(world: World) -> None:
    """Back from everybody of the partner to the pilot group, by a template whose whole chain is three people."""
    placeholders = {
        "pilot_group": "1b4f7c2e-0a5d-4f3b-9c61-000000000001",
        "project_group": "1b4f7c2e-0a5d-4f3b-9c61-000000000002",
        "partner_application": "1b4f7c2e-0a5d-4f3b-9c61-000000000003",
    }
    world.tenant.tenant_settings.names = {placeholders["pilot_group"]: None}
    regulated = CATALOG.templates["regulated-project"]
    wide = {
        **{name.value: to_document(setting) for name, setting in filled_settings(regulated, placeholders).items()},
        "b2bCollaborationInbound": OPENED["b2bCollaborationInbound"],
    }
    world.tenant.partners[TENANT] = {"tenantId": TENANT, **wide}
    request = await world.waiting(template="regulated-project", days=90, placeholders=placeholders)
    assert request.require_prepared().stages == (replace(regulated.stages[0], quorum=1),)
    assert [operation.method for operation in request.plan.operations] == ["PATCH"]
    assert set(request.plan.operations[0].body) == {"b2bCollaborationInbound"}
    await world.approve(request, AMARA)
    assert (await world.request(request.id)).state is S.APPLIED


async def test_a_placeholder_that_the_template_gained_since_makes_the_request_unfit(world: World) -> None:
    """The plan is made again from what was typed, which no longer says enough."""
    request_id = await world.file(template="guest-collaboration")
    asks = replace(CATALOG.templates["contractor-portal"], name="guest-collaboration")
    templates = {**CATALOG.templates, "guest-collaboration": asks}
    await replace(world.preparer, catalog=replace(CATALOG, templates=templates)).prepare(request_id)
    request = await world.request(request_id)
    assert request.state is S.UNFIT
    assert "application (client) ID" in note_words(request.note)
