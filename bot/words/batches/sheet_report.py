"""The words of the report about a sheet: its columns, the verdicts, and what each row would change."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from bot.words.batches.rows import alone_words, draft_title, facts_words, together_words
from bot.words.findings.conditional_access.verdicts import VISITORS, worst_words
from bot.words.findings.finding import finding_words
from bot.words.plans.risk import risk_level_words
from bot.words.plans.short_changes import Sign, short_changes
from bot.words.refusals.sentences import fact_words
from bot.words.refusals.sheets import problem_words
from bot.words.sentences import counted, minute
from workflows.core.batches.batch import Batch, RowState
from workflows.core.batches.sheets.columns import PLACEHOLDER_PREFIX, Columns
from workflows.core.batches.sheets.judged import JudgedRow, RowVerdict
from workflows.core.checks.conditional_access.findings import AccessBasis, basis_of
from workflows.core.checks.findings import Finding, FindingCode, Severity
from workflows.core.partners.partnership import ClosedAs

VERDICTS: Final[Mapping[RowVerdict, str]] = {
    RowVerdict.ADD: "would be added",
    RowVerdict.CHANGE: "would be changed or prolonged",
    RowVerdict.UNCHANGED: "as in the sheet already",
    RowVerdict.REFUSED: "refused",
    RowVerdict.NOT_READ: "not known, because Entra did not answer",
}
COMPARED: Final[Mapping[RowVerdict, str]] = {
    RowVerdict.ADD: "only in the sheet",
    RowVerdict.CHANGE: "different",
    RowVerdict.UNCHANGED: "the same",
    RowVerdict.REFUSED: "not compared",
    RowVerdict.NOT_READ: "not known, because Entra did not answer",
}
ONLY_IN_TENANT: Final = "only in the tenant"
NO_RECORD: Final = "without a record"
SIGNS: Final[Mapping[Sign, str]] = {Sign.MORE: "+", Sign.LESS: "-", Sign.UNKNOWN: "?"}
REOPENS: Final[Mapping[ClosedAs | None, str]] = {
    ClosedAs.REVOKED: "The partner is revoked, and blocked now. This would open it again.",
    ClosedAs.SUSPENDED: "The partner is suspended, and blocked now. This would open it again.",
    ClosedAs.BLOCKED: "The partner is blocked now. This would open it again.",
}
NOT_ASKED: Final = (
    "No request is made and nothing is written in Entra. "
    "Conditional Access is asked for once for all partners with the same access. Sign-ins are not asked for."
)
_CA_SHARED: Final = FindingCode.CA_SHARED
_MAX_ALIKE: Final = 3
"""Beside more other domains that resemble a row's, what differs is not said for each of them."""
_MAX_RANGES: Final = 60
LOCKED_OUT: Final = "Conditional Access locks people out"
_BASES: Final[Mapping[AccessBasis, str]] = {
    AccessBasis.TENANT: "",
    AccessBasis.TEMPLATE: " (estimate, as for every partner with this access; not asked for this tenant)",
    AccessBasis.POLICIES: " (estimate from the policies; Entra did not evaluate every sign-in)",
    AccessBasis.NOT_READ: " (could not be read)",
}
DRAFT_WITH: Final = "This command makes a draft of exactly this file. Nothing is asked for before a member confirms it:"
NO_SECOND: Final = "No second one was stored."
COMPARE_FIRST: Final = "Compare both before you confirm one, and discard the other."
NO_DRAFT: Final = "Nothing can be asked for, so no draft was stored."
PERHAPS_DOUBLE: Final = (
    "Some rows are not known. One of them may be about the partner of another row, and contradict it."
)
PERHAPS_IN_SHEET: Final = "Some rows could not be compared. One of them may name a partner that is only in the tenant."


def columns_words(columns: Columns, header: tuple[str, ...]) -> Iterator[str]:
    """Yield which column is used for what, and which columns are not used."""
    placeholders = {f"{PLACEHOLDER_PREFIX}{name}": place for name, place in columns.placeholders.items()}
    used = {**{column.value: place for column, place in columns.fields.items()}, **placeholders}
    yield "Columns: " + ", ".join(f"{name} = “{header[place]}”" for name, place in used.items())
    if columns.unused:
        yield "Not used: " + ", ".join(f"“{title}”" for title in columns.unused)


