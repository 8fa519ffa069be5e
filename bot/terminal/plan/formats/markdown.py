"""The plan of a file as Markdown, for a comment in a pull request: totals, a table, and a part for each partner.

A comment on GitHub has at most 65,536 characters. What does not fit is counted; the totals are always there. Partners
with nothing to change are only counted.
"""

from collections.abc import Callable, Iterator
from typing import Any, Final

from bot.terminal.plan.formats.markdown_text import code, html_code, prose, size
from bot.terminal.plan.planned_partner import PlannedPartner, Totals
from bot.words.batches.file_plan import (
    NOTHING_DONE,
    PLANNED,
    asked_words,
    chain_words,
    conditional_access_words,
    result_words,
    risks_words,
)
from bot.words.batches.sheet_report import change_words, why_words
from bot.words.findings.finding import finding_lines
from bot.words.plans.changes import describe_changes
from bot.words.plans.risk import risk_level_words, risk_lines
from bot.words.sentences import counted
from workflows.core.batches.sheets.judged import CAN_BE_ASKED, RowVerdict
from workflows.core.checks.findings import Severity
from workflows.core.plans.plan import Plan
from workflows.sheets.reading import SheetFile

MAX_CHARACTERS: Final = 65_536
"""The most characters of a comment on GitHub."""
_RESERVED: Final = 3_000
"""Kept free for the title, the totals and the sentences about what was left out."""
_NAME: Final = 100
_CELL: Final = 300
_SENTENCE: Final = 600
_IN_TABLE: Final = 3
"""How many changes of a partner the table names; the others are counted."""
_PROBLEMS_HEAD: Final = "| Row | Partner | Cannot be planned because |\n|---|---|---|\n"
_CHANGES_HEAD: Final = (
    "| Row | Partner | Result | Access | Changes | Risk | Who would decide |\n|---|---|---|---|---|---|---|\n"
)


class Pieces:
    """Pieces of text in their order, as many as may fit. The others are only counted."""

    def __init__(self) -> None:
        self._pieces: list[str] = []
        self._size = 0
        self._count = 0

    def add(self, make: Callable[[], str]) -> None:
        """Keep a piece, if it may still fit. It is not made when an earlier one did not."""
        is_full = len(self._pieces) < self._count
        self._count += 1
        if not is_full and self._size + size(piece := make()) <= MAX_CHARACTERS:
            self._pieces.append(piece)
            self._size += size(piece)

    @property
    def wanted(self) -> int:
        """Return how many characters all that was kept has."""
        return self._size

    def within(self, limit: int) -> tuple[str, int]:
        """Return the first pieces that have at most `limit` characters, and how many pieces are left out."""
        taken, used = 0, 0
        while taken < len(self._pieces) and used + size(self._pieces[taken]) <= limit:
            used += size(self._pieces[taken])
            taken += 1
        return "".join(self._pieces[:taken]), self._count - taken


