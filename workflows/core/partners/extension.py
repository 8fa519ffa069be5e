"""What to request instead, when a request would change no settings and not extend the access. Pure."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

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


def extension_words(known: Partnership | None, template: Template, asked: timedelta, now: datetime) -> str:
    """State that a request would change nothing, and which request would."""
    stands = f"This tenant is already a partner with the settings of “{template.title}”"
    extension = extension_of(known, template.durations, asked, now)
    if extension is None:
        why = "it is revoked" if known is not None else "Gatehouse did not open it, so it has no end to extend"
        return f"{stands}, and {why}. This request would change nothing. To change something, choose another template."
    until = f"{stands} until {_day(extension.ends_at)}, so {asked.days} days from today would change nothing."
    later = f"{asked.days} days can be asked for from {_moment(extension.asked_from)}"
    if extension.now:
        choices = " or ".join(f"{duration.days} days" for duration in extension.now)
        return f"{until} To extend it now, choose {choices}. {later}."
    return f"{until} No duration of this template extends it yet. {later}."


def _day(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%d}"


def _moment(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
