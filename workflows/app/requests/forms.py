"""The values of the request form, typed or from an earlier request, and the error about its wrong fields."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum

from workflows.catalog.catalog import Catalog
from workflows.catalog.rewording import has_same_meaning
from workflows.core.errors.facts import Fact
from workflows.core.people import ChatId
from workflows.core.policy.template import Template
from workflows.core.requests.request import AccessRequest, RequestId
from workflows.core.settings.canonical import Digest
from workflows.core.settings.model import TenantId


@dataclass(frozen=True, slots=True, kw_only=True)
class EditedRequest:
    """The request that a form edits, and the plan that it had when the form was opened."""

    request_id: RequestId
    digest: Digest


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """The values that a person filled in, as typed."""

    requester: ChatId
    target: str
    template: str
    justification: str
    sponsor: ChatId
    days: int
    ends_on: str = ""
    """The day of the end as an ISO date; empty when `days` counts."""
    starts_on: str = ""
    """The day of the start as an ISO date; empty when the access starts with the last approval."""
    ticket: str = ""
    placeholders: Mapping[str, str] = field(default_factory=dict)
    """The values for the template's placeholders, by name; empty when the fields are not shown."""
    labels: Mapping[str, str] = field(default_factory=dict)
    """The text of the option that was chosen for a placeholder, by name; only for display."""
    edited_request: EditedRequest | None = None
    """The request that the form edits; None for a new request."""
    answers_review_of: TenantId | None = None
    """The partner whose review the request answers, when it reduces the access; None for any other request."""
    for_person: ChatId | None = None
    """On whose behalf it is sent; None when the person who filled it in is the requester."""

    @property
    def people(self) -> tuple[ChatId, ChatId | None]:
        """Return the requester, and who sends the request on their behalf; None when that is the same person."""
        if self.for_person is None or self.for_person == self.requester:
            return self.requester, None
        return self.for_person, self.requester

    left_out: tuple[str, ...] = ()
    """The parts of the template that are not asked for, by their codes."""


class InvalidForm(Exception):
    """The form cannot be filed. `problems` contains the problem of each wrong field, by the name of the field."""

    def __init__(self, problems: dict[str, Fact]) -> None:
        super().__init__("; ".join(f"{field}: {problem}" for field, problem in problems.items()))
        self.problems = problems


class RefillCode(StrEnum):
    """Why a field cannot be filled in from an earlier request, or has another meaning now."""

    TEMPLATE_GONE = "template_gone"
    """The template no longer exists. Values: `template`: its title at that time."""
    TEMPLATE_CHANGED = "template_changed_since"
    """Values: `template`: its title."""
    DURATION_GONE = "duration_gone"
    """Values: `template`, `days`."""
    GIVES_LESS = "gives_less"
    """The form answers a review. Values: `templates`: the titles of those that certainly give less."""
    CHANGES_REQUESTED = "changes_requested"
    """An approver asked for changes of the request that is edited. Values: `name`, `text`."""
    END_DATE_OVER = "end_date_over"
    """The end date cannot be used now. Values: `day`: an ISO date."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Refill:
    """A form that is filled in from an earlier request."""

    form: Form
    notes: Mapping[str, Fact]
    """What is different now, by the name of the field. The codes are `RefillCode`."""
    template: str
    """The title of the template that the notes are about."""


def refill(request: AccessRequest, requester: ChatId, catalog: Catalog, now: datetime) -> Refill:
    """Return a form with the values of an earlier access request, and a note about each field that differs now.

    :param requester: the person who fills in the form now.
    """
    fields, prepared = request.fields, request.prepared
    names = {} if prepared is None else prepared.names
    ends_on = "" if fields.ends_at is None else (fields.ends_at.astimezone(UTC) - timedelta(days=1)).date().isoformat()
    form = Form(
        requester=requester,
        target=fields.target,
        template=fields.template,
        justification=fields.justification,
        sponsor=fields.sponsor,
        days=0 if fields.duration is None or ends_on else fields.duration.days,
        ends_on=ends_on,
        starts_on=day_of_start(fields.starts_at, now),
        ticket=fields.ticket,
        placeholders=fields.placeholders,
        labels={name: names[value.lower()] for name, value in fields.placeholders.items() if value.lower() in names},
        left_out=fields.left_out,
    )
    title = fields.template if prepared is None else prepared.template_title
    template = catalog.templates.get(fields.template)
    if template is None:
        problems = {"template": Fact(RefillCode.TEMPLATE_GONE, {"template": title})}
        return Refill(form=form, notes=problems, template=fields.template)
    return _refill_with_notes(form, template, "" if prepared is None else prepared.plan.template_hash, now)


def day_of_start(starts_at: datetime | None, now: datetime) -> str:
    """Return the day of the start, as long as it has not begun; empty afterwards."""
    return "" if starts_at is None or starts_at <= now else starts_at.astimezone(UTC).date().isoformat()


def _refill_with_notes(form: Form, template: Template, earlier_hash: str, now: datetime) -> Refill:
    notes: dict[str, Fact] = {}
    if earlier_hash and not has_same_meaning(earlier_hash, template.content_hash):
        notes["template"] = Fact(RefillCode.TEMPLATE_CHANGED, {"template": template.title})
    now = now.astimezone(UTC)
    first = date.fromisoformat(form.starts_on) if form.starts_on else now.date()
    today, latest = now.date().isoformat(), (first + template.longest).isoformat()
    ends_on = form.ends_on if template.may_end_on_date and today < form.ends_on <= latest else ""
    if form.ends_on and not ends_on:
        notes["end_date"] = Fact(RefillCode.END_DATE_OVER, {"day": form.ends_on})
    elif form.days and form.days not in [duration.days for duration in template.durations]:
        notes["duration"] = Fact(RefillCode.DURATION_GONE, {"template": template.title, "days": form.days})
    return Refill(form=replace(form, ends_on=ends_on), notes=notes, template=template.name)
