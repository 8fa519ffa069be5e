"""Answers to a review in words: what Keep asks for, what was attested, and how a review was answered."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final

from bot.words.sentences import day
from workflows.core.partners.partnership import Attestation
from workflows.core.policy.reviews.terms import AttestedText, MfaAttestation
from workflows.core.requests.request import RequestId

KEEP_QUESTION: Final = "What do they work on, and until when?"
KEEP_HINT: Final = (
    "At least three different words and 15 letters. “Yes” or “still needed” alone is not enough. "
    "It is kept in the audit log."
)
ATTEST_HINT: Final = "Ask their administrator if you do not know. If it is not true, choose Reduce or Revoke instead."
NOTHING_LESS: Final = (
    "No template certainly gives less than what is set now. To end the access, choose Revoke. For other settings, send "
    "a request with /partner request; the whole chain decides then."
)
_ATTESTED: Final[Mapping[AttestedText, str]] = {
    AttestedText.EVERYBODY_USES_MFA: (
        "{partner} requires multifactor authentication (MFA) of everybody who signs in to our tenant"
    )
}
_SHORT: Final[Mapping[AttestedText, str]] = {AttestedText.EVERYBODY_USES_MFA: "the partner requires MFA of everybody"}


def attested_words(text: AttestedText, partner: str) -> str:
    """Return the sentence that a person attests, without a full stop.

    :param partner: the verified name of the partner.
    """
    return _ATTESTED[text].format(partner=partner)


def attest_choice_words(until: datetime) -> str:
    """Return the text of the tick: the person attests the sentence above it, until a day."""
    return f"I attest this. It counts until {day(until)}."


def attestation_state_words(attestations: Sequence[Attestation], now: datetime) -> str:
    """Return until when the newest attestation of MFA counts, or when it ended; empty when there is none."""
    newest = next((answer for answer in reversed(attestations) if answer.mfa is not None), None)
    if newest is None or newest.mfa is None:
        return ""
    ended = "until" if now < newest.mfa.until else "ended"
    return f"{ended} {day(newest.mfa.until)}"


def reduced_not_attested_words(request_id: RequestId) -> str:
    """Return why a review stays open after a reduction: it is no attestation of MFA."""
    return f"Reduced ({request_id}), but nobody attests their MFA, so this stays open."


def attestation_words(mfa: MfaAttestation | None) -> str:
    """Return what somebody attested and until when it counts; empty when nothing was attested."""
    return "" if mfa is None else f"Attested: {_SHORT[mfa.text]}, until {day(mfa.until)}."
