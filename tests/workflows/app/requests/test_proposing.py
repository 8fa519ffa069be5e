"""The rules where they bite: at the form's field, in preparing, and in what is stored for the card."""

import json
from datetime import timedelta
from typing import Any

import pytest

from bot.words.refusals.sentences import fact_words
from bot.words.requests.notes import note_words
from tests.bot.words.refused import worded_refusal
from tests.workflows.core.builders import NOW, STAGES, TENANT, identity, prepared, request
from tests.workflows.world import World
from workflows.app.requests.forms import InvalidForm
from workflows.app.requests.proposing import check_proposal
from workflows.core.checks.findings import Finding, FindingCode, PlanBreaksRules, Severity
from workflows.core.checks.partner_rules import MICROSOFT_SUPPORT
from workflows.core.plans.planning import plan_access
from workflows.core.policy.risk import ChainWeakness, RiskLevel
from workflows.core.requests.request import ObservedPartner, RequestState
from workflows.core.settings.model import AutomaticRedemption, Property
from workflows.store.codec import REQUEST, dump, load


async def test_a_partner_that_is_none_is_refused_at_the_field(world: World) -> None:
    world.tenant.partners[TENANT] = {"tenantId": TENANT, "isServiceProvider": True}
    with pytest.raises(InvalidForm) as caught:
        await world.file()
    assert "service provider" in fact_words(caught.value.problems["target"])
    assert "crossTenantAccessPolicyConfigurationPartner" in fact_words(caught.value.problems["target"])


async def test_a_partner_that_becomes_one_while_the_request_waits_makes_it_unfit(world: World) -> None:
    request_id = await world.file()
    world.clock.advance(minutes=10)
    world.tenant.partners[TENANT] = {"tenantId": TENANT, "isServiceProvider": True}
    stored = await world.settled(request_id)
    assert stored.state is RequestState.UNFIT
    assert "service provider" in note_words(stored.note)


def test_a_rule_that_the_change_breaks_is_said_at_the_template() -> None:
    """Synchronization requires the automatic redemption that this plan switches off."""
    before = {"tenantId": TENANT, "identitySynchronization": {"userSyncInbound": {"isSyncAllowed": True}}}
    plan = plan_access(
        tenant_id=TENANT,
        before={**before, "automaticUserConsentSettings": {"inboundAllowed": True}},
        settings={Property.AUTOMATIC_REDEMPTION: AutomaticRedemption(inbound=False)},
        template="t",
        template_hash="h",
        duration=timedelta(days=90),
    )
    with worded_refusal(PlanBreaksRules, match="requires automatic redemption") as caught:
        check_proposal(ObservedPartner(identity=identity(), configuration=before, at=NOW), plan, STAGES)
    assert (caught.value.field, caught.value.code) == ("template", "synchronization_without_redemption")


async def test_what_the_approvers_must_know_is_stored_with_the_request(world: World) -> None:
    world.tenant.partners[TENANT] = {"tenantId": TENANT, "isInMultiTenantOrganization": True}
    request = await world.waiting()
    found = {finding.code: finding for finding in request.require_prepared().findings}
    assert found[FindingCode.MULTI_TENANT_ORGANIZATION].severity is Severity.WARNING
    assert found[FindingCode.LICENCE_P1].source
    assert request.require_prepared().observation.default == await world.tenant.read_default()


async def test_a_template_too_weak_for_what_is_set_already_is_refused(world: World, monkeypatch: Any) -> None:
    """The loader checks a template's approval policy for what it can produce; each plan is checked again."""
    too_weak = ChainWeakness(level=RiskLevel.HIGH, people=1, stages=1)
    monkeypatch.setattr("workflows.app.requests.proposing.weakness_of", lambda stages, level: too_weak)
    with pytest.raises(InvalidForm) as caught:
        await world.file()
    assert "the risk is high" in fact_words(caught.value.problems["template"])


def test_requests_stored_before_there_were_findings_and_defaults_still_load() -> None:
    stored = json.loads(dump(REQUEST, request()))
    del stored["prepared"]["findings"]
    del stored["prepared"]["observation"]["default"]
    loaded = load(REQUEST, json.dumps(stored))
    assert loaded == request()
    assert loaded.plan.digest == request().plan.digest


def test_findings_survive_the_store() -> None:
    finding = Finding(code=FindingCode.TEXT, severity=Severity.UNCHECKED, values={"text": "T."}, source="S")
    known = prepared(findings=(finding,))
    assert load(REQUEST, dump(REQUEST, request(prepared=known))).require_prepared().findings == (finding,)


def test_microsofts_support_is_known_by_its_id() -> None:
    assert MICROSOFT_SUPPORT == "b4c546a4-7dac-46a6-a7dd-ed822a11efd3"
