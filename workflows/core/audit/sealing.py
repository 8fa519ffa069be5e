"""What signed entries say about stored records, so that a record is believed only as Gatehouse stored it. Pure.

Each entry names every record that was stored with it: the digest of its text, and the digest of the text that it took
the place of. Whoever follows the entries from the first one on knows what each record must be now. A text that was
changed, added, removed, or put back to an earlier one has another digest. A record that Gatehouse changed after
something else had changed it is not believed either, because then the text before it is not the known one.
"""

import json
from collections import deque
from collections.abc import Callable, Iterable, Iterator
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
from workflows.core.audit.personal import check_texts, signed_texts
from workflows.core.audit.verifying import ChainProblem, ChainProblemCode

BEGAN_FREEZE: Final = "freeze"
ENDED_FREEZE: Final = "end_freeze"
"""The stored names of the entries that began and ended a freeze; a test compares them with those of the steps."""
_NOT_BELIEVED: Final = "?"
_KEPT_PLACES: Final = 1000
"""How many of the newest entries can be cut off so that what is stored after them is still followed."""


def _read_seals(text: str) -> list[Seal]:
    """Read what `written_seals` wrote, and the signature of the entry has proved."""
    return [Seal(*map(str, seal)) for seal in json.loads(text)]


class _Known(NamedTuple):
    digest: str
    seq: int
    is_by_click: bool = False
    """Whether the newest entry about it is the result of a click that was received."""


class _Place(NamedTuple):
    seq: int
    stored: bytes | None
    """The signature as it is stored; None for an entry without one."""
    mac: bytes
    """The signature that the next entry is signed after."""


@dataclass(slots=True)
class RecordProofs:
    """What the entries up to `last` say about all records. Follow them in their order, from the first one on."""

    keys: KeyRing
    last: ChainPoint = BEGINNING
    frozen_by: str = ""
    """The key of the signed entry that began the newest freeze; empty without one, and after admins ended it."""
    _records: dict[Record, _Known] = field(default_factory=dict)
    _places: deque[_Place] = field(default_factory=lambda: deque(maxlen=_KEPT_PLACES))
    _broken: list[ChainProblem] = field(default_factory=list)
    _cut: ChainProblem | None = None
    _admitted: int = 0
    _has_begun: bool = False

    def follow(self, row: ChainedRow) -> None:
        """Read the next entry. What is not signed for its place says nothing about records."""
        is_signed = is_signed_for(row, self.last.mac, row.seq, self.keys)
        has_its_texts = is_signed and check_texts(row.entry, row.references, row.salts).is_whole
        if not has_its_texts or row.seq != self.last.seq + 1:
            self._broken.append(self._problem_with(row))
        if is_signed:
            self._read(row)
        self.last = ChainPoint(row.seq, self.last.mac if row.mac is None else row.mac)
        self._places.append(_Place(row.seq, row.mac, self.last.mac))

    def go_back(self, is_stored: Callable[[int, bytes | None], bool]) -> ChainProblem | None:
        """Go back to the newest entry that is still in the log; return the problem when others were read after it.

        What the missing entries said is not forgotten. What is stored in their place is read as any other entry.

        :param is_stored: whether the log has an entry with this number and signature.
        """
        if not self._places or is_stored(*self._places[-1][:2]):
            return None
        while self._places and not is_stored(*self._places[-1][:2]):
            self._places.pop()
        self.last = ChainPoint(self._places[-1].seq, self._places[-1].mac) if self._places else BEGINNING
        return ChainProblem(ChainProblemCode.TAIL_CUT, self.last.seq + 1)

    def has_read(self, point: ChainPoint) -> bool:
        """Return whether this is one of the newest entries that were read."""
        return any((place.seq, place.mac) == (point.seq, point.mac) for place in self._places)

    @property
    def is_cut(self) -> bool:
        """Return whether entries are not in the log any more that were read before, and no admins know of it."""
        return self._cut is not None

    def note_cut(self, problem: ChainProblem) -> None:
        """Note that the newest entries are not in the log any more, although all that is there may be signed."""
        self._cut = self._cut or problem

    @property
    def first_broken(self) -> ChainProblem | None:
        """Return what is wrong with an entry: it was changed, follows a missing one, or was cut off; None without one.

        When two admins ended a freeze that began because of such entries, only more of them than there were count.
        """
        return self._cut or (self._broken[-1] if self.broken_count > self._admitted else None)

    @property
    def broken_count(self) -> int:
        """Return how many entries of the log are not signed for their place."""
        return len(self._broken)

    def is_pending_click(self, key: str, text: str) -> bool:
        """Return whether a click was received with this text, and has no result yet."""
        record = Record(CLICKS, key)
        known = self._records.get(record)
        return known is not None and known.digest == digest_of(record, text)

    def is_by_click(self, record: Record, digest: str) -> bool:
        """Return whether the record has this digest as the result of a click that a person made and Gatehouse received.

        What the bot stored by itself, or after a click that something else stored, is not.
        """
        known = self._records.get(record)
        return known is not None and known.digest == digest and known.is_by_click

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

    def _problem_with(self, row: ChainedRow) -> ChainProblem:
        """Say what is wrong with an entry by itself, with the same codes as `verifying`."""
        if row.key_id is None or row.mac is None:
            return ChainProblem(ChainProblemCode.NOT_SIGNED, row.seq)
        if self.keys.find(row.key_id) is None:
            return ChainProblem(ChainProblemCode.UNKNOWN_KEY, row.seq, row.key_id)
        if row.seq > self.last.seq + 1:
            return ChainProblem(ChainProblemCode.DELETED, self.last.seq + 1)
        return ChainProblem(ChainProblemCode.EDITED, row.seq)

    def _ends_click(self, seal: Seal) -> bool:
        """Return whether an entry has the result of a click that was received."""
        known = self._records.get(Record(seal.table, seal.id))
        return seal.table == CLICKS and not seal.digest and known is not None and known.digest != _NOT_BELIEVED

    def _read(self, row: ChainedRow) -> None:
        # NB. only what is signed: not the key, for example, which may be shown without its text.
        signed = signed_texts(row.entry, row.references)
        if signed["command"] in (BEGAN_FREEZE, ENDED_FREEZE) and signed["outcome"] == "accepted":
            self.frozen_by = (signed["key"] or "") if signed["command"] == BEGAN_FREEZE else ""
        if row.records is None:
            return
        is_beginning = row.entry["command"] == SEALING_BEGUN
        # NB. an upgrade is made once. Whoever has the file could have it made again for records of their own.
        may_begin = is_beginning and not self._has_begun
        self._has_begun = self._has_begun or not is_beginning
        seals = _read_seals(row.records)
        is_by_click = any(self._ends_click(seal) for seal in seals)
        for seal in seals:
            if seal.table == LOG:
                self._admitted, self._cut = int(seal.digest), None
                continue
            record = Record(seal.table, seal.id)
            known = self._records.get(record, _Known("", 0)).digest
            is_next = may_begin if is_beginning else seal.before in (known, WHATEVER)
            self._records[record] = _Known(seal.digest if is_next else _NOT_BELIEVED, row.seq, is_by_click)
            if record.table == CLICKS and not seal.digest:
                del self._records[record]
