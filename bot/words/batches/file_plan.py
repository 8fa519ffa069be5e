"""The words of the plan of a file: what would happen to each partner, who would decide, and the totals."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from bot.words.batches.sheet_report import access_words, drafted_before_words, other_drafts_words
from bot.words.plans.risk import LEVELS
from bot.words.sentences import counted, last_day
from workflows.app.batches.importing.draft_ids import ChangedRow
from workflows.app.batches.importing.redrafting import FileDraft
from workflows.core.batches.batch import BatchRow, RowState
from workflows.core.batches.sheets.judged import JudgedRow, RowVerdict
from workflows.core.policy.risk import RiskLevel
from workflows.core.policy.template import Stage

PLANNED: Final[Mapping[RowVerdict, str]] = {
    RowVerdict.ADD: "would be added",
    RowVerdict.CHANGE: "would be changed",
    RowVerdict.UNCHANGED: "would stay the same",
    RowVerdict.REFUSED: "would be refused",
    RowVerdict.NOT_READ: "not known, because Entra did not answer",
}
ACCESS_NOT_ASKED: Final = "Conditional Access: not asked. Each request asks for it when it is prepared."
NOBODY_COMES_IN: Final = "Conditional Access: not asked, because nobody could come in afterwards."
NOTHING_DONE: Final = "Nothing was stored, nobody was asked, and nothing was written to the tenant."
_DRAFT_ENDED: Final = "Draft {batch} of this file was ended, because it does not ask for what the file asks for now."
_ASKED: Final[Mapping[RowState, str]] = {RowState.WAITING: "asked for", RowState.ALONE: "asked for alone"}
_NOT_ASKED: Final = "not asked for"
_OTHERWISE: Final = "Its settings, time, risk or approvers are others now."
ONLY_TIME: Final = "only the time"


def chain_words(stages: Sequence[Stage]) -> str:
    """Return who would decide: each stage with the number of approvals that it needs."""
    return " → ".join(f"{stage.title} ({counted(stage.quorum, 'approval')})" for stage in stages)


def asked_words(judged: JudgedRow) -> str:
    """Return the template and the time that a partner's row asks for."""
    row, plan = judged.row, judged.plan
    if plan is not None and plan.ends_at is not None:
        return f"{row.template}, until {last_day(plan.ends_at)}"
    if plan is not None and plan.duration is not None:
        return f"{row.template}, {counted(plan.duration.days, 'day')}"
    return row.template


def conditional_access_words(judged: JudgedRow) -> str:
    """Return what Conditional Access means for people who come in, and what that is based on."""
    if judged.access is None:
        return ACCESS_NOT_ASKED
    return access_words(judged) or NOBODY_COMES_IN


def result_words(verdicts: Mapping[RowVerdict, int]) -> str:
    """Return how many partners there are of each verdict that any has."""
    parts = [f"{verdicts[verdict]:,} {words}" for verdict, words in PLANNED.items() if verdicts.get(verdict)]
    total = sum(verdicts.values())
    return f"{counted(total, 'partner')}: {'; '.join(parts)}." if parts else "No partners."


def risks_words(risks: Mapping[RiskLevel, int], alone: int) -> str:
    """Return how many changes have each risk, the highest first, and how many are decided alone; empty for none."""
    parts = [f"{risks[level]:,} {LEVELS[level]}" for level in sorted(risks, reverse=True) if risks[level]]
    if not parts:
        return ""
    own = f" {counted(alone, 'partner needs its own decision', 'partners need their own decisions')}." if alone else ""
    return f"Risk: {', '.join(parts)}.{own}"


def changed_draft_words(draft: FileDraft) -> Iterator[str]:
    """Yield what became of the draft that the file had before; nothing when it had none."""
    for one in draft.changed:
        yield f"Row {row_number(one.now)}: {one.now.name}: {changed_row_words(one)}"
    if draft.replaced is not None:
        yield _DRAFT_ENDED.format(batch=draft.replaced.id)
    elif draft.batch is not None and not draft.is_new:
        yield drafted_before_words(draft.batch)
    yield from other_drafts_words(draft.others)


def changed_row_words(changed: ChangedRow) -> str:
    """Return what is different in a row since the draft was stored."""
    before, now = (_ASKED.get(one.state, _NOT_ASKED) for one in (changed.before, changed.now))
    return f"Before: {before}. Now: {now}." if before != now else _OTHERWISE


def row_number(row: BatchRow) -> int:
    """Return the number of a row in its sheet."""
    return 0 if row.asked is None else row.asked.row
