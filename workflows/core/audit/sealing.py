"""What signed entries say about stored records, so that a record is believed only as Gatehouse stored it. Pure.

Each entry names every record that was stored with it: the digest of its text, and the digest of the text that it took
the place of. Whoever follows the entries from the first one on knows what each record must be now. A text that was
changed, added, removed, or put back to an earlier one has another digest. A record that Gatehouse changed after
something else had changed it is not believed either, because then the text before it is not the known one.
"""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from workflows.core.audit.chain import (
    BEGINNING,
    CLICKS,
    LOG,
    SEALING_BEGUN,
    WHATEVER,
    ChainedRow,
    ChainPoint,
    KeyRing,
    Record,
    Seal,
    digest_of,
    is_signed_for,
)
from workflows.core.audit.personal import check_texts
from workflows.core.audit.verifying import ChainProblem, ChainProblemCode

_NOT_BELIEVED: Final = "?"


def _read_seals(text: str) -> list[Seal]:
    """Read what `written_seals` wrote, and the signature of the entry has proved."""
    return [Seal(*map(str, seal)) for seal in json.loads(text)]


class _Known(NamedTuple):
    digest: str
    seq: int


@dataclass(slots=True)
class RecordProofs:
    """What the entries up to `last` say about all records. Follow them in their order, from the first one on."""

    keys: KeyRing
    last: ChainPoint = BEGINNING
    _records: dict[Record, _Known] = field(default_factory=dict)
    _broken: list[int] = field(default_factory=list)
    _admitted: int = 0
    _has_begun: bool = False

    def follow(self, row: ChainedRow) -> None:
        """Read the next entry. What is not signed for its place says nothing about records."""
        is_signed = is_signed_for(row, self.last.mac, row.seq, self.keys)
        has_its_texts = is_signed and check_texts(row.entry, row.references, row.salts).is_whole
        if not has_its_texts or row.seq != self.last.seq + 1:
            self._broken.append(row.seq)
        if is_signed:
            self._read(row)
        self.last = ChainPoint(row.seq, self.last.mac if row.mac is None else row.mac)

    def note_cut(self) -> None:
        """Note that the newest entries, which were read before, are not in the log any more."""
        if self._broken[-1:] != [self.last.seq]:
            self._broken.append(self.last.seq)

    @property
    def first_broken(self) -> int | None:
        """Return an entry that was changed, or follows a missing one; None without one.

        When two admins ended a freeze that began because of such entries, only more of them than there were count.
        """
        return self._broken[-1] if self.broken_count > self._admitted else None

    @property
    def broken_count(self) -> int:
        """Return how many entries are not signed for their place."""
        return len(self._broken)

    def is_pending_click(self, key: str, text: str) -> bool:
        """Return whether a click was received with this text, and has no result yet."""
        record = Record(CLICKS, key)
        known = self._records.get(record)
        return known is not None and known.digest == digest_of(record, text)

    def problem_of(self, record: Record, text: str | None) -> ChainProblem | None:
        """Return why a record is not believed; None when it is as the newest entry about it says.

        :param text: the stored text; None when there is none.
        """
        known = self._records.get(record, _Known("", 0))
        if known.digest == digest_of(record, text):
            return None
        code = ChainProblemCode.RECORD_CHANGED
        if text is None:
            code = ChainProblemCode.RECORD_MISSING
        elif not known.digest:
            code = ChainProblemCode.RECORD_ADDED
        return ChainProblem(code, known.seq, record=" ".join(record))

    def problems(self, stored: Iterable[tuple[Record, str]]) -> Iterator[ChainProblem]:
        """Compare all stored records with what is known, and yield each problem.

        :param stored: every record of every table that entries name.
        """
        missing = {record: None for record, known in self._records.items() if known.digest and record.table != CLICKS}
        for record, text in stored:
            missing.pop(record, None)
            if (problem := self.problem_of(record, text)) is not None:
                yield problem
        yield from filter(None, (self.problem_of(record, None) for record in missing))

    def _read(self, row: ChainedRow) -> None:
        # NB. only what is signed: not the key, for example, which may be shown without its text.
        if row.records is None:
            return
        is_beginning = row.entry["command"] == SEALING_BEGUN
        # NB. an upgrade is made once. Whoever has the file could have it made again for records of their own.
        may_begin = is_beginning and not self._has_begun
        self._has_begun = self._has_begun or not is_beginning
        for seal in _read_seals(row.records):
            if seal.table == LOG:
                self._admitted = int(seal.digest)
                continue
            record = Record(seal.table, seal.id)
            known = self._records.get(record, _Known("", 0)).digest
            is_next = may_begin if is_beginning else seal.before in (known, WHATEVER)
            self._records[record] = _Known(seal.digest if is_next else _NOT_BELIEVED, row.seq)
            if record.table == CLICKS and not seal.digest:
                del self._records[record]
