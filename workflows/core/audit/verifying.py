"""Verify a chain: find the first entry that is not as it was signed, and say what is wrong with it.

The entries are read once and in order, and only a few of them are held. After a problem the chain is taken up again at
the stored signature, so that later problems are found as well.

It is long because all problems of a chain are found here.
"""

import itertools
import json
from collections import deque
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Final

from workflows.core.audit.chain import BEGINNING, CHAIN_BEGUN, ChainedRow, ChainPoint, KeyRing, is_signed_for
from workflows.core.audit.heads import HEAD_POSTED, Head, parse_head
from workflows.core.audit.personal import ERASED, check_texts

MAX_PROBLEMS: Final = 20
"""How many problems are listed; the others are counted."""
_SHOWN_CHARACTERS: Final = 80
_AHEAD: Final = 32
"""How many later entries are looked at to say what happened to one that is wrong."""


class ChainProblemCode(StrEnum):
    """What is wrong with a chain. The values are stored, and are printed as JSON."""

    EDITED = "edited"
    """The entry is not the one that was signed."""
    DELETED = "deleted"
    """An entry is missing."""
    INSERTED = "inserted"
    """The entry was never written by Gatehouse, and stands between two that were."""
    REORDERED = "reordered"
    """The entry was signed for another place."""
    NOT_SIGNED = "not_signed"
    """The entry has no signature: something other than Gatehouse wrote it."""
    UNKNOWN_KEY = "unknown_key"
    """The entry is signed with a key that is not among the known ones. It cannot be verified."""
    TAIL_CUT = "tail_cut"
    """The last entries are missing."""
    OTHER_CHAIN = "other_chain"
    """The chain does not contain the posted head: it is another file, or was written again with the key."""
    OTHER_INSTALLATION = "other_installation"
    """The posted head is of another installation than every head that this chain says was posted."""
    TEXTS_MISSING = "texts_missing"
    """More personal texts were erased than the entries about erasures say; the first entry without one is named."""
    RECORD_CHANGED = "record_changed"
    """A record is not as the newest entry about it says: it was changed, or put back to what it was."""
    RECORD_ADDED = "record_added"
    """No entry says that the record was stored: something other than Gatehouse wrote it."""
    RECORD_MISSING = "record_missing"
    """A record is gone that an entry names."""


@dataclass(frozen=True, slots=True)
class ChainProblem:
    """One problem, at a sequence number."""

    code: ChainProblemCode
    seq: int
    key_id: str = ""
    """The key that is not known; otherwise empty."""
    record: str = ""
    """The record as `table id`; empty where the problem is an entry. `seq` is then that of the newest entry about it.
    """

    @property
    def name(self) -> str:
        """Return the code with the place, in one word."""
        return f"{self.code.value}:{self.shown_record.replace(' ', '/') or self.seq}"

    @property
    def shown_record(self) -> str:
        """Return the record. The id of one that something else wrote may be of any length."""
        return self.record[:_SHOWN_CHARACTERS]


@dataclass(frozen=True, slots=True, kw_only=True)
class ChainCheck:
    """The result of a verification."""

    count: int
    """How many entries were read."""
    last: ChainPoint
    """The last entry; the place where it began when there is none."""
    problems: tuple[ChainProblem, ...]
    """The first problems, by sequence number; see `MAX_PROBLEMS`."""
    problem_count: int
    signed_later: int = 0
    """The entry up to which entries were signed only afterwards, by the version that began the chain; 0: none."""
    has_head: bool = False
    """Whether the posted head was given and found."""
    unproven: int = 0
    """The first entry of a file that does not begin with entry 1: the signature before it is not known; 0: none."""
    erased: int = 0
    """How many personal texts were erased. The others were compared with their commitments."""

    @property
    def is_whole(self) -> bool:
        """Return whether no problem was found."""
        return not self.problem_count


