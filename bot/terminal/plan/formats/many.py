"""The plan of a file with many partners as text or JSON, written partner by partner."""

import json
import shutil
import sys
import textwrap
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final, Protocol

from bot.slack.blocks.untrusted import clean
from bot.terminal.plan.formats.as_json import finding_values, plan_values, stage_values
from bot.terminal.plan.formats.markdown import MarkdownWriter
from bot.terminal.plan.planned_partner import PlannedPartner, Totals
from bot.terminal.plan.sheet_formats import access_value
from bot.terminal.printing import MAX_CHARACTERS
from bot.words.batches.file_plan import (
    NOTHING_DONE,
    ONLY_TIME,
    PLANNED,
    asked_words,
    chain_words,
    conditional_access_words,
    result_words,
    risks_words,
)
from bot.words.batches.sheet_report import PERHAPS_DOUBLE, why_words
from bot.words.plans.changes import describe_changes
from bot.words.plans.risk import risk_level_words
from workflows.core.batches.sheets.judged import JudgedRow, RowVerdict
from workflows.core.errors.facts import as_values
from workflows.core.plans.plan import Plan
from workflows.core.policy.risk import RiskLevel
from workflows.sheets.reading import SheetFile

FORMAT: Final = "gatehouse/plans/1"
Write = Callable[[str], Any]
_MIN_WIDTH: Final = 20


class PlanWriter(Protocol):
    """Writes the partners of a file as they are planned."""

    def begin(self, file: SheetFile) -> None:
        """Take what was read."""

    def take(self, partner: PlannedPartner) -> None:
        """Take one partner."""

    def finish(self, totals: Totals) -> None:
        """Write the totals, and everything that was not written yet."""


class TextWriter:
    """Writes text for a person."""

    def __init__(self, write: Write) -> None:
        self._write = write
        self._width = shutil.get_terminal_size().columns if sys.stdout.isatty() else MAX_CHARACTERS

    def begin(self, file: SheetFile) -> None:
        """Write which file was read."""
        self._line(f"{file.name}, SHA-256 {file.digest}")

    def take(self, partner: PlannedPartner) -> None:
        """Write one partner. One that stays the same is only counted: a file of everything in force has many."""
        judged = partner.judged
        if judged.verdict is RowVerdict.UNCHANGED:
            return
        name = judged.row.partner or "no partner"
        tenant = "" if judged.identity is None else f" (tenant {judged.identity.tenant_id})"
        self._write("\n")
        self._line(f"Row {judged.row.number}: {name}{tenant}: {PLANNED[judged.verdict]}")
        for title, text in _fields(partner):
            self._line(text, before=f"    {title:<11} ")

    def finish(self, totals: Totals) -> None:
        """Write the totals."""
        self._write("\n")
        self._line(result_words(totals.verdicts))
        if risks := risks_words(totals.risks, totals.alone):
            self._line(risks)
        if totals.verdicts[RowVerdict.NOT_READ]:
            self._line(PERHAPS_DOUBLE)
        self._line(NOTHING_DONE)

    def _line(self, text: str, before: str = "") -> None:
        """Write one line; on a terminal, as many as it needs, each below the first."""
        width = max(self._width - len(before), _MIN_WIDTH)
        lines = textwrap.wrap(clean(text, MAX_CHARACTERS), width, break_long_words=False, break_on_hyphens=False)
        between = "\n" + " " * len(before)
        self._write(f"{before}{between.join(lines)}\n")


def _fields(partner: PlannedPartner) -> Iterator[tuple[str, str]]:
    judged, plan = partner.judged, partner.judged.plan
    if plan is not None:
        yield "Access", asked_words(judged)
        title = "Change"
        for line in describe_changes(plan, judged.default, partner.names):
            yield title, f"{line.setting}: {line.before} → {line.after} ({line.effect})"
            title = ""
        if title:
            yield title, ONLY_TIME
        yield "Risk", "" if judged.risk is None else risk_level_words(judged.risk)
        yield "Decided by", chain_words(judged.stages)
        yield "People", conditional_access_words(judged)
    yield from (("Note", why) for why in why_words(judged))
    if plan is not None:
        yield "Change ID", plan.digest


class JsonWriter:
    """Writes one JSON object, with a partner in a line."""

    def __init__(self, write: Write) -> None:
        self._write = write
        self._is_first = True

    def begin(self, file: SheetFile) -> None:
        """Write which file was read."""
        about = {"format": FORMAT, "file": file.name, "sha256": file.digest}
        self._write(json.dumps(about, sort_keys=True)[:-1] + ', "partners": [')

    def take(self, partner: PlannedPartner) -> None:
        """Write one partner."""
        self._write(("\n" if self._is_first else ",\n") + json.dumps(_values(partner), sort_keys=True))
        self._is_first = False

    def finish(self, totals: Totals) -> None:
        """Write the totals."""
        ends = {
            "counts": {verdict.value: totals.verdicts[verdict] for verdict in RowVerdict},
            "risks": {level.word: totals.risks[level] for level in RiskLevel},
            "decided_alone": totals.alone,
        }
        self._write(f"\n], {json.dumps(ends, sort_keys=True)[1:]}\n")


def _values(partner: PlannedPartner) -> dict[str, Any]:
    judged, identity = partner.judged, partner.judged.identity
    found: dict[str, Any] = {
        "row": judged.row.number,
        "partner": judged.row.partner,
        "tenant_id": None if identity is None else identity.tenant_id,
        "default_domain": None if identity is None else identity.default_domain,
        "display_name": None if identity is None else identity.display_name,
        "verdict": judged.verdict.value,
        "template": judged.row.template,
        "problems": [{"column": one.column, **one.fact.as_value()} for one in judged.problems],
        "findings": [finding_values(one) for one in judged.findings],
        "is_decided_alone": bool(judged.alone),
        "closed": None if judged.closed is None else judged.closed.value,
        "reason": as_values(judged.reason),
        "text": list(why_words(judged)),
    }
    return found if judged.plan is None else found | _plan_values(partner, judged, judged.plan)


def _plan_values(partner: PlannedPartner, judged: JudgedRow, plan: Plan) -> dict[str, Any]:
    return {
        **plan_values(plan, judged.default, partner.names),
        "chain": list(map(stage_values, judged.stages)),
        "conditional_access": None if judged.access is None else access_value(judged.access),
        "ends_at": None if plan.ends_at is None else plan.ends_at.isoformat(),
        "duration_days": None if plan.duration is None else plan.duration.days,
    }


JSON: Final = "json"
MARKDOWN: Final = "markdown"
WRITERS: Final[Mapping[str, Callable[[Write], PlanWriter]]] = {
    "text": TextWriter,
    JSON: JsonWriter,
    MARKDOWN: MarkdownWriter,
}
"""The writer of each format."""
