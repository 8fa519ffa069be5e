"""Check the fields of the forms that need no answer of another system. Every check adds its problem to `problems`."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Final

from workflows.app.requests.forms import Form
from workflows.app.requests.proposing import START_DATE, current_template
from workflows.catalog.catalog import Catalog
from workflows.core.errors.facts import Fact
from workflows.core.errors.raised import InvalidField
from workflows.core.errors.refusal_codes import RefusalCode
from workflows.core.policy.left_out import known_parts, parts_that_open
from workflows.core.policy.offers import closes_a_partner
from workflows.core.policy.placeholders import parse_placeholder
from workflows.core.policy.template import Template
from workflows.partner_lookup.target import normalize_target

JUSTIFICATION_LIMIT: Final = 2000
TICKET_LIMIT: Final = 40
"""The most characters of a ticket. A template's pattern is never matched against a longer text."""
TICKET: Final = "ticket"
END_DATE: Final = "end_date"
LATEST_START: Final = timedelta(days=90)
"""How far ahead an access may start at most: what approvers decide on should not be much older than that."""
LEFT_OUT: Final = "left_out"

Problems = dict[str, Fact]
"""The problem of each wrong field, by the name of the field."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestedPeriod:
    """The requested period of the access."""

    duration: timedelta
    ends_at: datetime | None = None
    """The end of the day that was chosen; None when the duration counts from the last approval."""
    starts_at: datetime | None = None
    """The beginning of the day on which it starts; None when it starts with the last approval."""


def checked_justification(typed_text: str, problems: Problems, *, is_restore: bool) -> str:
    """Check the justification, and return it as it is stored."""
    justification = typed_text.strip()
    if not any(character.isprintable() and not character.isspace() for character in justification):
        problems["justification"] = Fact(RefusalCode.JUSTIFICATION_MISSING, {"is_restore": is_restore})
    elif len(justification) > JUSTIFICATION_LIMIT:
        problems["justification"] = Fact(RefusalCode.JUSTIFICATION_TOO_LONG, {"limit": JUSTIFICATION_LIMIT})
    return justification


def checked_template(form: Form, catalog: Catalog, problems: Problems) -> Template | None:
    """Return the chosen template; None when there is no template of this name."""
    try:
        return current_template(catalog, form.template)
    except InvalidField as error:
        problems[error.field] = error.fact
        return None


def checked_target(form: Form, problems: Problems) -> str | None:
    """Return the domain or tenant id that was typed; None when it is neither."""
    try:
        return normalize_target(form.target)
    except InvalidField as error:
        problems[error.field] = error.fact
        return None


def checked_end(form: Form, template: Template, now: datetime, problems: Problems) -> RequestedPeriod:
    """Return when the access shall start, and its length: to the end of the chosen day (UTC), or a duration.

    A block has no end, so its form asks for none. It is stored with the template's own duration, and starts at once.
    """
    if closes_a_partner(template):
        if form.ends_on or form.starts_on:
            code = RefusalCode.END_DATE_WRONG if form.ends_on else RefusalCode.START_DATE_WRONG
            problems["template"] = Fact(code, {"template": template.title})
        return RequestedPeriod(duration=template.default_duration)
    starts_at = checked_start(form.starts_on, now, problems)
    return replace(_checked_length(form, template, starts_at or now, now, problems), starts_at=starts_at)


def checked_start(start_date: str, now: datetime, problems: Problems) -> datetime | None:
    """Return the beginning of the chosen day (UTC); None for today and for no day: the access starts when approved."""
    if not start_date:
        return None
    today = now.astimezone(UTC).date()
    try:
        day = date.fromisoformat(start_date)
    except ValueError:
        problems[START_DATE] = Fact(RefusalCode.START_DATE_NO_DAY)
        return None
    if day < today:
        problems[START_DATE] = Fact(RefusalCode.START_DATE_PASSED, {"today": today.isoformat()})
    elif day > (latest := today + LATEST_START):
        problems[START_DATE] = Fact(RefusalCode.START_DATE_TOO_LATE, {"latest": latest.isoformat()})
    elif day > today:
        return datetime.combine(day, time(), UTC)
    return None


def _checked_length(
    form: Form, template: Template, starts_at: datetime, now: datetime, problems: Problems
) -> RequestedPeriod:
    if form.ends_on:
        return period_until(form.ends_on, template, starts_at, now, problems)
    allowed_days = [duration.days for duration in template.durations]
    if form.days not in allowed_days:
        problems["duration"] = Fact(
            RefusalCode.DURATION_NOT_OFFERED, {"template": template.title, "days": allowed_days}
        )
    return RequestedPeriod(duration=timedelta(days=form.days))


def latest_end(template: Template, starts_at: datetime) -> date:
    """Return the last day on which an access of this template may end.

    :param starts_at: when it starts: now, or on a later day.
    """
    return (starts_at.astimezone(UTC) + template.longest).date()


def period_until(
    end_date: str, template: Template, starts_at: datetime, now: datetime, problems: Problems
) -> RequestedPeriod:
    """Return the period to the end of a chosen day (UTC); the template's usual length when there is a problem."""
    today, first, latest = now.astimezone(UTC).date(), starts_at.astimezone(UTC).date(), latest_end(template, starts_at)
    try:
        day = date.fromisoformat(end_date) if template.may_end_on_date else None
    except ValueError:
        day = None
    if day is None:
        where = END_DATE if template.may_end_on_date else "duration"
        problems[where] = Fact(RefusalCode.END_DATE_WRONG, {"template": template.title})
        return RequestedPeriod(duration=template.default_duration)
    if day <= today:
        problems[END_DATE] = Fact(RefusalCode.END_DATE_PASSED)
    elif day <= first:
        problems.setdefault(START_DATE, Fact(RefusalCode.START_AFTER_END, {"last": day.isoformat()}))
    elif day > latest:
        problems[END_DATE] = Fact(
            RefusalCode.END_DATE_TOO_LATE, {"template": template.title, "latest": latest.isoformat()}
        )
    else:
        ends_at = datetime.combine(day + timedelta(days=1), time(), UTC)
        return RequestedPeriod(duration=day - first, ends_at=ends_at)
    return RequestedPeriod(duration=template.default_duration)


