"""Turn judged rows of a sheet into the rows of a draft: what is asked for, or why nothing is."""

from collections.abc import Iterator
from dataclasses import replace

from workflows.app.requests.field_checks import Problems, checked_ticket
from workflows.app.requests.files.parsed_request import ParsedRequest
from workflows.catalog.catalog import Catalog
from workflows.core.batches.asked_row import AskedAccess
from workflows.core.batches.batch import BatchRow, RowCode, RowState
from workflows.core.batches.members import openings_after, warnings_of
from workflows.core.batches.sheets.judged import JudgedRow, RowVerdict
from workflows.core.batches.sheets.rows import CellProblem, SheetRow
from workflows.core.errors.facts import Fact, Facts, as_values
from workflows.core.plans.changes import changed_kinds
from workflows.core.policy.placeholders import parse_placeholder
from workflows.core.posture.adoption.adoption_plan import settings_digest
from workflows.core.settings.model import TenantId


def cell_problems(row: SheetRow, request: ParsedRequest) -> Iterator[CellProblem]:
    """Yield what the form would find wrong with the fields of a row that `gatehouse plan` does not have."""
    problems: Problems = {}
    checked_ticket(row.ticket, request.template, problems)
    for field, fact in problems.items():
        yield CellProblem(field, fact)


def asked_access(row: SheetRow, request: ParsedRequest) -> AskedAccess:
    """Return what a row asks for, from its cells as they were parsed. They have no problem."""
    ids = {one.name: parse_placeholder(one, request.placeholders[one.name]) for one in request.template.placeholders}
    return AskedAccess(
        row=row.number,
        target=request.target,
        template=request.template.name,
        duration=request.duration,
        ends_at=request.ends_at,
        starts_at=request.starts_at,
        placeholders={name: value for name, value in ids.items() if value},
        reason=row.reason,
        ticket=checked_ticket(row.ticket, request.template, {}),
    )


def draft_row(judged: JudgedRow, catalog: Catalog) -> BatchRow:
    """Return the row of a draft for a judged row."""
    row, identity = judged.row, judged.identity
    typed = row.partner if identity is None else identity.typed_name or row.partner
    asked, plan = judged.asked, judged.plan
    if asked is None or plan is None:
        return BatchRow(
            tenant_id=TenantId("") if identity is None else identity.tenant_id,
            name=typed if identity is None else identity.default_domain or typed,
            display_name="" if identity is None else identity.display_name,
            settings=settings_digest(None),
            state=RowState.NOT_ASKED,
            reason=_why_not_asked(judged),
            asked=AskedAccess(row=row.number, target=typed, template=row.template),
        )
    return BatchRow(
        tenant_id=plan.tenant_id,
        name=plan.tenant_id if identity is None else identity.default_domain or typed,
        display_name="" if identity is None else identity.display_name,
        settings=settings_digest(None) if judged.settings is None else judged.settings,
        state=RowState.ALONE if judged.alone else RowState.WAITING,
        template=asked.template,
        template_title=catalog.templates[asked.template].title,
        risk=judged.risk,
        openings=openings_after(plan, judged.default),
        access_changes=changed_kinds(plan, judged.default),
        is_author_known=True,
        reason=judged.alone,
        stages=judged.stages,
        duration=asked.duration,
        at_end=plan.at_end,
        findings=warnings_of(judged.findings),
        asked=replace(asked, target=typed),
    )


def _why_not_asked(judged: JudgedRow) -> Facts:
    if judged.verdict is RowVerdict.UNCHANGED:
        return (Fact(RowCode.UNCHANGED), *(() if judged.nothing is None else (judged.nothing,)))
    if judged.verdict is RowVerdict.NOT_READ:
        return (Fact(RowCode.NOT_LOOKED_UP, {"answer": as_values(judged.reason)}),)
    return tuple(Fact(RowCode.CELL, {"column": one.column, "problem": one.fact.as_value()}) for one in judged.problems)
