"""One refused look-up differs from a missing permission, and has the same words everywhere."""

from dataclasses import replace

import pytest

from bot.words.findings.finding import finding_words
from bot.words.requests.notes import note_words, refusal_words
from tests.bot.words.refused import worded_refusal
from tests.workflows.core.builders import AMARA, BRUNO, CHIE, RILEY, TENANT
from tests.workflows.fakes import FakeTenant
from tests.workflows.world import CONTOSO, World
from workflows.app.requests.forms import InvalidForm
from workflows.core.errors.raised import InvalidField
from workflows.core.plans.plan import TenantIdentity
from workflows.core.requests.effects import Apply
from workflows.core.requests.request import AccessRequest, RequestState
from workflows.core.settings.model import TenantId
from workflows.partner_lookup.named_partner import named_partner
from workflows.partner_lookup.resolving import resolve
from workflows.ports.tenant import TenantRefused, TenantUnavailable

FORBIDDEN = TenantRefused(
    403, "Authorization_RequestDenied", "Needs the permission CrossTenantInformation.ReadBasic.All."
)
SAID = "Microsoft Entra refuses to look up “contoso.com” (403 Authorization_RequestDenied). Other look-ups work, so no "
CURE = "Ask the partner for their tenant ID and use that."


def refuse_only(world: World, monkeypatch: pytest.MonkeyPatch, *names: str) -> None:
    """Let Entra refuse these names, and answer all others."""
    usual = FakeTenant.find

    async def find(tenant: FakeTenant, target: str, *, fresh: bool = False) -> TenantIdentity | None:
        if target in names:
            raise FORBIDDEN
        return await usual(tenant, target, fresh=fresh)

    monkeypatch.setattr(FakeTenant, "find", find)


