"""The words about the terms of a batch: how long its members are approved, what follows, and who made the settings."""

from collections.abc import Sequence
from typing import Final

from bot.words.findings.finding import finding_words
from bot.words.plans.changes import duration_words
from bot.words.requests.access_end import AT_END
from bot.words.sentences import counted, day, last_day
from workflows.core.batches.batch import Batch, BatchRow
from workflows.core.plans.plan import AtEnd
from workflows.core.policy.template import Template

_MAX_SPONSORS: Final = 3
"""Sponsors that are named; Details name all of them."""
_MAX_REASON_WORDS: Final = 15
"""Words of a row's reason that are shown; the list has all of them."""


def end_words(row: BatchRow) -> str:
    """Return how long a row is approved, and what happens then; empty before it is planned."""
    if row.duration is None:
        return ""
    then = "" if row.at_end is None else f", {AT_END[row.at_end].then}"
    return f"{duration_words(row.duration)}{then}"


def batch_duration_words(batch: Batch) -> str:
    """Return how long the members of a batch are approved, one duration or the shortest and the longest, and what then.

    Before they are planned, what happens then is not known.
    """
    found = sorted({row.duration for row in batch.rows if row.was_member and row.duration is not None})
    durations = found or [one for one in (batch.duration,) if one is not None]
    ends = {row.at_end for row in batch.rows if row.was_member}
    then = " or ".join(
        AT_END[at_end].then.removeprefix("then ") for at_end in (AtEnd.BLOCK, AtEnd.ASK) if at_end in ends
    )
    words = "".join(map(duration_words, durations))
    if len(durations) > 1:
        words = f"{durations[0].days} to {durations[-1].days} days"
    return f"{words}, then {then}" if words and then else words


def asked_words(row: BatchRow) -> str:
    """Return what the row of a sheet says besides its template: its number, and what the other rows need not have."""
    asked = row.asked
    if asked is None:
        return ""
    said = [f"row {asked.row}"]
    said += [f"sponsor {asked.sponsor.name}"] if asked.sponsor is not None else []
    said += [f"from {day(asked.starts_at)}"] if asked.starts_at is not None else []
    said += [f"until {last_day(asked.ends_at)}"] if asked.ends_at is not None else []
    said += [f"ticket {asked.ticket}"] if asked.ticket else []
    said += [f"“{_shortened(asked.reason)}”"] if asked.reason else []
    return " · ".join(said)


def _shortened(reason: str) -> str:
    words = reason.split()
    return " ".join(words[:_MAX_REASON_WORDS]) + (" …" if len(words) > _MAX_REASON_WORDS else "")


def issue_words(row: BatchRow) -> str:
    """Return the warnings about the row of a sheet; empty without any."""
    return " ".join(finding_words(one) for one in row.findings)


def sponsors_words(batch: Batch) -> str:
    """Name the sponsors of the rows with how many rows each has, most first; a single one without a number.

    It has names of people. After three, the others are counted.
    """
    counts = batch.sponsored_rows
    if len(counts) < 2:
        only = next(iter(counts), batch.sponsor)
        return "" if only is None else only.name
    first = sorted(counts.items(), key=lambda one: (-one[1], one[0].name))
    said = ", ".join(f"{one.name} ({count})" for one, count in first[:_MAX_SPONSORS])
    more = len(first) - _MAX_SPONSORS
    return f"{said} and {counted(more, 'other')}" if more > 0 else said


def settings_by_words(row: BatchRow) -> str:
    """Name who made the settings of a row, as far as it is known."""
    names = ", ".join(dict.fromkeys(author.name for author in row.authors))
    return f"settings by {names}{'' if row.is_author_known else ' and others'}" if names else "author not known"


def differing_words(templates: Sequence[Template]) -> str:
    """Say that the templates of a draft have no duration in common, what follows, and how to have one."""
    offers = "; ".join(f"{one.title}: {_days(one)} days" for one in templates)
    return (
        f"These templates have no duration in common ({offers}). Each partner gets the longest duration of its "
        "template that is not longer than your choice. For one duration, ask for a draft for each template: "
        "gatehouse adopt --all --only DOMAIN."
    )


def _days(template: Template) -> str:
    return ", ".join(str(duration.days) for duration in template.durations)
