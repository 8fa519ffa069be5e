"""Reminders of a review that nobody answers: who is asked when, who got it, and when silence has a consequence. Pure.

The times are chosen so that an answer is asked for often at first, when it is likely, and seldom later, so that people
do not learn to ignore it. The sponsor's manager and the admins follow early enough to answer before anything closes.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from workflows.core.people import ChatId, Person, PersonId

PAUSES: Final = tuple(timedelta(days=days) for days in (3, 7, 14, 14, 14, 5, 14))
"""The pauses between the reminders of a review, on days 0, 3, 10, 24, 38, 52 and 57. The last pause repeats.

Each counts from the last reminder that was sent. So time in which the bot did not run makes the silence longer.
"""
MANAGER_ASKED_FROM: Final = 3
"""From this reminder on the sponsor's manager is asked too: on day 10, after two that the sponsor did not answer."""
ADMINS_ASKED_FROM: Final = 4
"""From this reminder on the admins are asked too: on day 24, so that they get four before the access is suspended."""
LAST_CALL: Final = 7
"""The reminder after which silence has its consequence: on day 57."""
REMINDER_AGE: Final = timedelta(days=3)
"""How long before a suspension the sponsor and an admin must have got the last reminder: until day 60."""
SILENCE_LASTS: Final = timedelta(days=60)
"""How long before a suspension the sponsor must have got the first question, so that no outage makes it shorter."""
DELIVERED_TO_SPONSOR: Final = 4
"""How many questions the sponsor must have got before a suspension. Those that were never delivered do not count."""
DELIVERED_TO_ADMINS: Final = 2
"""How many of them an admin must have got."""
HANDOVERS_COUNT_FOR: Final = timedelta(days=120)
"""How long after the first question of a review a hand-over can still postpone what silence leads to."""
ASKED_AGAIN_WITHIN: Final = timedelta(days=1)
"""The pause after a reminder that nobody got."""
ASKED_EARLY: Final = timedelta(minutes=15)
"""How long before it is due a review may be asked, so that people get one message about all that comes together."""
MAX_KEPT: Final = 16
"""How many reminders a record keeps: the first, and the newest. The audit log has all of them."""


class AskedAs(StrEnum):
    """In which role a person was asked. The values are stored."""

    SPONSOR = "sponsor"
    MANAGER = "manager"
    """The manager of the sponsor."""
    ADMIN = "admin"


class ManagerSkipped(StrEnum):
    """Why the manager of a sponsor is not asked. The values are stored."""

    NONE = "none"
    """Entra has no manager for the sponsor."""
    DISABLED = "disabled"
    GUEST = "guest"
    IS_SPONSOR = "is_sponsor"
    IS_ADMIN = "is_admin"
    """The manager is asked as an admin."""
    NOT_IN_CHAT = "not_in_chat"
    UNREADABLE = "unreadable"
    """The manager could not be read. The next reminder tries it again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reminded:
    """A person who got a reminder: the chat system accepted it, and the person is active."""

    person: ChatId
    asked_as: tuple[AskedAs, ...]
    """The roles in which the person was asked. Who has two is asked once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewReminder:
    """One reminder of the open review. It is stored before it is sent, so that it is sent once."""

    number: int
    """1 for the question itself."""
    sponsor: PersonId
    """The account of the sponsor at that time. Another sponsor is asked from the beginning."""
    issued_at: datetime
    batch: str
    """The messages in which it is sent: each person gets one message about all reviews of a batch."""
    is_sent: bool = False
    """Whether its sending has ended, delivered or not."""
    delivered_at: datetime | None = None
    """When it was recorded who got it; None while nobody did."""
    people: tuple[Reminded, ...] = ()
    """Who got it."""
    manager: Person | None = None
    """The manager who was asked; None when no manager was."""
    manager_skipped: ManagerSkipped | None = None
    """Why the manager was not asked although the reminder was for managers too."""

    def reached(self, role: AskedAs) -> bool:
        """Return whether somebody with this role got it."""
        return any(role in one.asked_as for one in self.people)


def asked_roles(number: int) -> tuple[AskedAs, ...]:
    """Return who is asked with the reminder of this number."""
    roles = [AskedAs.SPONSOR]
    if number >= MANAGER_ASKED_FROM:
        roles.append(AskedAs.MANAGER)
    if number >= ADMINS_ASKED_FROM:
        roles.append(AskedAs.ADMIN)
    return tuple(roles)


def pause_after(number: int) -> timedelta:
    """Return the time from this reminder to the next one."""
    return PAUSES[min(max(number, 1), len(PAUSES)) - 1]