def change_words(judged: JudgedRow) -> tuple[str, ...]:
    """Return what a row would change, each with its sign; empty without a plan."""
    if judged.plan is None:
        return ()
    found = tuple(f"{SIGNS[one.sign]} {one.text}" for one in short_changes(judged.plan, judged.default))
    return found or ("only the time",)


def why_words(judged: JudgedRow) -> tuple[str, ...]:
    """Return what must be known about a row besides its changes: problems, warnings, why it is decided alone.

    Notes are left out: they are equal for most rows, and the request shows them. That Conditional Access is an
    estimate is a line of its own; see `access_words`.
    """
    return (
        *(problem_words(problem.column, fact_words(problem.fact)) for problem in judged.problems),
        *map(fact_words, judged.reason),
        *((REOPENS[judged.closed],) if judged.closed in REOPENS else ()),
        *((f"Needs a decision of its own. {facts_words(judged.alone)}",) if judged.alone else ()),
        *_findings_words(
            [one for one in judged.findings if one.severity is not Severity.NOTE and one.code is not _CA_SHARED]
        ),
        *(() if judged.nothing is None else (fact_words(judged.nothing),)),
    )


def _findings_words(findings: Sequence[Finding]) -> Iterator[str]:
    """Yield each finding. Many other domains that resemble the row's, as those of a series, are in one sentence."""
    alike: dict[str, list[Finding]] = {}
    for one in findings:
        if one.code is FindingCode.LOOK_ALIKE and not one.values["is_own"]:
            alike.setdefault(str(one.values["domain"]), []).append(one)
    many = {domain: found for domain, found in alike.items() if len(found) > _MAX_ALIKE}
    yield from (finding_words(one) for one in findings if not any(one in found for found in many.values()))
    for domain, found in many.items():
        others = ", ".join(str(one.values["other"]) for one in found)
        yield f"“{domain}” resembles {len(found)} other domains. Check that it is the one that is meant: {others}"


def access_words(judged: JudgedRow) -> str:
    """Return what Conditional Access means for each kind of visitor, and what that is based on; empty without any."""
    report = judged.access
    if report is None or not report.visitors:
        return ""
    found = "; ".join(f"{VISITORS[one]}: {worst_words(report, one)}" for one in report.visitors)
    return f"Conditional Access{_BASES[basis_of(report)]}: {found}"


class AccessGroups:
    """What Conditional Access means for the rows of a report, each different result once with its rows."""

    def __init__(self) -> None:
        self._rows: dict[str, list[int]] = {}

    def take(self, judged: JudgedRow) -> None:
        """Add a row."""
        if words := access_words(judged):
            self._rows.setdefault(words, []).append(judged.row.number)

    def words(self) -> Iterator[str]:
        """Yield each result with how many rows have it, and which; the most frequent first."""
        for words, rows in sorted(self._rows.items(), key=lambda one: -len(one[1])):
            yield f"{words}. {counted(len(rows), 'row')}: {ranges_words(rows)}."


def ranges_words(numbers: Sequence[int]) -> str:
    """Return numbers that increase, with those that follow each other as a range; after many ranges it is cut."""
    ranges: list[list[int]] = []
    for number in numbers:
        if ranges and number == ranges[-1][-1] + 1:
            ranges[-1][1:] = [number]
        else:
            ranges.append([number])
    said = ["–".join(map(str, one)) for one in ranges[:_MAX_RANGES]]
    return ", ".join(said) + (" and others" if len(ranges) > _MAX_RANGES else "")


def locked_out_rows_words(count: int) -> str:
    """Return for how many rows a policy locks out people whom the row lets in."""
    return f"{counted(count, 'row')}: {LOCKED_OUT}."