def checked_ticket(typed_text: str, template: Template, problems: Problems) -> str:
    """Return the ticket as it is stored; empty when the template asks for none."""
    rule, ticket = template.ticket, typed_text.strip()
    if rule is None:
        return ""
    about = {"hint": rule.hint}
    if not ticket:
        if rule.is_required:
            problems[TICKET] = Fact(RefusalCode.TICKET_MISSING, about)
    elif len(ticket) > TICKET_LIMIT or not re.fullmatch(rule.pattern, ticket):
        problems[TICKET] = Fact(RefusalCode.TICKET_WRONG, about)
    return ticket


def checked_placeholders(form: Form, template: Template, problems: Problems) -> dict[str, str] | None:
    """Return the ids for the template's placeholders; None when one is missing or wrong.

    A field that is not shown cannot show an error. What is missing there is shown at the template.
    """
    values, unseen, is_valid = {}, [], True
    for placeholder in template.placeholders:
        try:
            values[placeholder.name] = parse_placeholder(placeholder, form.placeholders.get(placeholder.name, ""))
        except InvalidField as error:
            is_valid = False
            if placeholder.name in form.placeholders:
                problems[error.field] = error.fact
            else:
                unseen.append(placeholder.label)
    if unseen:
        problems["template"] = Fact(
            RefusalCode.TEMPLATE_NEEDS_MORE_FIELDS, {"template": template.title, "labels": unseen}
        )
    return {name: value for name, value in values.items() if value} if is_valid else None


def checked_left_out(form: Form, template: Template, problems: Problems) -> tuple[str, ...]:
    """Return the parts of the template that are not asked for. Some part must be."""
    left_out = known_parts(template.settings, form.left_out)
    if left_out and left_out == parts_that_open(template.settings):
        problems[LEFT_OUT] = Fact(RefusalCode.LEFT_OUT_EVERYTHING, {"template": template.title})
    return left_out


def check_days(days: int, templates: Iterable[Template], problems: Problems) -> None:
    """Add a problem when none of these templates offers the duration.

    :param days: the chosen duration.
    """
    allowed_days = sorted({duration.days for template in templates for duration in template.durations})
    if days not in allowed_days:
        problems.setdefault(
            "duration", Fact(RefusalCode.DURATION_NOT_OFFERED, {"template": None, "days": allowed_days})
        )
