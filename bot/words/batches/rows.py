"""The words about a batch: its state, the state of each row and why, what a row opens, and what was counted."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Final

from bot.words.batches.kinds import words_of
from bot.words.batches.run import tally_words
from bot.words.names.actions import COMMANDS, Action
from bot.words.plans.risk import risk_level_words
from bot.words.refusals.sentences import fact_words
from bot.words.refusals.sheets import problem_words
from bot.words.requests.notes import (
    BY_RELATION_ALONE,
    FAILED_IN_BATCH,
    FINISHED_ALONE,
    HIGH_RISK_ALONE,
    not_read_words,
    note_words,
)
from bot.words.sentences import counted, fill_in
from workflows.core.batches.batch import BY_PERSON, Batch, BatchRow, BatchState, RowCode, RowState, tally
from workflows.core.batches.deciding import is_batch_believed
from workflows.core.errors.facts import Fact, Facts, Values, facts_from_values
from workflows.core.people import Person
from workflows.core.policy.risk import RiskLevel
from workflows.core.requests.notes import NoteCode
from workflows.core.requests.request import BatchId, RequestState
from workflows.core.settings.canonical import Digest
from workflows.ports.notifier import ListProblem

_ENDED: Final[Mapping[str, str]] = {
    RequestState.REJECTED: "was rejected",
    RequestState.WITHDRAWN: "was withdrawn",
    RequestState.EXPIRED: "expired",
    RequestState.UNFIT: "could not be carried out",
    RequestState.STOPPED: "was stopped",
    RequestState.OVERWRITTEN: "was changed by somebody else",
    RequestState.FAILED: "failed",
}
SHORT_DIGITS: Final = 12
"""Hexadecimal digits of a short digest. Details and the list have the whole one."""
NO_TEMPLATE: Final = "no template"
DISCARDED_DRAFT: Final = "draft, discarded"
_CHANGED: Final = "changed by something else"
_ENDED_NOT_BELIEVED: Final = "ended, not believed"
_NOT_BELIEVED: Final = "not believed"
LIST_PENDING: Final = "The list of partners is being attached. Approve appears after that."
LIST_MISSING: Final = "Nobody can approve: the list of partners is not attached."
ALL_PARTNERS: Final = "All partners of the draft, with what happens to each"
DURATION_HINT: Final = "How long the settings are approved. Every partner has its own reviews and its own end."
IN_CHANNEL: Final = "The card in the channel shows the progress."
_RESPONSIBLE: Final = "You are responsible for their access and answer the reviews. You cannot approve."
_LIST_PROBLEMS: Final[Mapping[str, str]] = {
    ListProblem.NO_SCOPE: "The app lacks the scope files:write. An admin can install it again.",
    ListProblem.REFUSED: "The chat system did not take the file ({code}). Gatehouse tries again.",
    ListProblem.NO_ANSWER: "The chat system does not answer. Gatehouse tries again.",
}


def short_digest(whole: Digest | str | None) -> str:
    """Return the beginning of a digest."""
    return "" if whole is None else str(whole)[:SHORT_DIGITS]


def size_words(batch: Batch) -> str:
    """Return how many partners one decision decides, or decided; before that is known, how many it may decide."""
    members = batch.members if batch.state is BatchState.AWAITING_APPROVAL else ()
    rows = members or [row for row in batch.rows if row.was_member]
    return counted(len(rows or [row for row in batch.rows if row.is_asked] or batch.rows), "partner")


def title_words(batch: Batch) -> str:
    """Return what a batch is about in a few words."""
    return f"{size_words(batch)}: {words_of(batch).about}"


def state_words(batch: Batch) -> str:
    """Return the state of a batch; once it is done, with its result."""
    if batch.state is BatchState.WITHDRAWN and batch.confirmed_at is None:
        return DISCARDED_DRAFT
    if not is_batch_believed(batch):
        return _ENDED_NOT_BELIEVED if batch.state in (BatchState.STOPPED, BatchState.EXPIRED) else _CHANGED
    return result_words(batch) if batch.state is BatchState.DONE else words_of(batch).states[batch.state]


def result_words(batch: Batch) -> str:
    """Return what became of every row."""
    return tally_words(tally(batch), words_of(batch))


def progress_words(batch: Batch) -> str:
    """Return how far an approved batch is: how many members are recorded, of how many."""
    counts = tally(batch)
    return f"{counts.done} of {counts.members} {words_of(batch).progress}"


def planning_words(batch: Batch) -> str:
    """Return how many partners are planned, of how many."""
    waiting = batch.counts()[RowState.WAITING]
    total = sum(row.was_member for row in batch.rows)
    return f"{total - waiting} of {total} partners read and planned"


def row_state_words(batch: Batch, row: BatchRow) -> str:
    """Return the state of a row. Nothing is planned before somebody asked for the draft."""
    if not is_batch_believed(batch):
        return _NOT_BELIEVED
    is_asked = batch.state is not BatchState.DRAFT or row.state is not RowState.WAITING
    return words_of(batch).row_states[row.state] if is_asked else "draft"


def row_reason_words(row: BatchRow) -> str:
    """Say why a row is not decided together with the others; empty for one that is."""
    return " ".join(_fact_words(fact) for fact in row.reason)


def facts_words(facts: Facts) -> str:
    """Say facts about a batch: notes, refusals, and reasons of rows."""
    return " ".join(_fact_words(fact) for fact in facts)


def _fact_words(fact: Fact) -> str:
    if fact.code in set(RowCode):
        return _REASONS[RowCode(fact.code)](fact.values)
    if fact.code in _LIST_PROBLEMS:
        return fill_in(_LIST_PROBLEMS[fact.code], fact.values)
    return note_words((fact,))


def _stopped(values: Values) -> str:
    if any(one.get("code") == NoteCode.DRAFT_DISCARDED for one in values.get("note") or ()):
        return note_words((Fact(NoteCode.DRAFT_DISCARDED),))
    ended = _ENDED.get(str(values.get("state", "")), "ended")
    note = note_words(facts_from_values(values.get("note") or ()))
    return f"Its request {ended}. {note}".strip()


_REASONS: Final[Mapping[RowCode, Callable[[Values], str]]] = {
    RowCode.HIGH_RISK: lambda _: HIGH_RISK_ALONE,
    RowCode.BY_RELATION: lambda _: BY_RELATION_ALONE,
    RowCode.CHANGED_SINCE_DRAFT: lambda _: (
        f"Its settings changed after the draft. Adopt it alone with {COMMANDS[Action.ADOPT]}."
    ),
    RowCode.NOT_READ: not_read_words,
    RowCode.KEEPS_FAILING: lambda _: FAILED_IN_BATCH,
    RowCode.FINISHED_ALONE: lambda _: FINISHED_ALONE,
    RowCode.PLANNED_AGAIN: lambda _: "Its settings or their authors changed, so it needs its own approval.",
    RowCode.APPROVAL_AGAIN: lambda _: "An approval did not count any more, so it needs its own approval.",
    RowCode.STOPPED: _stopped,
    RowCode.CELL: lambda values: problem_words(
        values["column"], " ".join(fact_words(one) for one in facts_from_values([values["problem"]]))
    ),
    RowCode.UNCHANGED: lambda _: "The partner has these settings already, for this time or longer.",
    RowCode.NOT_LOOKED_UP: lambda values: (
        f"It is not known. {' '.join(fact_words(one) for one in facts_from_values(values['answer']))}".strip()
    ),
    RowCode.SPONSOR_NOT_IN_CHAT: lambda values: (
        f"Nobody in the chat has the mail address of its sponsor {values['name']}. Name another sponsor in the sheet."
    ),
    RowCode.OTHER_TENANT: lambda values: (
        f"Its name is that of another tenant now: {values['tenant_id']}. Check with the partner which one is theirs."
    ),
    RowCode.EXISTS_NOW: lambda _: "It had no settings when the sheet was judged, and somebody made some since.",
    RowCode.REOPENS: lambda _: "The partner is blocked now, and this would open it.",
    RowCode.CLOSES: lambda _: "It blocks the partner, which must not wait for other partners.",
}


def template_words(title: str) -> str:
    """Return the title of the template that equals a row's settings, or that there is none."""
    return title or NO_TEMPLATE


