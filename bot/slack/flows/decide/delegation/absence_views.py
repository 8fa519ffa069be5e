"""The window about absences: the present one with End now, those of others for admins, and the form. Pure."""

from collections.abc import Iterator, Sequence
from datetime import date, datetime
from typing import Final

from slack_sdk.models.blocks import Block, DatePickerElement, UserSelectElement

from bot.slack import ids
from bot.slack.blocks.absence_rows import absence_rows
from bot.slack.blocks.blocks import (
    Json,
    actions,
    button,
    cleaned_text,
    fixed_text,
    header,
    paragraph,
    rich_text,
    row,
)
from bot.slack.blocks.modal import input_block, modal, text_area
from bot.words.sentences import counted, range_words
from workflows.core.people import ChatId
from workflows.core.policy.delegation.absence import MAX_ABSENCE, MAX_NOTE_CHARACTERS, Absence

MAX_LISTED: Final = 20
"""The most absences of others in the window, and on a page of the window with all of them."""
_MAX_FOUND: Final = 300
"""Characters of the name and the mail address of who was found."""
_ABOUT: Final = (
    "A delegate is asked and reminded in place of the person who is away, and cards name both. Who is away can still "
    "decide. A delegate must hold one of the roles of the person who is away."
)
_DELEGATE_HINT: Final = "Holds one of the roles of the person who is away. For a manager without a role: their manager."


def absence_view(
    *,
    own: Absence | None,
    others: Sequence[Absence],
    is_admin: bool,
    person: ChatId,
    today: date,
    zone: str,
    now: datetime,
    found: str = "",
) -> Json:
    """Return the window.

    :param own: the absence of the reader that has not ended.
    :param others: those of other people; for admins.
    :param person: who is filled in as the person who is away; only admins can change it.
    :param today: the present day in the zone.
    :param zone: the name of the time zone whose days the form means. It comes back unverified.
    :param found: the name and the mail address in Entra of who was found by what an admin typed; empty for nobody.
    """
    blocks: list[Block] = []
    if own is not None:
        blocks += absence_rows([own], now, is_own=True)
    if others:
        blocks += [header("Absences of others"), *absence_rows(others[:MAX_LISTED], now)]
        if (more := len(others) - MAX_LISTED) > 0:
            text = f"and {counted(more, 'more absence')}"
            blocks.append(row(text, ids.ALL_ABSENCES, button("Show all", ids.SHOW_ABSENCES, "0")))
    if own is not None and not is_admin:
        return modal("Absence", blocks, ids.MESSAGE_VIEW)
    if blocks:
        blocks.append(header("New absence"))
    if found:
        about = paragraph(fixed_text("You named: "), cleaned_text(found, _MAX_FOUND, bold=True), fixed_text("."))
        blocks.append(rich_text(about))
    blocks += [
        rich_text(paragraph(fixed_text(_ABOUT))),
        *_fields(is_admin=is_admin, person=person, today=today, zone=zone),
    ]
    return modal("Absence", blocks, ids.ABSENCE_FORM, submit="Save", metadata=zone)


def all_absences_view(others: Sequence[Absence], page: int, now: datetime) -> Json:
    """Return the window with one page of the absences of other people. A number beyond the end gives the last page."""
    page = max(0, min(page, (len(others) - 1) // MAX_LISTED))
    first = page * MAX_LISTED
    shown = others[first : first + MAX_LISTED]
    range_text = range_words(first + 1, first + len(shown), len(others)) if shown else "Nobody else is away"
    blocks: list[Block] = [rich_text(paragraph(fixed_text(range_text))), *absence_rows(shown, now)]
    buttons = [button(f"Previous {first}", ids.ABSENCES_PREVIOUS, str(page - 1))] if page else []
    if (left := len(others) - first - len(shown)) > 0:
        buttons.append(button(f"Next {left}", ids.ABSENCES_NEXT, str(page + 1)))
    return modal("Absences of others", [*blocks, *([actions("pages", *buttons)] if buttons else [])], ids.ALL_ABSENCES)


def _fields(*, is_admin: bool, person: ChatId, today: date, zone: str) -> Iterator[Block]:
    if is_admin:
        select = UserSelectElement(action_id=ids.ABSENT_PERSON, initial_user=person)
        yield input_block(
            "Who is away", ids.ABSENT_PERSON, select, hint="You are an admin, so you can choose somebody else."
        )
    first = DatePickerElement(action_id=ids.ABSENT_FROM, initial_date=today.isoformat())
    yield input_block("First day", ids.ABSENT_FROM, first, hint=f"Days of the time zone {zone}.")
    last = DatePickerElement(action_id=ids.ABSENT_UNTIL)
    yield input_block("Last day", ids.ABSENT_UNTIL, last, hint=f"At most {MAX_ABSENCE.days} days.")
    delegate = UserSelectElement(action_id=ids.DELEGATE)
    yield input_block("Delegate", ids.DELEGATE, delegate, hint=_DELEGATE_HINT)
    note = text_area(ids.NOTE)
    note.max_length = MAX_NOTE_CHARACTERS
    yield input_block("Note", ids.NOTE, note, hint="The delegate reads it.", is_optional=True)
