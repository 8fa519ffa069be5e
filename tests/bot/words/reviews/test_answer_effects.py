"""What each answer needs and does: facts of the partner, and never more than is known."""

from dataclasses import replace

import pytest

from bot.words.reviews.answer_effects import restore_words, revoke_words
from tests.workflows.core.builders import NOW, partnership
from tests.workflows.core.partners.evidence.test_partner_evidence import CHECK, CUT, DAY, REFUSED, USAGE, scan
from tests.workflows.core.posture.watch.drifts import drift, found
from workflows.core.partners.reviewing.evidence.partner_evidence import PartnerEvidence, evidence_of
from workflows.core.partners.reviewing.evidence.usage import GuestUsage, PartnerUsage, UsageScan

GUESTS = GuestUsage(count=20, never_came=3)
NOBODY = replace(USAGE, people=0, last_sign_in_at=None, listed=())


def evidence(of: UsageScan | None, usage: PartnerUsage | None = None) -> PartnerEvidence:
    return evidence_of(partnership(), request=None, scan=of, usage=usage, settings=CHECK)


@pytest.mark.parametrize(
    ("known", "words"),
    [
        (
            evidence(scan(), replace(USAGE, guests=GUESTS)),
            "blocks these 2 people and 20 guest accounts",
        ),
        (evidence(scan(), USAGE), "blocks these 2 people"),
        (
            evidence(scan(), replace(NOBODY, guests=GUESTS)),
            "blocks 20 guest accounts",
        ),
        (evidence(scan()), "blocks their people (nobody seen in 30 days)"),
        (
            evidence(scan(), replace(NOBODY, guests=replace(GUESTS, last_sign_in_at=NOW - DAY))),
            "blocks 20 guest accounts, some seen in 30 days",
        ),
        (
            evidence(scan(sign_ins=REFUSED, guests=CUT), replace(NOBODY, guests=GUESTS)),
            "blocks at least 20 guest accounts; who of them needs it is not known",
        ),
        (evidence(scan(reaches_back_to=NOW - DAY)), "blocks their people (not known who)"),
        (evidence(None), "blocks their people (not known who)"),
    ],
)
def test_whom_a_revocation_blocks_is_said_as_far_as_it_is_known(known: PartnerEvidence, words: str) -> None:
    assert revoke_words(known) == f"{words}; also your people there. Undo: new request."


def test_who_decides_on_a_restore_depends_on_whether_it_certainly_gives_less() -> None:
    assert restore_words(drift()) == "asks the approval chain to undo the changes."
    less = drift(found=found(restores_less=True))
    assert restore_words(less) == "asks one approver to undo the changes."
