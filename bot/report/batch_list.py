"""The list of a batch as CSV: every partner that one decision is about, with exactly what is decided.

The same members give the same bytes, so that a repeated upload has the same digest.
"""

from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from bot.report.csv_text import BYTE_ORDER_MARK, csv_row, join_values
from bot.report.report_file import ReportFile
from bot.slack.outbound.batches.list_file import RenderedList
from bot.words.batches.sheet_report import SIGNS
from bot.words.findings.finding import finding_words
from bot.words.plans.kept_access import open_now_words
from bot.words.plans.risk import LEVELS
from bot.words.plans.short_changes import short_changes
from bot.words.requests.access_end import AT_END
from workflows.core.batches.batch import BatchRow
from workflows.core.checks.findings import Severity
from workflows.core.policy.risk import risk_for_approval
from workflows.core.requests.request import AccessRequest, PreparedRequest, RequestId

_TO_LOOK_AT: Final = (Severity.ERROR, Severity.WARNING)


def _risk(prepared: PreparedRequest) -> str:
    return LEVELS[risk_for_approval(prepared.plan, prepared.observation.default).level]


def _open_now(prepared: PreparedRequest) -> str:
    return join_values(open_now_words(prepared.plan, prepared.observation.default, prepared.names))


def _issues(prepared: PreparedRequest) -> str:
    return join_values(finding_words(one) for one in prepared.findings if one.severity in _TO_LOOK_AT)


def _is_author_known(prepared: PreparedRequest) -> str:
    adoption = prepared.plan.adoption
    return "yes" if adoption is not None and adoption.is_author_known else "no"


def _days(prepared: PreparedRequest) -> str:
    return "" if prepared.plan.duration is None else str(prepared.plan.duration.days)


def _chain(prepared: PreparedRequest) -> str:
    return join_values(f"{stage.title} {stage.quorum}" for stage in prepared.stages)


COLUMNS: Final[Mapping[str, Callable[[PreparedRequest], str]]] = {
    "partner_domain": lambda one: one.observation.identity.default_domain,
    "partner_tenant_id": lambda one: one.plan.tenant_id,
    "partner_display_name_not_verified": lambda one: one.observation.identity.display_name,
    "same_as_template": lambda one: one.template_title,
    "risk": _risk,
    "open_now": _open_now,
    "issues": _issues,
    "settings_made_by": lambda one: join_values(author.name for author in one.authors),
    "every_author_known": _is_author_known,
    "access_days": _days,
    "at_the_end": lambda one: AT_END[one.plan.at_end].then.removeprefix("then "),
    "approval_needed_alone": _chain,
    "sponsor": lambda one: one.sponsor.name,
}
"""What each column holds, by its name in the first row. The ids of the request and of its plan follow."""


def _changes(prepared: PreparedRequest) -> str:
    found = [f"{SIGNS[one.sign]} {one.text}" for one in short_changes(prepared.plan, prepared.observation.default)]
    return join_values(found or ["only the time"])


def _first_day(starts_at: datetime | None) -> str:
    return "" if starts_at is None else starts_at.date().isoformat()


def _last_day(ends_at: datetime | None) -> str:
    return "" if ends_at is None else (ends_at - timedelta(seconds=1)).date().isoformat()


_ALSO_OF_ROWS: Final = ("risk", "issues", "access_days", "at_the_end", "approval_needed_alone", "sponsor")
SHEET_COLUMNS: Final[Mapping[str, Callable[[BatchRow, AccessRequest], str]]] = {
    "row": lambda row, _: "" if row.asked is None else str(row.asked.row),
    "partner_domain": lambda _, one: one.require_prepared().observation.identity.default_domain,
    "partner_tenant_id": lambda _, one: one.plan.tenant_id,
    "partner_display_name_not_verified": lambda _, one: one.require_prepared().observation.identity.display_name,
    "template": lambda row, one: one.require_prepared().template_title or row.template,
    "changes": lambda _, one: _changes(one.require_prepared()),
    **{
        name: lambda _, one, column=COLUMNS[name]: column(one.require_prepared())  # type: ignore[misc]
        for name in _ALSO_OF_ROWS
    },
    "starts_on": lambda _, one: _first_day(one.plan.starts_at),
    "ends_on": lambda _, one: _last_day(one.plan.ends_at),
    "reason": lambda _, one: one.fields.justification,
    "ticket": lambda row, _: "" if row.asked is None else row.asked.ticket,
}
"""What each column of a batch from a sheet holds, by its name in the first row."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchLists:
    """Implements `RenderBatchList`."""

    redact: Callable[[str], str] = str
    """Removes known secrets from every text."""

    async def __call__(
        self, members: AsyncIterator[AccessRequest], *, sheet: Mapping[RequestId, BatchRow] | None = None
    ) -> RenderedList:
        """Write one row for each member, in the given order. Only one member is in memory.

        :param sheet: the row of a sheet for each member; None for adopted settings.
        """
        written = ReportFile(self.redact)
        try:
            titles = COLUMNS if sheet is None else SHEET_COLUMNS
            written.write(BYTE_ORDER_MARK + csv_row([*titles, "request_id", "change_id"]))
            async for member in members:
                prepared = member.require_prepared()
                if sheet is None:
                    cells = [column(prepared) for column in COLUMNS.values()]
                else:
                    cells = [column(sheet[member.id], member) for column in SHEET_COLUMNS.values()]
                written.write(csv_row([*cells, member.id, prepared.plan.digest]))
            return RenderedList(content=b"".join(written.pieces()), sha256=written.sha256)
        finally:
            written.close()