def with_issued(reminders: Sequence[ReviewReminder], reminder: ReviewReminder) -> tuple[ReviewReminder, ...]:
    """Return the reminders with a new one. One of the same number that nobody got is replaced."""
    kept = [one for one in reminders if one.number != reminder.number]
    if len(kept) >= MAX_KEPT:
        kept = [kept[0], *kept[len(kept) - MAX_KEPT + 2 :]]
    return (*kept, reminder)


def next_number(reminders: Sequence[ReviewReminder], asked: int) -> int:
    """Return the number of the next reminder: the same again when nobody got the last one.

    :param asked: how often people were asked in this review.
    """
    newest = reminders[-1] if reminders else None
    is_repeated = newest is not None and is_undelivered(newest) and newest.number >= asked
    return asked if is_repeated else asked + 1


def is_undelivered(reminder: ReviewReminder) -> bool:
    """Return whether the sending of a reminder has ended, and nobody got it."""
    return reminder.is_sent and reminder.delivered_at is None


def with_result(
    reminders: Iterable[ReviewReminder],
    batch: str,
    *,
    people: tuple[Reminded, ...],
    manager: Person | None,
    manager_skipped: ManagerSkipped | None,
    now: datetime,
) -> tuple[ReviewReminder, ...]:
    """Return the reminders with the result of sending the one of a batch. A result that is stored stays."""
    return tuple(
        replace(
            one,
            is_sent=True,
            delivered_at=now if people else None,
            people=people,
            manager=manager,
            manager_skipped=manager_skipped,
        )
        if one.batch == batch and not one.is_sent
        else one
        for one in reminders
    )


def delivered_to(reminders: Iterable[ReviewReminder], role: AskedAs) -> tuple[datetime, ...]:
    """Return when people with a role got a reminder, the first one first, whoever was the sponsor then."""
    return tuple(one.delivered_at for one in reminders if one.delivered_at is not None and one.reached(role))


def last_calls_to(
    reminders: Iterable[ReviewReminder], role: AskedAs, sponsor: PersonId | None = None
) -> tuple[datetime, ...]:
    """Return when people with a role got one of the last reminders, since `LAST_CALL`.

    :param sponsor: the account of the present sponsor. What was sent under another one does not count; None when it
        counts whoever was the sponsor.
    """
    counted = (one for one in reminders if one.number >= LAST_CALL and sponsor in (None, one.sponsor))
    return delivered_to(counted, role)


def consequence_at(reminders: Sequence[ReviewReminder], next_at: datetime | None) -> datetime | None:
    """Return when it is looked at what silence leads to, if every reminder until then is sent in time.

    :param next_at: when the next reminder is due.
    """
    if not reminders:
        return None
    last_calls = [one.issued_at for one in reminders if one.number >= LAST_CALL]
    if last_calls:
        return min(last_calls) + REMINDER_AGE
    number = reminders[-1].number
    return None if next_at is None else next_at + sum(PAUSES[number : LAST_CALL - 1], REMINDER_AGE)


def consequence_without_record_at(asked: int, next_at: datetime, *, is_suspension: bool) -> datetime:
    """Return the earliest time of a consequence of a review of which nobody knows who got the questions until now.

    :param asked: how many of them count.
    :param next_at: when the next question is due, the first one on record.
    """
    looked_after = sum(PAUSES[asked : LAST_CALL - 1], REMINDER_AGE)
    return next_at + (max(SILENCE_LASTS, looked_after) if is_suspension else looked_after)


def suspended_not_before(reminders: Sequence[ReviewReminder], next_at: datetime | None) -> datetime | None:
    """Return before when nobody is suspended, because the sponsor has not had enough questions for long enough.

    None when no sponsor got any.

    :param next_at: when the next reminder is due.
    """
    told = delivered_to(reminders, AskedAs.SPONSOR)
    if not told:
        return None
    missing = DELIVERED_TO_SPONSOR - len(told) - (not reminders[-1].is_sent)
    earliest = told[0] + SILENCE_LASTS
    if missing <= 0 or next_at is None:
        return earliest
    number = reminders[-1].number
    pauses = (pause_after(number + sent) for sent in range(1, missing))
    return max(earliest, next_at + sum(pauses, REMINDER_AGE))


def asked_managers(reminders: Iterable[ReviewReminder], sponsor: PersonId) -> tuple[Person, ...]:
    """Return who was asked as the manager of this sponsor in these reminders, each once."""
    managers = {
        one.manager.id: one.manager
        for one in reminders
        if one.manager is not None and one.sponsor == sponsor and one.delivered_at
    }
    return tuple(managers.values())
