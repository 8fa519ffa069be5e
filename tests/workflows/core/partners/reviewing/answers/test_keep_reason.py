"""A reason for keeping access says something; what counts is the same in every script."""

import pytest

from tests.workflows.core.builders import NOW, SAM, partnership
from workflows.core.errors.raised import Refused
from workflows.core.partners.partnership import Attestation
from workflows.core.partners.reviewing.answers.keep_reason import MIN_LETTERS, MIN_WORDS, last_reason, require_substance


def problem_of(reason: str, last: str = "") -> str:
    try:
        require_substance(reason, last)
    except Refused as refused:
        return str(refused.fact.values.get("problem", refused.code))
    return ""


@pytest.mark.parametrize(
    "reason",
    [
        "The launch moved to July",
        "Still needed for the launch in July",
        "Audit fieldwork until June",
        "Brückenprojekt läuft bis März",
        "Проект моста до конца марта",
        "مشروع الجسر حتى شهر مارس",
        "पुल परियोजना मार्च तक चलेगी",
        "プロジェクトは三月まで続きます",
        "桥梁项目持续到三月",
        "교량 프로젝트가 삼월까지 계속됩니다",
        "โครงการสะพานถึงเดือนมีนาคม",
    ],
)
def test_what_they_work_on_and_until_when_is_a_reason_in_every_language(reason: str) -> None:
    assert problem_of(reason) == ""


@pytest.mark.parametrize(
    "reason",
    [
        "yes",
        "OK.",
        "ok ok ok ok ok ok ok ok ok ok ok",
        "Still needed",
        "Still needed for the project",
        "The access is still needed, please keep it",
        "yes, keep it as before, thanks",
        "aaaaaaaaaaaaaaaaaaaaaaaaa",
        "ああああああああああああ",
        "项目",
        "필요합니다",
        "2026 2027 R-1234 ......",
        "🙂 🙂 🙂 🙂 🙂",
        "\u200b\u200b\u200b.",
    ],
)
def test_what_people_type_without_thinking_is_none(reason: str) -> None:
    assert problem_of(reason) == "too_short"


@pytest.mark.parametrize("reason", ["", " ", "\n"])
def test_no_reason_is_missing(reason: str) -> None:
    assert problem_of(reason) == "reason_missing"


def test_letters_and_words_count_at_their_exact_number() -> None:
    assert (MIN_LETTERS, MIN_WORDS) == (15, 3)
    assert problem_of("bridge works june") == ""
    assert problem_of("bridge work june") == "too_short"
    assert problem_of("bridgework untilljune") == "too_short"
    assert problem_of("桥梁项目到三月") == "too_short"
    assert problem_of("桥梁项目到三月底") == ""


def test_the_text_of_last_time_is_no_answer_however_it_is_written() -> None:
    said = "The bridge project runs until March."
    for again in (said, said.upper(), "the bridge project,  runs until March", "Ｔhe bridge project runs until March"):
        assert problem_of(again, said) == "repeated"
    assert problem_of("The bridge project runs until June.", said) == ""


def test_the_last_answer_is_the_newest() -> None:
    assert last_reason(partnership()) == ""
    answers = tuple(Attestation(person=SAM, reason=reason, at=NOW) for reason in ("First", "Second"))
    assert last_reason(partnership(attestations=answers)) == "Second"
