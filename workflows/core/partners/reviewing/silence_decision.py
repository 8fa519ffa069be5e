"""Decide what happens to a partner whose review nobody answers: suspend it, wait, or let the admins know. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from workflows.core.partners.partnership import Partnership
from workflows.core.plans.plan import OnSilence
from workflows.core.policy.reviews.silence import (
    DELIVERED_TO_ADMINS,
    DELIVERED_TO_SPONSOR,
    HANDOVERS_COUNT_FOR,
    REMINDER_AGE,
    SILENCE_LASTS,
    AskedAs,
    delivered_to,
    last_calls_to,
)
from workflows.core.requests.delays.downtime import Gap, has_run_for


class SilenceStep(StrEnum):
    """What happens to a partner whose review nobody has answered. The values are stored in alarms."""

    SUSPEND = "suspend"
    WAIT = "wait"
    """People have not had the last reminder for long enough. The bot or the chat system did not run, for example."""
    CLICK_WAITS = "click_waits"
    """Somebody has answered, and the answer is not checked yet."""
    REQUEST_WAITS = "request_waits"
    """A request that would extend the access is open."""
    ESCALATE = "escalate"
    """The template says that nothing is suspended. The admins are asked on."""
    NOT_AS_APPROVED = "not_as_approved"
    """Nobody approved the settings as they are, so nothing is suspended without an admin."""
    SPONSOR_NOT_REACHED = "sponsor_not_reached"
    """No last reminder was delivered to the sponsor, so nothing is suspended without an admin."""
    ADMINS_NOT_REACHED = "admins_not_reached"
    """The same for the admins."""
    TOO_MANY = "too_many"
    """The most partners that may be closed without an admin were closed already."""
    NOT_CLOSED = "not_closed"
    """The suspension ended, and the partner is still open."""


WAITING_STEPS = frozenset({SilenceStep.WAIT, SilenceStep.CLICK_WAITS, SilenceStep.REQUEST_WAITS})
"""The steps of which nobody is told: they end by themselves."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SilenceSituation:
    """What a suspension depends on, besides the record."""

    now: datetime
    gaps: Sequence[Gap]
    """The periods in which the bot did not run."""
    closings_left: int
    """How many partners may still be closed without an admin."""
    is_answered: bool = False
    """Whether somebody's answer is stored and not checked yet."""
    is_request_waited_for: bool = False
    """Whether an open request that would extend the access is waited for."""


def silence_step(record: Partnership, situation: SilenceSituation) -> SilenceStep:
    """Return the next step for a partner whose last reminder was issued `REMINDER_AGE` ago."""
    if situation.is_answered:
        return SilenceStep.CLICK_WAITS
    if record.suspended_by is not None:
        return SilenceStep.NOT_CLOSED
    if record.on_silence is OnSilence.ESCALATE:
        return SilenceStep.ESCALATE
    if not record.is_as_approved:
        return SilenceStep.NOT_AS_APPROVED
    if situation.is_request_waited_for:
        return SilenceStep.REQUEST_WAITS
    possible_from = suspension_from(record, situation.gaps, situation.now)
    if isinstance(possible_from, SilenceStep):
        return possible_from
    if situation.now < possible_from:
        return SilenceStep.WAIT
    return SilenceStep.SUSPEND if situation.closings_left > 0 else SilenceStep.TOO_MANY


def suspension_from(record: Partnership, gaps: Sequence[Gap], now: datetime) -> datetime | SilenceStep:
    """Return from when on the partner may be suspended; why it may not, when somebody got no last reminder.

    The sponsor and an admin must have got one, and the bot must have run for `REMINDER_AGE` since then. One person who
    is the sponsor and the only admin got it for both. The sponsor must have got the first question `SILENCE_LASTS` ago,
    and both must have got several: a reminder that was never delivered is no silence.
    """
    reminders, ready = record.review_reminders, []
    newest = reminders[-1] if reminders else None
    # NB. later, a hand-over postpones nothing any more.
    is_old = record.asked_since is not None and now - record.asked_since >= HANDOVERS_COUNT_FOR
    for role, missing in (
        (AskedAs.SPONSOR, SilenceStep.SPONSOR_NOT_REACHED),
        (AskedAs.ADMIN, SilenceStep.ADMINS_NOT_REACHED),
    ):
        moments = last_calls_to(reminders, role, None if is_old else record.sponsor.id)
        if not moments:
            # NB. one that is being sent may still reach them.
            return missing if newest is not None and newest.is_sent else SilenceStep.WAIT
        ready.append(min(has_run_for(REMINDER_AGE, moment, gaps) for moment in moments))
    to_sponsor, to_admins = delivered_to(reminders, AskedAs.SPONSOR), delivered_to(reminders, AskedAs.ADMIN)
    if len(to_sponsor) < DELIVERED_TO_SPONSOR or len(to_admins) < DELIVERED_TO_ADMINS:
        return SilenceStep.WAIT  # they are asked on
    # NB. each of these was needed until the number was reached, so the later ones count from the last of them.
    enough = (to_sponsor[DELIVERED_TO_SPONSOR - 1], to_admins[DELIVERED_TO_ADMINS - 1])
    ready.extend(has_run_for(REMINDER_AGE, moment, gaps) for moment in enough)
    return max(*ready, to_sponsor[0] + SILENCE_LASTS)
