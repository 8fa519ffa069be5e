"""Keeping access: the window asks why, and for an attestation where the template asks for one."""

from datetime import timedelta

from hypothesis import given, settings

from bot.slack.flows.answer_review import keep_view
from bot.words.sentences import day
from tests.bot import surfaces
from tests.bot.surfaces import assert_sound, hostile_or_blank
from tests.workflows.core.builders import NOW, SAM, TENANT, partnership
from workflows.core.partners.partnership import Attestation
from workflows.core.policy.reviews.terms import AttestedText, MfaAttestation


def test_keep_asks_why() -> None:
    view = keep_view(partnership(), now=NOW)
    assert_sound(view)
    assert (view["callback_id"], view["private_metadata"]) == ("keep_reason", TENANT)
    assert view["blocks"][-1]["label"]["text"] == "What do they work on, and until when?"
    assert "optional" not in view["blocks"][-1]


def test_where_the_template_asks_keep_has_a_box_that_must_be_ticked() -> None:
    """It says which sentence is attested, and until when."""
    view = keep_view(partnership(), now=NOW, attest_mfa_for=timedelta(days=180))
    assert_sound(view)
    box = view["blocks"][-1]
    assert (box["block_id"], "optional" in box) == ("attest", False)
    assert box["label"]["text"] == (
        "contoso.com requires multifactor authentication (MFA) of everybody who signs in to our tenant"
    )
    [choice] = box["element"]["options"]
    assert (choice["value"], choice["text"]["text"]) == (
        "everybody_uses_mfa",
        f"I attest this. It counts until {day(NOW + timedelta(days=180))}.",
    )


def test_an_attestation_that_still_counts_is_not_asked_again() -> None:
    mfa = MfaAttestation(text=AttestedText.EVERYBODY_USES_MFA, until=NOW + timedelta(days=60))
    attested = partnership(attestations=(Attestation(person=SAM, reason="Audit", at=NOW, mfa=mfa),))
    view = keep_view(attested, now=NOW, attest_mfa_for=timedelta(days=180))
    assert [block["block_id"] for block in view["blocks"] if block["type"] == "input"] == ["reason"]


@settings(deadline=None, max_examples=60)
@given(hostile_or_blank)
def test_hostile_text_stays_text_where_access_is_kept(text: str) -> None:
    named = surfaces.hostile_identity(text)
    known = partnership(identity=named, sponsor=surfaces.hostile_person(text), template_title=text)
    assert_sound(keep_view(known, now=NOW, attest_mfa_for=timedelta(days=180)))
