"""Every level of risk, and every reason for it, has its words."""

import pytest

from bot.words.plans.risk import LEVELS, REASONS, risk_level_words, risk_reason_words
from workflows.core.policy.risk import RiskLevel, RiskReason


def test_every_level_and_every_reason_has_words_of_its_own() -> None:
    assert set(LEVELS) == set(RiskLevel)
    assert set(REASONS) == set(RiskReason)
    assert len(set(REASONS.values())) == len(RiskReason)
    assert all(words.endswith(".") for words in REASONS.values())


@pytest.mark.parametrize(("level", "words"), [(RiskLevel.LOW, "low"), (RiskLevel.ELEVATED, "elevated")])
def test_a_level_is_one_word(level: RiskLevel, words: str) -> None:
    assert risk_level_words(level) == words


@pytest.mark.parametrize(
    ("reason", "sentence"),
    [
        (RiskReason.MFA, "We accept the partner's MFA."),
        (RiskReason.DIRECT_CONNECT_ALL, "B2B direct connect is not limited to named applications."),
        (
            RiskReason.ALL_APPLICATIONS,
            "Inbound access is not limited to named applications. It includes applications that are added later.",
        ),
        (RiskReason.LONG, "The access is requested for longer than a year."),
        (RiskReason.CROSS_CLOUD, "The partner is in another Microsoft cloud."),
    ],
)
def test_a_reason_is_one_sentence(reason: RiskReason, sentence: str) -> None:
    assert risk_reason_words(reason) == sentence
