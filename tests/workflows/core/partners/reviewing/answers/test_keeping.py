"""Keep needs an attestation of the partner's MFA where the template asks for one, and until when it counts."""

from datetime import datetime, timedelta
from typing import Final

import pytest

from tests.workflows.core.builders import DANA, MILLISECOND, NOW, SAM, TENANT, everybody, partnership, prepared, request
from workflows.core.errors.raised import Refused
from workflows.core.partners.outcome.new_records import opened_partnership
from workflows.core.partners.partnership import Attestation, Partnership, PartnershipState
from workflows.core.partners.reviewing.answers.keeping import mfa_attestation, must_attest_mfa
from workflows.core.partners.reviewing.reviews import advance_review
from workflows.core.policy.reviews.terms import AttestedText, MfaAttestation
from workflows.core.requests.commands.partner_record import AskReview, Keep
from workflows.core.requests.request import RequestState

DAY: Final = timedelta(days=1)
DUE: Final = NOW + 30 * DAY
MFA: Final = AttestedText.EVERYBODY_USES_MFA
PERIOD: Final = 40 * DAY


def said(until: datetime, at: datetime = NOW, reason: str = "Audit") -> Attestation:
    """An answer that attests MFA."""
    return Attestation(person=DANA, reason=reason, at=at, mfa=MfaAttestation(text=MFA, until=until))


def keep(
    *answers: Attestation,
    attests: AttestedText | None = MFA,
    period: timedelta | None = PERIOD,
    now: datetime = DUE,
    **changes: object,
) -> Partnership:
    known = partnership(**{"state": PartnershipState.REVIEW_DUE, "reminders": 1, "attestations": answers, **changes})
    command = Keep(actor=SAM, tenant_id=TENANT, reason="The launch moved to July", attests=attests)
    return advance_review(known, command, current_roles=everybody(), now=now, attest_mfa_for=period).partnership


def refusal(*answers: Attestation, period: timedelta | None = PERIOD) -> str:
    with pytest.raises(Refused) as refused:
        keep(*answers, attests=None, period=period)
    assert refused.value.fact.values == {"partner": "contoso.com"}
    return refused.value.code


def test_who_attests_is_recorded_with_the_sentence_and_its_end() -> None:
    kept = keep()
    assert kept.attestations[-1].mfa == MfaAttestation(text=MFA, until=DUE + PERIOD)
    assert kept.attestations[-1].person == SAM


def test_without_an_attestation_nothing_is_kept_where_the_template_asks() -> None:
    assert refusal() == "mfa_not_attested"
    assert keep(attests=None, period=None).attestations[-1].mfa is None


def test_what_no_template_asks_is_not_recorded() -> None:
    assert keep(period=None).attestations[-1].mfa is None


def test_an_attestation_that_counts_until_the_next_review_is_not_asked_again() -> None:
    next_at = DUE + 30 * DAY
    assert keep(said(next_at), attests=None).attestations[-1].mfa is None
    assert refusal(said(next_at - MILLISECOND)) == "mfa_not_attested"
    assert refusal(said(DUE)) == "mfa_not_attested"
    assert keep(said(next_at + DAY)).attestations[-1].mfa == MfaAttestation(text=MFA, until=DUE + PERIOD)


def test_the_next_review_is_not_later_than_the_end_of_the_attestation() -> None:
    assert keep(period=10 * DAY).next_review_at == DUE + 10 * DAY
    assert keep(period=PERIOD).next_review_at == DUE + 30 * DAY
    assert keep(review_interval=None, ends_at=None).next_review_at == DUE + PERIOD
    earlier = keep(said(DUE + DAY), attests=None, review_interval=None, ends_at=None)
    assert earlier.next_review_at == DUE + DAY


def test_the_newest_attestation_that_counts_is_shown() -> None:
    first, second, plain = said(NOW + 5 * DAY), said(NOW + 3 * DAY), Attestation(person=SAM, reason="Audit", at=NOW)
    assert mfa_attestation((first, second, plain), NOW) == second
    assert mfa_attestation((first, second, plain), NOW + 3 * DAY) == first
    assert mfa_attestation((first, second, plain), NOW + 5 * DAY) is None


def test_a_review_after_the_end_of_the_attestation_says_so() -> None:
    answered = partnership(attestations=(said(DUE),), next_review_at=DUE)
    for known, reason in ((answered, "attestation_ended"), (partnership(next_review_at=DUE), "calendar")):
        asked = advance_review(known, AskReview(), current_roles=everybody(), now=DUE).partnership
        assert [one.code for one in asked.review_reasons] == [reason]


def test_no_template_and_no_attestation_ask_nothing() -> None:
    assert not must_attest_mfa(partnership(), None, NOW)
    assert must_attest_mfa(partnership(), PERIOD, NOW)


def test_a_new_approval_keeps_the_attestation_and_is_reviewed_at_its_end() -> None:
    known = partnership(attestations=(said(NOW + 5 * DAY),))
    opened = opened_partnership(request(RequestState.APPLYING, prepared=prepared()), known, NOW)
    assert opened.attestations == known.attestations
    assert opened.next_review_at == NOW + 5 * DAY


def test_the_audit_log_names_the_sentence() -> None:
    command = Keep(actor=SAM, tenant_id=TENANT, reason="Audit", attests=MFA)
    assert command.audit_details() == {"reason": "Audit", "account": SAM.id, "attests": MFA.value}
    clicked = Keep(actor=SAM.chat_id, tenant_id=TENANT, reason="Audit", attests=MFA)
    assert clicked.audit_details() == {"reason": "Audit", "tenant_id": TENANT, "attests": MFA.value}
