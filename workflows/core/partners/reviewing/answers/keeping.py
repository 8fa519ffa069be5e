"""What Keep needs: settings as approved, a reason, and an attestation where the template asks for one. Pure.

The window checks the same before it is sent, so that a problem is shown at its field.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta

from workflows.core.errors.raised import Refused
from workflows.core.errors.refusal_codes import RefusalCode
from workflows.core.partners.partnership import Attestation, Partnership
from workflows.core.partners.reviewing.answers.keep_reason import last_reason, require_substance
from workflows.core.plans.plan import Plan
from workflows.core.policy.reviews.terms import AttestedText, MfaAttestation
from workflows.core.settings.model import FLAGS, Property


def require_keepable(
    partnership: Partnership,
    *,
    reason: str,
    attests: AttestedText | None,
    attest_mfa_for: timedelta | None,
    now: datetime,
) -> None:
    """Check an answer that keeps access.

    :param attests: the text that the person attests.
    :param attest_mfa_for: how long an attestation counts; None when the template asks for none.
    :raises Refused: when the access cannot be kept with this answer.
    """
    domain = partnership.identity.default_domain
    if not partnership.is_as_approved:
        raise Refused(RefusalCode.SETTINGS_NOT_APPROVED, domain=domain)
    if partnership.is_past_its_end(now):
        raise Refused(RefusalCode.ACCESS_PERIOD_ENDED, domain=domain)
    require_substance(reason, last_reason(partnership))
    if attests is None and must_attest_mfa(partnership, attest_mfa_for, now):
        raise Refused(RefusalCode.MFA_NOT_ATTESTED, partner=partnership.identity.name)


def must_attest_mfa(partnership: Partnership, attest_mfa_for: timedelta | None, now: datetime) -> bool:
    """Return whether Keep needs an attestation: the template asks for one, and none counts until the next review.

    :param attest_mfa_for: see `require_keepable`.
    """
    if attest_mfa_for is None:
        return False
    current = mfa_attestation(partnership.attestations, now)
    if current is None or current.mfa is None:
        return True
    next_at = next_review(partnership.review_interval, partnership.ends_at, now)
    return next_at is not None and current.mfa.until < next_at


def mfa_attestation(attestations: Iterable[Attestation], now: datetime) -> Attestation | None:
    """Return the newest answer with an attestation that counts now; None when there is none."""
    counting = [answer for answer in attestations if answer.mfa is not None and now < answer.mfa.until]
    return counting[-1] if counting else None


def has_attestation_ended(attestations: Iterable[Attestation], now: datetime) -> bool:
    """Return whether somebody attested MFA, and no attestation counts any more."""
    attested_ones = [answer for answer in attestations if answer.mfa is not None]
    return bool(attested_ones) and mfa_attestation(attested_ones, now) is None


def refuses_mfa(plan: Plan) -> bool:
    """Return whether the partner's MFA is certainly not accepted after a plan: its own settings say so."""
    trust = (plan.configuration_after() or {}).get(Property.INBOUND_TRUST)
    # NB. without a setting of its own the partner inherits the default, which can change without a request.
    return isinstance(trust, dict) and trust.get(FLAGS[Property.INBOUND_TRUST]["mfa"]) is False


def attested(attests: AttestedText | None, attest_mfa_for: timedelta | None, now: datetime) -> MfaAttestation | None:
    """Return what is recorded of an attestation; None when the person or the template has none."""
    if attests is None or attest_mfa_for is None:
        return None
    return MfaAttestation(text=attests, until=now + attest_mfa_for)


def next_review(
    interval: timedelta | None, ends_at: datetime | None, now: datetime, attested_until: datetime | None = None
) -> datetime | None:
    """Return the time of the next review: after the interval, but not later than the end of access or attestation."""
    return min((moment for moment in (interval and now + interval, ends_at, attested_until) if moment), default=None)


def attestation_end(attestations: Iterable[Attestation], now: datetime) -> datetime | None:
    """Return when the attestation that counts now ends; None when none counts."""
    answer = mfa_attestation(attestations, now)
    return None if answer is None or answer.mfa is None else answer.mfa.until