def title_of(row: BatchRow) -> str:
    """Return the title of the template that gives exactly the settings of a row; empty when there is none."""
    return row.template_title if row.template else ""


def template_counts(rows: Sequence[BatchRow]) -> Iterator[tuple[str, int]]:
    """Return how many rows equal each template, the most frequent first, and without one last."""
    titles = [title_of(row) for row in rows]
    frequent = sorted(set(titles) - {""}, key=lambda title: (-titles.count(title), title))
    yield from ((title, titles.count(title)) for title in frequent)
    if without := titles.count(""):
        yield NO_TEMPLATE, without


def risk_counts(rows: Sequence[BatchRow]) -> Iterator[tuple[RiskLevel | None, int]]:
    """Return how many rows have each risk, the highest first; None for rows that were not judged."""
    levels = [row.risk for row in rows]
    for level in sorted({one for one in levels if one is not None}, reverse=True):
        yield level, levels.count(level)
    if unknown := levels.count(None):
        yield None, unknown


def risk_level(level: RiskLevel | None) -> str:
    """Return the word for a risk level; None for one that is not known."""
    return "not known" if level is None else risk_level_words(level)


def risk_words(level: RiskLevel | None) -> str:
    """Return a risk level with its noun; None for one that is not known."""
    return "Risk not known" if level is None else f"{risk_level_words(level).capitalize()} risk"


