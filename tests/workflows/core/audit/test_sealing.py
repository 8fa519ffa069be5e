"""A record is believed only as the newest signed entry about it says; every other text is named as a problem."""

from collections.abc import Sequence
from dataclasses import replace

import pytest

from tests.workflows.core.audit.chains import NEW, OLD, RING, entry
from workflows.core.audit.chain import (
    CLICKS,
    LOG,
    SEALING_BEGUN,
    WHATEVER,
    ChainedRow,
    ChainKey,
    ChainPoint,
    KeyRing,
    Record,
    Seal,
    digest_of,
    sign,
    written_seals,
)
from workflows.core.audit.personal import NOBODY, signed_texts
from workflows.core.audit.personal import seal as seal_texts
from workflows.core.audit.sealing import BEGAN_FREEZE, ENDED_FREEZE, RecordProofs
from workflows.core.audit.verifying import MAX_PROBLEMS, ChainCheck, ChainProblem, ChainProblemCode, with_problems
from workflows.core.policy.stops.freeze import FreezeStep

pytestmark = pytest.mark.threats("G7")
R = Record("requests", "R-1")
FREEZE = Record("freezes", "current")
Said = tuple[str, str, Sequence[Seal]]


def seal(record: Record, text: str | None, before: str | None = None) -> Seal:
    """What an entry says that stores this text in the place of that one."""
    return Seal(*record, digest_of(record, text), digest_of(record, before))


def rows(*said: Said, key: ChainKey = OLD) -> list[ChainedRow]:
    """Signed entries with a key, a command and seals each."""
    made: list[ChainedRow] = []
    previous = b""
    for seq, (name, command, seals) in enumerate(said, 1):
        outcome = "already_frozen" if name == "refused" else "accepted"
        texts, records = entry(seq) | {"key": name, "command": command, "outcome": outcome}, written_seals(seals)
        previous = sign(previous, seq, texts, key, records)
        made.append(ChainedRow(seq=seq, entry=texts, key_id=key.id, mac=previous, records=records))
    return made


def proofs(followed: Sequence[ChainedRow], keys: KeyRing = RING) -> RecordProofs:
    """What these entries say."""
    known = RecordProofs(keys=keys)
    for row in followed:
        known.follow(row)
    return known


def stored(*seals: Seal) -> Said:
    """An entry that stores records."""
    return (f"k{len(seals)}", "approve", seals)


def problem(known: RecordProofs, record: Record, text: str | None) -> str:
    """The code of a record's problem; empty without one."""
    found = known.problem_of(record, text)
    return "" if found is None else found.code.value


def test_only_the_newest_text_is_believed() -> None:
    known = proofs(rows(stored(seal(R, "one")), stored(seal(R, "two", "one"))))
    texts = ("two", "one", "three", None)
    assert [problem(known, R, text) for text in texts] == ["", "record_changed", "record_changed", "record_missing"]
    assert problem(known, Record("requests", "R-2"), "two") == "record_added"
    assert problem(known, Record("partnerships", "R-1"), "two") == "record_added"
    assert problem(known, Record("requests", "R-2"), None) == ""
    assert known.problem_of(R, "one") == ChainProblem(ChainProblemCode.RECORD_CHANGED, 2, record="requests R-1")


def test_what_gatehouse_stores_over_a_changed_record_is_not_believed() -> None:
    """Otherwise a forged approval would be believed as soon as a reminder is recorded."""
    forged_between = rows(stored(seal(R, "one")), stored(seal(R, "two", "forged")), stored(seal(R, "three", "two")))
    assert [problem(proofs(forged_between[:n]), R, "two") for n in (2, 3)] == ["record_changed"] * 2
    assert problem(proofs(forged_between), R, "three") == "record_changed"
    made_again = rows(stored(seal(R, "one")), stored(seal(R, "new")))
    assert problem(proofs(made_again), R, "new") == "record_changed"


