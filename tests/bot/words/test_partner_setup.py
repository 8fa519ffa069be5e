"""Every step of the partner setup has its words; these are the words that people read."""

from dataclasses import replace
from typing import Final

import pytest

from bot.words.partner_setup.state import LABELS, SHORT_NAMES, missing_until
from bot.words.partner_setup.steps import TRUST_WORDS, WORDS
from tests.workflows.core.builders import REDEEM_STEP
from workflows.core.partner_setup.steps import StepKey
from workflows.core.settings.model import FLAGS, Property

USUALLY_OPEN: Final = {StepKey.B2B_COLLABORATION_OUTBOUND, StepKey.B2B_COLLABORATION_INBOUND}
MISSING: Final = {
    StepKey.MICROSOFT_CLOUD: "Until it is set there, nothing between the two tenants works.",
    StepKey.AUTOMATIC_REDEMPTION_OUTBOUND: (
        "Until it is set there, their people keep seeing the consent prompt here; access does not need it."
    ),
    StepKey.AUTOMATIC_REDEMPTION_INBOUND: (
        "Until it is set there, our people keep seeing the consent prompt there; access does not need it."
    ),
    StepKey.B2B_DIRECT_CONNECT_OUTBOUND: (
        "Until it is set there, their people cannot take part in our shared channels."
    ),
    StepKey.B2B_DIRECT_CONNECT_INBOUND: "Until it is set there, our people cannot take part in their shared channels.",
    StepKey.PROVISIONING_JOB: "Until it is set there, no account of theirs is created here.",
}


def test_every_step_has_its_words() -> None:
    assert set(WORDS) == set(SHORT_NAMES) == set(LABELS) == set(StepKey)
    assert set(MISSING) == set(StepKey) - USUALLY_OPEN
    assert set(TRUST_WORDS) == set(FLAGS[Property.INBOUND_TRUST])


@pytest.mark.parametrize(("key", "sentence"), MISSING.items())
def test_what_a_missing_step_means_reads_as_always(key: StepKey, sentence: str) -> None:
    step = replace(REDEEM_STEP, key=key)
    assert missing_until(step, (step,)) == sentence


def test_synchronization_needs_the_redemption_too() -> None:
    job = replace(REDEEM_STEP, key=StepKey.PROVISIONING_JOB)
    assert missing_until(REDEEM_STEP, (REDEEM_STEP, job)) == (
        "Until it is set there, no account of theirs can be synchronized into our tenant."
    )
