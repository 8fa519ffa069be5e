"""The words of every error that the domain raises on purpose, for the person whom it concerns."""

from collections.abc import Callable
from typing import Final

from bot.words.actions import with_commands
from bot.words.findings.finding import finding_words, source_words
from bot.words.refusals.decisions import DECISIONS
from bot.words.refusals.forms import FORMS
from bot.words.refusals.ids import IDS, UNREADABLE
from bot.words.refusals.partner_names import PARTNER_NAMES
from bot.words.refusals.people import ABOUT_THE_SPONSOR, PEOPLE
from bot.words.sentences import Sentences, said
from workflows.core.checks.findings import finding_in
from workflows.core.errors.facts import TEXT, Fact, Values, fact_in, with_facts_replaced
from workflows.core.errors.raised import CodedError, DomainError
from workflows.core.errors.refusal_codes import RefusalCode


def refusal_words(error: DomainError) -> str:
    """State what is not possible, why, and what to do next. Errors without a fact have a text of their own."""
    return fact_words(error.fact) if isinstance(error, CodedError) else with_facts(str(error))


def fact_words(fact: Fact) -> str:
    """State a refusal's fact in words. A fact that this version does not know is shown as its code and values."""
    words = _words(fact)
    return str(fact) if words is None else words


def with_facts(text: str) -> str:
    """Replace, in a text of the domain, every fact by its words and every action by its command."""
    return with_commands(with_facts_replaced(text, _words))


def _words(fact: Fact) -> str | None:
    """Return the words of a fact; None when its code, or one of its values, is not known."""
    if fact.code == TEXT:
        return with_facts(str(fact.values.get("text", "")))
    try:
        sentence = SENTENCES[RefusalCode(fact.code)]
        return with_commands(said(sentence, fact.values))
    except (ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError):
        return None  # a stored text that only looks like a fact must not keep its card from being shown


def _about_the_sponsor(values: Values) -> str:
    refused = fact_in(values["refused"])
    for code, sentence in ABOUT_THE_SPONSOR.items():
        if code == refused.code:
            return said(sentence, refused.values)
    return f"The sponsor cannot be used: {fact_words(refused)}"


def _of_a_file(values: Values) -> str:
    return f"{values['label']}: {fact_words(fact_in(values['problem']))}"


def _unfit(values: Values) -> str:
    errors = [finding_in(one) for one in values["errors"]]
    return " ".join(f"{finding_words(one)} ({source_words(one.source)})" for one in errors)


_NESTED: Final[dict[RefusalCode, Callable[[Values], str]]] = {
    RefusalCode.UNFIT: _unfit,
    RefusalCode.SPONSOR_REFUSED: _about_the_sponsor,
    RefusalCode.PLACEHOLDER_OF_FILE: _of_a_file,
}
SENTENCES: Final[Sentences] = {**DECISIONS, **PEOPLE, **PARTNER_NAMES, **FORMS, **IDS, **UNREADABLE, **_NESTED}
"""Every code with its sentence."""
