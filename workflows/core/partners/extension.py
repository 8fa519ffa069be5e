"""What to request instead, when a request would change no settings and not extend the access. Pure."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from workflows.core.errors.raised import NothingToChange
from workflows.core.errors.refusal_codes import RefusalCode
from workflows.core.partners.partnership import Partnership, PartnershipState
from workflows.core.plans.renewal import SHORTEST
from workflows.core.policy.template import Template


@dataclass(frozen=True, slots=True, kw_only=True)
class Extension:
    """How a current access can be extended."""

    ends_at: datetime
    now: tuple[timedelta, ...]
    """The template's durations that extend it when they are requested now."""
    asked_from: datetime
    """The time from which the requested duration would extend it."""


def extension_of(
    known: Partnership | None, durations: tuple[timedelta, ...], asked: timedelta, now: datetime
) -> Extension | None:
    """Return what would extend an access; None when it has no end."""
    if known is None or known.state is PartnershipState.REVOKED or known.ends_at is None:
        return None
    prolonging = tuple(duration for duration in durations if may_be_renewed(known, duration, now))
    return Extension(ends_at=known.ends_at, now=prolonging, asked_from=known.ends_at - asked + SHORTEST)


def may_be_renewed(known: Partnership | None, duration: timedelta, now: datetime) -> bool:
    """Return whether approving the current settings for `duration` would really extend the access."""
    if known is None or known.state is PartnershipState.REVOKED or known.ends_at is None:
        return False
    return now + duration - known.ends_at >= SHORTEST


def no_extension_error(
    known: Partnership | None, template: Template, asked: timedelta, now: datetime
) -> NothingToChange:
    """Return that a request would change nothing, and which request would."""
    extension = extension_of(known, template.durations, asked, now)
    if extension is None:
        return NothingToChange(RefusalCode.ACCESS_NOT_EXTENDED, template=template.title, is_revoked=known is not None)
    return NothingToChange(
        RefusalCode.ACCESS_NOT_EXTENDED,
        template=template.title,
        is_revoked=False,
        ends_at=extension.ends_at.astimezone(UTC).isoformat(),
        days=asked.days,
        days_now=[duration.days for duration in extension.now],
        asked_from=extension.asked_from.astimezone(UTC).isoformat(),
    )
