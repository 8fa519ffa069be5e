"""The words of a diagnosis: every code has a sentence, and one list makes the page and the answers."""

from dataclasses import replace

import pytest

from bot.words.findings.diagnosis.notes import CAUSES, NOTES
from bot.words.findings.diagnosis.sign_in_codes import CODE_WORDS, code_name
from bot.words.findings.diagnosis.steps import (
    NOTHING_KNOWN,
    as_json,
    first_cause,
    side_words,
    step_rows,
    without_policy_names,
)
from tests.code_table import PAGE, written_page
from tests.workflows.core.builders import identity
from tests.workflows.core.posture.diagnosis.read_facts import facts, log, read, signed_in
from tests.workflows.core.posture.diagnosis.test_later_steps import access, verdict
from workflows.core.checks.conditional_access.controls import PolicyEffect
from workflows.core.posture.diagnosis.diagnosing import diagnose
from workflows.core.posture.diagnosis.facts import Home, HomeKind
from workflows.core.posture.diagnosis.sign_in_codes import SIGN_IN_CODES
from workflows.core.posture.diagnosis.steps import Cause, Note


def test_every_code_has_words() -> None:
    assert NOTES.keys() == set(Note)
    assert CAUSES.keys() == set(Cause)
    assert CODE_WORDS.keys() == SIGN_IN_CODES.keys()


def test_the_page_has_the_codes_of_the_list() -> None:
    assert PAGE.read_text() == written_page(PAGE.read_text()), "write them again: uv run poe codes"


@pytest.mark.parametrize("number", SIGN_IN_CODES)
def test_each_code_is_explained_with_who_can_change_it(number: int) -> None:
    diagnosis = diagnose(facts(sign_ins=read(log(signed_in(number)))))
    if SIGN_IN_CODES[number].is_interrupt:
        assert code_name(number) in step_rows(diagnosis)[-1].text
        return
    first = first_cause(diagnosis)
    assert f"{code_name(number)}. {CODE_WORDS[number].meaning}" in first.text
    assert first.who
    assert first.how


def test_the_first_cause_is_said_with_the_place_of_the_change() -> None:
    first = first_cause(diagnose(facts(accounts=read(()))))
    assert (first.who, first.how) == (
        "Somebody who may invite guests",
        "Entra admin center, Users, Invite external user",
    )
    assert first_cause(diagnose(facts())).text == f"{NOTHING_KNOWN} Not known here: Their side."


def test_a_sponsor_hears_only_the_side() -> None:
    assert side_words(diagnose(facts(accounts=read(())))) == "Our side"
    assert side_words(diagnose(facts(sign_ins=read(log(signed_in(500212)))))) == "Their side"
    assert side_words(diagnose(facts())) == "Not known"


def test_names_of_policies_can_be_left_out() -> None:
    diagnosis = diagnose(facts(access=access(verdict(PolicyEffect.LOCKED_OUT), verdict(PolicyEffect.DEPENDS))))
    assert "“P”" in first_cause(diagnosis).text
    hidden = without_policy_names(diagnosis)
    assert "“P”" not in " ".join(row.text for row in step_rows(hidden))
    assert "a policy (admins see its name)" in first_cause(hidden).text
    assert as_json(hidden)["first"] is not None


@pytest.mark.parametrize("line_break", ["\n", "\r\n", "\v", "\x85", "\u2028"])
def test_a_name_from_outside_stays_on_one_line_inside_its_quotation_marks(line_break: str) -> None:
    """Partners choose the name of their tenant."""
    chosen = f'Contoso” (verified).{line_break}3. Account: "✓ Passes“'
    home = read(Home(kind=HomeKind.ORGANIZATION, identity=replace(identity(), display_name=chosen)))
    said = step_rows(diagnose(facts(home=home)))[0].text
    assert "“Contoso' (verified). 3. Account: '✓ Passes'” (not verified)" in said
    assert len(said.splitlines()) == 1
    locked = replace(verdict(PolicyEffect.LOCKED_OUT), policy=chosen)
    assert "“Contoso' (verified). 3. Account: '✓ Passes'”" in first_cause(diagnose(facts(access=access(locked)))).text


def test_asked_for_mfa_twice_is_answered_on_the_same_page() -> None:
    rows = step_rows(diagnose(facts(access=access(verdict(PolicyEffect.REQUIRED_IN_OUR_TENANT)))))
    assert rows[5].text == "MFA twice: “P” asks for MFA here, and our settings do not accept theirs."