class MarkdownWriter:
    """Writes the plan at the end, because its totals come first."""

    def __init__(self, write: Callable[[str], Any]) -> None:
        self._write = write
        self._file: SheetFile | None = None
        self._problems, self._changes, self._details = Pieces(), Pieces(), Pieces()

    def begin(self, file: SheetFile) -> None:
        """Take the file that was read."""
        self._file = file

    def take(self, partner: PlannedPartner) -> None:
        """Take one partner."""
        if partner.judged.verdict in CAN_BE_ASKED:
            self._changes.add(lambda: _change_row(partner))
            self._details.add(lambda: _details(partner))
        elif partner.judged.verdict is not RowVerdict.UNCHANGED:
            self._problems.add(lambda: _problem_row(partner))

    def finish(self, totals: Totals) -> None:
        """Write everything that fits."""
        file = self._file
        name, digest = ("", "") if file is None else (file.name, file.digest)
        self._write(f"### Gatehouse plan for {code(name, _NAME)}\n\n")
        risks = risks_words(totals.risks, totals.alone)
        self._write(f"**{result_words(totals.verdicts)}**{' ' if risks else ''}{risks} {NOTHING_DONE}\n\n")
        left = MAX_CHARACTERS - _RESERVED
        left -= self._table(self._problems, _PROBLEMS_HEAD, left)
        # NB. the table goes before the details: half of the room is its own, and more when the details are short.
        left -= self._table(self._changes, _CHANGES_HEAD, max(left // 2, left - self._details.wanted))
        details, missing = self._details.within(left)
        self._write(details)
        if missing:
            self._write(f"Details of {counted(missing, 'more partner')} do not fit here.\n\n")
        self._write(f"SHA-256 of the file: `{digest}`\n")

    def _table(self, rows: Pieces, head: str, limit: int) -> int:
        """Write a table, and return its size."""
        text, missing = rows.within(limit - size(head))
        if not text and not missing:
            return 0
        more = f"**{missing:,} more** {'row does' if missing == 1 else 'rows do'} not fit here.\n\n" if missing else ""
        self._write(f"{head}{text}\n{more}")
        return size(head) + size(text)


def _problem_row(partner: PlannedPartner) -> str:
    judged = partner.judged
    why = " ".join(prose(line, _CELL) for line in why_words(judged)) or PLANNED[judged.verdict]
    return _row(str(judged.row.number), _named(partner), why)


def _change_row(partner: PlannedPartner) -> str:
    judged = partner.judged
    changes = change_words(judged)
    named = [prose(line, _NAME) for line in changes[:_IN_TABLE]]
    more = [f"and {len(changes) - _IN_TABLE} more"] if len(changes) > _IN_TABLE else []
    return _row(
        str(judged.row.number),
        _named(partner),
        PLANNED[judged.verdict],
        prose(asked_words(judged), _NAME),
        "<br>".join([*named, *more]),
        "" if judged.risk is None else risk_level_words(judged.risk),
        prose(chain_words(judged.stages), _CELL),
    )


def _row(*cells: str) -> str:
    return f"| {' | '.join(cells)} |\n"


def _name(partner: PlannedPartner) -> str:
    identity = partner.judged.identity
    return partner.judged.row.partner if identity is None else identity.name


def _named(partner: PlannedPartner) -> str:
    return code(_name(partner), _NAME)


def _details(partner: PlannedPartner) -> str:
    judged = partner.judged
    risk = "" if judged.risk is None else f", {risk_level_words(judged.risk)} risk"
    about = f"Row {judged.row.number}: {html_code(_name(partner), _NAME)}, {PLANNED[judged.verdict]}{risk}"
    lines = "\n".join(_lines(partner, judged.plan)) if judged.plan is not None else ""
    return f"<details><summary>{about}</summary>\n\n{lines}\n\n</details>\n\n"


def _lines(partner: PlannedPartner, plan: Plan) -> Iterator[str]:
    judged = partner.judged
    yield f"Tenant `{plan.tenant_id}`. {prose(asked_words(judged), _NAME)}.\n"
    yield "| Setting | Before | After | Effect |\n|---|---|---|---|"
    for line in describe_changes(plan, judged.default, partner.names):
        yield _row(*(prose(text, _CELL) for text in (line.setting, line.before, line.after, line.effect))).rstrip()
    yield ""
    for risk in risk_lines(plan, judged.default):
        yield f"**{risk.title}**{risk.needs}\n"
        yield from (f"- {prose(reason, _SENTENCE)}" for reason in risk.reasons)
        yield from ("",) if risk.reasons else ()
    yield f"**Who would decide:** {prose(chain_words(judged.stages), _CELL)}\n"
    yield f"{prose(conditional_access_words(judged), _SENTENCE)}\n"
    yield from (f"- {prose(line, _SENTENCE)}" for line in why_words(judged))
    for finding in judged.findings:
        if finding.severity is not Severity.NOTE:
            yield from (f"  - {prose(line, _SENTENCE)}" for line in finding_lines(finding))
    yield f"\nChange ID `{plan.digest}`"