def asked_words(judged: JudgedRow) -> tuple[str, ...]:
    """Return what a row asks for besides its settings: from when and how long, sponsor, ticket, and the reason last."""
    row, asked = judged.row, judged.asked
    sponsor = row.sponsor if asked is None or asked.sponsor is None else asked.sponsor.name
    days = asked_days(judged)
    time = [f"from {row.starts_on.isoformat()}"] if row.starts_on is not None else []
    if row.ends_on is not None:
        time.append(f"until {row.ends_on.isoformat()}")
    elif days is not None:
        time.append(counted(days, "day"))
    said = [*time, *([f"sponsor {sponsor}"] if sponsor else []), *([f"ticket {row.ticket}"] if row.ticket else [])]
    return (*(("; ".join(said),) if said else ()), *((f"Reason: {row.reason}",) if row.reason else ()))


def asked_days(judged: JudgedRow) -> int | None:
    """Return how many days a row asks for: its own number, or else the one that would be requested."""
    if judged.row.duration_days is not None or judged.asked is None or judged.asked.duration is None:
        return judged.row.duration_days
    return judged.asked.duration.days


def without_template_words(count: int) -> str:
    """Return how many rows name no template, and what to do."""
    return f"{counted(count, 'row')} without a template. Name one for them with --template NAME."


def decision_words(judged: JudgedRow) -> str:
    """Return the risk of a row, and who would decide; empty when nothing is asked for."""
    if judged.risk is None:
        return ""
    stages = " → ".join(stage.title for stage in judged.stages)
    return f"{risk_level_words(judged.risk)}; decided by {stages}" if stages else risk_level_words(judged.risk)


def counts_words(counts: Mapping[RowVerdict, int], words: Mapping[RowVerdict, str]) -> str:
    """Return how many rows there are of each verdict that any row has."""
    total = sum(counts.values())
    parts = [f"{count:,} {words[verdict]}" for verdict, count in counts.items() if count]
    return f"{total:,} {'row' if total == 1 else 'rows'}: {'; '.join(parts)}."


def asked_totals_words(*, together: int, alone: int, warned: int, later: int) -> str:
    """Return how the rows that can be asked for would be decided, and what of them must be looked at; empty for none.

    :param warned: how many of them have a warning.
    :param later: how many of them start on a later day.
    """
    if not together + alone:
        return ""
    attention = [f"{warned:,} with a warning"] if warned else []
    attention += [f"{later:,} starting later"] if later else []
    said = f"To ask for: {together:,} decided together, {alone:,} alone"
    return f"{said}; {', '.join(attention)}." if attention else f"{said}."


def draft_totals_words(batch: Batch) -> str:
    """Return `asked_totals_words` of a draft."""
    asked = batch.in_state(RowState.WAITING, RowState.ALONE)
    return asked_totals_words(
        together=len(batch.in_state(RowState.WAITING)),
        alone=len(batch.in_state(RowState.ALONE)),
        warned=sum(bool(row.findings) for row in asked),
        later=sum(row.asked is not None and row.asked.starts_at is not None for row in asked),
    )


def drafted_before_words(batch: Batch) -> str:
    """Say that the same content has an open draft, which asks for the same, and that no second one was stored."""
    return f"This file has an open draft already: {_draft_words(batch)}. It asks for the same. {NO_SECOND}"


def other_drafts_words(others: Sequence[Batch]) -> Iterator[str]:
    """Yield the other open drafts of the same content. Whoever confirms one must know of them."""
    for one in others:
        yield f"Another draft of this file is open: {_draft_words(one)}. It asks for something else. {COMPARE_FIRST}"


def _draft_words(batch: Batch) -> str:
    name = "" if batch.sheet is None else f" from “{batch.sheet.name}”"
    return f"{draft_title(batch).removeprefix('Draft ')} {minute(batch.created_at)}{name}"


def draft_words(batch: Batch | None) -> Iterator[str]:
    """Yield what is in a draft, and what a member does with it; None when nothing could be asked for."""
    if batch is None:
        yield NO_DRAFT
        return
    counts = batch.counts()
    alone, not_asked = counts[RowState.ALONE], counts[RowState.NOT_ASKED]
    parts = [together_words(counts[RowState.WAITING])]
    parts += [alone_words(alone)] if alone else []
    parts += [f"Nothing is asked for: {counted(not_asked, 'row')}"] if not_asked else []
    yield f"Draft {batch.id}. {'. '.join(parts)}."
    yield f"A member confirms the draft in the chat until {minute(batch.expires_at)}, and is then its requester:"
    yield f"/partner import {batch.id}"
