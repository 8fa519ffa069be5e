"""The sentence of every refusal, and of every system that does not answer."""

from collections.abc import Callable
from typing import Final

from bot.words.findings.finding import finding_words, source_words
from bot.words.refusals.adoption import ADOPTION
from bot.words.refusals.changes import CHANGES
from bot.words.refusals.conversation import ABOUT_THE_ASKED, CONVERSATION
from bot.words.refusals.decisions import DECISIONS
from bot.words.refusals.forms import FORMS
from bot.words.refusals.freeze import FREEZE
from bot.words.refusals.ids import IDS, UNREADABLE
from bot.words.refusals.named_people.approvers import APPROVERS
from bot.words.refusals.named_people.delegation import (
    ABOUT_THE_ABSENT,
    ABOUT_THE_DELEGATE,
    ABOUT_THE_NEW_APPROVER,
    DELEGATION,
)
from bot.words.refusals.named_people.guest_accounts import GUEST_ACCOUNTS
from bot.words.refusals.named_people.people import ABOUT_THE_SPONSOR, PEOPLE
from bot.words.refusals.partner_names import PARTNER_NAMES
from bot.words.refusals.reviews.answers import REVIEW_ANSWERS
from bot.words.refusals.reviews.campaigns import CAMPAIGNS
from bot.words.refusals.sheets import RECEIVED_FILES, sheet_words
from bot.words.sentences import Sentences, fill_in
from bot.words.unavailable.entra import entra_words
from bot.words.unavailable.storage import trouble_words
from workflows.core.batches.sheets.codes import SheetCode
from workflows.core.checks.findings import finding_from_value
from workflows.core.errors.facts import TEXT, Fact, Values, fact_from_value, facts_from_values
from workflows.core.errors.refusal_codes import RefusalCode
from workflows.core.errors.tenant_problems import TenantCode
from workflows.ports.effects_queue import QueueCode
from workflows.ports.records import StoreTrouble
from workflows.sheets.received import ReceivedFileCode


def fact_words(fact: Fact) -> str:
    """Return the sentence for a refusal, or for a system that does not answer.

    An unknown fact is shown as its code and values, so that its card can still be shown.
    """
    try:
        return _words(fact)
    except (ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError):
        return str(fact)


def _words(fact: Fact) -> str:
    if fact.code == TEXT:
        return str(fact)
    if fact.code in set(TenantCode):
        return entra_words(fact)
    if fact.code in set(StoreTrouble):
        return f"The records cannot be written: {trouble_words(fact.code)}."
    if fact.code in set(SheetCode):
        return sheet_words(fact)
    if fact.code in set(ReceivedFileCode):
        return fill_in(RECEIVED_FILES[ReceivedFileCode(fact.code)], fact.values)
    if fact.code == QueueCode.UNREADABLE:
        return "unreadable: {problems} problems".format_map(fact.values)
    return fill_in(SENTENCES[RefusalCode(fact.code)], _with_answer(fact.values))


def _with_answer(values: Values) -> Values:
    """Replace the facts about another system's answer by their sentences.

    An earlier version stored the sentences.
    """
    answer = values.get("answer")
    return (
        {**values, "answer": " ".join(map(fact_words, facts_from_values(answer)))}
        if isinstance(answer, list)
        else values
    )


def _about_a_person(sentences: Sentences, whom: str) -> Callable[[Values], str]:
    """Return the function that says to whoever named a person why that person is refused."""

    def words(values: Values) -> str:
        refused = fact_from_value(values["refused"])
        for code, sentence in sentences.items():
            if code == refused.code:
                return fill_in(sentence, refused.values)
        return f"The {whom} cannot be used: {fact_words(refused)}"

    return words


def _about_the_asked(values: Values) -> str:
    refused = fact_from_value(values["refused"])
    return f"{ABOUT_THE_ASKED.get(refused.code, fact_words(refused))} Choose somebody else."


def _of_a_file(values: Values) -> str:
    return f"{values['label']}: {fact_words(fact_from_value(values['problem']))}"


def _unfit(values: Values) -> str:
    errors = [finding_from_value(value) for value in values["errors"]]
    return " ".join(f"{finding_words(error)} ({source_words(error.source)})" for error in errors)


_NESTED: Final[dict[RefusalCode, Callable[[Values], str]]] = {
    RefusalCode.PLAN_BREAKS_RULES: _unfit,
    RefusalCode.CANNOT_BE_ASKED: _about_the_asked,
    RefusalCode.SPONSOR_REFUSED: _about_a_person(ABOUT_THE_SPONSOR, "sponsor"),
    RefusalCode.DELEGATE_REFUSED: _about_a_person(ABOUT_THE_DELEGATE, "delegate"),
    RefusalCode.ABSENT_PERSON_REFUSED: _about_a_person(ABOUT_THE_ABSENT, "absent person"),
    RefusalCode.REASSIGNED_TO_REFUSED: _about_a_person(ABOUT_THE_NEW_APPROVER, "new approver"),
    RefusalCode.PLACEHOLDER_WRONG_IN_FILE: _of_a_file,
}
SENTENCES: Final[Sentences] = {
    **APPROVERS,
    **DECISIONS,
    **DELEGATION,
    **CHANGES,
    **CONVERSATION,
    **PEOPLE,
    **PARTNER_NAMES,
    **ADOPTION,
    **FORMS,
    **FREEZE,
    **GUEST_ACCOUNTS,
    **REVIEW_ANSWERS,
    **CAMPAIGNS,
    **IDS,
    **UNREADABLE,
    **_NESTED,
}
"""Every code with its sentence."""
