"""What happens to a partner makes its review due: each event once, and what cannot be read is no event."""

from collections.abc import Coroutine
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from tests.workflows.core.builders import AMARA, BRUNO, CHIE, DANA, NOW, RILEY, SAM, TENANT, identity
from tests.workflows.world import World
from workflows.app.schedule.reviews.events import drift_reviews as drift_reviews_module
from workflows.app.schedule.reviews.events.drift_reviews import DriftReviews
from workflows.app.schedule.reviews.events.event_check import ReviewEventCheck
from workflows.app.schedule.reviews.events.moved_domains import MovedDomains
from workflows.app.schedule.reviews.events.rule_changes import RuleChanges
from workflows.app.schedule.reviews.events.silences import Silences
from workflows.app.schedule.reviews.events.starting import EventReviews, LivePartner
from workflows.app.service import Service
from workflows.catalog.catalog import Catalog
from workflows.core.partners.partnership import Partnership, PartnershipState
from workflows.core.posture.watch.drift import DriftSubject
from workflows.core.requests.commands.review_event import ReviewReasonCode
from workflows.core.requests.commands.watch import AcceptDrift
from workflows.core.requests.request import RequestId, RequestState
from workflows.core.settings.block import BLOCK
from workflows.core.settings.model import InboundTrust, Property, TenantId
from workflows.ports.audit_log import AuditEntry
from workflows.ports.records import Commit
from workflows.ports.tenant import TenantRefused, TenantUnavailable

OTHER = replace(identity(), tenant_id=TenantId("2b7c0b0e-0000-4000-8000-000000000001"), default_domain="other.com")
CLOSED_DEFAULT = {**BLOCK}
OPEN_DEFAULT = {
    **BLOCK,
    "b2bDirectConnectInbound": {
        "usersAndGroups": {"accessType": "allowed", "targets": [{"target": "AllUsers", "targetType": "user"}]},
        "applications": {
            "accessType": "allowed",
            "targets": [{"target": "AllApplications", "targetType": "application"}],
        },
    },
}


@pytest.fixture
def reviews(world: World) -> EventReviews:
    """What starts reviews."""
    return EventReviews(service=world.service, store=world.store, clock=world.clock)


@pytest.fixture
def domains(world: World, reviews: EventReviews) -> MovedDomains:
    """What looks up domains."""
    return MovedDomains(reviews=reviews, tenant=world.tenant)


def rules(world: World, reviews: EventReviews, catalog: Catalog | None = None) -> RuleChanges:
    """What compares partners with the default and the templates."""
    return RuleChanges(reviews=reviews, tenant=world.tenant, catalog=catalog or world.catalog)


async def record(world: World) -> Partnership:
    await world.settle()
    found = await world.store.partnership(TENANT)
    assert found is not None
    return found


async def opened_for_guests(world: World) -> None:
    """Open Contoso by a template that leaves direct connect to the default."""
    request = await world.waiting(template="guest-collaboration")
    for person in (AMARA, BRUNO, CHIE):
        request = await world.request(request.id)
        if request.state is RequestState.AWAITING_APPROVAL:
            await world.approve(request, person)
    assert (await world.request(request.id)).state is RequestState.APPLIED


async def put_partner(world: World, known: Partnership) -> None:
    entry = AuditEntry(key=world.key(), at=NOW, actor="test", command="put", outcome="accepted", details={})
    assert await world.store.commit(Commit(entry=entry, partnership=known))


def codes(known: Partnership) -> list[str]:
    return [reason.code.value for reason in known.review_reasons]


# --- drift ---


async def drift(world: World, reviews: EventReviews, *, mfa: bool = False) -> Partnership:
    """Somebody changes Contoso in the portal, and the sweep finds it."""
    world.tenant.edit(TENANT, inboundTrust={"isMfaAccepted": mfa})
    await world.sweep()
    await DriftReviews(reviews=reviews).update()
    return await record(world)


