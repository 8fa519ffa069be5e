"""What became of each row of a sheet: what it would change, or why nothing can be asked for it. Data only."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from workflows.core.batches.asked_row import AskedAccess
from workflows.core.batches.sheets.codes import SheetCode
from workflows.core.batches.sheets.columns import Column
from workflows.core.batches.sheets.rows import CellProblem, SheetRow
from workflows.core.checks.conditional_access.findings import locked_out_values
from workflows.core.checks.conditional_access.verdicts import AccessReport
from workflows.core.checks.findings import Finding
from workflows.core.errors.facts import Fact, Facts
from workflows.core.partners.partnership import ClosedAs
from workflows.core.plans.plan import Plan, TenantIdentity
from workflows.core.policy.risk import RiskLevel
from workflows.core.policy.template import Stage
from workflows.core.settings.canonical import Digest, JsonObject


class RowVerdict(StrEnum):
    """What a row would do. The values are printed as JSON and CSV."""

    ADD = "add"
    """The partner has no settings of its own yet."""
    CHANGE = "change"
    """The partner has settings, and the row would change or prolong them."""
    UNCHANGED = "unchanged"
    """The partner has these settings already, for this time or longer."""
    REFUSED = "refused"
    """Nothing can be asked for the row. Its problems say why."""
    NOT_READ = "not_read"
    """Entra did not answer, so it is not known."""


CAN_BE_ASKED = frozenset({RowVerdict.ADD, RowVerdict.CHANGE})
"""The rows for which something can be asked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgedRow:
    """One row with what was found."""

    row: SheetRow
    verdict: RowVerdict
    problems: tuple[CellProblem, ...] = ()
    """Everything that is wrong with it, also what was found after the row was read."""
    reason: Facts = ()
    """Why it is not known, for `NOT_READ`."""
    identity: TenantIdentity | None = None
    """None for a row without a tenant."""
    asked: AskedAccess | None = None
    """What the row asks for; None when nothing can be asked for."""
    settings: Digest | None = None
    """The digest of the partner's settings now; None for a row that has no plan."""
    plan: Plan | None = None
    default: JsonObject | None = None
    """The tenant's default, which the plan's changes are described with."""
    risk: RiskLevel | None = None
    stages: tuple[Stage, ...] = ()
    """Who would decide."""
    findings: tuple[Finding, ...] = ()
    """What approvers must know besides the plan."""
    access: AccessReport | None = None
    """The effect of Conditional Access on the partner's people after the plan. None without a plan."""
    alone: Facts = ()
    """Why it is decided alone; empty when it may be decided with others."""
    closed: ClosedAs | None = None
    """How the partner was closed, when it is blocked: the row would open it again."""
    nothing: Fact | None = None
    """For `UNCHANGED`: which request would prolong the access. None when the records do not show it."""

    @property
    def ends_before_access(self) -> bool:
        """Return whether the row has a last day that comes before the one until which the access is approved.

        The partner has these settings already, and no row shortens an access.
        """
        ends_at = None if self.nothing is None else self.nothing.values.get("ends_at")
        if self.row.ends_on is None or ends_at is None:
            return False
        return self.row.ends_on < (datetime.fromisoformat(ends_at) - timedelta(seconds=1)).date()

    @property
    def is_locked_out(self) -> bool:
        """Return whether an enforced policy certainly locks out somebody whom the plan lets in."""
        return self.access is not None and locked_out_values(self.access) is not None


def refused_if_shorter(judged: JudgedRow) -> JudgedRow:
    """Return a row that would change nothing; refused where it ends before the access: it asks for less time."""
    if not judged.ends_before_access:
        return judged
    problem = CellProblem(Column.ENDS_ON, Fact(SheetCode.ENDS_BEFORE_ACCESS))
    return replace(judged, verdict=RowVerdict.REFUSED, problems=(problem,), nothing=None)


def counts_of(rows: Iterable[JudgedRow]) -> Mapping[RowVerdict, int]:
    """Return how many rows there are of each verdict, also of those that no row has."""
    found = Counter(row.verdict for row in rows)
    return {verdict: found[verdict] for verdict in RowVerdict}
