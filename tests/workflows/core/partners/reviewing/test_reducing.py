"""Reduce: only what certainly gives less is offered, and a reduction that was read back answers the review."""

from dataclasses import replace
from datetime import timedelta
from typing import Any, Final

import pytest

from tests.workflows.core.builders import (
    NOW,
    RILEY,
    SAM,
    TENANT,
    identity,
    particulars,
    partnership,
    prepared,
    reduction_plan,
    request,
    situation,
)
from workflows.catalog.catalog import SHIPPED, load_catalog
from workflows.core.errors.raised import Refused
from workflows.core.partners.outcome.advancing import advance_request_and_record
from workflows.core.partners.outcome.new_records import opened_partnership
from workflows.core.partners.partnership import Attestation, Partnership, PartnershipState, SettingsBasis
from workflows.core.partners.reviewing.reducing import require_reducible, templates_with_less_access
from workflows.core.partners.reviewing.reviews import advance_review
from workflows.core.people import CurrentRoles
from workflows.core.plans.plan import ApprovedSettings
from workflows.core.plans.planning import plan_access
from workflows.core.policy.reviews.sponsorship import FormerSponsor
from workflows.core.policy.reviews.terms import AttestedText, MfaAttestation
from workflows.core.policy.template import Template
from workflows.core.requests.commands.automatic import RecordApplied, RecordPrepared
from workflows.core.requests.commands.partner_record import Keep
from workflows.core.requests.commands.request import Submit, Withdraw
from workflows.core.requests.commands.review_event import ReviewReason, ReviewReasonCode
from workflows.core.requests.effects import ShowReview
from workflows.core.requests.request import AccessRequest, ObservedPartner, RequestState
from workflows.core.settings.model import InboundTrust, TenantId

DAY: Final = timedelta(days=1)
LATER: Final = NOW + 30 * DAY
TEMPLATES: Final = load_catalog(SHIPPED).templates


def due(**changes: Any) -> Partnership:
    return partnership(**{"state": PartnershipState.REVIEW_DUE, "reminders": 2, **changes})


def reduction(**changes: Any) -> AccessRequest:
    """A reduction that was filed as the answer to the review of Contoso."""
    fields = replace(particulars(), justification="Only guests until May", answers_review_of=TENANT)
    usual = {"prepared": prepared(plan=reduction_plan()), "fields": fields}
    return request(RequestState.APPLYING, **{**usual, **changes})


def of_template(template: Template) -> ObservedPartner:
    """A partner that is set exactly as a template says."""
    plan = plan_access(
        tenant_id=TENANT,
        before=None,
        settings=template.settings,
        template=template.name,
        template_hash=template.content_hash,
        duration=template.default_duration,
    )
    return ObservedPartner(identity=identity(), configuration=plan.configuration_after(), at=NOW)


@pytest.mark.parametrize(
    ("current", "less"),
    [
        ("trusted-partner", ["guest-collaboration"]),
        ("subsidiary-synchronization", ["guest-collaboration"]),
        ("guest-collaboration", []),
        ("block", []),
    ],
)
def test_only_templates_that_certainly_give_less_are_offered(current: str, less: list[str]) -> None:
    found = templates_with_less_access(of_template(TEMPLATES[current]), TEMPLATES.values())
    assert [template.name for template in found] == less


def test_the_smallest_reduction_comes_first_and_what_cannot_be_planned_is_left_out() -> None:
    merger = of_template(TEMPLATES["merger"])
    found = templates_with_less_access(merger, TEMPLATES.values())
    assert next(template.name for template in found) == "guest-collaboration"
    no_guid = replace(merger, identity=replace(identity(), tenant_id=TENANT), configuration={"inboundTrust": 7})
    assert templates_with_less_access(no_guid, [TEMPLATES["guest-collaboration"]]) == ()


def test_a_reduction_that_was_read_back_answers_the_review() -> None:
    mfa = MfaAttestation(text=AttestedText.EVERYBODY_USES_MFA, until=LATER + 10 * DAY)
    before = Attestation(person=SAM, reason="Audit", at=NOW, mfa=mfa)
    answered = opened_partnership(reduction(), due(attestations=(before,)), LATER)
    assert (answered.state, answered.reminders, answered.review_reasons) == (PartnershipState.ACTIVE, 0, ())
    assert answered.next_review_at == LATER + 10 * DAY
    assert answered.attestations == (
        before,
        Attestation(person=RILEY, reason="Only guests until May", at=LATER, reduced_by=reduction().id),
    )


def test_who_reduces_for_a_sponsor_without_an_account_becomes_the_sponsor() -> None:
    assert opened_partnership(reduction(), due(sponsor_gone_at=NOW), LATER).sponsor == RILEY