def test_a_record_that_closes_is_believed_whatever_it_takes_the_place_of() -> None:
    frozen = Seal(*FREEZE, digest_of(FREEZE, "frozen"), WHATEVER)
    known = proofs(rows(stored(seal(FREEZE, "a")), stored(seal(FREEZE, "b", "forged")), stored(frozen)))
    assert problem(known, FREEZE, "frozen") == ""


def test_entries_without_a_signature_of_ours_say_nothing() -> None:
    good = rows(stored(seal(R, "one")), stored(seal(R, "two", "one")))
    forged = replace(good[1], records=written_seals([seal(R, "mine", "one")]))
    assert problem(proofs([good[0], forged]), R, "mine") == "record_changed"
    assert problem(proofs(rows(stored(seal(R, "mine")), key=NEW), KeyRing((OLD,))), R, "mine") == "record_added"
    unsigned = replace(good[1], mac=None, key_id=None)
    known = proofs([good[0], unsigned])
    assert (problem(known, R, "two"), known.last.mac) == ("record_changed", good[0].mac)


def test_a_click_is_pending_until_its_result() -> None:
    click = Record(CLICKS, "c1")
    received: Said = ("c1", "want_approve", [seal(click, "Amara")])
    result: Said = ("verdict:c1", "approve", [Seal(*click, "", WHATEVER)])
    known = proofs(rows(received))
    assert [known.is_pending_click(*one) for one in (("c1", "Amara"), ("c1", "Mallory"), ("c2", "Amara"))] == [
        True,
        False,
        False,
    ]
    assert not proofs(rows(received, result)).is_pending_click("c1", "Amara")
    assert list(known.problems([])) == [], "a click is in no table of records"


def test_only_what_is_signed_says_that_a_click_is_over_and_a_changed_text_beside_it_counts_as_changed() -> None:
    click = Record(CLICKS, "c1")
    entry_texts = entry(2) | {"key": "verdict:c1", "command": "approve"}
    beside = seal_texts(entry_texts, lambda text: 7 if text == "c1" else NOBODY, lambda: bytes(16))
    assert beside is not None
    [received] = rows(("c1", "want_approve", [seal(click, "Amara")]))
    records = written_seals([Seal(*click, "", WHATEVER)])
    mac = sign(received.mac or b"", 2, signed_texts(entry_texts, beside.references), OLD, records)
    result = ChainedRow(
        seq=2,
        entry=entry_texts,
        key_id=OLD.id,
        mac=mac,
        references=beside.references,
        salts=beside.salts,
        records=records,
    )
    assert broken(proofs([received, result])) == ""
    changed = proofs([received, replace(result, entry=entry_texts | {"key": "verdict:c2"})])
    assert (broken(changed), changed.is_pending_click("c1", "Amara")) == ("edited:2", False)


def test_an_upgrade_is_believed_once_and_only_before_everything_else() -> None:
    begun = ("begun", SEALING_BEGUN, [seal(R, "one")])
    assert problem(proofs(rows(begun, ("begun2", SEALING_BEGUN, [seal(FREEZE, "a")]))), FREEZE, "a") == ""
    again = rows(begun, stored(seal(R, "two", "one")), ("begun2", SEALING_BEGUN, [seal(R, "mine")]))
    assert problem(proofs(again), R, "mine") == "record_changed"


def broken(known: RecordProofs) -> str:
    """What is wrong with an entry; empty without it."""
    return "" if known.first_broken is None else known.first_broken.name


def test_a_removed_or_changed_entry_counts_until_two_admins_know_of_it() -> None:
    good = rows(*[stored()] * 6, ("end", "end_freeze", [Seal(LOG, "", "1", WHATEVER)]), stored(), stored())
    assert broken(proofs(good)) == ""
    changed = [*good[:2], replace(good[2], entry=entry(99)), *good[3:]]
    assert [broken(proofs(changed[:6])), broken(proofs(changed))] == ["edited:3", ""]
    assert broken(proofs([*changed[:7], good[8]])) == "deleted:8", "one more than they knew of"
    assert broken(proofs([*good[:4], good[5]])) == "deleted:5"
    assert broken(proofs([*good[:4], replace(good[4], mac=None)])) == "not_signed:5"
    assert broken(proofs(good, KeyRing((NEW,)))) == "unknown_key:9"


