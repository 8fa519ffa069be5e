"""The words of a front end for facts inside refusals, and what a log reads without a front end."""

from enum import StrEnum

import bot.words
from workflows.core.checks.facts import Why
from workflows.core.checks.findings import FindingCode, Source
from workflows.core.checks.said import provide_words, said
from workflows.core.policy.risk import RiskReason


class _Code(StrEnum):
    ONE = "one"


def test_without_words_a_fact_is_said_by_its_code_and_values() -> None:
    assert said(_Code.ONE) == "one"
    assert said(_Code.ONE, {"name": "Contoso"}) == "one {'name': 'Contoso'}"


def test_with_words_a_fact_is_said_in_them() -> None:
    class Told(StrEnum):
        TWO = "two"

    provide_words(Told, lambda code, values: f"{code}: {values.get('name')}.")
    assert said(Told.TWO, {"name": "Contoso"}) == "two: Contoso."


def test_the_front_end_provides_words_for_all_that_refusals_contain() -> None:
    assert bot.words.__all__
    assert said(FindingCode.GUESTS_SEE_ALL) == "Guests see this tenant's directory as members do."
    assert said(RiskReason.MFA) == "The partner's MFA counts as ours."
    assert said(Source.RECORDS) == "Gatehouse's records"
    assert said(Why.NO_LICENCE) == "no licence"