@pytest.mark.parametrize(
    ("known", "changes"),
    [
        (due(), {"fields": particulars()}),
        (due(), {"fields": replace(particulars(), answers_review_of=TenantId("another"))}),
        (due(ends_at=LATER), {}),
        (due(basis=SettingsBasis.PARTLY_APPLIED), {}),
        (due(former_sponsors=(FormerSponsor(person=RILEY, until=NOW),)), {}),
        (due(sponsor=RILEY, sponsor_gone_at=NOW), {}),
        (
            due(),
            {
                "prepared": prepared(
                    plan=replace(
                        reduction_plan(),
                        kept_approval=ApprovedSettings(configuration=None, inherited=None, is_created=False),
                    )
                )
            },
        ),
    ],
    ids=[
        "filed otherwise",
        "about another partner",
        "ended",
        "not approved",
        "by a former sponsor",
        "by a sponsor without an account",
        "drift stays",
    ],
)
def test_no_other_reduction_answers_the_review(known: Partnership, changes: dict[str, Any]) -> None:
    after = opened_partnership(reduction(**changes), known, LATER)
    assert (after.state, after.attestations) == (PartnershipState.REVIEW_DUE, ())


ENDED: Final = Attestation(
    person=SAM, reason="x", at=NOW, mfa=MfaAttestation(text=AttestedText.EVERYBODY_USES_MFA, until=LATER)
)
WANTED: Final = ReviewReason(code=ReviewReasonCode.ATTESTATION_ENDED, at=NOW)


STILL_TRUSTED: Final = reduction(
    prepared=prepared(
        plan=reduction_plan(
            {"tenantId": TENANT, "inboundTrust": {"isMfaAccepted": True, "isCompliantDeviceAccepted": True}},
            InboundTrust(mfa=True, compliant_device=False),
        )
    )
)


@pytest.mark.parametrize("changes", [{"attestations": (ENDED,)}, {"review_reasons": (WANTED,)}, {}])
def test_a_reduction_is_no_attestation(changes: dict[str, Any]) -> None:
    """The review stays open for it, and says why, unless the partner's MFA is not accepted any more."""
    known = due(**changes)
    after = opened_partnership(STILL_TRUSTED, known, LATER)
    assert (after.state, after.attestations) == (PartnershipState.REVIEW_DUE, known.attestations)
    assert after.not_attested_after == STILL_TRUSTED.id
    answered = opened_partnership(reduction(), after, LATER)
    assert (answered.state, answered.not_attested_after) == (PartnershipState.ACTIVE, None)


def test_a_template_that_asks_for_no_attestation_needs_none() -> None:
    """An attestation that was given and has ended is asked again all the same."""
    answered = opened_partnership(STILL_TRUSTED, due(), LATER, asks_attestation=False)
    assert (answered.state, answered.not_attested_after) == (PartnershipState.ACTIVE, None)
    ended = opened_partnership(STILL_TRUSTED, due(attestations=(ENDED,)), LATER, asks_attestation=False)
    assert ended.state is PartnershipState.REVIEW_DUE


def test_keep_ends_what_the_reduction_left_open() -> None:
    after = opened_partnership(STILL_TRUSTED, due(), LATER)
    keep = Keep(
        actor=after.sponsor,
        tenant_id=TENANT,
        reason="The launch moved to July",
        attests=AttestedText.EVERYBODY_USES_MFA,
    )
    kept = advance_review(after, keep, current_roles=CurrentRoles(), now=LATER, attest_mfa_for=40 * DAY).partnership
    assert (kept.state, kept.not_attested_after) == (PartnershipState.ACTIVE, None)


@pytest.mark.parametrize("asks", [True, False])
def test_what_the_template_asks_is_known_when_the_reduction_is_read_back(asks: bool) -> None:
    applied = RecordApplied(configuration=STILL_TRUSTED.plan.configuration_after() or {}, asks_attestation=asks)
    written = replace(STILL_TRUSTED, writing_since=NOW)
    after = advance_request_and_record(written, applied, situation(), due()).partnership
    assert after is not None
    assert (after.state is PartnershipState.REVIEW_DUE) is asks


def test_a_review_that_was_kept_meanwhile_stays_kept() -> None:
    kept = partnership(attestations=(Attestation(person=SAM, reason="Audit", at=NOW),))
    assert opened_partnership(reduction(), kept, LATER).attestations == kept.attestations


@pytest.mark.parametrize(
    ("known", "code"),
    [
        (partnership(), "not_due"),
        (due(basis=SettingsBasis.OVERWRITTEN), "not_as_approved"),
        (due(ends_at=NOW), "past_its_end"),
    ],
)
def test_reduce_is_an_answer_only_while_the_access_may_be_kept(known: Partnership, code: str) -> None:
    with pytest.raises(Refused) as refused:
        require_reducible(known, NOW)
    assert refused.value.code == code
    require_reducible(due(), NOW)


def test_the_review_shows_each_step_of_the_reduction_that_would_answer_it() -> None:
    asked = reduction(state=RequestState.AWAITING_APPROVAL)
    show = ShowReview(tenant_id=TENANT)
    submit = Submit(request_id=asked.id, fields=asked.fields, lifetime=DAY)
    filed = advance_request_and_record(None, submit, situation())
    assert show in filed.effects
    planned = RecordPrepared(prepared=asked.require_prepared())
    assert show in advance_request_and_record(filed.request, planned, situation()).effects
    withdraw = Withdraw(actor=RILEY.chat_id, request_id=asked.id, is_requester=True)
    assert show in advance_request_and_record(asked, withdraw, situation()).effects
    other = replace(asked, fields=particulars())
    assert show not in advance_request_and_record(other, withdraw, situation()).effects
