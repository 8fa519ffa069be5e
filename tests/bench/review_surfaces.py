"""The surfaces of reviews: the card of a used, an unused, a drifted and an unknown partner, Keep, and the evidence."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Final

from bot.slack.blocks.blocks import Json
from bot.slack.cards.review_card import review_card
from bot.slack.flows.answer_review import evidence_view, keep_view
from tests.workflows.core.builders import AMARA, BRUNO, CHIE, NOW, SAM, approval, particulars, partnership, request
from tests.workflows.core.partners.evidence.test_partner_evidence import REFUSED, USAGE, scan
from tests.workflows.core.posture.watch.drifts import drift
from workflows.app.evidence.reviews.review_context import ReviewContext
from workflows.core.partners.partnership import Attestation, Partnership, PartnershipState
from workflows.core.partners.reviewing.evidence.partner_evidence import (
    PartnerEvidence,
    SettingsCheck,
    SettingsState,
    evidence_of,
)
from workflows.core.partners.reviewing.evidence.usage import (
    GuestMatch,
    GuestUsage,
    ListedGuest,
    PartnerUsage,
    UsageScan,
)
from workflows.core.people import PersonId
from workflows.core.policy.reviews.attestation import AttestedText, MfaAttestation
from workflows.core.requests.commands.review_event import ReviewReason, ReviewReasonCode
from workflows.core.requests.request import RequestId, RequestState

DAY: Final = timedelta(days=1)
_WHY: Final = "The bridge project needs their engineers in our Teams and SharePoint until the handover in May."
_GUESTS: Final = GuestUsage(
    count=20,
    never_came=3,
    disabled=1,
    matches={GuestMatch.SIGN_IN: 12, GuestMatch.MAIL: 8},
    listed=tuple(
        ListedGuest(
            id=PersonId(f"guest-{number}"),
            match=GuestMatch.MAIL,
            has_come=number % 3 > 0,
            is_enabled=True,
            last_sign_in_at=NOW - number * DAY,
        )
        for number in range(20)
    ),
)
_NAMES: Final = {PersonId(f"guest-{number}"): f"Guest {number}" for number in range(20)}


def _due(reason: ReviewReasonCode = ReviewReasonCode.CALENDAR, **values: str) -> Partnership:
    mfa = MfaAttestation(text=AttestedText.EVERYBODY_USES_MFA, until=NOW + 120 * DAY)
    answer = Attestation(
        person=SAM, reason="Fieldwork on the bridge runs until the end of March", at=NOW - 30 * DAY, mfa=mfa
    )
    return partnership(
        state=PartnershipState.REVIEW_DUE,
        reminders=1,
        next_review_at=NOW + 3 * DAY,
        attestations=(answer,),
        review_reasons=(ReviewReason(code=reason, at=NOW, values=values),),
    )


def _evidence(due: Partnership, of: UsageScan | None, usage: PartnerUsage | None) -> PartnerEvidence:
    asked = request(RequestState.APPLIED, fields=replace(particulars(), justification=_WHY))
    people = (approval(AMARA, 0), approval(BRUNO, 1), approval(CHIE, 1))
    applied = replace(asked, decisions=tuple(replace(one, digest=asked.plan.digest) for one in people))
    return evidence_of(
        due,
        request=applied,
        scan=of,
        usage=usage,
        settings=SettingsCheck(state=SettingsState.AS_APPROVED, checked_at=NOW),
    )


def reviews() -> Mapping[str, tuple[Partnership, ReviewContext]]:
    """Return a due review of each kind, with what is known."""
    used = _due()
    unused = _due(ReviewReasonCode.NO_SIGN_IN, days="30")
    drifted = _due(ReviewReasonCode.DRIFT, drift="differs_from_approved")
    unknown = replace(_due(), attestations=())
    people = replace(USAGE, people=12, guests=_GUESTS)
    found = _evidence(drifted, scan(), people)
    checked = SettingsCheck(state=SettingsState.DRIFTED, checked_at=NOW)
    silent = PartnerUsage(tenant_id=used.identity.tenant_id, taken_at=NOW, guests=replace(_GUESTS, listed=()))
    unread = scan(sign_ins=REFUSED, guests=REFUSED, activity=REFUSED, reaches_back_to=None)
    reduced = replace(used, not_attested_after=RequestId("R-FBMG"))
    return {
        "review-reduced": (reduced, ReviewContext(evidence=_evidence(reduced, scan(), people))),
        "review-used": (used, ReviewContext(evidence=_evidence(used, scan(), people))),
        "review-unused": (unused, ReviewContext(evidence=_evidence(unused, scan(), silent))),
        "review-drifted": (drifted, ReviewContext(evidence=replace(found, settings=checked), drift=drift())),
        "review-unknown": (unknown, ReviewContext(evidence=_evidence(unknown, unread, None))),
    }


def review_messages() -> dict[str, list[Json]]:
    """Return the card of each kind of review."""
    return {name: review_card(due, now=NOW, context=context).blocks for name, (due, context) in reviews().items()}


def review_windows() -> dict[str, Json]:
    """Return the window of Keep with an attestation, and the evidence for an admin and for the sponsor."""
    due, context = reviews()["review-used"]
    evidence = context.evidence
    assert evidence is not None
    return {
        "keep": keep_view(replace(due, attestations=()), now=NOW, attest_mfa_for=180 * DAY),
        "evidence-admin": evidence_view(due, evidence, _NAMES),
        "evidence-sponsor": evidence_view(due, evidence, None),
    }
