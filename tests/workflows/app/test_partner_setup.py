"""The partner setup: clicks are stored and checked, reminders are due, and the tenant is read."""

import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from bot.sandbox.entra import EntraSimulator
from tests.bot.sandbox.entra.contract import check_request, mock_request
from tests.workflows.core.builders import AMARA, DANA, NOW, REDEEM_STEP, SAM, TENANT, identity
from tests.workflows.fakes import HOME
from tests.workflows.world import World, change_as_ours
from workflows.app.reads.partner_setup import PartnerSetupReader
from workflows.app.schedule.missing_setup import record_missing_setup
from workflows.app.schedule.ticker import tick
from workflows.catalog.catalog import SHIPPED, load_catalog
from workflows.core.checks.partner_setup.checklist import GraphCall, OurTenant, call_of, call_to_add_our_tenant, groups
from workflows.core.checks.partner_setup.clouds import CLOUDS, GLOBAL
from workflows.core.checks.partner_setup.steps import setup_of
from workflows.core.errors.raised import InvalidField, Refused
from workflows.core.errors.refusal_codes import RefusalCode
from workflows.core.partners.partnership import Partnership
from workflows.core.people import ChatId, Person
from workflows.core.plans.plan import TenantIdentity
from workflows.core.plans.planning import plan_access
from workflows.core.policy.template import filled_settings
from workflows.core.requests.commands.clicks import Click
from workflows.core.requests.commands.partner_record import ConfirmSetup, RemindSetup, UnconfirmSetup
from workflows.core.settings.canonical import Digest
from workflows.core.settings.model import TenantId
from workflows.ports.tenant import TenantUnavailable
from workflows.store.codec import PARTNERSHIP, dump

WEEK: Final = timedelta(days=7)
US: Final = TenantId("c0a1b2c3-1111-4aaa-8bbb-0123456789a1")
ID: Final = "1b4f7c2e-0a5d-4f3b-9c61-2d8e7f5a9b03"
MICROSOFTS: Final[dict[str, Any]] = {"isServiceDefault": True}
NEW_FIELDS: Final = ("setup", "confirmations", "remind_setup_at", "setup_reminders")


def confirming(person: Person) -> ConfirmSetup[ChatId]:
    return ConfirmSetup(
        actor=person.chat_id, tenant_id=TENANT, step=REDEEM_STEP.key, step_digest=REDEEM_STEP.digest, channel="D-1"
    )


async def record(world: World) -> Partnership:
    found = await world.store.partnership(TENANT)
    assert found is not None
    return found


async def ticked(world: World) -> None:
    await tick(service=world.service, store=world.store, directory=world.directory, clock=world.clock)
    await world.reviews.check()
    await world.settle()


async def test_the_sponsors_word_is_recorded_under_the_sponsors_name_and_shown(world: World) -> None:
    await world.opened()
    assert REDEEM_STEP in (await record(world)).setup
    shown = len(world.notifier.halves)
    await world.click(confirming(SAM))
    [said] = (await record(world)).confirmations
    assert (said.person, said.step, said.step_digest) == (SAM, REDEEM_STEP.key, REDEEM_STEP.digest)
    assert world.notifier.halves[shown:] == [(await record(world), False)]
    assert world.notifier.texts_to(SAM.chat_id)[-1].startswith("contoso.com: confirmed, recorded under your name")
    assert (SAM.chat_id, "confirm_half", "accepted") in await world.log()
    entry = next(e for e in await world.store.history() if e.command == "confirm_half")
    assert entry.details == {"step": REDEEM_STEP.key.value, "wanted": REDEEM_STEP.digest, "account": SAM.id}
    await world.click(UnconfirmSetup(actor=DANA.chat_id, tenant_id=TENANT, step=REDEEM_STEP.key))
    assert (await record(world)).confirmations == ()


@pytest.mark.parametrize(
    "intent",
    [
        confirming(AMARA),
        UnconfirmSetup(actor=AMARA.chat_id, tenant_id=TENANT, step=REDEEM_STEP.key),
        RemindSetup(actor=AMARA.chat_id, tenant_id=TENANT),
    ],
    ids=lambda intent: str(intent.name),
)
async def test_who_is_neither_sponsor_nor_admin_is_refused_told_and_recorded(world: World, intent: Click) -> None:
    await world.opened()
    before = await record(world)
    await world.click(intent)
    assert await record(world) == before
    assert world.notifier.texts_to(AMARA.chat_id)[-1].startswith("Only the sponsor, Sam, or an admin")
    assert await world.refusals() == [(AMARA.chat_id, "not_the_sponsor")]
    entry = next(e for e in await world.store.history() if e.outcome == "not_the_sponsor")
    assert (entry.command, entry.tenant_id) == (f"want_{intent.name}", TENANT)


