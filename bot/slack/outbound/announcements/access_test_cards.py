"""The message that asks whether an access works, what it says afterwards, and the one that it does not. Pure."""

from collections.abc import Iterator
from typing import Final

from slack_sdk.models.blocks import Block

from bot.slack.blocks.blocks import (
    TextRun,
    actions,
    bullets,
    cleaned_text,
    fixed_text,
    header,
    local_day,
    local_time,
    paragraph,
    quote,
    rich_text,
)
from bot.slack.blocks.message import Message, message
from bot.slack.blocks.untrusted import clean
from bot.slack.cards.partner_and_plan import closed_line, notified_partner, partner_name
from bot.slack.cards.partnership import access_test_buttons, ask_access_test_button, diagnose_button
from bot.words.findings.diagnosis.sign_in_codes import meaning_of
from bot.words.partner_setup.access_test import (
    NOT_CHECKED,
    OUTCOME_WORDS,
    QUESTION,
    failure_lines,
)
from bot.words.requests.titles import partner_title
from workflows.core.partners.partnership import Partnership
from workflows.core.policy.reviews.access_test import AccessAnswer, AccessOutcome, AccessTest

_MAX_CHARACTERS: Final = 600
_TRY_IT: Final = "Please try it with one account of the partner. Without an answer, nothing is recorded."
_ASKED_ONCE_MORE: Final = " You are asked once more in a week."
_WHAT_FOLLOWS: Final = " They look for the cause, and may ask you once more."
_ICONS: Final = {AccessOutcome.WORKS: "✅", AccessOutcome.FAILS: "⚠️", AccessOutcome.NOT_TRIED: "⏳"}
_OVER: Final = ("ℹ️", "nobody has to say any more whether the access works")
_ASKED_AGAIN: Final = ("🔔", "there is a newer question about this below")


def access_question(partnership: Partnership, test: AccessTest) -> Message:
    """Return the question, with the answers as buttons."""
    identity, tenant_id = partnership.identity, partnership.identity.tenant_id
    blocks: list[Block] = [
        header(f"🧪 {clean(partner_name(identity), 90)}: {QUESTION}"),
        rich_text(
            paragraph(*_active_parts(partnership, test)),
            paragraph(fixed_text(_TRY_IT)),
        ),
        actions(f"access_test:{tenant_id}", *access_test_buttons(tenant_id, test.question)),
    ]
    return message(f"{notified_partner(identity)}: {QUESTION} ({partnership.request_id})", blocks)


def _active_parts(partnership: Partnership, test: AccessTest) -> Iterator[TextRun]:
    yield fixed_text("“")
    yield cleaned_text(partner_title(partnership), bold=True)
    yield fixed_text(f"” ({partnership.request_id}) is active since ")
    yield local_day(partnership.since)
    yield fixed_text(".")
    if test.asked_by is not None:
        yield fixed_text(" ")
        yield cleaned_text(test.asked_by.name, bold=True)
        yield fixed_text(" asks you.")


def closed_question(partnership: Partnership, question: int) -> Message:
    """Return the last content of a question that waits no longer: its answer, or why none is needed.

    :param question: the number of the question.
    """
    test, name = partnership.access_test, partner_name(partnership.identity)
    answers = () if test is None else test.answers
    answer = next((one for one in answers if one.question == question), None)
    if answer is not None and test is not None:
        outcome = OUTCOME_WORDS[answer.outcome]
        line = [cleaned_text(answer.person.name, bold=True), fixed_text(" said on "), local_time(answer.at)]
        again = _ASKED_ONCE_MORE if answer is test.answer and test.due_at is not None else ""
        line.append(fixed_text(f": {outcome}.{again}"))
        if answer.outcome is AccessOutcome.FAILS:
            line += _told_parts(partnership, answer)
        summary = f"{clean(answer.person.name, 90)} said: {outcome}"
        return closed_line(_ICONS[answer.outcome], name, summary, partnership.request_id, line=line)
    icon, summary = _ASKED_AGAIN if test is not None and test.is_open else _OVER
    return closed_line(icon, name, summary, partnership.request_id)


def _told_parts(partnership: Partnership, answer: AccessAnswer) -> Iterator[TextRun]:
    """Return who was told that it does not work, and what follows."""
    sponsor = partnership.sponsor
    if partnership.sponsor_gone_at is None and sponsor.id != answer.person.id:
        yield fixed_text(" The sponsor ")
        yield cleaned_text(sponsor.name, bold=True)
        yield fixed_text(" and the admins were told.")
    else:
        yield fixed_text(" The admins were told.")
    yield fixed_text(_WHAT_FOLLOWS)


def failure_card(partnership: Partnership, answer: AccessAnswer) -> Message:
    """Return the message that somebody says that the access does not work, with what they wrote.

    NB. all of it is what a person typed. It pings nobody, and contains no links.
    """
    identity, tenant_id = partnership.identity, partnership.identity.tenant_id
    failure, headline = answer.failure, "the access does not work"
    blocks: list[Block] = [
        header(f"⚠️ {clean(partner_name(identity), 90)}: {headline}"),
        rich_text(
            paragraph(
                cleaned_text(answer.person.name, bold=True),
                fixed_text(" said so on "),
                local_time(answer.at),
                fixed_text(f". {NOT_CHECKED}"),
            ),
            *([] if failure is None else [quote(failure.what, _MAX_CHARACTERS)]),
            *([bullets(known)] if (known := list(_known_parts(answer))) else []),
        ),
        actions(
            f"access_failed:{tenant_id}",
            diagnose_button(tenant_id, answer.question),
            ask_access_test_button(tenant_id),
        ),
    ]
    said = f"{clean(answer.person.name, 90)} says that {headline}"
    return message(f"{notified_partner(identity)}: {said} ({partnership.request_id}).", blocks)


def _known_parts(answer: AccessAnswer) -> Iterator[list[TextRun]]:
    """Return who could not get in, the application, and the code with what it means."""
    failure = answer.failure
    for label, text in () if failure is None else failure_lines(failure)[1:]:
        meaning = meaning_of(text) if failure is not None and text == failure.code else ""
        yield [
            fixed_text(f"{label}: ", bold=True),
            cleaned_text(text, _MAX_CHARACTERS),
            *([fixed_text(f". {meaning}")] if meaning else []),
        ]
