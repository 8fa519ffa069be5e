"""One partner of a file with its plan, however it was planned, and what a whole file comes to."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from bot.terminal.printing import NOT_POSSIBLE
from workflows.app.requests.files.parsed_request import PlanImpossible
from workflows.app.requests.files.plan_from_file import PlannedRequest
from workflows.core.batches.sheets.judged import CAN_BE_ASKED, JudgedRow, RowVerdict, refused_if_shorter
from workflows.core.batches.sheets.rows import CellProblem, SheetRow
from workflows.core.checks.findings import FindingCode
from workflows.core.policy.risk import RiskLevel, risk_for_approval

WOULD_CHANGE: Final = 2
"""The exit status when something would change."""
_UNCLEAR: Final = frozenset({RowVerdict.REFUSED, RowVerdict.NOT_READ})


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedPartner:
    """One row of a file."""

    judged: JudgedRow
    names: Mapping[str, str] = field(default_factory=dict)
    """The names of our users, groups and applications in the plan, by their ids."""

    @classmethod
    def of_request(cls, row: SheetRow, planned: PlannedRequest) -> "PlannedPartner":
        """Return the partner of a single request."""
        observation, plan = planned.observation, planned.plan
        verdict = RowVerdict.ADD if observation.configuration is None else RowVerdict.CHANGE
        judged = JudgedRow(
            row=row,
            verdict=RowVerdict.UNCHANGED if plan is None else verdict,
            identity=observation.identity,
            plan=plan,
            default=observation.default,
            risk=None if plan is None else risk_for_approval(plan, observation.default).level,
            stages=planned.stages,
            findings=planned.findings,
            access=None if plan is None else planned.access,
            nothing=planned.how_to_extend,
        )
        return cls(judged=refused_if_shorter(judged), names=planned.names)

    @classmethod
    def impossible(cls, row: SheetRow, error: PlanImpossible) -> "PlannedPartner":
        """Return the partner of a single request that would be refused."""
        problems = tuple(CellProblem(*problem) for problem in error.problems.items())
        return cls(judged=JudgedRow(row=row, verdict=RowVerdict.REFUSED, problems=problems))


@dataclass(slots=True)
class Totals:
    """What the partners of a file come to."""

    verdicts: Counter[RowVerdict] = field(default_factory=Counter)
    risks: Counter[RiskLevel] = field(default_factory=Counter)
    """The risk of each partner that would change."""
    alone: int = 0
    """How many of them need a decision of their own."""
    refused_now: int = 0
    """How many have a plan, and would be refused now because of another open request."""

    def add(self, partner: PlannedPartner) -> None:
        """Count one partner."""
        judged = partner.judged
        self.verdicts[judged.verdict] += 1
        if judged.risk is not None:
            self.risks[judged.risk] += 1
        self.alone += bool(judged.alone)
        self.refused_now += any(one.code is FindingCode.OPEN_REQUEST for one in judged.findings)

    @property
    def total(self) -> int:
        """Return how many partners there are."""
        return self.verdicts.total()

    @property
    def changing(self) -> int:
        """Return how many partners would change."""
        return sum(self.verdicts[verdict] for verdict in CAN_BE_ASKED)

    @property
    def exit_status(self) -> int:
        """Return 0 when nothing would change, 2 when something would, and 1 when that is not certain."""
        if self.refused_now or any(self.verdicts[verdict] for verdict in _UNCLEAR):
            return NOT_POSSIBLE
        return WOULD_CHANGE if self.changing else 0
