"""Every refusal has words for the person whom it concerns, and they say what to do next."""

import ast
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest

from bot.words.refusals.named_people.people import ABOUT_THE_SPONSOR
from bot.words.refusals.sentences import SENTENCES, fact_words
from bot.words.requests.notes import note_words, refusal_words
from bot.words.unavailable.entra import entra_words
from tests.sources import modules_naming
from workflows.core.errors.facts import TEXT, Fact, as_values, fact_from_value
from workflows.core.errors.raised import CodedError, InvalidField, NothingToChange, Refused
from workflows.core.errors.refusal_codes import RefusalCode
from workflows.core.errors.tenant_problems import TenantCode
from workflows.core.requests.notes import NoteCode
from workflows.ports.people_directory import PeopleDirectoryRefused, PeopleDirectoryUnavailable
from workflows.ports.tenant import TenantUnavailable

PROJECT: Final = Path(__file__).parents[3]
GOLDEN: Final[list[tuple[RefusalCode, dict[str, Any], str]]] = [
    (RefusalCode(one["code"]), one["values"], one["words"])
    for one in map(json.loads, Path(__file__).with_name("refusal_sentences.jsonl").read_text().splitlines())
]
"""What people read for each refusal, word for word; several sentences for a code that has several."""
IDENTIFYING: Final = [PROJECT / "bot" / "slack" / "people" / name for name in ("directory.py", "reads.py", "users.py")]
NEXT_STEP: Final = re.compile(
    r"(?:^|[.…:] )(?:Ask|Change|Check|Choose|Click|Copy|Decide|Enter|Fill|Give|Let|Lift|Open|Request|Revoke|See|Send"
    r"|Shorten|Tell|Try|Type|Use|Wait|Write) |/partner [a-z]|You need to do nothing|, or ask an admin"
    r"|, and undo the confirmation|Did you mean|, so remove it|There are: "
    r"|You can request|The newest card is in this conversation"
)
NOBODY_READS: Final = frozenset(
    {
        RefusalCode.REVOCATION_NEVER_EXPIRES,
        RefusalCode.REVOCATION_NEVER_GIVEN_UP,
        RefusalCode.NOT_A_REVOCATION,
        RefusalCode.NOT_AN_ADOPTION,
        RefusalCode.NOT_AN_ACCOUNT_CHANGE,
        RefusalCode.ACCOUNTS_NOT_IN_TURN,
        RefusalCode.ALREADY_SENT_AGAIN,
        RefusalCode.FORM_HAS_PROBLEMS,
        RefusalCode.SETUP_ALREADY_RECORDED,
        RefusalCode.REVOCATION_NEEDS_NEW_PLAN,
        RefusalCode.ALL_APPROVALS_STILL_COUNT,
        RefusalCode.NOT_IN_A_BATCH,
        RefusalCode.NOT_APPROVED_IN_BATCH,
    }
)
"""Refusals of commands that the bot gives itself (by the clock, or after a read); no click leads to them."""
NOBODY_READS_OF: Final = {
    RefusalCode.NOT_DUE_YET: [
        {"what": "expiry"},
        {"what": "review"},
        {"what": "setup_reminder"},
        {"what": "handover"},
        {"what": "access_test"},
        {"what": "approver_reminder"},
        {"what": "start"},
    ],
    RefusalCode.NOT_POSSIBLE_IN_THIS_STATE: [{"sponsor": "Sam"}],
}
"""The same for some sentences of a code."""
RAISED: Final = frozenset(
    {"Refused", "InvalidField", "NothingToChange", "UnreadableSetting", "LookupRefused", "PeopleDirectoryRefused"}
)


def sources() -> Iterator[tuple[str, ast.Module]]:
    """Return every file that may refuse a person; the sandbox is left out, because it refuses the bot."""
    for path, tree in modules_naming(RAISED, [*PROJECT.glob("bot/**/*.py"), *PROJECT.glob("workflows/**/*.py")]):
        if not path.is_relative_to(PROJECT / "bot" / "sandbox"):
            yield str(path.relative_to(PROJECT)), tree


def texts(module: ast.Module) -> Iterator[str]:
    """Give every text with a space in the arguments of what is raised to a person."""
    for node in ast.walk(module):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in RAISED:
            for part in ast.walk(node):
                if isinstance(part, ast.Constant) and isinstance(part.value, str) and " " in part.value.strip():
                    yield part.value


def test_every_code_has_words_and_a_sentence_to_compare_with() -> None:
    assert set(SENTENCES) == set(RefusalCode)
    assert {code for code, _, _ in GOLDEN} == set(RefusalCode)


@pytest.mark.parametrize(("code", "values", "sentence"), GOLDEN, ids=[code for code, _, _ in GOLDEN])
def test_a_refusal_in_words(code: RefusalCode, values: dict[str, Any], sentence: str) -> None:
    assert fact_words(Fact(code, values)) == sentence
    assert refusal_words(Refused(code, **values)) == sentence
    assert note_words([Fact(code, values), Fact(NoteCode.KEEPS_TRYING)]) == f"{sentence} Gatehouse keeps trying."


