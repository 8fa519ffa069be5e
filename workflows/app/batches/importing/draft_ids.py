"""Find the open drafts of a file by its content, and what each row asks for otherwise now.

The draft of a file in git has an id that follows from the file, so that two commands at the same time make one draft.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

from workflows.core.batches.batch import Batch, BatchRow, BatchState, RowCode
from workflows.core.requests.request import BatchId
from workflows.core.settings.canonical import digest
from workflows.ports.clock import Clock
from workflows.ports.store import Store

_DOMAIN: Final = "gatehouse/draft-of-file/1"
_DIGITS: Final = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class DraftedFile:
    """A file, and everything that decides what its rows ask for."""

    digest: str
    """SHA-256 of the file's bytes, in hexadecimal."""
    sheet: str = ""
    template: str = ""
    columns: Mapping[str, str] = field(default_factory=dict)

    def draft_id(self, number: int) -> BatchId:
        """Return the id of its draft with this number, from 0."""
        about = {"file": self.digest, "sheet": self.sheet, "template": self.template, "columns": dict(self.columns)}
        return BatchId(f"B-{digest(_DOMAIN, {'number': number, **about})[:_DIGITS].upper()}")


async def draft_of_file(file: DraftedFile, *, store: Store, clock: Clock) -> tuple[BatchId, Batch | None]:
    """Return the open draft of a file; or None, and the id that its next draft shall have.

    Two commands at the same time get the same id, and the second finds the draft of the first when it stores its own.
    """
    number = 0
    while (found := await store.batch(file.draft_id(number))) is not None:
        # NB. an id is short: another file can be made to have the same one.
        is_same = found.sheet is not None and found.sheet.sha256 == file.digest
        if is_same and found.state is BatchState.DRAFT and found.expires_at > clock.now():
            return found.id, found
        number += 1  # it was confirmed, has ended, or is of another file: this is another request
    return file.draft_id(number), None


async def drafts_of_content(sha256: str, *, store: Store, clock: Clock) -> Sequence[Batch]:
    """Return the open drafts of a file by its content, oldest first: also of another name, or made at another place."""
    now = clock.now()
    return [
        one
        for one in await store.open_batches()
        if one.sheet is not None
        and one.sheet.sha256 == sha256
        and one.state is BatchState.DRAFT
        and one.expires_at > now
    ]


def same_draft(drafts: Sequence[Batch], rows: Sequence[BatchRow]) -> Batch | None:
    """Return the draft that asks for the same as the rows of the same file are judged now; None without one."""
    return next((one for one in drafts if len(one.rows) == len(rows) and not any(changed_rows(one, rows))), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangedRow:
    """A row for which something else would be asked now than in the stored draft."""

    before: BatchRow
    now: BatchRow


def changed_rows(stored: Batch, rows: Sequence[BatchRow]) -> Iterator[ChangedRow]:
    """Yield the rows for which something else would be asked now. Rows that cannot be looked up now count as equal."""
    for before, now in zip(stored.rows, rows, strict=True):
        is_known = all(fact.code != RowCode.NOT_LOOKED_UP for fact in now.reason)
        if is_known and _what_is_asked(before) != _what_is_asked(now):
            yield ChangedRow(before=before, now=now)


def _what_is_asked(row: BatchRow) -> tuple[Any, ...]:
    """Return everything that a row asks for and who would decide; of a row for which nothing is asked only that."""
    asked = row.asked
    if not row.is_asked or asked is None:
        return (row.is_asked,)
    until = asked.ends_at or asked.duration  # the days until a fixed day are fewer each day
    sponsor = None if asked.sponsor is None else asked.sponsor.id
    what = replace(asked, duration=None, ends_at=None, sponsor=None)
    who = (row.risk, row.stages, tuple(fact.code for fact in row.reason))
    return (row.state, row.tenant_id, row.settings, row.openings, row.at_end, what, until, sponsor, *who)
