"""A review that waits for an answer, in words: who was asked when, and what happens without an answer."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from bot.words.plans.changes import duration_words
from bot.words.requests.history import MANAGER_SKIPPED
from bot.words.sentences import and_list, counted, minute
from workflows.core.partners.partnership import Partnership
from workflows.core.partners.reviewing.silence_decision import SilenceStep
from workflows.core.plans.plan import AtEnd, OnSilence
from workflows.core.policy.reviews.silence import LAST_CALL, PAUSES, REMINDER_AGE, AskedAs, Reminded, ReviewReminder


class OnSilenceWords(NamedTuple):
    """The words for one consequence of silence."""

    then: str
    """Follows "without an answer": "the access is suspended"."""
    short: str
    """Follows "unanswered 60 days:" in a list."""
    on_card: str
    """Follows "Without an answer:", before a day."""
    label: str
    """Stands before a day in a list."""


ON_SILENCE: Final[Mapping[OnSilence, OnSilenceWords]] = {
    OnSilence.SUSPEND: OnSilenceWords(
        then="the access is suspended",
        short="suspended",
        on_card="suspended",
        label="Suspended without an answer on",
    ),
    OnSilence.ESCALATE: OnSilenceWords(
        then="the access stays and the admins get an alarm",
        short="admin alarm",
        on_card="stays open, admin alarm",
        label="Admins are alarmed on",
    ),
}

WHY_OPEN: Final[Mapping[SilenceStep, str]] = {
    SilenceStep.ESCALATE: "The template says that access without an answer stays.",
    SilenceStep.NOT_AS_APPROVED: "The current settings are not as approved, so nothing is suspended by itself.",
    SilenceStep.SPONSOR_NOT_REACHED: "The last reminder did not reach the sponsor, so nothing is suspended by itself.",
    SilenceStep.ADMINS_NOT_REACHED: "The last reminder did not reach an admin, so nothing is suspended by itself.",
    SilenceStep.TOO_MANY: "The limit of partners that are closed without an admin in 24 hours is reached.",
    SilenceStep.NOT_CLOSED: "The suspension ended, and the access is still open.",
}
"""Why access is open although nobody has answered its review for 60 days."""


def why_open_words(step: str) -> str:
    """Return why access is open although nobody answers, from the stored step; empty for one of a later version."""
    return {known.value: words for known, words in WHY_OPEN.items()}.get(step, "")


def reviews_words(interval: timedelta, on_silence: OnSilence) -> str:
    """Return how often an access is reviewed, and what happens without an answer."""
    days = sum(PAUSES[: LAST_CALL - 1], REMINDER_AGE).days
    return f"every {duration_words(interval)}; unanswered {days} days: {ON_SILENCE[on_silence].short}"


def asked_words(partnership: Partnership) -> str:
    """Return how often people were asked in the open review, who got the last reminder, and what follows.

    Empty when nothing is known about the reminders, as in records of earlier versions.
    """
    if not partnership.review_reminders:
        return ""
    newest = partnership.review_reminders[-1]
    asked = "Asked once." if newest.number == 1 else f"Asked {newest.number} times."
    return " ".join([asked, *_last_words(partnership, newest), consequence_words(partnership)]).strip()


def _last_words(partnership: Partnership, newest: ReviewReminder) -> Iterator[str]:
    if newest.is_sent:
        yield f"Last: {reminder_words(newest, partnership)}"
    if newest.manager_skipped is not None:
        yield MANAGER_SKIPPED[newest.manager_skipped]


def consequence_words(partnership: Partnership) -> str:
    """Return what happens when without an answer; empty when no review waits."""
    if (consequence := consequence_of(partnership)) is None:
        return ""
    return f"Without an answer, {consequence.then} {minute(consequence.at)}{consequence.after}."


class Consequence(NamedTuple):
    """What happens without an answer: the day, and the words before and after it, in a sentence and on a card."""

    at: datetime
    then: str
    after: str
    short: str
    short_after: str


def consequence_of(partnership: Partnership) -> Consequence | None:
    """Return what happens without an answer, and when; None when no review waits.

    An access that is blocked at its end before that needs no answer to be closed.
    """
    at = partnership.earliest_consequence_at
    if at is None:
        return None
    ends_at = partnership.ends_at
    if partnership.at_end is AtEnd.BLOCK and partnership.is_as_approved and ends_at is not None and ends_at <= at:
        return Consequence(ends_at, "the access is blocked at its end,", "", "blocked at its end,", "")
    words = ON_SILENCE[partnership.silence_leads_to]
    return Consequence(at, f"{words.then}, on", " at the earliest", f"{words.on_card} on", " or later")


def reminder_words(reminder: ReviewReminder, partnership: Partnership) -> str:
    """Return when a reminder was sent and who got it."""
    if not reminder.is_sent:
        return f"{minute(reminder.issued_at)}, not sent yet."
    if reminder.delivered_at is None:
        return f"{minute(reminder.issued_at)}, reached nobody."
    return f"{minute(reminder.delivered_at)}, reached {people_words(reminder, partnership)}."


def people_words(reminder: ReviewReminder, partnership: Partnership) -> str:
    """Return who got a reminder, in their roles. One person is named once."""
    manager = "" if reminder.manager is None else reminder.manager.name
    named: list[str] = []
    for one in reminder.people:
        if AskedAs.SPONSOR in one.asked_as:
            only = " and only admin" if AskedAs.ADMIN in one.asked_as else ""
            named.append(f"{_sponsor_name(reminder, partnership)} (sponsor{only})")
        elif AskedAs.MANAGER in one.asked_as:
            named.append(f"{manager} (the sponsor's manager)")
    admins = _admins(reminder.people)
    return and_list([*named, *([counted(admins, "admin")] if admins else [])])


def _sponsor_name(reminder: ReviewReminder, partnership: Partnership) -> str:
    return partnership.sponsor.name if partnership.sponsor.id == reminder.sponsor else "the former sponsor"


def _admins(people: Sequence[Reminded]) -> int:
    """Count the admins who are not named already."""
    return sum(one.asked_as == (AskedAs.ADMIN,) for one in people)


def story_words(partnership: Partnership) -> list[str]:
    """Return every reminder that the record keeps, the oldest first, each with who got it."""
    return [
        " ".join(
            [
                f"Reminder {one.number}: {reminder_words(one, partnership)}"
                if one.number > 1
                else f"Asked: {reminder_words(one, partnership)}",
                *([MANAGER_SKIPPED[one.manager_skipped]] if one.manager_skipped else []),
            ]
        )
        for one in partnership.review_reminders
    ]


def who_answers_words(partnership: Partnership) -> str:
    """Return who can answer the review."""
    if partnership.sponsor_gone_at is not None:
        return "The sponsor has no enabled account any more. An admin who keeps the access becomes the sponsor."
    manager = next((one.manager for one in reversed(partnership.review_reminders) if one.manager), None)
    if manager is None:
        return "The sponsor or an admin can answer."
    return f"The sponsor, {manager.name} (the sponsor's manager), or an admin can answer."
