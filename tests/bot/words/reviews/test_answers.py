"""What Keep asks for, what was attested, and until when."""

from datetime import timedelta

import pytest

from bot.words.reviews.answers import (
    attest_choice_words,
    attestation_state_words,
    attestation_words,
    attested_words,
)
from tests.workflows.core.builders import NOW, SAM
from workflows.core.partners.partnership import Attestation
from workflows.core.policy.reviews.terms import AttestedText, MfaAttestation

MFA = MfaAttestation(text=AttestedText.EVERYBODY_USES_MFA, until=NOW + timedelta(days=180))
PLAIN = Attestation(person=SAM, reason="Audit", at=NOW)
ATTESTED = Attestation(person=SAM, reason="Audit", at=NOW, mfa=MFA)


@pytest.mark.parametrize("text", AttestedText)
def test_every_sentence_names_the_partner_and_has_a_short_form(text: AttestedText) -> None:
    assert attested_words(text, "contoso.com").startswith("contoso.com ")
    assert attestation_words(MfaAttestation(text=text, until=NOW)).endswith(", until Mar 1, 2027.")


def test_the_box_says_until_when_it_counts() -> None:
    assert attest_choice_words(MFA.until) == "I attest this. It counts until Aug 28, 2027."
    assert attestation_words(None) == ""


def test_the_newest_attestation_counts_or_has_ended() -> None:
    assert attestation_state_words((ATTESTED, PLAIN), NOW) == "until Aug 28, 2027"
    assert attestation_state_words((ATTESTED, PLAIN), MFA.until) == "ended Aug 28, 2027"
    assert attestation_state_words((PLAIN,), NOW) == ""
