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
from tests.workflows.core.posture.watch.drifts import drift, found
from workflows.app.evidence.reviews.review_context import ReviewContext
from workflows.core.partners.partnership import Attestation, Partnership
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
from workflows.core.partners.reviewing.silence import with_question
from workflows.core.people import PersonId
from workflows.core.plans.plan import OnSilence
from workflows.core.policy.reviews.terms import AttestedText, MfaAttestation
from workflows.core.posture.watch.drift import Author, AuthorState, Drift
from workflows.core.requests.commands.partner_record import AskReview
from workflows.core.requests.commands.review_event import ReviewReason, ReviewReasonCode
from workflows.core.requests.request import RequestId, RequestState

DAY: Final = timedelta(days=1)
_WHY: Final = "The bridge project needs their engineers in our Teams and SharePoint until the handover in May."
_WHY_UNTIL_JANUARY: Final = _WHY.replace("in May", "in January")
_ANSWER_UNTIL_JANUARY: Final = "Fieldwork on the bridge runs until the end of January"
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


def _due(
    reason: ReviewReasonCode = ReviewReasonCode.CALENDAR,
    /,
    *,
    answer: str = "Fieldwork on the bridge runs until the end of March",
    days_ago: int = 30,
    **values: str,
) -> Partnership:
    """Return a record whose review was asked just now."""
    mfa = MfaAttestation(text=AttestedText.EVERYBODY_USES_MFA, until=NOW + 120 * DAY)
    answered = Attestation(person=SAM, reason=answer, at=NOW - days_ago * DAY, mfa=mfa)
    known = partnership(
        since=NOW - 120 * DAY, next_review_at=NOW, on_silence=OnSilence.SUSPEND, attestations=(answered,)
    )
    asked = with_question(known, AskReview(batch="b"), NOW)
    return replace(asked, review_reasons=(ReviewReason(code=reason, at=NOW, values=values),))


def _evidence(
    due: Partnership, of: UsageScan | None, usage: PartnerUsage | None, justification: str = _WHY
) -> PartnerEvidence:
    asked = request(RequestState.APPLIED, fields=replace(particulars(), justification=justification))
    people = (approval(AMARA, 0), approval(BRUNO, 1), approval(CHIE, 1))
    applied = replace(asked, decisions=tuple(replace(one, digest=asked.plan.digest) for one in people))
    return evidence_of(
        due,
        request=applied,
        scan=of,
        usage=usage,
        settings=SettingsCheck(state=SettingsState.AS_APPROVED, checked_at=NOW),
    )


def _drift() -> Drift:
    """Return what a sweep found: trust in devices and shared channels that nobody approved."""
    everybody = {
        "usersAndGroups": {"accessType": "allowed", "targets": [{"target": "AllUsers", "targetType": "user"}]},
        "applications": {
            "accessType": "allowed",
            "targets": [{"target": "AllApplications", "targetType": "application"}],
        },
    }
    nobody = {part: {**both, "accessType": "blocked"} for part, both in everybody.items()}
    trust = {"isMfaAccepted": True, "isCompliantDeviceAccepted": False, "isHybridAzureADJoinedDeviceAccepted": False}
    changed = found(
        settings=("b2bDirectConnectInbound", "inboundTrust"),
        approved_values={"b2bDirectConnectInbound": nobody, "inboundTrust": trust},
        current_values={
            "b2bDirectConnectInbound": everybody,
            "inboundTrust": {**trust, "isCompliantDeviceAccepted": True},
        },
        restores_less=True,
    )
    return drift(found=changed, author=Author(state=AuthorState.KNOWN, name="Mallory Fox", at=NOW - 2 * DAY))


def reviews() -> Mapping[str, tuple[Partnership, ReviewContext]]:
    """Return a due review of each kind, with what is known."""
    used = _due()
    unused = _due(ReviewReasonCode.NO_SIGN_IN, days="30", answer=_ANSWER_UNTIL_JANUARY, days_ago=91)
    drifted = _due(ReviewReasonCode.DRIFT, drift="differs_from_approved")
    unknown = replace(_due(), attestations=())
    people = replace(USAGE, people=12, guests=_GUESTS)
    compared = _evidence(drifted, scan(), people)
    checked = SettingsCheck(state=SettingsState.DRIFTED, checked_at=NOW)
    left = replace(_GUESTS, listed=(), last_sign_in_at=NOW - 40 * DAY)
    silent = PartnerUsage(tenant_id=used.identity.tenant_id, taken_at=NOW, guests=left)
    no_users = replace(REFUSED, permission="User.Read.All")
    unread = scan(sign_ins=REFUSED, guests=no_users, activity=REFUSED, reaches_back_to=None)
    reduced = replace(used, not_attested_after=RequestId("R-FBMG"))
    return {
        "review-reduced": (reduced, ReviewContext(evidence=_evidence(reduced, scan(), people))),
        "review-used": (used, ReviewContext(evidence=_evidence(used, scan(), people))),
        "review-unused": (unused, ReviewContext(evidence=_evidence(unused, scan(), silent, _WHY_UNTIL_JANUARY))),
        "review-drifted": (drifted, ReviewContext(evidence=replace(compared, settings=checked), drift=_drift())),
        "review-unknown": (unknown, ReviewContext(evidence=_evidence(unknown, unread, None))),
    }


def review_messages() -> dict[str, list[Json]]:
    """Return the card of each kind of review."""
    return {name: review_card(due, now=NOW, context=context).blocks for name, (due, context) in reviews().items()}


def review_windows() -> dict[str, Json]:
    """Return the window of Keep with an attestation, and the evidence for an admin and for the sponsor."""
    due, context = reviews()["review-used"]
    evidence = context.evidence
    drifted, changed = reviews()["review-drifted"]
    assert evidence is not None
    assert changed.evidence is not None
    return {
        "keep": keep_view(replace(due, attestations=()), now=NOW, attest_mfa_for=180 * DAY),
        "evidence-admin": evidence_view(due, evidence, _NAMES, now=NOW),
        "evidence-sponsor": evidence_view(due, evidence, None, now=NOW),
        "evidence-drifted": evidence_view(drifted, changed.evidence, None, now=NOW, drift=changed.drift),
    }
