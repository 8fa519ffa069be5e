"""Absences as rows with End now: in the window about absences, and on the App Home."""

from collections.abc import Iterable, Iterator
from datetime import datetime

from slack_sdk.models.blocks import Block

from bot.slack import ids
from bot.slack.blocks.blocks import TextRun, actions, button, cleaned_text, fixed_text, local_time, paragraph, rich_text
from workflows.core.policy.delegation.absence import Absence


def absence_rows(absences: Iterable[Absence], now: datetime, *, is_own: bool = False) -> Iterator[Block]:
    """Return for each absence one line, and the button that ends it.

    :param is_own: whether the reader is the person who is away.
    """
    for absence in absences:
        yield rich_text(paragraph(*_parts(absence, now, is_own=is_own)))
        yield actions(f"absence:{absence.id}", button("End now", ids.END_ABSENCE, absence.id))


def _parts(absence: Absence, now: datetime, *, is_own: bool) -> Iterator[TextRun]:
    name = "You" if is_own else absence.person.name
    verb = ("are" if is_own else "is") if absence.is_active(now) else "will be"
    yield cleaned_text(name, bold=True)
    yield fixed_text(f" {verb} away from ")
    yield local_time(absence.from_)
    yield fixed_text(" until ")
    yield local_time(absence.until)
    yield fixed_text(". Delegate: ")
    yield cleaned_text(absence.delegate.name, bold=True)
    yield fixed_text(".")
    if absence.is_set_by_admin:
        yield fixed_text(" Set by ")
        yield cleaned_text(absence.set_by.name)
        yield fixed_text(".")
    if absence.note:
        yield fixed_text(" Note: ")
        yield cleaned_text(absence.note, 300)
