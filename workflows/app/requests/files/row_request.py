"""Turn the row of a file into a request. Sheets and single requests are read by the same code up to here."""

from collections.abc import Iterator

from workflows.app.requests.files.parsed_request import PlanImpossible
from workflows.catalog.catalog import Catalog
from workflows.catalog.request_files import RequestFieldsWrong, RequestFile, request_of_fields
from workflows.core.batches.sheets.codes import SheetCode
from workflows.core.batches.sheets.rows import SheetRow
from workflows.core.errors.facts import Fact


def request_of_row(row: SheetRow, catalog: Catalog) -> RequestFile:
    """Return what a row asks for. A template may be named by its title.

    :raises PlanImpossible: naming each column that must change.
    """
    if row.problems:
        raise PlanImpossible({problem.column: problem.fact for problem in reversed(row.problems)})
    try:
        return request_of_fields(
            partner=row.partner,
            template=_template_name(row.template, catalog),
            duration_days=row.duration_days,
            ends_on=row.ends_on,
            starts_on=row.starts_on,
            placeholders=dict(row.placeholders),
        )
    except RequestFieldsWrong as error:
        raise PlanImpossible(dict(_not_accepted(error))) from error


def _not_accepted(error: RequestFieldsWrong) -> Iterator[tuple[str, Fact]]:
    for key, why in error.problems.items():
        yield key, Fact(SheetCode.CELL_NOT_ACCEPTED, {"reason": why})


def _template_name(typed: str, catalog: Catalog) -> str:
    """Return the name of a template that is written by its name or by its title; otherwise what was written."""
    if typed in catalog.templates:
        return typed
    titled = [one.name for one in catalog.templates.values() if one.title.casefold() == typed.casefold()]
    return titled[0] if len(titled) == 1 else typed