def named_as_sponsor_words(batch: Batch, count: int) -> str:
    """Say after the requester's name of how many partners of a batch the reader is the sponsor."""
    some = "each" if count == sum(row.was_member for row in batch.rows) else str(count)
    return f"named you as the sponsor of {some} of these partners. {_RESPONSIBLE}"


def list_name(batch: Batch) -> str:
    """Return the name of the file that lists what one decision is about."""
    return f"{batch.id}-{short_digest(batch.digest)}.csv"


def list_title(batch: Batch) -> str:
    """Return the title of that file."""
    return f"{size_words(batch)} of batch {batch.id}"


def list_comment(batch: Batch, sha256: str) -> str:
    """Return the message with that file. It consists of constant words, ids and digests."""
    new = "New list" if batch.round else "List"
    return f"{new} of the {size_words(batch)} that this decision is about. SHA-256: {sha256}"


def draft_title(batch: Batch) -> str:
    """Return who made a draft; the time follows. The name of a person of the chat is not known here."""
    if batch.drafted_by.startswith(BY_PERSON):
        return f"Draft {batch.id}, made in the chat on"
    return f"Draft {batch.id}, made on the bot's machine by {batch.drafted_by.removeprefix('os:')} on"


def together_words(count: int) -> str:
    """Return how many partners one decision decides."""
    return f"In one decision: {counted(count, 'partner')}" if count else "No partners in one decision"


def alone_words(count: int) -> str:
    """Return how many partners are decided alone."""
    return f"Each with its own request and approval: {counted(count, 'partner')}"


def not_asked_words(batch: Batch, count: int) -> str:
    """Return for how many partners, or rows of a sheet, nothing is asked."""
    return f"{words_of(batch).not_asked}: {counted(count, 'partner' if batch.sheet is None else 'row')}"


def author_words(authors: Sequence[Person]) -> str:
    """Name who cannot approve because they made settings; empty when nobody is known."""
    names = ", ".join(dict.fromkeys(author.name for author in authors))
    return f"Made settings in the last 30 days, so they cannot approve: {names}." if names else ""


def reason_groups(rows: Sequence[BatchRow]) -> list[tuple[str, list[str]]]:
    """Return each reason with the names of its partners, the most frequent reason first."""
    found: dict[str, list[str]] = {}
    for row in rows:
        found.setdefault(row_reason_words(row), []).append(row.name)
    return sorted(found.items(), key=lambda one: (-len(one[1]), one[0]))


def member_words(batch: BatchId | None, left: BatchId | None) -> str:
    """Say after a request's kind that it belongs to a batch, or left one; empty for a request that never did."""
    if batch is not None:
        return f" in batch {batch}"
    return "" if left is None else f" (left batch {left})"
