"""Turn the record of a partner into a row that asks for exactly what was approved, or say why no row can.

A row is only returned when judging it would change nothing. So a file of these rows never gives more access.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any

from workflows.app.batches.importing.asking import cell_problems
from workflows.app.evidence.reading import CatalogueEntry
from workflows.app.requests.files.parsed_request import ParsedRequest, PlanImpossible, parse_request
from workflows.app.requests.files.row_request import request_of_row
from workflows.catalog.catalog import Catalog
from workflows.core.batches.sheets.columns import Column
from workflows.core.batches.sheets.rows import SheetRow
from workflows.core.errors.facts import Fact
from workflows.core.errors.raised import InvalidField, NothingToChange, UnreadableSetting
from workflows.core.partners.partnership import Partnership, SettingsBasis
from workflows.core.plans.plan import TenantIdentity
from workflows.core.plans.planning import plan_access
from workflows.core.policy.template import Template, filled_settings
from workflows.core.requests.request import AccessRequest
from workflows.partner_lookup.target import normalize_target


class WhyNotInFile(StrEnum):
    """Why a partner has no row."""

    CLOSED = "closed"
    """It is blocked. Values: `state`."""
    DRIFTED = "drifted"
    """Its settings differ from what was approved."""
    NOT_AS_APPROVED = "not_as_approved"
    """Nobody approved the settings as they were read back. Values: `basis`."""
    REQUEST_MISSING = "request_missing"
    """Its request is missing, or cannot be read."""
    PARTS_LEFT_OUT = "parts_left_out"
    """Parts of its template were not asked for. A row would ask for them. Values: `parts`."""
    NO_TEMPLATE = "no_template"
    """No template gives its settings."""
    TEMPLATE_GONE = "template_gone"
    """Values: `template`."""
    TEMPLATE_CHANGED = "template_changed"
    """Its template gives other settings now. Values: `template`."""
    OTHER_SETTINGS = "other_settings"
    """Its template gives other settings than were approved. Values: `template`."""
    REFUSED = "refused"
    """A row would be refused. Values: `column`, `problem`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Approved:
    """What was approved for an active partner."""

    record: Partnership
    request: AccessRequest
    template: Template


def recorded_fields(entry: CatalogueEntry, catalog: Catalog) -> dict[str, Any] | tuple[Fact, ...]:
    """Return what a row for a partner has besides its sponsor, by the file's keys; or why there is none."""
    approved = _approved(entry, catalog)
    if isinstance(approved, Fact):
        return (approved,)
    record, fields = approved.record, approved.request.fields
    names = {placeholder.name for placeholder in approved.template.placeholders}
    ids = {name: value for name, value in fields.placeholders.items() if name in names and value}
    # NB. an end inside a day is asked for to the end of that day: that is less than the least extension.
    last = None if record.ends_at is None else (record.ends_at.astimezone(UTC) - timedelta(microseconds=1)).date()
    found = {
        Column.PARTNER.value: _name(record.identity),
        Column.TEMPLATE.value: approved.template.name,
        Column.ENDS_ON.value: last,
        Column.REASON.value: fields.justification,
        Column.TICKET.value: fields.ticket,
        "placeholders": dict(sorted(ids.items())),
    }
    return {key: value for key, value in found.items() if value}


def _name(identity: TenantIdentity) -> str:
    """Return the domain of a partner, or its tenant id where the domain is not exactly what a row would name.

    NB. the partner chose it: a longer text could be read as another partner's domain.
    """
    domain = identity.default_domain.lower()
    try:
        return domain if normalize_target(domain) == domain else identity.tenant_id
    except InvalidField:
        return identity.tenant_id


def why_not_in_file(row: SheetRow, entry: CatalogueEntry, catalog: Catalog, now: datetime) -> tuple[Fact, ...]:
    """Return why a row is not what was approved for its partner; empty when it would change nothing.

    :param row: the row as it is read from the finished file.
    """
    approved = _approved(entry, catalog)
    if isinstance(approved, Fact):
        return (approved,)
    try:
        request = parse_request(request_of_row(row, catalog), catalog, now)
    except PlanImpossible as error:
        return tuple(_refused(key, fact) for key, fact in error.problems.items())
    return tuple(_refused(one.column, one.fact) for one in cell_problems(row, request)) or tuple(
        _other_settings(request, approved)
    )


def _refused(column: str, problem: Fact) -> Fact:
    return Fact(WhyNotInFile.REFUSED, {"column": column, "problem": problem.as_value()})


def _approved(entry: CatalogueEntry, catalog: Catalog) -> _Approved | Fact:
    record, request = entry.record, entry.request
    if (closed := record.closed_as) is not None:
        return Fact(WhyNotInFile.CLOSED, {"state": closed.value})
    if entry.drift is not None:
        return Fact(WhyNotInFile.DRIFTED)
    if record.basis is not SettingsBasis.APPROVED:
        return Fact(WhyNotInFile.NOT_AS_APPROVED, {"basis": record.basis.value})
    if request is None or request.prepared is None:
        return Fact(WhyNotInFile.REQUEST_MISSING)
    if record.left_out or request.plan.left_out:
        return Fact(WhyNotInFile.PARTS_LEFT_OUT, {"parts": list(record.left_out or request.plan.left_out)})
    if not record.template or (record.restored_from is not None and record.template not in catalog.templates):
        return Fact(WhyNotInFile.NO_TEMPLATE)
    if (template := catalog.templates.get(record.template)) is None:
        return Fact(WhyNotInFile.TEMPLATE_GONE, {"template": record.template})
    return _Approved(record=record, request=request, template=template)


def _other_settings(request: ParsedRequest, approved: _Approved) -> Iterator[Fact]:
    plan, template = approved.request.plan, approved.template
    try:
        plan_access(
            tenant_id=plan.tenant_id,
            before=plan.configuration_after(),
            settings=filled_settings(template, request.placeholders),
            template=template.name,
            template_hash=template.content_hash,
            duration=request.duration,
        )
    except NothingToChange:
        return
    except (InvalidField, UnreadableSetting) as error:
        yield _refused(Column.PARTNER, error.fact)
        return
    is_changed = plan.template == template.name and plan.template_hash != template.content_hash
    code = WhyNotInFile.TEMPLATE_CHANGED if is_changed else WhyNotInFile.OTHER_SETTINGS
    yield Fact(code, {"template": template.name})
