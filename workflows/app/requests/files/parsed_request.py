"""Parse a request in a file: every field that needs no lookup, with every problem at once."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from workflows.app.requests.field_checks import (
    END_DATE,
    Problems,
    RequestedPeriod,
    checked_start,
    period_until,
)
from workflows.app.requests.proposing import START_DATE, current_template
from workflows.catalog.catalog import Catalog
from workflows.catalog.request_files import RequestFile
from workflows.core.batches.sheets.codes import SheetCode
from workflows.core.errors.facts import Fact
from workflows.core.errors.raised import DomainError, InvalidField
from workflows.core.errors.refusal_codes import RefusalCode
from workflows.core.policy.offers import closes_a_partner
from workflows.core.policy.placeholders import parse_placeholder
from workflows.core.policy.template import Template
from workflows.partner_lookup.target import FIELD, normalize_target

_KEYS: Final = {FIELD: "partner", "duration": "duration_days", START_DATE: "starts_on", END_DATE: "ends_on"}
"""The form's fields, each with the file's key."""
_NOT_IN_A_FILE: Final = frozenset({"revoke", "restore"})
"""Kinds of request that no file asks for."""


class PlanImpossible(DomainError):
    """No plan can be made. `problems` contains each problem, by the file's key."""

    def __init__(self, problems: Mapping[str, Fact]) -> None:
        super().__init__("\n".join(f"{key}: {problem}" for key, problem in problems.items()))
        self.problems = dict(problems)


@dataclass(frozen=True, slots=True, kw_only=True)
class ParsedRequest:
    """The fields of a request in a file, parsed."""

    target: str
    template: Template
    duration: timedelta
    placeholders: Mapping[str, str]
    starts_at: datetime | None
    ends_at: datetime | None


def parse_request(file: RequestFile, catalog: Catalog, now: datetime) -> ParsedRequest:
    """Parse the fields that need no lookup.

    :raises PlanImpossible: naming every key that must change.
    """
    problems: dict[str, Fact] = {}
    target, template = "", None
    try:
        target = normalize_target(file.partner)
    except InvalidField as error:
        problems["partner"] = error.fact
    if file.template in _NOT_IN_A_FILE:
        problems["template"] = Fact(RefusalCode.NOT_IN_A_FILE, {"kind": file.template})
    else:
        try:
            template = current_template(catalog, file.template)
        except InvalidField:
            template_names = list(catalog.templates)
            problems["template"] = Fact(
                RefusalCode.NO_SUCH_TEMPLATE, {"template": file.template, "known": template_names}
            )
    if template is not None:
        problems.update(_problems_with(template, file))
    period, wrong_period = _parse_period(file, template, now)
    problems |= wrong_period
    if problems or template is None:
        raise PlanImpossible(problems)
    placeholders = {
        placeholder.name: file.placeholders.get(placeholder.name, "") for placeholder in template.placeholders
    }
    return ParsedRequest(
        target=target,
        template=template,
        duration=period.duration,
        placeholders=placeholders,
        starts_at=period.starts_at,
        ends_at=period.ends_at,
    )


def _parse_period(
    file: RequestFile, template: Template | None, now: datetime
) -> tuple[RequestedPeriod, Mapping[str, Fact]]:
    """Return when the access starts and how long it lasts, with every problem."""
    usual = timedelta(0) if template is None else template.default_duration
    period = RequestedPeriod(duration=usual if file.duration_days is None else timedelta(days=file.duration_days))
    if template is not None and closes_a_partner(template):
        return period, dict(_terms_of_a_block(file, template))
    problems: Problems = {}
    starts_at = None if file.starts_on is None else checked_start(file.starts_on.isoformat(), now, problems)
    if file.ends_on is not None and file.duration_days is not None:
        problems[END_DATE] = Fact(SheetCode.END_TWICE)
    elif file.ends_on is not None and template is not None:
        period = period_until(file.ends_on.isoformat(), template, starts_at or now, now, problems)
    return replace(period, starts_at=starts_at), {key_of(field): problem for field, problem in problems.items()}


def _terms_of_a_block(file: RequestFile, template: Template) -> Iterator[tuple[str, Fact]]:
    for key, day, code in (
        ("starts_on", file.starts_on, RefusalCode.START_DATE_WRONG),
        ("ends_on", file.ends_on, RefusalCode.END_DATE_WRONG),
    ):
        if day is not None:
            yield key, Fact(code, {"template": template.title})


def _problems_with(template: Template, file: RequestFile) -> Iterator[tuple[str, Fact]]:
    allowed_days = [duration.days for duration in template.durations]
    if file.duration_days is not None and file.duration_days not in allowed_days:
        values = {"template": template.title, "days": allowed_days}
        yield "duration_days", Fact(RefusalCode.DURATION_NOT_OFFERED, values)
    for placeholder in template.placeholders:
        try:
            parse_placeholder(placeholder, file.placeholders.get(placeholder.name, ""))
        except InvalidField as error:
            problem = {"label": placeholder.label, "problem": error.fact.as_value()}
            yield key_of(error.field), Fact(RefusalCode.PLACEHOLDER_WRONG_IN_FILE, problem)
    placeholder_names = [placeholder.name for placeholder in template.placeholders]
    for name in file.placeholders:
        if name not in placeholder_names:
            unknown = {"template": template.title, "known": placeholder_names}
            yield f"placeholders.{name}", Fact(RefusalCode.PLACEHOLDER_UNKNOWN, unknown)


def key_of(form_field: str) -> str:
    """Return the file's key of a field of the form."""
    if form_field.startswith("hole_"):
        return f"placeholders.{form_field.removeprefix('hole_')}"
    return _KEYS.get(form_field, form_field)