@dataclass(slots=True)
class _Report:
    problems: list[ChainProblem] = field(default_factory=list)
    count: int = 0

    @property
    def has_room(self) -> bool:
        return len(self.problems) < MAX_PROBLEMS

    def add(self, problem: ChainProblem) -> None:
        last = self.problems[-1] if self.problems else None
        if problem.key_id and last is not None and last.key_id == problem.key_id:
            return  # the entries of one unknown key are one problem
        self.count += 1
        if self.has_room:
            self.problems.append(problem)


class _Window(Iterator[ChainedRow]):
    """Gives rows one after the other, and shows the rows after each."""

    def __init__(self, rows: Iterable[ChainedRow]) -> None:
        self._rows = iter(rows)
        self.ahead: deque[ChainedRow] = deque()

    def __next__(self) -> ChainedRow:
        row = self.ahead.popleft() if self.ahead else next(self._rows)
        return row

    def look_ahead(self) -> deque[ChainedRow]:
        """Return the next rows."""
        for row in self._rows:
            self.ahead.append(row)
            if len(self.ahead) >= _AHEAD:
                break
        return self.ahead


def verify(
    rows: Iterable[ChainedRow],
    keys: KeyRing,
    *,
    start: ChainPoint = BEGINNING,
    newest: int = 0,
    head: Head | None = None,
) -> ChainCheck:
    """Verify entries in the order of their sequence numbers.

    :param start: the place before the first of these entries, which is trusted.
    :param newest: the sequence number that the store gave last; 0 when that is not known.
    :param head: a posted head that must be part of the chain.
    """
    window, report, texts, previous = _Window(rows), _Report(), _Texts(), start
    signed_later, posted = 0, _PostedHead(head)
    for row in window:
        texts.entries += 1
        if not _follows(row, previous, keys):
            report.add(_problem(row, previous, window, keys, is_listed=report.has_room))
        elif not texts.are_whole(row):
            report.add(ChainProblem(ChainProblemCode.EDITED, row.seq))
        elif row.entry["command"] == CHAIN_BEGUN:
            signed_later = row.seq - 1
        elif row.entry["command"] == HEAD_POSTED:
            posted.installations.add(_installation_of(row))
        posted.is_found = posted.is_found or posted.is_shown_by(row)
        previous = _link(row, previous)
    texts.report_missing(report)
    posted.report_missing(report, previous.seq, newest)
    return ChainCheck(
        count=texts.entries,
        last=previous,
        problems=tuple(report.problems),
        problem_count=report.count,
        signed_later=signed_later,
        has_head=posted.is_found,
        erased=texts.erased,
    )


def _link(row: ChainedRow, previous: ChainPoint) -> ChainPoint:
    # NB. a row without a signature is no link: the entry after it was signed after the one before it.
    return ChainPoint(row.seq, previous.mac if row.mac is None else row.mac)


@dataclass(slots=True)
class _Texts:
    """Compares the personal texts of entries with their commitments, and counts those that were erased."""

    entries: int = 0
    erased: int = 0
    recorded: int = 0
    """How many were erased by the entries about erasures. Such an entry comes after the entries that it is about."""
    first_erased: int = 0

    def are_whole(self, row: ChainedRow) -> bool:
        check = check_texts(row.entry, row.references, row.salts)
        if row.entry["command"] == ERASED:
            self.recorded += _erased_by(row.entry["details"] or "")
        if check.erased and not self.erased:
            self.first_erased = row.seq
        self.erased += check.erased
        return check.is_whole

    def report_missing(self, report: _Report) -> None:
        if self.erased > self.recorded:
            report.add(ChainProblem(ChainProblemCode.TEXTS_MISSING, self.first_erased))