def test_every_refusal_says_what_to_do_next() -> None:
    without = [
        (code.value, values)
        for code, values, sentence in GOLDEN
        if code not in NOBODY_READS and not NEXT_STEP.search(sentence) and values not in NOBODY_READS_OF.get(code, [])
    ]
    assert without == []
    for code in NOBODY_READS:
        assert not any(NEXT_STEP.search(sentence) for one, _, sentence in GOLDEN if one is code), "needs no exception"


def test_no_refusal_is_raised_with_a_sentence() -> None:
    assert [(file, text) for file, module in sources() for text in texts(module)] == []


def test_a_sentence_in_a_raised_refusal_is_found() -> None:
    code = """
def refuse(name):
    raise Refused("a", "Only admins do this.")
def named(name):
    raise InvalidField(FIELD, R.X, why=f"“{name}” is too long.")
"""
    assert list(texts(ast.parse(code))) == ["Only admins do this.", "” is too long."]


def test_every_refusal_of_the_directory_has_words_about_a_sponsor() -> None:
    raised = {code for file in IDENTIFYING for code in re.findall(r"\bRefused\(RefusalCode\.(\w+)", file.read_text())}
    assert {RefusalCode[code] for code in raised} == set(ABOUT_THE_SPONSOR)
    for sentence in ABOUT_THE_SPONSOR.values():
        assert isinstance(sentence, str)
        assert not re.search(r"\b[Yy]ou", sentence)
        assert "sponsor" in sentence


def test_a_refusal_of_a_sponsor_without_words_of_its_own_is_passed_on() -> None:
    refused = PeopleDirectoryRefused("users.info", "token_revoked").fact.as_value()
    assert fact_words(Fact(RefusalCode.SPONSOR_REFUSED, {"refused": refused})).startswith(
        "The sponsor cannot be used: The chat system refuses to say who people are (users.info: token_revoked)."
    )


def test_an_error_without_a_fact_has_its_own_text() -> None:
    assert refusal_words(TenantUnavailable("Microsoft Graph does not answer.")) == "Microsoft Graph does not answer."
    waits = PeopleDirectoryUnavailable(PeopleDirectoryRefused("users.info", "token_revoked").facts)
    assert refusal_words(waits).startswith("The chat system refuses to say who people are (users.info: token_revoked).")


def test_a_text_from_outside_or_from_an_earlier_version_stays_as_it_is() -> None:
    assert fact_words(Fact(TEXT, {"text": "You filed this request."})) == "You filed this request."


@pytest.mark.parametrize(
    "code", [RefusalCode.CANNOT_BE_CHECKED, RefusalCode.ALL_LOOKUPS_REFUSED, RefusalCode.NAME_SEARCH_REFUSED]
)
def test_the_answer_in_a_refusal_is_worded_too_and_an_earlier_versions_text_is_repeated(code: RefusalCode) -> None:
    values = next(values for one, values, _ in GOLDEN if one is code)
    answer = Fact(TenantCode.CREDENTIALS_REFUSED, {"says": "AADSTS7000215"})
    told, stored = entra_words(answer), "Entra refused to look up accounts: no (403)."
    assert told in fact_words(Fact(code, {**values, "answer": as_values([answer])}))
    assert stored in fact_words(Fact(code, {**values, "answer": stored}))


@pytest.mark.parametrize(
    "fact",
    [
        Fact("unheard_of"),
        Fact("limit_reached", {"limit": 3}),
        Fact("limit_reached", {"limit": 3, "what": "requests", "again_at": "soon"}),
        Fact("open_request", {"kind": "access", "seconds": 1e300}),
        Fact("sponsor_refused", {"refused": []}),
        Fact("refused_by_entra", {"status": 403}),
        Fact("too_late", {"call": {"purpose": "unheard_of"}, "is_sent": True, "is_write": True}),
    ],
)
def test_a_fact_of_a_later_version_is_shown_as_code_and_values_and_breaks_nothing(fact: Fact) -> None:
    assert fact_words(fact) == str(fact)


@pytest.mark.parametrize("text", ["‹expired›", "‹list partners›", '‹limit_reached {"limit": 3}›'])
def test_what_somebody_typed_is_never_treated_as_a_fact(text: str) -> None:
    """A reason that somebody typed is a part of a note."""
    assert note_words([Fact(NoteCode.REJECTED, {"name": "Sam", "reason": text})]) == f"Rejected by Sam: {text}"
    assert fact_words(Fact(TEXT, {"text": text})) == text


def test_a_fact_is_a_value_of_another_and_is_read_back() -> None:
    fact = Fact(RefusalCode.NOT_YOUR_TURN, {"stage": "Security", "later": "Data owners"})
    assert fact_from_value(fact.as_value()) == fact
    assert fact.as_value()["code"] == "not_your_turn"


def test_an_error_carries_its_fact_and_its_text_is_code_and_values() -> None:
    errors: list[CodedError] = [
        Refused(RefusalCode.LIMIT_REACHED, limit=3),
        InvalidField("target", RefusalCode.LIMIT_REACHED, limit=3),
        NothingToChange(RefusalCode.LIMIT_REACHED, limit=3),
    ]
    for error in errors:
        assert error.fact == Fact("limit_reached", {"limit": 3})
        assert error.code is RefusalCode.LIMIT_REACHED
        assert str(error) == "limit_reached limit=3"