async def test_a_click_that_comes_twice_counts_once(world: World) -> None:
    await world.opened()
    for _ in range(2):
        await world.click(confirming(SAM), key="the-same")
    assert len((await record(world)).confirmations) == 1
    assert await world.refusals() == []


async def test_the_reminder_comes_once_at_its_time_and_the_review_at_its_own(world: World) -> None:
    await world.opened()
    await world.click(RemindSetup(actor=SAM.chat_id, tenant_id=TENANT))
    shown = len(world.notifier.halves)
    world.clock.moment = NOW + WEEK - timedelta(seconds=1)
    await ticked(world)
    assert len(world.notifier.halves) == shown
    world.clock.moment = NOW + WEEK
    for _ in range(3):
        await ticked(world)
    assert world.notifier.halves[shown:] == [(await record(world), True)]
    assert not world.notifier.asked, "no review was due"
    await world.review()
    assert len(world.notifier.asked) == 1
    assert len(world.notifier.halves) == shown + 2
    reminders = [command for _, command, _ in await world.log() if command in ("ask_half", "prompt_setup")]
    assert reminders == ["ask_half", "prompt_setup"], "the second one is the usual one about an open step"


async def test_a_revocation_ends_what_was_said_of_the_partner_setup(world: World) -> None:
    await world.opened()
    await world.click(confirming(SAM))
    await world.revoke(DANA)
    ended = await record(world)
    assert (ended.setup, ended.confirmations, ended.remind_setup_at) == ((), (), None)
    assert world.notifier.halves[-1] == (ended, False)


async def test_the_checklist_is_of_the_current_settings_and_names_our_own_tenant(world: World) -> None:
    checklists = PartnerSetupReader(store=world.store, tenant=world.tenant, cloud=GLOBAL)
    home = TenantIdentity(tenant_id=HOME, display_name="Woodgrove", default_domain="woodgrove.com", typed_name=HOME)
    assert await checklists.home() == OurTenant(tenant_id=HOME, domain="", cloud=GLOBAL), "a domain is never guessed"
    world.tenant.add_tenant(home)
    world.tenant.edit(TENANT, automaticUserConsentSettings={"inboundAllowed": True})
    found = await checklists.read_current("Contoso.com")
    assert (found.identity.tenant_id, found.partnership, found.is_cross_cloud) == (TENANT, None, False)
    assert found.home == OurTenant(tenant_id=HOME, domain="woodgrove.com", cloud=GLOBAL)
    assert found.setup.steps == (REDEEM_STEP,)
    with pytest.raises(InvalidField):
        await checklists.read_current("not a domain")
    world.script.fail("tenant.read_partner", TenantUnavailable("Graph is busy."))
    with pytest.raises(TenantUnavailable):
        await checklists.read_current(identity().default_domain)


def every_call() -> dict[str, GraphCall]:
    """Every call that the checklists of the shipped templates contain, by its JSON."""
    found: list[GraphCall] = []
    for template in load_catalog(SHIPPED).templates.values():
        plan = plan_access(
            tenant_id=TENANT,
            before=None,
            settings=filled_settings(template, {placeholder.name: ID for placeholder in template.placeholders}),
            template=template.name,
            template_hash=template.content_hash,
            duration=template.default_duration,
        )
        for cloud, is_abroad in [(GLOBAL, False), *((cloud, True) for cloud in CLOUDS)]:
            home = OurTenant(tenant_id=US, domain="woodgrove.com", cloud=cloud)
            setup = setup_of(plan.configuration_after(), MICROSOFTS, is_cross_cloud=is_abroad)
            found += [call_to_add_our_tenant(home), *(call_of(group, home) for group in groups(setup.steps))]
    return {json.dumps(call): call for call in found}


SETTINGS: Final = [call for call in every_call().values() if not call.path.startswith("/applicationTemplates")]
"""The gallery of applications is neither in the description beside us nor in the simulator."""