def test_entries_that_were_cut_off_count_although_all_others_are_signed() -> None:
    """Whoever cuts them off lowers the last number as well, so that the next entry takes the place of the first one."""
    click = Record(CLICKS, "c1")
    good = rows(stored(seal(R, "one")), stored(), stored(seal(R, "two", "one")))
    other = rows(stored(seal(R, "one")), stored(), ("c1", "want_approve", [seal(click, "Amara")]))
    end = rows(
        *(stored(seal(R, "one")), stored(), ("c1", "want_approve", [seal(click, "Amara")])),
        ("end", "end_freeze", [Seal(LOG, "", "0", WHATEVER)]),
    )
    known = proofs(good)
    assert known.go_back(lambda seq, mac: (seq, mac) == (3, good[2].mac)) is None
    cut = known.go_back(lambda seq, mac: (seq, mac) in {(row.seq, row.mac) for row in other})
    assert cut == ChainProblem(ChainProblemCode.TAIL_CUT, 3)
    known.follow(other[2])
    known.note_cut(cut)
    known.note_cut(ChainProblem(ChainProblemCode.TAIL_CUT, 9))
    assert known.is_cut
    assert (broken(known), known.broken_count) == ("tail_cut:3", 0)
    assert known.is_pending_click("c1", "Amara"), "what was stored after it is read"
    assert problem(known, R, "one") == "record_changed", "what the missing entry said is not forgotten"
    known.follow(end[3])
    assert broken(known) == "", "two admins know of it"
    assert not known.is_cut
    everything = proofs(good)
    assert [everything.has_read(ChainPoint(3, mac)) for mac in (good[2].mac or b"", b"other")] == [True, False]
    assert everything.go_back(lambda seq, mac: False) == ChainProblem(ChainProblemCode.TAIL_CUT, 1)
    assert (everything.last.seq, everything.go_back(lambda seq, mac: False)) == (0, None)


def test_a_record_is_by_a_click_only_when_its_click_was_received() -> None:
    click = Record(CLICKS, "c1")
    over = Seal(*click, "", WHATEVER)
    asked: Said = ("verdict:c1", "ask_freeze_end", [seal(FREEZE, "asked"), over])
    received = proofs(rows(("c1", "want", [seal(click, "Amara")]), asked))
    digest = digest_of(FREEZE, "asked")
    assert received.is_by_click(FREEZE, digest)
    assert not received.is_by_click(FREEZE, digest_of(FREEZE, "other"))
    assert not received.is_by_click(R, digest)
    assert not proofs(rows(asked)).is_by_click(FREEZE, digest)
    by_itself: Said = ("other", "ask_freeze_end", [seal(FREEZE, "asked")])
    assert not proofs(rows(("c1", "want", [seal(click, "Amara")]), by_itself)).is_by_click(FREEZE, digest)
    twice = ("c1", "want", [seal(click, "Amara", "other")])  # in the place of a click that was never received
    assert not proofs(rows(twice, asked)).is_by_click(FREEZE, digest)


def test_who_began_the_newest_freeze_is_read_from_signed_entries() -> None:
    assert (FreezeStep.FREEZE.value, FreezeStep.END.value) == (BEGAN_FREEZE, ENDED_FREEZE)
    good = rows(
        ("audit_chain:1", BEGAN_FREEZE, []),
        ("later", BEGAN_FREEZE, []),
        ("refused", BEGAN_FREEZE, []),
        ("end", ENDED_FREEZE, []),
    )
    assert [proofs(good[:n]).frozen_by for n in range(5)] == ["", "audit_chain:1", "later", "later", ""]
    assert proofs([good[0], replace(good[1], entry={**good[1].entry, "key": "x"})]).frozen_by == "audit_chain:1"
    assert proofs([replace(good[0], mac=None)]).frozen_by == ""