async def test_a_refused_name_is_said_once_and_the_same_by_the_form_and_by_sending(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    refuse_only(world, monkeypatch, "contoso.com")
    with pytest.raises(InvalidField) as shown:
        await world.intake.look_up("contoso.com")
    with pytest.raises(InvalidForm) as sent:
        await world.file()
    assert sent.value.problems == {"target": shown.value.fact}
    assert refusal_words(shown.value).startswith(SAID)
    assert CURE in refusal_words(shown.value)
    assert "CrossTenantInformation" not in refusal_words(shown.value), "no permission is blamed"
    assert await world.all_requests() == []
    assert await world.file(target=TENANT), "what is advised works"


async def test_a_name_refused_while_it_is_prepared_ends_the_request_with_the_same_words(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    request_id = await world.file()
    world.clock.advance(minutes=11)
    refuse_only(world, monkeypatch, "contoso.com")
    request = await world.settled(request_id)
    assert request.state is RequestState.UNFIT
    assert note_words(request.note).startswith(SAID)


async def approved(world: World) -> AccessRequest:
    """A request whose whole chain has approved, and of which nothing is written yet."""
    request = await world.waiting()
    for person in (AMARA, BRUNO, CHIE):
        await world.approve(request, person, but=Apply)
    return request


async def test_a_name_refused_after_the_approval_stops_the_request_and_writes_nothing(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    request = await approved(world)
    refuse_only(world, monkeypatch, "contoso.com")
    request = await world.settled(request.id)
    assert request.state is RequestState.STOPPED
    assert note_words(request.note).startswith(SAID)
    assert note_words(request.note).endswith("Nothing was written.")
    assert world.tenant.attempts == []
    assert any(SAID in text for text in world.notifier.texts_to(RILEY.chat_id))


async def test_a_name_refused_for_a_moment_ends_nothing(world: World) -> None:
    """The directory is replicated, and so is who may look things up."""
    request = await approved(world)
    world.script.fail("tenant.find", FORBIDDEN)
    assert (await world.settled(request.id)).state is RequestState.APPLIED


async def test_a_missing_permission_is_still_waited_for_after_the_approval(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    request = await approved(world)
    with monkeypatch.context() as patched:
        refuse_only(world, patched, "contoso.com", await world.tenant.home())
        request = await world.settled(request.id)
        assert request.state is RequestState.APPLYING
        assert "until an admin has corrected this" in note_words(request.note)
    world.clock.advance(minutes=2)
    assert (await world.settled(request.id)).state is RequestState.APPLIED


async def test_where_the_two_cannot_be_distinguished_nothing_is_blamed(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    refuse_only(world, monkeypatch, "contoso.com")
    world.script.fail("tenant.home", TenantUnavailable("No answer."))
    with pytest.raises(TenantUnavailable):
        await world.intake.look_up("contoso.com")


async def test_a_refused_tenant_id_leads_to_the_domain(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    refuse_only(world, monkeypatch, TENANT)
    with worded_refusal(InvalidField, match="Ask the partner for one of their domains"):
        await world.intake.look_up(TENANT)


async def test_a_refused_name_that_is_on_record_is_said_with_its_tenant_id(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    await world.opened()
    refuse_only(world, monkeypatch, "contoso.com")
    with worded_refusal(InvalidField, match=f"In our records it belonged to the tenant ID {TENANT} before"):
        await world.intake.look_up("contoso.com")


async def test_showing_and_closing_a_refused_name_blame_no_permission_and_closing_by_id_works(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    refuse_only(world, monkeypatch, "contoso.com", TENANT)
    with worded_refusal(InvalidField, match="no permission is missing"):
        await named_partner("contoso.com", store=world.store, tenant=world.tenant)
    world.tenant.partners[TENANT] = {"tenantId": TENANT}
    identity, _ = await named_partner(TENANT, store=world.store, tenant=world.tenant)
    assert identity.tenant_id == TENANT


# --- which of the names that were typed ---


async def test_the_name_as_typed_is_asked_for_first(world: World) -> None:
    other = replace(
        CONTOSO, tenant_id=TenantId("c0a1b2c3-9999-4aaa-8bbb-0123456789a1"), default_domain="www.contoso.com"
    )
    names = ("www.contoso.com", "contoso.com")
    assert await resolve(names, tenant=world.tenant) == CONTOSO
    world.tenant.tenants["www.contoso.com"] = other
    found = await resolve(names, tenant=world.tenant)
    assert found is not None
    assert found.tenant_id == other.tenant_id


async def test_what_was_removed_from_a_web_address_is_what_is_filed_and_what_is_checked_before_writing(
    world: World,
) -> None:
    request_id = await world.file(target="<https://www.contoso.com/about|www.contoso.com>")
    request = await world.settled(request_id)
    assert request.fields.target == "contoso.com"
    for person in (AMARA, BRUNO, CHIE):
        await world.approve(request, person)
    assert (await world.request(request.id)).state is RequestState.APPLIED
    assert world.tenant.fresh == ["contoso.com"]


async def test_what_could_not_be_looked_up_when_it_was_sent_is_asked_for_in_the_same_order(world: World) -> None:
    world.script.fail("tenant.find", TenantUnavailable("No answer."))
    request_id = await world.file(target="www.contoso.com")
    assert (await world.request(request_id)).observation is None
    request = await world.settled(request_id)
    for person in (AMARA, BRUNO, CHIE):
        await world.approve(request, person)
    assert (await world.request(request.id)).state is RequestState.APPLIED


@pytest.mark.parametrize("typed", ["https://www.contoso.com/x", "Ann <ann@contoso.com>", f"the tenant {TENANT}"])
async def test_a_partner_is_shown_and_closed_by_what_is_pasted(world: World, typed: str) -> None:
    identity, _ = await named_partner(typed, store=world.store, tenant=world.tenant)
    assert identity.tenant_id == TENANT


async def test_a_refused_tenant_id_next_to_a_domain_that_is_answered_is_told_without_a_permission(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    refuse_only(world, monkeypatch, TENANT)
    request = await world.waiting()
    [told] = [one for one in request.require_prepared().findings if one.code == "tenant_unconfirmed"]
    assert "could not be checked (refused)" in finding_words(told)
    assert "Grant" not in finding_words(told)