async def test_drift_makes_a_review_due_once_without_a_second_message(world: World, reviews: EventReviews) -> None:
    await world.opened()
    known = await drift(world, reviews)
    assert (known.state, codes(known), known.reminders) == (PartnershipState.REVIEW_DUE, ["drift"], 0)
    assert world.notifier.asked == [], "the alarm has told the same people"
    await DriftReviews(reviews=reviews).update()
    assert await record(world) == known
    world.clock.advance(days=3)
    await world.reviews.check()
    await world.settle()
    assert (await record(world)).reminders == 1, "unanswered drift is asked about"


async def test_a_bot_that_does_not_lead_any_more_leaves_out_what_is_left(
    world: World, reviews: EventReviews, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Until it leads again, another bot may have found that the drift is over."""
    await world.opened()
    for is_forgotten, is_due in ((True, False), (False, True)):
        drift_reviews = DriftReviews(reviews=reviews)
        with monkeypatch.context() as patched:
            patched.setattr(drift_reviews_module, "AT_ONCE", 0)
            world.tenant.edit(TENANT, inboundTrust={"isMfaAccepted": False})
            await world.sweep()
            await drift_reviews.update()
        if is_forgotten:
            await drift_reviews.forget()
        world.clock.advance(minutes=5)
        await drift_reviews.step()
        assert ((await record(world)).state is PartnershipState.REVIEW_DUE) is is_due


async def test_drift_that_is_over_takes_its_review_along(world: World, reviews: EventReviews) -> None:
    await world.opened()
    before = await record(world)
    approved = world.tenant.partners[TENANT]["inboundTrust"]
    await drift(world, reviews)
    world.tenant.edit(TENANT, inboundTrust=approved)
    await world.sweep()
    await DriftReviews(reviews=reviews).update()
    after = await record(world)
    assert (after.state, codes(after)) == (PartnershipState.ACTIVE, [])
    assert after.next_review_at == before.next_review_at
    assert (await drift(world, reviews)).state is PartnershipState.REVIEW_DUE, "the same change again is a new event"


async def test_accepted_drift_needs_no_review_until_the_acceptance_ends(world: World, reviews: EventReviews) -> None:
    await world.opened()
    await drift(world, reviews)
    stored = await world.store.drift(DriftSubject(TENANT))
    assert stored is not None
    for admin in (DANA, RILEY):
        await world.click(
            AcceptDrift(
                actor=admin.chat_id,
                subject=TENANT,
                fingerprint=stored.found.fingerprint,
                days=3,
                reason="Wanted by them",
            )
        )
    await DriftReviews(reviews=reviews).update()
    assert (await record(world)).state is PartnershipState.ACTIVE
    world.clock.advance(days=8)
    await world.drift_answers.ask_again()
    await DriftReviews(reviews=reviews).update()
    assert codes(await record(world)) == ["drift"]


async def test_drift_of_a_revoked_partner_starts_no_review(world: World, reviews: EventReviews) -> None:
    await world.opened()
    await world.revoke(DANA)
    world.tenant.edit(TENANT, inboundTrust={"isMfaAccepted": True})
    await world.sweep()
    await DriftReviews(reviews=reviews).update()
    assert (await record(world)).state is PartnershipState.REVOKED


# --- risk ---


async def test_a_default_that_gives_more_makes_a_review_due_and_ends_it_when_it_is_back(
    world: World, reviews: EventReviews
) -> None:
    world.tenant.default = {**CLOSED_DEFAULT}
    await opened_for_guests(world)
    await rules(world, reviews).compare_risk()
    assert codes(await record(world)) == []
    world.tenant.default = {**OPEN_DEFAULT}
    await rules(world, reviews).compare_risk()
    known = await record(world)
    assert codes(known) == ["risk_grew"]
    assert known.review_reasons[0].values["after"] == "high"
    await rules(world, reviews).compare_risk()
    assert await record(world) == known, "once"
    world.tenant.default = {**CLOSED_DEFAULT}
    await rules(world, reviews).compare_risk()
    assert (await record(world)).state is PartnershipState.ACTIVE


async def test_a_default_that_cannot_be_read_is_no_change(world: World, reviews: EventReviews) -> None:
    world.tenant.default = {**CLOSED_DEFAULT}
    await opened_for_guests(world)
    world.tenant.default = {**OPEN_DEFAULT}
    for error in (TenantUnavailable("throttled"), TenantRefused(403, "Authorization_RequestDenied", "no permission")):
        world.script.fail("tenant.read_default", error)
        await rules(world, reviews).compare_risk()
        assert codes(await record(world)) == []
    await rules(world, reviews).compare_risk()
    assert codes(await record(world)) == ["risk_grew"]


async def test_the_default_is_not_read_while_there_is_no_partner(world: World, reviews: EventReviews) -> None:
    await rules(world, reviews).compare_risk()
    assert "tenant.read_default" not in world.script.calls


# --- templates ---


def with_template(catalog: Catalog, name: str, **changes: Any) -> Catalog:
    changed = replace(catalog.templates[name], content_hash="new", **changes)
    return replace(catalog, templates={**catalog.templates, name: changed})


async def test_a_stricter_template_makes_a_review_due_once(world: World, reviews: EventReviews) -> None:
    await world.opened()
    await rules(world, reviews).compare_templates()
    assert codes(await record(world)) == []
    less = {**world.catalog.templates["trusted-partner"].settings, Property.INBOUND_TRUST: InboundTrust(mfa=False)}
    stricter = rules(world, reviews, with_template(world.catalog, "trusted-partner", settings=less))
    await stricter.compare_templates()
    known = await record(world)
    assert codes(known) == ["template_stricter"]
    assert known.review_reasons[0].values == {"template": "Trusted partner", "changes": "settings"}
    await stricter.compare_templates()
    assert await record(world) == known


async def test_a_template_that_gives_more_was_removed_or_is_of_others_is_no_cause(
    world: World, reviews: EventReviews
) -> None:
    await world.opened()
    templates = {**world.catalog.templates}
    del templates["trusted-partner"]
    for catalog in (
        replace(world.catalog, templates=templates),
        with_template(world.catalog, "trusted-partner", description="Reworded"),
        with_template(world.catalog, "guest-collaboration", durations=(timedelta(days=1),)),
    ):
        await rules(world, reviews, catalog).compare_templates()
        assert codes(await record(world)) == []


async def test_a_review_that_could_not_be_recorded_is_started_by_the_next_comparison(
    world: World, reviews: EventReviews, monkeypatch: pytest.MonkeyPatch
) -> None:
    await world.opened()
    await rules(world, reviews).compare_templates()
    less = {**world.catalog.templates["trusted-partner"].settings, Property.INBOUND_TRUST: InboundTrust(mfa=False)}
    stricter = rules(world, reviews, with_template(world.catalog, "trusted-partner", settings=less))

    async def fail(*_: object) -> None:
        raise OSError("the disk does not answer")

    with monkeypatch.context() as patched:
        patched.setattr(Service, "advance_review", fail)
        await stricter.compare_templates()
    assert codes(await record(world)) == []
    await stricter.compare_templates()
    assert codes(await record(world)) == ["template_stricter"]


async def test_a_record_that_cannot_be_read_stops_no_comparison_of_others_and_is_compared_again(
    world: World, reviews: EventReviews
) -> None:
    await world.opened()
    another = replace(await record(world), identity=OTHER, request_id=RequestId("r-none"), version=1)
    await put_partner(world, another)
    compared: list[TenantId] = []

    async def compare(partner: LivePartner) -> bool:
        compared.append(partner.tenant_id)
        if partner.tenant_id == TENANT:
            raise OSError("unreadable")
        return True

    assert not await reviews.compare_each(compare)
    assert sorted(compared) == sorted([TENANT, OTHER.tenant_id])


# --- domains ---


async def test_a_domain_of_another_tenant_makes_a_review_due_once(
    world: World, reviews: EventReviews, domains: MovedDomains
) -> None:
    await world.opened()
    world.clock.advance(days=2)
    world.tenant.tenants["contoso.com"] = OTHER
    await domains.step()
    known = await record(world)
    assert codes(known) == ["domain_moved"]
    assert known.review_reasons[0].values == {"domain": "contoso.com", "tenant_id": OTHER.tenant_id}
    await world.keep(SAM)
    world.clock.advance(days=1)
    await domains.step()
    assert codes(await record(world)) == [], "the same move is known"
    world.tenant.tenants["contoso.com"] = identity()
    world.clock.advance(days=1)
    await domains.step()
    world.tenant.tenants["contoso.com"] = OTHER
    world.clock.advance(days=1)
    await domains.step()
    assert codes(await record(world)) == ["domain_moved"], "it came back and moved again"


@pytest.mark.parametrize(
    "error", [TenantUnavailable("down"), TenantRefused(403, "Authorization_RequestDenied", "no permission"), None]
)
async def test_a_domain_that_cannot_be_read_or_is_nobodys_has_not_moved(
    world: World, domains: MovedDomains, error: Exception | None
) -> None:
    await world.opened()
    world.clock.advance(days=2)
    if error is None:
        del world.tenant.tenants["contoso.com"]
    else:
        world.script.fail("tenant.find", error)
    await domains.step()
    assert codes(await record(world)) == []


async def test_a_domain_is_looked_up_once_a_day_and_not_on_its_first_day(world: World, domains: MovedDomains) -> None:
    await world.opened()
    world.tenant.fresh.clear()
    for _ in range(3):
        await domains.step()
        world.clock.advance(minutes=2)
    assert world.tenant.fresh == []
    world.clock.advance(days=1)
    for _ in range(3):
        await domains.step()
        world.clock.advance(minutes=2)
    assert world.tenant.fresh == ["contoso.com"]


async def test_many_domains_are_spread_and_a_restart_goes_on_where_the_round_was(
    world: World, reviews: EventReviews
) -> None:
    request = await world.opened()
    known = await record(world)
    for number in range(11):
        tenant = f"aaaaaaaa-0000-4000-8000-{number:012}"
        name = f"p{number:02}.com"
        one = replace(identity(name), tenant_id=TenantId(tenant), default_domain=name)
        await put_partner(world, replace(known, identity=one, version=1, request_id=request.id))
        world.tenant.add_tenant(one)
    world.clock.advance(days=2)
    world.tenant.fresh.clear()
    await MovedDomains(reviews=reviews, tenant=world.tenant).step()
    assert len(world.tenant.fresh) == 5
    restarted = MovedDomains(reviews=reviews, tenant=world.tenant)
    for _ in range(4):
        await restarted.step()
        await restarted.step()
        world.clock.advance(minutes=1)
    assert len(world.tenant.fresh) == len(set(world.tenant.fresh)) == 12


# --- the check ---


@pytest.fixture
def started() -> list[Coroutine[Any, Any, None]]:
    """The work that the check started in the background."""
    return []


async def test_the_check_runs_once_a_minute_and_looks_for_events_once_a_day(
    world: World, reviews: EventReviews, domains: MovedDomains, started: list[Coroutine[Any, Any, None]]
) -> None:
    await world.opened()
    silences = Silences(reviews=reviews)
    check = ReviewEventCheck(rules=rules(world, reviews), silences=silences, domains=domains, start=started.append)
    for minutes, expected in ((0, 1), (0.5, 0), (1, 1)):
        world.clock.advance(minutes=minutes)
        await check.check()
        await check.check()
        assert len(started) == expected
        while started:
            await started.pop()
    world.clock.advance(days=1)
    world.script.calls.clear()
    world.script.fail("tenant.read_default", RuntimeError("a bug"))
    await check.check()
    await started.pop()
    assert world.script.calls.count("tenant.read_default") == 1
    world.clock.advance(minutes=2)
    await check.check()
    await started.pop()
    assert world.script.calls.count("tenant.read_default") == 1, "what failed is repeated on the next day"


async def test_a_failure_with_one_partner_does_not_stop_the_others(
    world: World, reviews: EventReviews, monkeypatch: pytest.MonkeyPatch
) -> None:
    await world.opened()

    async def broken(*_: object, **__: object) -> None:
        raise RuntimeError("a bug")

    monkeypatch.setattr(Service, "advance_review", broken)
    await reviews.end(TENANT, ReviewReasonCode.DRIFT)
    assert codes(await record(world)) == []
