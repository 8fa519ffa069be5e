"""Every step of the partner setup has its words; these are the words that people read."""

from dataclasses import replace
from typing import Final

import pytest

from bot.words.partner_setup.state import LABELS, SHORT_NAMES, missing_until
from bot.words.partner_setup.steps import STEP_TEXTS, TRUST_WORDS
from tests.workflows.core.builders import REDEEM_STEP
from workflows.core.checks.partner_setup.steps import StepKey
from workflows.core.settings.model import FLAGS, Property

USUALLY_OPEN: Final = {StepKey.B2B_COLLABORATION_OUTBOUND, StepKey.B2B_COLLABORATION_INBOUND}
MISSING: Final = {
    StepKey.MICROSOFT_CLOUD: "Until they set it, nothing between the two tenants works.",
    StepKey.AUTOMATIC_REDEMPTION_OUTBOUND: (
        "Until they set it, their people still see the consent prompt here; access works without it."
    ),
    StepKey.AUTOMATIC_REDEMPTION_INBOUND: (
        "Until they set it, our people still see the consent prompt there; access works without it."
    ),
    StepKey.B2B_DIRECT_CONNECT_OUTBOUND: ("Until they set it, their people cannot use our shared channels."),
    StepKey.B2B_DIRECT_CONNECT_INBOUND: "Until they set it, our people cannot use their shared channels.",
    StepKey.PROVISIONING_JOB: "Until they set it, no accounts of their users are created here.",
}


def test_every_step_has_its_words() -> None:
    assert set(STEP_TEXTS) == set(SHORT_NAMES) == set(LABELS) == set(StepKey)
    assert set(MISSING) == set(StepKey) - USUALLY_OPEN
    assert set(TRUST_WORDS) == set(FLAGS[Property.INBOUND_TRUST])


@pytest.mark.parametrize(("key", "sentence"), MISSING.items())
def test_what_a_missing_step_means_reads_as_always(key: StepKey, sentence: str) -> None:
    step = replace(REDEEM_STEP, key=key)
    assert missing_until(step, (step,)) == sentence


def test_synchronization_needs_the_redemption_too() -> None:
    job = replace(REDEEM_STEP, key=StepKey.PROVISIONING_JOB)
    assert missing_until(REDEEM_STEP, (REDEEM_STEP, job)) == (
        "Until they set it, their users cannot be synchronized into our tenant."
    )
