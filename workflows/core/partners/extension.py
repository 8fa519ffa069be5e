"""Find whether a plan extends an access, and which request would when the present one changes nothing. Pure."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from workflows.core.errors.raised import NothingToChange
from workflows.core.errors.refusal_codes import RefusalCode
from workflows.core.partners.partnership import Partnership
from workflows.core.plans.closing import closes_everything, only_reduces_access, writes_only_reductions
from workflows.core.plans.plan import AtEnd, OnSilence, Plan
from workflows.core.plans.renewal import MIN_EXTENSION
from workflows.core.policy.template import Template


@dataclass(frozen=True, slots=True, kw_only=True)
class Extension:
    """How an access can be extended."""

    ends_at: datetime
    now: tuple[timedelta, ...]
    """The template's durations that extend it when they are requested now."""
    asked_from: datetime
    """From this time on, a request with the same duration would extend the access."""


def extension_of(
    record: Partnership | None, durations: tuple[timedelta, ...], requested: timedelta, now: datetime
) -> Extension | None:
    """Return how an access can be extended; None when it has no end.

    :param durations: the durations of the requested template.
    :param requested: the requested duration.
    """
    if record is None or record.is_closed or record.ends_at is None:
        return None
    prolonging = tuple(duration for duration in durations if may_be_renewed(record, duration, now))
    return Extension(ends_at=record.ends_at, now=prolonging, asked_from=record.ends_at - requested + MIN_EXTENSION)


def may_be_renewed(record: Partnership | None, duration: timedelta, now: datetime) -> bool:
    """Return whether an approval of the current settings for `duration` would end later than the present access."""
    if record is None or record.is_closed or record.ends_at is None:
        return False
    return now + duration - record.ends_at >= MIN_EXTENSION


def extends(plan: Plan, record: Partnership | None, period: timedelta, now: datetime, *, is_asked: bool) -> bool:
    """Return whether a plan that reduces access also extends it.

    It does when its access has ended, or when the request's plan before this one was an extension: somebody else
    changed the partner since then, or the requester edited the request. Every other reduction keeps the approved end,
    and one approver is enough for it.

    :param period: how long the access is requested.
    :param is_asked: whether the plan before this one was an extension.
    """
    if closes_everything(plan) or not writes_only_reductions(plan) or not may_be_renewed(record, period, now):
        return False
    return is_asked or (record is not None and record.is_past_its_end(now))


def kept_end(plan: Plan, record: Partnership | None, now: datetime) -> datetime | None:
    """Return the approved end that a reduction keeps although it asks for more time; None when it keeps none.

    :param record: the partner's record as it is before the reduction.
    """
    if record is None or record.is_closed or record.ends_at is None or plan.duration is None:
        return None
    if (
        closes_everything(plan)
        or not only_reduces_access(plan)
        or (plan.end_if_approved(now) or record.ends_at) < record.ends_at
    ):
        return None
    return record.ends_at


def at_end_of(plan: Plan, record: Partnership | None, template: Template) -> AtEnd:
    """Return what happens at the end of the access after a plan. Approvers see it before they decide.

    A reduction keeps what was approved before, see `outcome`. A partner that is closed completely has no end.

    :param record: the partner's record as it is before the plan.
    """
    if closes_everything(plan):
        return AtEnd.ASK
    if record is not None and not record.is_closed and only_reduces_access(plan):
        return record.at_end
    return template.at_end


def on_silence_of(plan: Plan, record: Partnership | None, template: Template) -> OnSilence:
    """Return what happens after a plan when nobody answers a review; see `at_end_of`."""
    if closes_everything(plan):
        return OnSilence.ESCALATE
    if record is not None and not record.is_closed and only_reduces_access(plan):
        return record.on_silence
    return template.on_silence


def no_extension_error(
    record: Partnership | None, template: Template, duration: timedelta, now: datetime
) -> NothingToChange:
    """Return the error that a request would change nothing. It says which request would extend the access."""
    extension = extension_of(record, template.durations, duration, now)
    if extension is None:
        closed = None if record is None else record.closed_as
        return NothingToChange(
            RefusalCode.ACCESS_NOT_EXTENDED,
            template=template.title,
            is_revoked=record is not None,
            **({} if closed is None else {"closed": closed.value}),
        )
    return NothingToChange(
        RefusalCode.ACCESS_NOT_EXTENDED,
        template=template.title,
        is_revoked=False,
        ends_at=extension.ends_at.astimezone(UTC).isoformat(),
        days=duration.days,
        days_now=[present.days for present in extension.now],
        asked_from=extension.asked_from.astimezone(UTC).isoformat(),
    )