@dataclass(slots=True)
class _PostedHead:
    """Looks for a posted head among the entries."""

    head: Head | None
    is_found: bool = False
    installations: set[str] = field(default_factory=set)
    """Of which installations heads were posted, as signed entries say; empty for one that names none."""

    def is_shown_by(self, row: ChainedRow) -> bool:
        return self.head is not None and self.head.seq == row.seq and self.head.is_of(row.mac)

    def report_missing(self, report: _Report, last: int, newest: int) -> None:
        """Report that the head is not there, or that the last entries are missing.

        :param last: the number of the last entry.
        :param newest: see `verify`.
        """
        missing = None if self.is_found else self.head
        if missing is not None and _is_of_another(missing, self.installations):
            report.add(ChainProblem(ChainProblemCode.OTHER_INSTALLATION, missing.seq))
            missing = None
        if newest > last or (missing is not None and missing.seq > last):
            report.add(ChainProblem(ChainProblemCode.TAIL_CUT, last + 1))
        elif missing is not None:
            report.add(ChainProblem(ChainProblemCode.OTHER_CHAIN, missing.seq))


def _erased_by(details: str) -> int:
    """Return how many texts an entry says that it erased. It is signed, so it is as Gatehouse wrote it."""
    return int(json.loads(details)["texts"])


def _installation_of(row: ChainedRow) -> str:
    """Return the installation of the head that an entry says was posted; empty when it names none."""
    head = parse_head(str(json.loads(row.entry["details"] or "{}").get("head")))
    return "" if head is None else head.installation.partition(":")[0]


def _is_of_another(head: Head, installations: Collection[str]) -> bool:
    """Return whether a head is of none of the installations that posted heads of this chain."""
    known = {one for one in installations if one}
    own = head.installation.partition(":")[0]
    return bool(own and known) and own not in known


def with_problems(found: ChainCheck, more: Iterable[ChainProblem]) -> ChainCheck:
    """Return the result with the problems of records after those of entries."""
    problems, count = list(found.problems), found.problem_count
    for problem in more:
        count += 1
        if len(problems) < MAX_PROBLEMS:
            problems.append(problem)
    return replace(found, problems=tuple(problems), problem_count=count)


def _follows(row: ChainedRow, previous: ChainPoint, keys: KeyRing) -> bool:
    # NB. the number as well: what is stored after the last entry was removed is signed after the one before it.
    return row.seq == previous.seq + 1 and is_signed_for(row, previous.mac, row.seq, keys)


def _problem(row: ChainedRow, previous: ChainPoint, window: _Window, keys: KeyRing, *, is_listed: bool) -> ChainProblem:
    """Say what is wrong with a row. That it is wrong is certain; what was done is what the rows around it show.

    :param is_listed: whether it is listed; of the others, which may be all rows, nothing more is found out.
    """
    if row.key_id is None or row.mac is None:
        return ChainProblem(ChainProblemCode.NOT_SIGNED, row.seq)
    if keys.find(row.key_id) is None:
        return ChainProblem(ChainProblemCode.UNKNOWN_KEY, row.seq, row.key_id)
    if row.seq > previous.seq + 1:
        return ChainProblem(ChainProblemCode.DELETED, previous.seq + 1)
    ahead = list(window.look_ahead()) if is_listed else []
    if ahead and is_signed_for(ahead[0], previous.mac, row.seq, keys):
        # The next row was signed for this place: one was added in front, or the two changed places.
        is_moved = is_signed_for(row, ahead[0].mac or b"", ahead[0].seq, keys)
        code = ChainProblemCode.REORDERED if is_moved else ChainProblemCode.INSERTED
    elif _was_signed_for_later(row, ahead, keys):
        code = ChainProblemCode.REORDERED
    elif ahead and any(is_signed_for(ahead[0], row.mac, ahead[0].seq + gap, keys) for gap in range(1, _AHEAD)):
        code = ChainProblemCode.DELETED  # the rows after it were given other numbers
    else:
        code = ChainProblemCode.EDITED
    return ChainProblem(code, row.seq)


def _was_signed_for_later(row: ChainedRow, ahead: list[ChainedRow], keys: KeyRing) -> bool:
    """Return whether a row was signed for the place of one of the next rows."""
    return any(
        before.mac is not None and is_signed_for(row, before.mac, after.seq, keys)
        for before, after in itertools.pairwise(ahead)
    )