def test_all_records_are_compared_and_the_first_problems_listed() -> None:
    known = proofs(rows(stored(seal(R, "one"), seal(FREEZE, "a"))))
    assert list(known.problems([(R, "one"), (FREEZE, "a")])) == []
    found = list(known.problems([(R, "two"), (Record("batches", "B-1"), "x")]))
    assert [one.name for one in found] == [
        "record_changed:requests/R-1",
        "record_added:batches/B-1",
        "record_missing:freezes/current",
    ]
    whole = ChainCheck(count=1, last=known.last, problems=(), problem_count=0)
    listed = with_problems(whole, found * 10)
    assert (len(listed.problems), listed.problem_count, listed.is_whole) == (MAX_PROBLEMS, 30, False)
    assert len(ChainProblem(ChainProblemCode.RECORD_ADDED, 0, record="r" * 999).name) < 100


def test_after_a_cut_the_newest_entry_that_is_left_is_the_place_to_go_on() -> None:
    good = rows(*[stored()] * 5)
    for kept in (1, 2, 4):
        known = proofs(good)
        left = set[tuple[int, bytes | None]]((row.seq, row.mac) for row in good[:kept])
        assert known.go_back(lambda *place: place in left) is not None  # noqa: B023
        assert known.last == ChainPoint(kept, good[kept - 1].mac or b"")


def test_a_problem_names_the_newest_entry_about_the_record_and_the_key_that_is_missing() -> None:
    removed = proofs(rows(stored(seal(R, "one")), stored(seal(R, None, "one"))))
    assert removed.problem_of(R, "one") == ChainProblem(ChainProblemCode.RECORD_ADDED, 2, record="requests R-1")
    other = Record("requests", "R-2")
    assert removed.problem_of(other, "x") == ChainProblem(ChainProblemCode.RECORD_ADDED, 0, record="requests R-2")
    unknown = proofs(rows(stored()), KeyRing((NEW,)))
    assert unknown.first_broken == ChainProblem(ChainProblemCode.UNKNOWN_KEY, 1, OLD.id)


def test_who_began_a_freeze_is_the_signed_key_also_where_a_reference_stands_for_it() -> None:
    texts = entry(1) | {"key": "audit_chain:c1", "command": BEGAN_FREEZE, "outcome": "accepted"}
    beside = seal_texts(texts, lambda text: 7 if text == "c1" else NOBODY, lambda: bytes(16))
    assert beside is not None
    signed = signed_texts(texts, beside.references)
    row = ChainedRow(
        seq=1,
        entry=texts,
        key_id=OLD.id,
        mac=sign(b"", 1, signed, OLD),
        references=beside.references,
        salts=beside.salts,
    )
    assert proofs([row]).frozen_by == signed["key"] != "audit_chain:c1"
    without = entry(1) | {"key": None, "command": BEGAN_FREEZE, "outcome": "accepted"}
    assert proofs([ChainedRow(seq=1, entry=without, key_id=OLD.id, mac=sign(b"", 1, without, OLD))]).frozen_by == ""


def test_an_upgrade_says_what_records_are_and_later_nothing_whatever_it_names_before() -> None:
    begun = ("begun", SEALING_BEGUN, [seal(R, "one")])
    assert problem(proofs(rows(begun, ("begun2", SEALING_BEGUN, [seal(R, "two")]))), R, "two") == ""
    again = rows(begun, stored(seal(R, "two", "one")), ("begun2", SEALING_BEGUN, [seal(R, "mine", "two")]))
    assert problem(proofs(again), R, "mine") == "record_changed"


def test_the_end_of_a_freeze_names_records_after_what_admins_know_of() -> None:
    known = proofs(rows(("end", ENDED_FREEZE, [Seal(LOG, "", "0", WHATEVER), seal(R, "one")])))
    assert problem(known, R, "one") == ""