@pytest.fixture
async def theirs() -> AsyncIterator[TestClient[web.Request, web.Application]]:
    """Return the partner's tenant: a simulator without settings for us."""
    tenant = EntraSimulator(now=lambda: datetime.now(UTC), on_change=lambda: None, accepts_token=lambda _: True)
    application = web.Application()
    application.add_routes(tenant.routes())
    async with TestClient(TestServer(application), headers={"Authorization": "Bearer theirs"}) as client:
        yield client


async def test_a_tenant_takes_every_call_of_every_checklist(
    theirs: TestClient[web.Request, web.Application],
) -> None:
    assert len(SETTINGS) > 5
    for call in sorted(SETTINGS, key=lambda one: one.method, reverse=True):
        answer = await theirs.request(call.method, f"/graph/v1.0{call.path}", json=call.body)
        assert answer.status in (201, 204), (call, await answer.text())
        if call.path.endswith(US):
            found = await (await theirs.get(f"/graph/v1.0{call.path}")).json()
            assert all(found[name] == {**found[name], **wanted} for name, wanted in call.body.items()), call


@pytest.mark.parametrize("call", SETTINGS, ids=lambda call: f"{call.method}-{'-'.join(call.body)}")
def test_every_call_of_every_checklist_is_as_microsoft_describes_it(call: GraphCall) -> None:
    content = json.dumps(call.body).encode()
    check_request(mock_request(call.method, call.path, query={}, headers={}, content=content))


async def test_a_stale_not_confirmed_after_all_is_refused(world: World) -> None:
    await world.opened()
    await world.click(confirming(SAM))
    stale = UnconfirmSetup(
        actor=SAM.chat_id, tenant_id=TENANT, step=REDEEM_STEP.key, step_digest=Digest("0" * 64), channel="D-1"
    )
    await world.click(stale)
    assert len((await record(world)).confirmations) == 1
    assert await world.refusals() == [(SAM.chat_id, "stale_card")]


async def test_a_partnership_of_the_previous_version_gets_its_half_when_the_bot_starts(world: World) -> None:
    await world.opened()
    setup = (await record(world)).setup
    document = json.loads(dump(PARTNERSHIP, await record(world)))
    old = {name: value for name, value in document.items() if name not in NEW_FIELDS}
    await change_as_ours(world.store, "update partnerships set doc = ?", json.dumps(old))
    assert (await record(world)).setup == ()
    shown = len(world.notifier.halves)
    for _ in range(2):
        await record_missing_setup(service=world.service, store=world.store)
        await world.settle()
    assert (await record(world)).setup == setup != ()
    assert world.notifier.halves[shown:] == [(await record(world), False)]
    assert ("gatehouse", "record_half", "accepted") in await world.log()
    await world.click(RemindSetup(actor=SAM.chat_id, tenant_id=TENANT))
    assert (await record(world)).remind_setup_at == NOW + WEEK
    await world.click(confirming(SAM))
    assert len((await record(world)).confirmations) == 1
    await world.revoke(DANA)
    await record_missing_setup(service=world.service, store=world.store)
    assert (await record(world)).setup == ()


async def test_what_cannot_be_recorded_for_one_partner_does_not_keep_the_start(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    await world.opened()
    await world.store.execute("update partnerships set doc = json_remove(doc, '$.setup', '$.sum')")
    for fault in (Refused(RefusalCode.SETUP_ALREADY_RECORDED), RuntimeError("Out of order.")):

        async def failing(*_: object, fault: Exception = fault, **__: object) -> Partnership:
            raise fault

        monkeypatch.setattr(world.service, "advance_review", failing)
        await record_missing_setup(service=world.service, store=world.store)
    assert (await record(world)).setup == ()


async def test_an_unreadable_partnership_does_not_keep_the_start(world: World) -> None:
    await world.opened()
    await world.store.execute("update partnerships set doc = '{}'")
    assert await world.store.partners_without_setup() == [TENANT]
    await record_missing_setup(service=world.service, store=world.store)


async def test_only_partners_without_setup_are_read_at_the_start(world: World) -> None:
    await world.opened()
    assert await world.store.partners_without_setup() == []
    await world.store.execute("update partnerships set doc = json_remove(doc, '$.setup', '$.sum')")
    assert await world.store.partners_without_setup() == [TENANT]
    await world.store.execute("update partnerships set doc = 'no json'")
    assert await world.store.partners_without_setup() == []
